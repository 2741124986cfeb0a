//! Several files as one: a later file replaces what an earlier one said, key by key, and shares add up.
//!
//! A list is replaced whole. Nothing can patch or remove a share of another file: two files that name the same share are
//! a contradiction to be told, and not one to be resolved by the order of file names.

use toml::Spanned;

use super::duration::DurationText;
use super::fragment::{Fragment, ShareTable};
use super::origin::{Located, Origin};

/// All files, laid over each other.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) mount_base: Option<Located<String>>,
    pub(super) state_dir: Option<Located<String>>,
    pub(super) linger: Option<Located<DurationText>>,
    pub(super) program: Option<Located<String>>,
    pub(super) client_config: Option<Located<String>>,
    pub(super) isolation: Option<Located<String>>,
    pub(super) mount: Option<Located<DurationText>>,
    pub(super) probe: Option<Located<DurationText>>,
    pub(super) unmount: Option<Located<DurationText>>,
    pub(super) hook: Option<Located<DurationText>>,
    pub(super) exports: Vec<Located<String>>,
    pub(super) shares: Vec<MergedShare>,
}

/// One `[[share]]` of one file.
#[derive(Debug)]
pub(super) struct MergedShare {
    /// Where the table begins.
    pub(super) origin: Origin,
    pub(super) name: Option<Located<String>>,
    pub(super) export: Option<Located<String>>,
    pub(super) mode: Option<Located<String>>,
    pub(super) mount_point: Option<Located<String>>,
    pub(super) options: Option<Located<Vec<String>>>,
}

impl Merged {
    /// Lays one more file over those before it.
    pub(super) fn lay(&mut self, file: usize, fragment: Fragment) {
        let Fragment { mount_base, state_dir, linger, client, deadlines, policy, share } = fragment;
        replace(&mut self.mount_base, file, mount_base);
        replace(&mut self.state_dir, file, state_dir);
        replace(&mut self.linger, file, linger);
        replace(&mut self.program, file, client.program);
        replace(&mut self.client_config, file, client.config);
        replace(&mut self.isolation, file, client.isolation);
        replace(&mut self.mount, file, deadlines.mount);
        replace(&mut self.probe, file, deadlines.probe);
        replace(&mut self.unmount, file, deadlines.unmount);
        replace(&mut self.hook, file, deadlines.hook);
        if let Some(exports) = policy.exports {
            self.exports = exports.into_iter().map(|e| Located::new(file, e)).collect();
        }
        self.shares.extend(share.into_iter().map(|table| MergedShare::new(file, table)));
    }
}

impl MergedShare {
    fn new(file: usize, table: Spanned<ShareTable>) -> Self {
        let Located { value, origin } = Located::new(file, table);
        let ShareTable { name, export, mode, mount_point, options } = value;
        Self {
            origin,
            name: name.map(|v| Located::new(file, v)),
            export: export.map(|v| Located::new(file, v)),
            mode: mode.map(|v| Located::new(file, v)),
            mount_point: mount_point.map(|v| Located::new(file, v)),
            options: options.map(|v| Located::new(file, v)),
        }
    }
}

fn replace<T>(earlier: &mut Option<Located<T>>, file: usize, later: Option<Spanned<T>>) {
    if let Some(later) = later {
        *earlier = Some(Located::new(file, later));
    }
}
