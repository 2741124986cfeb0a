//! The commands.

mod around;
mod attach;
mod config;
mod detach;
mod disk_options;
mod disk_xml;
mod doctor;
mod document;
mod explain;
mod hot_plug;
mod install;
mod lint;
mod mount;
mod needs;
mod recover;
mod renew;
mod selftest;
mod status;
mod status_files;
mod umount;
mod uninstall;
mod watch;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use virt_quobyte::config::Settings;
use virt_quobyte::lease::StateDir;
use virt_quobyte::share::Share;

use crate::exit::ExitStatus;
pub(crate) use attach::AttachReport;
pub(crate) use detach::DetachReport;
#[cfg(test)]
pub(crate) use doctor::Check;
pub(crate) use doctor::{DoctorReport, Verdict};
pub(crate) use install::InstallReport;
pub(crate) use lint::{Change, Color, Document, Failure, Format as LintFormat, LintReport};
pub(crate) use mount::MountReport;
pub(crate) use needs::NeedsReport;
#[cfg(test)]
pub(crate) use recover::ReviveDisk;
pub(crate) use recover::{
    ForceReport, RecoverReport, RecoverShare, ReviveEnd, ReviveGuest, ReviveReport, ReviveShares,
};
pub(crate) use renew::{OldClient, RenewEnd, RenewGuest, RenewReport};
pub(crate) use selftest::{End as SelftestEnd, SelftestReport};
pub(crate) use status::{
    ClientStatus, Finding, HolderStatus, Holders, Prospect, Scope, Severity, ShareStatus,
    StatusReport,
};
pub(crate) use umount::UmountReport;
pub(crate) use uninstall::UninstallReport;

/// Runs libvirt guests on Quobyte volumes: see what the hook sees, and do by hand what it does
#[derive(Debug, Parser)]
#[command(
    name = "virt-quobyte",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "\
Exit status:
  0  all is well
  1  what was asked about is not as it should be, or what was asked for was not done
  2  the command line makes no sense
  3  the question could not be answered

Examples:
  virt-quobyte status
  virt-quobyte config check
  virsh dumpxml web1 | virt-quobyte needs -
  virt-quobyte disk-xml --share gold --image web1.qcow2 --format qcow2 --target vda
  virt-quobyte lint web1.xml"
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
    Lint(lint::Arguments),
    Explain(explain::Arguments),
    Mount(mount::Arguments),
    Umount(umount::Arguments),
    Attach(Box<attach::Arguments>),
    Detach(detach::Arguments),
    Recover(recover::Arguments),
    Renew(renew::Arguments),
    Watch(watch::Arguments),
    DiskXml(Box<disk_xml::Arguments>),
    #[command(subcommand)]
    Config(config::Command),
    Doctor(doctor::Arguments),
    Selftest(selftest::Arguments),
    Install(install::Arguments),
    Uninstall(uninstall::Arguments),
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
            Command::Lint(arguments) => arguments.run(config),
            Command::Explain(arguments) => arguments.run(),
            Command::Mount(arguments) => arguments.run(config),
            Command::Umount(arguments) => arguments.run(config),
            Command::Attach(arguments) => arguments.run(config),
            Command::Detach(arguments) => arguments.run(config),
            Command::Recover(arguments) => arguments.run(config),
            Command::Renew(arguments) => arguments.run(config),
            Command::Watch(arguments) => arguments.run(config),
            Command::DiskXml(arguments) => arguments.run(config),
            Command::Config(command) => command.run(config),
            Command::Doctor(arguments) => arguments.run(config),
            Command::Selftest(arguments) => arguments.run(config),
            Command::Install(arguments) => arguments.run(),
            Command::Uninstall(arguments) => arguments.run(config),
        }
    }
}

/// What changes a host is for root; what only looks is for everybody, as far as they may.
fn only_root(to_do: &str) -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("only root may {to_do}: run it as root");
    }
    Ok(())
}

/// The share of a name: a configured one, or one that has left the configuration and still has a record.
fn share_named(name: &str, settings: &Settings, state: &StateDir) -> Result<Share> {
    if let Some(share) = settings.share_named(name) {
        return Ok(share.clone());
    }
    for key in state.recorded()? {
        if let Ok(Some(record)) = state.peek(&key)
            && record.name.as_str() == name
        {
            return Ok(record.share());
        }
    }
    bail!("there is no share '{}'; 'virt-quobyte status' lists them", name.escape_debug())
}
