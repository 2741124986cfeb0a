//! The project's element in a domain's metadata: which share the domain needs.

use std::borrow::Cow;

use crate::domain::NAMESPACE;
use crate::share::{Export, ShareName};

use super::element::{Element, Layout, Spelling};

/// What a domain asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A configured share, by its name.
    Name(ShareName),
    /// An export that the policy allows.
    Export(Export),
}

impl Request {
    /// The element, as `virsh metadata --set` and a domain's `<metadata>` both take it.
    ///
    /// The namespace is the default one of the element and not a prefix of it: libvirt adds the prefix that `virsh metadata
    /// --key` names, and cannot where it is there already.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut shares = Element::new("shares").with("xmlns", NAMESPACE);
        shares.add(self.share("share"));
        shares.write(Spelling::Libvirt, Layout::PLAIN)
    }

    /// The element as it is written into a document.
    pub(super) fn prefixed(&self) -> Element {
        let mut shares = Element::new("vq:shares").with("xmlns:vq", NAMESPACE);
        shares.add(self.share("vq:share"));
        shares
    }

    pub(super) fn share(&self, element: impl Into<Cow<'static, str>>) -> Element {
        let (attribute, value) = self.attribute();
        Element::new(element).with(attribute, value)
    }

    /// The attribute that says it, and its value.
    pub(super) fn attribute(&self) -> (&'static str, String) {
        match self {
            Self::Name(name) => ("name", name.to_string()),
            Self::Export(export) => ("export", format!("quobyte://{export}")),
        }
    }
}
