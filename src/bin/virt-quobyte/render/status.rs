//! What `status` saw: a table that fits a terminal and a paragraph a share, or JSON for programs.

use std::fmt::Write;

use serde::Serialize;
use virt_quobyte::escape::Escaped;
use virt_quobyte::health::Health;
use virt_quobyte::host::clock;
use virt_quobyte::host::processes::clients::Replaced;
use virt_quobyte::share::ShareMode;

use super::json;
use super::page::{FITS, WIDTH, cut, some_of, table, wrapped};
use crate::cli::{
    ClientStatus, Finding, HolderStatus, Holders, Prospect, Scope, Severity, ShareStatus,
    StatusReport,
};

/// A share's name may have 64 characters; the table has room for so many, which is that of a key.
const NAME: usize = 32;

pub(super) fn human(report: &StatusReport) -> String {
    let mut text = String::new();
    if report.shares.is_empty() {
        text.push_str("no share is configured\n");
    } else {
        text.push_str(&overview(&report.shares));
    }
    for share in &report.shares {
        if report.scope == Scope::One || has_something_to_tell(share) {
            paragraph(&mut text, share);
        }
    }
    for (number, noticed) in report.noticed.iter().enumerate() {
        writeln!(text, "{}noticed: {noticed}", if number == 0 { "\n" } else { "" }).expect(FITS);
    }
    text
}

fn overview(shares: &[ShareStatus]) -> String {
    let row = |share: &ShareStatus| {
        [
            cut(&share.name, NAME),
            share.mode.map_or("-", ShareMode::as_str).to_owned(),
            share.health.as_ref().map_or("?", Health::word).to_owned(),
            share.mounted_since.map_or_else(|| "-".to_owned(), ago),
            String::new(),
        ]
    };
    let heading = ["SHARE", "MODE", "STATE", "SINCE", "HELD BY"].map(String::from);
    let mut rows: Vec<_> = std::iter::once(heading).chain(shares.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let room = WIDTH - (0..4).filter_map(width).map(|width| width + 2).sum::<usize>();
    for (row, share) in rows.iter_mut().skip(1).zip(shares) {
        row[4] = holders(&share.holders, room);
    }
    table(&rows)
}

fn holders(holders: &Holders, room: usize) -> String {
    match holders {
        Holders::Unknown => "?".to_owned(),
        Holders::Known(holders) if holders.is_empty() => "-".to_owned(),
        Holders::Known(holders) => {
            let name = |holder: &HolderStatus| match (&holder.domain, &holder.uuid) {
                (Some(domain), _) => Escaped(domain).to_string(),
                (None, Some(uuid)) => uuid.clone(),
                (None, None) => "administrator".to_owned(),
            };
            some_of(&holders.iter().map(name).collect::<Vec<_>>(), room)
        }
    }
}

/// What the table has no room for: only shares with something to tell have a paragraph.
fn has_something_to_tell(share: &ShareStatus) -> bool {
    let is_held = matches!(&share.holders, Holders::Known(holders) if !holders.is_empty());
    is_held || !share.findings.is_empty() || share.mounted_since.is_some()
}

fn paragraph(text: &mut String, share: &ShareStatus) {
    let export = share.export.as_ref().map(|export| format!("  {export}")).unwrap_or_default();
    writeln!(text, "\n{}{export}", share.name).expect(FITS);
    if let Some(mount_point) = &share.mount_point {
        writeln!(text, "  on {mount_point}").expect(FITS);
    }
    for finding in &share.findings {
        told(text, finding);
    }
    if let Some(since) = share.mounted_since {
        writeln!(text, "  mounted by us for {}", ago(since)).expect(FITS);
    }
    let unit = share.unit.iter().cloned();
    let client: Vec<String> = unit.chain(share.client.iter().map(who_serves)).collect();
    if !client.is_empty() {
        writeln!(text, "  client: {}", client.join(", ")).expect(FITS);
    }
    match &share.holders {
        Holders::Known(holders) => {
            for holder in holders {
                writeln!(text, "  held by {} for {}", who(holder), ago(holder.since)).expect(FITS);
                for line in holder.prospect.iter().flat_map(|it| wrapped(&expected(it), WIDTH - 4))
                {
                    writeln!(text, "    {line}").expect(FITS);
                }
            }
        }
        Holders::Unknown => text.push_str("  who holds it is not known\n"),
    }
}

/// Whether a guest can be revived.
fn expected(prospect: &Prospect) -> String {
    let outlook = match prospect {
        Prospect::Unknown => {
            return "it is not known whether it can be revived: libvirt has no status file of it"
                .to_owned();
        }
        Prospect::Foreseen(outlook) => outlook,
    };
    let losers: Vec<String> =
        outlook.losers().map(|disk| Escaped(&disk.target).to_string()).collect();
    match (outlook.is_on_share(), &outlook.obstacles[..], &losers[..]) {
        (false, ..) => "has no disk here to be revived, as far as its XML shows".to_owned(),
        (true, [], []) => "can be revived, as far as its XML shows".to_owned(),
        (true, [], losers) => format!(
            "can be revived, as far as its XML shows, with --accept-unflushed-loss for {}",
            losers.join(", ")
        ),
        (true, obstacles, _) => {
            let why: Vec<String> = obstacles.iter().map(ToString::to_string).collect();
            format!("cannot be revived: {}", why.join("; "))
        }
    }
}

fn told(text: &mut String, finding: &Finding) {
    let mut heading = match finding.severity() {
        Severity::Fault => "  not well: ".to_owned(),
        Severity::Note => "  note: ".to_owned(),
    };
    let indent = heading.len();
    for line in wrapped(&finding.seen, WIDTH - indent) {
        writeln!(text, "{heading}{line}").expect(FITS);
        heading = " ".repeat(indent);
    }
    if let Some(remedy) = &finding.remedy {
        writeln!(text, "    -> {remedy}").expect(FITS);
    }
}

fn who_serves(client: &ClientStatus) -> String {
    let ClientStatus { pid, program, version, .. } = client;
    let (program, version) = (Escaped(program), version.as_ref().map(|it| Escaped(it)));
    match version {
        Some(version) => format!("{program} (pid {pid}), which says '{version}'"),
        None => format!("{program} (pid {pid})"),
    }
}

fn who(holder: &HolderStatus) -> String {
    match (&holder.domain, &holder.uuid) {
        (Some(domain), Some(uuid)) => format!("{} ({uuid})", Escaped(domain)),
        (None, Some(uuid)) => uuid.clone(),
        (_, None) => "the administrator".to_owned(),
    }
}

/// "3 min": how long since, roughly, in the one unit that fits.
fn ago(since: u64) -> String {
    let seconds = clock::now().saturating_sub(since);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[derive(Serialize)]
struct Status<'a> {
    version: u32,
    /// Whether no share has a fault.
    well: bool,
    shares: Vec<Share<'a>>,
    noticed: &'a [String],
}

#[derive(Serialize)]
struct Share<'a> {
    name: &'a str,
    key: &'a str,
    /// `null` if its record cannot be read, and it is in no configuration; so is `mount_point`.
    export: Option<&'a str>,
    mount_point: Option<&'a str>,
    /// `null` for a share that is not configured any more.
    mode: Option<&'static str>,
    /// `null` if it could not be found out.
    state: Option<&'static str>,
    well: bool,
    mounted_since: Option<u64>,
    unit: Option<&'a str>,
    /// `null` if none of ours was found.
    client: Option<Client<'a>>,
    /// `null` if only root may know, or if the record cannot be read.
    holders: Option<Vec<Holder<'a>>>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Client<'a> {
    pid: u32,
    program: &'a str,
    replaced: bool,
    /// `null` if it does not say.
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct Holder<'a> {
    kind: &'static str,
    uuid: Option<&'a str>,
    domain: Option<&'a str>,
    since: u64,
    /// `null` if it has lost nothing here.
    revival: Option<Revival<'a>>,
}

#[derive(Serialize)]
struct Revival<'a> {
    /// `null` if that is not known, or if there is nothing to revive.
    possible: Option<bool>,
    obstacles: Vec<String>,
    disks: Vec<Disk<'a>>,
}

#[derive(Serialize)]
struct Disk<'a> {
    target: &'a str,
    unflushed: String,
    may_lose: bool,
}

#[derive(Serialize)]
struct Found<'a> {
    kind: &'static str,
    severity: &'static str,
    seen: &'a str,
    /// `null` where time does it.
    remedy: Option<&'a str>,
}

pub(super) fn json(report: &StatusReport) -> String {
    json::to_text(&Status {
        version: json::VERSION,
        well: report.shares.iter().all(ShareStatus::is_well),
        shares: report.shares.iter().map(share).collect(),
        noticed: &report.noticed,
    })
}

fn share(share: &ShareStatus) -> Share<'_> {
    let holders = match &share.holders {
        Holders::Known(holders) => Some(holders.iter().map(holder).collect()),
        Holders::Unknown => None,
    };
    let findings = share.findings.iter().map(|finding| Found {
        kind: finding.kind.as_str(),
        severity: finding.severity().as_str(),
        seen: &finding.seen,
        remedy: finding.remedy.as_deref(),
    });
    Share {
        name: &share.name,
        key: &share.key,
        export: share.export.as_deref(),
        mount_point: share.mount_point.as_deref(),
        mode: share.mode.map(ShareMode::as_str),
        state: share.health.as_ref().map(Health::word),
        well: share.is_well(),
        mounted_since: share.mounted_since,
        unit: share.unit.as_deref(),
        client: share.client.as_ref().map(|client| Client {
            pid: client.pid,
            program: &client.program,
            replaced: client.replaced == Replaced::Yes,
            version: client.version.as_deref(),
        }),
        holders,
        findings: findings.collect(),
    }
}

fn holder(holder: &HolderStatus) -> Holder<'_> {
    Holder {
        kind: if holder.uuid.is_some() { "domain" } else { "administrator" },
        uuid: holder.uuid.as_deref(),
        domain: holder.domain.as_deref(),
        since: holder.since,
        revival: holder.prospect.as_ref().map(revival),
    }
}

fn revival(prospect: &Prospect) -> Revival<'_> {
    let Prospect::Foreseen(outlook) = prospect else {
        return Revival { possible: None, obstacles: Vec::new(), disks: Vec::new() };
    };
    let disks = outlook.disks.iter().map(|disk| Disk {
        target: &disk.target,
        unflushed: disk.unflushed.to_string(),
        may_lose: disk.may_lose(),
    });
    Revival {
        possible: outlook.is_on_share().then_some(outlook.obstacles.is_empty()),
        obstacles: outlook.obstacles.iter().map(ToString::to_string).collect(),
        disks: disks.collect(),
    }
}

#[cfg(test)]
mod tests {
    use virt_quobyte::revive;
    use virt_quobyte::xml::Tree;

    use super::*;

    #[test]
    fn the_overview_fits_80_columns_whatever_a_share_is_called_and_whoever_holds_it() {
        let holder = |domain: String| HolderStatus {
            uuid: None,
            domain: Some(domain),
            since: 0,
            prospect: None,
        };
        let share = |name: &str, holders: Vec<HolderStatus>| ShareStatus {
            name: name.to_owned(),
            key: "0".repeat(32),
            export: Some("r/v".to_owned()),
            mount_point: Some("/srv".to_owned()),
            mode: Some(ShareMode::Verified),
            health: Some(Health::Healthy),
            mounted_since: Some(0),
            unit: None,
            client: None,
            holders: Holders::Known(holders),
            findings: Vec::new(),
        };
        let many = (0..200).map(|number| holder(format!("web{number}"))).collect();
        let shares = [
            share(&"n".repeat(64), vec![holder("d".repeat(300)), holder("web1".to_owned())]),
            share("gold", many),
        ];
        let text = overview(&shares);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for part in [" 2\n", "web0, 199 more\n", "nnn...  verified"] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }

    #[test]
    fn what_is_expected_of_a_guest_is_said_in_its_case() {
        let of = |driver: &str, file: &str| {
            let domain = format!(
                "<domain><devices><disk type='file'><driver {driver}/><source file='{file}'/>\
                 <target dev='vda' bus='virtio'/></disk></devices></domain>"
            );
            let tree = Tree::read(domain.as_bytes()).expect("a document");
            let gold = "/srv/gold".parse().expect("a good path");
            Prospect::Foreseen(revive::outlook(&gold, &tree))
        };
        let stops = "error_policy='stop'";
        for (prospect, says, possible) in [
            (
                of(&format!("{stops} cache='none'"), "/srv/gold/a"),
                "can be revived, as far",
                Some(true),
            ),
            (of(stops, "/srv/gold/a"), "with --accept-unflushed-loss for vda", Some(true)),
            (of("", "/srv/gold/a"), "cannot be revived: vda: its error_policy", Some(false)),
            (of(stops, "/srv/silver/a"), "has no disk here", None),
            (Prospect::Unknown, "it is not known whether", None),
        ] {
            let text = expected(&prospect);
            assert!(text.contains(says), "{text}");
            assert_eq!(revival(&prospect).possible, possible, "{text}");
        }
    }
}
