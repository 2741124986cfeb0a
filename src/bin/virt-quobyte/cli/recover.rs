//! `virt-quobyte recover`

use std::path::Path;

use anyhow::{Result, bail};
use virt_quobyte::config::load;
use virt_quobyte::hold::{self, Mode};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::lease::StateDir;

use super::Format;
use crate::exit::ExitStatus;
use crate::render;

/// Show what crashes have left behind, and with --apply put it right
///
/// For each share that something is recorded of: leases that nobody will ever drop (their libvirt daemon is gone, and so is
/// the guest), attempts to mount that were cut off, records of mounts that are gone, and mounts of ours that nobody holds.
/// These are the hook's own plans, under the hook's own locks: nothing is ever unmounted that somebody holds or uses, that was
/// not mounted by the hook, or by force.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that there is something to do, or with --apply that not all of it could
be done.

Examples:
  virt-quobyte recover
  virt-quobyte recover --apply")]
pub(super) struct Arguments {
    /// Do it
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    format: Format,
}

/// What is to be done on a host, or was done.
#[derive(Debug)]
pub(crate) struct RecoverReport {
    pub(crate) applied: bool,
    pub(crate) shares: Vec<RecoverShare>,
}

/// One share.
#[derive(Debug)]
pub(crate) struct RecoverShare {
    pub(crate) name: String,
    pub(crate) mount_point: Option<String>,
    /// In words, in their order.
    pub(crate) steps: Vec<String>,
    /// Why it stays mounted.
    pub(crate) kept: Option<String>,
    pub(crate) failure: Option<String>,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        if !nix::unistd::geteuid().is_root() {
            bail!("only root may look at the records of shares: run it as root");
        }
        let settings = load::settings(config)?;
        let mode = if self.apply { Mode::Apply } else { Mode::Show };
        let mut shares = Vec::new();
        if let Some(state) = StateDir::open(&settings.state_dir)? {
            for key in state.recorded()? {
                let deadline = Deadline::after(settings.deadlines.hook);
                match hold::reconcile(&key, mode, &settings, &state, deadline) {
                    Ok(None) => {}
                    Ok(Some(found)) => shares.push(RecoverShare::from(found)),
                    Err(cause) => shares.push(RecoverShare {
                        name: key.to_string(),
                        mount_point: None,
                        steps: Vec::new(),
                        kept: None,
                        failure: Some(cause.to_string()),
                    }),
                }
            }
        }
        let report = RecoverReport { applied: self.apply, shares };
        render::recover(&report, self.format.into())?;
        let is_well = |share: &RecoverShare| {
            share.failure.is_none() && (self.apply || share.steps.is_empty())
        };
        let well = report.shares.iter().all(is_well);
        Ok(if well { ExitStatus::Well } else { ExitStatus::NotWell })
    }
}

impl From<hold::Reconciled> for RecoverShare {
    fn from(found: hold::Reconciled) -> Self {
        let first =
            found.open_attempt.then(|| "end an attempt to mount that was cut off".to_owned());
        let steps = found.plan.steps.iter().map(ToString::to_string);
        Self {
            name: found.share.name.to_string(),
            mount_point: Some(found.share.mount_point.to_string()),
            steps: first.into_iter().chain(steps).collect(),
            kept: found.plan.kept.map(|kept| kept.to_string()),
            failure: None,
        }
    }
}
