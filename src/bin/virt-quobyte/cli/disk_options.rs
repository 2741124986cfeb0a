//! What a disk on a share is to be, as options: the same where it is printed and where it is attached.

mod words;

use std::num::NonZeroU64;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use virt_quobyte::config::Settings;
use virt_quobyte::diskxml::{
    self, Access, BlockSizes, Bus, Cache, DetectZeroes, Device, Discard, DiskSpec, ErrorPolicy,
    Format, ImageName, ImagePath, Io, Limit, Limits, Request, SecretUuid, Serial, Sharing, Target,
};
use virt_quobyte::share::{Export, Share, ShareName};

use words::word;

/// What the guest sees.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What the guest sees")]
pub(super) struct Frontend {
    /// A hard disk, or a CD drive with the image in it
    #[arg(long, value_parser = word::<Device>(), default_value = "disk", value_name = "DEVICE")]
    device: Device,
    /// [default: virtio for vd, scsi for sd, sata for the sd of a CD drive, ide for hd]
    #[arg(long, value_parser = word::<Bus>(), value_name = "BUS")]
    bus: Option<Bus>,
    /// A serial number, for /dev/disk/by-id
    #[arg(long, value_name = "TEXT")]
    serial: Option<Serial>,
    /// The guest may not write
    #[arg(long)]
    readonly: bool,
    /// Other guests may have the same image at the same time; raw only
    #[arg(long)]
    shareable: bool,
    /// Its place in the order in which the firmware tries to boot, from 1
    #[arg(long, value_name = "N")]
    boot: Option<u32>,
    /// Its place on the first controller of its bus (scsi, sata)
    #[arg(long, value_name = "N")]
    unit: Option<u16>,
    /// The smallest unit of I/O, in bytes [default: QEMU's, 512]
    #[arg(long, value_name = "BYTES")]
    logical_block_size: Option<u32>,
    /// The unit of I/O that costs nothing extra, in bytes [default: QEMU's, 512]
    #[arg(long, value_name = "BYTES")]
    physical_block_size: Option<u32>,
}

/// How QEMU does it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How QEMU does it")]
pub(super) struct Backend {
    /// What the image is [default: raw]
    #[arg(long, value_parser = word::<Format>(), value_name = "FORMAT")]
    format: Option<Format>,
    /// What the host keeps in memory
    #[arg(long, value_parser = word::<Cache>(), default_value = "none", value_name = "CACHE")]
    cache: Cache,
    /// How I/O is done
    #[arg(long, value_parser = word::<Io>(), default_value = "native", value_name = "IO")]
    io: Io,
    /// Give back blocks that the guest no longer needs; 'ignore' says that they stay
    #[arg(long, value_parser = word::<Discard>(), num_args = 0..=1, require_equals = true, default_missing_value = "unmap", value_name = "DISCARD")]
    discard: Option<Discard>,
    /// Look for zeroes that the guest writes
    #[arg(long, value_parser = word::<DetectZeroes>(), value_name = "WORD")]
    detect_zeroes: Option<DetectZeroes>,
    /// When a write fails
    #[arg(long, value_parser = word::<ErrorPolicy>(), default_value = "stop", value_name = "POLICY")]
    error_policy: ErrorPolicy,
    /// When a read fails
    #[arg(long, value_parser = word::<ErrorPolicy>(), default_value = "stop", value_name = "POLICY")]
    rerror_policy: ErrorPolicy,
    /// The domain's I/O thread for it, from 1 (virtio)
    #[arg(long, value_name = "N")]
    iothread: Option<u32>,
    /// How many queues it has (virtio)
    #[arg(long, value_name = "N")]
    queues: Option<u32>,
    #[arg(
        long = "limit",
        value_parser = limit,
        value_name = "KEY=N",
        help = "Limit what it may do; repeat for more. KEY is one of libvirt's <iotune>, such as total_bytes_sec or \
            read_iops_sec_max"
    )]
    limits: Vec<(Limit, u64)>,
    /// The libvirt secret with the passphrase of an image that is encrypted with LUKS
    #[arg(long, value_name = "UUID")]
    secret: Option<SecretUuid>,
}

/// `KEY=N`; libvirt would take 0 for no limit.
fn limit(text: &str) -> Result<(Limit, u64)> {
    let (key, value) =
        text.split_once('=').context("KEY=N would be right, as in total_iops_sec=500")?;
    let value: NonZeroU64 = value.parse().context("a whole number from 1 would be right")?;
    Ok((key.parse()?, value.get()))
}

/// The share, by its name or its export, and how a domain asks for it.
pub(super) fn place(
    share: Option<&ShareName>,
    export: Option<&Export>,
    settings: &Settings,
) -> Result<(Share, Request)> {
    if let Some(export) = export {
        return of_export(export, settings);
    }
    let name = share.context("clap asks for a share or an export")?;
    let share = settings.share_named(name.as_str()).ok_or_else(|| {
        anyhow!("there is no share '{name}' in the configuration; 'virt-quobyte config check' lists them")
    })?;
    Ok((share.clone(), Request::Name(name.clone())))
}

/// The share of an export. The hook would mount no other export for a domain.
pub(super) fn of_export(export: &Export, settings: &Settings) -> Result<(Share, Request)> {
    if let Some(share) = settings.share_of_export(export) {
        return Ok((share.clone(), Request::Name(share.name.clone())));
    }
    if settings.policy.allows(export) {
        let share = Share::of_policy_export(export.clone(), &settings.mount_base);
        return Ok((share, Request::Export(export.clone())));
    }
    bail!(
        "the export {export} is neither a configured share nor allowed by the configuration's policy"
    )
}

/// The disk as it is wished for.
pub(super) fn spec(
    share: &Share,
    image: &ImageName,
    target: &Target,
    frontend: &Frontend,
    backend: &Backend,
) -> Result<DiskSpec> {
    let format = backend.format.unwrap_or(Format::Raw);
    if backend.format.is_none()
        && Path::new(image.as_str()).extension().is_some_and(|it| it == "qcow2")
    {
        bail!(
            "the image is called {image}, and without --format it would be raw, a guest that could write its header: say \
             --format qcow2, or --format raw"
        );
    }
    let bus = frontend.bus.unwrap_or_else(|| diskxml::usual_bus(target, frontend.device));
    let mut limits = Limits::default();
    for (limit, value) in &backend.limits {
        if limits.set(*limit, *value).is_some() {
            bail!("--limit {limit} is given twice");
        }
    }
    Ok(DiskSpec {
        device: frontend.device,
        format,
        cache: backend.cache,
        io: backend.io,
        discard: backend.discard,
        detect_zeroes: backend.detect_zeroes,
        error_policy: backend.error_policy,
        rerror_policy: backend.rerror_policy,
        iothread: backend.iothread,
        queues: backend.queues,
        blocks: BlockSizes {
            logical: frontend.logical_block_size,
            physical: frontend.physical_block_size,
        },
        limits,
        access: if frontend.readonly { Access::ReadOnly } else { Access::ReadWrite },
        sharing: if frontend.shareable { Sharing::Shareable } else { Sharing::Exclusive },
        serial: frontend.serial.clone(),
        boot: frontend.boot,
        unit: frontend.unit,
        luks_secret: backend.secret,
        ..DiskSpec::new(ImagePath::on(&share.mount_point, image), target.clone(), bus)
    })
}
