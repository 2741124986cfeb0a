//! `virt-quobyte umount`

use std::path::Path;

use anyhow::Result;
use virt_quobyte::config::load;
use virt_quobyte::hold::{self, Released};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::lease::{Holder, StateDir};
use virt_quobyte::observe::{self, AskClient};
use virt_quobyte::plan::{Keep, KeptMounted};

use super::Format;
use crate::exit::ExitStatus;
use crate::render;

/// Let go of a share that was mounted by hand, and unmount it if nobody else holds it
///
/// By the hook's own plan and under its lock: what a guest holds, what a process uses and what was mounted by somebody else stays
/// mounted, and nothing is forced. A share that lingers after its last guest is unmounted at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that the share stays mounted, and why.

Examples:
  virt-quobyte umount gold")]
pub(super) struct Arguments {
    /// The share, by its name
    #[arg(value_name = "SHARE")]
    share: String,
    #[command(flatten)]
    format: Format,
}

/// What became of a share that the administrator let go of.
#[derive(Debug)]
pub(crate) struct UmountReport {
    pub(crate) name: String,
    /// Why it stays mounted.
    pub(crate) kept: Option<String>,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        super::only_root("unmount a share")?;
        let settings = load::settings(config)?;
        let state = StateDir::create(&settings.state_dir)?;
        let share = super::share_named(&self.share, &settings, &state)?;
        let limit = settings.deadlines.unmount;
        let waiting =
            render::Waiting::for_(format!("unmounting {} (for {limit:?} at most)", self.share));
        let deadline = Deadline::after(limit);
        let released = hold::release(
            &share.key,
            &Holder::Administrator,
            Keep::No,
            &settings,
            &state,
            deadline,
        );
        drop(waiting);
        let kept = match released {
            // As far as it is ours: of a mount without a record nobody can say so.
            Ok(Released::Unmounted)
                if observe::mounted(&share, AskClient::No)?.stack.is_empty() =>
            {
                None
            }
            Ok(Released::Unmounted) => Some(KeptMounted::NotOurs.to_string()),
            Ok(Released::Kept(why)) => Some(why.to_string()),
            Err(cause) => return Ok(render::not_done(&cause)),
        };
        let report = UmountReport { name: self.share.clone(), kept };
        render::umount(&report, self.format.into())?;
        Ok(ExitStatus::of(report.kept.is_none()))
    }
}
