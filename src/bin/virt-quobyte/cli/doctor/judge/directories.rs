//! The mount base, the mount points and the state directory: the ways to them are root's alone.

use std::io::ErrorKind;

use virt_quobyte::host::trusted_path::UntrustedPath;
use virt_quobyte::share::MountPoint;

use super::super::check::{Check, word};

const BASE: &str = "mount base";
const MOUNT_POINTS: &str = "mount points";
const STATE: &str = "state directory";

/// How a walk to a directory ended: its mode, if it is there.
pub(in super::super) type Walked = Result<u32, UntrustedPath>;

pub(in super::super) fn mount_base(path: &MountPoint, walked: &Walked) -> Check {
    match walked {
        Ok(_) => Check::good(BASE, format_args!("{path} is root's, and so is the way to it")),
        Err(UntrustedPath::Missing { .. }) => {
            Check::good(BASE, format_args!("{path} is not there yet; the first mount makes it"))
        }
        Err(error) => unwell(BASE, error),
    }
}

/// The directories that the shares' own mount points lie in.
pub(in super::super) fn mount_points(walked: &[(MountPoint, Walked)]) -> Option<Check> {
    let unwell_ones = walked.iter().filter_map(|(_, walked)| match walked {
        Ok(_) | Err(UntrustedPath::Missing { .. }) => None,
        Err(error) => Some(unwell(MOUNT_POINTS, error)),
    });
    let mut unwell_ones: Vec<Check> = unwell_ones.collect();
    // The rest is seen when this one is put right.
    let first = unwell_ones.drain(..).next();
    let all = walked.len();
    first.or_else(|| {
        (all > 0).then(|| Check::good(MOUNT_POINTS, "the ways to them are root's alone"))
    })
}

pub(in super::super) fn state(path: &MountPoint, walked: &Walked, on: Option<&str>) -> Check {
    let mode = match walked {
        Ok(mode) => mode & 0o7777,
        Err(UntrustedPath::Missing { .. }) => {
            return Check::good(
                STATE,
                format_args!("{path} is not there yet; the first guest's start makes it"),
            );
        }
        Err(error) => return unwell(STATE, error),
    };
    if mode & 0o077 != 0 {
        return Check::bad(
            STATE,
            format_args!("{path} has mode {mode:04o}, and is for root alone"),
            format_args!("chmod 0700 {}", word(path.as_str())),
        );
    }
    match on {
        Some("tmpfs" | "ramfs") => Check::good(
            STATE,
            format_args!("{path} is root's alone, and goes with the mounts at a reboot"),
        ),
        on => Check::worth_knowing(
            STATE,
            format_args!(
                "{path} lies on {}: what it says outlives a reboot, and the mounts do not",
                on.unwrap_or("a file system that is not seen")
            ),
        )
        .with("set state_dir to a directory below /run, while no guest runs"),
    }
}

fn unwell(subject: &'static str, error: &UntrustedPath) -> Check {
    let path = |path: &std::path::Path| word(&path.to_string_lossy());
    let remedy = match error {
        UntrustedPath::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            return Check::cannot_tell(subject, error);
        }
        UntrustedPath::Owner { path: at, .. } => format!("chown root: {}", path(at)),
        UntrustedPath::Writable { path: at, .. } => format!("chmod go-w {}", path(at)),
        UntrustedPath::Missing { path: at } => format!("mkdir {}", path(at)),
        UntrustedPath::Symlink { .. }
        | UntrustedPath::NotADirectory { .. }
        | UntrustedPath::Remote { .. }
        | UntrustedPath::Io { .. } => {
            "name another directory in the configuration, and see virt-quobyte config check".into()
        }
    };
    Check::bad(subject, error, remedy)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::super::check::Verdict::{self, Bad, CannotTell, Good, WorthKnowing};
    use super::*;

    fn path(text: &str) -> MountPoint {
        text.parse().expect("a good path")
    }

    fn refused(kind: ErrorKind) -> UntrustedPath {
        UntrustedPath::Io { what: "open", path: "/d".into(), source: io::Error::from(kind) }
    }

    type Row = (Walked, Verdict, Option<&'static str>);

    fn rows() -> Vec<Row> {
        let at = || "/d/a b".into();
        vec![
            (Ok(0o040_700), Good, None),
            (Err(UntrustedPath::Missing { path: at() }), Good, None),
            (Err(UntrustedPath::Owner { path: at(), uid: 7 }), Bad, Some("chown root: '/d/a b'")),
            (
                Err(UntrustedPath::Writable { path: at(), mode: 0o777 }),
                Bad,
                Some("chmod go-w '/d/a b'"),
            ),
            (Err(refused(ErrorKind::PermissionDenied)), CannotTell, None),
        ]
    }

    #[test]
    fn a_directory_that_others_can_change_is_bad_and_one_that_is_not_there_yet_is_not() {
        for (walked, verdict, remedy) in rows() {
            for check in
                [mount_base(&path("/d"), &walked), state(&path("/d"), &walked, Some("tmpfs"))]
            {
                assert_eq!(
                    (check.verdict, check.remedy.as_deref()),
                    (verdict, remedy),
                    "{walked:?}"
                );
            }
            let both = [(path("/e"), Ok(0o755)), (path("/d"), walked)];
            let check = mount_points(&both).expect("there are some");
            assert_eq!((check.verdict, check.remedy.as_deref()), (verdict, remedy), "{both:?}");
        }
        assert_eq!(mount_points(&[]), None);
    }

    #[test]
    fn state_is_for_root_and_goes_with_a_reboot() {
        for (mode, on, verdict) in [
            (0o700, Some("tmpfs"), Good),
            (0o750, Some("tmpfs"), Bad),
            (0o700, Some("ext4"), WorthKnowing),
            (0o700, None, WorthKnowing),
        ] {
            assert_eq!(state(&path("/s"), &Ok(mode), on).verdict, verdict, "{mode:o} {on:?}");
        }
    }
}
