//! Sees what a plan needs to know of a share: its mounts, their health, and what its leases are worth.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use crate::domain::DomainUuid;
use crate::health::Health;
use crate::host::deadline::Deadline;
use crate::host::probe::{self, ProbeError};
use crate::host::processes::{self, Qemu};
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

/// What is mounted on a share's mount point.
#[derive(Debug)]
pub struct Mounted {
    /// Its mounts, the lowest first.
    pub stack: Vec<MountId>,
    /// What the topmost one is like.
    pub health: Health,
    /// The type of the remote file system that the mount point itself lies on, if it does.
    pub remote_parent: Option<String>,
}

/// How long the host's processes are looked at for the QEMUs of leases. It comes before a release can do anything.
const QEMUS: Duration = Duration::from_secs(2);

/// What was heard of the guests that hold a share.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heard<'a> {
    /// The domains that have left word that they hold it no more.
    pub let_go: &'a [DomainUuid],
    /// What libvirt says, for whoever may ask it. The hook must not.
    pub running: Option<&'a Running>,
}

/// The domains that libvirt said were running.
#[derive(Debug, Clone, Default)]
pub struct Running {
    /// When it was asked, in seconds since 1970. Of a lease that was made later it says nothing.
    pub asked: u64,
    /// All of them.
    pub domains: BTreeSet<DomainUuid>,
}

/// Looks at a share.
pub fn observe<'a>(
    share: &'a Share,
    record: &'a ShareRecord,
    heard: Heard<'_>,
    ask: AskClient,
    deadline: Deadline,
) -> Result<Observed<'a>, ObserveError> {
    let Mounted { stack, health, remote_parent } = mounted(share, ask)?;
    let standing = standing(&record.leases, heard, deadline.at_most(QEMUS));
    Ok(Observed { share, record, stack, health, standing, remote_parent })
}

/// Looks at a share's mount point only.
pub fn mounted(share: &Share, ask: AskClient) -> Result<Mounted, ObserveError> {
    let text;
    let table = if let Some(way) = mount_table::way(&share.mount_point) {
        way
    } else {
        text = mount_table::text()?;
        MountTable::parse(&text)?
    };
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
    Ok(Mounted { stack, health, remote_parent })
}

/// What each lease is worth. Each daemon is looked for once, and all QEMUs at once, however many leases there are.
fn standing(leases: &[Lease], heard: Heard<'_>, deadline: Deadline) -> Vec<Standing> {
    let mut daemons: Vec<(Daemon, bool)> = Vec::new();
    let mut lives = |daemon: Daemon| {
        if let Some((_, lives)) = daemons.iter().find(|(known, _)| *known == daemon) {
            return *lives;
        }
        let lives = process::start_time(daemon.pid) == Some(daemon.start_time);
        daemons.push((daemon, lives));
        lives
    };
    let mut doubtful = Vec::new();
    let mut standing = Vec::with_capacity(leases.len());
    for (at, lease) in leases.iter().enumerate() {
        standing.push(match (&lease.holder, lease.daemon) {
            (Holder::Domain(uuid), _) if heard.let_go.contains(uuid) => Standing::Void,
            (Holder::Domain(uuid), Some(daemon)) if !lives(daemon) => {
                doubtful.push((at, uuid.to_string()));
                Standing::Orphaned
            }
            // A hook that was killed in a release leaves a lease although its daemon lives. libvirt answers for a domain when
            // its hooks have ended, so of an earlier lease it knows; and a QEMU would have to be there.
            (Holder::Domain(uuid), _)
                if heard.running.is_some_and(|running| running.misses(uuid, lease.since)) =>
            {
                doubtful.push((at, uuid.to_string()));
                Standing::Good
            }
            _ => Standing::Good,
        });
    }
    if !doubtful.is_empty() {
        let (places, uuids): (Vec<usize>, Vec<String>) = doubtful.into_iter().unzip();
        // Processes that cannot be looked at say nothing: then the lease is believed.
        let qemus = processes::of_domains(&uuids, deadline).unwrap_or_default();
        for (at, qemu) in places.into_iter().zip(qemus) {
            if qemu == Qemu::None {
                standing[at] = Standing::Void;
            }
        }
    }
    standing
}

impl Running {
    /// Whether libvirt would have named a domain that has held a share since then, and did not.
    fn misses(&self, domain: &DomainUuid, since: u64) -> bool {
        since < self.asked && !self.domains.contains(domain)
    }
}
