//! What is worth reading about a host when a scenario failed: collected before anything is taken
//! down.

use std::time::Duration;

use anyhow::Result;

use crate::host::Host;
use crate::{mounts, share, visible};

/// How much of the journal is worth reading, and of the client's log.
const LINES: usize = 120;
const STARTS: usize = 12;

/// Who runs, or waits, and in which place of the kernel.
const PROCESSES: [&str; 4] = ["--columns", "180", "-eo", "pid,ppid,stat,wchan:26,etimes,args"];
const THREADS: [&str; 2] =
    ["-c", "ps -L -o lwp,stat,wchan:26,comm -p $(pgrep -d, -x 'libvirtd|virtqemud')"];

/// A chapter that cannot be written says why; it does not hide the others.
pub(crate) fn collect(host: &Host, since: Duration) -> String {
    let since = format!("--since=@{}.{:03}", since.as_secs(), since.subsec_millis());
    let journal = ["--no-pager", "--output=short-precise", &since];
    let chapters: [(&str, Result<String>); 9] = [
        ("domains", said(host, "virsh", &["list", "--all"])),
        ("FUSE mounts", mounts::fuse(host).map(|mounts| listed(&mounts))),
        ("virt-quobyte status", said(host, "virt-quobyte", &["status"])),
        ("/run/virt-quobyte", said(host, "find", &["/run/virt-quobyte", "-ls"])),
        ("configuration", host.read_text(share::CONFIG)),
        (
            "client's starts",
            share::client_starts(host).map(|starts| tail(&listed(&starts), STARTS)),
        ),
        ("processes", said(host, "ps", &PROCESSES)),
        ("libvirt's threads", said(host, "sh", &THREADS)),
        // With a beginning, journalctl counts its lines from there, and the end is what is wanted.
        ("journal", said(host, "journalctl", &journal).map(|text| tail(&text, LINES))),
    ];
    let mut text = format!("  host {}:\n", host.name());
    for (title, chapter) in chapters {
        let chapter = chapter.unwrap_or_else(|error| format!("{error:#}"));
        let lines = chapter.trim_end().lines().map(|line| format!("    {}\n", visible::line(line)));
        text.extend([format!("  {title}:\n"), lines.collect()]);
    }
    text
}

fn said(host: &Host, program: &str, arguments: &[&str]) -> Result<String> {
    let output = host.command(program).args(arguments).deadline(Duration::from_secs(10)).run()?;
    Ok(if output.succeeded() { output.stdout_text() } else { output.to_string() })
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn listed(things: &[impl std::fmt::Debug]) -> String {
    things.iter().map(|thing| format!("{thing:?}")).collect::<Vec<_>>().join("\n")
}
