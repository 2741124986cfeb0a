//! `virt-quobyte mount`

use std::path::Path;

use anyhow::{Result, bail};
use virt_quobyte::config::load;
use virt_quobyte::hold::{self, Acquired};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::{self, clock};
use virt_quobyte::lease::{Holder, Lease, StateDir};

use super::Format;
use crate::exit::ExitStatus;
use crate::render;

/// Mount a share by hand, and hold it until 'umount'
///
/// The share is mounted, or found mounted and healthy, by the hook's own plan and under its lock, and is then held by the
/// administrator as it would be by a guest: it stays mounted when its last guest has stopped. To do it again changes nothing.
/// What is held by hand is forgotten at a reboot.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that the share was refused or could not be mounted; nothing of the
attempt is left.

Examples:
  virt-quobyte mount gold
  qemu-img create -f qcow2 /srv/quobyte/gold/web1.qcow2 20G
  virt-quobyte umount gold")]
pub(super) struct Arguments {
    /// The share, by the name that the configuration gives it
    #[arg(value_name = "SHARE")]
    share: String,
    #[command(flatten)]
    format: Format,
}

/// What became of a share that the administrator wanted.
#[derive(Debug)]
pub(crate) struct MountReport {
    pub(crate) name: String,
    pub(crate) mount_point: String,
    pub(crate) acquired: Acquired,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        super::only_root("mount a share")?;
        let settings = load::settings(config)?;
        let Some(share) = settings.share_named(&self.share) else {
            bail!(
                "there is no share '{}' in the configuration; 'virt-quobyte config check' lists them",
                self.share.escape_debug()
            );
        };
        let state = StateDir::create(&settings.state_dir)?;
        let lease = Lease {
            holder: Holder::Administrator,
            domain_name: None,
            since: clock::now(),
            daemon: None,
        };
        host::prefer_to_survive();
        let limit = settings.deadlines.hook;
        let waiting =
            render::Waiting::for_(format!("mounting {} (for {limit:?} at most)", share.name));
        let acquired = hold::acquire(share, &lease, &settings, &state, Deadline::after(limit));
        drop(waiting);
        match acquired {
            Ok(acquired) => {
                let report = MountReport {
                    name: share.name.to_string(),
                    mount_point: share.mount_point.to_string(),
                    acquired,
                };
                render::mount(&report, self.format.into())?;
                Ok(ExitStatus::Well)
            }
            Err(failure) => Ok(render::not_done(&failure)),
        }
    }
}
