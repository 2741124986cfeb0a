//! What is there that no plan touches: mounts that nobody recorded, and records that were put aside.

use anyhow::Result;
use virt_quobyte::config::Settings;
use virt_quobyte::escape::Escaped;
use virt_quobyte::host::mount_table;
use virt_quobyte::lease::StateDir;
use virt_quobyte::mounts::{MountEntry, MountTable};
use virt_quobyte::share::{ShareKey, ShareMode};

/// Quobyte mounts below the mount base that nobody speaks of.
pub(super) fn strangers(settings: &Settings, state: Option<&StateDir>) -> Result<Vec<String>> {
    let recorded = recorded(state)?;
    seen(|entry| {
        let path = String::from_utf8_lossy(&entry.mount_point);
        let is_known = settings.shares.iter().any(|share| share.mount_point.as_str() == path)
            || recorded.iter().any(|key| path.ends_with(key.as_str()));
        (!is_known && settings.mount_base.holds(&path)).then(|| {
            format!(
                "{} is a Quobyte mount below the mount base, of no share that is known: if nobody needs it, umount {0}",
                Escaped(&path)
            )
        })
    })
}

/// Mounts of managed shares that were made by somebody else.
pub(super) fn not_ours(settings: &Settings, state: Option<&StateDir>) -> Result<Vec<String>> {
    let recorded = recorded(state)?;
    seen(|entry| {
        let path = String::from_utf8_lossy(&entry.mount_point);
        let share = settings.shares.iter().find(|share| share.mount_point.as_str() == path)?;
        (share.mode == ShareMode::Managed && !recorded.contains(&share.key)).then(|| {
            format!(
                "{} is mounted on {path}, but not by us: it serves guests, and stays when they end",
                share.name
            )
        })
    })
}

/// Records that were put aside.
pub(super) fn set_aside(state: &StateDir) -> Result<Vec<String>> {
    let paths = state.set_aside()?.into_iter().map(|path| {
        format!(
            "{} is a record that could not be read, and was put aside; remove it when you have seen it",
            path.display()
        )
    });
    Ok(paths.collect())
}

fn recorded(state: Option<&StateDir>) -> Result<Vec<ShareKey>> {
    Ok(state.map(StateDir::recorded).transpose()?.unwrap_or_default())
}

/// What is to be said of each Quobyte mount.
fn seen(say: impl Fn(&MountEntry<'_>) -> Option<String>) -> Result<Vec<String>> {
    let text = mount_table::text()?;
    Ok(MountTable::parse(&text)?.quobyte().filter_map(say).collect())
}
