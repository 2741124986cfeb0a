//! `virt-quobyte config check`

use std::path::Path;

use anyhow::Result;
use clap::Subcommand;
use virt_quobyte::config::load;

use super::Format;
use crate::exit::ExitStatus;
use crate::render;

/// Check the configuration
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check the configuration as the hook would read it, and list its shares
    ///
    /// Every mistake is printed with its file, line and column. A configuration that is not usable stops every guest whose XML
    /// names a file: check it before it is put in place.
    #[command(after_help = "\
Examples:
  virt-quobyte config check
  virt-quobyte --config ./config.toml config check
  virt-quobyte config check --json")]
    Check {
        #[command(flatten)]
        format: Format,
    },
}

impl Command {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        let Self::Check { format } = self;
        let read = load::settings(config);
        render::settings(&read, (*format).into())?;
        Ok(ExitStatus::of(read.is_ok()))
    }
}
