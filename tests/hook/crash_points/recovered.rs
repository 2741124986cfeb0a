//! What the administrator does after a hook was killed: sees what `recover` would do, has it done, and sees that nothing is
//! left to do.
//!
//! libvirt is its test driver, which knows the guests that a file names; where it is to be down, a socket that is not there.

use std::fs;

use nix::mount::{MntFlags, umount2};
use serde_json::Value;

use crate::by_hand::admin;
use crate::ground::{Ground, Guest};

use super::sweep::{Cast, seen};

/// What libvirt says when it is asked who runs.
enum Libvirt<'a> {
    Down,
    /// These guests and no other.
    Runs(&'a [&'a Guest]),
}

/// libvirt's daemon lives, has taken the hook's death for a failure or an end, and does not call again. It says that the guest
/// does not run.
pub(super) fn where_nothing_runs(ground: &Ground, mut cast: Cast) {
    age_leases(ground, cast.shares);
    recover(ground, &cast, &Libvirt::Runs(&[]));
    assert_held_by(ground, &cast, &[]);
    ground.assert_nothing_left();
    // It may call all the same, and starts the guest some day.
    cast.daemon.calls("release");
    ground.assert_nothing_left();
    cast.daemon.calls("prepare");
    ground.assert_usable(cast.shares);
    cast.daemon.calls("release");
}

/// The daemon died as well and is not there again, so that nobody can be asked.
pub(super) fn after_the_daemons_death(ground: &Ground, mut cast: Cast) {
    cast.daemon = cast.daemon.successor(ground, &cast.same);
    recover(ground, &cast, &Libvirt::Down);
    assert_held_by(ground, &cast, &[]);
    ground.assert_nothing_left();
}

/// The daemon lives and does not answer: it may be about to start the guest, whose lease is believed.
pub(super) fn while_libvirt_does_not_answer(ground: &Ground, mut cast: Cast) {
    let had = held(ground, &cast);
    recover(ground, &cast, &Libvirt::Down);
    assert_eq!(held(ground, &cast), had, "holders before and after");
    cast.daemon.calls("prepare");
    ground.assert_usable(cast.shares);
    cast.daemon.calls("release");
}

/// The other guest runs on the same shares all the time.
pub(super) fn beside_one_that_runs(ground: &Ground, cast: Cast) {
    ground.assert_usable(cast.shares);
    age_leases(ground, cast.shares);
    recover(ground, &cast, &Libvirt::Runs(&[&cast.other]));
    assert_held_by(ground, &cast, &[&cast.other]);
    ground.assert_usable(cast.shares);
    drop(cast.daemon);
    ground.hook(&cast.other, "release").succeeds();
}

/// The guest runs, and libvirt says so.
pub(super) fn where_it_runs(ground: &Ground, mut cast: Cast) {
    age_leases(ground, cast.shares);
    recover(ground, &cast, &Libvirt::Runs(&[&cast.same]));
    assert_held_by(ground, &cast, &[&cast.same]);
    ground.assert_usable(cast.shares);
    cast.qemu = None;
    cast.daemon.calls("release");
}

/// The guest runs, and its lease is lost besides; the daemon is gone, and has left what it knew of the guest.
pub(super) fn where_it_runs_without_a_daemon_and_a_lease(ground: &Ground, mut cast: Cast) {
    ground.take_run();
    ground.leave_status(&cast.same);
    cast.daemon = cast.daemon.successor(ground, &cast.same);
    forget_leases(ground, cast.shares);
    recover(ground, &cast, &Libvirt::Down);
    assert_held_by(ground, &cast, &[&cast.same]);
    ground.assert_usable(cast.shares);
    umount2("/run", MntFlags::MNT_DETACH).expect("it was mounted here");
    // It ends, and nobody calls for it.
    cast.qemu = None;
    age_leases(ground, cast.shares);
    recover(ground, &cast, &Libvirt::Runs(&[]));
    assert_held_by(ground, &cast, &[]);
}

/// Shows the plan, applies it, and looks again.
#[track_caller]
fn recover(ground: &Ground, cast: &Cast, libvirt: &Libvirt<'_>) {
    let connect = connect_to(ground, libvirt);
    let asked = |more: &[&str], statuses: &[i32]| {
        let words = [&["recover", "--json", "--connect", &connect], more].concat();
        let (status, text) = admin(ground, &words);
        assert!(statuses.contains(&status), "{words:?}: status {status}: {text}");
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(report["without_libvirt"].is_null(), matches!(libvirt, Libvirt::Runs(_)));
        (status, report)
    };
    // What a killed hook had begun may come to its end meanwhile, once for each share.
    for _ in 0..=cast.shares.len() {
        let before = (seen(ground), mounts(ground, cast));
        let (status, shown) = asked(&[], &[0, 1]);
        assert_eq!(seen(ground), before.0, "the state before and after a look");
        let something = !steps(&shown).is_empty() || !faults(&shown).is_empty();
        assert_eq!(status == 1, something, "status {status} of {shown}");
        if mounts(ground, cast) == before.1 {
            let (_, done) = asked(&["--apply"], &[0, 1]);
            let well =
                |report: &Value| faults(report).into_iter().all(|fault| is_start(libvirt, fault));
            assert!(well(&done), "{done}");
            let (_, again) = asked(&[], &[0, 1]);
            assert!(steps(&again).is_empty() && well(&again), "something is left to do: {again}");
            assert_eq!(again["noticed"], serde_json::json!([]), "{again}");
            return;
        }
    }
    panic!("a look changes the mounts");
}

fn connect_to(ground: &Ground, libvirt: &Libvirt<'_>) -> String {
    match libvirt {
        Libvirt::Down => format!("qemu+unix:///system?socket={}", ground.text("no-libvirt")),
        Libvirt::Runs(guests) => {
            let guests: String = guests.iter().map(|guest| guest.xml()).collect();
            let node = format!("<node>{}</node>", guests.replace("type='kvm'", "type='test'"));
            fs::write(ground.path("libvirt.xml"), node).expect("written");
            format!("test://{}", ground.text("libvirt.xml"))
        }
    }
}

fn shares(report: &Value) -> &[Value] {
    report["shares"].as_array().expect("a list")
}

fn steps(report: &Value) -> Vec<&Value> {
    shares(report).iter().flat_map(|share| share["steps"].as_array().expect("a list")).collect()
}

fn faults(report: &Value) -> Vec<&Value> {
    let both = shares(report).iter().flat_map(|share| [&share["fault"], &share["failure"]]);
    both.filter(|fault| !fault.is_null()).collect()
}

/// A start that was cut off before its mount, as far as anybody can say who cannot ask libvirt.
fn is_start(libvirt: &Libvirt<'_>, fault: &Value) -> bool {
    let text = fault.as_str().expect("a text");
    matches!(libvirt, Libvirt::Down) && text.starts_with("its mount point has nothing mounted")
}

fn mounts(ground: &Ground, cast: &Cast) -> Vec<usize> {
    cast.shares.iter().map(|share| ground.mounts_on(&ground.mount_point(share))).collect()
}

/// The UUIDs that hold each share, as `status` says.
fn held(ground: &Ground, cast: &Cast) -> Vec<Vec<String>> {
    let (_, text) = admin(ground, &["status", "--json"]);
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let of = |share: &&str| {
        let status = shares(&report).iter().find(|status| status["name"] == **share);
        let holders = status.expect("a configured share")["holders"].as_array().expect("for root");
        holders.iter().map(|it| it["uuid"].as_str().expect("a domain").to_owned()).collect()
    };
    cast.shares.iter().map(of).collect()
}

/// All is well, these guests hold each share, and what is held is mounted, once.
#[track_caller]
fn assert_held_by(ground: &Ground, cast: &Cast, guests: &[&Guest]) {
    let (status, text) = admin(ground, &["status"]);
    assert_eq!(status, 0, "not well: {text}");
    let uuids: Vec<String> = guests.iter().map(|guest| guest.uuid.clone()).collect();
    assert_eq!(held(ground, cast), vec![uuids; cast.shares.len()], "holders of {:?}", cast.shares);
    let wanted = usize::from(!guests.is_empty());
    assert_eq!(
        mounts(ground, cast),
        vec![wanted; cast.shares.len()],
        "mounts of {:?}",
        cast.shares
    );
}

/// Rewrites what is recorded of the leases.
fn change_leases(ground: &Ground, shares: &[&str], change: impl Fn(&mut Vec<Value>)) {
    for share in shares {
        let Ok(text) = fs::read_to_string(ground.record_path(share)) else { continue };
        let mut record: Value = serde_json::from_str(&text).expect("a record");
        change(record["leases"].as_array_mut().expect("a list"));
        fs::write(ground.record_path(share), record.to_string()).expect("written");
    }
}

/// An hour goes by: of a lease of this very second libvirt's answer says nothing, because its guest may be just starting.
fn age_leases(ground: &Ground, shares: &[&str]) {
    change_leases(ground, shares, |leases| {
        for lease in leases {
            lease["since"] = (lease["since"].as_u64().expect("a time") - 3600).into();
        }
    });
}

fn forget_leases(ground: &Ground, shares: &[&str]) {
    change_leases(ground, shares, Vec::clear);
}
