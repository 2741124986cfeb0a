//! A guest, as far as the hook knows one: a name, a UUID, and XML.

use std::fmt::Write as _;

/// A guest, as far as the hook knows one.
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) uuid: String,
    disks: String,
    metadata: String,
}

impl Guest {
    /// With disks of no declared format.
    pub(crate) fn new(name: &str, images: &[String]) -> Self {
        Self::with_images(name, images, "")
    }

    /// With disks that are declared to be qcow2.
    pub(crate) fn qcow2(name: &str, images: &[String]) -> Self {
        Self::with_images(name, images, "<driver name='qemu' type='qcow2'/>")
    }

    fn with_images(name: &str, images: &[String], driver: &str) -> Self {
        let mut disks = String::new();
        for (image, letter) in images.iter().zip('a'..) {
            writeln!(
                disks,
                "    <disk type='file'>{driver}<source file='{image}'/><target dev='vd{letter}'/></disk>"
            )
            .expect("a String takes everything");
        }
        Self::with_disks(name, &disks)
    }

    /// With disks as XML.
    pub(crate) fn with_disks(name: &str, disks: &str) -> Self {
        // One UUID a name, so that a guest of a name is the same in every call.
        let digits: String = name
            .bytes()
            .flat_map(|b| [b / 16, b % 16])
            .map(|d| char::from(b"0123456789abcdef"[usize::from(d)]))
            .collect();
        let uuid = format!("{digits:0<12.12}");
        let uuid = format!("00000000-0000-4000-8000-{uuid}");
        Self { name: name.to_owned(), uuid, disks: disks.to_owned(), metadata: String::new() }
    }

    /// With the project's metadata: `name='gold'` and the like.
    pub(crate) fn asking_for(mut self, share: &str) -> Self {
        self.metadata = format!(
            "<vq:shares xmlns:vq='urn:virt-quobyte:domain:1'><vq:share {share}/></vq:shares>"
        );
        self
    }

    pub(crate) fn xml(&self) -> String {
        include_str!("../fixtures/domains/minimal.xml")
            .replace("@NAME@", &self.name)
            .replace("@UUID@", &self.uuid)
            .replace("@METADATA@", &self.metadata)
            .replace("@DISKS@", &self.disks)
    }
}
