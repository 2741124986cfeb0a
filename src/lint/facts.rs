//! What the rules across documents need of one: it outlives the document's tree, so that trees are not held by the thousand.

use super::disk::{Backing, Disk, Said};
use super::subject::Subject;
use crate::domain::DomainUuid;
use crate::xml::Located;

/// What one document says that others might contradict.
#[derive(Debug)]
pub struct Facts {
    /// The domain's name.
    pub name: Option<Located<String>>,
    /// The domain's UUID, if it has a good one.
    pub uuid: Option<Located<DomainUuid>>,
    /// Which form of a domain it is.
    pub form: Form,
    /// The images on shares that the domain's disks write.
    pub written: Vec<Image>,
    /// The images on shares that the domain's disks are backed by, as far as the document says.
    pub behind: Vec<Located<String>>,
}

/// Which form of a domain a document is: libvirt gives an id to the running one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it runs.
    Running,
    /// As it is defined.
    Stored,
}

/// An image that a disk writes.
#[derive(Debug)]
pub struct Image {
    /// Its path, as the document has it.
    pub file: Located<String>,
    /// Whose it is by the disk's own word.
    pub use_of: UseOf,
}

/// Whether a disk says that others may write its image as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseOf {
    /// `<shareable/>`.
    Several,
    /// Nothing.
    One,
}

impl Facts {
    pub(super) fn of(subject: &Subject<'_, '_>) -> Self {
        let image = |disk: &Disk<'_, '_>| {
            let use_of = if disk.is("shareable") { UseOf::Several } else { UseOf::One };
            Some(Image { file: disk.file().map(kept)?, use_of })
        };
        let stores = subject.disks().iter().flat_map(Disk::backing);
        let behind = stores.filter_map(|store| Backing::file(&store));
        let runs = subject.domain().attribute("id").is_some();
        Self {
            name: subject.name().map(kept),
            uuid: subject.uuid(),
            form: if runs { Form::Running } else { Form::Stored },
            written: subject.writable_disks_on_shares().filter_map(image).collect(),
            behind: behind.filter(|it| subject.on_share(&it.value).is_one()).map(kept).collect(),
        }
    }

    /// What people call the domain; nothing if it has no name.
    pub fn called(&self) -> &str {
        self.name.as_ref().map_or("", |name| &name.value)
    }

    /// Whether both are the same domain's: seen twice, running and defined for instance.
    pub fn is_of_the_domain_of(&self, other: &Self) -> bool {
        match (&self.uuid, &other.uuid) {
            (Some(one), Some(other)) => one.value == other.value,
            _ => self.is_named_as(other),
        }
    }

    /// Whether both have the same name, or both none.
    pub fn is_named_as(&self, other: &Self) -> bool {
        self.name.as_ref().map(|name| &name.value) == other.name.as_ref().map(|name| &name.value)
    }
}

fn kept(said: Said<'_>) -> Located<String> {
    Located { value: said.value.into_owned(), span: said.span }
}
