//! Writes the `<disk>` of an image on a share, and the project's element in a domain's metadata.
//!
//! Text and values in, text out. Decides what a disk on Quobyte may be and how it is spelled; not whether the image is there,
//! whether the share is configured, or what else the domain has.
//!
//! ```text
//! spec      a disk as it is wished for, and the check      words    what libvirt knows
//! refusal   why a disk cannot be                           target   vda, sdb, ...
//! write     a checked disk as an element                   image    names and paths of images
//! metadata  the project's element                          serial   serial numbers
//! nova      what Nova writes for the same                  limits   <iotune>
//! insert    a disk into a whole domain                     element  elements as text
//! ```
#![deny(clippy::disallowed_methods)]

mod element;
mod image;
mod insert;
mod limits;
mod metadata;
pub mod nova;
mod refusal;
mod serial;
mod spec;
mod target;
mod words;
mod write;

pub use image::{ImageName, ImageNameError, ImagePath};
pub use insert::{InsertError, InsertProblem, insert};
pub use limits::{Limit, Limits, LimitsError, MOST, NoSuchLimit};
pub use metadata::Request;
pub use refusal::Refusal;
pub use serial::{Serial, SerialError};
pub use spec::{BlockSizes, Disk, DiskSpec, SecretUuid};
pub use target::{Target, TargetError};
pub use words::{
    Access, Bus, Cache, DetectZeroes, Device, Discard, ErrorPolicy, Format, Io, Sharing, Word,
};
pub use write::{WrittenDisk, usual_bus};
