//! Which guests would go on without a reboot if the client of their share died, and which would not.

use std::fmt::Write;

use virt_quobyte::config::Settings;
use virt_quobyte::domain;
use virt_quobyte::escape::Escaped;
use virt_quobyte::needs;
use virt_quobyte::revive::{self, Obstacle, Outlook};
use virt_quobyte::xml::Tree;

use super::super::check::{Check, word};
use crate::libvirt::{Documents, DomainXml};

const SUBJECT: &str = "revival";

const FITS: &str = "a String takes everything";

/// A guest with something on a share.
#[derive(Debug)]
struct OnShare<'a> {
    name: &'a str,
    runs: bool,
    obstacles: Vec<Obstacle>,
    may_lose: bool,
}

/// A domain whose XML is not to be had, or is none.
#[derive(Debug)]
struct Unread;

/// Every guest of a libvirt, or why that does not tell of them. One that runs is judged as it runs, others as they are defined.
pub(in super::super) fn revival(
    uri: &str,
    domains: Result<&[DomainXml], &str>,
    settings: &Settings,
) -> Check {
    let domains = match domains {
        Ok(domains) => domains,
        Err(why) => return Check::cannot_tell(SUBJECT, why),
    };
    let mut guests = Vec::new();
    let mut unread = 0;
    for domain in domains {
        match on_shares(domain, settings) {
            Ok(guest) => guests.extend(guest),
            Err(Unread) => unread += 1,
        }
    }
    let all = guests.len();
    let (good, bad): (Vec<_>, Vec<_>) =
        guests.into_iter().partition(|guest| guest.obstacles.is_empty());
    let mut seen = match (all, bad.len()) {
        (0, _) => format!("{uri} has no guest with a disk on a share"),
        (_, 0) => format!(
            "guests on shares: {all}, and as far as their XML shows all would go on after their client died"
        ),
        (_, some) => format!(
            "guests on shares: {all}, of which {some} would have to be stopped and started after their client died: {}",
            named(&bad)
        ),
    };
    let losers = good.iter().filter(|guest| guest.may_lose).count();
    if losers > 0 {
        write!(seen, "; only with --accept-unflushed-loss would go on: {losers}").expect(FITS);
    }
    if unread > 0 {
        write!(seen, "; guests whose XML cannot be read: {unread}").expect(FITS);
    }
    match (bad.is_empty(), unread) {
        (true, 0) => Check::good(SUBJECT, seen),
        (true, _) => Check::cannot_tell(SUBJECT, seen),
        (false, _) => {
            let check = Check::worth_knowing(SUBJECT, seen);
            match remedy(uri, &bad) {
                Some(remedy) => check.with(remedy),
                None => check,
            }
        }
    }
}

/// What a domain has on shares, if anything.
fn on_shares<'a>(
    domain: &'a DomainXml,
    settings: &Settings,
) -> Result<Option<OnShare<'a>>, Unread> {
    let Ok(Documents { defined, running }) = &domain.documents else { return Err(Unread) };
    let Some(xml) = running.as_ref().or(defined.as_ref()) else { return Ok(None) };
    let (Ok(tree), Ok(read)) = (Tree::read(xml.as_bytes()), domain::read(xml.as_bytes())) else {
        return Err(Unread);
    };
    let shares = needs::of(&read, settings).shares;
    let outlooks = shares.iter().map(|share| revive::outlook(&share.mount_point, &tree));
    let outlooks: Vec<Outlook> = outlooks.filter(Outlook::is_on_share).collect();
    if outlooks.is_empty() {
        return Ok(None);
    }
    let mut obstacles: Vec<Obstacle> = Vec::new();
    for obstacle in outlooks.iter().flat_map(|outlook| &outlook.obstacles) {
        // A block job is in the way on each of its shares.
        if !obstacles.contains(obstacle) {
            obstacles.push(obstacle.clone());
        }
    }
    let may_lose = outlooks.iter().any(|outlook| outlook.losers().next().is_some());
    Ok(Some(OnShare { name: &domain.name, runs: running.is_some(), obstacles, may_lose }))
}

/// So many are named.
const NAMED: usize = 5;

fn named(guests: &[OnShare<'_>]) -> String {
    let mut said: Vec<String> = Vec::new();
    for guest in guests.iter().take(NAMED) {
        let why: Vec<String> = guest.obstacles.iter().map(ToString::to_string).collect();
        said.push(format!("{} ({})", Escaped(guest.name), why.join("; ")));
    }
    if guests.len() > NAMED {
        said.push(format!("{} more", guests.len() - NAMED));
    }
    said.join(", ")
}

/// What to type, where the definition can be changed so that the guest would go on.
fn remedy(uri: &str, guests: &[OnShare<'_>]) -> Option<String> {
    let with = |is_meant: fn(&Obstacle) -> bool| -> Vec<&OnShare<'_>> {
        guests.iter().filter(|guest| guest.obstacles.iter().any(is_meant)).collect()
    };
    let told = with(|obstacle| matches!(obstacle, Obstacle::ErrorsReachGuest { .. }));
    let misplaced =
        with(|obstacle| matches!(obstacle, Obstacle::Bus { .. } | Obstacle::Iothread { .. }));
    if !told.is_empty() {
        let names: Vec<String> = told.iter().map(|guest| word(guest.name)).collect();
        let names = if names.len() > NAMED { "--all".to_owned() } else { names.join(" ") };
        return Some(format!(
            "virt-quobyte lint --connect {} --select errors-reach-guest {names}; change that with virsh edit{}",
            word(uri),
            then(&told)
        ));
    }
    let first = misplaced.first()?;
    Some(format!("virsh edit {}{}", word(first.name), then(&misplaced)))
}

/// What runs goes on as it was started.
fn then(guests: &[&OnShare<'_>]) -> &'static str {
    if guests.iter().any(|guest| guest.runs) { ", and stop and start what runs" } else { "" }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use virt_quobyte::config::{self, SourceFile};

    use super::super::super::check::Verdict::{self, CannotTell, Good, WorthKnowing};
    use super::*;

    const URI: &str = "qemu:///system";
    const STOPS: &str = "error_policy='stop' cache='none'";

    fn settings() -> Settings {
        let text = "[[share]]\nname = \"gold\"\nexport = \"r/gold\"\nmount_point = \"/srv/gold\"\n\
                    [[share]]\nname = \"silver\"\nexport = \"r/silver\"\nmount_point = \"/srv/silver\"\n";
        let file = SourceFile { path: PathBuf::from("config.toml"), text: text.to_owned() };
        config::parse(&[file]).expect("a good configuration")
    }

    /// With a disk whose driver says this.
    fn xml(name: &str, driver: &str, bus: &str, file: &str) -> String {
        format!(
            "<domain><name>{name}</name><devices><disk type='file'><driver {driver}/><source file='{file}'/>\
             <target dev='vda' bus='{bus}'/></disk></devices></domain>"
        )
    }

    fn defined(name: &str, driver: &str, bus: &str) -> DomainXml {
        let xml = xml(name, driver, bus, "/srv/gold/a.img");
        let documents = Ok(Documents { defined: Some(xml), running: None });
        DomainXml { name: name.to_owned(), documents }
    }

    fn running(domain: DomainXml) -> DomainXml {
        let documents = domain.documents.expect("some");
        let documents = Documents { running: documents.defined, defined: None };
        DomainXml { documents: Ok(documents), ..domain }
    }

    #[track_caller]
    fn is(domains: &[DomainXml], verdict: Verdict, says: &str, remedy: Option<&str>) {
        let check = revival(URI, Ok(domains), &settings());
        assert_eq!(check.verdict, verdict, "{check:?}");
        assert!(check.seen.contains(says), "{check:?}");
        assert_eq!(check.remedy.as_deref(), remedy, "{check:?}");
    }

    #[test]
    fn guests_that_would_go_on_are_good_and_others_are_told_with_the_reason() {
        let well = || defined("well", STOPS, "virtio");
        let qcow2 = defined("q", &format!("{STOPS} type='qcow2'"), "virtio");
        is(&[], Good, "qemu:///system has no guest with a disk on a share", None);
        is(&[well()], Good, "guests on shares: 1, and as far as their XML shows all", None);
        is(&[well(), qcow2], Good, "; only with --accept-unflushed-loss would go on: 1", None);
        is(
            &[well(), defined("web 1", "", "virtio")],
            WorthKnowing,
            "2, of which 1 would have to be stopped and started after their client died: web 1 (vda: its error_policy",
            Some(
                "virt-quobyte lint --connect qemu:///system --select errors-reach-guest 'web 1'; change that with virsh edit",
            ),
        );
        is(
            &[running(defined("web1", "", "virtio"))],
            WorthKnowing,
            "1, of which 1 ",
            Some(
                "virt-quobyte lint --connect qemu:///system --select errors-reach-guest web1; change that with virsh edit, and stop and start what runs",
            ),
        );
        is(
            &[defined("stick", STOPS, "usb")],
            WorthKnowing,
            "the bus usb",
            Some("virsh edit stick"),
        );
    }

    #[test]
    fn a_guest_that_runs_is_judged_as_it_runs() {
        let mended = Documents {
            running: Some(xml("web1", "", "virtio", "/srv/gold/a.img")),
            defined: Some(xml("web1", STOPS, "virtio", "/srv/gold/a.img")),
        };
        let web1 = DomainXml { name: "web1".to_owned(), documents: Ok(mended) };
        assert_eq!(revival(URI, Ok(&[web1]), &settings()).verdict, WorthKnowing);
    }

    #[test]
    fn many_are_counted_and_what_cannot_be_changed_has_no_remedy() {
        let many: Vec<DomainXml> =
            (0..9).map(|number| defined(&format!("web{number}"), "", "sata")).collect();
        let check = revival(URI, Ok(&many), &settings());
        assert!(check.seen.ends_with("), 4 more"), "{check:?}");
        assert!(check.remedy.is_some_and(|it| it.contains("errors-reach-guest --all;")));
        let locked = xml("vault", STOPS, "virtio", "/srv/gold/a")
            .replace("<target", "<encryption format='luks'/><target");
        let documents = Ok(Documents { defined: Some(locked), running: None });
        is(&[DomainXml { name: "vault".to_owned(), documents }], WorthKnowing, "encrypted", None);
    }

    #[test]
    fn what_cannot_be_asked_or_read_is_not_judged() {
        let check = revival(URI, Err("no answer"), &settings());
        assert_eq!((check.verdict, check.seen.as_str()), (CannotTell, "no answer"));
        let broken = Documents { defined: Some("<domain".to_owned()), running: None };
        let broken = DomainXml { name: "x".to_owned(), documents: Ok(broken) };
        is(&[broken], CannotTell, "; guests whose XML cannot be read: 1", None);
        let elsewhere = xml("far", "", "virtio", "/srv/bronze/a.img");
        let documents = Ok(Documents { defined: Some(elsewhere), running: None });
        is(&[DomainXml { name: "far".to_owned(), documents }], Good, "no guest", None);
    }
}
