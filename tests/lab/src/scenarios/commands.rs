//! Every command of the administrator on a whole host, on every kind of fault, and as an ordinary user: its exit status, what it says,
//! that it comes back, and that it leaves the guest and the mounts as they were.
//!
//! One guest runs through all of it. It has a disk of its own and one on the share, and writes on both. The same faults without a
//! libvirt to ask are tried by the hook's own tests.

mod stage;
mod table;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::hot_plug::end_of;
use super::scenarios;
use crate::host::Host;
use crate::leases;
use crate::runner::Verdict;
use crate::share;
use stage::{BOUND, Stage, complaint};
use table::{BESIDE, FAULTS, HEALTHY, NEEDS, PLUG, PLUG_AGAIN, Row, SELFTEST, UNPLUG};

scenarios!("commands", WithProduct:
    each_comes_back_from_each_kind_of_fault_and_says_what_it_is,
    each_does_for_an_ordinary_user_what_it_may_or_names_root,
    a_guest_that_runs_lets_go_of_a_disk_whose_client_is_dead_fails_or_is_given_up,
);

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
