//! Many daemons, guests and shares at once, clients that go wrong and hooks that are killed, and somebody who watches.
//!
//! The seed is printed; `STORM_SEED` repeats its choices, though not the moments at which processes take their turns.
//! `STORM_STARTS` makes it longer.

mod daemon;
mod dice;
mod observer;
mod qemu;
mod tally;
mod weather;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use self::daemon::Daemon;
use self::dice::Dice;
use self::observer::Observer;
use self::tally::Tally;
use self::weather::Weather;
use crate::ground::{Ground, ground};

const SHARES: usize = 20;
/// So many of them have clients that die by themselves.
const MORTAL: usize = 3;
const DAEMONS: usize = 8;

#[test]
fn in_a_storm_no_guest_loses_its_share_and_nothing_is_left_after_it() {
    let shares: Vec<String> = (0..SHARES).map(|n| format!("s{n:02}")).collect();
    let names: Vec<&str> = shares.iter().map(String::as_str).collect();
    let ground = ground!(&names);
    ground.change_config("mount = \"3s\"", "mount = \"2s\"");
    let seed = number("STORM_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
        u64::from(now.subsec_nanos())
    });
    let starts = number("STORM_STARTS").unwrap_or(200);
    println!("STORM_SEED={seed} STORM_STARTS={starts}");

    let weather = Weather::new(&ground, &shares, MORTAL);
    let observer = Observer::new(&ground, &weather, &shares);
    let tally = Tally::default();
    let daemon = |n: u64| Daemon {
        ground: &ground,
        weather: &weather,
        observer: &observer,
        tally: &tally,
        shares: &shares,
        name: format!("d{n}"),
        dice: Dice::new(seed.wrapping_add(n)),
    };
    let begun = Instant::now();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = Over(&is_over);
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                weather.pass();
                thread::sleep(Duration::from_millis(10));
            }
        });
        let watching = scope.spawn(|| observer.watch(&is_over));
        let played: Vec<_> = (0..DAEMONS as u64)
            .map(|n| {
                let (mut daemon, quota) = (daemon(n), starts / DAEMONS as u64);
                scope.spawn(move || daemon.play(quota))
            })
            .collect();
        let played = played.into_iter().map(ScopedJoinHandle::join);
        let unreleased: Vec<String> =
            played.flat_map(|names| names.expect("a daemon does not panic")).collect();
        println!("{tally}");
        println!("the storm took {:.1?}", begun.elapsed());
        println!("{} guests whose last release was killed: {unreleased:?}", unreleased.len());
        let left: Vec<&String> = shares
            .iter()
            .filter(|share| ground.is_mounted(share) || ground.record_path(share).exists())
            .collect();
        println!("{} shares left for the next guest: {left:?}", left.len());
        for (n, share) in shares.iter().enumerate() {
            if left.contains(&share) && !weather.may_outlast(n) {
                observer.violation(format!("{share} is left, and no hook of its was killed"));
            }
        }
        calm(&ground, &weather, &left, &unreleased);
        drop(over);
        println!("{} looks at the mount table", watching.join().expect("it does not panic"));
    });
    let violations = observer.violations();
    println!("{} violations", violations.len());
    assert!(violations.is_empty(), "STORM_SEED={seed}: {violations:#?}");
    ground.assert_nothing_left();
}

/// What killed hooks and dead clients left is put right by whoever comes next.
fn calm(ground: &Ground, weather: &Weather<'_>, left: &[&String], unreleased: &[String]) {
    weather.clear();
    for share in SHARES - MORTAL..SHARES {
        weather.kill_client(share);
    }
    let come_and_go = |name: &str, shares: &[&str]| {
        let guest = ground.guest(name, shares);
        ground.hook(&guest, "prepare").succeeds();
        ground.hook(&guest, "release").succeeds();
    };
    for name in unreleased {
        come_and_go(name, &["s00"]);
    }
    for share in left {
        come_and_go("calm", &[share]);
    }
}

/// Says that it is over when it is dropped, so that a panic does not leave others waiting.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}
