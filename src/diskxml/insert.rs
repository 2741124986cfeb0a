//! Puts a disk, and the request for its share, into a domain's document, and leaves every other byte of it alone.
//!
//! Decides where, and in which indentation: the disk after the last disk, the request into the metadata that is there. Refuses
//! what libvirt or QEMU would refuse of the two together. Whether the domain is sensible otherwise is the linter's business.

mod domain;
mod place;

use crate::escape::Escaped;
use crate::xml::{Fault, LineColumn, Lines, Span, Tree};

use super::{Request, WrittenDisk};
use place::{New, Splice};

/// Why nothing was inserted, and where that shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct InsertError {
    /// What is wrong.
    pub problem: InsertProblem,
    /// Where in the document.
    pub position: LineColumn,
}

/// What keeps a disk out of a domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InsertProblem {
    /// It is not well-formed.
    #[error(transparent)]
    Xml(crate::xml::Problem),
    /// Another document.
    #[error("the document is a <{}>, not a <domain>", Escaped(.0))]
    NotADomain(String),
    /// There is no place for it.
    #[error("the domain has no <devices>, in which the disk would be")]
    NoDevices,
    /// "target 'vda' duplicated for disk sources", libvirt says.
    #[error("the domain has a disk with the target {0} already")]
    Target(String),
    /// QEMU would find its own lock on the image when the guest is started.
    #[error("the domain has this image already, as another disk")]
    Image,
    /// libvirt gives each place once.
    #[error("the domain has a disk at the address unit {0} already")]
    Unit(String),
    /// libvirt gives each number once.
    #[error("the domain has a device with the boot order {0} already")]
    Boot(String),
    /// "per-device boot elements cannot be used together with os/boot elements", libvirt says.
    #[error("the domain boots by <os><boot/>, with which libvirt allows no boot order of a disk")]
    OsBoot,
    /// libvirt refuses it.
    #[error("the domain has no I/O thread {0}; <iothreads>{0}</iothreads> would be right")]
    Iothread(u32),
    /// More than the hook reads.
    #[error("the domain asks for {} shares already, which is the most", crate::domain::MAX_SHARES)]
    TooManyShares,
}

/// A problem before somebody counts lines.
struct Misfit {
    problem: InsertProblem,
    span: Span,
}

impl From<Fault> for Misfit {
    fn from(Fault { problem, span }: Fault) -> Self {
        Self { problem: InsertProblem::Xml(problem), span }
    }
}

/// The document with the disk and the request in it. A request that is there already is not repeated.
pub fn insert(source: &[u8], disk: &WrittenDisk, request: &Request) -> Result<String, InsertError> {
    splices(source, disk, request).map_err(|Misfit { problem, span }| InsertError {
        problem,
        position: Lines::of(source).line_column(span.start),
    })
}

fn splices(source: &[u8], disk: &WrittenDisk, request: &Request) -> Result<String, Misfit> {
    let tree = Tree::read(source)?;
    let root = tree.root();
    if !root.is("domain") {
        let problem = InsertProblem::NotADomain(root.name().to_owned());
        return Err(Misfit { problem, span: root.name_span() });
    }
    let Some(devices) = root.child("devices") else {
        return Err(Misfit { problem: InsertProblem::NoDevices, span: root.name_span() });
    };
    domain::takes(root, devices, disk.spec())?;
    let last_disk = devices.all("disk").last();
    let new = New { element: &disk.element(), spelling: disk.spelling() };
    let mut splices = vec![place::child(&tree, devices, last_disk, new)];
    splices.extend(domain::request(&tree, request)?);
    splices.sort_by_key(|splice| splice.span.start);
    Ok(applied(tree.source(), &splices))
}

fn applied(source: &str, splices: &[Splice]) -> String {
    let mut text = String::with_capacity(source.len() + 1024);
    let mut from = 0;
    for splice in splices {
        text.push_str(&source[from..splice.span.start]);
        text.push_str(&splice.text);
        from = splice.span.end;
    }
    text.push_str(&source[from..]);
    text
}
