//! The element that Nova's Quobyte volume driver writes for what Nova and Cinder store of a volume, byte for byte.
//!
//! What it follows, in Nova 34: `LibvirtBaseVolumeDriver.get_config` and the Quobyte driver's own, the file system drivers'
//! path, `LibvirtConfigGuestDisk.format_dom`, and lxml's spelling. What Nova cannot write is refused, as there, and beyond that
//! what would leave the share, what is no XML, and what libvirt would refuse when the guest is started.
//!
//! `tests/diskxml/nova` holds what the real driver wrote; `tests/diskxml/compare-with-nova` asks it anew.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::share::{Export, ExportError, MountPoint};

use super::element::Element;
use super::image::{ImageName, ImageNameError, ImagePath};
use super::limits::{Limit, Limits};
use super::refusal::Refusal;
use super::serial::{Serial, SerialError};
use super::spec::{Disk, DiskSpec, SecretUuid};
use super::target::{Target, TargetError};
use super::words::{Access, Bus, Discard, ErrorPolicy, Sharing, Word};
use super::write;

/// What one attachment of a volume is stored as. Keys that Nova does not read for this are passed over, as Nova does.
#[derive(Debug, Clone, Deserialize)]
pub struct Attachment {
    connection_info: ConnectionInfo,
    disk_info: DiskInfo,
    secret_uuid: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct ConnectionInfo {
    data: Data,
    serial: Option<String>,
    #[serde(default)]
    multiattach: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
struct Data {
    export: String,
    name: String,
    #[serde(default, deserialize_with = "not_null")]
    format: Option<String>,
    volume_id: Option<String>,
    access_mode: Option<String>,
    #[serde(default)]
    discard: Value,
    /// Anything but an object is passed over.
    #[serde(default)]
    qos_specs: Value,
    logical_block_size: Option<String>,
    physical_block_size: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct DiskInfo {
    bus: String,
    dev: String,
    #[serde(rename = "type")]
    device: String,
    #[serde(default, deserialize_with = "not_null")]
    unit: Option<u16>,
}

/// Nova looks whether the key is there, and makes something else of a null than of nothing.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Whether to write what Nova writes, or that and what is held better here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// Byte for byte what Nova writes.
    Exact,
    /// With the error policies that keep a guest alive while the client is away.
    Recommended,
}

/// Why an attachment has no disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NovaError {
    /// Not what is stored.
    #[error("it is not what Nova stores: {0}")]
    Json(String),
    /// Nova takes no other (`InvalidVolumeAccessMode`).
    #[error("connection_info.data.access_mode is '{}': 'ro' or 'rw' would be right", .0.escape_debug())]
    AccessMode(String),
    /// Nova would mount it; the client, or a log, would not bear it.
    #[error("connection_info.data.export: {0}")]
    Export(#[source] ExportError),
    /// Nova would join it with the mount point, whatever it is.
    #[error("connection_info.data.name: {0}")]
    Name(#[source] ImageNameError),
    /// Not a word that is taken here.
    #[error("{key} is '{}': {right} would be right", .value.escape_debug())]
    Word {
        /// Where it stands.
        key: &'static str,
        /// What is there.
        value: String,
        /// What may be.
        right: String,
    },
    /// Not a target.
    #[error("disk_info.dev: {0}")]
    Target(#[source] TargetError),
    /// libvirt would refuse it.
    #[error("connection_info.serial: {0}")]
    Serial(#[source] SerialError),
    /// libvirt would refuse an alias of it.
    #[error("the volume's id '{}' makes no alias: letters, digits, '-', '_' and '.' would be right", .0.escape_debug())]
    VolumeId(String),
    /// Not a number that libvirt would read.
    #[error("{key} is {value}: {right} would be right")]
    Number {
        /// Where it stands.
        key: String,
        /// What is there.
        value: String,
        /// What may be.
        right: &'static str,
    },
    /// Nova reads no secret for a volume without an id.
    #[error("secret_uuid is given, and no volume_id or serial that the secret could be of")]
    SecretOfNoVolume,
    /// Not a UUID.
    #[error("secret_uuid is {0}")]
    Secret(#[source] crate::domain::NotAUuid),
    /// Nova writes it, and libvirt refuses it.
    #[error("libvirt or QEMU would refuse what Nova writes for it: {}", list(.0))]
    Refused(Vec<Refusal>),
}

fn list(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A disk as Nova has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NovaDisk {
    disk: Disk,
    /// libvirt shows it, Nova finds the disk by it, and it is `None` if there is no volume's id at all.
    volume_id: Option<String>,
    /// In Nova's words, not ours: it may be longer than QEMU keeps.
    serial: Option<Serial>,
}

impl Attachment {
    /// Reads the JSON.
    pub fn parse(text: &str) -> Result<Self, NovaError> {
        serde_json::from_str(text).map_err(|error| NovaError::Json(error.to_string()))
    }

    /// The disk that Nova would attach, with its mounts below this directory.
    pub fn disk(&self, mount_base: &MountPoint) -> Result<NovaDisk, NovaError> {
        let Self { connection_info, disk_info, secret_uuid } = self;
        let data = &connection_info.data;
        let key = self.export()?.key();
        let name: ImageName = data.name.parse().map_err(NovaError::Name)?;
        let image = ImagePath::on(&mount_base.join_key(&key), &name);
        let target: Target = disk_info.dev.parse().map_err(NovaError::Target)?;
        let bus = word("disk_info.bus", &disk_info.bus)?;
        let mut spec = DiskSpec::new(image, target, bus);
        spec.device = word("disk_info.type", &disk_info.device)?;
        if let Some(format) = &data.format {
            spec.format = word("connection_info.data.format", format)?;
        }
        spec.access = match data.access_mode.as_deref() {
            None | Some("" | "rw") => Access::ReadWrite,
            Some("ro") => Access::ReadOnly,
            Some(other) => return Err(NovaError::AccessMode(other.to_owned())),
        };
        // `is True`, in Nova.
        spec.discard = (data.discard == Value::Bool(true)).then_some(Discard::Unmap);
        if connection_info.multiattach == Some(true) {
            spec.sharing = Sharing::Shareable;
        }
        spec.limits = limits(&data.qos_specs)?;
        let (logical, physical) = (&data.logical_block_size, &data.physical_block_size);
        spec.blocks.logical = block_size("logical_block_size", logical.as_deref())?;
        spec.blocks.physical = block_size("physical_block_size", physical.as_deref())?;
        // Nova has units for SCSI only.
        spec.unit = disk_info.unit.filter(|_| bus == Bus::Scsi);
        let volume_id = volume_id(data.volume_id.as_deref(), connection_info.serial.as_deref())?;
        if let Some(uuid) = secret_uuid {
            if volume_id.is_none() {
                return Err(NovaError::SecretOfNoVolume);
            }
            spec.luks_secret = Some(uuid.parse::<SecretUuid>().map_err(NovaError::Secret)?);
        }
        // Kept beside the specification, whose check would refuse what QEMU cuts off. Nova's is the volume's id: 36 characters.
        let serial = connection_info.serial.as_deref().map(str::parse).transpose();
        let serial = serial.map_err(NovaError::Serial)?;
        let disk = spec.check().map_err(NovaError::Refused)?;
        Ok(NovaDisk { disk, volume_id, serial })
    }

    /// What the volume is on.
    pub fn export(&self) -> Result<Export, NovaError> {
        self.connection_info.data.export.parse().map_err(NovaError::Export)
    }
}

fn word<W: Word>(key: &'static str, value: &str) -> Result<W, NovaError> {
    W::ALL.iter().copied().find(|word| word.as_str() == value).ok_or_else(|| {
        let right: Vec<_> = W::ALL.iter().map(|word| format!("'{}'", word.as_str())).collect();
        NovaError::Word { key, value: value.to_owned(), right: right.join(" or ") }
    })
}

/// The id in the data, or what the attachment calls the serial number.
fn volume_id(id: Option<&str>, serial: Option<&str>) -> Result<Option<String>, NovaError> {
    let id = id.filter(|id| !id.is_empty()).or(serial);
    match id {
        None => Ok(None),
        // libvirt's schema; its parser asks for no more than the prefix, and QEMU's ids take no more than this.
        Some(id) if id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) => {
            Ok(Some(id.to_owned()))
        }
        Some(id) => Err(NovaError::VolumeId(id.to_owned())),
    }
}

/// The keys that Nova knows; it copies the values, numbers or texts, and passes over all other keys.
fn limits(specs: &Value) -> Result<Limits, NovaError> {
    let mut limits = Limits::default();
    let Value::Object(specs) = specs else { return Ok(limits) };
    let known: BTreeMap<Limit, &Value> = specs
        .iter()
        .filter_map(|(key, value)| Some((key.parse().ok()?, value)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    for (limit, value) in known {
        let number = match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => canonical(text),
            _ => None,
        };
        let number = number.ok_or_else(|| NovaError::Number {
            key: format!("connection_info.data.qos_specs.{limit}"),
            value: value.to_string(),
            right: "a whole number",
        })?;
        limits.set(limit, number);
    }
    Ok(limits)
}

fn block_size(key: &str, text: Option<&str>) -> Result<Option<u32>, NovaError> {
    let Some(text) = text else { return Ok(None) };
    let number = canonical(text).and_then(|number| u32::try_from(number).ok());
    let number = number.ok_or_else(|| NovaError::Number {
        key: format!("connection_info.data.{key}"),
        value: format!("\"{}\"", text.escape_debug()),
        right: "a whole number as a text",
    })?;
    Ok(Some(number))
}

/// A number in the one spelling that is copied and read the same.
fn canonical(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

impl NovaDisk {
    pub(super) fn spec(&self) -> &DiskSpec {
        self.disk.spec()
    }

    /// In the order of `format_dom`.
    pub(super) fn element(&self, fidelity: Fidelity) -> Element {
        let spec = self.disk.spec();
        let mut disk =
            Element::new("disk").with("type", "file").with("device", spec.device.as_str());
        let policy = (fidelity == Fidelity::Recommended).then_some(ErrorPolicy::Stop);
        disk.add(
            Element::new("driver")
                .with("name", "qemu")
                .with("type", spec.format)
                .with("cache", spec.cache)
                .with_some("discard", spec.discard)
                .with("io", spec.io)
                .with_some("error_policy", policy)
                .with_some("rerror_policy", policy),
        );
        // Python's name for no value, where there is no id.
        let id = self.volume_id.as_deref().unwrap_or("None");
        disk.add(Element::new("alias").with("name", format_args!("ua-{id}")));
        disk.add(Element::new("source").with("file", &spec.image));
        disk.add(Element::new("target").with("dev", &spec.target).with("bus", spec.bus));
        if let Some(serial) = &self.serial {
            disk.add(Element::of_text("serial", serial));
        }
        if let Some(iotune) = spec.limits.nova_element() {
            disk.add(iotune);
        }
        if spec.blocks.logical.is_some() || spec.blocks.physical.is_some() {
            disk.add(
                Element::new("blockio")
                    .with_some("logical_block_size", spec.blocks.logical)
                    .with_some("physical_block_size", spec.blocks.physical),
            );
        }
        if spec.access == Access::ReadOnly {
            disk.add(Element::new("readonly"));
        }
        if spec.sharing == Sharing::Shareable {
            disk.add(Element::new("shareable"));
        }
        if let Some(unit) = spec.unit {
            let address = Element::new("address").with("type", "drive").with("controller", 0);
            disk.add(address.with("unit", unit));
        }
        if let Some(uuid) = spec.luks_secret {
            disk.add(write::encryption(uuid));
        }
        disk
    }
}
