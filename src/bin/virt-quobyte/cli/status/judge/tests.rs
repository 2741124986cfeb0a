//! What is found in which case, one row each.

use virt_quobyte::lease::{Holder, ShareRecord};
use virt_quobyte::mounts::{DeviceNumber, MountId};
use virt_quobyte::share::{Export, Share};

use super::super::finding::Severity;
use super::*;

const NOW: u64 = 10_000;

fn id(n: u32) -> MountId {
    MountId { unique: None, id: n, device: DeviceNumber { major: 0, minor: n } }
}

fn made(n: u32) -> MountRecord {
    MountRecord::Made { id: id(n), unit: None, since: 0 }
}

fn attempted(since: u64) -> MountRecord {
    MountRecord::Attempted { unit: None, since, begun: None }
}

fn guest() -> Lease {
    let uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0".parse().expect("a UUID");
    Lease {
        holder: Holder::Domain(uuid),
        domain_name: Some("web1".to_owned()),
        since: 0,
        daemon: None,
    }
}

fn gold() -> Share {
    let export: Export = "reg1/gold".parse().expect("a good export");
    let name = "gold".parse().expect("a good name");
    Share::of_record(name, export, "/srv/gold".parse().expect("a good path"))
}

/// What there is, in which nothing is out of line but what a test changes.
struct Case {
    mode: Option<ShareMode>,
    moved_to: Option<MountPoint>,
    seen: RecordSeen,
    mount: Option<MountRecord>,
    leases: Vec<(Lease, Standing)>,
    idle_since: Option<u64>,
    stack: &'static [u32],
    health: Health,
    remote_parent: Option<String>,
    fstype: &'static str,
    client: Option<ClientStatus>,
}

impl Case {
    /// A share that we have mounted and that a guest holds.
    fn held() -> Self {
        Self {
            mount: Some(made(1)),
            leases: vec![(guest(), Standing::Good)],
            stack: &[1],
            health: Health::Healthy,
            ..Self::bare()
        }
    }

    /// A share of which nothing is known.
    fn bare() -> Self {
        Self {
            mode: Some(ShareMode::Managed),
            moved_to: None,
            seen: RecordSeen::Known,
            mount: None,
            leases: Vec::new(),
            idle_since: None,
            stack: &[],
            health: Health::Absent,
            remote_parent: None,
            fstype: "fuse.quobyte",
            client: None,
        }
    }

    /// A share that we have mounted and that nobody holds.
    fn idle() -> Self {
        Self { leases: Vec::new(), ..Self::held() }
    }

    fn found(self) -> Vec<Finding> {
        let share = gold();
        let mut record = ShareRecord::new(&share, "boot");
        record.mount = self.mount;
        record.idle_since = self.idle_since;
        let (leases, standing): (Vec<_>, Vec<_>) = self.leases.into_iter().unzip();
        record.leases = leases;
        let observed = Observed {
            share: &share,
            record: &record,
            stack: self.stack.iter().copied().map(id).collect(),
            health: self.health,
            standing,
            remote_parent: self.remote_parent,
        };
        let settings = Settings { linger: Duration::from_secs(30), ..Settings::default() };
        findings(&Scene {
            observed: &observed,
            mode: self.mode,
            moved_to: self.moved_to.as_ref(),
            record: self.seen,
            fstype: Some(self.fstype),
            client: self.client.as_ref(),
            now: NOW,
            settings: &settings,
        })
    }
}

/// A name, what there is, and what is found.
type Row = (&'static str, Case, &'static [Kind]);

fn of_the_record() -> Vec<Row> {
    use Kind::{
        AttemptCutOff, DaemonGone, EarlierBoot, HeldNotMounted, LeaseVoid, MountGone, Mounting,
        NobodyHolds, NotConfigured,
    };
    let old = NOW - 600;
    vec![
        ("nothing is known of it", Case::bare(), &[]),
        ("it is held and healthy", Case::held(), &[]),
        ("it lingers", Case { idle_since: Some(NOW - 20), ..Case::idle() }, &[]),
        (
            "it has lingered enough",
            Case { idle_since: Some(NOW - 40), ..Case::idle() },
            &[NobodyHolds],
        ),
        ("nobody holds it", Case::idle(), &[NobodyHolds]),
        (
            "its lease is void",
            Case { leases: vec![(guest(), Standing::Void)], ..Case::held() },
            &[NobodyHolds, LeaseVoid],
        ),
        (
            "its daemon is gone",
            Case { leases: vec![(guest(), Standing::Orphaned)], ..Case::held() },
            &[DaemonGone],
        ),
        (
            "it is held and not there",
            Case { stack: &[], health: Health::Absent, ..Case::held() },
            &[HeldNotMounted],
        ),
        (
            "it is not held and not there",
            Case { stack: &[], health: Health::Absent, ..Case::idle() },
            &[MountGone],
        ),
        ("it left the configuration", Case { mode: None, ..Case::held() }, &[NotConfigured]),
        (
            "it is being mounted",
            Case {
                mount: Some(attempted(NOW - 3)),
                stack: &[],
                health: Health::Absent,
                leases: Vec::new(),
                ..Case::held()
            },
            &[Mounting],
        ),
        (
            "its mount was cut off",
            Case { mount: Some(attempted(old)), ..Case::bare() },
            &[AttemptCutOff],
        ),
        (
            "its mount was cut off when it was there",
            Case { mount: Some(attempted(old)), ..Case::held() },
            &[AttemptCutOff],
        ),
        ("its record is stale", Case { seen: RecordSeen::Stale, ..Case::bare() }, &[EarlierBoot]),
    ]
}

fn of_the_mount() -> Vec<Row> {
    use Kind::{
        ClientReplaced, Covered, Dead, Failing, Foreign, Hung, Moved, NotMounted, NotOurs,
        PlainFuse, RemoteParent,
    };
    let hung = || Health::Hung { waited: Duration::from_secs(5) };
    let client =
        |replaced| ClientStatus { pid: 7, program: "/usr/bin/x".into(), replaced, version: None };
    vec![
        (
            "it is verified and not there",
            Case { mode: Some(ShareMode::Verified), ..Case::bare() },
            &[NotMounted],
        ),
        (
            "it is verified and there",
            Case {
                mode: Some(ShareMode::Verified),
                mount: None,
                leases: Vec::new(),
                ..Case::held()
            },
            &[],
        ),
        ("it is somebody else's", Case { mount: None, ..Case::held() }, &[NotOurs]),
        ("somebody else has mounted it since", Case { stack: &[2], ..Case::held() }, &[NotOurs]),
        ("something covers it", Case { stack: &[1, 2], ..Case::held() }, &[Covered]),
        ("it is dead", Case { health: Health::Dead, ..Case::held() }, &[Dead]),
        ("it is hung", Case { health: hung(), ..Case::held() }, &[Hung]),
        ("it fails", Case { health: Health::Failing { errno: 5 }, ..Case::held() }, &[Failing]),
        (
            "something else is there",
            Case {
                health: Health::Foreign(virt_quobyte::health::Foreign::NotForOthers),
                ..Case::bare()
            },
            &[Foreign],
        ),
        (
            "its mount point is remote",
            Case { remote_parent: Some("nfs4".to_owned()), ..Case::bare() },
            &[RemoteParent],
        ),
        (
            "it was moved",
            Case { moved_to: Some("/mnt/gold".parse().expect("a path")), ..Case::held() },
            &[Moved],
        ),
        (
            "its client is old",
            Case { client: Some(client(Replaced::Yes)), ..Case::held() },
            &[ClientReplaced],
        ),
        (
            "its client is the one that is installed",
            Case { client: Some(client(Replaced::No)), ..Case::held() },
            &[],
        ),
        ("its client is of 1.x", Case { fstype: "fuse", ..Case::held() }, &[PlainFuse]),
        (
            "its client was of 1.x, and is dead",
            Case { fstype: "fuse", health: Health::Dead, ..Case::held() },
            &[Dead],
        ),
        (
            "it is seen by somebody who may not know its record",
            Case { seen: RecordSeen::Hidden, stack: &[1], health: Health::Healthy, ..Case::bare() },
            &[],
        ),
    ]
}

#[test]
fn each_thing_that_is_out_of_line_is_found_and_nothing_else() {
    let mut left: Vec<Kind> = Kind::ALL.to_vec();
    // These two are of shares that nothing could be seen of.
    left.retain(|kind| !matches!(kind, Kind::Unseen | Kind::UnreadableRecord));
    for (name, case, expected) in of_the_record().into_iter().chain(of_the_mount()) {
        let found = case.found();
        let kinds: Vec<Kind> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, expected, "{name}: {found:?}");
        for finding in found {
            let has_remedy = finding.remedy.is_some_and(|remedy| !remedy.is_empty());
            assert!(has_remedy || finding.kind == Kind::Mounting, "{name}");
        }
        left.retain(|kind| !kinds.contains(kind));
    }
    assert_eq!(left, [], "no row has these");
}

#[test]
fn faults_come_before_notes_and_a_dead_mount_is_mended_by_whoever_can() {
    let dead = |case: Case| {
        let found = Case { health: Health::Dead, ..case }.found();
        assert_eq!((found[0].kind, found[0].severity()), (Kind::Dead, Severity::Fault));
        assert!(found[1..].iter().all(|finding| finding.severity() == Severity::Note), "{found:?}");
        found[0].remedy.clone().expect("a remedy")
    };
    assert!(dead(Case::held()).ends_with("virt-quobyte recover --detach gold"));
    assert_eq!(dead(Case::idle()), RECOVER);
    assert!(dead(Case { mount: None, ..Case::held() }).contains("umount -l /srv/gold"));
    assert!(
        dead(Case { seen: RecordSeen::Hidden, stack: &[1], ..Case::bare() }).contains("as root")
    );
}
