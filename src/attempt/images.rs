//! Looks after a guest's images: that they are there, and that the shares of all that is behind them are held as well.
//!
//! Which images, and what an answer means, is decided in [`crate::needs`]; here are the looks, the patience and the shares.

use std::time::Duration;

use super::{Attempt, in_parallel, located};
use crate::escape::Escaped;
use crate::health::Health;
use crate::hold::Failure;
use crate::host::deadline::Deadline;
use crate::host::image::{self, LookError};
use crate::image::{Ask, Seen, Sight};
use crate::needs::{ImageFault, Images, ToLookAt};
use crate::observe::{self, AskClient, ObserveError};
use crate::share::{MountPoint, ShareName};

/// How long a missing image is looked for. Another host may have made it a moment ago, while the client still remembers that
/// there was none.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Why a guest's images do not let it start.
#[derive(Debug)]
pub enum Trouble {
    /// Something is wrong with the images.
    Images(Vec<ImageFault>),
    /// A share that an image needs cannot be had.
    Shares(Vec<Failure>),
    /// Images that could not be looked at.
    Looks(Vec<Unseen>),
    /// There was no time left to look at them.
    OutOfTime,
}

impl Trouble {
    /// What to tell, one text for each thing that is wrong: with its place for whoever knows the document.
    pub fn texts(&self, document: Option<&[u8]>) -> Vec<String> {
        match self {
            Self::Shares(failures) => failures.iter().map(ToString::to_string).collect(),
            Self::Looks(unseen) => unseen.iter().map(ToString::to_string).collect(),
            Self::OutOfTime => vec![
                "the hook's time was over before the guest's images could be looked at: what came before took too long; see deadlines.hook"
                    .to_owned(),
            ],
            Self::Images(faults) => {
                let text = |fault: &ImageFault| match fault.span().zip(document) {
                    Some((span, document)) => located(fault, span, document),
                    None => fault.to_string(),
                };
                faults.iter().map(text).collect()
            }
        }
    }
}

/// Images of a share that could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    #[error(
        "share {share}: its client did not answer within {:.1} s when it was asked for the image '{}'{}; see to the client and its registries",
        waited.as_secs_f64(), Escaped(first), and_others(*others)
    )]
    Silent { share: ShareName, first: String, others: usize, waited: Duration },
    #[error("share {share}: {source}")]
    Failed { share: ShareName, source: LookError },
    #[error(
        "share {share}: while the guest's images were looked for, its mount point {} {health}; see 'virt-quobyte status {share}' and start the guest again",
        Escaped(mount_point.as_str())
    )]
    Lost { share: ShareName, mount_point: MountPoint, health: Health },
    #[error("share {share}: {source}")]
    Unobserved { share: ShareName, source: ObserveError },
}

fn and_others(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " and one more".to_owned(),
        _ => format!(" and {others} more"),
    }
}

/// Follows the images to their ends. Every share that turns up on the way is acquired before it is looked at.
pub(super) fn look_after(
    attempt: &mut Attempt<'_>,
    images: &mut Images<'_>,
) -> Result<(), Trouble> {
    let mut held = images.shares().len();
    let mut patience = None;
    loop {
        look(images, attempt)?;
        if !images.faults().is_empty() {
            return Err(Trouble::Images(images.faults().to_vec()));
        }
        attempt.acquire(&images.shares()[held..]).map_err(Trouble::Shares)?;
        held = images.shares().len();
        if images.any_unseen() {
            patience = None;
            continue;
        }
        let looked = *patience.get_or_insert_with(|| attempt.deadline.at_most(PATIENCE));
        let missing = images.missing(looked.length());
        if missing.is_empty() {
            return Ok(());
        }
        if looked.is_over() || attempt.deadline.left() < 2 * LOOK_AGAIN {
            match missing_for_good(images, attempt, looked.length())? {
                missing if missing.is_empty() => continue,
                missing => return Err(Trouble::Images(missing)),
            }
        }
        std::thread::sleep(LOOK_AGAIN.min(looked.left()));
    }
}

/// The images that are not there, seen between two sights of their healthy mounts. A client may have died meanwhile, and what is
/// not found below a bare mount point says nothing of the share.
fn missing_for_good(
    images: &mut Images<'_>,
    attempt: &Attempt<'_>,
    looked: Duration,
) -> Result<Vec<ImageFault>, Trouble> {
    still_healthy(images, attempt)?;
    if attempt.deadline.has_time_for_a_look() {
        look(images, attempt)?;
        still_healthy(images, attempt)?;
    }
    Ok(images.missing(looked))
}

fn still_healthy(images: &Images<'_>, attempt: &Attempt<'_>) -> Result<(), Trouble> {
    let deadline = attempt.deadline.at_most(attempt.settings.deadlines.probe);
    let lost = images.to_look_at().into_iter().filter_map(|ToLookAt { share, .. }| {
        let name = share.name.clone();
        match observe::mounted(&share, AskClient::Until(deadline)) {
            Ok(mounted) if mounted.health == Health::Healthy => None,
            Ok(mounted) => Some(Unseen::Lost {
                share: name,
                mount_point: share.mount_point,
                health: mounted.health,
            }),
            Err(source) => Some(Unseen::Unobserved { share: name, source }),
        }
    });
    let lost: Vec<_> = lost.collect();
    if lost.is_empty() { Ok(()) } else { Err(Trouble::Looks(lost)) }
}

/// Looks once at every image that is not settled, at those of different shares at the same time.
fn look(images: &mut Images<'_>, attempt: &Attempt<'_>) -> Result<(), Trouble> {
    let shares = images.to_look_at();
    if !shares.is_empty() && !attempt.deadline.has_time_for_a_look() {
        return Err(Trouble::OutOfTime);
    }
    let deadline = attempt.deadline.at_most(attempt.settings.deadlines.probe);
    let looks = in_parallel(&shares, |share| look_at(share, deadline));
    let mut unseen = Vec::new();
    for (asked, looks) in shares.iter().zip(looks) {
        match looks {
            Ok(looks) => {
                for ((id, ask, path), seen) in asked.images.iter().zip(looks) {
                    report(&asked.share.name, *ask, path, &seen);
                    images.learn(*id, &seen.sight);
                }
            }
            Err(error) => unseen.push(error),
        }
    }
    if unseen.is_empty() { Ok(()) } else { Err(Trouble::Looks(unseen)) }
}

fn look_at(asked: &ToLookAt, deadline: Deadline) -> Result<Vec<Seen>, Unseen> {
    let share = || asked.share.name.clone();
    let paths: Vec<(Ask, &str)> =
        asked.images.iter().map(|(_, ask, path)| (*ask, path.as_str())).collect();
    match image::look(&paths, deadline) {
        Ok(Some(seen)) => Ok(seen),
        Ok(None) => Err(Unseen::Silent {
            share: share(),
            first: paths.first().map_or_else(String::new, |(_, path)| (*path).to_owned()),
            others: paths.len().saturating_sub(1),
            waited: deadline.length(),
        }),
        Err(source) => Err(Unseen::Failed { share: share(), source }),
    }
}

/// Says where a chain goes on and where it could not be followed, for whoever wonders later why a share is held, or is not; and
/// what a linter of XML cannot see.
fn report(share: &ShareName, ask: Ask, path: &str, seen: &Seen) {
    let path = Escaped(path);
    if seen.open_to_all {
        tracing::warn!(
            share = share.as_str(),
            "the image {path} can be written by every user who reaches it; chmod o-w takes that away"
        );
    }
    match (ask, &seen.sight) {
        (Ask::Header, Sight::NoHeader { why }) => {
            tracing::warn!(share = share.as_str(), "the image {path} is not followed: {why}");
        }
        (_, Sight::Symlink) => {
            tracing::warn!(
                share = share.as_str(),
                "the image {path} is a symlink: what it leads to is not looked at, and if that is on another share, the guest does not hold it"
            );
        }
        (Ask::Header, Sight::NotAFile) => {
            tracing::warn!(
                share = share.as_str(),
                "the image {path} is not followed: it is no file"
            );
        }
        (_, Sight::Header(header)) => {
            let backing = header.backing.as_ref().map(|backing| ("is backed by", &backing.name));
            let data = header.data_file.as_ref().map(|name| ("keeps its data in", name));
            for (verb, name) in backing.into_iter().chain(data) {
                let name = Escaped(name);
                tracing::info!(share = share.as_str(), "the image {path} {verb} '{name}'");
            }
        }
        _ => {}
    }
}
