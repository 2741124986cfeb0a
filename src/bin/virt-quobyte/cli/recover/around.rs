//! What is there that no plan touches: mounts that nobody recorded, and records that were put aside.

use anyhow::Result;
use virt_quobyte::config::Settings;
use virt_quobyte::escape::Escaped;
use virt_quobyte::host::mount_table;
use virt_quobyte::lease::StateDir;
use virt_quobyte::mounts::MountTable;
use virt_quobyte::share::ShareMode;

pub(super) fn noticed(settings: &Settings, state: Option<&StateDir>) -> Result<Vec<String>> {
    let mut noticed = mounts(settings, state)?;
    for path in state.map(StateDir::set_aside).transpose()?.unwrap_or_default() {
        noticed.push(format!(
            "{} is a record that could not be read, and was put aside; remove it when you have seen it",
            path.display()
        ));
    }
    Ok(noticed)
}

fn mounts(settings: &Settings, state: Option<&StateDir>) -> Result<Vec<String>> {
    let text = mount_table::text()?;
    let table = MountTable::parse(&text)?;
    let recorded = match state {
        Some(state) => state.recorded()?,
        None => Vec::new(),
    };
    let mut noticed = Vec::new();
    for entry in table.quobyte() {
        let path = String::from_utf8_lossy(&entry.mount_point);
        let share = settings.shares.iter().find(|share| share.mount_point.as_str() == path);
        match share {
            Some(share) if share.mode == ShareMode::Managed && !recorded.contains(&share.key) => {
                noticed.push(format!(
                    "{} is mounted on {path}, but not by us: it serves guests, and stays when they end",
                    share.name
                ));
            }
            Some(_) => {}
            None if settings.mount_base.holds(&path)
                && !recorded.iter().any(|key| path.ends_with(key.as_str())) =>
            {
                noticed.push(format!(
                    "{} is a Quobyte mount below the mount base, of no share that is known: if nobody needs it, umount {0}",
                    Escaped(&path)
                ));
            }
            None => {}
        }
    }
    Ok(noticed)
}
