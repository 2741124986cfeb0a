//! Makes settings of what the files say together, or tells why not.
//!
//! A value that is wrong by itself is told once and then left out of all comparisons, so that one slip does not make three
//! problems.

mod deadlines;
mod directory;
mod layout;
mod shares;

use crate::share::{AbsolutePath, ExportPolicy};

use super::SourceFile;
use super::fault::Fault;
use super::merge::Merged;
use super::origin::Located;
use super::problem::Subject;
use super::problems::Problems;
use super::settings::{Client, Isolation, MOUNT_BASE, STATE_DIR, Settings};
use crate::near;
use directory::Directory;
use layout::Layout;
use shares::Candidate;

/// What the settings are; only to be used if there turned out to be no problem.
pub(super) fn settings(
    merged: &Merged,
    files: &[SourceFile],
    problems: &mut Problems<'_>,
) -> Settings {
    let client = client(merged, problems);
    let mount_base = merged.mount_base.as_ref();
    let mount_base = Directory::read("mount_base", mount_base, MOUNT_BASE, problems);
    let state_dir = merged.state_dir.as_ref();
    let state_dir = Directory::read("state_dir", state_dir, STATE_DIR, problems);
    let candidates: Vec<Candidate<'_>> = merged
        .shares
        .iter()
        .map(|share| Candidate::read(share, mount_base.usable(), problems))
        .collect();
    shares::check_distinct(&candidates, problems);
    Layout { mount_base: &mount_base, state_dir: &state_dir, client: &client, files }
        .check(&candidates, problems);
    Settings {
        mount_base: mount_base.path,
        state_dir: state_dir.path,
        client,
        linger: deadlines::linger(merged, problems),
        deadlines: deadlines::read(merged, problems),
        policy: policy(merged, problems),
        shares: candidates.into_iter().filter_map(Candidate::into_share).collect(),
    }
}

fn client(merged: &Merged, problems: &mut Problems<'_>) -> Client {
    let mut path = |key, given: &Option<Located<String>>, example| -> Option<AbsolutePath> {
        let given = given.as_ref()?;
        let path = given.value.parse().map_err(|error| Fault::Path(error, example));
        problems.sift(path, given.origin, || subject(key, &given.value))
    };
    let program = path("client.program", &merged.program, "/usr/bin/mount.quobyte");
    let config = path("client.config", &merged.client_config, "/etc/quobyte/client.cfg");
    let isolation = merged.isolation.as_ref().and_then(|given| {
        let isolation = word(&given.value, &Isolation::ALL.map(|i| (i.as_str(), i)));
        problems.sift(isolation, given.origin, || subject("client.isolation", &given.value))
    });
    Client { program, config, isolation: isolation.unwrap_or_default() }
}

fn policy(merged: &Merged, problems: &mut Problems<'_>) -> ExportPolicy {
    let pattern = |given: &Located<String>| {
        let pattern = given.value.parse().map_err(Fault::Pattern);
        problems.sift(pattern, given.origin, || subject("policy.exports", &given.value))
    };
    ExportPolicy::new(merged.exports.iter().filter_map(pattern).collect())
}

/// Reads one of a few words.
fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, Fault> {
    if let Some(&(_, value)) = words.iter().find(|&&(word, _)| word == text) {
        return Ok(value);
    }
    let known: Vec<&'static str> = words.iter().map(|&(word, _)| word).collect();
    let meant = near::nearest(text, known.iter().copied());
    Err(Fault::Word { known, meant })
}

/// A key that stands outside of the shares.
fn subject(key: &'static str, value: &str) -> Subject {
    Subject { share: None, key: Some(key), value: Some(value.to_owned()) }
}
