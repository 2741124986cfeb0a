//! One file, as it was written: which keys there are and of which type. What a value means is not judged here.

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use super::duration::DurationText;
use super::fault::Fault;
use super::problems::FileProblems;
use super::{Shares, keys, plain};

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fragment {
    pub(super) mount_base: Option<Spanned<String>>,
    pub(super) state_dir: Option<Spanned<String>>,
    pub(super) linger: Option<Spanned<DurationText>>,
    pub(super) client: ClientTable,
    pub(super) deadlines: DeadlinesTable,
    pub(super) policy: PolicyTable,
    pub(super) share: Vec<Spanned<ShareTable>>,
}

/// `[client]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ClientTable {
    pub(super) program: Option<Spanned<String>>,
    pub(super) config: Option<Spanned<String>>,
    pub(super) isolation: Option<Spanned<String>>,
}

/// `[deadlines]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DeadlinesTable {
    pub(super) mount: Option<Spanned<DurationText>>,
    pub(super) probe: Option<Spanned<DurationText>>,
    pub(super) unmount: Option<Spanned<DurationText>>,
    pub(super) hook: Option<Spanned<DurationText>>,
}

/// `[policy]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PolicyTable {
    pub(super) exports: Option<Vec<Spanned<String>>>,
}

/// One `[[share]]`
///
/// No key is required at this level, so that a share without a name does not hide what else is wrong with it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ShareTable {
    pub(super) name: Option<Spanned<String>>,
    pub(super) export: Option<Spanned<String>>,
    pub(super) mode: Option<Spanned<String>>,
    pub(super) mount_point: Option<Spanned<String>>,
    pub(super) options: Option<Spanned<Vec<String>>>,
}

/// Reads a file; `None` where its values cannot be known.
pub(super) fn read(text: &str, problems: &mut FileProblems<'_, '_>) -> Option<Fragment> {
    let mut root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            problems.add_error(&error, Fault::Syntax);
            return None;
        }
    };
    keys::take_unknown(root.get_mut(), problems);
    match Fragment::deserialize(toml::Deserializer::from(root)) {
        Ok(fragment) => Some(fragment),
        Err(error) => {
            problems.add_error(&error, Fault::Type);
            None
        }
    }
}

/// Reads a file whose shares are written plainly; `None` where they are not, and where anything is wrong.
pub(super) fn read_plain(text: &str, shares: Shares) -> Option<Fragment> {
    let split = plain::split(text)?;
    let root = DeTable::parse(&split.rest).ok()?;
    if root.get_ref().contains_key(keys::SHARE) {
        return None;
    }
    let fragment = Fragment::deserialize(toml::Deserializer::from(root)).ok()?;
    let share = match shares {
        Shares::Read => split.shares.into_iter().map(plain::share).collect::<Option<_>>()?,
        Shares::Unread => Vec::new(),
    };
    Some(Fragment { share, ..fragment })
}
