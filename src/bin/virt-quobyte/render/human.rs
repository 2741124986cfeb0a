//! For people: tables that fit a terminal, and sentences.

use std::fmt::Write;

use virt_quobyte::config::Settings;
use virt_quobyte::escape::Escaped;
use virt_quobyte::health::Health;

use crate::cli::{HolderStatus, Holders, NeedsReport, RecoverReport, ShareStatus, StatusReport};

const FITS: &str = "a String takes everything";

pub(super) fn status(report: &StatusReport) -> String {
    if report.shares.is_empty() {
        return "no share is configured\n".to_owned();
    }
    let mut rows = vec![["SHARE", "MODE", "STATE", "HOLDERS", "MOUNT POINT"].map(String::from)];
    rows.extend(report.shares.iter().map(|share| {
        [
            share.name.clone(),
            share.mode.map_or("unknown", |mode| mode.as_str()).to_owned(),
            share.health.as_ref().map_or("?", Health::word).to_owned(),
            holder_count(&share.holders),
            share.mount_point.clone(),
        ]
    }));
    let mut text = table(&rows);
    for share in &report.shares {
        details(&mut text, share);
    }
    text
}

fn holder_count(holders: &Holders) -> String {
    match holders {
        Holders::Known(holders) => holders.len().to_string(),
        Holders::NeedsRoot | Holders::Unreadable(_) => "?".to_owned(),
    }
}

/// What the table has no room for: only shares with something to tell have a paragraph.
fn details(text: &mut String, share: &ShareStatus) {
    let held = matches!(&share.holders, Holders::Known(holders) if !holders.is_empty());
    if !held && share.fault.is_none() && share.unit.is_none() {
        return;
    }
    writeln!(text, "\n{}  {}", share.name, share.export).expect(FITS);
    if let Some(fault) = &share.fault {
        writeln!(text, "  not well: {fault}").expect(FITS);
    }
    if let Some(since) = share.mounted_since {
        writeln!(text, "  mounted by us {}", ago(since)).expect(FITS);
    }
    if let Some(unit) = &share.unit {
        writeln!(text, "  client in {unit}").expect(FITS);
    }
    if let Holders::Known(holders) = &share.holders {
        for holder in holders {
            writeln!(text, "  held by {} {}", who(holder), ago(holder.since)).expect(FITS);
        }
    }
}

fn who(holder: &HolderStatus) -> String {
    match (&holder.domain, &holder.uuid) {
        (Some(domain), Some(uuid)) => format!("{} ({uuid})", Escaped(domain)),
        (None, Some(uuid)) => uuid.clone(),
        (_, None) => "the administrator".to_owned(),
    }
}

/// "for 3 min": how long since, roughly, in the one unit that fits.
fn ago(since: u64) -> String {
    let seconds = virt_quobyte::host::clock::now().saturating_sub(since);
    match seconds {
        0..=119 => format!("for {seconds} s"),
        120..=7199 => format!("for {} min", seconds / 60),
        7200..=172_799 => format!("for {} h", seconds / 3600),
        _ => format!("for {} days", seconds / 86_400),
    }
}

pub(super) fn needs(report: &NeedsReport) -> String {
    let mut text = String::new();
    writeln!(text, "domain {} ({})", Escaped(&report.domain), report.uuid).expect(FITS);
    if report.shares.is_empty() {
        text.push_str("needs no share\n");
    }
    for share in &report.shares {
        writeln!(text, "needs {}  {} on {}", share.name, share.export, share.mount_point)
            .expect(FITS);
    }
    if !report.paths.is_empty() {
        text.push('\n');
        let mut rows = vec![["LINE:COL", "SHARE", "ELEMENT", "PATH"].map(String::from)];
        rows.extend(report.paths.iter().map(|path| {
            [
                format!("{}:{}", path.at.line, path.at.column),
                path.share.clone().unwrap_or_else(|| "-".to_owned()),
                path.element.clone(),
                Escaped(&path.path).to_string(),
            ]
        }));
        text.push_str(&table(&rows));
    }
    if !report.problems.is_empty() {
        text.push_str("\nthe hook would refuse to start it:\n");
        for (at, problem) in &report.problems {
            writeln!(text, "  {}:{}: {problem}", at.line, at.column).expect(FITS);
        }
    }
    text
}

pub(super) fn recover(report: &RecoverReport) -> String {
    let mut text = String::new();
    let mut open = 0;
    for share in &report.shares {
        let place =
            share.mount_point.as_ref().map(|path| format!(" on {path}")).unwrap_or_default();
        writeln!(text, "{}{place}", share.name).expect(FITS);
        for step in &share.steps {
            writeln!(text, "  {}{step}", if report.applied { "done: " } else { "" }).expect(FITS);
        }
        if let Some(failure) = &share.failure {
            writeln!(text, "  failed: {failure}").expect(FITS);
        } else if let Some(kept) = &share.kept {
            writeln!(text, "  stays mounted: {kept}").expect(FITS);
        } else if share.steps.is_empty() {
            text.push_str("  nothing to do\n");
        }
        open += share.steps.len();
    }
    if open == 0 && report.shares.iter().all(|share| share.failure.is_none()) {
        text.push_str("nothing to do\n");
    } else if !report.applied && open > 0 {
        text.push_str("\nnothing was done; virt-quobyte recover --apply does it\n");
    }
    text
}

pub(super) fn settings(settings: &Settings) -> String {
    let mut text =
        format!("the configuration is usable; {} configured\n", count(settings.shares.len()));
    if !settings.shares.is_empty() {
        let mut rows = vec![["SHARE", "MODE", "MOUNT POINT", "EXPORT"].map(String::from)];
        rows.extend(settings.shares.iter().map(|share| {
            [
                share.name.to_string(),
                share.mode.to_string(),
                share.mount_point.to_string(),
                share.export.to_string(),
            ]
        }));
        text.push_str(&table(&rows));
    }
    text
}

fn count(shares: usize) -> String {
    if shares == 1 { "1 share".to_owned() } else { format!("{shares} shares") }
}

/// Columns as wide as their widest cell, but for the last one, which ends where its text does.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        for (column, (width, cell)) in widths.iter().zip(row).enumerate() {
            if column + 1 == N {
                text.push_str(cell);
            } else {
                write!(text, "{cell:width$}  ").expect(FITS);
            }
        }
        text.push('\n');
    }
    text
}
