//! A guest's disk moves to another share while it writes.

use anyhow::{Result, ensure};

use super::migrate::beginning;
use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::settled::settled;
use crate::share::{self, Share};

scenarios!("two hosts", OnTwoHosts:
    a_disk_moves_to_another_share_that_the_guest_had_asked_for,
);

fn a_disk_moves_to_another_share_that_the_guest_had_asked_for(pair: &mut Pair) -> Result<Verdict> {
    let host = pair.left();
    let (old, new) = (Share::new(host, "old-place")?, Share::new(host, "new-place")?);
    share::configure(host, "", &[&old, &new])?;
    let shares = [&old, &new];
    let metadata =
        "<vq:shares xmlns:vq='urn:virt-quobyte:domain:1'><vq:share name='new-place'/></vq:shares>";
    let spec = Spec::named("copied")?.disk(&old.image("disk.img")?, Cache::None);
    let guest = Guest::define(host, beginning(spec.metadata(metadata)))?;
    guest.start_and_write(5)?;
    settled(host, &shares)?;
    let to = new.path("disk.img");
    let words = ["vda", &to, "--format", "raw", "--transient-job", "--wait", "--pivot"];
    guest.does("blockcopy", &words)?;
    // What it does not use any more it holds until its end: it is still named by its domain, or by nothing.
    let written = guest.blocks("vda")?;
    guest.wait_for_blocks(written + 10)?;
    ensure!(guest.state()? == "running", "after the copy it is {}", guest.state()?);
    new.is_mounted()?;
    guest.does("destroy", &[])?;
    settled(host, &shares)?;
    let verified = guest.verify("vda", &new.backing("disk.img"))?;
    Ok(Verdict::Measured(format!("{verified} blocks verified on the new share")))
}
