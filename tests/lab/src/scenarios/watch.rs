//! `virt-quobyte-watch.service`: guests whose client was killed under them go on with nobody there, where they lose nothing by it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::revive::{end_of, goes_on, lose_client, revive};
use super::scenarios;
use super::start::guest_on_share;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::leases;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("watch", WithProduct:
    the_service_is_there_and_neither_enabled_nor_started,
    a_guest_whose_client_died_goes_on_by_itself_within_the_stated_time,
    a_guest_that_may_have_lost_writes_stays_paused_and_the_journal_says_why,
    a_client_that_dies_again_and_again_is_left_to_a_person,
    what_a_revival_that_was_cut_off_has_left_is_seen_to_when_the_service_starts,
);

const UNIT: &str = "virt-quobyte-watch.service";
const DROP_IN: &str = "/etc/systemd/system/virt-quobyte-watch.service.d/lab.conf";

/// What the unit's own options come to, with the defaults of `deadlines`: a look's interval, the probe, the unmount and the mount;
/// and ten seconds for one guest.
const STATED: Duration = Duration::from_secs(5 + 5 + 10 + 60 + 10);

/// For what is to be in the journal.
const EVENTUALLY: Duration = Duration::from_secs(120);

/// The service, enabled and started.
struct Service<'h> {
    host: &'h Host,
}

impl<'h> Service<'h> {
    fn begin(host: &'h Host) -> Result<Self> {
        host.command("systemctl").args(["enable", "--now", UNIT]).done()?;
        Ok(Self { host })
    }

    /// With options of the administrator's, in a drop-in.
    fn with_options(host: &'h Host, options: &str) -> Result<Self> {
        let text =
            format!("[Service]\nExecStart=\nExecStart=/usr/bin/virt-quobyte watch {options}\n");
        host.write(DROP_IN, text)?;
        host.command("systemctl").arg("daemon-reload").done()?;
        Self::begin(host)
    }

    /// The lines in its journal that are of this share.
    fn says(&self, share: &Share) -> Result<Vec<String>> {
        self.host.command("journalctl").arg("--sync").done()?;
        let asked = ["--unit", UNIT, "--output=cat", "--no-pager"];
        let told = self.host.command("journalctl").args(asked).run()?.stdout_text();
        let of_share = format!("share {}: ", share.name());
        Ok(told.lines().filter(|line| line.starts_with(&of_share)).map(str::to_owned).collect())
    }

    fn said(&self, share: &Share, text: &str) -> Result<usize> {
        Ok(self.says(share)?.iter().filter(|line| line.contains(text)).count())
    }

    /// Waits until it has said something so often.
    fn wait_until_said(&self, share: &Share, text: &str, times: usize) -> Result<()> {
        let until = Instant::now() + EVENTUALLY;
        while self.said(share, text)? < times {
            ensure!(
                Instant::now() < until,
                "not {times} times '{text}' in: {:#?}",
                self.says(share)?
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// It ends at once and well, and nothing that it has started ends with it.
    fn end(self) -> Result<()> {
        let begun = Instant::now();
        self.host.command("systemctl").args(["disable", "--now", UNIT]).done()?;
        ensure!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
        let asked = ["show", "--property=Result", "--value", UNIT];
        let result = self.host.command("systemctl").args(asked).succeeds()?.stdout_text();
        ensure!(result.trim() == "success", "its result is {result}");
        self.host.remove(DROP_IN)?;
        let directory = DROP_IN.rsplit_once('/').map_or(DROP_IN, |(directory, _)| directory);
        let _there_was_none = self.host.command("rmdir").arg(directory).run()?;
        self.host.command("systemctl").arg("daemon-reload").done()
    }
}

/// How long the guest is paused then is the service's matter.
fn kill_client(host: &Host) -> Result<()> {
    host.command("pkill").args(["-KILL", "-x", "mount.quobyte"]).done()
}

fn the_service_is_there_and_neither_enabled_nor_started(host: &Host) -> Result<Verdict> {
    is_off(host)?;
    Ok(Verdict::Passed)
}

/// It is installed, and does nothing.
pub(super) fn is_off(host: &Host) -> Result<()> {
    let enabled = host.command("systemctl").args(["is-enabled", UNIT]).run()?.stdout_text();
    ensure!(enabled.trim() == "disabled", "it is {enabled}");
    let active = host.command("systemctl").args(["is-active", UNIT]).run()?.stdout_text();
    ensure!(active.trim() == "inactive", "it is {active}");
    Ok(())
}

fn a_guest_whose_client_died_goes_on_by_itself_within_the_stated_time(
    host: &Host,
) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "watched", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(5)?;
    let service = Service::begin(host)?;
    std::thread::sleep(Duration::from_secs(1));
    ensure!(
        service.says(&share)?.is_empty(),
        "of a share that is well: {:?}",
        service.says(&share)?
    );
    let killed = Instant::now();
    kill_client(host)?;
    service.wait_until_said(&share, "domain watched is revived", 1)?;
    let took = killed.elapsed();
    ensure!(took < STATED, "it took {took:?}");
    goes_on(&guest)?;
    share.is_mounted()?;
    ensure!(service.said(&share, "is a dead mount")? == 1, "{:#?}", service.says(&share)?);
    // The client that it has started serves the guest, and goes on without it.
    service.end()?;
    goes_on(&guest)?;
    leases::name(host, &guest)?;
    end_of(&guest)?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    let took = took.as_secs_f64();
    Ok(Verdict::Measured(format!("{blocks} flushed blocks, revived {took:.1} s after the death")))
}

/// Beside one that loses nothing, on the same share.
fn a_guest_that_may_have_lost_writes_stays_paused_and_the_journal_says_why(
    host: &Host,
) -> Result<Verdict> {
    let share = Share::new(host, "mixed")?;
    share::configure(host, "", &[&share])?;
    let image = share.image("disk.img")?;
    let spec = Spec::named("mixed-raw")?.disk(&image, Cache::None);
    let raw = Guest::define(host, spec.writes(4000, "0.05"))?;
    host.command("qemu-img")
        .args(["create", "-f", "qcow2", &share.volume("disk.qcow2"), "16M"])
        .done()?;
    let spec = Spec::named("mixed-qcow2")?.qcow2(&share.path("disk.qcow2"), Cache::None);
    let qcow2 = Guest::define(host, spec.writes(4000, "0.05"))?;
    raw.start_and_write(3)?;
    qcow2.start_and_write(3)?;
    let service = Service::with_options(host, "--every 2s")?;
    kill_client(host)?;
    service.wait_until_said(&share, "domain mixed-raw is revived", 1)?;
    service.wait_until_said(&share, "domain mixed-qcow2 stays as it is: vda: ", 1)?;
    goes_on(&raw)?;
    ensure!(qcow2.state()? == "paused", "it is {}", qcow2.state()?);
    // It is looked at again after a minute, and nothing more is said of it.
    std::thread::sleep(Duration::from_secs(65));
    let told = service.says(&share)?;
    let refused: Vec<_> = told.iter().filter(|line| line.contains("stays as it is")).collect();
    ensure!(refused.len() == 1, "{told:#?}");
    ensure!(refused[0].contains("--accept-unflushed-loss"), "{told:#?}");
    ensure!(qcow2.state()? == "paused", "it is {}", qcow2.state()?);
    revive(host, &share, &["--yes", "--accept-unflushed-loss"])?.done()?;
    goes_on(&qcow2)?;
    goes_on(&raw)?;
    service.end()?;
    end_of(&qcow2)?;
    end_of(&raw)?;
    share.is_not_mounted()?;
    let blocks = raw.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}

fn a_client_that_dies_again_and_again_is_left_to_a_person(host: &Host) -> Result<Verdict> {
    const AT_MOST: usize = 3;
    const LIMIT: &str = "it is left to a person";
    let (share, guest) = guest_on_share(host, "again", |spec| spec.writes(8000, "0.05"))?;
    guest.start_and_write(3)?;
    let service = Service::with_options(host, &format!("--every 1s --at-most {AT_MOST}"))?;
    for death in 1..=AT_MOST {
        kill_client(host)?;
        service.wait_until_said(&share, "domain again is revived", death)?;
        goes_on(&guest)?;
    }
    ensure!(service.said(&share, LIMIT)? == 0, "{:#?}", service.says(&share)?);
    lose_client(host, &guest)?;
    service.wait_until_said(&share, LIMIT, 1)?;
    std::thread::sleep(Duration::from_secs(10));
    ensure!(guest.state()? == "paused", "it is {}", guest.state()?);
    ensure!(service.said(&share, LIMIT)? == 1, "{:#?}", service.says(&share)?);
    ensure!(service.said(&share, "is revived")? == AT_MOST, "{:#?}", service.says(&share)?);
    ensure!(
        service.said(&share, "is a dead mount")? == AT_MOST + 1,
        "{:#?}",
        service.says(&share)?
    );
    // The person, who names the guest.
    let asked = ["recover", "--revive", "domain:again", "--yes"];
    let said = host.command("virt-quobyte").args(asked).succeeds()?.stdout_text();
    ensure!(said.contains("only again is revived"), "{said}");
    goes_on(&guest)?;
    service.end()?;
    end_of(&guest)?;
    share.is_not_mounted()?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks, {} deaths", AT_MOST + 1)))
}

/// The mount is there again, and nothing else was done: nothing is dead any more, and the guest is paused.
fn what_a_revival_that_was_cut_off_has_left_is_seen_to_when_the_service_starts(
    host: &Host,
) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "halfway", |spec| spec.writes(4000, "0.05"))?;
    guest.start_and_write(3)?;
    lose_client(host, &guest)?;
    host.command("virt-quobyte").args(["recover", "--detach", "halfway", "--yes"]).done()?;
    host.command("virt-quobyte").args(["mount", "halfway"]).done()?;
    let service = Service::begin(host)?;
    service.wait_until_said(&share, "domain halfway is revived", 1)?;
    goes_on(&guest)?;
    kill_client(host)?;
    service.wait_until_said(&share, "domain halfway is revived", 2)?;
    goes_on(&guest)?;
    service.end()?;
    // And by hand, without a name.
    lose_client(host, &guest)?;
    let asked = ["recover", "--revive", "--yes"];
    let said = host.command("virt-quobyte").args(asked).succeeds()?.stdout_text();
    ensure!(said.contains("is revived"), "{said}");
    goes_on(&guest)?;
    let again = host.command("virt-quobyte").args(asked).succeeds()?.stdout_text();
    ensure!(again.starts_with("nothing to revive"), "{again}");
    end_of(&guest)?;
    host.command("virt-quobyte").args(["umount", "halfway"]).done()?;
    share.is_not_mounted()?;
    let blocks = guest.verify("vda", &share.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{blocks} flushed blocks")))
}
