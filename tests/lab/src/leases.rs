//! What the product's state directory says about a guest, seen from outside: which of its files
//! name the guest by its UUID. Knows no format, so it cannot agree with a mistake in one.

use std::collections::BTreeSet;
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

/// Insists that something of the guest says that this process had it made.
pub(crate) fn made_under(host: &Host, guest: &Guest, daemon: &str) -> Result<()> {
    let files = of(host, guest)?;
    let wanted = format!("\"pid\":{daemon},");
    let says = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.split_whitespace().collect::<String>().contains(&wanted)
    };
    ensure!(files.iter().any(says), "none of {files:?} names the daemon {daemon}");
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

/// The UUIDs that its files name: of all guests that hold anything. This boot has one too.
pub(crate) fn holders(host: &Host) -> Result<BTreeSet<String>> {
    let mut found = Vec::new();
    search(&host.outside(STATE), "", &mut found).with_context(|| STATE.to_owned())?;
    let boot = host.read_text("/proc/sys/kernel/random/boot_id")?;
    let mut uuids = BTreeSet::new();
    for file in found {
        // What goes away meanwhile is not there.
        let text = fs::read(&file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
        uuids.extend(words.filter(|word| is_uuid(word) && *word != boot.trim()).map(str::to_owned));
    }
    Ok(uuids)
}

fn is_uuid(word: &str) -> bool {
    word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
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
