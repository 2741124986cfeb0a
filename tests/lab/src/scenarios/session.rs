//! The unprivileged session daemon runs the same hook as an ordinary user, who can mount nothing:
//! what needs nothing passes, what needs a share is refused with a reason.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::refusal::says;
use super::scenarios;
use crate::guest::{Cache, Spec};
use crate::host::{Host, Output};
use crate::leases::STATE;
use crate::mounts;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("session", WithProduct:
    a_session_guest_without_a_share_starts,
    a_session_guest_on_a_share_is_refused_with_a_reason,
);

const HOME: &str = "/var/tmp/session";

fn a_session_guest_without_a_share_starts(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "unreachable")?;
    share::configure(host, "", &[&share])?;
    in_session(host, &Spec::named("session-plain")?, |start| {
        start.done()?;
        session(host, &["destroy", "session-plain"])?.done()
    })
}

fn a_session_guest_on_a_share_is_refused_with_a_reason(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "unreachable")?;
    share::configure(host, "", &[&share])?;
    let spec = Spec::named("session-share")?.disk(&share.image("disk.img")?, Cache::None);
    in_session(host, &spec, |start| {
        let told = start.failure()?;
        says(&told, &["Hook script execution failed", "root"])?;
        let mounts = mounts::fuse(host)?;
        ensure!(mounts.is_empty(), "mounted for a session guest: {mounts:?}");
        Ok(())
    })
}

/// Starts the guest under the session daemon of `nobody`, and ends that daemon whatever came of it.
fn in_session(
    host: &Host,
    spec: &Spec,
    judge: impl FnOnce(Output) -> Result<()>,
) -> Result<Verdict> {
    host.command("install")
        .args(["-d", "-m", "0700", "-o", "nobody", "-g", "nogroup", HOME])
        .done()?;
    let existed = host.outside(STATE).exists();
    let file = format!("{HOME}/{}.xml", spec.name());
    host.write(&file, spec.clone().console_at(&format!("{HOME}/console")).xml())?;
    host.command("chmod").args(["0644", &file]).done()?;
    session(host, &["define", &file])?.done()?;
    let judged = session(host, &["start", spec.name()]).and_then(judge);
    host.command("pkill").args(["--uid", "nobody"]).done()?;
    host.command("rm").args(["-r", HOME]).done()?;
    ensure!(existed == host.outside(STATE).exists(), "an ordinary user's hook made {STATE}");
    judged.map(|()| Verdict::Passed)
}

fn session(host: &Host, words: &[&str]) -> Result<Output> {
    host.command("setpriv")
        .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"])
        .args(["virsh", "-c", "qemu:///session"])
        .args(words)
        .env("HOME", HOME)
        .env("XDG_RUNTIME_DIR", HOME)
        .deadline(Duration::from_secs(60))
        .run()
}
