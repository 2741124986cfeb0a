//! Which guests run on this host, and what they need: asked of libvirt, or read from what a libvirt that is down has left.

use std::collections::BTreeSet;
use std::time::Duration;

use virt_quobyte::domain::{self, Domain, DomainUuid};
use virt_quobyte::host::clock;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::processes::{self, Qemu};
use virt_quobyte::lease::{Holder, Lease};
use virt_quobyte::observe::Running;

use crate::cli::status_files;
use crate::libvirt;

/// How long the host's processes are looked at for their QEMUs.
const QEMUS: Duration = Duration::from_secs(5);

/// The guests of this host.
#[derive(Debug)]
pub(super) struct Guests {
    pub(super) running: Vec<Guest>,
    /// What libvirt said, if it was asked: only then is a guest that is not named one that does not run.
    pub(super) known: Option<Running>,
    pub(super) without_libvirt: Option<String>,
}

/// A guest that runs.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) uuid: DomainUuid,
    pub(super) domain: Domain,
}

impl Guest {
    /// The lease that it should have. Which daemon it runs under is told by the next `reconnect`; until then nobody but the
    /// guest's own end drops it.
    pub(super) fn lease(&self) -> Lease {
        Lease {
            holder: Holder::Domain(self.uuid),
            domain_name: Some(self.domain.name.value.as_str().to_owned()),
            since: clock::now(),
            daemon: None,
        }
    }
}

pub(super) fn of(uri: &str) -> Guests {
    let asked = clock::now();
    match libvirt::running_domains(uri) {
        Ok(documents) => {
            let running: Vec<Guest> =
                documents.iter().filter_map(|xml| guest(xml.as_bytes())).collect();
            let domains: BTreeSet<DomainUuid> = running.iter().map(|guest| guest.uuid).collect();
            // One that cannot be read runs all the same: then nothing follows from a guest that is not named.
            let known = (running.len() == documents.len()).then_some(Running { asked, domains });
            Guests { running, known, without_libvirt: None }
        }
        Err(error) => {
            Guests { running: left(), known: None, without_libvirt: Some(format!("{error:#}")) }
        }
    }
}

/// The guests whose documents are there and whose QEMU lives.
fn left() -> Vec<Guest> {
    let guests: Vec<Guest> =
        status_files::domains().iter().filter_map(|domain| guest(domain)).collect();
    let uuids: Vec<String> = guests.iter().map(|guest| guest.uuid.to_string()).collect();
    let qemus = processes::of_domains(&uuids, Deadline::after(QEMUS)).unwrap_or_default();
    let unknown = std::iter::repeat(Qemu::Unknown);
    let beside = guests.into_iter().zip(qemus.into_iter().chain(unknown));
    beside.filter(|(_, qemu)| *qemu != Qemu::None).map(|(guest, _)| guest).collect()
}

fn guest(document: &[u8]) -> Option<Guest> {
    let domain = domain::read(document).ok()?;
    Some(Guest { uuid: domain.uuid.as_ref()?.value, domain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_gives_the_guest_and_the_lease_that_it_should_have() {
        let document = b"<domain type='kvm' id='3'><name>web1</name><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>\
            <devices><disk type='file'><source file='/srv/gold/a.img'/></disk></devices></domain>";
        let guest = guest(document).expect("a guest");
        assert_eq!(guest.lease().to_string(), "domain web1 (4dea22b3-1d52-d8f3-2516-782e98ab3fa0)");
        assert_eq!(guest.domain.paths.len(), 1);
        assert!(super::guest(b"<domain><name>web1</name></domain>").is_none());
    }
}
