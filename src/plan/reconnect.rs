//! libvirt's daemon has come back and found a guest running.

use super::observed::OurMount;
use super::{Observed, Plan, Step};
use crate::lease::Lease;

/// What to do so that the records say again what is true. Nothing is mounted and nothing unmounted: the guest runs.
///
/// The lease is written anew in any case, because the daemon that will release it is another one now.
pub fn reconnect(observed: &Observed<'_>, lease: Lease) -> Plan {
    let mut steps = vec![Step::WriteLease(lease)];
    if let OurMount::ByAttempt(mount) = observed.our_mount() {
        steps.push(Step::AdoptMount(mount));
    }
    Plan { steps, kept: None }
}
