//! `virt-quobyte disk-xml`

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use virt_quobyte::config::load;
use virt_quobyte::diskxml::nova::{Attachment, Fidelity};
use virt_quobyte::diskxml::{self, ImageName, Request, Target, WrittenDisk};
use virt_quobyte::share::{Export, MountPoint, ShareName};

use super::disk_options::{self, Backend, Frontend};
use super::document;
use crate::exit::ExitStatus;
use crate::render;

/// Print the XML of a disk on a share, alone or within a domain
///
/// What is printed is right for Quobyte: no host caches the image behind another's back, a guest waits while its storage is
/// away, and the image's format is said. What libvirt or QEMU would refuse, or would take and make something else of, is
/// refused with the reason. Nothing is changed, and neither the share nor the image is looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that there can be no such disk, or not in this domain.

Examples:
  virt-quobyte disk-xml --share gold --image web1.qcow2 --format qcow2 --target vda
  virt-quobyte disk-xml --share gold --image data --target vdb --limit total_iops_sec=500
  virt-quobyte disk-xml --share gold --image tools.iso --device cdrom --target sda
  virt-quobyte disk-xml --share gold --image web1 --target vda --into web1.xml > new.xml
  virsh metadata web1 urn:virt-quobyte:domain:1 --config --key vq \\
      --set \"$(virt-quobyte disk-xml --metadata --share gold)\"
  virt-quobyte disk-xml --nova attachment.json --recommended")]
pub(super) struct Arguments {
    /// The share that the image is on, by the name that the configuration gives it
    #[arg(long, value_name = "NAME", conflicts_with = "export")]
    share: Option<ShareName>,
    /// The share by its export, which must be configured or allowed by the configuration's policy
    #[arg(long, value_name = "EXPORT", required_unless_present_any = ["share", "nova"])]
    export: Option<Export>,
    /// The image, by its name on the share
    #[arg(long, value_name = "NAME", required_unless_present_any = ["metadata", "nova"])]
    image: Option<ImageName>,
    /// Where the guest has it: vda, sdb, hdc
    #[arg(long, value_name = "DEV", required_unless_present_any = ["metadata", "nova"])]
    target: Option<Target>,
    #[command(flatten)]
    frontend: Frontend,
    #[command(flatten)]
    backend: Backend,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    nova: Nova,
}

/// What is printed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is printed")]
struct Output {
    /// Not the disk, but the request for its share, for 'virsh metadata --set'
    #[arg(long, conflicts_with_all = ["into", "nova"])]
    metadata: bool,
    /// This domain with the disk and the request in it, and every other byte as it was; '-' for standard input
    #[arg(long, value_name = "DOMAIN.xml")]
    into: Option<PathBuf>,
}

/// The same as Nova.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "As OpenStack Nova writes it")]
struct Nova {
    #[arg(long = "nova", id = "nova", value_name = "FILE", help = "Print exactly what Nova writes for a volume: JSON with connection_info, disk_info and, for \
            LUKS, secret_uuid; '-' for standard input", conflicts_with_all = ["share", "export", "image", "target", "device", "bus", "serial",
        "readonly", "shareable", "boot", "unit", "logical_block_size", "physical_block_size", "format", "cache", "io", "discard",
        "detect_zeroes", "error_policy", "rerror_policy", "iothread", "queues", "limits", "secret"])]
    attachment: Option<PathBuf>,
    #[arg(
        long,
        help = "Nova's quobyte_mount_point_base",
        value_name = "DIR",
        default_value = "/var/lib/nova/mnt",
        requires = "nova"
    )]
    mount_base: MountPoint,
    /// Add what is held better here: the guest pauses while its storage is away
    #[arg(long, requires = "nova")]
    recommended: bool,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        match &self.nova.attachment {
            Some(file) => self.novas(file, config),
            None => self.ours(config),
        }
    }

    fn ours(&self, config: Option<&Path>) -> Result<ExitStatus> {
        let settings = load::settings(config)?;
        let (share, request) =
            disk_options::place(self.share.as_ref(), self.export.as_ref(), &settings)?;
        if self.output.metadata {
            render::text(&request.to_xml())?;
            return Ok(ExitStatus::Well);
        }
        let image = self.image.as_ref().context("clap asks for an image")?;
        let target = self.target.as_ref().context("clap asks for a target")?;
        match disk_options::spec(&share, image, target, &self.frontend, &self.backend)?.check() {
            Ok(disk) => self.print(&WrittenDisk::Libvirt(disk), || Ok(request)),
            Err(refusals) => Ok(render::no_such_disk(&refusals)),
        }
    }

    fn novas(&self, file: &Path, config: Option<&Path>) -> Result<ExitStatus> {
        let attachment = attachment(file)?;
        let fidelity = if self.nova.recommended { Fidelity::Recommended } else { Fidelity::Exact };
        match attachment.disk(&self.nova.mount_base) {
            Ok(disk) => self.print(&WrittenDisk::Nova(disk, fidelity), || {
                Ok(disk_options::of_export(&attachment.export()?, &load::settings(config)?)?.1)
            }),
            Err(error) => Ok(render::not_done(&error)),
        }
    }

    /// The disk alone, or in its domain, which also asks for the share.
    fn print(
        &self,
        disk: &WrittenDisk,
        request: impl FnOnce() -> Result<Request>,
    ) -> Result<ExitStatus> {
        let Some(into) = &self.output.into else {
            render::text(&disk.to_xml())?;
            return Ok(ExitStatus::Well);
        };
        let (source, name) = document::read(into)?;
        match diskxml::insert(&source, disk, &request()?) {
            Ok(document) => {
                render::text(&document)?;
                Ok(ExitStatus::Well)
            }
            Err(error) => Ok(render::not_done(&format_args!("{name}: {error}"))),
        }
    }
}

fn attachment(file: &Path) -> Result<Attachment> {
    let (text, name) = document::read(file)?;
    let text = String::from_utf8(text).with_context(|| format!("{name} is not UTF-8"))?;
    Attachment::parse(&text).map_err(|error| anyhow!("{name}: {error}"))
}
