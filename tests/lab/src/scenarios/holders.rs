//! Who keeps a share mounted: several guests on one share, several shares in one guest, none at
//! all.

use anyhow::{Result, ensure};

use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::leases::{self, STATE};
use crate::mounts;
use crate::runner::Verdict;
use crate::share::{self, Mode, Share};

scenarios!("holders", WithProduct:
    of_two_guests_on_one_share_the_last_to_stop_takes_it_down,
    a_guest_on_two_shares_holds_both,
    a_guest_holds_the_share_that_its_metadata_names,
    a_guest_without_a_share_costs_nothing,
    guests_that_start_together_mount_once,
    a_verified_share_is_held_but_never_unmounted,
);

fn of_two_guests_on_one_share_the_last_to_stop_takes_it_down(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "common")?;
    share::configure(host, "", &[&share])?;
    let [first, second] = guests(host, &share, ["common-1", "common-2"])?;
    first.start()?;
    second.start()?;
    share.is_mounted()?;
    let mount = share.mounts()?;

    first.virsh("destroy")?.done()?;
    first.wait_until_off()?;
    ensure!(share.mounts()? == mount, "the mount changed under the second guest");
    leases::forgot(host, &first)?;
    leases::name(host, &second)?;
    let before = second.blocks("vda")?;
    second.wait_for_blocks(before + 5)?;

    second.virsh("destroy")?.done()?;
    second.wait_until_off()?;
    share.is_not_mounted()?;
    leases::forgot(host, &second)?;
    Ok(Verdict::Passed)
}

fn a_guest_on_two_shares_holds_both(host: &Host) -> Result<Verdict> {
    let shares = [Share::new(host, "left")?, Share::new(host, "right")?];
    share::configure(host, "", &[&shares[0], &shares[1]])?;
    let mut spec = Spec::named("both")?.writes(4000, "0");
    for share in &shares {
        spec = spec.disk(&share.image("disk.img")?, Cache::None);
    }
    let guest = Guest::define(host, spec)?;
    guest.start_and_write(5)?;
    shares.iter().try_for_each(Share::is_mounted)?;
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    shares.iter().try_for_each(Share::is_not_mounted)?;
    leases::forgot(host, &guest)?;
    for (disk, share) in ["vda", "vdb"].iter().zip(&shares) {
        guest.verify(disk, &share.backing("disk.img"))?;
    }
    Ok(Verdict::Passed)
}

fn a_guest_holds_the_share_that_its_metadata_names(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "named")?;
    share::configure(host, "", &[&share])?;
    let metadata =
        "<vq:shares xmlns:vq='urn:virt-quobyte:domain:1'><vq:share name='named'/></vq:shares>";
    let guest = Guest::define(host, Spec::named("named")?.metadata(metadata))?;
    guest.start()?;
    share.is_mounted()?;
    leases::name(host, &guest)?;
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    share.is_not_mounted()?;
    leases::forgot(host, &guest)?;
    Ok(Verdict::Passed)
}

fn a_guest_without_a_share_costs_nothing(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "unused")?;
    share::configure(host, "", &[&share])?;
    host.command("rm").args(["-rf", STATE]).done()?;
    let guest = Guest::define(host, Spec::named("plain")?)?;
    guest.start()?;
    let mounts = mounts::fuse(host)?;
    ensure!(mounts.is_empty(), "mounted for a guest without a share: {mounts:?}");
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    let starts = share::client_starts(host)?;
    ensure!(starts.is_empty(), "the client was started for a guest without a share: {starts:?}");
    ensure!(!host.outside(STATE).exists(), "{STATE} was made for a guest without a share");
    Ok(Verdict::Passed)
}

fn guests_that_start_together_mount_once(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "crowd")?;
    share::configure(host, "", &[&share])?;
    let crowd = guests(host, &share, ["crowd-1", "crowd-2", "crowd-3", "crowd-4"])?;
    let starts: Vec<_> = crowd.iter().map(Guest::starting).collect::<Result<_>>()?;
    starts.into_iter().try_for_each(|start| start.wait()?.done())?;
    share.is_mounted()?;
    let starts = share::client_starts(host)?;
    ensure!(starts.len() == 1, "the client was started {} times: {starts:?}", starts.len());
    crowd.iter().try_for_each(|guest| leases::name(host, guest))?;

    let stops: Vec<_> = crowd
        .iter()
        .map(|guest| host.command("virsh").args(["destroy", guest.name()]).start())
        .collect::<Result<_>>()?;
    stops.into_iter().try_for_each(|stop| stop.wait()?.done())?;
    crowd.iter().try_for_each(Guest::wait_until_off)?;
    share.is_not_mounted()?;
    crowd.iter().try_for_each(|guest| leases::forgot(host, guest))?;
    Ok(Verdict::Passed)
}

fn a_verified_share_is_held_but_never_unmounted(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "elsewhere")?.mode(Mode::Verified).mounted_at("/srv/elsewhere");
    share::configure(host, "", &[&share])?;
    let point = share.mount_point();
    host.command("mkdir").args(["-p", &point]).done()?;
    host.command("mount.quobyte").args([&share.export(), &point]).done()?;
    let mount = share.mounts()?;
    let image = share.image("disk.img")?;
    let guest =
        Guest::define(host, Spec::named("elsewhere")?.disk(&image, Cache::None).writes(4000, "0"))?;
    guest.start_and_write(3)?;
    leases::name(host, &guest)?;
    guest.virsh("destroy")?.done()?;
    guest.wait_until_off()?;
    leases::forgot(host, &guest)?;
    ensure!(share.mounts()? == mount, "somebody else's mount was touched");
    host.command("umount").arg(&point).done()?;
    Ok(Verdict::Passed)
}

fn guests<'h, const N: usize>(
    host: &'h Host,
    share: &Share,
    names: [&str; N],
) -> Result<[Guest<'h>; N]> {
    let mut guests = Vec::new();
    for name in names {
        let image = share.image(&format!("{name}.img"))?;
        guests.push(Guest::define(
            host,
            Spec::named(name)?.disk(&image, Cache::None).writes(4000, "0.1"),
        )?);
    }
    Ok(guests.try_into().unwrap_or_else(|_| unreachable!("one guest a name")))
}
