//! The commands.

mod config;
mod needs;
mod recover;
mod status;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::exit::ExitStatus;
pub(crate) use needs::NeedsReport;
pub(crate) use recover::{RecoverReport, RecoverShare};
pub(crate) use status::{HolderStatus, Holders, ShareStatus, StatusReport};

/// Runs libvirt guests on Quobyte volumes: see what the hook sees
#[derive(Debug, Parser)]
#[command(
    name = "virt-quobyte",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "\
Exit status:
  0  all is well
  1  what was asked about is not as it should be
  2  the command line makes no sense
  3  the question could not be answered

Examples:
  virt-quobyte status
  virt-quobyte config check
  virsh dumpxml web1 | virt-quobyte needs -"
)]
pub(crate) struct Arguments {
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = format!("Read this configuration, and its drop-ins beside it [default: {}]", virt_quobyte::config::DEFAULT_PATH),
    )]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Arguments),
    Needs(needs::Arguments),
    Recover(recover::Arguments),
    #[command(subcommand)]
    Config(config::Command),
}

/// Whether to print for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub(crate) struct Format {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Arguments {
    pub(crate) fn run(self) -> Result<ExitStatus> {
        let config = self.config.as_deref();
        match self.command {
            Command::Status(arguments) => arguments.run(config),
            Command::Needs(arguments) => arguments.run(config),
            Command::Recover(arguments) => arguments.run(config),
            Command::Config(config::Command::Check) => config::check(config),
        }
    }
}
