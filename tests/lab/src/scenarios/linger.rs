//! A share that is kept mounted for a while after its last guest, for the commands that look for an
//! image right after the end of its guest.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("linger", WithProduct:
    a_running_guest_is_reverted_to_a_snapshot_of_a_stopped_one_only_if_its_share_lingers,
);

const LINGER: Duration = Duration::from_secs(6);

/// `snapshot-revert` ends the guest and runs qemu-img on its image, right after `release`, with no
/// `prepare` in between.
fn a_running_guest_is_reverted_to_a_snapshot_of_a_stopped_one_only_if_its_share_lingers(
    host: &Host,
) -> Result<Verdict> {
    let share = Share::new(host, "lingers")?;
    let lingering = format!("linger = \"{}s\"", LINGER.as_secs());
    share::configure(host, &lingering, &[&share])?;
    let backing = "/srv/quobyte-standin/lingers/disk.qcow2";
    host.command("qemu-img").args(["create", "-q", "-f", "qcow2", backing, "64M"]).done()?;
    let spec = Spec::named("reverted")?.qcow2(&share.path("disk.qcow2"), Cache::None);
    let guest = Guest::define(host, spec)?;
    let snapshot = |verb: &str| {
        let words = [verb, guest.name(), "offline", "--force"];
        let words = if verb == "snapshot-revert" { &words[..] } else { &words[..3] };
        host.command("virsh").args(words).run()
    };

    guest.start()?;
    guest.virsh("destroy")?.done()?;
    share.is_mounted()?;
    snapshot("snapshot-create-as")?.done()?;
    guest.start()?;
    snapshot("snapshot-revert")?.done()?;
    ensure!(guest.state()? == "shut off", "the guest still runs");
    let ended = Instant::now();
    while !share.mounts()?.is_empty() {
        let late = ended.elapsed() > LINGER * 4;
        ensure!(!late, "the share is still mounted {:?} after its last guest", ended.elapsed());
        thread::sleep(Duration::from_millis(100));
    }
    ensure!(ended.elapsed() > LINGER / 2, "the share was gone after {:?}", ended.elapsed());

    // Without it the very same command finds no image.
    share::configure(host, "", &[&share])?;
    guest.start()?;
    let reverted = snapshot("snapshot-revert")?;
    ensure!(!reverted.succeeded(), "a revert found an image on a share that was gone: {reverted}");
    share.is_not_mounted()?;
    // libvirt undefines no guest that has snapshots; their own data is in the image.
    host.command("virsh")
        .args(["snapshot-delete", guest.name(), "offline", "--metadata"])
        .done()?;
    Ok(Verdict::Passed)
}
