//! The cases that the design names, one row each.

use super::{Keep, KeptMounted, Observed, Standing, Step};
use crate::health::{Foreign, Health};
use crate::lease::{Holder, Lease, MountRecord, ShareRecord};
use crate::mounts::{DeviceNumber, MountId};
use crate::share::{Share, ShareMode};

fn id(n: u32) -> MountId {
    MountId { unique: None, id: n, device: DeviceNumber { major: 0, minor: n } }
}

fn made(n: u32) -> MountRecord {
    MountRecord::Made { id: id(n), unit: None, since: 0 }
}

fn attempted() -> MountRecord {
    MountRecord::Attempted { unit: None, since: 0, begun: None }
}

fn lease(holder: Holder) -> Lease {
    Lease { holder, domain_name: None, since: 0, daemon: None }
}

fn guest() -> Holder {
    Holder::Domain("4dea22b3-1d52-d8f3-2516-782e98ab3fa0".parse().expect("a UUID"))
}

struct Scene {
    share: Share,
    record: ShareRecord,
}

impl Scene {
    fn new(mode: ShareMode, mount: Option<MountRecord>, holders: &[Holder]) -> Self {
        let base = "/mnt".parse().expect("a good path");
        let mut share = Share::of_policy_export("a/gold".parse().expect("a good export"), &base);
        share.mode = mode;
        let mut record = ShareRecord::new(&share, "boot");
        record.mount = mount;
        record.leases = holders.iter().cloned().map(lease).collect();
        Self { share, record }
    }

    fn seen(&self, stack: &[u32], health: Health) -> Observed<'_> {
        Observed {
            share: &self.share,
            record: &self.record,
            stack: stack.iter().copied().map(id).collect(),
            health,
            standing: vec![Standing::Good; self.record.leases.len()],
            remote_parent: None,
        }
    }
}

/// The steps after the lease in an acquire, or `None` for a refusal.
fn acquired(scene: &Scene, stack: &[u32], health: Health) -> Option<Vec<Step>> {
    let plan = super::acquire(&scene.seen(stack, health), lease(guest())).ok()?;
    let (first, rest) = plan.steps.split_first().expect("a plan writes the lease");
    assert_eq!(*first, Step::WriteLease(lease(guest())));
    Some(rest.to_vec())
}

#[test]
fn what_is_mounted_for_a_managed_share_depends_on_its_state_and_on_whose_it_is() {
    use Step::{AdoptMount, ForgetMount, GuardMountPoint, Mount, Unmount};
    let foreign = || Health::Foreign(Foreign::NotForOthers);
    let hung = || Health::Hung { waited: std::time::Duration::from_secs(5) };
    let mount = vec![GuardMountPoint, Mount];
    let again = vec![Unmount(id(1)), ForgetMount, GuardMountPoint, Mount];
    for (name, record, stack, health, steps) in [
        ("absent", None, &[][..], Health::Absent, Some(mount.clone())),
        ("absent, and ours was there", Some(made(1)), &[], Health::Absent, Some(mount.clone())),
        ("absent after an attempt", Some(attempted()), &[], Health::Absent, Some(mount)),
        ("healthy and ours", Some(made(1)), &[1], Health::Healthy, Some(vec![])),
        ("healthy and somebody else's", None, &[1], Health::Healthy, Some(vec![])),
        (
            "healthy, of our attempt",
            Some(attempted()),
            &[1],
            Health::Healthy,
            Some(vec![AdoptMount(id(1))]),
        ),
        ("healthy, on top of another", Some(attempted()), &[9, 1], Health::Healthy, Some(vec![])),
        ("dead and ours", Some(made(1)), &[1], Health::Dead, Some(again.clone())),
        ("dead, of our attempt", Some(attempted()), &[1], Health::Dead, Some(again)),
        ("dead and somebody else's", None, &[1], Health::Dead, None),
        ("dead, in place of ours", Some(made(2)), &[1], Health::Dead, None),
        ("dead and ours, on top of another", Some(made(1)), &[9, 1], Health::Dead, None),
        ("hung", Some(made(1)), &[1], hung(), None),
        ("failing", Some(made(1)), &[1], Health::Failing { errno: 5 }, None),
        ("foreign", Some(made(1)), &[1, 2], foreign(), None),
    ] {
        let scene = Scene::new(ShareMode::Managed, record, &[]);
        assert_eq!(acquired(&scene, stack, health), steps, "{name}");
    }
}

#[test]
fn what_is_mounted_anew_for_guests_that_hold_it_is_detached_only_if_it_is_dead_and_ours() {
    use Step::{Detach, ForgetMount, GuardMountPoint, Mount};
    let mount = vec![GuardMountPoint, Mount];
    let anew = || vec![Detach(id(1)), ForgetMount, GuardMountPoint, Mount];
    let hung = || Health::Hung { waited: std::time::Duration::from_secs(5) };
    let (managed, verified) = (ShareMode::Managed, ShareMode::Verified);
    for (name, mode, record, stack, health, steps) in [
        ("healthy", managed, Some(made(1)), &[1][..], Health::Healthy, Some(vec![])),
        ("verified and healthy", verified, None, &[1], Health::Healthy, Some(vec![])),
        ("absent", managed, None, &[], Health::Absent, Some(mount)),
        ("verified and absent", verified, None, &[], Health::Absent, None),
        ("dead and ours", managed, Some(made(1)), &[1], Health::Dead, Some(anew())),
        ("dead, of our attempt", managed, Some(attempted()), &[1], Health::Dead, Some(anew())),
        ("dead and somebody else's", managed, None, &[1], Health::Dead, None),
        ("dead, on top of another", managed, Some(made(1)), &[9, 1], Health::Dead, None),
        ("verified and dead", verified, None, &[1], Health::Dead, None),
        ("hung", managed, Some(made(1)), &[1], hung(), None),
        ("failing", managed, Some(made(1)), &[1], Health::Failing { errno: 5 }, None),
    ] {
        let scene = Scene::new(mode, record, &[guest()]);
        let plan = super::remount(&scene.seen(stack, health)).ok().map(|plan| plan.steps);
        assert_eq!(plan, steps, "{name}");
    }
}

#[test]
fn another_client_takes_the_place_of_one_that_answers_and_is_ours_alone() {
    use Step::{Detach, ForgetMount, GuardMountPoint, Mount};
    let mount = vec![GuardMountPoint, Mount];
    let another = || vec![Detach(id(1)), ForgetMount, GuardMountPoint, Mount];
    let foreign = || Health::Foreign(Foreign::NotForOthers);
    let hung = || Health::Hung { waited: std::time::Duration::from_secs(5) };
    let (managed, verified) = (ShareMode::Managed, ShareMode::Verified);
    for (name, mode, record, stack, health, steps) in [
        ("healthy and ours", managed, Some(made(1)), &[1][..], Health::Healthy, Some(another())),
        ("of our attempt", managed, Some(attempted()), &[1], Health::Healthy, Some(another())),
        ("cut off", managed, None, &[], Health::Absent, Some(mount.clone())),
        (
            "cut off before it was forgotten",
            managed,
            Some(made(1)),
            &[],
            Health::Absent,
            Some(mount),
        ),
        ("somebody else's", managed, None, &[1], Health::Healthy, None),
        ("replaced", managed, Some(made(1)), &[2], Health::Healthy, None),
        ("on top of another", managed, Some(made(1)), &[9, 1], Health::Healthy, None),
        ("covered", managed, Some(made(1)), &[1, 2], Health::Healthy, None),
        ("verified", verified, None, &[1], Health::Healthy, None),
        ("dead", managed, Some(made(1)), &[1], Health::Dead, None),
        ("hung", managed, Some(made(1)), &[1], hung(), None),
        ("failing", managed, Some(made(1)), &[1], Health::Failing { errno: 5 }, None),
        ("foreign", managed, Some(made(1)), &[1], foreign(), None),
    ] {
        let scene = Scene::new(mode, record, &[guest()]);
        let plan = super::renew(&scene.seen(stack, health)).ok().map(|plan| plan.steps);
        assert_eq!(plan, steps, "{name}");
    }
    // Nobody would take it down again.
    let scene = Scene::new(managed, None, &[]);
    super::renew(&scene.seen(&[], Health::Absent)).expect_err("nobody holds it");
}

#[test]
fn a_verified_share_is_only_looked_at() {
    let scene = Scene::new(ShareMode::Verified, None, &[]);
    assert_eq!(acquired(&scene, &[1], Health::Healthy), Some(vec![]));
    for (stack, health) in [(&[][..], Health::Absent), (&[1], Health::Dead)] {
        assert_eq!(acquired(&scene, stack, health), None);
    }
}

#[test]
fn nothing_is_mounted_where_a_look_could_block() {
    let scene = Scene::new(ShareMode::Managed, None, &[]);
    let mut seen = scene.seen(&[], Health::Absent);
    seen.remote_parent = Some("nfs4".into());
    let refusal = super::acquire(&seen, lease(guest())).expect_err("refused").to_string();
    assert!(refusal.contains("lies on a file system of type nfs4"), "{refusal}");
}

#[test]
fn only_the_last_one_out_unmounts_and_only_what_is_ours() {
    use Step::{AdoptMount, DropLease, ForgetMount, Unmount};
    let admin = || Holder::Administrator;
    let drop = || DropLease(guest());
    let not_ours = || Some(KeptMounted::NotOurs);
    let held = || Some(KeptMounted::held([lease(admin())].iter()));
    let covered = || Some(KeptMounted::Covered { mount_point: "/mnt/1".parse().expect("a path") });
    let forget = vec![drop(), ForgetMount];
    let adopt = vec![drop(), AdoptMount(id(1)), Unmount(id(1)), ForgetMount];
    for (name, record, holders, stack, steps, kept) in [
        (
            "ours",
            Some(made(1)),
            vec![guest()],
            &[1][..],
            vec![drop(), Unmount(id(1)), ForgetMount],
            None,
        ),
        ("of our attempt", Some(attempted()), vec![guest()], &[1], adopt, None),
        (
            "of our attempt, and another",
            Some(attempted()),
            vec![guest()],
            &[1, 2],
            vec![drop()],
            covered(),
        ),
        ("gone", Some(made(1)), vec![guest()], &[], forget.clone(), None),
        ("replaced", Some(made(1)), vec![guest()], &[2], forget, not_ours()),
        ("covered", Some(made(1)), vec![guest()], &[1, 2], vec![drop()], covered()),
        ("somebody else's", None, vec![guest()], &[1], vec![drop()], not_ours()),
        ("held by another", Some(made(1)), vec![guest(), admin()], &[1], vec![drop()], held()),
        ("never held", None, vec![], &[], vec![drop()], None),
    ] {
        let scene = Scene::new(ShareMode::Managed, record, &holders);
        let plan = super::release(&scene.seen(stack, Health::Healthy), &guest(), Keep::No);
        assert_eq!(plan.steps, steps, "{name}");
        let kind = |kept: &Option<KeptMounted>| kept.as_ref().map(std::mem::discriminant);
        assert_eq!(kind(&plan.kept), kind(&kept), "{name}: {:?}", plan.kept);
    }
}

#[test]
fn a_share_that_may_linger_stays_until_its_time_is_over() {
    use Step::{DropLease, ForgetMount, Linger, Unmount};
    let length = std::time::Duration::from_secs(30);
    let keep = Keep::For { now: 1000, length };
    let mut scene = Scene::new(ShareMode::Managed, Some(made(1)), &[guest()]);
    let plan = super::release(&scene.seen(&[1], Health::Healthy), &guest(), keep);
    assert_eq!(plan.steps, [DropLease(guest()), Linger { since: 1000, length }]);

    scene.record.leases.clear();
    scene.record.idle_since = Some(1000);
    let take_down = vec![Unmount(id(1)), ForgetMount];
    for (now, stack, steps) in [
        (1000, &[1][..], vec![]),
        (1029, &[1], vec![]),
        (1030, &[1], take_down.clone()),
        (900, &[1], vec![]),
        (1000, &[], vec![ForgetMount]),
    ] {
        let plan = super::reconcile(&scene.seen(stack, Health::Healthy), &[], now, length);
        assert_eq!(plan.steps, steps, "{now} {stack:?}");
    }
    // Not idle since any known time: left behind by a crash or by somebody who kept it busy.
    scene.record.idle_since = None;
    assert_eq!(
        super::reconcile(&scene.seen(&[1], Health::Healthy), &[], 0, length).steps,
        take_down
    );
    scene.record.leases = vec![lease(guest())];
    assert_eq!(super::reconcile(&scene.seen(&[1], Health::Healthy), &[], 9999, length).steps, []);
}

/// Or whoever looks finds the same attempt again and again, for as long as the guest runs.
#[test]
fn what_is_recorded_of_the_mount_of_a_share_that_is_held_becomes_true() {
    for (name, record, stack, steps) in [
        ("ours", made(1), &[1][..], vec![]),
        ("gone", made(1), &[], vec![Step::ForgetMount]),
        ("replaced", made(1), &[2], vec![Step::ForgetMount]),
        ("covered", made(1), &[1, 2], vec![]),
        ("of our attempt", attempted(), &[1], vec![Step::AdoptMount(id(1))]),
        ("an attempt that came to nothing", attempted(), &[], vec![Step::ForgetMount]),
    ] {
        let scene = Scene::new(ShareMode::Managed, Some(record), &[guest()]);
        let seen = scene.seen(stack, Health::Healthy);
        let plan = super::reconcile(&seen, &[], 0, std::time::Duration::ZERO);
        assert_eq!(plan.steps, steps, "{name}");
    }
}

#[test]
fn a_guest_that_runs_without_its_lease_gets_one_and_keeps_the_mount() {
    let admin = || Holder::Administrator;
    let missing = |holder| Lease { holder, domain_name: None, since: 5, daemon: None };
    let reconcile = |holders: &[Holder], void: &[usize], missing: &[Lease]| {
        let scene = Scene::new(ShareMode::Managed, Some(made(1)), holders);
        let mut seen = scene.seen(&[1], Health::Healthy);
        for number in void {
            seen.standing[*number] = Standing::Void;
        }
        super::reconcile(&seen, missing, 0, std::time::Duration::ZERO)
    };
    let lost = missing(guest());
    let plan = reconcile(&[], &[], std::slice::from_ref(&lost));
    assert_eq!(plan.steps, [Step::WriteLease(lost.clone())]);
    assert!(matches!(plan.kept, Some(KeptMounted::Held { by, more: 0 }) if by == [lost.clone()]));
    // It has one: nothing to do, even if what was known of its daemon made it void.
    assert_eq!(reconcile(&[guest()], &[], std::slice::from_ref(&lost)).steps, []);
    let plan = reconcile(&[guest()], &[0], std::slice::from_ref(&lost));
    assert_eq!(plan.steps, [Step::WriteLease(lost)]);
    // Another's void lease goes all the same.
    let plan = reconcile(&[admin(), guest()], &[1], &[]);
    assert_eq!(plan.steps, [Step::DropLease(guest())]);
}

#[test]
fn force_is_for_a_hung_client_and_for_a_dead_mount_of_ours_and_for_nothing_else() {
    use super::{Force, force};
    let hung = || Health::Hung { waited: std::time::Duration::from_secs(1) };
    for (name, record, stack, health, how, steps) in [
        (
            "abort a hung one",
            Some(made(1)),
            &[1][..],
            hung(),
            Force::Abort,
            Some(vec![Step::Abort(id(1))]),
        ),
        (
            "abort a hung one of others",
            None,
            &[1],
            hung(),
            Force::Abort,
            Some(vec![Step::Abort(id(1))]),
        ),
        ("abort one that answers", Some(made(1)), &[1], Health::Healthy, Force::Abort, None),
        ("abort a dead one", Some(made(1)), &[1], Health::Dead, Force::Abort, None),
        ("abort what is not there", None, &[], Health::Absent, Force::Abort, None),
        (
            "detach a dead one",
            Some(made(1)),
            &[1],
            Health::Dead,
            Force::Detach,
            Some(vec![Step::Detach(id(1)), Step::ForgetMount]),
        ),
        ("detach a dead one of others", None, &[1], Health::Dead, Force::Detach, None),
        ("detach one under another", Some(made(1)), &[1, 2], Health::Dead, Force::Detach, None),
        ("detach one that answers", Some(made(1)), &[1], Health::Healthy, Force::Detach, None),
        ("detach one that may answer again", Some(made(1)), &[1], hung(), Force::Detach, None),
    ] {
        let scene = Scene::new(ShareMode::Managed, record, &[guest()]);
        let plan = force(&scene.seen(stack, health), how).ok();
        assert_eq!(plan.map(|plan| plan.steps), steps, "{name}");
    }
}
