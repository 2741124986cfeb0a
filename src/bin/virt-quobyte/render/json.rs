//! For programs: JSON with a version; `schemas/COMMAND.v1.schema.json` says what is in it. Fields may be added under the same
//! version; none changes its meaning.

mod config;
mod holding;
mod install;
mod needs;
mod recover;

use serde::Serialize;

pub(super) use config::settings;
pub(super) use holding::{attach, detach, mount, umount};
pub(super) use install::{install, uninstall};
pub(super) use needs::needs;
pub(super) use recover::{force, recover};

pub(super) const VERSION: u32 = 1;

pub(super) fn to_text(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("it has no map and no float");
    text.push('\n');
    text
}

#[cfg(test)]
#[path = "../../../../tests/cli/schema.rs"]
pub(super) mod schema;

/// What needs a guest that runs, or a client that hangs, is held here against its schema; the rest where the command is run.
#[cfg(test)]
mod tests {
    use virt_quobyte::hold::Acquired;
    use virt_quobyte::plan::Force;

    use super::*;
    use crate::cli::{AttachReport, DetachReport, ForceReport, RecoverReport, RecoverShare};
    use crate::libvirt::Reach;

    const REACHES: [Reach; 3] = [Reach::Running, Reach::Both, Reach::Defined];

    #[test]
    fn a_disk_that_came_or_went_is_told_as_the_schemas_say() {
        for reach in REACHES {
            let report = AttachReport {
                domain: "web1".to_owned(),
                target: "vdb".to_owned(),
                image: "/srv/gold/data".to_owned(),
                reach,
                shares: vec![
                    ("gold".to_owned(), Acquired::Now),
                    ("iso".to_owned(), Acquired::Before),
                ],
            };
            schema::holds("attach", &attach(&report));
            let why = Some("held by domain web2".to_owned());
            let report = DetachReport {
                domain: "web1".to_owned(),
                target: "vdb".to_owned(),
                reach,
                shares: vec![("gold".to_owned(), None), ("iso".to_owned(), why)],
            };
            schema::holds("detach", &detach(&report));
        }
    }

    #[test]
    fn what_recover_found_and_did_is_told_as_the_schemas_say() {
        let well = || RecoverShare {
            name: "gold".to_owned(),
            mount_point: Some("/srv/gold".to_owned()),
            steps: vec!["unmount".to_owned()],
            kept: Some("not mounted by us".to_owned()),
            fault: Some("it is hung".to_owned()),
            failure: None,
        };
        let failure = Some("its record cannot be read".to_owned());
        let lost = || RecoverShare {
            mount_point: None,
            kept: None,
            fault: None,
            failure: failure.clone(),
            ..well()
        };
        for (applied, without_libvirt) in [(false, None), (true, Some("no libvirtd".to_owned()))] {
            let shares = vec![well(), lost()];
            let noticed = vec!["a record was put aside".to_owned()];
            let report = RecoverReport { applied, without_libvirt, shares, noticed };
            schema::holds("recover", &recover(&report));
        }
        for (wanted, applied) in [(Force::Abort, false), (Force::Detach, true)] {
            let report = ForceReport {
                force: wanted,
                share: "gold".to_owned(),
                mount_point: "/srv/gold".to_owned(),
                holders: vec!["domain web1".to_owned()],
                users: vec!["sleep (pid 7)".to_owned()],
                applied,
            };
            schema::holds("recover-force", &force(&report));
        }
    }
}
