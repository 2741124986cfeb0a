//! Who gives an image to QEMU's user: libvirt at each start, or somebody once.

use std::io;

use super::super::check::Check;
use super::qemu_conf::{Value, value};

const SUBJECT: &str = "image ownership";

/// From libvirt's `qemu.conf`, or what kept it from being read; `None` if there is none, so that libvirt's defaults hold.
pub(in super::super) fn ownership(qemu_conf: &io::Result<Option<String>>) -> Check {
    let text = match qemu_conf {
        Ok(text) => text.as_deref().unwrap_or_default(),
        Err(error) => return Check::cannot_tell(SUBJECT, format_args!("qemu.conf: {error}")),
    };
    match value(text, "dynamic_ownership") {
        None | Some(Value::Number("1")) => {
            Check::good(SUBJECT, "libvirt gives an image to QEMU's user when its guest starts")
        }
        Some(_) => Check::worth_knowing(
            SUBJECT,
            "dynamic_ownership is off in qemu.conf: every image must belong to QEMU's user beforehand, on each volume",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::check::Verdict::{CannotTell, Good, WorthKnowing};
    use super::*;

    #[test]
    fn images_are_given_to_qemus_user_unless_that_is_switched_off() {
        let of = |text: &str| ownership(&Ok(Some(text.to_owned()))).verdict;
        assert_eq!(of("#dynamic_ownership = 0\n"), Good);
        assert_eq!(of("dynamic_ownership = 1\n"), Good);
        assert_eq!(of("dynamic_ownership = 0\n"), WorthKnowing);
        assert_eq!(ownership(&Ok(None)).verdict, Good);
        let refused = ownership(&Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(refused.verdict, CannotTell);
    }
}
