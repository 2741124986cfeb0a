//! Which images a guest needs on its shares: those of its disks, those that their headers name, and so on to the end of
//! each chain.
//!
//! Says which images are to be looked at, is told what a look showed, and goes on from there; whoever looks is not its
//! business. It ends: an image is looked at once however often it is named, and a chain has [`LONGEST_CHAIN`] images at most.
//!
//! # Which header is believed
//!
//! A guest writes what it likes into a raw disk, a qcow2 header too, and with it the name of any file of the host. So a
//! header counts only for an image that somebody else has declared to be qcow2: the domain's XML for a disk, and for the
//! image behind it the header before, which is then no guest's to write. An image of no declared format is taken for raw,
//! as libvirt takes it: its share is needed, and its chain ends.
//!
//! Where the XML has a `<backingStore>`, and be it an empty one, it says what comes next, and the image is not asked;
//! where the XML's own chain has no such end, libvirt goes on in its last image, and so does this.
//!
//! What is not followed: symlinks (text cannot tell where they lead), formats other than qcow2, and a chain that has left
//! the shares. A guest that needs a share in such a way names it in its metadata.

use std::fmt;
use std::time::Duration;

use super::{Fault, judge, lexical};
use crate::config::Settings;
use crate::domain::{BackingIn, DiskImage, Domain, Presence};
use crate::escape::Escaped;
use crate::image::{self, Ask, Header, Sight, Target};
use crate::share::{Share, ShareName};
use crate::xml::Span;

/// The most images in a chain. libvirt stops at 200, and a guest is slow long before.
const LONGEST_CHAIN: usize = 64;

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EACCES: i32 = 13;
const ENOTDIR: i32 = 20;

/// The images that a guest needs, as far as they are known.
#[derive(Debug)]
pub struct Images<'s> {
    settings: &'s Settings,
    shares: Vec<Share>,
    known: Vec<Image>,
    faults: Vec<ImageFault>,
}

/// One of the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageId(usize);

/// The images of one share that are to be looked at.
#[derive(Debug, Clone)]
pub struct ToLookAt {
    /// The share.
    pub share: Share,
    /// The images, what to ask about each, and where it is.
    pub images: Vec<(ImageId, Ask, String)>,
}

#[derive(Debug)]
struct Image {
    /// As the kernel is to be given it.
    path: String,
    /// The same for every spelling of the path.
    end: String,
    share: usize,
    ask: Ask,
    presence: Presence,
    named: Named,
    state: State,
}

/// Who says that an image is needed.
#[derive(Debug, Clone, Copy)]
enum Named {
    InDocument(Span),
    By(ImageId, Link),
}

/// How one image needs another file.
#[derive(Debug, Clone, Copy)]
enum Link {
    Backing,
    Data,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    Missing,
    Done,
}

/// Why a guest cannot start with the images that it has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageFault {
    /// It is not there.
    #[error(
        "share {share} has no image '{}' (looked for {:.1} s as {}); {remedy}",
        Escaped(image), waited.as_secs_f64(), Escaped(path)
    )]
    Missing {
        /// The share.
        share: ShareName,
        /// The image's name on the share.
        image: String,
        /// Its path on this host.
        path: String,
        /// How long it was looked for.
        waited: Duration,
        /// What would be right.
        remedy: Remedy,
        /// Where the XML names it, if it does.
        span: Option<Span>,
    },
    /// It cannot be looked at.
    #[error(
        "share {share}: the image {} cannot be read: {}; see to the client and its registries",
        Escaped(path), std::io::Error::from_raw_os_error(*errno)
    )]
    Failing {
        /// The share.
        share: ShareName,
        /// Its path on this host.
        path: String,
        /// The errno of the answer.
        errno: i32,
    },
    /// A header names what the guest must not have, or what nobody can provide.
    #[error("{lineage}: {fault}")]
    Link {
        /// From the image in the XML to the one that is named.
        lineage: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// There is no end to it.
    #[error(
        "the chain of the image '{}' has more than {LONGEST_CHAIN} images; commit or flatten some of them",
        Escaped(path)
    )]
    Endless {
        /// The first image.
        path: String,
    },
}

/// What would be right where an image is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// To put right the XML, or the share.
    CreateOrCorrect,
    /// To put right the image that names it.
    RestoreOrRebase {
        /// From the image in the XML to the one that is missing.
        lineage: String,
    },
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateOrCorrect => f.write_str("create it there, or correct the path"),
            Self::RestoreOrRebase { lineage } => {
                write!(f, "{lineage}: bring it back, or rebase the image that names it")
            }
        }
    }
}

impl ImageFault {
    /// Where the XML has what is wrong; `None` if only an image has it.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Missing { span, .. } => *span,
            Self::Failing { .. } | Self::Link { .. } | Self::Endless { .. } => None,
        }
    }
}

impl<'s> Images<'s> {
    /// Those of the domain's disks that lie on shares. `shares` are all that the domain is known to need.
    pub fn of(domain: &Domain, shares: &[Share], settings: &'s Settings) -> Self {
        let shares = shares.to_vec();
        let mut images = Self { settings, shares, known: Vec::new(), faults: Vec::new() };
        for disk in &domain.disks {
            // A path that is a problem has stopped the start before it came to images.
            if let Ok(Some(share)) = judge(&disk.path, settings, &images.shares) {
                let named = Named::InDocument(disk.span);
                images.add(disk.path.clone(), share, ask_disk(disk), disk.presence, named);
            }
        }
        images
    }

    /// The shares that are needed: those it was begun with, then those that were found since.
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    /// What is to be looked at: images not seen yet, and those that were missing, by share.
    pub fn to_look_at(&self) -> Vec<ToLookAt> {
        let mut all: Vec<ToLookAt> = Vec::new();
        for (number, image) in self.known.iter().enumerate() {
            if image.state == State::Done {
                continue;
            }
            let share = &self.shares[image.share];
            let look = (ImageId(number), image.ask, image.path.clone());
            match all.iter_mut().find(|known| known.share.key == share.key) {
                Some(known) => known.images.push(look),
                None => all.push(ToLookAt { share: share.clone(), images: vec![look] }),
            }
        }
        all
    }

    /// Takes in what a look at an image showed.
    pub fn learn(&mut self, id: ImageId, sight: &Sight) {
        let ImageId(number) = id;
        let image = &self.known[number];
        let state = match sight {
            Sight::Errno(ENOENT | ENOTDIR) if image.presence == Presence::Mandatory => {
                State::Missing
            }
            Sight::Errno(ENOENT | ENOTDIR) => State::Done,
            // A volume may let QEMU's user in where it keeps root out. libvirt will try.
            Sight::Errno(EACCES | EPERM) => State::Done,
            Sight::Errno(errno) => {
                let share = self.shares[image.share].name.clone();
                let path = image.path.clone();
                self.faults.push(ImageFault::Failing { share, path, errno: *errno });
                State::Done
            }
            Sight::File
            | Sight::Symlink
            | Sight::NotAFile
            | Sight::NoHeader { .. }
            | Sight::Header(_) => State::Done,
        };
        self.known[number].state = state;
        if let Sight::Header(header) = sight {
            self.follow(id, header);
        }
    }

    /// Whether there are images that nobody has looked at yet.
    pub fn any_unseen(&self) -> bool {
        self.known.iter().any(|image| image.state == State::Unseen)
    }

    /// What keeps the guest from being started, however often one looks.
    pub fn faults(&self) -> &[ImageFault] {
        &self.faults
    }

    /// The images that were missing when they were looked at last.
    pub fn missing(&self, waited: Duration) -> Vec<ImageFault> {
        let missing = self.known.iter().filter(|image| image.state == State::Missing);
        missing.map(|image| self.missing_fault(image, waited)).collect()
    }

    fn missing_fault(&self, image: &Image, waited: Duration) -> ImageFault {
        let share = &self.shares[image.share];
        let on_share = image.end.strip_prefix(share.mount_point.as_str()).unwrap_or(&image.end);
        let (remedy, span) = match image.named {
            Named::InDocument(span) => (Remedy::CreateOrCorrect, Some(span)),
            Named::By(parent, link) => {
                let lineage = self.lineage(parent, link, &image.end);
                (Remedy::RestoreOrRebase { lineage }, None)
            }
        };
        ImageFault::Missing {
            share: share.name.clone(),
            image: on_share.trim_start_matches('/').to_owned(),
            path: image.path.clone(),
            waited,
            remedy,
            span,
        }
    }

    fn follow(&mut self, id: ImageId, header: &Header) {
        let ImageId(number) = id;
        if let Some(backing) = &header.backing {
            let target = image::backing_file(&backing.name, &self.known[number].path);
            self.link(id, Link::Backing, target, ask(backing.format.as_deref()));
        }
        if let Some(name) = &header.data_file {
            self.link(id, Link::Data, image::data_file(name), Ask::Presence);
        }
    }

    fn link(&mut self, parent: ImageId, link: Link, target: Target, ask: Ask) {
        let Target::File(path) = target else { return };
        let share = match judge(&path, self.settings, &self.shares) {
            Ok(Some(share)) => share,
            Ok(None) => return,
            Err(fault) => {
                let lineage = self.lineage(parent, link, &path);
                return self.faults.push(ImageFault::Link { lineage, fault });
            }
        };
        let (first, links) = self.way_to(parent);
        if links.len() + 2 > LONGEST_CHAIN {
            let path = first.path.clone();
            return self.faults.push(ImageFault::Endless { path });
        }
        let presence = self.known[parent.0].presence;
        self.add(path, share, ask, presence, Named::By(parent, link));
    }

    fn add(&mut self, path: String, share: Share, ask: Ask, presence: Presence, named: Named) {
        let end = lexical::end(&path).into_owned();
        let known =
            |image: &&mut Image| image.end == end && (image.ask == ask || image.ask == Ask::Header);
        if let Some(known) = self.known.iter_mut().find(known) {
            // Somebody could do without it, somebody else cannot.
            if (known.presence, presence) == (Presence::Optional, Presence::Mandatory) {
                (known.presence, known.named, known.state) = (presence, named, State::Unseen);
            }
            return;
        }
        let position = self.shares.iter().position(|known| known.key == share.key);
        let share = position.unwrap_or_else(|| {
            self.shares.push(share);
            self.shares.len() - 1
        });
        self.known.push(Image { path, end, share, ask, presence, named, state: State::Unseen });
    }

    /// The image of the XML that a chain began with, and the links from there to this image.
    fn way_to(&self, ImageId(number): ImageId) -> (&Image, Vec<(Link, &str)>) {
        let mut image = &self.known[number];
        let mut links = Vec::new();
        while let Named::By(ImageId(parent), link) = image.named {
            links.push((link, image.end.as_str()));
            image = &self.known[parent];
        }
        links.reverse();
        (image, links)
    }

    /// How one comes from the XML to a file that this image names, in words.
    fn lineage(&self, parent: ImageId, link: Link, path: &str) -> String {
        let (first, mut links) = self.way_to(parent);
        links.push((link, path));
        let links = links.iter().map(|(link, path)| {
            let verb = match link {
                Link::Backing => "is backed by",
                Link::Data => "keeps its data in",
            };
            format!("{verb} '{}'", Escaped(path))
        });
        let links: Vec<String> = links.collect();
        format!("the image '{}' {}", Escaped(&first.end), links.join(", which "))
    }
}

fn ask_disk(disk: &DiskImage) -> Ask {
    match disk.backing {
        BackingIn::Document => Ask::Presence,
        BackingIn::Image => ask(disk.format.as_deref()),
    }
}

/// What to ask about an image that was declared to have this format. See the head of this file before changing it.
fn ask(declared: Option<&str>) -> Ask {
    if declared == Some("qcow2") { Ask::Header } else { Ask::Presence }
}

#[cfg(test)]
mod tests;
