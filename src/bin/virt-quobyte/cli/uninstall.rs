//! `virt-quobyte uninstall`

use std::path::{Path, PathBuf};

use anyhow::Result;
use virt_quobyte::config::{Settings, load};
use virt_quobyte::lease::{ShareRecord, StateDir};
use virt_quobyte::link::{self, Change, HOOKS_DIR};

use super::Format;
use super::install::{absolute, may_change};
use crate::exit::ExitStatus;
use crate::render;

/// Have libvirt run the hook no more: remove the link to it from libvirt's directory of hooks
///
/// Only links to the hook are removed. While guests run on shares, or shares are still mounted, nothing is: without the hook
/// nobody would unmount them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that shares are still in use.

Examples:
  virt-quobyte uninstall")]
pub(super) struct Arguments {
    /// libvirt's directory of hooks
    #[arg(long, value_name = "DIR", default_value = HOOKS_DIR)]
    hooks_dir: PathBuf,
    #[command(flatten)]
    format: Format,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct UninstallReport {
    pub(crate) hooks_dir: PathBuf,
    pub(crate) changes: Vec<Change>,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        let hooks_dir = absolute(&self.hooks_dir)?;
        let changes = link::uninstall(&link::found(&hooks_dir)?);
        if !changes.is_empty() {
            let in_use = in_use(&load::settings(config)?).or_else(|hidden| {
                super::only_root("see who still needs the hook").and(Err(hidden))
            })?;
            if !in_use.is_empty() {
                let why = format!("nothing was removed: {}", in_use.join("; "));
                return Ok(render::not_done(&why));
            }
        }
        for change in &changes {
            may_change(&hooks_dir, link::apply(&hooks_dir, change))?;
        }
        render::uninstall(&UninstallReport { hooks_dir, changes }, self.format.into())?;
        Ok(ExitStatus::Well)
    }
}

/// For each share that the hook has still to do with, why.
fn in_use(settings: &Settings) -> Result<Vec<String>> {
    let mut reasons = Vec::new();
    if let Some(state) = StateDir::open(&settings.state_dir)? {
        for key in state.recorded()? {
            match state.peek(&key) {
                Ok(None) => {}
                Ok(Some(record)) => reasons.push(reason(&record)),
                // What it says is lost; that something was recorded is not.
                Err(error) => reasons.push(error.to_string()),
            }
        }
    }
    Ok(reasons)
}

fn reason(record: &ShareRecord) -> String {
    if record.leases.is_empty() {
        return format!(
            "share {} is still mounted on {}, and 'virt-quobyte recover' says what is to be done",
            record.name, record.mount_point
        );
    }
    let holders: Vec<_> = record.leases.iter().map(ToString::to_string).collect();
    format!("share {} is held by {}", record.name, holders.join(", "))
}
