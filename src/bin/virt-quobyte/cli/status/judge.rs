//! What is out of line, from what was seen: no look at anything here, and no clock.

use std::time::Duration;

use virt_quobyte::config::Settings;
use virt_quobyte::health::{Foreign, Health};
use virt_quobyte::host::processes::clients::Replaced;
use virt_quobyte::lease::{Lease, MountRecord};
use virt_quobyte::plan::{Observed, OurMount, Standing};
use virt_quobyte::share::{MountPoint, ShareMode};

use super::ClientStatus;
use super::finding::{Finding, Kind, RECOVER};

/// A share as it was seen.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    /// Its mount and its record, where it is mounted.
    pub(super) observed: &'a Observed<'a>,
    /// Who mounts it; `None` if the configuration does not have it.
    pub(super) mode: Option<ShareMode>,
    /// Where the configuration has it, if that is elsewhere.
    pub(super) moved_to: Option<&'a MountPoint>,
    /// What is known of its record.
    pub(super) record: RecordSeen,
    /// The type that its mount shows.
    pub(super) fstype: Option<&'a str>,
    /// Its client, if one was found.
    pub(super) client: Option<&'a ClientStatus>,
    /// In seconds since 1970.
    pub(super) now: u64,
    pub(super) settings: &'a Settings,
}

/// What is known of a share's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordSeen {
    /// What it says, or that there is none.
    Known,
    /// It is of an earlier boot, so what it says is not true any more, and counts as nothing.
    Stale,
    /// Whoever looks may not read it.
    Hidden,
}

/// What is out of line, the worst first.
pub(super) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(configured(scene));
    findings.extend(mounted(scene));
    match scene.record {
        RecordSeen::Known => {
            findings.extend(recorded(scene));
            findings.extend(leased(scene));
        }
        RecordSeen::Stale => findings.push(finding(
            Kind::EarlierBoot,
            "its record is of an earlier boot, and the mount that it tells of went with that",
            RECOVER,
        )),
        RecordSeen::Hidden => {}
    }
    if let Some(client) = scene.client.filter(|client| client.replaced == Replaced::Yes) {
        findings.push(finding(
            Kind::ClientReplaced,
            format!(
                "its client (pid {}) runs a program that was replaced or removed since it was started",
                client.pid
            ),
            &format!("virt-quobyte renew {}", scene.observed.share.name),
        ));
    }
    // virFileIsSharedFsFUSE, libvirt 9.0 and 11.3: of FUSE's types only those of glusterfs and Quobyte are shared.
    if scene.fstype == Some("fuse") && scene.observed.health == Health::Healthy {
        findings.push(finding(
            Kind::PlainFuse,
            "its mount shows the type fuse, as clients of 1.x make it, which libvirt does not take for shared: a migration of its guests is refused as unsafe",
            "install a client of 2.x or later, and mount the share anew",
        ));
    }
    findings.sort_by_key(|finding| finding.severity() as u8);
    findings
}

/// What the configuration says against what is.
fn configured(scene: &Scene<'_>) -> Option<Finding> {
    let here = &scene.observed.share.mount_point;
    match (scene.mode, scene.moved_to) {
        (None, _) if scene.record == RecordSeen::Known => Some(finding(
            Kind::NotConfigured,
            "the configuration does not have it any more: whoever holds it keeps it, and it goes with the last of them",
            "put it back into the configuration if its guests are to start again",
        )),
        (_, Some(wanted)) => Some(finding(
            Kind::Moved,
            format!(
                "it is mounted on {here}, and the configuration says {wanted}: no guest starts on it"
            ),
            "stop its guests, or put mount_point back",
        )),
        _ => None,
    }
}

/// What its mount point is like.
fn mounted(scene: &Scene<'_>) -> Option<Finding> {
    let Observed { share, health, remote_parent, .. } = scene.observed;
    let (name, mount_point) = (&share.name, &share.mount_point);
    let is_held = !holders(scene).is_empty();
    let is_verified = scene.mode == Some(ShareMode::Verified);
    let (kind, remedy) = match health {
        Health::Healthy => return None,
        Health::Absent if is_held => (
            Kind::HeldNotMounted,
            if is_verified {
                "stop its guests and start them: they have lost their disks".to_owned()
            } else {
                format!(
                    "its guests have lost their disks; give them back: virt-quobyte recover --revive {name}"
                )
            },
        ),
        Health::Absent if is_verified => {
            (Kind::NotMounted, "start whatever mounts it, or set mode = \"managed\"".to_owned())
        }
        Health::Absent => {
            let fstype = remote_parent.as_ref().filter(|_| scene.mode.is_some())?;
            return Some(finding(
                Kind::RemoteParent,
                format!(
                    "its mount point lies on a file system of type {}, where nothing is mounted",
                    fstype.escape_debug()
                ),
                "choose a mount_point on a local file system",
            ));
        }
        Health::Dead => (Kind::Dead, dead(scene, is_held)),
        Health::Hung { .. } => (
            Kind::Hung,
            format!(
                "see to the client and its registries, or give it up: virt-quobyte recover --abort {name}"
            ),
        ),
        Health::Failing { .. } => {
            (Kind::Failing, "see to the client and its registries".to_owned())
        }
        Health::Foreign(Foreign::NotForOthers) => {
            (Kind::Foreign, format!("mount {mount_point} with allow_other"))
        }
        Health::Foreign(_) => {
            (Kind::Foreign, format!("umount {mount_point}, or give the share another mount_point"))
        }
    };
    Some(finding(kind, format!("its mount point {health}"), &remedy))
}

/// Who mends a dead mount: the next start if it may, else whoever can.
fn dead(scene: &Scene<'_>, is_held: bool) -> String {
    let Observed { share, .. } = scene.observed;
    let is_ours = matches!(scene.observed.our_mount(), OurMount::OnTop(_) | OurMount::ByAttempt(_));
    match scene.record {
        RecordSeen::Known if is_ours && is_held => format!(
            "give its guests their disks back: virt-quobyte recover --revive {name}; or take it away from under them: virt-quobyte recover --detach {name}",
            name = share.name
        ),
        RecordSeen::Known if is_ours => RECOVER.to_owned(),
        RecordSeen::Hidden => "virt-quobyte status, as root, says more".to_owned(),
        RecordSeen::Known | RecordSeen::Stale => {
            format!("whoever mounted it must: umount -l {}, and mount it again", share.mount_point)
        }
    }
}

/// What the record says of the mount.
fn recorded(scene: &Scene<'_>) -> Option<Finding> {
    let Observed { share, record, stack, health, .. } = scene.observed;
    let is_held = !holders(scene).is_empty();
    let is_quobyte = !matches!(health, Health::Absent | Health::Foreign(_));
    let attempt = match &record.mount {
        Some(MountRecord::Attempted { since, .. }) => {
            Some(Duration::from_secs(scene.now.saturating_sub(*since)))
        }
        Some(MountRecord::Made { .. }) | None => None,
    };
    match scene.observed.our_mount() {
        // It is noted before the client is started, and noted again when its mount was seen.
        _ if attempt.is_some_and(|age| age <= scene.settings.deadlines.hook) => Some(Finding {
            kind: Kind::Mounting,
            seen: "it is being mounted".to_owned(),
            remedy: None,
        }),
        OurMount::Gone | OurMount::ByAttempt(_) if attempt.is_some() => {
            Some(finding(Kind::AttemptCutOff, "an attempt to mount it was cut off", RECOVER))
        }
        OurMount::OnTop(_) if !is_held && !lingers(scene) => Some(finding(
            Kind::NobodyHolds,
            "it is mounted by us, and nobody holds it: it was in use when its last guest ended, or that end was cut off",
            RECOVER,
        )),
        OurMount::Gone if stack.is_empty() && !is_held => {
            Some(finding(Kind::MountGone, "the mount that we made of it is gone", RECOVER))
        }
        OurMount::Covered => Some(finding(
            Kind::Covered,
            "something else is mounted over the mount that we made, which cannot be taken down below it",
            &format!("umount {}, once for each mount above", share.mount_point),
        )),
        OurMount::None | OurMount::Gone if is_quobyte && scene.mode == Some(ShareMode::Managed) => {
            Some(finding(
                Kind::NotOurs,
                "it was not mounted by us: it serves guests, and stays when they end",
                "set mode = \"verified\" if that is to be so",
            ))
        }
        OurMount::OnTop(_) | OurMount::ByAttempt(_) | OurMount::Gone | OurMount::None => None,
    }
}

/// Whether it stays mounted for a while although nobody holds it.
fn lingers(scene: &Scene<'_>) -> bool {
    let idle = scene.observed.record.idle_since;
    idle.is_some_and(|since| {
        Duration::from_secs(scene.now.saturating_sub(since)) <= scene.settings.linger
    })
}

/// Leases that are not what they should be.
fn leased(scene: &Scene<'_>) -> Vec<Finding> {
    let all = scene.observed.record.leases.iter().zip(&scene.observed.standing);
    let found = all.filter_map(|(lease, standing)| match standing {
        Standing::Good => None,
        Standing::Orphaned => Some(finding(
            Kind::DaemonGone,
            format!("the daemon that started {lease} is gone, and the guest goes on"),
            "start libvirt's daemon: it takes its guests up again",
        )),
        Standing::Void => Some(finding(
            Kind::LeaseVoid,
            format!("the lease of {lease} is void: it does not run, and nobody starts it"),
            RECOVER,
        )),
    });
    found.collect()
}

/// The leases that count.
fn holders<'a>(scene: &'a Scene<'_>) -> Vec<&'a Lease> {
    let all = scene.observed.record.leases.iter().zip(&scene.observed.standing);
    all.filter(|(_, standing)| **standing != Standing::Void).map(|(lease, _)| lease).collect()
}

fn finding(kind: Kind, seen: impl Into<String>, remedy: &str) -> Finding {
    Finding { kind, seen: seen.into(), remedy: Some(remedy.to_owned()) }
}

#[cfg(test)]
mod tests;
