//! For people: tables that fit a terminal, and sentences.

use std::fmt::Write;

use virt_quobyte::config::Settings;
use virt_quobyte::escape::Escaped;
use virt_quobyte::hold::Acquired;
use virt_quobyte::host::libvirt_daemon::Runs;
use virt_quobyte::plan::Force;

use super::page::{FITS, table};
use crate::cli::{
    AttachReport, DetachReport, ForceReport, InstallReport, MountReport, NeedsReport,
    RecoverReport, RecoverShare, UmountReport, UninstallReport,
};
use crate::libvirt::Reach;

pub(super) fn needs(report: &NeedsReport) -> String {
    let mut text = String::new();
    write!(text, "domain {}", Escaped(&report.domain)).expect(FITS);
    match &report.uuid {
        Some(uuid) => writeln!(text, " ({uuid})").expect(FITS),
        None => text.push('\n'),
    }
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

pub(super) fn mount(report: &MountReport) -> String {
    let MountReport { name, mount_point, acquired } = report;
    match acquired {
        Acquired::Now => {
            format!(
                "{name} is mounted on {mount_point}; 'virt-quobyte umount {name}' lets go of it\n"
            )
        }
        Acquired::Before => {
            format!("{name} is mounted on {mount_point}, and was held by hand before\n")
        }
    }
}

pub(super) fn umount(report: &UmountReport) -> String {
    match &report.kept {
        None => format!("{} is not mounted any more\n", report.name),
        Some(why) => format!("{} stays mounted: {why}\n", report.name),
    }
}

pub(super) fn attach(report: &AttachReport) -> String {
    let AttachReport { domain, target, image, reach, shares } = report;
    let image = Escaped(image);
    let held: Vec<&str> = shares.iter().map(|(name, _)| name.as_str()).collect();
    let held = held.join(" and ");
    match reach {
        Reach::Running => {
            format!("{domain} has {image} as {target} until it ends, and holds {held}\n")
        }
        Reach::Both => {
            format!(
                "{domain} has {image} as {target}, now and when it is started, and holds {held}\n"
            )
        }
        Reach::Defined => {
            format!("{domain} does not run; it has {image} as {target} when it is started\n")
        }
    }
}

pub(super) fn detach(report: &DetachReport) -> String {
    let DetachReport { domain, target, reach, shares } = report;
    let mut text = match reach {
        Reach::Running => format!("{domain} has no {target} any more\n"),
        Reach::Both => format!("{domain} has no {target} any more, nor when it is started\n"),
        Reach::Defined => format!("{domain} has no {target} any more when it is started\n"),
    };
    for (share, kept) in shares {
        match kept {
            None => writeln!(text, "{share} is not mounted any more").expect(FITS),
            Some(why) => {
                writeln!(text, "{domain} has let go of {share}, which stays mounted: {why}")
                    .expect(FITS);
            }
        }
    }
    text
}

pub(super) fn recover(report: &RecoverReport) -> String {
    let mut text = String::new();
    let mut open = 0;
    for share in &report.shares {
        recovered(&mut text, share, report.applied);
        open += share.steps.len();
    }
    for noticed in &report.noticed {
        writeln!(text, "noticed: {noticed}").expect(FITS);
    }
    let is_well = |share: &RecoverShare| share.failure.is_none() && share.fault.is_none();
    if open == 0 && report.shares.iter().all(is_well) {
        text.push_str("nothing to do\n");
    } else if !report.applied && open > 0 {
        text.push_str("\nnothing was done; virt-quobyte recover --apply does it\n");
    }
    if let Some(why) = &report.without_libvirt {
        writeln!(text, "(judged without libvirt: {})", Escaped(why)).expect(FITS);
    }
    text
}

fn recovered(text: &mut String, share: &RecoverShare, applied: bool) {
    let place = share.mount_point.as_ref().map(|path| format!(" on {path}")).unwrap_or_default();
    writeln!(text, "{}{place}", share.name).expect(FITS);
    // What was done is in the record even where a later step failed; which one it was, the failure says.
    let done = if applied && share.failure.is_none() { "done: " } else { "" };
    for step in &share.steps {
        writeln!(text, "  {done}{step}").expect(FITS);
    }
    if let Some(failure) = &share.failure {
        writeln!(text, "  failed: {failure}").expect(FITS);
    } else if let Some(kept) = &share.kept {
        writeln!(text, "  stays mounted: {kept}").expect(FITS);
    } else if share.steps.is_empty() {
        text.push_str("  nothing to do\n");
    }
    if let Some(fault) = &share.fault {
        writeln!(text, "  not well: {fault}").expect(FITS);
    }
}

pub(super) fn force(report: &ForceReport) -> String {
    let ForceReport { share, mount_point, .. } = report;
    let mut text = String::new();
    if report.applied {
        match report.force {
            Force::Abort => writeln!(
                text,
                "the connection of {share} is given up: it is dead now; virt-quobyte recover --apply or --detach {share} goes on"
            ),
            Force::Detach => writeln!(text, "{mount_point} is free: the next start mounts {share} anew"),
        }
        .expect(FITS);
        return text;
    }
    match report.force {
        Force::Abort => writeln!(
            text,
            "{share} on {mount_point}: the connection to its client is to be given up.\nEvery request that waits there fails, and so does every later one: the guests on it get I/O errors at once."
        ),
        Force::Detach => writeln!(
            text,
            "{share} on {mount_point}: its dead mount is to be taken away.\nWhoever has files open there keeps them, dead for good: these guests must be stopped and started."
        ),
    }
    .expect(FITS);
    for (what, who) in [("held by", &report.holders), ("used by", &report.users)] {
        for who in who {
            writeln!(text, "  {what} {who}").expect(FITS);
        }
    }
    if report.users.is_empty() {
        text.push_str("  no process of this host is seen to use it\n");
    }
    text
}

pub(super) fn install(report: &InstallReport) -> String {
    let Some(change) = &report.change else {
        return format!("unchanged: {} has the link to the hook\n", report.hooks_dir.display());
    };
    let mut text = format!("{change}\n");
    let Some(daemons) = &report.daemons else {
        return text + "now let libvirt see it, by a SIGHUP to libvirtd or virtqemud\n";
    };
    for daemon in daemons {
        let unit = &daemon.unit;
        let how = match daemon.runs {
            Runs::Now => {
                format!("now let it see the hook, which no guest notices: systemctl reload {unit}")
            }
            Runs::Later => format!("{unit} will see it when it starts"),
        };
        writeln!(text, "{how}").expect(FITS);
    }
    if daemons.is_empty() {
        text += "libvirt will see it when it is there: no daemon of it is installed\n";
    }
    text
}

pub(super) fn uninstall(report: &UninstallReport) -> String {
    let mut text = String::new();
    for change in &report.changes {
        writeln!(text, "{change}").expect(FITS);
    }
    if report.changes.is_empty() {
        let hooks_dir = report.hooks_dir.display();
        writeln!(text, "unchanged: {hooks_dir} has no link to the hook").expect(FITS);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_disk_and_its_shares_is_said() {
        let said = |reach, shares: &[&str]| {
            attach(&AttachReport {
                domain: "web1".to_owned(),
                target: "vdb".to_owned(),
                image: "/srv/quobyte/gold/data.qcow2".to_owned(),
                reach,
                shares: shares.iter().map(|it| ((*it).to_owned(), Acquired::Now)).collect(),
            })
        };
        for (text, expected) in [
            (
                said(Reach::Running, &["gold"]),
                "web1 has /srv/quobyte/gold/data.qcow2 as vdb until it ends, and holds gold\n",
            ),
            (
                said(Reach::Both, &["gold", "base"]),
                "web1 has /srv/quobyte/gold/data.qcow2 as vdb, now and when it is started, and holds gold and base\n",
            ),
            (
                said(Reach::Defined, &[]),
                "web1 does not run; it has /srv/quobyte/gold/data.qcow2 as vdb when it is started\n",
            ),
        ] {
            assert_eq!(text, expected);
        }
        let said = |reach, shares: &[(&str, Option<&str>)]| {
            let owned =
                |(name, kept): &(&str, Option<&str>)| ((*name).to_owned(), kept.map(str::to_owned));
            detach(&DetachReport {
                domain: "web1".to_owned(),
                target: "vdb".to_owned(),
                reach,
                shares: shares.iter().map(owned).collect(),
            })
        };
        for (text, expected) in [
            (said(Reach::Running, &[]), "web1 has no vdb any more\n"),
            (
                said(Reach::Both, &[("gold", None), ("base", Some("still held by domain web2"))]),
                "web1 has no vdb any more, nor when it is started\ngold is not mounted any more\n\
                 web1 has let go of base, which stays mounted: still held by domain web2\n",
            ),
            (said(Reach::Defined, &[]), "web1 has no vdb any more when it is started\n"),
        ] {
            assert_eq!(text, expected);
        }
    }
}
