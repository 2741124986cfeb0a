//! One `<disk>` of a domain: what it says, and where, with libvirt's own defaults where it says nothing.

use std::borrow::Cow;

use super::finding::Edit;
use crate::xml::{ElementRef, Span, TreeAttribute};

/// A disk.
#[derive(Debug, Clone, Copy)]
pub struct Disk<'t, 'a> {
    element: ElementRef<'t, 'a>,
}

/// What a document says, and where: the raw value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<'t> {
    /// Decoded.
    pub value: Cow<'t, str>,
    /// In the source.
    pub span: Span,
}

/// A `<backingStore>` that says something.
#[derive(Debug, Clone, Copy)]
pub struct Backing<'t, 'a> {
    /// It.
    pub element: ElementRef<'t, 'a>,
}

impl<'t> Backing<'t, '_> {
    /// Its image, if that is a file.
    pub fn file(&self) -> Option<Said<'t>> {
        let source = self.element.child("source")?;
        source.attribute("file").map(Said::from).filter(|file| !file.value.is_empty())
    }
}

impl<'t, 'a> Disk<'t, 'a> {
    pub(super) fn new(element: ElementRef<'t, 'a>) -> Self {
        Self { element }
    }

    /// The `<disk>`.
    pub fn element(&self) -> ElementRef<'t, 'a> {
        self.element
    }

    /// Its `type`: `file`, `block`, `network`, `volume`, ...; libvirt takes `file` where it is missing.
    pub fn kind(&self) -> &'t str {
        self.element.value("type").unwrap_or("file")
    }

    /// Its `device`: `disk`, `cdrom`, `floppy` or `lun`; libvirt takes `disk` where it is missing.
    pub fn device(&self) -> &'t str {
        self.element.value("device").unwrap_or("disk")
    }

    /// Whether its media can be taken out: such a drive may be empty.
    pub fn is_removable(&self) -> bool {
        matches!(self.device(), "cdrom" | "floppy")
    }

    /// Its `<driver>`.
    pub fn driver(&self) -> Option<ElementRef<'t, 'a>> {
        self.element.child("driver")
    }

    /// What its `<driver>` says of this.
    pub fn driver_says(&self, attribute: &str) -> Option<Said<'t>> {
        self.driver()?.attribute(attribute).map(Said::from)
    }

    /// Its `<source>`.
    pub fn source(&self) -> Option<ElementRef<'t, 'a>> {
        self.element.child("source")
    }

    /// Its image, if that is a file.
    pub fn file(&self) -> Option<Said<'t>> {
        if self.kind() != "file" {
            return None;
        }
        self.source()?.attribute("file").map(Said::from).filter(|file| !file.value.is_empty())
    }

    /// Its `<target>`.
    pub fn target(&self) -> Option<ElementRef<'t, 'a>> {
        self.element.child("target")
    }

    /// The name that it has in the guest, such as `vda`.
    pub fn target_name(&self) -> Option<Said<'t>> {
        self.target()?.attribute("dev").map(Said::from)
    }

    /// Its bus: what the target says, or what libvirt makes of the target's name.
    pub fn bus(&self) -> Option<&'t str> {
        let target = self.target()?;
        target.value("bus").or_else(|| {
            let name = target.value("dev")?;
            let name = name.strip_prefix("ioemu:").unwrap_or(name);
            let named = |prefix: &str| name.starts_with(prefix);
            // virDomainDiskDefPostParse, libvirt 9.0 and 11.3.
            Some(match () {
                () if self.device() == "floppy" => "fdc",
                () if named("sd") => "scsi",
                () if named("vd") => "virtio",
                () if named("xvd") => "xen",
                () if named("ubd") => "uml",
                () => "ide",
            })
        })
    }

    /// Whether it says this of itself by an empty element: `readonly`, `shareable`, `transient`.
    pub fn is(&self, flag: &str) -> bool {
        self.element.child(flag).is_some()
    }

    /// Whether the guest may write to it.
    pub fn is_writable(&self) -> bool {
        !self.is_removable() && !self.is("readonly")
    }

    /// Where a finding about its driver belongs that says nothing of something: the driver's name, or else the disk.
    pub fn driver_place(&self) -> Span {
        self.driver().map_or_else(|| self.place(), ElementRef::name_span)
    }

    /// The serial number that it gives the guest.
    pub fn serial(&self) -> Option<Said<'t>> {
        let serial = self.element.child("serial")?;
        let said = Said { value: serial.text(), span: serial.text_span() };
        (!said.value.is_empty()).then_some(said)
    }

    /// How many characters of a serial number the guest gets to see on this bus, where that is known.
    pub fn serial_length(&self) -> Option<usize> {
        match self.bus()? {
            // VIRTIO_BLK_ID_BYTES of the virtio specification; ATA's IDENTIFY DEVICE has as many.
            "virtio" | "ide" | "sata" => Some(20),
            // QEMU's scsi-disk cut it off there up to 9.0 and refuses more since 9.1.
            "scsi" => Some(36),
            _ => None,
        }
    }

    /// Where a finding about the disk as a whole belongs: its name in the guest, or else the disk's own name.
    pub fn place(&self) -> Span {
        self.target_name().map_or_else(|| self.element.name_span(), |name| name.span)
    }

    /// What people call it, for a message: its target's name, escaped.
    pub fn shown(&self) -> String {
        match self.target_name() {
            Some(name) => format!("disk '{}'", crate::escape::Escaped(&name.value)),
            None => "this disk".to_owned(),
        }
    }

    /// The stores that it is backed by, as far as the document says, the nearest first. An empty one, which ends a chain, is
    /// not among them.
    pub fn backing(&self) -> Vec<Backing<'t, 'a>> {
        let next = |element: &ElementRef<'t, 'a>| element.child("backingStore");
        std::iter::successors(next(&self.element), next)
            .filter(|element| element.child("source").is_some())
            .map(|element| Backing { element })
            .collect()
    }

    /// The edit that makes its `<driver>` say this, whether or not it is there and says something else.
    pub fn set_driver(&self, attribute: &str, value: &str) -> Edit {
        if let Some(driver) = self.driver() {
            return set_attribute(driver, attribute, value);
        }
        let at = self.element.start_tag().end;
        if self.element.is_self_closing() {
            let text = format!("><driver name='qemu' {attribute}='{value}'/></disk>");
            return Edit::replace(Span::new(at - "/>".len(), at), text);
        }
        let indent = indent(self.element);
        Edit::insert(at, format!("{indent}<driver name='qemu' {attribute}='{value}'/>"))
    }
}

/// A text as the value of an attribute.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

/// The edit that makes an element have an attribute with this value, which needs no escaping.
pub(super) fn set_attribute(element: ElementRef<'_, '_>, name: &str, value: &str) -> Edit {
    if let Some(attribute) = element.attribute(name) {
        return Edit::replace(attribute.span, value);
    }
    let at = element.attributes().last().map_or(element.name_span().end, |it| it.whole().end);
    Edit::insert(at, format!(" {name}='{value}'"))
}

/// The edit that takes an attribute away, with the white space before it.
pub(super) fn remove_attribute(element: ElementRef<'_, '_>, attribute: &TreeAttribute<'_>) -> Edit {
    let source = element.tree().source();
    let before = source[..attribute.name_span.start].trim_end().len();
    Edit::delete(Span::new(before, attribute.whole().end))
}

/// The edit that takes an element away, with its line if it has that to itself.
pub(super) fn remove_element(element: ElementRef<'_, '_>) -> Edit {
    remove_lines(element.tree().source(), element.span())
}

/// The edit that takes a piece of the document away, with its lines if it has them to itself.
pub(super) fn remove_lines(source: &str, span: Span) -> Edit {
    let before = source[..span.start].trim_end_matches([' ', '\t']).len();
    let begins_line = source[..before].ends_with('\n');
    let ends_line = source[span.end..].starts_with(['\r', '\n']);
    if begins_line && ends_line {
        let feed = before - 1;
        let start = if source[..feed].ends_with('\r') { feed - 1 } else { feed };
        return Edit::delete(Span::new(start, span.end));
    }
    Edit::delete(span)
}

/// The line feed and the blanks before the first element in this one, so that a new one lines up; nothing if it stands in a row.
pub(super) fn indent<'t>(element: ElementRef<'t, '_>) -> &'t str {
    let source = element.tree().source();
    let start = element.start_tag().end;
    let Some(first) = element.children().next() else { return "" };
    let blank = &source[start..first.span().start];
    if blank.trim().is_empty() { blank } else { "" }
}

impl<'t> From<&'t TreeAttribute<'_>> for Said<'t> {
    fn from(attribute: &'t TreeAttribute<'_>) -> Self {
        Self { value: Cow::Borrowed(&attribute.value), span: attribute.span }
    }
}
