//! Every command of the administrator on a whole host, on every kind of fault, and as an ordinary user: its exit status, what it says,
//! that it comes back, and that it leaves the guest and the mounts as they were.
//!
//! One guest runs through all of it. It has a disk of its own and one on the share, and writes on both. The same faults without a
//! libvirt to ask are tried by the hook's own tests.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::faults::CLIENT;
use super::hot_plug::end_of;
use super::recover::{libvirtd_down, libvirtd_up};
use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Ended, Host, Output};
use crate::leases::{self, STATE};
use crate::mounts::Mount;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("commands", WithProduct:
    each_comes_back_from_each_kind_of_fault_and_says_what_it_is,
    each_does_for_an_ordinary_user_what_it_may_or_names_root,
    a_guest_that_runs_lets_go_of_a_disk_whose_client_is_dead_fails_or_is_given_up,
);

/// What may go wrong, and what the commands make of it that differs from a healthy host.
struct Fault {
    name: &'static str,
    /// Before each command: what a command has put right is wrong again for the next.
    happens: fn(&Stage) -> Result<()>,
    /// What an operator does about it in the end.
    ends: fn(&Stage, &Record) -> Result<()>,
    rows: &'static [Row],
}

/// A command's words, its exit status, and parts of what it says.
type Row = (&'static str, i32, &'static [&'static str]);

/// Longer than any deadline of `SETTINGS`, on a loaded machine.
const BOUND: Duration = Duration::from_secs(20);

/// How long it may take until something shows.
const SOON: Duration = Duration::from_secs(30);

const SETTINGS: &str =
    "[deadlines]\nmount = \"3s\"\nprobe = \"1s\"\nunmount = \"2s\"\nhook = \"10s\"\n";

/// The guest's document, where everybody may read it.
const NEEDED: &str = "/run/commands.xml";
const NEEDS: &str = "needs /run/commands.xml";

const PLUG: &str = "attach commands --share commands --image more.img --target vdc";
const UNPLUG: &str = "detach commands vdb";
const PLUG_AGAIN: &str = "attach commands --share commands --image data.img --target vdb";

/// It takes seconds and has mounts of its own, so it is tried where a fault is something to those.
const SELFTEST: &str = "selftest commands";

const GARBAGE: &str = "garbage";
const HIDDEN: &str = "/root/mount.quobyte";

/// On a healthy host, in an order in which each finds it as the last one left it.
const HEALTHY: [Row; 12] = [
    ("status", 0, &["commands managed healthy"]),
    ("recover", 0, &["stays mounted: still held by domain commands", "nothing to do"]),
    (NEEDS, 0, &["needs commands"]),
    ("config check", 0, &["the configuration is usable"]),
    ("doctor", 0, &["good configuration", "good client ", "good hook seen by libvirt"]),
    (SELFTEST, 0, &["A1 "]),
    ("install", 0, &["unchanged"]),
    ("uninstall", 1, &["nothing was removed: share commands is held by domain commands"]),
    ("mount commands", 0, &["virt-quobyte umount commands"]),
    ("umount commands", 1, &["commands stays mounted: still held by domain commands"]),
    (PLUG, 0, &["commands has ", "more.img as vdc until it ends, and holds commands"]),
    (UNPLUG, 0, &["commands has no vdb any more"]),
];

const BROKEN: &[&str] = &["config.toml:", "there is no key", "did you mean share?"];
const OPEN: &[&str] = &["the state directory", "has mode 0755; it must be 0700"];

/// The first one is for a disk that the guest was started with: one that was plugged in is not revived.
const FAULTS: [Fault; 9] = [
    Fault {
        name: "a client that is dead",
        happens: |stage| {
            stage.kill_clients()?;
            stage.guest.wait_for_state("paused")
        },
        // Nothing comes of another name.
        ends: |stage, _| {
            let revive = "virt-quobyte recover --revive commands";
            let other = stage.typed_at_a_terminal(revive, "others\n")?;
            ensure!(other.ended == Ended::Exit(1), "{other}");
            ensure!(other.stdout_text().contains("nothing was done"), "{other}");
            stage.typed_at_a_terminal(revive, "commands\n")?.done()
        },
        rows: &[
            ("status", 1, &["is a dead mount", "virt-quobyte recover --revive commands"]),
            ("recover", 1, &["is a dead mount", "virt-quobyte recover --revive commands"]),
            ("mount commands", 1, &["is still in use by qemu-system"]),
            (PLUG, 1, &["is still in use by qemu-system"]),
            (UNPLUG, 1, &["it is paused", "virt-quobyte recover --revive commands"]),
        ],
    },
    Fault { name: "none", happens: |_| Ok(()), ends: |_, _| Ok(()), rows: &[] },
    Fault {
        name: "a client that hangs",
        happens: |stage| share::client(stage.host, "answers = \"hang\"\n"),
        ends: |stage, _| share::client(stage.host, "answers = \"normal\"\n"),
        rows: &[
            ("status", 1, &["is a hung mount"]),
            ("recover", 1, &["is a hung mount", "virt-quobyte recover --abort commands"]),
            (SELFTEST, 1, &["is a hung mount"]),
            ("mount commands", 1, &["is a hung mount", "see to the client and its registries"]),
            (PLUG, 1, &["is a hung mount", "see to the client and its registries"]),
            (UNPLUG, 1, &["is a hung mount", "virt-quobyte recover --abort commands"]),
        ],
    },
    Fault {
        name: "a client that fails",
        happens: |stage| {
            share::client(stage.host, "answers = \"eio\"\n")?;
            stage.guest.wait_for_state("paused")
        },
        ends: |stage, _| {
            share::client(stage.host, "answers = \"normal\"\n")?;
            stage.guest.does("resume", &[])
        },
        rows: &[
            ("status", 1, &["is a failing mount", "Input/output error"]),
            ("recover", 1, &["is a failing mount", "see to the client and its registries"]),
            (SELFTEST, 1, &["is a failing mount"]),
            ("mount commands", 1, &["is a failing mount", "see to the client and its registries"]),
            (PLUG, 1, &["is a failing mount", "see to the client and its registries"]),
            (UNPLUG, 1, &["it is paused", "is a failing mount", "virsh resume commands"]),
        ],
    },
    Fault {
        name: "something else on the mount point",
        happens: |stage| {
            if stage.host.mountinfo()?.contains("lab-foreign") {
                return Ok(());
            }
            let words = ["-t", "tmpfs", "lab-foreign", &stage.share.mount_point()];
            stage.host.command("mount").args(words).done()
        },
        ends: |stage, _| stage.host.command("umount").arg(stage.share.mount_point()).done(),
        rows: &[
            ("status", 1, &["something else mounted: type tmpfs"]),
            ("recover", 1, &["something else mounted: type tmpfs", "see who mounted that"]),
            ("mount commands", 1, &["something else mounted: type tmpfs", "unmount that"]),
            (PLUG, 1, &["something else mounted: type tmpfs", "unmount that"]),
        ],
    },
    Fault {
        name: "a mount that is gone",
        happens: |stage| {
            while !stage.share.mounts()?.is_empty() {
                let words = ["--lazy", &stage.share.mount_point()];
                stage.host.command("umount").args(words).done()?;
            }
            Ok(())
        },
        ends: |_, _| Ok(()),
        rows: &[
            ("status", 1, &["nothing mounted", "virt-quobyte recover --revive commands"]),
            ("recover", 1, &["forget a mount that is gone", "recover --revive commands"]),
        ],
    },
    Fault {
        name: "garbage for a record",
        happens: |stage| stage.host.write(stage.record()?, GARBAGE),
        ends: |stage, well| stage.remember(well),
        rows: &[
            ("status", 1, &["it is not a share's record"]),
            ("recover", 1, &["it is not a share's record"]),
            ("uninstall", 1, &["nothing was removed", "it is not a share's record"]),
            ("umount commands", 1, &["commands stays mounted: not mounted by us"]),
            (
                UNPLUG,
                3,
                &["commands has let go of vdb, but not of its share", "not a share's record"],
            ),
        ],
    },
    Fault {
        name: "a state directory that others may look into",
        happens: |stage| stage.host.command("chmod").args(["0755", STATE]).done(),
        ends: |stage, _| stage.host.command("chmod").args(["0700", STATE]).done(),
        rows: &[
            ("status", 3, OPEN),
            ("recover", 3, OPEN),
            ("doctor", 1, &["BAD state directory"]),
            (SELFTEST, 3, OPEN),
            ("uninstall", 3, OPEN),
            ("mount commands", 3, OPEN),
            ("umount commands", 3, OPEN),
            (PLUG, 3, OPEN),
            (UNPLUG, 3, OPEN),
        ],
    },
    Fault {
        name: "a configuration that is broken",
        happens: |stage| stage.host.write(share::CONFIG, "[[shre]]\n"),
        ends: |stage, _| share::configure(stage.host, SETTINGS, &[&stage.share]),
        rows: &[
            ("status", 3, BROKEN),
            ("recover", 3, BROKEN),
            (NEEDS, 3, BROKEN),
            ("config check", 1, BROKEN),
            ("doctor", 1, &["BAD configuration", "-> virt-quobyte config check"]),
            (SELFTEST, 3, BROKEN),
            ("uninstall", 3, BROKEN),
            ("mount commands", 3, BROKEN),
            ("umount commands", 3, BROKEN),
            (PLUG, 3, BROKEN),
            (UNPLUG, 3, BROKEN),
        ],
    },
];

/// Faults that are nothing to a mount that is there: only what they are something to is tried.
const BESIDE: [Fault; 2] = [
    Fault {
        name: "no client program",
        happens: |stage| stage.moved(CLIENT, HIDDEN),
        ends: |stage, _| stage.moved(HIDDEN, CLIENT),
        rows: &[
            ("status", 0, &["commands managed healthy"]),
            ("doctor", 1, &["BAD client ", "install the Quobyte client"]),
            (SELFTEST, 3, &["mount.quobyte is not in"]),
        ],
    },
    Fault {
        name: "no libvirtd",
        happens: |stage| libvirtd_down(stage.host),
        ends: |stage, _| libvirtd_up(stage.host),
        rows: &[
            ("status", 0, &["commands managed healthy"]),
            ("recover", 0, &["still held by domain commands", "judged without libvirt"]),
            ("doctor", 1, &["BAD libvirt daemon", "-> systemctl start "]),
            (UNPLUG, 3, &["cannot connect to qemu:///system", "virt-quobyte doctor"]),
        ],
    },
];

fn each_comes_back_from_each_kind_of_fault_and_says_what_it_is(host: &Host) -> Result<Verdict> {
    let stage = Stage::set(host)?;
    let whole = FAULTS.iter().map(|fault| (fault, &HEALTHY[..]));
    let beside = BESIDE.iter().map(|fault| (fault, fault.rows));
    let (mut tried, mut slowest, mut wrong) = (0, (Duration::ZERO, String::new()), Vec::new());
    for (fault, commands) in whole.chain(beside) {
        let mut seen = None;
        let well = stage.is_well().with_context(|| format!("before {}", fault.name))?;
        for command in commands {
            let its_own = fault.rows.iter().find(|row| row.0 == command.0);
            if command.0 == SELFTEST && its_own.is_none() && !fault.rows.is_empty() {
                continue;
            }
            let row = its_own.unwrap_or(command);
            (fault.happens)(&stage).with_context(|| fault.name)?;
            let (took, complaint) = stage.try_row(*row, &mut seen)?;
            let at = format!("{} with {}", row.0, fault.name);
            wrong.extend(complaint.map(|complaint| format!("- {at}: {complaint}")));
            tried += 1;
            if took > slowest.0 {
                slowest = (took, at);
            }
        }
        (fault.ends)(&stage, &well).with_context(|| format!("the end of {}", fault.name))?;
    }
    ensure!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    stage.is_well()?;
    end_of(host, &stage.guest)?;
    stage.share.is_not_mounted()?;
    let (took, which) = (slowest.0.as_secs_f64(), slowest.1);
    Ok(Verdict::Measured(format!("{tried} commands, the slowest took {took:.1} s: {which}")))
}

fn each_does_for_an_ordinary_user_what_it_may_or_names_root(host: &Host) -> Result<Verdict> {
    let stage = Stage::set(host)?;
    stage.is_well()?;
    let before = stage.seen()?;
    let rows: [Row; 14] = [
        ("status", 0, &["commands managed healthy"]),
        (NEEDS, 0, &["needs commands"]),
        ("config check", 0, &["the configuration is usable"]),
        ("doctor", 0, &["good configuration", "good client ", "cannot be told"]),
        ("lint --fail-on error /run/commands.xml", 0, &[]),
        ("install", 0, &["unchanged"]),
        ("uninstall", 3, &["only root may see who still needs the hook: run it as root"]),
        ("recover", 3, &["only root may look at the records of shares: run it as root"]),
        ("recover --apply", 3, &["only root may look at the records of shares"]),
        (SELFTEST, 3, &["only root may mount a volume: run it as root"]),
        ("mount commands", 3, &["only root may mount a share: run it as root"]),
        ("umount commands", 3, &["only root may unmount a share: run it as root"]),
        (PLUG, 3, &["only root may give a guest a disk: run it as root"]),
        (UNPLUG, 3, &["only root may take a disk from a guest: run it as root"]),
    ];
    let mut wrong = Vec::new();
    for (command, status, parts) in rows {
        let words = ["-u", "nobody", "--", "virt-quobyte"];
        let said = host.command("runuser").args(words).args(command.split(' ')).run()?;
        wrong.extend(complaint(&said, status, parts).map(|it| format!("- {command}: {it}")));
    }
    ensure!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    ensure!(stage.seen()? == before, "it was {before:?} and is {:?}", stage.seen()?);
    end_of(host, &stage.guest)?;
    Ok(Verdict::Measured(format!("{} commands", rows.len())))
}

/// Its disk says that an error is the guest's to handle, so it is not paused. What waits for a client cannot be let go of, until the
/// client is given up.
fn a_guest_that_runs_lets_go_of_a_disk_whose_client_is_dead_fails_or_is_given_up(
    host: &Host,
) -> Result<Verdict> {
    let stage = Stage::set(host)?;
    stage.command(UNPLUG)?.done()?;
    let report = format!("{PLUG_AGAIN} --error-policy report --rerror-policy report");
    let cases: [(&str, fn(&Stage) -> Result<()>); 3] = [
        ("dead", |stage| stage.kill_clients()),
        ("failing", |stage| share::client(stage.host, "answers = \"eio\"\n")),
        ("given up", |stage| {
            share::client(stage.host, "answers = \"hang\"\n")?;
            let refused = stage.command(UNPLUG)?.failure()?;
            ensure!(refused.elapsed < BOUND, "{refused}");
            ensure!(refused.stderr_text().contains("recover --abort commands"), "{refused}");
            stage.command("recover --abort commands --yes")?.done()
        }),
    ];
    let mut took = Vec::new();
    for (case, happens) in cases {
        stage.command(&report)?.done()?;
        let (written, failed) = (stage.guest.blocks("vdb")?, stage.failures()?);
        stage.guest.wait_for_blocks_on("vdb", written + 1)?;
        happens(&stage).with_context(|| case)?;
        stage.until(|| Ok(stage.failures()? > failed), "the guest meets an error")?;
        let said = stage.command(UNPLUG)?.success().with_context(|| case)?;
        ensure!(said.stdout_text().contains("commands is not mounted any more"), "{case}: {said}");
        stage.share.is_not_mounted()?;
        leases::forgot(host, &stage.guest)?;
        share::client(host, "answers = \"normal\"\n")?;
        stage.guest.wait_for_blocks_on("vda", stage.guest.blocks("vda")? + 1)?;
        took.push(format!("{case} {:.1?}", said.elapsed));
    }
    end_of(host, &stage.guest)?;
    Ok(Verdict::Measured(took.join(", ")))
}

/// What is wrong with what a command did, if anything is.
fn complaint(said: &Output, status: i32, parts: &[&str]) -> Option<String> {
    let text = in_one_line(&format!("{} {}", said.stdout_text(), said.stderr_text()));
    let lacks = parts.iter().find(|part| !text.contains(**part));
    if said.ended != Ended::Exit(status) {
        Some(format!("not exit status {status}: {said}"))
    } else if let Some(part) = lacks {
        Some(format!("no {part:?} in {said}"))
    } else if said.elapsed > BOUND {
        Some(format!("it took too long: {said}"))
    } else {
        None
    }
}

/// A page may break its lines anywhere, and has its columns.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Who takes part.
struct Stage<'h> {
    host: &'h Host,
    share: Share<'h>,
    guest: Guest<'h>,
}

/// What must not change under a command that changes nothing.
type Seen = (Vec<Mount>, String);

/// The file of the share's record, and what is in it when all is well.
type Record = (String, String);

impl<'h> Stage<'h> {
    /// A guest that writes on a disk of the host's and on one of the share's.
    fn set(host: &'h Host) -> Result<Self> {
        let share = Share::new(host, "commands")?;
        share::configure(host, SETTINGS, &[&share])?;
        share.image("more.img")?;
        let root = "/var/lib/libvirt/images/commands.img";
        host.command("truncate").args(["--size=16M", root]).done()?;
        let spec = Spec::named("commands")?
            .disk(root, Cache::Writeback)
            .disk(&share.image("data.img")?, Cache::None)
            .writes(9000, "0.1")
            .watches_for_disks();
        let guest = Guest::define(host, spec)?;
        guest.start_and_write(1)?;
        Ok(Self { host, share, guest })
    }

    fn command(&self, words: &str) -> Result<Output> {
        self.host.command("virt-quobyte").args(words.split(' ')).run()
    }

    /// Its disks by their targets, as libvirt has them.
    fn disks(&self) -> Result<String> {
        Ok(self.guest.virsh("domblklist")?.stdout_text())
    }

    fn seen(&self) -> Result<Seen> {
        // A libvirt that is down says nothing, before and after.
        let both = "domstate commands; domblklist commands";
        let told = self.host.command("virsh").arg(both).run()?.stdout_text();
        Ok((self.share.mounts()?, told))
    }

    /// Has all as it should be: the guest has its disk on the share, and writes on both. Gives what is recorded of that.
    fn is_well(&self) -> Result<Record> {
        if self.disks()?.contains("vdc") {
            self.command("detach commands vdc")?.done()?;
        }
        if !self.disks()?.contains("vdb") {
            self.command(PLUG_AGAIN)?.done()?;
        }
        let state = self.guest.state()?;
        ensure!(state == "running", "the guest is {state}");
        self.share.is_mounted()?;
        leases::name(self.host, &self.guest)?;
        for disk in ["vda", "vdb"] {
            self.guest.wait_for_blocks_on(disk, self.guest.blocks(disk)? + 1)?;
        }
        self.host.write(NEEDED, self.guest.does_say("dumpxml", &[])?)?;
        let path = self.record()?;
        let text = self.host.read_text(&path)?;
        Ok((path, text))
    }

    /// Where the share's record is, or was before it was put aside. Both that and the mount point are named by the share's key.
    fn record(&self) -> Result<String> {
        let mount_point = self.share.mount_point();
        let key = mount_point.rsplit('/').next().context("a mount point has a name")?;
        Ok(format!("{STATE}/{key}.json"))
    }

    /// Puts back what was recorded, and takes away what was put aside meanwhile.
    fn remember(&self, (path, text): &Record) -> Result<()> {
        let aside = ["-maxdepth", "1", "-name", "*.damaged-*", "-delete"];
        self.host.command("find").arg(STATE).args(aside).done()?;
        self.host.write(path, text)
    }

    /// `seen` is what was seen last, if it still holds.
    fn try_row(
        &self,
        (command, status, parts): Row,
        seen: &mut Option<Seen>,
    ) -> Result<(Duration, Option<String>)> {
        let before = match seen.take() {
            Some(seen) => seen,
            None => self.seen()?,
        };
        let said = self.command(command)?;
        let mut complaint = complaint(&said, status, parts);
        let verbs = ["mount ", "umount ", "attach ", "detach "];
        let is_done = status == 0 || parts.iter().any(|part| part.contains("has let go of"));
        if !(is_done && verbs.iter().any(|verb| command.starts_with(verb))) {
            let after = self.seen()?;
            if before != after {
                complaint.get_or_insert_with(|| format!("it was {before:?} and is {after:?}"));
            }
            *seen = Some(after);
        }
        Ok((said.elapsed, complaint))
    }

    /// What somebody gets who runs this at a terminal and types that.
    fn typed_at_a_terminal(&self, command: &str, typed: &str) -> Result<Output> {
        let words = ["--quiet", "--return", "--command", command, "/dev/null"];
        self.host.command("script").args(words).stdin(typed).run()
    }

    fn kill_clients(&self) -> Result<()> {
        // None is left where an earlier one was killed.
        let _killed = self.host.command("pkill").args(["-KILL", "-x", "mount.quobyte"]).run()?;
        Ok(())
    }

    /// Moves what was not moved yet.
    fn moved(&self, from: &str, to: &str) -> Result<()> {
        let from = self.host.outside(from);
        if !from.exists() {
            return Ok(());
        }
        fs::rename(&from, self.host.outside(to)).with_context(|| from.display().to_string())
    }

    /// How many blocks of the disk on the share the guest could not write.
    fn failures(&self) -> Result<usize> {
        let console = self.guest.console()?;
        let is_one = |line: &&str| line.starts_with("guest: vdb ") && line.contains(" failed");
        Ok(console.lines().filter(is_one).count())
    }

    fn until(&self, reached: impl Fn() -> Result<bool>, what: &str) -> Result<()> {
        let until = Instant::now() + SOON;
        while !reached()? {
            let state = self.guest.state()?;
            ensure!(Instant::now() < until, "it is not so that {what}; the guest is {state}");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}
