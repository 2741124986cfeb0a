//! What is known of a guest that may have to be revived: asked of libvirt, of its QEMU, and of the kernel about that.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use virt_quobyte::config::Settings;
use virt_quobyte::domain::DomainUuid;
use virt_quobyte::escape::Escaped;
use virt_quobyte::health::Health;
use virt_quobyte::hold::Remounted;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::processes::storage;
use virt_quobyte::lease::{StateDir, Turn};
use virt_quobyte::mounts::MountId;
use virt_quobyte::needs;
use virt_quobyte::revive::{self, DiskWords, Facts, Given, Purpose, Revival, Step, monitor};
use virt_quobyte::share::Share;
use virt_quobyte::xml::Tree;

use super::walk::{self, Failed, Walked};
use crate::cli::recover::guests;
use crate::cli::status_files;
use crate::libvirt;

/// How long the host's processes are looked at for a guest's QEMU.
const QEMU: Duration = Duration::from_secs(5);

/// How long it is waited for somebody else who changes a guest's disks.
const TURN: Duration = Duration::from_secs(10);

/// A guest that runs on the share.
#[derive(Debug)]
pub(in crate::cli) struct Candidate {
    uuid: DomainUuid,
    name: String,
    line: libvirt::Guest,
}

/// The guests that run on a share.
pub(in crate::cli) fn candidates(
    uri: &str,
    share: &Share,
    settings: &Settings,
) -> Result<Vec<Candidate>> {
    let known = guests::of(uri);
    if let Some(why) = known.without_libvirt {
        bail!("guests are revived through libvirt, which does not answer: {why}");
    }
    let uses = |guest: &&guests::Guest| {
        needs::of(&guest.domain, settings).shares.iter().any(|needed| needed.key == share.key)
    };
    let found = known.running.iter().filter(uses).map(|guest| {
        let line = libvirt::Guest::find(uri, &guest.uuid.to_string())?;
        let name = guest.domain.name.value.as_str().to_owned();
        Ok(Candidate { uuid: guest.uuid, name, line })
    });
    found.collect()
}

impl Candidate {
    pub(super) fn uuid(&self) -> DomainUuid {
        self.uuid
    }

    /// Whether it is paused, or does not say.
    pub(super) fn may_be_paused(&self) -> bool {
        !matches!(self.line.is_paused(), Ok(Some(false)))
    }

    pub(in crate::cli) fn name(&self) -> String {
        Escaped(&self.name).to_string()
    }

    /// Our turn to change its disks.
    pub(in crate::cli) fn turn(&self, state: &StateDir) -> Result<Turn, String> {
        state.turn(&self.uuid, Deadline::after(TURN)).map_err(|error| error.to_string())
    }

    /// What is to be done with it, on a share that was found so.
    pub(super) fn decide(&self, share: &Share, found: &Remounted) -> Result<Revival, String> {
        let living = found.mount.filter(|_| found.health == Health::Healthy);
        self.decide_for(Purpose::Revive, share, living)
    }

    /// The same for either purpose. What of the guest's files is not on the living mount is to be opened anew.
    pub(in crate::cli) fn decide_for(
        &self,
        purpose: Purpose,
        share: &Share,
        living: Option<MountId>,
    ) -> Result<Revival, String> {
        let guest = self.look(living).map_err(|error| format!("{error:#}"))?;
        let revival = revive::decide(&share.mount_point, purpose, &guest);
        let revival = revival.map_err(|refusal| refusal.to_string())?;
        // Its QEMU may hand the images over at any time, and libvirt lets nobody resume it before the end.
        if revival.is_needed() && self.line.is_worked_on().map_err(|error| error.to_string())? {
            return Err("it is being moved, saved or dumped; wait for the end of that, or end it: virsh domjobabort".to_owned());
        }
        Ok(revival)
    }

    pub(in crate::cli) fn walk(&self, steps: &[Step]) -> Result<Walked, Box<Failed>> {
        walk::walk(steps, &self.line)
    }

    /// Which process libvirt started for it. The file is root's, in a directory of root's.
    fn pid(&self) -> Result<u32> {
        let file = format!("{}/{}.pid", status_files::STATUS_FILES, self.name);
        let read = || -> io::Result<String> {
            if self.name.contains('/') || fs::symlink_metadata(&file)?.uid() != 0 {
                return Err(io::Error::other("it is not root's"));
            }
            fs::read_to_string(&file)
        };
        let text = read().with_context(|| format!("cannot read {}", Escaped(&file)))?;
        text.trim().parse().with_context(|| format!("cannot read {}", Escaped(&file)))
    }

    fn look(&self, living: Option<MountId>) -> Result<revive::Guest> {
        let document = self.line.xml()?.context("it has ended just now")?;
        let tree = Tree::read(document.as_bytes()).ok().context("its XML cannot be read")?;
        let disks = DiskWords::of(&tree);
        let mut answers = monitor::QUESTIONS.map(str::to_owned);
        for answer in &mut answers {
            *answer = self.line.monitor(monitor::question(answer))?;
        }
        let facts = Facts::read(&answers)?;
        let storage = storage::of(self.pid()?, &self.uuid.to_string(), Deadline::after(QEMU))?
            .context("its QEMU was not found among the processes")?;
        let given = Given::of(storage.blockdevs.iter().map(String::as_str));
        let alive = living.map(|mount| storage.open_on(mount.device).map(str::to_owned).collect());
        Ok(revive::Guest { facts, given, disks, alive: alive.unwrap_or_default() })
    }
}
