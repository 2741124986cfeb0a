//! libvirtd is killed in every phase of a guest's start, of its end and of its own coming back. What it had not told the hook it
//! never tells: the guest that comes next to the share finds out.
//!
//! A phase is held open by whoever libvirtd waits for in it: the client, another hook, the emulator, or somebody who has the
//! share's lock. Each is let go on once a new libvirtd is there, as what outlives a daemon does.
//!
//! Between two system calls of libvirtd itself nothing can be held, and it is not tried: what the hook has done by then is the
//! same as in one of these phases.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::daemon::{client, kill_libvirtd};
use super::refusal::says;
use super::scenarios;
use crate::checksum::md5;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Ended, Host, Running};
use crate::leases::{self, STATE};
use crate::libvirt;
use crate::runner::Verdict;
use crate::settled::settled;
use crate::share::{self, Share};

scenarios!("cut off", WithProduct:
    a_start_that_is_cut_off_leaves_a_guest_or_nothing,
    an_end_that_is_cut_off_leaves_nothing,
    a_return_that_is_cut_off_leaves_the_guest_its_share,
);

const NAME: &str = "cut-off";

/// Where somebody waits as long as there is this file. QEMU's user may make it too.
const HELD: &str = "/tmp/lab-held";

/// libvirtd runs hooks in the order of their names: these come before and after the product's.
const HOOKS: &str = "/etc/libvirt/hooks/qemu.d";
const BEFORE: &str = "a-hold";
const AFTER: &str = "zz-hold";

/// An emulator that takes its time for our guest, as long as there is the file beside it.
const EMULATOR: &str = "/usr/local/bin/lab-slow-qemu";
const EMULATOR_WAITS: &str = "/usr/local/bin/lab-slow-qemu-waits";
const QEMU: &str = "/usr/bin/qemu-system-x86_64";

/// How long it may take until a phase is reached.
const SOON: Duration = Duration::from_secs(30);

/// Who holds a phase open.
#[derive(Debug, Clone, Copy)]
enum Holder {
    /// Another hook, at this operation.
    Hook(&'static str, &'static str),
    /// The client, while the product's hook mounts.
    SlowMount,
    /// Somebody who has the share's lock, while the product's hook waits for it in this operation.
    Lock(&'static str),
    /// QEMU, before it is one.
    Emulator,
}

impl Holder {
    fn name(self) -> String {
        match self {
            Self::Hook(hook, operation) if hook == BEFORE => format!("before {operation}"),
            Self::Hook(_, operation) => format!("after {operation}"),
            Self::SlowMount => "in the mount".to_owned(),
            Self::Lock(operation) => format!("in {operation}"),
            Self::Emulator => "in QEMU's own start".to_owned(),
        }
    }
}

fn a_start_that_is_cut_off_leaves_a_guest_or_nothing(host: &Host) -> Result<Verdict> {
    let phases = [
        Holder::Hook(BEFORE, "prepare"),
        Holder::SlowMount,
        Holder::Hook(AFTER, "prepare"),
        Holder::Hook(AFTER, "start"),
        Holder::Emulator,
        Holder::Hook(AFTER, "started"),
    ];
    let mut ends = Vec::new();
    for holder in phases {
        let scene = Scene::set(host, |spec| {
            if let Holder::Emulator = holder { slow(host, spec) } else { Ok(spec) }
        })?;
        let state = scene
            .cut_off(holder, |scene| Ok(Some(scene.guest.starting()?)))
            .and_then(|start| {
                says(&start.context("a start")?.wait()?.failure()?, &["error"])?;
                scene.comes_to_rest()
            })
            .with_context(|| holder.name())?;
        ends.push(format!("{}: {state}", holder.name()));
    }
    Ok(Verdict::Measured(ends.join(", ")))
}

fn an_end_that_is_cut_off_leaves_nothing(host: &Host) -> Result<Verdict> {
    let phases = [
        Holder::Hook(BEFORE, "stopped"),
        Holder::Hook(BEFORE, "release"),
        Holder::Lock("release"),
        Holder::Hook(AFTER, "release"),
    ];
    let mut ends = Vec::new();
    for holder in phases {
        let scene = Scene::set(host, Ok)?;
        scene.guest.start()?;
        // Ends itself, as far as libvirtd can tell; nobody's command waits for it.
        let _nobody = scene
            .cut_off(holder, |scene| scene.guest.kill_qemu().map(|()| None))
            .with_context(|| holder.name())?;
        let state = scene.comes_to_rest().with_context(|| holder.name())?;
        let is_off = state.starts_with("shut off");
        ensure!(is_off, "{}: its QEMU is dead and it is {state}", holder.name());
        ends.push(format!("{}: {state}", holder.name()));
    }
    Ok(Verdict::Measured(ends.join(", ")))
}

fn a_return_that_is_cut_off_leaves_the_guest_its_share(host: &Host) -> Result<Verdict> {
    let phases = [
        Holder::Hook(BEFORE, "reconnect"),
        Holder::Lock("reconnect"),
        Holder::Hook(AFTER, "reconnect"),
    ];
    let scene = Scene::set(host, Ok)?;
    scene.guest.start_and_write(3)?;
    let (before, mount) = (client(host)?, scene.share.mounts()?);
    let mut ends = Vec::new();
    for holder in phases {
        let restart = scene
            .cut_off(holder, |scene| {
                let restart = ["restart", libvirt::unit()];
                scene.host.command("systemctl").args(restart).start().map(Some)
            })
            .with_context(|| holder.name())?;
        // The daemon may have been up by then, for systemd, or not.
        let _either = restart.context("a restart")?.wait()?;
        ensure!(scene.guest.state()? == "running", "{}: the guest is gone", holder.name());
        ensure!(client(host)? == before, "{}: the client is another process", holder.name());
        ensure!(scene.share.mounts()? == mount, "{}: the mount is another one", holder.name());
        leases::name(host, &scene.guest)?;
        settled(host, &[&scene.share]).with_context(|| holder.name())?;
        ends.push(holder.name());
    }
    let written = scene.guest.blocks("vda")?;
    scene.guest.wait_for_blocks(written + 5)?;
    let state = scene.comes_to_rest()?;
    ensure!(state == "running", "the guest was {state}");
    let verified = scene.guest.verify("vda", &scene.share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{}; {verified} blocks verified", ends.join(", "))))
}

/// A share with two guests that are defined and do not run.
struct Scene<'h> {
    host: &'h Host,
    share: Share<'h>,
    guest: Guest<'h>,
    other: Guest<'h>,
}

impl<'h> Scene<'h> {
    fn set(host: &'h Host, emulated: impl FnOnce(Spec) -> Result<Spec>) -> Result<Self> {
        let share = Share::new(host, NAME)?;
        share::configure(host, "", &[&share])?;
        let spec = Spec::named(NAME)?.disk(&share.image("disk.img")?, Cache::None);
        let spec = emulated(spec.writes(4000, "0.1"))?;
        let other = Spec::named("cut-off-other")?.disk(&share.image("other.img")?, Cache::None);
        Ok(Self {
            host,
            guest: Guest::define(host, spec)?,
            other: Guest::define(host, other)?,
            share,
        })
    }

    /// Begins something, kills libvirtd once the phase is reached, and lets go of what was held when another one is there.
    fn cut_off(
        &self,
        holder: Holder,
        beginning: impl FnOnce(&Self) -> Result<Option<Running>>,
    ) -> Result<Option<Running>> {
        let host = self.host;
        let lock = self.hold(holder)?;
        let begun = beginning(self)?;
        let until = Instant::now() + SOON;
        while !self.is_held(holder)? {
            ensure!(Instant::now() < until, "the phase is not reached after {SOON:?}");
            thread::sleep(Duration::from_millis(5));
        }
        // What holds a call holds only this one.
        for hook in [BEFORE, AFTER] {
            host.remove(format!("{HOOKS}/{hook}"))?;
        }
        host.remove(EMULATOR_WAITS)?;
        kill_libvirtd(host)?;
        share::client(host, "")?;
        host.remove(HELD)?;
        drop(lock);
        Ok(begun)
    }

    fn hold(&self, holder: Holder) -> Result<Option<Running>> {
        let host = self.host;
        match holder {
            Holder::Hook(hook, operation) => {
                let place = format!("{HOOKS}/{hook}");
                let script = held_if(&format!("test \"$1 $2\" = '{NAME} {operation}'"));
                host.write(&place, format!("{script}exit 0\n"))?;
                host.command("chmod").args(["0755", &place]).done()?;
            }
            Holder::SlowMount => {
                // One that has just been let go of may take its time.
                while client_runs(host)? {
                    thread::sleep(Duration::from_millis(5));
                }
                share::client(host, "mount_delay = \"2s\"\n")?;
            }
            Holder::Lock(_) => {
                let lock = format!("{STATE}/{}.lock", md5(self.share.export()));
                let holder = host.command("flock").args([&lock, "sleep", "120"]).start()?;
                let is_free = ["--nonblock", lock.as_str(), "true"];
                while host.command("flock").args(is_free).run()?.succeeded() {
                    thread::sleep(Duration::from_millis(5));
                }
                return Ok(Some(holder));
            }
            Holder::Emulator => host.write(EMULATOR_WAITS, "")?,
        }
        Ok(None)
    }

    fn is_held(&self, holder: Holder) -> Result<bool> {
        match holder {
            Holder::Hook(..) | Holder::Emulator => Ok(self.host.outside(HELD).exists()),
            Holder::SlowMount => client_runs(self.host),
            Holder::Lock(operation) => {
                let call = format!("virt-quobyte {NAME} {operation}");
                Ok(self.host.command("pgrep").args(["-f", &call]).run()?.succeeded())
            }
        }
    }

    /// The guest and the other one come and go, without anybody's `recover`, and nothing is left; says how it went on at first.
    fn comes_to_rest(&self) -> Result<String> {
        let state = self.state()?;
        // What it says is for whoever is asked in the middle of it: nothing is wrong, or what is, and never more than that.
        let recovery = self.host.command("virt-quobyte").arg("recover").run()?;
        let told = matches!(recovery.ended, Ended::Exit(0 | 1));
        ensure!(told, "recover does not know what to do: {recovery}");
        let and = if recovery.succeeded() { "" } else { ", recover would have had work" };
        self.other.start()?;
        if state == "shut off" {
            self.guest.start()?;
        }
        settled(self.host, &[&self.share])?;
        for guest in [&self.guest, &self.other] {
            guest.virsh("destroy")?.done()?;
        }
        settled(self.host, &[&self.share])?;
        for guest in [&self.guest, &self.other] {
            leases::forgot(self.host, guest)?;
            guest.does("undefine", &[])?;
        }
        Ok(format!("{state}{and}"))
    }

    /// What the guest is once the new libvirtd has made up its mind.
    fn state(&self) -> Result<String> {
        let until = Instant::now() + SOON;
        loop {
            let state = self.guest.state()?;
            if ["running", "shut off"].contains(&state.as_str()) {
                return Ok(state);
            }
            ensure!(Instant::now() < until, "after {SOON:?} the guest is {state}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A script that waits, once, where this is so.
fn held_if(condition: &str) -> String {
    format!(
        "#!/bin/sh\nif {condition}; then\n    : >{HELD}\n    while test -e {HELD}; do sleep 0.02; done\nfi\n"
    )
}

fn client_runs(host: &Host) -> Result<bool> {
    Ok(host.command("pgrep").args(["-x", "mount.quobyte"]).run()?.succeeded())
}

/// The same guest, with an emulator that is QEMU after a while.
fn slow(host: &Host, spec: Spec) -> Result<Spec> {
    let ours = format!(
        "test -e {EMULATOR_WAITS} && case \"$*\" in *guest={NAME},*) true ;; *) false ;; esac"
    );
    let script = format!("{}exec {QEMU} \"$@\"\n", held_if(&ours));
    host.write(EMULATOR, script)?;
    host.command("chmod").args(["0755", EMULATOR]).done()?;
    Ok(spec.emulator(EMULATOR))
}
