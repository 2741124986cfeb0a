//! `virt-quobyte attach`

use std::path::Path;

use anyhow::{Context, Result};
use virt_quobyte::attempt::Attempt;
use virt_quobyte::config::{Settings, load};
use virt_quobyte::diskxml::{self, ImageName, ImagePath, Request, Target, WrittenDisk};
use virt_quobyte::domain::{self, NAMESPACE};
use virt_quobyte::hold::Acquired;
use virt_quobyte::host;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::needs::{self, Images};
use virt_quobyte::share::{Export, Share, ShareName};

use super::Format;
use super::disk_options::{self, Backend, Frontend};
use super::hot_plug::{self, Connection, Hold, Need, Seen, Settled};
use crate::exit::ExitStatus;
use crate::libvirt::{Guest, NoAnswer, Reach};
use crate::render;

/// Give a running guest a disk on a share, and have the guest hold the share
///
/// libvirt runs no hook for this. So the share is mounted first and held by the guest, as at a start, by the hook's own plan and
/// under its lock; the image is looked for, and the shares of what it is backed by are held as well; then libvirt is asked to
/// attach the disk. If anything fails, all of it is undone. The guest's end lets go of the share as usual.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that the guest did not get the disk, and that nothing is left of the
attempt. Exit status 3 can also say that libvirt did not answer, so that nobody knows.

A guest that does not run can only get a disk with --persistent; its next start mounts
the share.

Examples:
  virt-quobyte attach web1 --share gold --image data.qcow2 --format qcow2 --target vdb
  virt-quobyte attach web1 --share gold --image data --target vdb --persistent
  virt-quobyte detach web1 vdb")]
pub(super) struct Arguments {
    /// The guest, by its name or UUID
    #[arg(value_name = "DOMAIN")]
    domain: String,
    /// The share that the image is on, by the name that the configuration gives it
    #[arg(long, value_name = "NAME", conflicts_with = "export")]
    share: Option<ShareName>,
    /// The share by its export: a configured one, or one for which the domain's metadata asks and which the policy allows
    #[arg(long, value_name = "EXPORT", required_unless_present = "share")]
    export: Option<Export>,
    /// The image, by its name on the share
    #[arg(long, value_name = "NAME")]
    image: ImageName,
    /// Where the guest has it: vda, sdb, hdc
    #[arg(long, value_name = "DEV")]
    target: Target,
    /// At the guest's next starts too
    #[arg(long)]
    persistent: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    frontend: Frontend,
    #[command(flatten)]
    backend: Backend,
}

/// What became of a disk that a guest was to get.
#[derive(Debug)]
pub(crate) struct AttachReport {
    pub(crate) domain: String,
    pub(crate) target: String,
    pub(crate) image: String,
    pub(crate) reach: Reach,
    /// The shares that the guest holds for it, and whether since this call. None if it does not run.
    pub(crate) shares: Vec<(String, Acquired)>,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        super::only_root("give a guest a disk")?;
        let settings = load::settings(config)?;
        let (share, request) =
            disk_options::place(self.share.as_ref(), self.export.as_ref(), &settings)?;
        let (frontend, backend) = (&self.frontend, &self.backend);
        let disk = disk_options::spec(&share, &self.image, &self.target, frontend, backend)?;
        let disk = match disk.check() {
            Ok(disk) => WrittenDisk::Libvirt(disk),
            Err(refusals) => return Ok(render::no_such_disk(&refusals)),
        };
        let guest = Guest::find(&self.connection.connect, &self.domain)?;
        let seen = hot_plug::look(&guest)?.context("the domain ended just now")?;
        let reach = match (seen.runs, self.persistent) {
            (true, false) => Reach::Running,
            (true, true) => Reach::Both,
            (false, true) => Reach::Defined,
            (false, false) => {
                return Ok(render::not_done(&format_args!(
                    "{} does not run; --persistent gives it the disk for its next start",
                    seen.shown()
                )));
            }
        };
        let definition = if reach == Reach::Both { hot_plug::definition(&guest)? } else { None };
        for document in [Some(&seen), definition.as_ref()].into_iter().flatten() {
            if let Some(why) = misfit(document, &disk, &share, &request, &settings) {
                return Ok(render::not_done(&why));
            }
        }
        let done = match reach {
            Reach::Defined => match guest.attach(disk.to_xml(), reach) {
                Ok(()) => Ok(Vec::new()),
                Err(NoAnswer::Refused(why)) => Err(vec![NoAnswer::Refused(why).to_string()]),
                Err(late) => return Err(self.unknown(&late, &seen)),
            },
            Reach::Running | Reach::Both => {
                let hold = Hold::of(&guest, &seen, &settings)?;
                self.plug(&hold, &seen, &disk, &request, reach)?
            }
        };
        match done {
            Ok(shares) => {
                let report = AttachReport {
                    domain: seen.shown(),
                    target: self.target.to_string(),
                    image: ImagePath::on(&share.mount_point, &self.image).to_string(),
                    reach,
                    shares,
                };
                render::attach(&report, self.format.into())?;
                Ok(ExitStatus::Well)
            }
            Err(reasons) => Ok(render::none_of_it(&reasons)),
        }
    }

    /// Holds, attaches, and looks whether all is as it should be. Why not, if nothing is left of it.
    fn plug(
        &self,
        hold: &Hold<'_>,
        seen: &Seen,
        disk: &WrittenDisk,
        request: &Request,
        reach: Reach,
    ) -> Result<Result<Held, Vec<String>>> {
        let alone = alone(disk, request);
        let domain = domain::read(alone.as_bytes()).context("a disk of ours")?;
        let needs = needs::of(&domain, hold.settings);
        let limit = hold.settings.deadlines.hook;
        let _waiting = render::Waiting::for_(format!("attaching {}", self.target));
        host::prefer_to_survive();
        let mut images = Images::of(&domain, &needs.shares, hold.settings);
        let mut attempt =
            Attempt::new(hold.settings, &hold.state, &hold.lease, Deadline::after(limit));
        let gathered = attempt.gather(&needs.shares, &mut images);
        let touched: Vec<Share> = attempt.held().iter().map(|(share, _)| share.clone()).collect();
        let reasons = match gathered {
            Err(trouble) => trouble.texts(None),
            Ok(()) => match hold.guest.attach(disk.to_xml(), reach) {
                Ok(()) => Vec::new(),
                Err(NoAnswer::Refused(why)) => vec![NoAnswer::Refused(why).to_string()],
                Err(late) => return Err(self.unknown(&late, seen)),
            },
        };
        if reasons.is_empty() {
            return Ok(
                match hold.settle(&touched, &[]).context(format!(
                    "{} has the disk {}, but whether it holds its shares is not known",
                    seen.shown(),
                    self.target
                ))? {
                    Settled::Runs(_) => Ok(attempt.held().iter().map(name_and_since).collect()),
                    Settled::Ended => Err(vec![format!("{} has ended meanwhile", seen.shown())]),
                },
            );
        }
        let new = attempt.held().iter().filter(|(_, acquired)| *acquired == Acquired::Now);
        let new: Vec<Share> = new.map(|(share, _)| share.clone()).collect();
        hold.settle(&touched, &new).with_context(|| {
            format!(
                "{}; and what had been done for the disk could not be undone",
                reasons.join("; and ")
            )
        })?;
        Ok(Err(reasons))
    }

    fn unknown(&self, error: &NoAnswer, seen: &Seen) -> anyhow::Error {
        let what = format!("{} has the disk {} now", seen.shown(), self.target);
        hot_plug::unknown(error, &what, seen)
    }
}

/// The shares of a disk, and since when its guest holds them.
type Held = Vec<(String, Acquired)>;

fn name_and_since((share, acquired): &(Share, Acquired)) -> (String, Acquired) {
    (share.name.to_string(), *acquired)
}

/// What keeps a disk out of a domain, as far as the domain's document tells: before anything is mounted for it.
fn misfit(
    seen: &Seen,
    disk: &WrittenDisk,
    share: &Share,
    request: &Request,
    settings: &Settings,
) -> Option<String> {
    let name = seen.shown();
    if let Request::Export(export) = request
        && seen.needs(&share.key, settings) != Need::Yes
    {
        // Nothing else would explain the disk's path to the hook, at a reconnect, a migration, or the next start.
        let how = if seen.runs { "--live --config" } else { "--config" };
        return Some(format!(
            "the metadata of {name} does not ask for the export {export}; let it: virsh metadata {name} {NAMESPACE} {how} --key vq --set \"$(virt-quobyte disk-xml --metadata --export {export})\""
        ));
    }
    let inserted = diskxml::insert(seen.document().as_bytes(), disk, request);
    inserted.err().map(|error| format!("{name}: {}", error.problem))
}

/// A domain that has this disk and nothing else, so that only what the disk needs is looked at.
fn alone(disk: &WrittenDisk, request: &Request) -> String {
    let (metadata, disk) = (request.to_xml(), disk.to_xml());
    format!(
        "<domain><name>alone</name><metadata>{metadata}</metadata><devices>{disk}</devices></domain>"
    )
}
