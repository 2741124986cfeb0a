//! What is worth reading about a host when a scenario failed: collected before anything is taken
//! down.

use std::time::Duration;

use anyhow::Result;

use crate::host::Host;
use crate::{mounts, share, visible};

/// A chapter that cannot be written says why; it does not hide the others.
pub(crate) fn collect(host: &Host, since: Duration) -> String {
    let since = format!("--since=@{}.{:03}", since.as_secs(), since.subsec_millis());
    let journal = ["--no-pager", "--output=short-precise", "--lines=60", &since];
    let chapters: [(&str, Result<String>); 7] = [
        ("domains", said(host, "virsh", &["list", "--all"])),
        ("FUSE mounts", mounts::fuse(host).map(|mounts| listed(&mounts))),
        ("virt-quobyte status", said(host, "virt-quobyte", &["status"])),
        ("/run/virt-quobyte", said(host, "find", &["/run/virt-quobyte", "-ls"])),
        ("configuration", host.read_text(share::CONFIG)),
        ("client's starts", share::client_starts(host).map(|starts| listed(&starts))),
        ("journal", said(host, "journalctl", &journal)),
    ];
    let mut text = String::new();
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

fn listed(things: &[impl std::fmt::Debug]) -> String {
    things.iter().map(|thing| format!("{thing:?}")).collect::<Vec<_>>().join("\n")
}
