//! A document as the rules see it: its tree, its disks, and the shares that the host is configured to have.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::disk::{Disk, Said};
use crate::config::Settings;
use crate::domain::{self, DomainUuid, PathUse, ShareRequest};
use crate::needs::{self, PathVerdict};
use crate::share::{Share, ShareKey};
use crate::xml::{ElementRef, Located, Span, Tree};

/// A document to be looked at.
#[derive(Debug)]
pub struct Subject<'t, 'a> {
    domain: ElementRef<'t, 'a>,
    settings: Option<&'t Settings>,
    disks: Vec<Disk<'t, 'a>>,
    /// Those whose image is a file on a share. Many rules are about these alone.
    on_shares: Vec<Disk<'t, 'a>>,
    /// Only what maps paths to shares asks for it.
    needed: OnceLock<Option<Result<Needed, Located<domain::Problem>>>>,
}

/// What the hook would make of the document.
#[derive(Debug)]
pub struct Needed {
    /// Every path of the host in it, with what it stands for.
    pub paths: Vec<(PathUse, PathVerdict)>,
    /// The shares that its metadata asks for.
    pub requests: Vec<ShareRequest>,
    /// What keeps the domain from being started.
    pub problems: Vec<needs::Problem>,
}

/// Whether a path lies on a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnShare<'s> {
    /// On this one.
    Configured(&'s Share),
    /// On one that the configuration does not tell of, or there is none: the path is `BASE/KEY/IMAGE` with a key such as Nova,
    /// Cinder and this project make.
    ByItsKey,
    /// On none that could be told.
    No,
}

impl OnShare<'_> {
    /// Whether it lies on any.
    pub fn is_one(&self) -> bool {
        !matches!(self, Self::No)
    }
}

impl<'t, 'a> Subject<'t, 'a> {
    /// The domain of a document: its root, or what its root keeps of a domain. Without settings, nothing is known of the host's
    /// shares, and what depends on them is not judged.
    pub fn find(tree: &'t Tree<'a>, settings: Option<&'t Settings>) -> Option<Self> {
        let root = tree.root();
        let keepers = ["domstatus", "domainsnapshot", "domaincheckpoint"];
        let domain = match () {
            () if root.is("domain") => root,
            () if keepers.iter().any(|keeper| root.is(keeper)) => root.child("domain")?,
            () => return None,
        };
        let devices = domain.all("devices");
        let disks = devices.flat_map(|devices| devices.all("disk")).map(Disk::new).collect();
        let (on_shares, needed) = (Vec::new(), OnceLock::new());
        let mut subject = Self { domain, settings, disks, on_shares, needed };
        let is_on_share = |disk: &&Disk<'_, '_>| {
            disk.file().is_some_and(|file| subject.on_share(&file.value).is_one())
        };
        subject.on_shares = subject.disks.iter().filter(is_on_share).copied().collect();
        Some(subject)
    }

    /// The document.
    pub fn tree(&self) -> &'t Tree<'a> {
        self.domain.tree()
    }

    /// Its `<domain>`.
    pub fn domain(&self) -> ElementRef<'t, 'a> {
        self.domain
    }

    /// The domain's disks, in the order of the document.
    pub fn disks(&self) -> &[Disk<'t, 'a>] {
        &self.disks
    }

    /// The host's configuration, if it is known.
    pub fn settings(&self) -> Option<&'t Settings> {
        self.settings
    }

    /// The domain's name.
    pub fn name(&self) -> Option<Said<'t>> {
        let name = self.domain().child("name")?;
        Some(Said { value: name.text(), span: name.text_span() })
    }

    /// The domain's UUID, if it has a good one.
    pub fn uuid(&self) -> Option<Located<DomainUuid>> {
        let uuid = self.domain().child("uuid")?;
        Some(Located { value: uuid.text().parse().ok()?, span: uuid.text_span() })
    }

    /// Whether the driver is QEMU's.
    pub fn is_for_qemu(&self) -> bool {
        matches!(self.domain().value("type"), Some("kvm" | "qemu" | "hvf"))
    }

    /// Whether a path of the host lies on a share, by its text.
    pub fn on_share(&self, path: &str) -> OnShare<'t> {
        let end: Cow<'_, str> = needs::end(path);
        if let Some(share) = self.settings.and_then(|settings| settings.share_holding(&end)) {
            return OnShare::Configured(share);
        }
        let mut components = end.rsplit('/').skip(1);
        let is_key = |name: &str| name.parse::<ShareKey>().is_ok();
        if components.any(is_key) { OnShare::ByItsKey } else { OnShare::No }
    }

    /// Whether a path of the host is known to lie on no share. Without settings nothing is: a mount point of its own looks like
    /// any other directory.
    pub fn is_off_shares(&self, path: &str) -> bool {
        self.settings.is_some() && path.starts_with('/') && !self.on_share(path).is_one()
    }

    /// What the hook would make of the domain, or why it could not read it. Nothing without settings.
    pub fn needed(&self) -> Option<&Result<Needed, Located<domain::Problem>>> {
        let read = || Some(self.read(self.settings?));
        self.needed.get_or_init(read).as_ref()
    }

    /// Why the hook could not read the domain.
    pub fn unreadable(&self) -> Option<Located<domain::Problem>> {
        match self.needed() {
            Some(needed) => needed.as_ref().err().cloned(),
            None => self.read(&Settings::default()).err(),
        }
    }

    fn read(&self, settings: &Settings) -> Result<Needed, Located<domain::Problem>> {
        // The domain need not be all of the document.
        let whole = self.domain().span();
        let source = &self.tree().source()[whole.range()];
        let place = |span: Span| Span::new(whole.start + span.start, whole.start + span.end);
        let domain = domain::read(source.as_bytes())
            .map_err(|error| Located { value: error.problem, span: place(error.span) })?;
        let needs = needs::of(&domain, settings);
        let paths = needs
            .paths
            .into_iter()
            .map(|(path, verdict)| (PathUse { span: place(path.span), ..path.clone() }, verdict));
        let requests = domain.shares.iter().map(|request| {
            let wanted = request.wanted.clone();
            ShareRequest { wanted, span: place(request.span) }
        });
        let problems = needs.problems.into_iter().map(|problem| {
            let span = place(problem.span);
            needs::Problem { span, ..problem }
        });
        Ok(Needed {
            paths: paths.collect(),
            requests: requests.collect(),
            problems: problems.collect(),
        })
    }

    /// What keeps the hook from starting the domain.
    pub fn problems(&self) -> &[needs::Problem] {
        match self.needed() {
            Some(Ok(needed)) => &needed.problems,
            _ => &[],
        }
    }

    /// The disks whose image is a file on a share.
    pub fn disks_on_shares(&self) -> impl Iterator<Item = &Disk<'t, 'a>> {
        self.on_shares.iter()
    }

    /// Those of them whose media stays in: what a guest keeps its data on.
    pub fn hard_disks_on_shares(&self) -> impl Iterator<Item = &Disk<'t, 'a>> {
        self.disks_on_shares().filter(|disk| !disk.is_removable())
    }

    /// Those of them that the guest may write.
    pub fn writable_disks_on_shares(&self) -> impl Iterator<Item = &Disk<'t, 'a>> {
        self.disks_on_shares().filter(|disk| disk.is_writable())
    }
}
