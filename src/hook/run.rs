//! What is done at each operation.

use std::fmt;
use std::path::Path;
use std::time::Instant;

use nix::unistd::geteuid;

use super::{Call, Operation, stdin, watchdog};
use crate::attempt::{Attempt, in_parallel, located};
use crate::config::{self, ConfigError, Settings};
use crate::domain::{self, Domain, DomainUuid, ReadError};
use crate::escape::Escaped;
use crate::health::Health;
use crate::hold::{self, Cause};
use crate::host::caller::{Called, Caller};
use crate::host::deadline::Deadline;
use crate::host::journal::Journal;
use crate::host::{self, clock};
use crate::lease::{Daemon, Holder, Lease, StateDir, StateError};
use crate::needs::{self, Images, Needs, Problem};
use crate::plan::Keep;
use crate::share::Share;

/// Why a guest must not start, come or be restored: one paragraph for the one who wanted it.
#[derive(Debug)]
pub struct Failed {
    domain: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Stdin(std::io::Error),
    Document(ReadError),
    Config(ConfigError),
    /// The first of so many.
    Needs(Vec<String>, usize),
    NotRoot {
        uid: u32,
        shares: Vec<String>,
    },
    State(StateError),
    Start(Vec<String>),
    NobodyWaits,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "virt-quobyte: domain {}: {}", Escaped(&self.domain), self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin(error) => write!(f, "cannot read its XML from libvirt: {error}"),
            Self::Document(error) => write!(f, "its XML: {error}"),
            Self::Config(error) => {
                write!(f, "the configuration is not usable: {}", one_line(&error.to_string()))
            }
            Self::Start(texts) => f.write_str(&texts.join("; and ")),
            Self::Needs(told, of) => {
                f.write_str(&told.join("; and "))?;
                match of - told.len() {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more like these"),
                }
            }
            Self::NotRoot { uid, shares } => write!(
                f,
                "it needs the Quobyte shares {}, which only root can mount, and this libvirt daemon runs as uid {uid}; define it in qemu:///system",
                shares.join(", ")
            ),
            Self::State(error) => write!(f, "{error}"),
            Self::NobodyWaits => f.write_str(
                "libvirt's daemon has died since it called, so no guest will come of this start and nothing was done for it",
            ),
        }
    }
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("; ")
}

/// Does what the operation asks for. Only `prepare`, `migrate` and `restore` can fail.
pub fn run(call: &Call, config: Option<&Path>) -> Result<(), Failed> {
    let caller = Caller::of_this_process();
    let document = stdin::read().map_err(Why::Stdin);
    let failed = |why| Failed { domain: call.domain.clone(), why };
    let read = |document: Result<Vec<u8>, Why>| {
        let document = document?;
        let (domain, uuid) = domain::read_stored(&document).map_err(Why::Document)?;
        Ok((document, domain, uuid))
    };
    match call.operation {
        Operation::Other => Ok(()),
        Operation::Prepare => {
            let (document, domain, uuid) = read(document).map_err(failed)?;
            prepare(call, caller, &document, &domain, uuid, config).map_err(failed)
        }
        Operation::Migrate | Operation::Restore => {
            let (document, domain, _) = read(document).map_err(failed)?;
            check(&document, &domain, config).map_err(failed)
        }
        Operation::Release => {
            // The guest has ended, whatever else its document says.
            if let Ok(Ok(uuid)) = document.as_deref().map(domain::read_uuid) {
                release(call, uuid, config);
            }
            Ok(())
        }
        Operation::Reconnect => {
            if let Ok((_, domain, uuid)) = read(document) {
                reconnect(call, caller, &domain, uuid, config);
            }
            Ok(())
        }
    }
}

/// Whether a domain could concern us at all. If not, not even the configuration is read.
fn could_need_shares(domain: &Domain) -> bool {
    // libvirt's LXC driver runs hooks of its own; ours is no business of a container.
    domain.kind.as_ref().is_none_or(|kind| kind.value != "lxc")
        && (!domain.shares.is_empty() || domain.paths.iter().any(domain::PathUse::is_absolute))
}

/// The settings, if the domain could need a share.
///
/// A configuration that cannot be used stops every guest that names a file: nobody can tell any more which of them needs a
/// share, and a guest that runs without its lease can lose its disk.
///
/// They are never given back: the process ends with the call, and piece by piece that takes time where there are hundreds of shares.
fn settings_for(
    domain: &Domain,
    config: Option<&Path>,
) -> Result<Option<&'static Settings>, ConfigError> {
    if !could_need_shares(domain) {
        return Ok(None);
    }
    let settings = config::load::settings(config)?;
    Ok(Some(Box::leak(Box::new(settings))))
}

/// The shares that a domain needs; a refusal if one of them cannot be, or must not.
fn shares_of(document: &[u8], domain: &Domain, settings: &Settings) -> Result<Vec<Share>, Why> {
    let Needs { shares, problems, .. } = needs::of(domain, settings);
    if !problems.is_empty() {
        return Err(Why::Needs(
            told(&problems)
                .map(|Problem { span, fault }| located(fault, *span, document))
                .collect(),
            problems.len(),
        ));
    }
    let user = geteuid();
    if !shares.is_empty() && !user.is_root() {
        let shares = shares.iter().map(|share| share.name.to_string()).collect();
        return Err(Why::NotRoot { uid: user.as_raw(), shares });
    }
    Ok(shares)
}

/// As many problems as make a paragraph. A document has room for a hundred thousand, and the lines before each are counted.
fn told(problems: &[Problem]) -> impl Iterator<Item = &Problem> {
    problems.iter().take(10)
}

/// `migrate` and `restore`: the start will come with a `prepare` of its own; what cannot work is said now, when nothing has
/// been moved yet. Their XML carries passwords: nothing of it is kept or logged but what a refusal names.
fn check(document: &[u8], domain: &Domain, config: Option<&Path>) -> Result<(), Why> {
    match settings_for(domain, config).map_err(Why::Config)? {
        Some(settings) => shares_of(document, domain, settings).map(drop),
        None => Ok(()),
    }
}

/// `prepare`: every share is mounted, healthy and leased, and has the guest's images, or nothing is left of the attempt.
fn prepare(
    call: &Call,
    caller: Caller,
    document: &[u8],
    domain: &Domain,
    uuid: DomainUuid,
    config: Option<&Path>,
) -> Result<(), Why> {
    let Some(settings) = settings_for(domain, config).map_err(Why::Config)? else { return Ok(()) };
    let shares = shares_of(document, domain, settings)?;
    if shares.is_empty() {
        return Ok(());
    }
    log_to_journal(call, uuid);
    let Some(lease) = lease(call, caller, uuid) else {
        tracing::error!("{}", Why::NobodyWaits);
        return Err(Why::NobodyWaits);
    };
    let limit = settings.deadlines.hook;
    // The way back comes after the deadline: for the share that failed, and then for those that had not.
    let with_the_undo = limit + 2 * settings.deadlines.unmount;
    watchdog::arm(
        with_the_undo,
        1,
        format!(
            "virt-quobyte: the hook did not end within {with_the_undo:?}; run 'virt-quobyte status'"
        ),
    );
    let deadline = Deadline::after(limit);
    host::prefer_to_survive();
    let state = StateDir::create(&settings.state_dir).map_err(Why::State)?;
    let begun = Instant::now();
    let mut attempt = Attempt::new(settings, &state, &lease, deadline);
    let mut images = Images::of(domain, &shares, settings);
    let done = attempt.gather(&shares, &mut images);
    let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let Err(trouble) = done else {
        tracing::info!(elapsed_ms, "shares ready: {}", images.shares().len());
        return Ok(());
    };
    let texts = trouble.texts(Some(document));
    for text in &texts {
        tracing::error!(elapsed_ms, "{text}");
    }
    for cause in attempt.undo() {
        tracing::error!("undoing a start that failed: {cause}");
    }
    Err(Why::Start(texts))
}

/// `release`: this domain's leases go, and the last one out unmounts.
///
/// It runs on the one thread of libvirt's daemon that handles the end of every guest, so all of it together takes no longer
/// than one unmount may. Which shares the domain held is what was recorded, never what its XML says: disks came and went.
fn release(call: &Call, uuid: DomainUuid, config: Option<&Path>) {
    let settings = config::load::settings_without_shares(config);
    // With a configuration that was broken since, the defaults still find the state in its usual place.
    let broken = settings.as_ref().err().map(ToString::to_string);
    let settings = settings.unwrap_or_default();
    let state = match StateDir::open(&settings.state_dir) {
        Ok(Some(state)) => state,
        // An ordinary user's daemon cannot look, and never made a lease.
        Ok(None) => return,
        Err(_) if !geteuid().is_root() => return,
        Err(error) => {
            log_to_journal(call, uuid);
            tracing::error!("{error}; run 'virt-quobyte status'");
            return;
        }
    };
    let keys = match state.held_by(&uuid) {
        Ok(keys) if keys.is_empty() => return,
        Ok(keys) => keys,
        Err(error) => {
            log_to_journal(call, uuid);
            tracing::error!("{error}; run 'virt-quobyte status'");
            return;
        }
    };
    log_to_journal(call, uuid);
    if let Some(error) = broken {
        tracing::error!(
            "the configuration is not usable, so its defaults are used: {}",
            one_line(&error)
        );
    }
    let limit = settings.deadlines.unmount;
    watchdog::arm(limit, 0, "virt-quobyte: the release did not end in time".to_owned());
    let deadline = Deadline::after(limit);
    let holder = Holder::Domain(uuid);
    let keep = Keep::For { now: clock::now(), length: settings.linger };
    let results = in_parallel(&keys, |key| {
        let released = hold::release(key, &holder, keep, &settings, &state, deadline);
        if released.as_ref().is_err_and(Cause::is_busy_lock) {
            // Another guest's mount takes its time. Whoever has the lock next will count the lease as void.
            if let Err(error) = state.leave_word(key, &uuid) {
                tracing::error!("{error}");
            }
        }
        released
    });
    for cause in results.into_iter().filter_map(Result::err) {
        tracing::warn!("{cause}; it stays as it is until its next guest ends");
    }
}

/// `reconnect`: leases that were lost are written again. Whatever is found, the guest goes on.
fn reconnect(
    call: &Call,
    caller: Caller,
    domain: &Domain,
    uuid: DomainUuid,
    config: Option<&Path>,
) {
    if !geteuid().is_root() || !could_need_shares(domain) {
        return;
    }
    let settings = match config::load::settings(config) {
        Ok(settings) => settings,
        Err(error) => {
            log_to_journal(call, uuid);
            tracing::error!("the configuration is not usable: {}", one_line(&error.to_string()));
            return;
        }
    };
    let Needs { shares, problems, .. } = needs::of(domain, &settings);
    if shares.is_empty() && problems.is_empty() {
        return;
    }
    log_to_journal(call, uuid);
    for problem in told(&problems) {
        tracing::warn!("the guest runs, but {}", problem.fault);
    }
    let limit = settings.deadlines.unmount + settings.deadlines.probe;
    watchdog::arm(limit, 0, "virt-quobyte: the reconnect did not end in time".to_owned());
    let deadline = Deadline::after(limit);
    let state = match StateDir::create(&settings.state_dir) {
        Ok(state) => state,
        Err(error) => return tracing::error!("{error}"),
    };
    // The daemon that comes next will ask again.
    let Some(lease) = lease(call, caller, uuid) else { return };
    let results =
        in_parallel(&shares, |share| hold::reconnect(share, &lease, &settings, &state, deadline));
    for (share, result) in shares.iter().zip(results) {
        let name = share.name.as_str();
        match result {
            Ok(Health::Healthy) => {}
            Ok(health) => tracing::error!(
                share = name,
                "the guest runs, but the mount point {} of its share {name} {health}",
                share.mount_point
            ),
            Err(cause) => tracing::error!(share = name, "{cause}"),
        }
    }
}

/// What the domain is to hold shares by; `None` if the daemon that wants it does not live any more.
fn lease(call: &Call, caller: Caller, uuid: DomainUuid) -> Option<Lease> {
    let daemon = match caller.who() {
        Called::By { pid, start_time } => Some(Daemon { pid, start_time }),
        Called::FromOutside => None,
        Called::ByNobody => return None,
    };
    Some(Lease {
        holder: Holder::Domain(uuid),
        domain_name: Some(call.domain.clone()),
        since: clock::now(),
        daemon,
    })
}

/// From here on there is something to tell. A guest without shares never comes here, and pays for no log.
fn log_to_journal(call: &Call, uuid: DomainUuid) {
    let domain = Escaped(&call.domain);
    let operation = call.operation.as_str();
    let common: [(&str, &dyn fmt::Display); 3] =
        [("DOMAIN", &domain), ("DOMAIN_UUID", &uuid), ("OPERATION", &operation)];
    if let Some(journal) = Journal::open("virt-quobyte-hook", &common) {
        // Fails if it was done before, which is as well.
        let _once = tracing::subscriber::set_global_default(journal);
    }
}
