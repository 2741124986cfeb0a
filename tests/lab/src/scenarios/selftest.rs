//! `virt-quobyte selftest` on a whole host: its clients are held by scopes of systemd, and nothing of it stays.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::scenarios;
use crate::host::Host;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("selftest", WithProduct:
    the_clients_of_a_trial_stay_in_scopes_of_their_own_and_nothing_of_it_is_left,
);

fn the_clients_of_a_trial_stay_in_scopes_of_their_own_and_nothing_of_it_is_left(
    host: &Host,
) -> Result<Verdict> {
    let share = Share::new(host, "tried")?;
    share::configure(host, "", &[&share])?;
    let asked = host
        .command("virt-quobyte")
        .args(["selftest", "tried", "--json"])
        .deadline(Duration::from_secs(60))
        .succeeds()?;
    let report: Value = serde_json::from_slice(&asked.stdout)
        .with_context(|| format!("the report is no JSON: {asked}"))?;
    let findings = report["findings"].as_array().context("no findings")?;
    for finding in findings.iter().filter(|finding| finding["trust"] == "yes") {
        ensure!(finding["verdict"] == "holds", "{finding}");
    }
    let group = findings.iter().find(|it| it["number"] == "A8").context("no A8")?;
    let seen = group["seen"].as_str().unwrap_or_default();
    let unit = seen.rsplit('/').next().and_then(|last| last.strip_suffix(".scope"));
    ensure!(unit.is_some_and(|unit| unit.starts_with("virt-quobyte-selftest-")), "{seen}");
    let units = ["list-units", "--all", "--plain", "--no-legend", "virt-quobyte-selftest-*"];
    let left = host.command("systemctl").args(units).succeeds()?.stdout_text();
    ensure!(left.trim().is_empty(), "scopes are left: {left}");
    for directory in [host.outside("/run/virt-quobyte"), share.backing("")] {
        for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
            let name = entry?.file_name();
            ensure!(!name.to_string_lossy().contains("selftest"), "{} is left", name.display());
        }
    }
    share.is_not_mounted()?;
    Ok(Verdict::Passed)
}
