//! The images of a domain's disks, as the document describes them.
//!
//! Decides which file is an image and what is declared of it. What nests in a mirror or a data store is not here: a guest
//! that starts has no mirror yet, and a data store is the end of a chain.

use crate::xml::{Attribute, Span};

/// A file that is a disk's image, or one that the document names as a backing image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskImage {
    /// The path, as in [`super::PathUse`].
    pub path: String,
    /// The raw value of the attribute that it was in.
    pub span: Span,
    /// The format that is declared for it; libvirt takes an image of no declared format for raw.
    pub format: Option<String>,
    /// What its disk says about a missing image.
    pub presence: Presence,
    /// Where it is written what the image is backed by.
    pub backing: BackingIn,
}

/// What is to happen if a disk's image is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Presence {
    /// The guest must not start.
    #[default]
    Mandatory,
    /// The guest may start without it: `startupPolicy` is `optional` or `requisite`.
    Optional,
}

/// Where it is written what an image is backed by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BackingIn {
    /// Only in the image, if at all.
    #[default]
    Image,
    /// In the document: there is a `<backingStore>`, which is empty for an image that stands alone.
    Document,
}

/// The disk that is being read, and the images of those before it.
#[derive(Debug, Default)]
pub(super) struct Disks {
    /// The open `<disk>` and, within it, the open `<backingStore>`s.
    open: Vec<Layer>,
    /// Those of the open disk that have ended.
    ended: Vec<Layer>,
    found: Vec<DiskImage>,
}

/// A `<disk>` or a `<backingStore>`: one image of a chain.
#[derive(Debug, Default)]
struct Layer {
    depth: usize,
    file: Option<(String, Span)>,
    format: Option<String>,
    presence: Presence,
    backing: BackingIn,
}

impl Disks {
    /// An element of libvirt's begins at this place, at this depth.
    pub(super) fn start(
        &mut self,
        place: &str,
        name: &str,
        depth: usize,
        attributes: &[Attribute<'_>],
    ) {
        let is_disk = self.open.len() == 1;
        let Some(layer) = self.open.last_mut() else {
            if place == "devices/disk" {
                self.open.push(Layer { depth, ..Layer::default() });
            }
            return;
        };
        if depth != layer.depth + 1 {
            return;
        }
        let value = |name| attributes.iter().find(|attribute| attribute.name == name);
        match name {
            "driver" if is_disk => layer.format = value("type").map(|it| it.value.to_string()),
            "format" if !is_disk => layer.format = value("type").map(|it| it.value.to_string()),
            "source" if layer.file.is_none() => {
                let file = value("file").filter(|file| !file.value.is_empty());
                layer.file = file.map(|file| (file.value.to_string(), file.span));
                if let Some("optional" | "requisite") =
                    value("startupPolicy").map(|policy| policy.value.as_ref())
                {
                    layer.presence = Presence::Optional;
                }
            }
            "backingStore" => {
                layer.backing = BackingIn::Document;
                self.open.push(Layer { depth, ..Layer::default() });
            }
            _ => {}
        }
    }

    /// An element ends at this depth.
    pub(super) fn end(&mut self, depth: usize) {
        let Some(layer) = self.open.pop_if(|layer| layer.depth == depth) else { return };
        let presence = layer.presence;
        self.ended.push(layer);
        if !self.open.is_empty() {
            return;
        }
        // The disk's own came last; libvirt applies what a disk says to its whole chain.
        for layer in self.ended.drain(..).rev() {
            let Layer { file: Some((path, span)), format, backing, .. } = layer else { continue };
            self.found.push(DiskImage { path, span, format, presence, backing });
        }
    }

    pub(super) fn finish(self) -> Vec<DiskImage> {
        self.found
    }
}
