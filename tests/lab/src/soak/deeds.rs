//! What guests do. Each deed is one command in the host where the guest is, or is to be.

use std::fmt::{self, Display};
use std::time::Duration;

use anyhow::Result;

use super::faults::Fault;
use crate::dice::Dice;
use crate::host::{Host, Running};
use crate::share::VOLUMES;

/// The slowest deed writes a guest's memory to a file, or to the other host.
const DEADLINE: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Start,
    Destroy,
    PowerButton,
    Reset,
    Pause,
    Migrate,
    MigrateTunnelled,
    /// Into a file, and out of it on the same host.
    Sleep,
    /// Into a file, and out of it on the other host.
    SleepElsewhere,
}

const OF_THE_RUNNING: [Deed; 10] = [
    Deed::Destroy,
    Deed::PowerButton,
    Deed::Reset,
    Deed::Pause,
    Deed::Migrate,
    Deed::Migrate,
    Deed::Migrate,
    Deed::MigrateTunnelled,
    Deed::Sleep,
    Deed::SleepElsewhere,
];

/// Those in which libvirt calls the hook where the guest is.
const HOOKED: [Deed; 5] =
    [Deed::Destroy, Deed::PowerButton, Deed::Migrate, Deed::Sleep, Deed::SleepElsewhere];

impl Deed {
    /// What a guest at `place` can do that a fault on the host `struck` is sure to meet.
    pub(super) fn met_by(
        fault: Fault,
        struck: usize,
        place: Option<usize>,
        dice: &mut Dice,
    ) -> Option<Self> {
        match (fault, place) {
            (Fault::HookKilled | Fault::ClientRefuses, None) => Some(Self::Start),
            (Fault::HookKilled, Some(place)) if place == struck => Some(dice.one_of(&HOOKED)),
            (Fault::ClientRefuses, Some(place)) if place != struck => Some(Self::Migrate),
            (Fault::CableCut, Some(_)) => {
                Some(dice.one_of(&[Self::Migrate, Self::MigrateTunnelled]))
            }
            _ => None,
        }
    }

    /// What a guest at `place` can do.
    pub(super) fn any(place: Option<usize>, dice: &mut Dice) -> Self {
        match place {
            None => Self::Start,
            Some(_) => dice.one_of(&OF_THE_RUNNING),
        }
    }

    pub(super) fn start(self, name: &str, host: &Host, other: &Host) -> Result<Running> {
        let there = format!("qemu+tcp://{}/system", other.name());
        let file = format!("{VOLUMES}/{name}.save");
        let sleep = |daemon: &str| {
            format!(
                "virsh save {name} {file} && virsh {daemon} restore {file}; end=$?; rm -f {file}; exit $end"
            )
        };
        let line = match self {
            Self::Start => format!("virsh start {name}"),
            Self::Destroy => format!("virsh destroy {name}"),
            // One that is just booting does not hear it. One that does is not to end in the middle of a later round.
            Self::PowerButton => format!(
                "virsh shutdown {name} || exit
                 for wait in $(seq 50); do virsh domstate {name} | grep -q running || exit 0; sleep 0.2; done"
            ),
            Self::Reset => format!("virsh reset {name}"),
            Self::Pause => format!("virsh suspend {name} && sleep 1 && virsh resume {name}"),
            Self::Migrate => format!("virsh migrate --live --p2p {name} {there}"),
            Self::MigrateTunnelled => {
                format!("virsh migrate --live --p2p --tunnelled {name} {there}")
            }
            Self::Sleep => sleep(""),
            Self::SleepElsewhere => sleep(&format!("-k 1 -K 5 -c {there}")),
        };
        host.command("sh").args(["-c", &line]).deadline(DEADLINE).start()
    }
}

impl Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Destroy => "destroy",
            Self::PowerButton => "power button",
            Self::Reset => "reset",
            Self::Pause => "pause",
            Self::Migrate => "migration",
            Self::MigrateTunnelled => "tunnelled migration",
            Self::Sleep => "save and restore",
            Self::SleepElsewhere => "save and restore elsewhere",
        })
    }
}
