//! A guest that writes moves to another host and back: each host has the share for as long as the guest is there, and every block
//! that the guest had flushed anywhere is in the image.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Host, HostCommand, Output};
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::settled::settled;
use crate::share::{self, Share};

scenarios!("two hosts", OnTwoHosts:
    a_guest_that_writes_goes_there_and_comes_back,
    a_guest_that_leaves_its_definition_behind_goes_and_comes,
    a_guest_goes_through_the_daemons_own_connection,
    a_disk_that_was_attached_goes_along_and_its_share_is_let_go_of,
);

/// How it goes there, and how it comes back.
type Ways = [&'static [&'static str]; 2];

fn a_guest_that_writes_goes_there_and_comes_back(pair: &mut Pair) -> Result<Verdict> {
    let persistent: &[&str] = &["--persistent", "--undefinesource"];
    there_and_back(pair, "moves", [persistent, persistent])
}

fn a_guest_that_leaves_its_definition_behind_goes_and_comes(pair: &mut Pair) -> Result<Verdict> {
    there_and_back(pair, "visits", [&[], &["--p2p"]])
}

fn a_guest_goes_through_the_daemons_own_connection(pair: &mut Pair) -> Result<Verdict> {
    let tunnelled: &[&str] = &["--p2p", "--tunnelled"];
    there_and_back(pair, "tunnelled", [tunnelled, tunnelled])
}

fn there_and_back(pair: &Pair, name: &str, ways: Ways) -> Result<Verdict> {
    let (shares, guest) = writer(pair, name)?;
    guest.start_and_write(5)?;
    at_rest(pair, &shares)?;
    let (mut here, mut there) = (pair.left(), pair.right());
    for way in ways {
        migrate(&guest.on(here), there, way)?.done()?;
        let guest = guest.on(there);
        ensure!(guest.state()? == "running", "after it went with {way:?} it is {}", guest.state()?);
        at_rest(pair, &shares)?;
        let written = guest.blocks("vda")?;
        guest.wait_for_blocks(written + 5)?;
        (here, there) = (there, here);
    }
    let blocks = ended(pair, &shares, &guest)?;
    Ok(Verdict::Measured(format!("2 moves, {blocks} blocks verified")))
}

/// No hook was called for the disk, and yet the guest's departure lets go of its share like of any other.
fn a_disk_that_was_attached_goes_along_and_its_share_is_let_go_of(
    pair: &mut Pair,
) -> Result<Verdict> {
    let (own, guest) = writer_on(pair, "attached", |share, spec| {
        Ok(spec.disk(&share.image("disk.img")?, Cache::None).watches_for_disks())
    })?;
    let [left, right] = pair.hosts().map(|host| Share::new(host, "more"));
    let more = [left?, right?];
    for ((host, own), more) in pair.hosts().into_iter().zip(&own).zip(&more) {
        share::configure(host, "", &[own, more])?;
    }
    more[0].image("data.img")?;
    guest.start_and_write(3)?;
    let words = ["attach", "attached", "--share", "more", "--image", "data.img", "--target", "vdb"];
    pair.left().command("virt-quobyte").args(words).done()?;
    guest.wait_for_blocks_on("vdb", 3)?;
    let on = |host: usize| settled(pair.hosts()[host], &[&own[host], &more[host]]);
    on(0)?;
    migrate(&guest, pair.right(), &["--persistent", "--undefinesource"])?.done()?;
    more[0].is_not_mounted()?;
    more[1].is_mounted()?;
    on(0).and_then(|()| on(1))?;
    let guest = guest.on(pair.right());
    for disk in ["vda", "vdb"] {
        guest.wait_for_blocks_on(disk, guest.blocks(disk)? + 3)?;
    }
    pair.right().command("virt-quobyte").args(["detach", "attached", "vdb"]).done()?;
    more[1].is_not_mounted()?;
    on(1)?;
    guest.does("destroy", &[])?;
    on(1)?;
    let blocks = guest.verify("vda", &own[0].backing("disk.img"))?
        + guest.verify("vdb", &more[0].backing("data.img"))?;
    Ok(Verdict::Measured(format!("1 move, {blocks} blocks verified")))
}

/// A guest of the left host that writes without end, on a share that both hosts have configured; all are of one name.
pub(super) fn writer<'p>(pair: &'p Pair, name: &str) -> Result<([Share<'p>; 2], Guest<'p>)> {
    writer_on(pair, name, |share, spec| Ok(spec.disk(&share.image("disk.img")?, Cache::None)))
}

/// The same with disks of another kind.
pub(super) fn writer_on<'p>(
    pair: &'p Pair,
    name: &str,
    disks: impl FnOnce(&Share, Spec) -> Result<Spec>,
) -> Result<([Share<'p>; 2], Guest<'p>)> {
    let [left, right] = pair.hosts().map(|host| Share::new(host, name));
    let shares = [left?, right?];
    for (host, share) in pair.hosts().into_iter().zip(&shares) {
        share::configure(host, "", &[share])?;
    }
    let spec = disks(&shares[0], Spec::named(name)?)?;
    let guest = Guest::define(pair.left(), beginning(spec))?;
    Ok((shares, guest))
}

/// One that writes, and says so where each host hears it.
pub(super) fn beginning(spec: Spec) -> Spec {
    spec.writes(4000, "0.05").console_for_all_hosts()
}

pub(super) fn migrate(guest: &Guest, to: &Host, words: &[&str]) -> Result<Output> {
    migration(guest, to, words).run()
}

/// The command, which a fault may meet half-way.
pub(super) fn migration<'h>(guest: &Guest<'h>, to: &Host, words: &[&str]) -> HostCommand<'h> {
    let uri = format!("qemu+tcp://{}/system", to.name());
    let words = [&["migrate", "--live"], words, &[guest.name(), &uri]].concat();
    guest.host().command("virsh").args(words).deadline(Duration::from_secs(90))
}

/// Each host has its own of the two shares, if a guest is there.
pub(super) fn at_rest(pair: &Pair, shares: &[Share; 2]) -> Result<()> {
    pair.hosts().into_iter().zip(shares).try_for_each(|(host, share)| settled(host, &[share]))
}

/// Ends it where it runs, and holds what it reported against its image.
pub(super) fn ended(pair: &Pair, shares: &[Share; 2], guest: &Guest) -> Result<usize> {
    for host in pair.hosts() {
        let guest = guest.on(host);
        if guest.is_known()? && guest.state()? != "shut off" {
            guest.does("destroy", &[])?;
        }
    }
    at_rest(pair, shares)?;
    guest.verify("vda", &shares[0].backing("disk.img"))
}
