//! `recover --abort` and `--detach`: for one share, said first, asked for, and then done.

use anyhow::Result;
use virt_quobyte::config::Settings;
use virt_quobyte::hold::{self, Forced, Mode};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::processes::users::Users;
use virt_quobyte::lease::StateDir;
use virt_quobyte::plan::Force;
use virt_quobyte::share::Share;

use super::Arguments;
use crate::cli::Format;
use crate::exit::ExitStatus;
use crate::render;

/// What is to be forced, on which share.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    force: Force,
    share: &'a str,
}

/// What force would do to a share and to whom, or did.
#[derive(Debug)]
pub(crate) struct ForceReport {
    pub(crate) force: Force,
    pub(crate) share: String,
    pub(crate) mount_point: String,
    pub(crate) holders: Vec<String>,
    pub(crate) users: Vec<String>,
    pub(crate) applied: bool,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(arguments: &'a Arguments) -> Option<Self> {
        match (&arguments.abort, &arguments.detach) {
            (Some(share), _) => Some(Self { force: Force::Abort, share }),
            (None, Some(share)) => Some(Self { force: Force::Detach, share }),
            (None, None) => None,
        }
    }

    pub(super) fn run(&self, settings: &Settings, yes: bool, format: Format) -> Result<ExitStatus> {
        let state = StateDir::create(&settings.state_dir)?;
        let share = super::super::share_named(self.share, settings, &state)?;
        let deadline = || Deadline::after(settings.deadlines.hook);
        let force = |mode| {
            let doing = match mode {
                Mode::Show => "looking at",
                Mode::Apply => "forcing",
            };
            let _waiting = render::Waiting::for_(format!("{doing} {}", share.name));
            hold::force(&share, self.force, mode, settings, &state, deadline())
        };
        let found = match force(Mode::Show) {
            Ok(found) => found,
            Err(cause) => return Ok(render::not_done(&cause)),
        };
        let report = self.report(&share, &found);
        if !(yes && format.json) {
            // A program that says yes beforehand gets one document: that of what was done.
            render::force(&report, format.into())?;
        }
        if !(yes || super::is_agreed(&share.name, format)?) {
            return Ok(render::not_done(&"nothing was done"));
        }
        match force(Mode::Apply) {
            Ok(_) => {
                render::force(&ForceReport { applied: true, ..report }, format.into())?;
                Ok(ExitStatus::Well)
            }
            Err(cause) => Ok(render::not_done(&cause)),
        }
    }

    fn report(&self, share: &Share, found: &Forced) -> ForceReport {
        ForceReport {
            force: self.force,
            share: share.name.to_string(),
            mount_point: share.mount_point.to_string(),
            holders: found.holders.iter().map(ToString::to_string).collect(),
            users: found.users.as_ref().map(Users::lines).unwrap_or_default(),
            applied: false,
        }
    }
}
