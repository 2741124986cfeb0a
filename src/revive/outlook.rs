//! What would become of a guest if the client of a share died, or since it did, from the domain's XML alone.
//!
//! For whoever must not ask QEMU: because nothing has died yet, or because the answer might not come. What is found to be in the way
//! is, and the revival itself would refuse it. That nothing is found is no promise. The XML does not show which disks, snapshots and
//! copies came after the guest's start, so that how to open them is not known; whether a backup runs, or a checkpoint has left a
//! bitmap; the path of a disk that is a volume of a pool; the backing images of a domain that does not run; and whether the guest
//! has switched on a disk's write cache, since when more may be lost than the XML says.

use super::decide::Disk;
use super::obstacle::Obstacle;
use super::unflushed::Unflushed;
use super::words::{self, DiskWords};
use crate::needs;
use crate::share::MountPoint;
use crate::xml::{ElementRef, Tree};

/// What would become of a guest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Outlook {
    /// Its disks on the share.
    pub disks: Vec<Disk>,
    /// What is in the way of its revival.
    pub obstacles: Vec<Obstacle>,
}

impl Outlook {
    /// Whether it has anything open on the share.
    pub fn is_on_share(&self) -> bool {
        !(self.disks.is_empty() && self.obstacles.is_empty())
    }

    /// The disks that may lose what was not flushed.
    pub fn losers(&self) -> impl Iterator<Item = &Disk> {
        self.disks.iter().filter(|disk| disk.may_lose())
    }
}

/// What would become of a domain with the client of the share with this mount point.
pub fn outlook(mount_point: &MountPoint, domain: &Tree<'_>) -> Outlook {
    let holds = |file: &str| mount_point.holds(&needs::end(file));
    let mut outlook = Outlook::default();
    let mut jobs = Vec::new();
    for (disk, words) in words::of_each(domain) {
        if disk.child("mirror").is_some() {
            jobs.push(Obstacle::BlockJob { target: words.target.clone() });
        }
        if layers(disk).flat_map(files).any(holds) {
            outlook.obstacles.extend(obstacles(disk, &words));
            let unflushed = unflushed(disk);
            outlook.disks.push(Disk { target: words.target, unflushed });
        }
    }
    let firmware = firmware(domain).filter(|file| holds(file));
    outlook.obstacles.extend(firmware.map(|file| Obstacle::Firmware { file }));
    // A job on another disk of the guest is in the way as well.
    if outlook.is_on_share() {
        outlook.obstacles.extend(jobs);
    }
    outlook
}

fn obstacles(disk: ElementRef<'_, '_>, words: &DiskWords) -> Vec<Obstacle> {
    let target = || words.target.clone();
    let is_encrypted = |layer: ElementRef<'_, '_>| {
        layer.child("encryption").or(layer.at("source/encryption")).is_some()
    };
    let encrypted = layers(disk).any(is_encrypted);
    let encrypted = encrypted.then(|| Obstacle::Encrypted { target: target() });
    let transient = disk.child("transient").map(|_| Obstacle::Transient { target: target() });
    words.obstacles(is_only_read(disk)).chain(encrypted).chain(transient).collect()
}

fn unflushed(disk: ElementRef<'_, '_>) -> Unflushed {
    // What libvirt is not told the format of it takes for raw.
    let format = words::driver_says(disk, "type").unwrap_or("raw");
    Unflushed::of(Some(format), words::cache(disk), is_only_read(disk))
}

fn is_only_read(disk: ElementRef<'_, '_>) -> bool {
    disk.child("readonly").is_some() || disk.value("device") == Some("cdrom")
}

/// A disk, and what it is backed by as far as that is written.
fn layers<'t, 'a>(disk: ElementRef<'t, 'a>) -> impl Iterator<Item = ElementRef<'t, 'a>> {
    std::iter::successors(Some(disk), |layer| layer.child("backingStore"))
}

fn files<'t>(layer: ElementRef<'t, '_>) -> impl Iterator<Item = &'t str> {
    let sources = [layer.child("source"), layer.at("source/dataStore/source")];
    sources.into_iter().flatten().filter_map(|source| source.value("file"))
}

/// What QEMU has open as flash memory. Kernels and ROMs it has read at its start.
fn firmware(domain: &Tree<'_>) -> impl Iterator<Item = String> {
    let os = domain.root().child("os");
    let loader = os.and_then(|os| os.child("loader"));
    let loader = loader.filter(|loader| loader.value("type") == Some("pflash"));
    let nvram = os.and_then(|os| os.child("nvram"));
    let file = |of: ElementRef<'_, '_>| match of.child("source") {
        Some(source) => source.value("file").map(str::to_owned),
        None => Some(of.text().trim().to_owned()),
    };
    [loader, nvram].into_iter().flatten().filter_map(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revive::unflushed::{Kept, MayBeLost};

    const STOP: &str = "error_policy='stop' rerror_policy='stop'";

    fn of(os: &str, devices: &str) -> Outlook {
        let domain =
            format!("<domain><os>{os}</os><devices>{devices}</devices></domain>").into_bytes();
        let mount_point = "/srv/gold".parse().expect("a good path");
        outlook(&mount_point, &Tree::read(&domain).expect("a document"))
    }

    /// A disk with these attributes of its driver, and this besides.
    fn disk(driver: &str, bus: &str, more: &str) -> String {
        format!(
            "<disk type='file' device='disk'><driver name='qemu' {driver}/><source file='/srv/gold/a.img'/>\
             <target dev='vda' bus='{bus}'/>{more}</disk>"
        )
    }

    #[track_caller]
    fn is_obstructed(case: &str, outlook: &Outlook, says: &[&str]) {
        let found: Vec<String> = outlook.obstacles.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), says.len(), "{case}: {found:?}");
        for (found, says) in found.iter().zip(says) {
            assert!(found.contains(says), "{case}: {found:?}");
        }
    }

    #[test]
    fn what_is_in_the_way_is_seen_in_the_xml() {
        let scsi_thread = "<controller type='scsi'><driver iothread='1'/></controller>";
        let encrypted = "<encryption format='luks'><secret type='passphrase'/></encryption>";
        let source =
            |more: &str| disk(STOP, "virtio", "").replace("a.img'/>", &format!("a.img'>{more}"));
        let read_only = disk("", "sata", "<readonly/>");
        let rows: &[(&str, String, &[&str])] = &[
            ("all is well", disk(STOP, "virtio", ""), &[]),
            ("one policy for both", disk("error_policy='stop'", "scsi", ""), &[]),
            ("no policy", disk("", "virtio", ""), &["vda: its error_policy"]),
            (
                "reading only is reported",
                disk("error_policy='stop' rerror_policy='report'", "sata", ""),
                &["do not both say 'stop'"],
            ),
            ("stops for a full disk", disk("error_policy='enospace'", "ide", ""), &["'stop'"]),
            ("who reads reads again", read_only.clone(), &[]),
            ("a CD-ROM", read_only.replace("<readonly/>", "").replace("'disk'", "'cdrom'"), &[]),
            ("a bus that was not tried", disk(STOP, "usb", ""), &["the bus usb"]),
            ("both", disk("", "usb", ""), &["the bus usb", "error_policy"]),
            ("a thread", disk(STOP, "scsi", "") + scsi_thread, &["(iothread)"]),
            ("another's thread", disk(STOP, "virtio", "") + scsi_thread, &[]),
            ("a thread of its own", disk(&format!("{STOP} iothread='1'"), "virtio", ""), &[]),
            ("encrypted, as it was written once", disk(STOP, "virtio", encrypted), &["encrypted"]),
            ("encrypted", source(&format!("{encrypted}</source>")), &["vda: its image is"]),
            (
                "on a base that is encrypted",
                disk(STOP, "virtio", &format!("<backingStore>{encrypted}</backingStore>")),
                &["encrypted"],
            ),
            ("transient", disk(STOP, "virtio", "<transient/>"), &["transient"]),
            ("mirrored", disk(STOP, "virtio", "<mirror job='copy'/>"), &["a block job"]),
        ];
        for (case, devices, says) in rows {
            let outlook = of("", devices);
            assert_eq!(outlook.disks.len(), 1, "{case}");
            is_obstructed(case, &outlook, says);
        }
    }

    #[test]
    fn a_disk_is_on_a_share_with_any_of_its_files() {
        let elsewhere =
            |more: &str| disk("", "virtio", more).replace("/srv/gold/a.img", "/srv/gol/a.img");
        let base = |file: &str| format!("<backingStore type='file'><source file='{file}'/>");
        let rows = [
            ("elsewhere", elsewhere(""), false),
            ("elsewhere, and mirrored", elsewhere("<mirror/>"), false),
            ("no medium", "<disk type='file'><target dev='sda' bus='sata'/></disk>".into(), false),
            ("another spelling", disk("", "virtio", "").replace("gold/a", "./gold//a"), true),
            ("its base", elsewhere(&(base("/srv/gold/b") + "</backingStore>")), true),
            (
                "the base of its base",
                elsewhere(&(base("/b") + &base("/srv/gold/c") + "</backingStore></backingStore>")),
                true,
            ),
            (
                "its data",
                elsewhere("").replace(
                    "a.img'/>",
                    "a.img'><dataStore><source file='/srv/gold/d'/></dataStore></source>",
                ),
                true,
            ),
        ];
        for (case, devices, is_on_share) in rows {
            assert_eq!(of("", &devices).is_on_share(), is_on_share, "{case}");
        }
    }

    #[test]
    fn firmware_that_stays_open_is_in_the_way() {
        let rows: [(&str, &str, &[&str]); 5] = [
            ("elsewhere", "<loader type='pflash'>/usr/share/OVMF.fd</loader>", &[]),
            ("variables", "<nvram>/srv/gold/a.nvram</nvram>", &["/srv/gold/a.nvram"]),
            (
                "variables, as libvirt 8.5 writes them",
                "<nvram type='file'><source file='/srv/gold/b.nvram'/></nvram>",
                &["/srv/gold/b.nvram"],
            ),
            ("code", "<loader type='pflash'>/srv/gold/code.fd</loader>", &["/srv/gold/code.fd"]),
            ("a ROM is read once", "<loader type='rom'>/srv/gold/bios.bin</loader>", &[]),
        ];
        for (case, os, says) in rows {
            is_obstructed(case, &of(os, ""), says);
        }
    }

    #[test]
    fn what_may_be_lost_is_what_the_xml_declares() {
        let kept = Unflushed::Kept;
        let lost = Unflushed::MayBeLost;
        let rows = [
            ("type='raw' cache='none'", kept(Kept::WrittenThroughQemu)),
            ("cache='none'", kept(Kept::WrittenThroughQemu)),
            ("type='raw' cache='directsync'", kept(Kept::FlushedEach)),
            ("type='qcow2' cache='writethrough'", kept(Kept::FlushedEach)),
            ("type='raw'", lost(MayBeLost::PageCache)),
            ("type='raw' cache='default'", lost(MayBeLost::PageCache)),
            ("type='raw' cache='writeback'", lost(MayBeLost::PageCache)),
            ("type='qcow2' cache='none'", lost(MayBeLost::Format("qcow2".to_owned()))),
            ("type='raw' cache='unsafe'", lost(MayBeLost::Flushed)),
        ];
        for (driver, unflushed) in rows {
            let outlook = of("", &disk(driver, "virtio", ""));
            assert_eq!(outlook.losers().count(), usize::from(outlook.disks[0].may_lose()));
            assert_eq!(outlook.disks[0].unflushed, unflushed, "{driver}");
        }
        let cdrom = of("", &disk("", "sata", "<readonly/>"));
        assert_eq!(cdrom.disks[0].unflushed, kept(Kept::ReadOnly));
    }
}
