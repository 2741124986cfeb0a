//! Tries one operation at all of its stops, several at a time.

use std::any::Any;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::daemon::Daemon;
use crate::ground::{Ground, Guest};
use crate::tracer::Traced;

/// How many are tried at the same time. Most of a run is waiting.
const WORKERS: usize = 4;

/// Runs differ a little in length, so a sweep is over when so many in a row have ended before their stop.
const ENDED_IN_A_ROW: usize = 6;

/// So many failures are enough to see what they have in common.
const FAILURES: usize = 20;

/// What happens after the kill, with what must hold.
pub(super) type Aftermath = fn(&Ground, Cast);

/// An operation that is killed at stop after stop, each time on a ground where nothing was before.
#[derive(Clone, Copy)]
pub(super) struct Sweep {
    pub(super) operation: &'static str,
    pub(super) shares: &'static [&'static str],
    pub(super) before: fn(&Ground, &'static [&'static str]) -> Cast,
    pub(super) aftermaths: &'static [(&'static str, Aftermath)],
    pub(super) stops: Stops,
    pub(super) isolation: Isolation,
}

/// Where the clients run: `client.isolation`.
#[derive(Clone, Copy)]
pub(super) enum Isolation {
    None,
    Systemd,
}

/// Which stops are tried, and with which aftermaths.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stops {
    /// All of them. From the first one on at which something has changed, two in a row have all aftermaths: between the end
    /// of a system call and the start of the next one there is nothing that another process could see. Before that, in turn.
    All,
    /// Those from the first one on at which something has changed, with the aftermaths in turn. What comes before that does
    /// not differ from what another sweep has tried.
    OfTheWork,
}

/// Who takes part.
pub(super) struct Cast {
    pub(super) shares: &'static [&'static str],
    /// The guest whose hook is killed.
    pub(super) same: Guest,
    /// Another one with the same shares.
    pub(super) other: Guest,
    /// The daemon that calls the hook for `same`.
    pub(super) daemon: Daemon,
    /// A process that looks like the QEMU of `same`.
    pub(super) qemu: Option<Qemu>,
}

pub(super) struct Qemu(Child);

impl Cast {
    /// Nobody holds anything.
    pub(super) fn alone(ground: &Ground, shares: &'static [&'static str]) -> Self {
        // No two alike on the machine: what looks like a guest's QEMU is found by the UUID, which is made from the name.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let same = ground.guest(&format!("s{number}"), shares);
        let other = ground.guest(&format!("o{number}"), shares);
        let daemon = Daemon::start(ground, &same);
        Self { shares, same, other, daemon, qemu: None }
    }

    /// The guest has its shares.
    pub(super) fn holding(ground: &Ground, shares: &'static [&'static str]) -> Self {
        let mut cast = Self::alone(ground, shares);
        cast.daemon.calls("prepare");
        cast
    }

    /// Both guests have their shares.
    pub(super) fn holding_beside_another(ground: &Ground, shares: &'static [&'static str]) -> Self {
        let cast = Self::holding(ground, shares);
        ground.hook(&cast.other, "prepare").succeeds();
        cast
    }

    /// The guest runs, and its daemon has died; there is a new one.
    pub(super) fn running(ground: &Ground, shares: &'static [&'static str]) -> Self {
        let mut cast = Self::holding(ground, shares);
        let qemu = Command::new("/bin/sh")
            .args(["-c", "read never", "qemu", "-uuid", &cast.same.uuid])
            .stdin(Stdio::piped())
            .spawn();
        cast.qemu = Some(Qemu(qemu.expect("there is a sh")));
        cast.daemon = cast.daemon.successor(ground, &cast.same);
        cast
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("it can be killed");
    }
}

/// One stop and what comes after it.
#[derive(Clone, Copy)]
struct Point {
    stop: usize,
    aftermath: usize,
}

struct Progress {
    next: Point,
    ended_in_a_row: usize,
    tried: usize,
    failures: Vec<String>,
}

enum End {
    Killed,
    /// It came to its end before that stop.
    Reached,
}

impl Sweep {
    /// Tries all stops, and returns how many points that were. Every failure is in the panic's message.
    pub(super) fn run(&self) -> usize {
        let work_begins = self.first_stop_of_the_work();
        let (first, all_from) = match self.stops {
            Stops::All => (0, work_begins),
            Stops::OfTheWork => (work_begins, usize::MAX),
        };
        let progress = Mutex::new(Progress {
            next: Point { stop: first, aftermath: 0 },
            ended_in_a_row: 0,
            tried: 0,
            failures: Vec::new(),
        });
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| self.work(&progress, all_from));
            }
        });
        let Progress { tried, failures, .. } = progress.into_inner().expect("no panic under it");
        assert!(failures.is_empty(), "{} of {tried}:\n{}", failures.len(), failures.join("\n"));
        tried
    }

    fn ground(&self) -> Ground {
        let ground = Ground::new();
        if let Isolation::Systemd = self.isolation {
            ground.change_config("isolation = \"none\"", "isolation = \"systemd\"");
        }
        ground
    }

    fn work(&self, progress: &Mutex<Progress>, all_from: usize) {
        let mut ground = self.ground();
        loop {
            let point = {
                let mut progress = progress.lock().expect("no panic under it");
                if progress.ended_in_a_row >= ENDED_IN_A_ROW || progress.failures.len() >= FAILURES
                {
                    return;
                }
                let point = progress.next;
                progress.next = self.after(point, all_from);
                point
            };
            let mut at = String::new();
            let end = catch_unwind(AssertUnwindSafe(|| self.try_point(&ground, point, &mut at)));
            let mut progress = progress.lock().expect("no panic under it");
            match end {
                Ok(End::Reached) => progress.ended_in_a_row += 1,
                Ok(End::Killed) => {
                    progress.ended_in_a_row = 0;
                    progress.tried += 1;
                }
                Err(panic) => {
                    let Point { stop, aftermath } = point;
                    let (operation, (aftermath, _)) = (self.operation, self.aftermaths[aftermath]);
                    let why = text_of(&*panic);
                    progress.failures.push(format!(
                        "- {operation} killed at stop {stop}, {at}, then {aftermath}: {why}"
                    ));
                    drop(progress);
                    ground = self.ground();
                }
            }
        }
    }

    /// The point after this one.
    fn after(&self, Point { stop, aftermath }: Point, all_from: usize) -> Point {
        let (all, next) = (self.aftermaths.len(), stop + 1);
        if stop >= all_from && aftermath + 2 < all {
            Point { stop, aftermath: aftermath + 2 }
        } else if next >= all_from {
            Point { stop: next, aftermath: (next % 2).min(all - 1) }
        } else {
            Point { stop: next, aftermath: next % all }
        }
    }

    fn try_point(&self, ground: &Ground, point: Point, at: &mut String) -> End {
        // With and without time between the client's start and its mount.
        ground.set_client("");
        let mut cast = (self.before)(ground, self.shares);
        let delay = ["0ms", "3ms", "12ms"][point.stop % 3];
        ground.set_client(&format!("mount_delay = \"{delay}\"\n"));
        let end = kill_at(point.stop, &mut cast.daemon, self.operation, at);
        write!(at, " with {:?}", ground.state()).expect("a String takes everything");
        self.aftermaths[point.aftermath].1(ground, cast);
        ground.assert_nothing_left();
        end
    }

    /// The first stop at which something is not as it was at the start.
    fn first_stop_of_the_work(&self) -> usize {
        let ground = self.ground();
        let mut cast = (self.before)(&ground, self.shares);
        let before = seen(&ground);
        let mut hook = Traced::call(&mut cast.daemon, self.operation);
        let mut stop = 0;
        while seen(&ground) == before {
            hook = hook.next().expect("it changes something");
            stop += 1;
        }
        hook.kill();
        cast.daemon.end();
        self.aftermaths[0].1(&ground, cast);
        ground.assert_nothing_left();
        stop
    }
}

/// The names and the texts of all state.
pub(super) fn seen(ground: &Ground) -> Vec<(String, Vec<u8>)> {
    let text = |name: &String| std::fs::read(ground.path("state").join(name)).unwrap_or_default();
    ground.state().into_iter().map(|name| (name.clone(), text(&name))).collect()
}

fn kill_at(stop: usize, daemon: &mut Daemon, operation: &str, at: &mut String) -> End {
    let mut hook = Traced::call(daemon, operation);
    for _ in 0..stop {
        let Some(next) = hook.next() else {
            assert_eq!(daemon.end(), 0, "{operation} fails when it is not killed");
            return End::Reached;
        };
        hook = next;
    }
    at.push_str(&hook.describe());
    hook.kill();
    daemon.end();
    End::Killed
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text")
}
