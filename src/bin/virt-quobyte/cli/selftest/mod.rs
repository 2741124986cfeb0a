//! `virt-quobyte selftest`

mod bench;
mod course;
mod spot;

use std::path::Path;

use anyhow::{Context, Result, bail};
use virt_quobyte::config::{Settings, load};
use virt_quobyte::host::told_to_end;
use virt_quobyte::selftest::{Finding, Seen, Why, judge};
use virt_quobyte::share::{ClientOptions, Export};

use super::Format;
use crate::exit::ExitStatus;
use crate::render;
use bench::Bench;

/// Try the Quobyte client with a volume, and show which of the assumptions about it hold
///
/// The volume is mounted a few times at places of its own, never at a share's, and nothing that guests use is touched. On the
/// volume a directory '.virt-quobyte-selftest-HOST-PID' is made, and removed at the end, however that comes: an interrupt ends the
/// trial after the step under way. What could not be removed is named. The trial's own clients are killed at the end.
///
/// Each assumption has a number, which is the same on every host and in every version. Of some the product works either way:
/// those are told for information, as 'differs'. Where one that it leans on is not so, guests do not run with this client, or
/// not safely: those are 'FAILS'. What one host cannot find out is not asked, with the reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It takes a few seconds; each step of a client that does not answer takes until its deadline in
the configuration. Only root may do it.

Exit status 1 says that something fails that guests need, or that something was left behind;
3 that the trial could not be made, or was interrupted.

Examples:
  virt-quobyte selftest gold
  virt-quobyte selftest quobyte://reg1.example.org,reg2.example.org/scratch
  virt-quobyte selftest reg1.example.org/scratch --json > kvm-17.json")]
pub(super) struct Arguments {
    /// The volume: REGISTRY[,REGISTRY...]/VOLUME, or the name of a configured share
    #[arg(value_name = "EXPORT")]
    export: String,
    #[command(flatten)]
    format: Format,
}

/// What a client is like.
#[derive(Debug)]
pub(crate) struct SelftestReport {
    pub(crate) export: String,
    pub(crate) client: String,
    pub(crate) findings: Vec<Finding>,
    /// What could not be removed, and why.
    pub(crate) left_behind: Vec<String>,
    pub(crate) end: End,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Complete,
    Interrupted,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        super::only_root("mount a volume")?;
        let settings = load::settings(config)?;
        let (export, options) = self.volume(&settings)?;
        told_to_end::listen().context("cannot listen to signals")?;
        let mut bench = Bench::new(&settings, &export, &options)?;
        let client = bench.client.display().to_string();
        let waiting = render::Waiting::for_(format!("trying {client} with {export}"));
        let mut seen = Seen::nothing(export.registries(), &Why::Ended);
        let done = course::walk(&mut bench, &mut seen);
        let left_behind = bench.clear();
        drop(waiting);
        if let Err(error) = done {
            for left in &left_behind {
                render::not_done(left);
            }
            return Err(error);
        }
        let end = if told_to_end::is_so() { End::Interrupted } else { End::Complete };
        let findings = judge(&seen);
        let export = export.to_string();
        let report = SelftestReport { export, client, findings, left_behind, end };
        render::selftest(&report, self.format.into())?;
        Ok(report.exit_status())
    }

    /// The export that is meant, and what its client is given beside it.
    fn volume(&self, settings: &Settings) -> Result<(Export, ClientOptions)> {
        let name = self.export.escape_debug();
        if let Some(share) = settings.share_named(&self.export) {
            return Ok((share.export.clone(), share.options.clone()));
        }
        if !self.export.contains('/') {
            bail!(
                "there is no share '{name}' in the configuration, and an export has the form REGISTRY[,REGISTRY...]/VOLUME"
            );
        }
        let export: Export =
            self.export.parse().with_context(|| format!("'{name}' is no export"))?;
        if export.volume().trim_matches('/').is_empty() {
            bail!("the export '{name}' names no volume; one is needed to make a directory on");
        }
        let options = settings.share_of_export(&export).map(|share| share.options.clone());
        Ok((export, options.unwrap_or_default()))
    }
}

impl SelftestReport {
    fn exit_status(&self) -> ExitStatus {
        let is_well = self.left_behind.is_empty() && !self.findings.iter().any(Finding::is_fault);
        match (self.end, is_well) {
            (End::Interrupted, _) => ExitStatus::Failed,
            (End::Complete, true) => ExitStatus::Well,
            (End::Complete, false) => ExitStatus::NotWell,
        }
    }
}
