//! `virt-quobyte install`

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use virt_quobyte::host::libvirt_daemon::{self, Daemon};
use virt_quobyte::host::program;
use virt_quobyte::link::{self, Change, HOOK, HOOKS_DIR, Layout, PlaceError};

use super::Format;
use crate::exit::ExitStatus;
use crate::{libvirt, render};

/// Have libvirt run the hook: link it into libvirt's directory of hooks
///
/// The link is qemu.d/virt-quobyte, and with libvirt before 6.5, which knows no qemu.d, the script qemu. Whatever else is there
/// stays as it is: if it is in the way, nothing is done, and what is to be done is said. Nothing is restarted or reloaded.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that something else is in the way.

With libvirt before 6.5 and a script of your own in the hook's place, add this line to it,
right below its first:
  /usr/sbin/virt-quobyte-hook \"$@\" || exit

Examples:
  virt-quobyte install
  virt-quobyte install --hook /usr/local/sbin/virt-quobyte-hook")]
pub(super) struct Arguments {
    /// libvirt's directory of hooks
    #[arg(long, value_name = "DIR", default_value = HOOKS_DIR)]
    hooks_dir: PathBuf,
    /// The hook [default: virt-quobyte-hook where systems have their programs]
    #[arg(long, value_name = "FILE")]
    hook: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct InstallReport {
    pub(crate) hooks_dir: PathBuf,
    pub(crate) change: Option<Change>,
    /// The daemons that have to look for hooks again; `None` if nobody can say which there are.
    pub(crate) daemons: Option<Vec<Daemon>>,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<ExitStatus> {
        let hook = match &self.hook {
            Some(hook) => hook.clone(),
            None => program::find(HOOK).ok_or_else(|| {
                anyhow!("{HOOK} is not in {}; say where it is: --hook FILE", program::searched())
            })?,
        };
        link::check_hook(&hook)?;
        let hooks_dir = absolute(&self.hooks_dir)?;
        let layout = Layout::of_version(libvirt::version()?);
        let change = match link::install(layout, &hooks_dir, &hook, &link::found(&hooks_dir)?) {
            Ok(change) => change,
            Err(refusal) => return Ok(render::not_done(&refusal)),
        };
        let mut daemons = Some(Vec::new());
        if let Some(change) = &change {
            may_change(&hooks_dir, link::apply(&hooks_dir, change))?;
            daemons = libvirt_daemon::installed();
        }
        render::install(&InstallReport { hooks_dir, change, daemons }, self.format.into())?;
        Ok(ExitStatus::Well)
    }
}

/// Whoever may change the directory need not be root; of whoever may not, root is told.
pub(super) fn may_change<T>(hooks_dir: &Path, tried: Result<T, PlaceError>) -> Result<T> {
    if tried.as_ref().is_err_and(PlaceError::is_denied) {
        super::only_root(&format!("change {}", hooks_dir.display().to_string().escape_debug()))?;
    }
    Ok(tried?)
}

/// The path as it will be in messages and links, wherever this was started.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path)
        .map_err(|error| anyhow!("{}: {error}", path.to_string_lossy().escape_debug()))
}
