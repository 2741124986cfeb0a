//! Which shares a domain needs: by the paths in its XML, and by what its metadata asks for.
//!
//! Pure. The hook acts on the answer, and the admin command's `needs` prints it. Paths are compared as text, in normal form:
//! nothing here follows a symlink, because to look at a path may block. A guest whose image is reached through a symlink names
//! its share in its metadata.
#![deny(clippy::disallowed_methods)]

mod images;
mod lexical;

use std::fmt;

use crate::config::Settings;
use crate::domain::{Domain, PathUse, Wanted};
use crate::escape::Escaped;
use crate::share::{Export, MountPoint, Share};
use crate::xml::Span;

pub use images::{ImageFault, ImageId, Images, ToLookAt};
use lexical::Normal;
#[cfg(feature = "admin")]
pub(crate) use lexical::end;

/// What a domain needs.
#[derive(Debug, Clone)]
pub struct Needs<'d> {
    /// The shares, each once, in the order of their mount points.
    pub shares: Vec<Share>,
    /// Every path of the domain, with what it stands for.
    pub paths: Vec<(&'d PathUse, PathVerdict)>,
    /// What keeps the domain from being started.
    pub problems: Vec<Problem>,
}

/// What a path of a domain stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathVerdict {
    /// It lies on this share.
    On(Box<Share>),
    /// It lies on no share.
    None,
    /// It is one of the problems.
    Problem,
}

/// Why a domain cannot be started, and where its XML says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// What.
    pub fault: Fault,
}

/// What is wrong with a path or a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Below the mount base, but no share's.
    #[error(
        "the path '{}' is below the mount base {mount_base}, but belongs to no configured share; configure its share, or name the export in the domain's metadata where the policy allows it",
        Shown(path)
    )]
    Unexplained {
        /// The path.
        path: String,
        /// The mount base.
        mount_base: MountPoint,
    },
    /// It goes up, into or out of a share.
    #[error(
        "the path '{}' goes through '..' at a share or the mount base; write the path without it",
        Shown(path)
    )]
    WalksUp {
        /// The path.
        path: String,
    },
    /// Metadata names a share that is not configured.
    #[error(
        "its metadata asks for the share '{}', which is not configured; the configured shares are: {known}",
        Shown(name)
    )]
    UnknownShare {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Metadata names something that is no export.
    #[error(
        "its metadata asks for the export '{}': {source}; write REGISTRY[,REGISTRY...]/VOLUME",
        Shown(export)
    )]
    BadExport {
        /// The text.
        export: String,
        /// Why it is none.
        source: crate::share::ExportError,
    },
    /// Metadata names an export that is neither configured nor allowed.
    #[error(
        "its metadata asks for the export {export}, which is neither a configured share's nor allowed by policy.exports"
    )]
    ForbiddenExport {
        /// The export.
        export: Export,
    },
}

/// A text of the document, as a message has it: a path of a megabyte is no path, but it may stand there.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ENOUGH: usize = 500;
        match self.0.char_indices().nth(ENOUGH) {
            None => Escaped(self.0).fmt(f),
            Some((end, _)) => write!(f, "{}...", Escaped(&self.0[..end])),
        }
    }
}

/// Works out what a domain needs.
pub fn of<'d>(domain: &'d Domain, settings: &Settings) -> Needs<'d> {
    let mut needs = Needs { shares: Vec::new(), paths: Vec::new(), problems: Vec::new() };
    // The requests first: an export that the policy allows explains the paths below its mount point.
    for request in &domain.shares {
        match requested(&request.wanted, settings) {
            Ok(share) => needs.add(share),
            Err(fault) => needs.problems.push(Problem { span: request.span, fault }),
        }
    }
    for path in &domain.paths {
        let verdict = match judge(&path.path, settings, &needs.shares) {
            Ok(Some(share)) => {
                needs.add(share.clone());
                PathVerdict::On(Box::new(share))
            }
            Ok(None) => PathVerdict::None,
            Err(fault) => {
                needs.problems.push(Problem { span: path.span, fault });
                PathVerdict::Problem
            }
        };
        needs.paths.push((path, verdict));
    }
    needs.shares.sort_by(|a, b| a.mount_point.cmp(&b.mount_point));
    needs
}

fn requested(wanted: &Wanted, settings: &Settings) -> Result<Share, Fault> {
    match wanted {
        Wanted::Name(name) => settings.share_named(name).cloned().ok_or_else(|| {
            let known: Vec<&str> =
                settings.shares.iter().map(|share| share.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Fault::UnknownShare { name: name.clone(), known }
        }),
        Wanted::Export(text) => {
            let export: Export =
                text.parse().map_err(|source| Fault::BadExport { export: text.clone(), source })?;
            match settings.share_of_export(&export) {
                Some(share) => Ok(share.clone()),
                None if settings.policy.allows(&export) => {
                    Ok(Share::of_policy_export(export, &settings.mount_base))
                }
                None => Err(Fault::ForbiddenExport { export }),
            }
        }
    }
}

impl Needs<'_> {
    fn add(&mut self, share: Share) {
        if !self.shares.iter().any(|known| known.key == share.key) {
            self.shares.push(share);
        }
    }
}

/// The share that a path lies on: a configured one, or one of these.
fn judge(path: &str, settings: &Settings, shares: &[Share]) -> Result<Option<Share>, Fault> {
    let share_of = |path: &str| {
        let wanted = || shares.iter().find(|share| share.mount_point.holds(path));
        settings.share_holding(path).or_else(wanted)
    };
    let normal = match lexical::normal(path) {
        Normal::Relative => return Ok(None),
        Normal::Same(path) => path,
        Normal::WalksUp => {
            let mut on = None;
            lexical::passes(path, |place| {
                on = share_of(place);
                on.is_some()
            });
            let beside = match on {
                // One that never comes as high as the mount point stays on its share, like any path there.
                Some(share) => lexical::passes(path, |place| !share.mount_point.is_above(place)),
                None => lexical::passes(path, |place| settings.mount_base.holds(place)),
            };
            return if beside {
                Err(Fault::WalksUp { path: path.to_owned() })
            } else {
                Ok(on.cloned())
            };
        }
    };
    if let Some(share) = share_of(&normal) {
        return Ok(Some(share.clone()));
    }
    if settings.mount_base.holds(&normal) {
        let mount_base = settings.mount_base.clone();
        return Err(Fault::Unexplained { path: path.to_owned(), mount_base });
    }
    Ok(None)
}
