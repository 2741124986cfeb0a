//! Puts a text in the place of a file, whole or not at all.
//!
//! What has the name afterwards has the mode and the owner of before. What would not survive that is refused: a symlink would
//! become a file, and a file with two names would become two files.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Replaces what a file has, if it still has `before`.
pub(super) fn replace(path: &Path, before: &[u8], after: &[u8]) -> Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        bail!("it is a symlink; name the file that it leads to");
    }
    if !found.is_file() {
        bail!("it is no regular file");
    }
    if found.nlink() > 1 {
        bail!("it has {} names, and would keep one; unlink it, or fix a copy", found.nlink());
    }
    // What was looked at above may be something else by now; what is opened stays the same.
    let no_wait = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(no_wait).open(path)?;
    let metadata = file.metadata()?;
    let mut now = Vec::with_capacity(before.len() + 1);
    file.take(before.len() as u64 + 1).read_to_end(&mut now)?;
    if now != before {
        bail!("it has changed since it was read; run this again");
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Hidden and not *.xml, so that neither libvirt nor this command takes it for a domain if the machine dies here.
    let mut beside = tempfile::Builder::new()
        .prefix(".virt-quobyte-")
        .tempfile_in(folder)
        .context("no file can be made beside it")?;
    write(beside.as_file_mut(), after, &metadata)?;
    beside.persist(path).map_err(|failed| failed.error)?;
    File::open(folder)?.sync_all().context("it is written, but its folder could not be synced")
}

fn write(file: &mut File, text: &[u8], like: &fs::Metadata) -> Result<()> {
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (like.uid(), like.gid()) {
        fchown(&*file, Some(like.uid()), Some(like.gid()))
            .context("its owner cannot be kept; run this as its owner or root")?;
    }
    // After the owner, whose change takes away the bits that a program runs by.
    file.set_permissions(Permissions::from_mode(like.mode() & 0o7777))?;
    file.write_all(text)?;
    Ok(file.sync_all()?)
}
