//! What a revival and a renewal show alike: a share, who uses it, and what is done with a guest of it.

use std::fmt::{Display, Write};

use super::page::FITS;

/// A share, and what is done about its mount.
pub(super) fn share(
    text: &mut String,
    name: &str,
    mount_point: &str,
    steps: &[String],
    done: &str,
) {
    writeln!(text, "{name} on {mount_point}").expect(FITS);
    self::steps(text, steps, done);
}

/// Who has files open on the mount that goes, and what that means for them.
pub(super) fn users(text: &mut String, users: &[String], meaning: &str) {
    for user in users {
        writeln!(text, "  used by {user}").expect(FITS);
    }
    writeln!(text, "{meaning}").expect(FITS);
}

/// A guest, its disks, and what is done with it.
pub(super) fn guest(
    text: &mut String,
    domain: &str,
    disks: impl Iterator<Item = impl Display>,
    steps: &[String],
    done: &str,
) {
    writeln!(text, "\n{domain}").expect(FITS);
    for disk in disks {
        writeln!(text, "  {disk}").expect(FITS);
    }
    self::steps(text, steps, done);
}

fn steps(text: &mut String, steps: &[String], done: &str) {
    for step in steps {
        writeln!(text, "  {done}{step}").expect(FITS);
    }
}
