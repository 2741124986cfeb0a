//! `AppArmor` and `SELinux`: whether they let libvirt run the hook, and guests use a FUSE mount.

use std::io;
use std::path::Path;

use virt_quobyte::escape::Escaped;
use virt_quobyte::host::confinement::Selinux;

use super::super::check::Check;

const APPARMOR: &str = "AppArmor";
const SELINUX: &str = "SELinux";
const FUSEFS: &str = "SELinux virt_use_fusefs";
const HOOKS: &str = "SELinux virt_hooks_unconfined";
const LABELS: &str = "SELinux labels";

/// Below these the profile of libvirt's daemon runs a program outside of itself; what it runs elsewhere it confines or refuses.
const RUN_FREELY: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What `AppArmor` makes of libvirt's daemon.
#[derive(Debug)]
pub(in super::super) enum Apparmor {
    Off,
    /// No daemon runs that could be looked at.
    NoDaemon,
    /// The daemon's label.
    Label(io::Result<String>),
}

pub(in super::super) fn apparmor(seen: &Apparmor, hook: Option<&Path>) -> Check {
    let label = match seen {
        Apparmor::Off => return Check::good(APPARMOR, "it is off"),
        Apparmor::NoDaemon => {
            return Check::cannot_tell(
                APPARMOR,
                "it is on, and no daemon of libvirt runs to look at",
            );
        }
        Apparmor::Label(Err(error)) => {
            return Check::cannot_tell(APPARMOR, format_args!("libvirt's daemon: {error}"));
        }
        Apparmor::Label(Ok(label)) => label,
    };
    let profile = match label.strip_suffix(" (enforce)") {
        Some(profile) => Escaped(profile),
        None => {
            return Check::good(
                APPARMOR,
                format_args!("libvirt's daemon is not held back by it: {}", Escaped(label)),
            );
        }
    };
    match hook {
        Some(hook) if hook.parent().is_none_or(|at| RUN_FREELY.iter().all(|&free| at != Path::new(free))) => {
            Check::bad(
                APPARMOR,
                format_args!(
                    "libvirt's daemon is confined by {profile}, which does not let it run {}",
                    Escaped(&hook.to_string_lossy())
                ),
                "move the hook to /usr/sbin, then: virt-quobyte install",
            )
        }
        _ => Check::worth_knowing(
            APPARMOR,
            format_args!(
                "libvirt's daemon is confined by {profile}; as Debian and Ubuntu ship it, it lets hooks in /usr/sbin go free"
            ),
        )
        .with("if a start fails with 'Permission denied': journalctl -k --grep apparmor"),
    }
}

/// What `SELinux` says.
#[derive(Debug)]
pub(in super::super) struct SelinuxSeen {
    pub(in super::super) mode: io::Result<Selinux>,
    pub(in super::super) use_fusefs: io::Result<Option<bool>>,
    pub(in super::super) hooks_unconfined: io::Result<Option<bool>>,
    /// What restorecon would change; `None` if it cannot be asked.
    pub(in super::super) wrong_labels: Option<String>,
}

pub(in super::super) fn selinux(seen: &SelinuxSeen) -> Vec<Check> {
    match &seen.mode {
        Err(error) => vec![Check::cannot_tell(SELINUX, error)],
        Ok(Selinux::Off) => vec![Check::good(SELINUX, "it is off")],
        Ok(Selinux::Permissive) => {
            vec![Check::worth_knowing(
                SELINUX,
                "it only reports: the booleans count when it enforces",
            )]
        }
        Ok(Selinux::Enforcing) => vec![
            Check::good(SELINUX, "it enforces"),
            use_fusefs(&seen.use_fusefs),
            hooks_unconfined(&seen.hooks_unconfined),
            labels(seen.wrong_labels.as_deref()),
        ],
    }
}

fn use_fusefs(boolean: &io::Result<Option<bool>>) -> Check {
    match boolean {
        Ok(Some(true)) => Check::good(FUSEFS, "on: guests may use FUSE mounts"),
        Ok(Some(false)) => Check::bad(
            FUSEFS,
            "off: no guest may open an image on a FUSE mount",
            "setsebool -P virt_use_fusefs on",
        ),
        Ok(None) => Check::cannot_tell(FUSEFS, "the policy has no such boolean"),
        Err(error) => Check::cannot_tell(FUSEFS, error),
    }
}

/// The boolean is of 2024, and what it does without virtqemud's domain being in the policy is not established.
fn hooks_unconfined(boolean: &io::Result<Option<bool>>) -> Check {
    match boolean {
        Ok(Some(true)) => Check::good(HOOKS, "on: hooks run unconfined"),
        Ok(Some(false)) => Check::worth_knowing(
            HOOKS,
            "off: a confined virtqemud may be kept from running hooks; libvirtd is not confined by most policies",
        )
        .with("setsebool -P virt_hooks_unconfined on"),
        Ok(None) => Check::worth_knowing(
            HOOKS,
            "the policy has no such boolean; whether virtqemud may run hooks shows at the first start",
        )
        .with("ausearch -m avc -ts recent"),
        Err(error) => Check::cannot_tell(HOOKS, error),
    }
}

fn labels(wrong: Option<&str>) -> Check {
    let restore = "restorecon -R -v /etc/libvirt/hooks /usr/sbin/virt-quobyte-hook";
    match wrong {
        Some("") => Check::good(LABELS, "hooks and hook have those of the policy"),
        Some(wrong) => Check::bad(LABELS, format_args!("restorecon says: {wrong}"), restore),
        None => Check::cannot_tell(LABELS, "restorecon does not say").with(restore),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::check::Verdict::{self, Bad, CannotTell, Good, WorthKnowing};
    use super::*;

    #[test]
    fn a_confined_daemon_runs_hooks_in_system_directories_only() {
        let label = |text: &str| Apparmor::Label(Ok(text.to_owned()));
        let sbin = Some(Path::new("/usr/sbin/virt-quobyte-hook"));
        let local = Some(Path::new("/usr/local/sbin/virt-quobyte-hook"));
        let denied = Apparmor::Label(Err(io::ErrorKind::PermissionDenied.into()));
        for (seen, hook, verdict) in [
            (Apparmor::Off, local, Good),
            (Apparmor::NoDaemon, sbin, CannotTell),
            (denied, sbin, CannotTell),
            (label("unconfined"), local, Good),
            (label("libvirtd (complain)"), local, Good),
            (label("libvirtd (enforce)"), sbin, WorthKnowing),
            (label("libvirtd (enforce)"), None, WorthKnowing),
            (label("/usr/sbin/libvirtd (enforce)"), local, Bad),
        ] {
            assert_eq!(apparmor(&seen, hook).verdict, verdict, "{seen:?} {hook:?}");
        }
    }

    #[test]
    fn selinux_is_judged_where_it_enforces() {
        let seen = |mode, fusefs, hooks, wrong: Option<&str>| SelinuxSeen {
            mode: Ok(mode),
            use_fusefs: Ok(fusefs),
            hooks_unconfined: Ok(hooks),
            wrong_labels: wrong.map(str::to_owned),
        };
        let (on, off) = (Some(true), Some(false));
        let table: &[(SelinuxSeen, &[Verdict])] = &[
            (seen(Selinux::Off, off, off, None), &[Good]),
            (seen(Selinux::Permissive, off, off, None), &[WorthKnowing]),
            (seen(Selinux::Enforcing, on, on, Some("")), &[Good, Good, Good, Good]),
            (seen(Selinux::Enforcing, off, off, Some("x")), &[Good, Bad, WorthKnowing, Bad]),
            (
                seen(Selinux::Enforcing, None, None, None),
                &[Good, CannotTell, WorthKnowing, CannotTell],
            ),
        ];
        for (seen, verdicts) in table {
            let said: Vec<_> = selinux(seen).iter().map(|check| check.verdict).collect();
            assert_eq!(said, *verdicts, "{seen:?}");
        }
        let fusefs = selinux(&table[3].0).remove(1);
        assert_eq!(fusefs.remedy.as_deref(), Some("setsebool -P virt_use_fusefs on"));
    }
}
