//! What reviving guests would do, or did.

use std::fmt::Write;

use serde::Serialize;

use super::json::{VERSION, to_text};
use super::page::FITS;
use super::reopened;
use crate::cli::{ReviveEnd, ReviveGuest, ReviveReport, ReviveShares};

pub(super) fn human(report: &ReviveReport) -> String {
    let ReviveReport { share, mount_point, applied, mount, users, guests } = report;
    let mut text = String::new();
    let done = if *applied { "done: " } else { "" };
    reopened::share(&mut text, share, mount_point, mount, done);
    if !(mount.is_empty() || *applied) {
        reopened::users(
            &mut text,
            users,
            "Whoever has files open on the dead mount keeps them, dead for good, but for the guests that are revived.",
        );
    }
    for guest in guests {
        self::guest(&mut text, guest, done);
    }
    if guests.is_empty() {
        writeln!(text, "no guest that runs is on {share}").expect(FITS);
    }
    if !(*applied || guests.iter().any(|guest| guest.end == ReviveEnd::Possible)) {
        text.push_str("\nnothing was done\n");
    }
    text
}

pub(super) fn human_shares(report: &ReviveShares) -> String {
    let ReviveShares { domain, shares, left } = report;
    let mut pages = Vec::new();
    if let Some(domain) = domain {
        pages.push(format!(
            "Of the guests of a share only {domain} is revived. The share is mounted anew for all of them, and the others can follow.\n"
        ));
    }
    pages.extend(shares.iter().map(human));
    if !left.is_empty() {
        pages.push(format!("left alone: {}\n", left.join("\nleft alone: ")));
    }
    match (shares.is_empty(), left.is_empty(), domain) {
        (true, true, None) => {
            "nothing to revive: of what guests hold no client is dead and no mount is gone, and no guest is paused\n".to_owned()
        }
        (true, true, Some(domain)) => format!("{domain} is on no share\n"),
        _ => pages.join("\n"),
    }
}

fn guest(text: &mut String, guest: &ReviveGuest, done: &str) {
    let (steps, done) = match guest.end {
        ReviveEnd::Revived => (guest.steps.as_slice(), done),
        ReviveEnd::Possible => (guest.steps.as_slice(), ""),
        _ => (&[][..], ""),
    };
    let disks = guest.disks.iter().map(|disk| format!("{}: {}", disk.target, disk.unflushed));
    reopened::guest(text, &guest.domain, disks, steps, done);
    match &guest.end {
        ReviveEnd::NotNeeded => text.push_str("  needs nothing\n"),
        ReviveEnd::Possible => text.push_str("  can be revived\n"),
        ReviveEnd::Revived => text.push_str("  is revived\n"),
        ReviveEnd::Refused(why) => writeln!(text, "  is not revived: {why}").expect(FITS),
        ReviveEnd::Failed(why) => writeln!(text, "  failed: {why}").expect(FITS),
    }
}

#[derive(Serialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    report: T,
}

#[derive(Serialize)]
struct All<'a> {
    domain: Option<&'a str>,
    shares: Vec<Revive<'a>>,
    left: &'a [String],
}

#[derive(Serialize)]
struct Revive<'a> {
    share: &'a str,
    mount_point: &'a str,
    applied: bool,
    mount: &'a [String],
    users: &'a [String],
    guests: Vec<Guest<'a>>,
}

#[derive(Serialize)]
struct Guest<'a> {
    domain: &'a str,
    disks: Vec<Disk<'a>>,
    steps: &'a [String],
    end: &'static str,
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct Disk<'a> {
    target: &'a str,
    unflushed: &'a str,
    may_lose: bool,
}

pub(super) fn json(report: &ReviveReport) -> String {
    to_text(&Versioned { version: VERSION, report: share_json(report) })
}

pub(super) fn json_shares(ReviveShares { domain, shares, left }: &ReviveShares) -> String {
    let shares = shares.iter().map(share_json).collect();
    let report = All { domain: domain.as_deref(), shares, left };
    to_text(&Versioned { version: VERSION, report })
}

fn share_json(report: &ReviveReport) -> Revive<'_> {
    Revive {
        share: &report.share,
        mount_point: &report.mount_point,
        applied: report.applied,
        mount: &report.mount,
        users: &report.users,
        guests: report.guests.iter().map(guest_json).collect(),
    }
}

fn guest_json(guest: &ReviveGuest) -> Guest<'_> {
    let disks = guest.disks.iter().map(|disk| Disk {
        target: &disk.target,
        unflushed: &disk.unflushed,
        may_lose: disk.may_lose,
    });
    let (end, why) = match &guest.end {
        ReviveEnd::NotNeeded => ("not-needed", None),
        ReviveEnd::Possible => ("possible", None),
        ReviveEnd::Revived => ("revived", None),
        ReviveEnd::Refused(why) => ("refused", Some(why.as_str())),
        ReviveEnd::Failed(why) => ("failed", Some(why.as_str())),
    };
    Guest { domain: &guest.domain, disks: disks.collect(), steps: &guest.steps, end, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ReviveDisk;
    use crate::render::json::schema;

    #[test]
    fn what_became_of_each_guest_is_told_as_the_schema_says() {
        let ends = [
            ReviveEnd::NotNeeded,
            ReviveEnd::Possible,
            ReviveEnd::Revived,
            ReviveEnd::Refused("bus usb".to_owned()),
            ReviveEnd::Failed("let go of x: in use".to_owned()),
        ];
        for applied in [false, true] {
            let guest = |end: &ReviveEnd| ReviveGuest {
                domain: "web1".to_owned(),
                disks: vec![ReviveDisk {
                    target: "vda".to_owned(),
                    unflushed: "nothing is lost".to_owned(),
                    may_lose: applied,
                }],
                steps: vec!["pause the guest".to_owned()],
                end: end.clone(),
            };
            let report = ReviveReport {
                share: "gold".to_owned(),
                mount_point: "/srv/gold".to_owned(),
                applied,
                mount: vec!["mount".to_owned()],
                users: vec!["qemu (pid 7, domain web1)".to_owned()],
                guests: ends.iter().map(guest).collect(),
            };
            schema::holds("recover-revive", &json(&report));
            let left = vec!["share silver: it is hung".to_owned()];
            let domain = applied.then(|| "web1".to_owned());
            let report = ReviveShares { domain, shares: vec![report], left };
            schema::holds("recover-revive-shares", &json_shares(&report));
        }
    }

    #[test]
    fn of_several_shares_each_is_told_with_what_is_left_alone() {
        let report = |share: &str| ReviveReport {
            share: share.to_owned(),
            mount_point: format!("/srv/{share}"),
            applied: false,
            mount: Vec::new(),
            users: Vec::new(),
            guests: Vec::new(),
        };
        let shares = vec![report("gold"), report("silver")];
        let left = vec!["share iron: it is hung".to_owned()];
        let all = human_shares(&ReviveShares { domain: None, shares, left });
        for part in ["gold on /srv/gold\n", "\n\nsilver on ", "\nleft alone: share iron: "] {
            assert!(all.contains(part), "no {part:?} in {all}");
        }
        let none = |domain| ReviveShares { domain, shares: Vec::new(), left: Vec::new() };
        assert!(human_shares(&none(None)).starts_with("nothing to revive: "));
        assert_eq!(human_shares(&none(Some("web1".to_owned()))), "web1 is on no share\n");
    }
}
