//! What the guest was told is safe is in its image once the share is unmounted, block by block.

use anyhow::{Result, ensure};

use super::scenarios;
use super::start::guest_on_share;
use crate::guest::Guest;
use crate::host::Host;
use crate::runner::Verdict;
use crate::share::Share;

scenarios!("data", WithProduct:
    flushed_blocks_are_in_the_image_after_a_destroy,
    flushed_blocks_are_in_the_image_after_qemu_was_killed,
    flushed_blocks_are_in_the_image_after_the_guest_ended_by_itself,
);

const BLOCKS: usize = 60;

fn flushed_blocks_are_in_the_image_after_a_destroy(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "data-destroy", |spec| spec.writes(4000, "0"))?;
    guest.start_and_write(BLOCKS)?;
    guest.virsh("destroy")?.done()?;
    every_block_is_there(&share, &guest)
}

fn flushed_blocks_are_in_the_image_after_qemu_was_killed(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "data-killed", |spec| spec.writes(4000, "0"))?;
    guest.start_and_write(BLOCKS)?;
    guest.kill_qemu()?;
    every_block_is_there(&share, &guest)
}

fn flushed_blocks_are_in_the_image_after_the_guest_ended_by_itself(host: &Host) -> Result<Verdict> {
    let (share, guest) =
        guest_on_share(host, "data-itself", |spec| spec.writes(4000, "0").powers_off_after(60))?;
    guest.start()?;
    every_block_is_there(&share, &guest)
}

fn every_block_is_there(share: &Share, guest: &Guest) -> Result<Verdict> {
    guest.wait_until_off()?;
    share.is_not_mounted()?;
    let verified = guest.verify("vda", &share.backing("disk.img"))?;
    ensure!(verified >= BLOCKS, "only {verified} blocks were reported");
    Ok(Verdict::Measured(format!("{verified} blocks verified")))
}
