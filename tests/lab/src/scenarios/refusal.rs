//! Starts that must be refused: at once, with a sentence that helps in virsh's own message, and
//! with nothing left of the attempt.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::scenarios;
use super::start::guest_on_share;
use crate::guest::{Cache, Guest, Spec};
use crate::host::{Host, Output};
use crate::leases;
use crate::mounts;
use crate::runner::Verdict;
use crate::share::{self, Mode, Share};

scenarios!("refusal", WithProduct:
    a_path_below_the_mount_base_that_no_share_explains_is_refused,
    a_metadata_share_that_is_not_configured_is_refused,
    a_verified_share_that_nobody_mounted_is_refused,
    a_client_that_fails_is_reported,
    a_client_that_claims_success_without_a_mount_is_found_out,
    a_client_that_fails_as_the_real_one_does_is_reported,
    a_volume_that_is_not_there_is_reported,
    a_broken_configuration_is_reported,
    a_share_with_files_under_its_mount_point_is_refused,
);

/// A refusal costs one look at the machine and at most one run of the client, not a deadline.
const AT_ONCE: Duration = Duration::from_secs(10);

fn a_path_below_the_mount_base_that_no_share_explains_is_refused(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "known")?;
    let stranger = Share::new(host, "stranger")?;
    share::configure(host, "", &[&share])?;
    let guest = Guest::define(
        host,
        Spec::named("stranger")?.disk(&stranger.path("disk.img"), Cache::None),
    )?;
    let told = refused(host, &guest)?;
    never_asked(host)?;
    says(&told, &[&stranger.path("disk.img")])
}

fn a_metadata_share_that_is_not_configured_is_refused(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "known")?;
    share::configure(host, "", &[&share])?;
    let metadata =
        "<vq:shares xmlns:vq='urn:virt-quobyte:domain:1'><vq:share name='nobodys'/></vq:shares>";
    let guest = Guest::define(host, Spec::named("nobodys")?.metadata(metadata))?;
    let told = refused(host, &guest)?;
    never_asked(host)?;
    says(&told, &["nobodys"])
}

fn a_verified_share_that_nobody_mounted_is_refused(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "theirs")?.mode(Mode::Verified);
    share::configure(host, "", &[&share])?;
    let guest =
        Guest::define(host, Spec::named("theirs")?.disk(&share.path("disk.img"), Cache::None))?;
    let told = refused(host, &guest)?;
    never_asked(host)?;
    says(&told, &["theirs", "mounted"])
}

fn a_client_that_fails_is_reported(host: &Host) -> Result<Verdict> {
    let (_share, guest) = guest_on_share(host, "fails", |spec| spec)?;
    share::client(host, "mount = \"fail\"\n")?;
    let told = refused(host, &guest)?;
    says(&told, &["fails"])
}

fn a_client_that_claims_success_without_a_mount_is_found_out(host: &Host) -> Result<Verdict> {
    let (_share, guest) = guest_on_share(host, "claims", |spec| spec)?;
    share::client(host, "mount = \"exit-zero-unmounted\"\n")?;
    let told = refused(host, &guest)?;
    says(&told, &["claims"])
}

fn a_client_that_fails_as_the_real_one_does_is_reported(host: &Host) -> Result<Verdict> {
    let (_share, guest) = guest_on_share(host, "four", |spec| spec)?;
    share::client(host, "mount = \"exit-four-on-stdout\"\n")?;
    let told = refused(host, &guest)?;
    says(&told, &["four", "4"])
}

fn a_volume_that_is_not_there_is_reported(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "absent", |spec| spec)?;
    host.command("rm").args(["-r", "/srv/quobyte-standin/absent"]).done()?;
    let told = refused(host, &guest)?;
    says(&told, &[share.name()])
}

fn a_broken_configuration_is_reported(host: &Host) -> Result<Verdict> {
    let (_share, guest) = guest_on_share(host, "broken", |spec| spec)?;
    host.write(share::CONFIG, "mount_base = 7\n")?;
    let told = refused(host, &guest)?;
    says(&told, &[&format!("{}:1:", share::CONFIG)])
}

fn a_share_with_files_under_its_mount_point_is_refused(host: &Host) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "occupied", |spec| spec)?;
    host.write(share.path("left-here"), "not the share's\n")?;
    let told = refused(host, &guest)?;
    host.command("rm").args(["-r", "--", &share.mount_point()]).done()?;
    says(&told, &["occupied"])
}

/// Tries to start the guest and insists on a refusal by our hook that leaves nothing.
pub(super) fn refused(host: &Host, guest: &Guest) -> Result<Output> {
    let start = guest.virsh("start")?;
    refused_within(host, guest, start, AT_ONCE)
}

/// The same for a start that has been tried, with its own limit.
pub(super) fn refused_within(
    host: &Host,
    guest: &Guest,
    start: Output,
    limit: Duration,
) -> Result<Output> {
    let start = start.failure()?;
    ensure!(start.elapsed < limit, "the refusal took more than {limit:?}: {start}");
    says(&start, &["Hook script execution failed"])?;
    let state = guest.state()?;
    ensure!(state == "shut off", "the refused guest is {state}");
    leases::forgot(host, guest)?;
    let mounts = mounts::fuse(host)?;
    ensure!(mounts.is_empty(), "the refused start leaves {mounts:?}");
    Ok(start)
}

/// Insists on words in what virsh told its user, and says when it did.
pub(super) fn says(told: &Output, words: &[&str]) -> Result<Verdict> {
    let text = told.stderr_text();
    for word in words {
        ensure!(text.contains(word), "the message does not say {word:?}: {told}");
    }
    // As libvirt passes it on to every terminal and log.
    ensure!(!text.contains('\u{1b}'), "the message holds an escape character: {told}");
    Ok(Verdict::Measured(format!("1 start, refused after {:.1?}", told.elapsed)))
}

fn never_asked(host: &Host) -> Result<()> {
    let starts = share::client_starts(host)?;
    ensure!(starts.is_empty(), "the client was started: {starts:?}");
    Ok(())
}
