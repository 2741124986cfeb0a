//! The client's process: where it lives, what it keeps, and how it ends.

use super::{Seen, Word, does_not_hold, holds, not_asked, of, seconds};
use crate::escape::Escaped;
use crate::selftest::seen::{Access, Daemon, DaemonEnd, Errno, Home};

pub(super) fn control_group(seen: &Seen) -> Word {
    of(&seen.daemons, |daemons| {
        let is_at_home = |daemon: &Daemon| match &seen.home {
            Home::Scope(unit) => daemon.cgroup.rsplit('/').next() == Some(unit),
            Home::Here(cgroup) => daemon.cgroup == *cgroup,
        };
        let mut outside = daemons.iter().filter(|daemon| !is_at_home(daemon));
        match (daemons.first(), outside.next()) {
            (None, _) => not_asked(NO_PROCESS),
            (_, Some(Daemon { pid, cgroup, .. })) => {
                does_not_hold(format!("its process {pid} is in {}", Escaped(cgroup)))
            }
            (Some(Daemon { pid, cgroup, .. }), None) => {
                holds(format!("its process {pid} is in {}", Escaped(cgroup)))
            }
        }
    })
}

const NO_PROCESS: &str = "no process has the arguments that the client was started with";

pub(super) fn outputs(seen: &Seen) -> Word {
    of(&seen.daemons, |daemons| {
        if daemons.is_empty() {
            return not_asked(NO_PROCESS);
        }
        match daemons.iter().find(|daemon| daemon.keeps_outputs) {
            Some(daemon) => does_not_hold(format!("its process {} has them open", daemon.pid)),
            None => holds("no process of it has them open"),
        }
    })
}

pub(super) fn death(seen: &Seen) -> Word {
    of(&seen.death, |death| {
        if !death.is_mounted {
            return does_not_hold("the mount was gone with the daemon");
        }
        let is_other = |access: &&Access| access.outcome != Err(Errno::ENOTCONN);
        match death.accesses.iter().find(is_other) {
            None => {
                let calls: Vec<_> = death.accesses.iter().map(|it| it.call.as_str()).collect();
                holds(format!("so did {}", calls.join(", ")))
            }
            Some(Access { call, outcome: Ok(()) }) => does_not_hold(format!("{call} worked")),
            Some(Access { call, outcome: Err(errno) }) => {
                does_not_hold(format!("{call} gave {errno}"))
            }
        }
    })
}

pub(super) fn unmount(seen: &Seen) -> Word {
    of(&seen.taken_down, |taken| match (&taken.unmount, taken.daemon) {
        (Err(why), _) => does_not_hold(format!("the unmount failed: {why}")),
        (Ok(()), DaemonEnd::After(later)) => {
            holds(format!("the daemon had ended {} later", seconds(later)))
        }
        (Ok(()), DaemonEnd::NotWithin(waited)) => {
            does_not_hold(format!("the daemon still ran {} later", seconds(waited)))
        }
        (Ok(()), DaemonEnd::Unknown) => {
            holds("the unmount was enough; which process the daemon is was not seen")
        }
    })
}
