//! What the clients do while the storm lasts: which of them fail, lie, dawdle, fall silent and die, and when.
//!
//! Keeps the books that judge what follows from it: a refusal needs a fault that was in force, a mount that went away under a
//! guest needs a client that was made to die.

use std::fmt::Write as _;
use std::fs;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::dice::Dice;
use crate::ground::Ground;

/// A way in which a client goes wrong, and what its control file says then.
pub(super) const FAULTS: [(&str, &str); 9] = [
    ("fails", "mount = \"fail\"\nchatter = 300"),
    ("ends with 4, the reason on stdout", "mount = \"exit-four-on-stdout\""),
    ("ends with 0, nothing mounted", "mount = \"exit-zero-unmounted\""),
    ("does not return", "mount = \"never-returns\""),
    SLOW,
    ("answers slowly", "answer_delay = \"40ms\""),
    ("answers with EIO for a moment", "answers = \"eio\""),
    ("hangs for a moment", HANGS),
    ("keeps its caller's outputs open", "stdio = \"keep\""),
];

pub(super) const SLOW: (&str, &str) = ("mounts slowly", "mount_delay = \"500ms\"");
const HANGS: &str = "answers = \"hang\"";

/// How long a client of a mortal share lives.
const LIFE: &str = "die_after = \"300ms\"";

pub(super) struct Weather<'g> {
    ground: &'g Ground,
    shares: Mutex<Vec<Share>>,
}

struct Share {
    name: String,
    /// Its clients die by themselves, always.
    mortal: bool,
    fault: Option<(&'static str, Instant)>,
    faults: Spells,
    deaths: Spells,
    /// Whether a mount of it may outlast its last guest: see [`Weather::may_outlast`].
    may_outlast: bool,
}

/// How many of something have begun, and how many of these are over.
#[derive(Clone, Copy, Default)]
struct Spells {
    begun: usize,
    over: usize,
}

/// How things stood with a share at some moment.
#[derive(Clone, Copy)]
pub(super) struct Since {
    faults_over: usize,
    deaths_over: usize,
}

impl<'g> Weather<'g> {
    /// Fine weather. The clients of the last few shares are mortal.
    pub(super) fn new(ground: &'g Ground, shares: &[String], mortal: usize) -> Self {
        let immortal = shares.len() - mortal;
        let share = |(n, name): (usize, &String)| Share {
            name: name.clone(),
            mortal: n >= immortal,
            fault: None,
            faults: Spells::default(),
            deaths: Spells::default(),
            may_outlast: false,
        };
        let shares = shares.iter().enumerate().map(share).collect();
        let weather = Self { ground, shares: Mutex::new(shares) };
        weather.publish(&weather.shares());
        weather
    }

    fn shares(&self) -> MutexGuard<'_, Vec<Share>> {
        self.shares.lock().expect("nobody panics with the weather in hand")
    }

    fn publish(&self, shares: &[Share]) {
        let mut text = String::new();
        for share in shares {
            let life = if share.mortal { LIFE } else { "" };
            let fault = share.fault.map_or("", |(control, _)| control);
            writeln!(text, "[volume.{:?}]\n{life}\n{fault}", share.name).expect("a String");
        }
        self.ground.set_client(&text);
    }

    /// Lets a fault loose on a share for a while, and returns its name; a share bears one at a time.
    pub(super) fn strike(
        &self,
        share: usize,
        (name, control): (&'static str, &'static str),
        dice: &mut Dice,
    ) -> Option<&'static str> {
        let until = Instant::now() + Duration::from_millis(100) + dice.up_to_ms(1200);
        let mut shares = self.shares();
        if shares[share].fault.is_some() {
            return None;
        }
        shares[share].fault = Some((control, until));
        shares[share].faults.begun += 1;
        shares[share].may_outlast |= control == HANGS;
        self.publish(&shares);
        Some(name)
    }

    /// Ends the faults that have lasted long enough.
    pub(super) fn pass(&self) {
        let mut shares = self.shares();
        let is_over = |share: &Share| share.fault.is_some_and(|(_, until)| until < Instant::now());
        if !shares.iter().any(is_over) {
            return;
        }
        // What had not been read when the file was replaced is over; what was read before may still be going on.
        let over: Vec<usize> = (0..shares.len()).filter(|&n| is_over(&shares[n])).collect();
        for &n in &over {
            shares[n].fault = None;
        }
        self.publish(&shares);
        for &n in &over {
            shares[n].faults.over += 1;
        }
    }

    /// Fine weather from now on.
    pub(super) fn clear(&self) {
        let mut shares = self.shares();
        for share in shares.iter_mut() {
            share.fault = None;
            share.mortal = false;
            share.faults.over = share.faults.begun;
        }
        self.publish(&shares);
    }

    /// Kills a share's client; says no if it had none.
    pub(super) fn kill_client(&self, share: usize) -> bool {
        let mount_point = {
            let mut shares = self.shares();
            shares[share].deaths.begun += 1;
            self.ground.mount_point(&shares[share].name)
        };
        let mark = [b"\0", mount_point.as_os_str().as_encoded_bytes(), b"\0"].concat();
        let is_its = |pid: &i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.windows(mark.len()).any(|part| part == mark)
        };
        let pids: Vec<i32> = self.ground.clients().into_iter().filter(is_its).collect();
        for &pid in &pids {
            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let gone = || !self.ground.clients().iter().any(|pid| pids.contains(pid));
        self.ground.wait_until("a killed client is gone", gone);
        self.shares()[share].deaths.over += 1;
        !pids.is_empty()
    }

    /// A hook that was busy with a share was killed.
    pub(super) fn hook_killed(&self, share: usize) {
        self.shares()[share].may_outlast = true;
    }

    /// Whether a mount of a share may be left when its last guest has ended, for the next one to take down: a hook of its was
    /// killed, or its client hung, so that a look at it, given up, still keeps it busy.
    pub(super) fn may_outlast(&self, share: usize) -> bool {
        self.shares()[share].may_outlast
    }

    /// How things stand with a share now.
    pub(super) fn now(&self, share: usize) -> Since {
        let share = &self.shares()[share];
        Since { faults_over: share.faults.over, deaths_over: share.deaths.over }
    }

    /// Whether a fault was in force on a share at some time since, or its client made to die at any time.
    pub(super) fn explains_refusal(&self, share: usize, since: Since) -> bool {
        let share = &self.shares()[share];
        share.mortal || share.faults.begun > since.faults_over || share.deaths.begun > 0
    }

    /// Whether a share's client was made to die since.
    pub(super) fn may_have_died(&self, share: usize, since: Since) -> bool {
        let share = &self.shares()[share];
        share.mortal || share.deaths.begun > since.deaths_over
    }
}
