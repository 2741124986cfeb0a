//! Sees what a plan needs to know of a share: its mounts, their health, and what its leases are worth.

use std::io;

use crate::domain::DomainUuid;
use crate::health::Health;
use crate::host::deadline::Deadline;
use crate::host::probe::{self, ProbeError};
use crate::host::{mount_table, process};
use crate::lease::{Daemon, Holder, Lease, ShareRecord};
use crate::mounts::{MountId, MountTable, UnreadableLine};
use crate::plan::{Observed, Standing};
use crate::share::Share;

/// Whether to ask the client for its health. It costs a process, and up to the probe's deadline.
#[derive(Debug, Clone, Copy)]
pub enum AskClient {
    /// Yes, until then.
    Until(Deadline),
    /// No: the answer would not change the plan. A Quobyte mount is then taken for healthy.
    No,
}

/// Something that cannot be seen, so that nothing can be decided.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The mount table cannot be read.
    #[error("cannot read the mount table /proc/self/mountinfo: {0}")]
    MountTable(#[from] io::Error),
    /// The mount table has another form than it should.
    #[error("/proc/self/mountinfo: {0}")]
    Form(#[from] UnreadableLine),
    /// The client could not be asked.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

/// Looks at a share. `let_go` are the domains that have left word that they hold it no more.
pub fn observe<'a>(
    share: &'a Share,
    record: &'a ShareRecord,
    let_go: &[DomainUuid],
    ask: AskClient,
) -> Result<Observed<'a>, ObserveError> {
    let text = mount_table::text()?;
    let table = MountTable::parse(&text)?;
    let entries = table.at(&share.mount_point);
    let mut stack: Vec<MountId> = entries.iter().map(|entry| MountId::of(entry, None)).collect();
    let health = match Health::without_probe(entries.last().copied(), &share.export) {
        Some(health) => health,
        None => match ask {
            AskClient::No => Health::Healthy,
            AskClient::Until(deadline) => {
                let look = probe::probe(&share.mount_point, deadline)?;
                if let Some(top) = stack.last_mut() {
                    top.unique = look.unique;
                }
                Health::of_sighting(look.sighting)
            }
        },
    };
    let under = table.under(&share.mount_point).filter(|entry| entry.is_remote());
    let remote_parent = under.map(|entry| String::from_utf8_lossy(&entry.fstype).into_owned());
    let standing = standing(&record.leases, let_go);
    Ok(Observed { share, record, stack, health, standing, remote_parent })
}

/// What each lease is worth. Each daemon is looked for once, however many leases were made under it.
fn standing(leases: &[Lease], let_go: &[DomainUuid]) -> Vec<Standing> {
    let mut daemons: Vec<(Daemon, bool)> = Vec::new();
    let mut lives = |daemon: Daemon| {
        if let Some((_, lives)) = daemons.iter().find(|(known, _)| *known == daemon) {
            return *lives;
        }
        let lives = process::start_time(daemon.pid) == Some(daemon.start_time);
        daemons.push((daemon, lives));
        lives
    };
    let judge = |lease: &Lease| match (&lease.holder, lease.daemon) {
        (Holder::Domain(uuid), _) if let_go.contains(uuid) => Standing::Void,
        (Holder::Domain(uuid), Some(daemon)) if !lives(daemon) => {
            match process::qemu_of(&uuid.to_string()) {
                Ok(None) => Standing::Void,
                // A process table that cannot be read says nothing: then the lease is believed.
                Ok(Some(_)) | Err(_) => Standing::Orphaned,
            }
        }
        _ => Standing::Good,
    };
    leases.iter().map(judge).collect()
}

/// The process that called the hook, as leases keep it.
pub fn calling_daemon() -> Option<Daemon> {
    let pid = std::os::unix::process::parent_id();
    Some(Daemon { pid, start_time: process::start_time(pid)? })
}
