//! What goes wrong, on one of the hosts, and how it is made good again by what an operator would do.

use std::fmt::{self, Display};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::judge::Places;
use super::shares;
use crate::dice::Dice;
use crate::guest::Spec;
use crate::host::{Ended, Host, LINK};
use crate::libvirt;
use crate::pair::Pair;
use crate::share;

/// A daemon that is told to end waits half a minute for those who ask it for something, and systemd a minute longer for the daemon.
const PATIENCE: Duration = Duration::from_secs(150);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    None,
    QemuKilled,
    LibvirtdKilled,
    LibvirtdRestarted,
    HookKilled,
    ClientRefuses,
    ClientSlow,
    ClientHangs,
    ClientKilled,
    CableCut,
    /// By itself, with nothing else under way: what was under way would go with it.
    PowerCut,
}

/// Each as often as it is here.
pub(super) const ALL: [Fault; 18] = [
    Fault::None,
    Fault::None,
    Fault::QemuKilled,
    Fault::QemuKilled,
    Fault::LibvirtdKilled,
    Fault::LibvirtdKilled,
    Fault::LibvirtdRestarted,
    Fault::LibvirtdRestarted,
    Fault::HookKilled,
    Fault::HookKilled,
    Fault::HookKilled,
    Fault::ClientRefuses,
    Fault::ClientSlow,
    Fault::ClientHangs,
    Fault::ClientKilled,
    Fault::ClientKilled,
    Fault::CableCut,
    Fault::PowerCut,
];

/// The hook's command line as libvirt makes it.
const HOOK: &str = "^/etc/libvirt/hooks/qemu.d/virt-quobyte ";

/// What it met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blow {
    Struck,
    MetNothing,
}

impl Fault {
    /// The hosts on which there is something for it to hit, or something can be set out to do that it hits.
    pub(super) fn targets(self, guests: &[&str], places: &Places) -> Vec<usize> {
        let some = |wanted: &dyn Fn(Option<usize>) -> bool| {
            guests.iter().any(|guest| wanted(places.get(*guest).copied()))
        };
        let fits = |host| match self {
            Self::QemuKilled | Self::ClientHangs | Self::ClientKilled => {
                some(&|place| place == Some(host))
            }
            Self::HookKilled => some(&|place| place != Some(1 - host)),
            Self::ClientRefuses => some(&|place| place != Some(host)),
            Self::CableCut => some(&|place| place.is_some()),
            Self::None
            | Self::LibvirtdKilled
            | Self::LibvirtdRestarted
            | Self::ClientSlow
            | Self::PowerCut => true,
        };
        (0..2).filter(|host| fits(*host)).collect()
    }

    /// Whether it strikes at some moment, rather than being there from the beginning.
    pub(super) fn is_sudden(self) -> bool {
        !matches!(self, Self::None | Self::ClientRefuses | Self::ClientSlow | Self::HookKilled)
    }

    /// Whether `recover` is what an operator would run afterwards: libvirt never calls for what it forgot.
    pub(super) fn needs_recovery(self) -> bool {
        matches!(
            self,
            Self::LibvirtdKilled | Self::HookKilled | Self::ClientHangs | Self::ClientKilled
        )
    }

    /// Whether a guest may be left that nobody goes on with: its storage has gone, or the daemons did not tell each other the end of
    /// its migration and left one of it paused for a human to decide.
    pub(super) fn leaves_guests_paused(self) -> bool {
        matches!(self, Self::LibvirtdRestarted | Self::CableCut) || self.needs_recovery()
    }

    /// Prepares what the deeds are to meet.
    pub(super) fn before(self, host: &Host) -> Result<()> {
        match self {
            Self::ClientRefuses => share::client(host, "mount = \"fail\"\n"),
            Self::ClientSlow => {
                share::client(host, "mount_delay = \"2s\"\nanswer_delay = \"20ms\"\n")
            }
            // So that a hook that mounts is there for long enough to be met at any of its steps.
            Self::HookKilled => share::client(host, "mount_delay = \"300ms\"\n"),
            _ => Ok(()),
        }
    }

    /// Strikes; says whether there was anything to hit.
    pub(super) fn strike(
        self,
        pair: &Pair,
        struck: usize,
        places: &Places,
        dice: &mut Dice,
    ) -> Result<Blow> {
        let host = pair.hosts()[struck];
        let hit = |line: &str| {
            let output = host.command("bash").args(["-c", line]).deadline(PATIENCE).run()?;
            ensure!(!matches!(output.ended, Ended::Late(_)), "{output}");
            Ok(if output.succeeded() { Blow::Struck } else { Blow::MetNothing })
        };
        match self {
            Self::QemuKilled => {
                let here: Vec<_> = places.iter().filter(|(_, place)| **place == struck).collect();
                let (name, _) = dice.one_of(&here);
                hit(&format!("kill -KILL $(cat /run/libvirt/qemu/{name}.pid)"))
            }
            Self::LibvirtdKilled => {
                hit(&format!("systemctl kill --kill-who=main --signal=KILL {}", libvirt::unit()))
            }
            Self::LibvirtdRestarted => hit(&format!("systemctl restart {}", libvirt::unit())),
            // Often the hook alone, and its children live on; sometimes all of them. The kernel names it like the link.
            Self::HookKilled => {
                let whom = ["--oldest", "--oldest", ""][dice.below(3)];
                // A moment later it is at another of its steps, or has ended before.
                let wait = [
                    String::new(),
                    format!("pgrep -f '{HOOK}' && sleep 0.{:03} &&", dice.below(200)),
                ];
                let wait = &wait[dice.below(2)];
                hit(&format!(
                    "until {wait} pkill -KILL --runstates D,R,S {whom} -f '{HOOK}'
                     do [ $SECONDS -lt 10 ] || exit 1; done"
                ))
            }
            Self::ClientHangs => {
                share::client(host, "answers = \"hang\"\n")?;
                thread::sleep(Duration::from_secs(4));
                share::client(host, "").map(|()| Blow::Struck)
            }
            Self::ClientKilled => hit("pkill -KILL -o -x mount.quobyte"),
            Self::CableCut => {
                cable(host, "down")?;
                thread::sleep(Duration::from_millis(500 + 500 * dice.below(14) as u64));
                cable(host, "up").map(|()| Blow::Struck)
            }
            Self::None | Self::ClientRefuses | Self::ClientSlow | Self::PowerCut => {
                Ok(Blow::Struck)
            }
        }
    }

    /// Takes away what would stay.
    pub(super) fn after(self, host: &Host) -> Result<()> {
        match self {
            Self::ClientRefuses | Self::ClientSlow | Self::ClientHangs | Self::HookKilled => {
                share::client(host, "")
            }
            // systemd starts a daemon that died again, in a moment.
            Self::LibvirtdKilled => {
                host.command("systemctl").args(["start", libvirt::unit()]).done()
            }
            _ => Ok(()),
        }
    }
}

fn cable(host: &Host, state: &str) -> Result<()> {
    host.command("ip").args(["link", "set", LINK, state]).done()
}

/// Takes down every guest that is paused; returns what was said of those that did not go.
pub(super) fn give_up_the_paused(host: &Host) -> Result<Vec<String>> {
    let paused = host.command("virsh").args(["list", "--name", "--state-paused"]).succeeds()?;
    let mut failed = Vec::new();
    for name in paused.stdout_text().split_whitespace() {
        // Its end by itself is as good: whether it is there still is the judge's question.
        let destroyed = host.command("virsh").args(["destroy", name]).run()?;
        if !destroyed.succeeded() {
            failed.push(format!("{}: {destroyed}", host.name()));
        }
    }
    Ok(failed)
}

/// Takes down every guest of a share whose client is gone, as `status` says to; returns what was said of those that did not go. A guest
/// that is being moved may not notice: it has been seen to stay `running` for 40 s, and never paused.
pub(super) fn give_up_the_orphaned(host: &Host, specs: &[Spec]) -> Result<Vec<String>> {
    let mut failed = Vec::new();
    let listed = host.command("virsh").args(["list", "--name"]).succeeds()?.stdout_text();
    for share in shares(host)? {
        let asked = host.command("stat").args(["--file-system", &share.mount_point()]).run()?;
        if !asked.stderr_text().contains("Transport endpoint is not connected") {
            continue;
        }
        let holds = |spec: &&Spec| spec.xml().contains(&share.path(""));
        let runs = |spec: &&Spec| listed.split_whitespace().any(|name| name == spec.name());
        for spec in specs.iter().filter(runs).filter(holds) {
            let destroyed = host.command("virsh").args(["destroy", spec.name()]).run()?;
            if !destroyed.succeeded() {
                failed.push(format!("{}: {destroyed}", host.name()));
            }
        }
    }
    Ok(failed)
}

/// Has the host put right.
pub(super) fn recover(host: &Host) -> Result<()> {
    // Leases younger than a second might belong to a guest that is just starting.
    thread::sleep(Duration::from_millis(1100));
    // Its status says whether there was anything to do; whether it helped is the judge's question.
    let _said = host.command("virt-quobyte").args(["recover", "--apply"]).run()?;
    Ok(())
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "nothing",
            Self::QemuKilled => "QEMU killed",
            Self::LibvirtdKilled => "libvirtd killed",
            Self::LibvirtdRestarted => "libvirtd restarted",
            Self::HookKilled => "the hook killed",
            Self::ClientRefuses => "the client refuses",
            Self::ClientSlow => "the client is slow",
            Self::ClientHangs => "the client hangs for a while",
            Self::ClientKilled => "the client killed",
            Self::CableCut => "the cable cut",
            Self::PowerCut => "the power cut",
        })
    }
}
