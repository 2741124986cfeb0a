//! Whether the guests of a share that is lost can be given their disks back, as far as libvirt's status files show. Nobody is asked,
//! and nothing is waited for.

use std::collections::BTreeMap;

use virt_quobyte::domain::{self, DomainUuid};
use virt_quobyte::health::Health;
use virt_quobyte::lease::{Holder, Lease};
use virt_quobyte::plan::{Observed, Standing};
use virt_quobyte::revive::{self, Outlook};
use virt_quobyte::share::MountPoint;
use virt_quobyte::xml::Tree;

use crate::cli::status_files;

/// What is to be expected of a guest's revival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// This, by its XML.
    Foreseen(Outlook),
    /// Its XML was not found.
    Unknown,
}

/// The XML of the guests that run.
#[derive(Debug, Default)]
pub(super) struct Guests(BTreeMap<DomainUuid, Vec<u8>>);

/// Whether guests of a share have lost their disks: what they have open does not come back by itself.
pub(super) fn is_lost(observed: &Observed<'_>) -> bool {
    match observed.health {
        Health::Dead | Health::Absent => !observed.record.leases.is_empty(),
        Health::Healthy | Health::Hung { .. } | Health::Failing { .. } | Health::Foreign(_) => {
            false
        }
    }
}

impl Guests {
    /// Those whose status files libvirt has left.
    pub(super) fn left() -> Self {
        Self::of(status_files::domains())
    }

    fn of(documents: Vec<Vec<u8>>) -> Self {
        let with_uuid = documents.into_iter().filter_map(|document| {
            let uuid = domain::read(&document).ok()?.uuid?.value;
            Some((uuid, document))
        });
        Self(with_uuid.collect())
    }

    /// What is to be expected of a holder; nothing of what is no guest, or does not run.
    pub(super) fn prospect(
        &self,
        mount_point: &MountPoint,
        lease: &Lease,
        standing: Standing,
    ) -> Option<Prospect> {
        let Holder::Domain(uuid) = &lease.holder else { return None };
        if standing == Standing::Void {
            return None;
        }
        let tree = self.0.get(uuid).and_then(|document| Tree::read(document).ok());
        let outlook = tree.map(|tree| revive::outlook(mount_point, &tree));
        Some(outlook.map_or(Prospect::Unknown, Prospect::Foreseen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";

    fn lease(holder: Holder) -> Lease {
        Lease { holder, domain_name: None, since: 0, daemon: None }
    }

    #[test]
    fn a_guest_that_runs_is_judged_by_its_xml_and_what_is_none_is_not_judged() {
        let document = format!(
            "<domain><name>web1</name><uuid>{UUID}</uuid><devices><disk type='file'><source file='/srv/gold/a'/>\
             <target dev='vda' bus='virtio'/></disk></devices></domain>"
        );
        let guests = Guests::of(vec![document.into_bytes(), b"<domain/>".to_vec()]);
        let gold = "/srv/gold".parse().expect("a good path");
        let web1 = lease(Holder::Domain(UUID.parse().expect("a UUID")));
        let other = UUID.replace('4', "5").parse().expect("a UUID");
        let told = |prospect: Option<Prospect>| match prospect {
            None => "nothing".to_owned(),
            Some(Prospect::Unknown) => "unknown".to_owned(),
            Some(Prospect::Foreseen(outlook)) => {
                let [disks, obstacles] = [outlook.disks.len(), outlook.obstacles.len()];
                format!("{disks} disks, {obstacles} obstacles")
            }
        };
        for (case, lease, standing, expected) in [
            ("it runs", &web1, Standing::Good, "1 disks, 1 obstacles"),
            ("its daemon is gone", &web1, Standing::Orphaned, "1 disks, 1 obstacles"),
            ("it does not run", &web1, Standing::Void, "nothing"),
            ("it has no file", &lease(Holder::Domain(other)), Standing::Good, "unknown"),
            ("no guest", &lease(Holder::Administrator), Standing::Good, "nothing"),
        ] {
            assert_eq!(told(guests.prospect(&gold, lease, standing)), expected, "{case}");
        }
    }
}
