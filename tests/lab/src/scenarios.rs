//! What is claimed, and tried: one file a subject, one function a claim. A scenario makes its own
//! volumes, configuration and guests under names of its own; what it set up is taken down by `tidy`
//! once it passed.

mod afar;
mod bounded;
mod chain;
mod claims;
mod commands;
mod copied;
mod cost;
mod crash;
mod cut_off;
mod daemon;
mod data;
mod disk_xml;
mod doctor;
mod ends;
mod faults;
mod holders;
mod hook;
mod host;
mod hot_plug;
mod judged;
mod life;
mod linger;
mod locked;
mod migrate;
mod migrate_fails;
mod moving;
mod one_script;
mod package;
mod race;
mod recover;
mod refusal;
mod renew;
mod revive;
mod revive_moves;
mod saved;
mod selftest;
mod session;
mod slow;
mod snapshots;
mod spoilt;
mod start;
mod uninstall;
mod watch;

use std::fmt::{self, Display};

use anyhow::{Result, ensure};

use crate::host::Host;
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::{mounts, share};

/// Where a scenario plays.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// On this machine, with labs of its own.
    OnMachine(fn() -> Result<Verdict>),
    /// In a booted host, whether or not the product is there.
    OnHost(fn(&Host) -> Result<Verdict>),
    /// In a booted host with the product installed.
    WithProduct(fn(&Host) -> Result<Verdict>),
    /// In a pair of hosts with the product installed.
    OnTwoHosts(fn(&mut Pair) -> Result<Verdict>),
}

/// One claim.
#[derive(Debug)]
pub(crate) struct Scenario {
    subject: &'static str,
    /// A function's name: words joined by underscores.
    claim: &'static str,
    pub(crate) act: Act,
}

impl Scenario {
    pub(crate) fn matches(&self, word: &str) -> bool {
        self.to_string().contains(word) || self.claim.contains(word)
    }
}

impl Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.claim.replace('_', " "))
    }
}

/// A subject's list: `scenarios!("subject", OnHost: one_claim, another_claim)`.
macro_rules! scenarios {
    ($subject:literal, $act:ident: $($claim:ident),+ $(,)?) => {
        pub(super) const ALL: &[$crate::scenarios::Scenario] = &[$($crate::scenarios::Scenario {
            subject: $subject,
            claim: stringify!($claim),
            act: $crate::scenarios::Act::$act($claim),
        }),+];
    };
}
use scenarios;

/// All scenarios, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    [
        host::ALL,
        claims::ALL,
        ends::ALL,
        hook::ALL,
        start::ALL,
        holders::ALL,
        chain::ALL,
        data::ALL,
        daemon::ALL,
        cut_off::ALL,
        refusal::ALL,
        slow::ALL,
        linger::ALL,
        hot_plug::ALL,
        race::ALL,
        faults::ALL,
        commands::ALL,
        recover::ALL,
        revive::ALL,
        renew::ALL,
        watch::ALL,
        doctor::ALL,
        selftest::ALL,
        bounded::ALL,
        crash::ALL,
        cost::ALL,
        session::ALL,
        judged::ALL,
        disk_xml::ALL,
        moving::ALL,
        one_script::ALL,
        uninstall::ALL,
        package::ALL,
        migrate::ALL,
        migrate_fails::ALL,
        revive_moves::ALL,
        saved::ALL,
        snapshots::ALL,
        copied::ALL,
        life::ALL,
        locked::ALL,
        afar::ALL,
        spoilt::ALL,
    ]
    .into_iter()
    .flatten()
}

/// Takes down what a passed scenario set up, and insists that nothing of it is left.
pub(crate) fn tidy(host: &Host) -> Result<()> {
    let domains = host.command("virsh").args(["list", "--all", "--name"]).succeeds()?.stdout_text();
    for domain in domains.lines().filter(|line| !line.is_empty()) {
        // Not running is as good as destroyed.
        let _stopped = host.command("virsh").args(["destroy", domain]).run()?;
        host.command("virsh").args(["undefine", domain]).done()?;
    }
    share::forget(host)?;
    let left = mounts::fuse(host)?;
    ensure!(left.is_empty(), "after its guests' end the scenario leaves mounts: {left:?}");
    let clients = host.command("pgrep").args(["-x", "mount.quobyte"]).run()?;
    ensure!(!clients.succeeded(), "after its guests' end the scenario leaves clients: {clients}");
    Ok(())
}
