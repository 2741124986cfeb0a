//! What a domain's document says of one disk, and of the shares that the domain needs.

use anyhow::{Result, anyhow};
use virt_quobyte::config::Settings;
use virt_quobyte::domain::{self, Domain, DomainUuid};
use virt_quobyte::needs::{self, PathVerdict};
use virt_quobyte::share::{Share, ShareKey};
use virt_quobyte::xml::{ElementRef, Tree};

/// A document that libvirt wrote, read.
#[derive(Debug)]
pub(in crate::cli) struct Seen {
    document: String,
    domain: Domain,
    pub(in crate::cli) uuid: DomainUuid,
    /// Whether it is the one of a guest that runs.
    pub(in crate::cli) runs: bool,
}

/// A disk of a document.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct SeenDisk {
    /// Its element, as it stands there.
    pub(in crate::cli) element: String,
    /// Its image, if that is a file.
    pub(in crate::cli) image: Option<String>,
    /// The shares that its image lies on, and those behind it.
    pub(in crate::cli) shares: Vec<Share>,
}

/// Whether a domain needs a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Need {
    Yes,
    No,
    /// The document has something of which nobody can say what it needs.
    Unclear,
}

impl Seen {
    pub(in crate::cli) fn read(document: String) -> Result<Self> {
        let fault =
            |error: &dyn std::fmt::Display| anyhow!("the XML that libvirt has of it: {error}");
        let (domain, uuid) = domain::read_stored(document.as_bytes()).map_err(|e| fault(&e))?;
        // libvirt gives a number to a guest when it begins to start, and takes it back when it has ended, before the hook's
        // `release`; in its documents that is an attribute of those that run, and of no others.
        let runs = tree(&document)?.root().attribute("id").is_some();
        Ok(Self { document, domain, uuid, runs })
    }

    pub(in crate::cli) fn document(&self) -> &str {
        &self.document
    }

    /// Its name, safe to print.
    pub(in crate::cli) fn shown(&self) -> String {
        self.domain.name.value.to_string()
    }

    /// Who it is, as leases keep it.
    pub(in crate::cli) fn name(&self) -> &str {
        self.domain.name.value.as_str()
    }

    pub(in crate::cli) fn disk(
        &self,
        target: &str,
        settings: &Settings,
    ) -> Result<Option<SeenDisk>> {
        let tree = tree(&self.document)?;
        let disks = tree.root().children().filter(|child| child.is("devices"));
        let found =
            disks.flat_map(|devices| devices.all("disk").collect::<Vec<_>>()).find(|disk| {
                disk.child("target").and_then(|target| target.value("dev")) == Some(target)
            });
        Ok(found.map(|disk| self.seen(disk, settings)))
    }

    fn seen(&self, disk: ElementRef<'_, '_>, settings: &Settings) -> SeenDisk {
        let within = disk.span().range();
        let mut shares: Vec<Share> = Vec::new();
        for (path, verdict) in needs::of(&self.domain, settings).paths {
            if let PathVerdict::On(share) = verdict
                && within.contains(&path.span.start)
                && !shares.iter().any(|known| known.key == share.key)
            {
                shares.push(*share);
            }
        }
        SeenDisk {
            element: self.document[within].to_owned(),
            image: disk.child("source").and_then(|it| it.value("file")).map(str::to_owned),
            shares,
        }
    }

    pub(in crate::cli) fn needs(&self, share: &ShareKey, settings: &Settings) -> Need {
        let needs = needs::of(&self.domain, settings);
        if needs.shares.iter().any(|needed| needed.key == *share) {
            Need::Yes
        } else if needs.problems.is_empty() {
            Need::No
        } else {
            Need::Unclear
        }
    }
}

fn tree(document: &str) -> Result<Tree<'_>> {
    Tree::read(document.as_bytes())
        .map_err(|fault| anyhow!("the XML that libvirt has of it: {}", fault.problem))
}

#[cfg(test)]
mod tests {
    use virt_quobyte::config::{self, SourceFile};

    use super::*;

    const UUID: &str = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
    const ON_SILVER: &str = "<metadata><vq:shares xmlns:vq='urn:virt-quobyte:domain:1'><vq:share name='silver'/></vq:shares></metadata>";

    fn settings() -> Settings {
        let share = |name: &str| {
            format!(
                "[[share]]\nname = \"{name}\"\nexport = \"reg1/{name}\"\nmount_point = \"/srv/{name}\"\n"
            )
        };
        let text = ["gold", "silver", "base"].map(share).concat();
        config::parse(&[SourceFile { path: "config.toml".into(), text }]).expect("usable")
    }

    fn seen(root: &str, more: &str, devices: &str) -> Seen {
        let document = format!(
            "<domain type='kvm'{root}><name>web1</name><uuid>{UUID}</uuid>{more}<devices>{devices}</devices></domain>"
        );
        Seen::read(document).expect("a good document")
    }

    fn disk(target: &str, file: &str, backing: &str) -> String {
        format!("<disk type='file'><source file='{file}'/>{backing}<target dev='{target}'/></disk>")
    }

    #[test]
    fn a_guest_runs_if_it_has_a_number() {
        assert!(seen(" id='7'", "", "").runs);
        assert!(!seen("", "", "").runs);
    }

    #[test]
    fn a_disk_is_found_by_its_target_with_the_shares_of_its_whole_chain() {
        let chain = "<backingStore type='file'><source file='/srv/base/b.qcow2'/></backingStore>";
        let vdb = disk("vdb", "/srv/gold/data.qcow2", chain);
        let rest = [disk("vda", "/srv/silver/a.img", ""), disk("vdc", "/var/tmp/c.img", "")];
        let seen =
            seen(" id='7'", "", &[&rest[0], vdb.as_str(), &rest[1]].map(String::from).concat());
        let shares_of = |target: &str| -> Option<Vec<String>> {
            let disk = seen.disk(target, &settings()).expect("well-formed")?;
            Some(disk.shares.iter().map(|share| share.name.to_string()).collect())
        };
        assert_eq!(shares_of("vda"), Some(vec!["silver".to_owned()]));
        assert_eq!(shares_of("vdb"), Some(vec!["gold".to_owned(), "base".to_owned()]));
        assert_eq!(shares_of("vdc"), Some(Vec::new()));
        assert_eq!(shares_of("vdd"), None);
        let found = seen.disk("vdb", &settings()).expect("well-formed").expect("there");
        assert_eq!((found.element, found.image.as_deref()), (vdb, Some("/srv/gold/data.qcow2")));
    }

    #[test]
    fn a_share_is_needed_for_a_path_for_a_request_or_while_something_is_unclear() {
        let rows = [
            ("a disk", "", disk("vda", "/srv/silver/a.img", ""), Need::Yes),
            ("a medium", "", disk("sda", "/srv/silver/x/../a.iso", ""), Need::Yes),
            ("the metadata", ON_SILVER, disk("vda", "/srv/gold/a.img", ""), Need::Yes),
            ("another share's disk", "", disk("vda", "/srv/gold/a.img", ""), Need::No),
            ("no disk", "", String::new(), Need::No),
            ("a path that walks", "", disk("vda", "/srv/gold/../silver/a.img", ""), Need::Unclear),
        ];
        let silver = settings().share_named("silver").expect("configured").key.clone();
        for (case, more, devices, expected) in rows {
            let seen = seen(" id='7'", more, &devices);
            assert_eq!(seen.needs(&silver, &settings()), expected, "{case}");
        }
    }
}
