//! What a share's renewal would do, or did.

use std::fmt::Write;

use serde::Serialize;

use super::json::{VERSION, to_text};
use super::page::FITS;
use super::reopened;
use crate::cli::{OldClient, RenewEnd, RenewGuest, RenewReport};

pub(super) fn human(report: &RenewReport) -> String {
    let RenewReport { share, mount_point, applied, mount, users, guests, old } = report;
    let mut text = String::new();
    let done = if *applied { "done: " } else { "" };
    reopened::share(&mut text, share, mount_point, mount, done);
    if mount.is_empty() {
        text.push_str("  has its new client already: a renewal was cut off\n");
    }
    if !(users.is_empty() || *applied) {
        reopened::users(
            &mut text,
            users,
            "Whoever has files open there stays on the old client until they are closed, but for the guests that are moved.",
        );
    }
    for guest in guests {
        self::guest(&mut text, guest, done);
    }
    if guests.is_empty() {
        writeln!(text, "no guest that runs is on {share}").expect(FITS);
    }
    match old {
        OldClient::None => {}
        OldClient::Ended => text.push_str("\nthe old client has ended\n"),
        OldClient::Lives => text.push_str(
            "\nthe old client goes on: somebody has files open there, and it ends with the last of them\n",
        ),
        OldClient::Unknown => text.push_str(
            "\nwhich process the old client was could not be found out, nor whether it has ended\n",
        ),
    }
    text
}

fn guest(text: &mut String, guest: &RenewGuest, done: &str) {
    let (steps, done) = match guest.end {
        RenewEnd::Renewed { .. } => (guest.steps.as_slice(), done),
        RenewEnd::Possible => (guest.steps.as_slice(), ""),
        _ => (&[][..], ""),
    };
    reopened::guest(text, &guest.domain, guest.disks.iter(), steps, done);
    match &guest.end {
        RenewEnd::NotNeeded => text.push_str("  needs nothing\n"),
        RenewEnd::Possible => text.push_str("  can be moved\n"),
        RenewEnd::Renewed { paused: Some(paused) } => {
            writeln!(text, "  is moved, and was paused for {} ms", paused.as_millis()).expect(FITS);
        }
        RenewEnd::Renewed { paused: None } => {
            text.push_str("  is moved; it was not running\n");
        }
        RenewEnd::Refused(why) => writeln!(text, "  stays on the old client: {why}").expect(FITS),
        RenewEnd::Failed(why) => writeln!(text, "  failed: {why}").expect(FITS),
    }
}

#[derive(Serialize)]
struct Renew<'a> {
    version: u32,
    share: &'a str,
    mount_point: &'a str,
    applied: bool,
    mount: &'a [String],
    users: &'a [String],
    guests: Vec<Guest<'a>>,
    old_client: Option<&'static str>,
}

#[derive(Serialize)]
struct Guest<'a> {
    domain: &'a str,
    disks: &'a [String],
    steps: &'a [String],
    end: &'static str,
    why: Option<&'a str>,
    paused_ms: Option<u64>,
}

pub(super) fn json(report: &RenewReport) -> String {
    to_text(&Renew {
        version: VERSION,
        share: &report.share,
        mount_point: &report.mount_point,
        applied: report.applied,
        mount: &report.mount,
        users: &report.users,
        guests: report.guests.iter().map(guest_json).collect(),
        old_client: match report.old {
            OldClient::None => None,
            OldClient::Ended => Some("ended"),
            OldClient::Lives => Some("lives"),
            OldClient::Unknown => Some("unknown"),
        },
    })
}

fn guest_json(guest: &RenewGuest) -> Guest<'_> {
    let (end, why) = match &guest.end {
        RenewEnd::NotNeeded => ("not-needed", None),
        RenewEnd::Possible => ("possible", None),
        RenewEnd::Renewed { .. } => ("renewed", None),
        RenewEnd::Refused(why) => ("refused", Some(why.as_str())),
        RenewEnd::Failed(why) => ("failed", Some(why.as_str())),
    };
    let paused_ms = match &guest.end {
        RenewEnd::Renewed { paused } => {
            paused.map(|paused| u64::try_from(paused.as_millis()).unwrap_or(u64::MAX))
        }
        _ => None,
    };
    let RenewGuest { domain, disks, steps, .. } = guest;
    Guest { domain, disks, steps, end, why, paused_ms }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::render::json::schema;

    #[test]
    fn what_became_of_each_guest_is_told_as_the_schema_says() {
        let ends = [
            RenewEnd::NotNeeded,
            RenewEnd::Possible,
            RenewEnd::Renewed { paused: Some(Duration::from_millis(120)) },
            RenewEnd::Renewed { paused: None },
            RenewEnd::Refused("bus usb".to_owned()),
            RenewEnd::Failed("let go of x: in use".to_owned()),
        ];
        let olds = [OldClient::None, OldClient::Ended, OldClient::Lives, OldClient::Unknown];
        for (applied, old) in [false, true, true, true].into_iter().zip(olds) {
            let guest = |end: &RenewEnd| RenewGuest {
                domain: "web1".to_owned(),
                disks: vec!["vda: nothing is lost".to_owned()],
                steps: vec!["pause the guest".to_owned()],
                end: end.clone(),
            };
            let report = RenewReport {
                share: "gold".to_owned(),
                mount_point: "/srv/gold".to_owned(),
                applied,
                mount: vec!["detach the mount".to_owned(), "mount".to_owned()],
                users: vec!["qemu (pid 7, domain web1)".to_owned()],
                guests: ends.iter().map(guest).collect(),
                old,
            };
            schema::holds("renew", &json(&report));
            let text = human(&report);
            assert!(text.contains("was paused for 120 ms"), "{text}");
        }
    }
}
