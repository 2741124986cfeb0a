//! What the stand-in client claims to be, tried on real mounts.
//!
//! Each claim runs as the first process of a process namespace of its own, with its own mount table: when it ends, however it ends,
//! the kernel takes every daemon and every mount of it away. That needs root, `/dev/fuse` and util-linux; where they are missing,
//! the last line says so.

#![allow(clippy::unwrap_used, reason = "a panic is how a claim fails, and it names its place")]
#![allow(clippy::print_stdout, reason = "the harness reports there")]

mod conduct;
mod data;
mod looks;
mod names;
mod rig;
mod start;
mod stress;

use std::env;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A name that says what is claimed, and the trial of it: it panics if the claim is wrong.
pub(crate) type Claim = (&'static str, fn());

/// Names functions as claims.
macro_rules! claims {
    ($($trial:ident),+ $(,)?) => {
        pub(crate) const CLAIMS: &[$crate::Claim] = &[$((stringify!($trial), $trial)),+];
    };
}
pub(crate) use claims;

const ALL: [&[Claim]; 6] =
    [looks::CLAIMS, start::CLAIMS, conduct::CLAIMS, names::CLAIMS, data::CLAIMS, stress::CLAIMS];

/// Far beyond what any claim takes: only one that hangs is stopped by it.
const DEADLINE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let all = || ALL.into_iter().flatten();
    if let [option, name] = &words[..]
        && option == "--claim"
    {
        let (_, trial) = all().find(|(known, _)| known == name).unwrap();
        trial();
        return ExitCode::SUCCESS;
    }
    let filters: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen = all().filter(|(name, _)| {
        filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()))
    });
    if words.iter().any(|word| word == "--list") {
        chosen.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    if let Err(why) = can_try() {
        chosen.for_each(|(name, _)| println!("claim {name} ... not tried"));
        println!("skipped: {why}");
        return ExitCode::SUCCESS;
    }
    let (mut held, mut failed) = (0, Vec::new());
    for (name, _) in chosen {
        let begin = Instant::now();
        match try_claim(name) {
            Ok(()) => {
                held += 1;
                println!("claim {name} ... ok ({:.2} s)", begin.elapsed().as_secs_f64());
            }
            Err(report) => {
                println!("claim {name} ... FAILED\n{report}");
                failed.push(name);
            }
        }
    }
    println!("{held} claims hold, {} failed: {failed:?}", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn can_try() -> Result<(), String> {
    if !nix::unistd::geteuid().is_root() {
        return Err("mounting wants root".to_owned());
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/fuse")
        .map_err(|error| format!("cannot open /dev/fuse: {error}"))?;
    let output = in_own_namespaces(Path::new("true"))
        .output()
        .map_err(|error| format!("cannot run setpriv: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("no namespaces here: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

fn try_claim(name: &str) -> Result<(), String> {
    let home = TempDir::with_prefix("standin-").unwrap();
    let report = home.path().join("report");
    let file = File::create(&report).unwrap();
    let mut child = in_own_namespaces(&env::current_exe().unwrap())
        .args(["--claim", name])
        .env(rig::HOME, home.path())
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let verdict = match wait(&mut child, DEADLINE) {
        Some(status) if status.success() => return Ok(()),
        Some(status) => status.to_string(),
        None => format!("still running after {DEADLINE:?}"),
    };
    Err(format!("{}{verdict}", String::from_utf8_lossy(&fs::read(report).unwrap())))
}

/// Ends with us, and takes everything with it that was started in it.
fn in_own_namespaces(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private"]);
    command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]).arg(program);
    command
}

/// Waits until the deadline and then kills.
fn wait(child: &mut Child, deadline: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + deadline;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}
