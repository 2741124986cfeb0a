//! What goes wrong, on one of the hosts, and how it is made good again by what an operator would do.

use std::fmt::{self, Display};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::dice::Dice;
use crate::guest::Spec;
use crate::host::{Host, LINK};
use crate::pair::Pair;
use crate::share;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

const ALL: [Fault; 16] = [
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::QemuKilled,
    Fault::QemuKilled,
    Fault::LibvirtdKilled,
    Fault::LibvirtdKilled,
    Fault::LibvirtdRestarted,
    Fault::HookKilled,
    Fault::HookKilled,
    Fault::ClientRefuses,
    Fault::ClientSlow,
    Fault::ClientHangs,
    Fault::ClientKilled,
    Fault::CableCut,
    Fault::PowerCut,
];

impl Fault {
    pub(super) fn any(dice: &mut Dice) -> Self {
        dice.one_of(&ALL)
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
            _ => Ok(()),
        }
    }

    /// Strikes; says whether there was anything to hit.
    pub(super) fn strike(
        self,
        pair: &Pair,
        struck: usize,
        specs: &[Spec],
        dice: &mut Dice,
    ) -> Result<bool> {
        let host = pair.hosts()[struck];
        let hit = |line: &str| Ok(host.command("sh").args(["-c", line]).run()?.succeeded());
        match self {
            Self::QemuKilled => {
                let name = specs[dice.below(specs.len())].name();
                hit(&format!("kill -KILL $(cat /run/libvirt/qemu/{name}.pid)"))
            }
            Self::LibvirtdKilled => {
                hit("systemctl kill --kill-who=main --signal=KILL libvirtd.service")
            }
            Self::LibvirtdRestarted => hit("systemctl restart libvirtd.service"),
            // The kernel keeps fifteen letters of a name.
            Self::HookKilled => hit(
                "for try in $(seq 150); do pkill -KILL -x virt-quobyte-ho && exit; sleep 0.01; done; exit 1",
            ),
            Self::ClientHangs => {
                share::client(host, "answers = \"hang\"\n")?;
                thread::sleep(Duration::from_secs(4));
                share::client(host, "answers = \"normal\"\n").map(|()| true)
            }
            Self::ClientKilled => hit("pkill -KILL -o -x mount.quobyte"),
            Self::CableCut => {
                cable(host, "down")?;
                thread::sleep(Duration::from_millis(500 + 500 * dice.below(14) as u64));
                cable(host, "up").map(|()| true)
            }
            Self::None | Self::ClientRefuses | Self::ClientSlow | Self::PowerCut => Ok(true),
        }
    }

    /// Takes away what would stay.
    pub(super) fn after(self, pair: &Pair, struck: usize) -> Result<()> {
        let host = pair.hosts()[struck];
        match self {
            Self::ClientRefuses | Self::ClientSlow | Self::ClientHangs => share::client(host, ""),
            // systemd starts a daemon that died again, in a moment.
            Self::LibvirtdKilled => {
                host.command("systemctl").args(["start", "libvirtd.service"]).done()
            }
            _ => Ok(()),
        }
    }
}

fn cable(host: &Host, state: &str) -> Result<()> {
    host.command("ip").args(["link", "set", LINK, state]).done()
}

/// Takes down every guest that is paused.
pub(super) fn give_up_the_paused(host: &Host) -> Result<()> {
    let paused = host.command("virsh").args(["list", "--name", "--state-paused"]).succeeds()?;
    for name in paused.stdout_text().split_whitespace() {
        // Its end by itself is as good.
        let _destroyed = host.command("virsh").args(["destroy", name]).run()?;
    }
    Ok(())
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
