//! Reads a libvirt domain document: who the domain is, which paths of the host it names, and which
//! shares its metadata asks for, each with the place where the document says so.
//!
//! Bytes in, values out. Decides what the document says, and that it is one; not what a path lies
//! on, whether a share is known, or whether the domain is sensible. Everything that libvirt hands
//! to a hook is read, whatever the driver; for all else an error says where and why.
//!
//! ```text
//! read      the walk: what is kept             shares    the project's element in the metadata
//! places    the table: where paths stand       path      a path and its place
//! identity  name and UUID                      error     what can be wrong
//! disks     the images of the disks
//! ```
#![deny(clippy::disallowed_methods)]

mod disks;
mod error;
mod identity;
mod path;
pub mod places;
mod read;
mod shares;

use crate::xml::Located;
pub use disks::{BackingIn, DiskImage, Presence};
pub use error::{Problem, ReadError};
pub use identity::{DomainName, DomainUuid, EmptyName, NotAUuid};
pub use path::{PathUse, Place};

pub use shares::{MAX_SHARES, NAMESPACE, ShareRequest, SharesProblem, Wanted};

/// What a domain document says, as far as storage is concerned.
///
/// Holds no passwords: of attributes and texts only paths, formats of images, the name, the UUID, the
/// driver and the requests for shares are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The driver that it is for, `kvm` or `lxc` for instance, if the root element says.
    pub kind: Option<Located<String>>,
    /// Its name.
    pub name: Located<DomainName>,
    /// Its UUID. Not everybody who writes a domain gives it one: libvirt makes one when it is defined.
    pub uuid: Option<Located<DomainUuid>>,
    /// Every path of the host in it, in the order of the document. A path that stands in two places
    /// is here twice.
    pub paths: Vec<PathUse>,
    /// The images of its disks that are files: each disk's own, then those that it is backed by.
    pub disks: Vec<DiskImage>,
    /// The shares that its metadata asks for, in the order of the document.
    pub shares: Vec<ShareRequest>,
}

/// Reads a document in one pass, without looking at anything but `source`.
pub fn read(source: &[u8]) -> Result<Domain, ReadError> {
    read::read(source).map_err(|fault| fault.located(source))
}

/// Reads a document that libvirt wrote, which has a UUID: the hook keys all that it does on it.
pub fn read_stored(source: &[u8]) -> Result<(Domain, DomainUuid), ReadError> {
    read::read_stored(source).map_err(|fault| fault.located(source))
}

/// Reads a document that libvirt wrote as far as its UUID: what is wrong behind that is not seen.
pub fn read_uuid(source: &[u8]) -> Result<DomainUuid, ReadError> {
    read::read_uuid(source).map_err(|fault| fault.located(source))
}
