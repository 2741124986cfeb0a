//! What keeps two guests, on one host or on two, from writing to one image.
//!
//! QEMU locks an image itself, which holds on one host. Whether Quobyte's client forwards locks between hosts is not established,
//! so between hosts only a lock manager of libvirt's that does not lean on the image's own file system is known to do.

use std::io;

use super::super::check::Check;
use super::qemu_conf::{Value, value};

const SUBJECT: &str = "image locks";

/// What was found of libvirt's lock managers.
#[derive(Debug)]
pub(in super::super) struct Locks {
    /// libvirt's `qemu.conf`; `None` if there is none.
    pub(in super::super) qemu_conf: io::Result<Option<String>>,
    /// libvirt's `qemu-lockd.conf`, likewise.
    pub(in super::super) lockd_conf: io::Result<Option<String>>,
    /// Whether virtlockd runs or is started when it is needed, if systemd says.
    pub(in super::super) virtlockd: Option<bool>,
}

const TWO_HOSTS: &str = "whether Quobyte's client forwards these between hosts is not established";

pub(in super::super) fn locks(found: &Locks) -> Check {
    let text = match &found.qemu_conf {
        Ok(text) => text.as_deref().unwrap_or_default(),
        Err(error) => return Check::cannot_tell(SUBJECT, format_args!("qemu.conf: {error}")),
    };
    match value(text, "lock_manager") {
        Some(Value::Text("lockd")) => lockd(found),
        Some(Value::Text("sanlock")) => {
            Check::good(SUBJECT, "sanlock, which also holds between hosts that share its leases")
        }
        None | Some(Value::Text("nop")) => Check::worth_knowing(
            SUBJECT,
            format_args!("only QEMU's own: two guests of this host cannot write to one image; {TWO_HOSTS}"),
        )
        .with("set lock_manager = \"lockd\" in /etc/libvirt/qemu.conf, with a file_lockspace_dir in qemu-lockd.conf, and reload libvirt when no guest runs"),
        Some(_) => Check::worth_knowing(
            SUBJECT,
            "qemu.conf names a lock manager that is none of libvirt's: nop, lockd, sanlock",
        ),
    }
}

fn lockd(found: &Locks) -> Check {
    if found.virtlockd == Some(false) {
        return Check::bad(
            SUBJECT,
            "lock_manager is \"lockd\", and virtlockd does not run, so no guest starts",
            "systemctl enable --now virtlockd.socket",
        );
    }
    let text = match &found.lockd_conf {
        Ok(text) => text.as_deref().unwrap_or_default(),
        Err(error) => return Check::cannot_tell(SUBJECT, format_args!("qemu-lockd.conf: {error}")),
    };
    match value(text, "file_lockspace_dir") {
        Some(Value::Text(directory)) => Check::good(
            SUBJECT,
            format_args!(
                "virtlockd, on files in {}: that must be one directory for all hosts, on a file system with locks between hosts",
                virt_quobyte::escape::Escaped(directory)
            ),
        ),
        _ => Check::worth_knowing(
            SUBJECT,
            format_args!("virtlockd, by locks on the images themselves; {TWO_HOSTS}"),
        )
        .with("set file_lockspace_dir in /etc/libvirt/qemu-lockd.conf to a directory that all hosts share"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::check::Verdict::{self, Bad, CannotTell, Good, WorthKnowing};
    use super::*;

    #[test]
    fn what_protects_an_image_between_hosts_is_said() {
        let space = "file_lockspace_dir = \"/srv/locks\"";
        let table: &[(&str, &str, Option<bool>, Verdict, &str)] = &[
            ("", "", Some(true), WorthKnowing, "only QEMU's own"),
            ("lock_manager = \"nop\"", "", None, WorthKnowing, "only QEMU's own"),
            ("lock_manager = \"lockd\"", "", Some(true), WorthKnowing, "on the images themselves"),
            ("lock_manager = \"lockd\"", "", None, WorthKnowing, "on the images themselves"),
            ("lock_manager = \"lockd\"", space, Some(true), Good, "on files in /srv/locks"),
            ("lock_manager = \"lockd\"", space, Some(false), Bad, "virtlockd does not run"),
            ("lock_manager = \"sanlock\"", "", Some(false), Good, "sanlock"),
            ("lock_manager = \"lock\"", "", None, WorthKnowing, "none of libvirt's"),
        ];
        for (qemu_conf, lockd_conf, virtlockd, verdict, said) in table {
            let check = locks(&Locks {
                qemu_conf: Ok(Some((*qemu_conf).to_owned())),
                lockd_conf: Ok(Some((*lockd_conf).to_owned())),
                virtlockd: *virtlockd,
            });
            assert_eq!(check.verdict, *verdict, "{qemu_conf} {lockd_conf}");
            assert!(check.seen.contains(said), "{check:?}");
        }
    }

    #[test]
    fn a_file_that_only_root_may_read_is_not_judged() {
        let denied = || Err(io::ErrorKind::PermissionDenied.into());
        let lockd = || Ok(Some("lock_manager = 'lockd'".to_owned()));
        for (qemu_conf, lockd_conf) in [(denied(), Ok(None)), (lockd(), denied())] {
            let check = locks(&Locks { qemu_conf, lockd_conf, virtlockd: Some(true) });
            assert_eq!(check.verdict, CannotTell);
        }
    }
}
