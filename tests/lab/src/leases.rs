//! What the product's state directory says about a guest, seen from outside: which of its files
//! name the guest by its UUID. Knows no format, so it cannot agree with a mistake in one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::guest::Guest;
use crate::host::Host;

pub(crate) const STATE: &str = "/run/virt-quobyte";

/// Insists that the state directory holds something of the guest.
pub(crate) fn name(host: &Host, guest: &Guest) -> Result<()> {
    ensure!(
        !of(host, guest)?.is_empty(),
        "nothing in {STATE} names the running guest {}",
        guest.name()
    );
    Ok(())
}

/// Insists that it holds nothing of the guest.
pub(crate) fn forgot(host: &Host, guest: &Guest) -> Result<()> {
    let left = of(host, guest)?;
    ensure!(
        left.is_empty(),
        "guest {} ({}) is still named by {left:?}",
        guest.name(),
        guest.uuid()
    );
    Ok(())
}

fn of(host: &Host, guest: &Guest) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    search(&host.outside(STATE), guest.uuid(), &mut found).with_context(|| STATE.to_owned())?;
    Ok(found)
}

fn search(dir: &Path, uuid: &str, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            search(&path, uuid, found)?;
        } else if entry.file_name().to_string_lossy().contains(uuid)
            || fs::read(&path).is_ok_and(|content| String::from_utf8_lossy(&content).contains(uuid))
        {
            found.push(path);
        }
    }
    Ok(())
}
