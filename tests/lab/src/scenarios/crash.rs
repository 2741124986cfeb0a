//! The sweep of the hook's own tests over its system calls, where clients are in scopes of a real systemd. On most machines that
//! run those tests systemd is not the init, so they say there that they skip it.

use std::fs;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::scenarios;
use crate::cmdline::clone_dir;
use crate::host::Host;
use crate::runner::Verdict;

scenarios!("crash points", OnHost: a_hook_that_is_killed_with_its_client_in_a_scope_is_put_right);

const TEST: &str = "crash_points::a_hook_that_is_killed_with_its_client_in_a_scope_leaves_what_the_next_calls_put_right";

/// What the test says of itself.
const TRIED: &str = "crash points tried with clients in scopes: ";

fn a_hook_that_is_killed_with_its_client_in_a_scope_is_put_right(host: &Host) -> Result<Verdict> {
    let test = build()?;
    let programs = test.parent().and_then(Path::parent).context("where cargo puts programs")?;
    // The test knows the programs by where they were built.
    for program in [&test, &programs.join("virt-quobyte-hook"), &programs.join("mount-quobyte")] {
        put(host, program)?;
    }
    let output = host
        .command(test.to_str().context("a path that is text")?)
        .args(["--exact", TEST, "--show-output"])
        .deadline(Duration::from_secs(300))
        .succeeds()?;
    let said = output.stdout_text();
    let tried = said.lines().find_map(|line| line.strip_prefix(TRIED));
    let tried = tried.with_context(|| format!("it tried nothing: {said}"))?;
    Ok(Verdict::Measured(tried.to_owned()))
}

/// Builds the tests of the hook with all that they start, and returns where they are.
fn build() -> Result<PathBuf> {
    cargo(&["build", "--package", "standin"])?;
    let messages = cargo(&["test", "--test", "hook", "--no-run", "--message-format=json"])?;
    for line in messages.lines() {
        let message: serde_json::Value = serde_json::from_str(&line?)?;
        if message["target"]["name"] == "hook"
            && let Some(executable) = message["executable"].as_str()
        {
            return Ok(executable.into());
        }
    }
    anyhow::bail!("cargo names no executable of the hook's tests")
}

fn cargo(words: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("cargo")
        .current_dir(clone_dir())
        .args(words)
        .arg("--locked")
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo {}: {}\n{said}", words.join(" "), output.status);
    Ok(output.stdout)
}

/// Copies a program to where it is on this machine.
fn put(host: &Host, program: &Path) -> Result<()> {
    let place = host.outside(program);
    place
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::copy(program, &place))
        .map(drop)
        .with_context(|| format!("cannot copy {} into the host", program.display()))
}
