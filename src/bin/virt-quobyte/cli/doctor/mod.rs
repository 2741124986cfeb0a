//! `virt-quobyte doctor`

mod check;
mod gather;
mod judge;

use std::path::Path;

use anyhow::Result;

use super::Format;
use crate::exit::ExitStatus;
use crate::{libvirt, render};
pub(crate) use check::{Check, Verdict};

/// Show whether this host can run guests on Quobyte volumes, and what to type where it cannot
///
/// Looked at are the client, the kernel's FUSE, systemd, libvirt and its hooks, what confines them, what protects an image, the
/// directories, and the registries' names. Nothing is changed, and no share is touched: those are for 'virt-quobyte status'. What
/// only root may see is not judged for anybody else. With --connect only what that libvirt tells is looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that something is bad: guests do not start, or not safely. What is worth
knowing (a note), and what cannot be told (?), does not count.

Examples:
  virt-quobyte doctor
  virt-quobyte doctor --json
  virt-quobyte doctor --connect qemu+ssh://root@kvm-17/system")]
pub(super) struct Arguments {
    /// Look at this libvirt, and at nothing else
    #[arg(long, value_name = "URI")]
    connect: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// All that was looked at.
#[derive(Debug)]
pub(crate) struct DoctorReport {
    pub(crate) checks: Vec<Check>,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        let this_host = || {
            let _waiting = render::Waiting::for_("looking at this host".to_owned());
            gather::this_host(config)
        };
        let checks = match &self.connect {
            Some(uri) => judge::libvirt::from_afar(uri, &libvirt::about(uri)?),
            None => this_host()?,
        };
        let report = DoctorReport { checks };
        render::doctor(&report, self.format.into())?;
        let is_bad = |check: &Check| check.verdict == Verdict::Bad;
        Ok(ExitStatus::of(!report.checks.iter().any(is_bad)))
    }
}
