//! What a start costs where the bench cannot measure it: with the client in a scope of systemd's, as it is by default.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::scenarios;
use super::start::guest_on_share;
use crate::host::Host;
use crate::runner::Verdict;

scenarios!("cost", WithProduct: a_cold_start_costs_little_more_than_the_scope_that_its_client_gets);

const SCRIPT: &str = include_str!("cold-starts.sh");

/// The first few read files that are then in memory.
const ROUNDS: usize = 45;
const FIRST: usize = 5;

/// This machine has other work; what is claimed to the millisecond, the bench measures.
const NOTICED: f64 = 50.0;

fn a_cold_start_costs_little_more_than_the_scope_that_its_client_gets(
    host: &Host,
) -> Result<Verdict> {
    let (share, guest) = guest_on_share(host, "cold", |spec| spec)?;
    host.write("/run/lab-cold-starts", SCRIPT)?;
    host.write("/run/lab-cold.xml", guest.xml())?;
    let script = ["/run/lab-cold-starts", &ROUNDS.to_string(), share.name(), &share.export()];
    let command =
        host.command("bash").args(script).args([&share.mount_point(), "/run/lab-cold.xml"]);
    let said = command.deadline(Duration::from_secs(180)).succeeds()?.stdout_text();
    let rounds: Vec<Vec<f64>> =
        said.lines().skip(FIRST).map(milliseconds).collect::<Result<_>>()?;
    ensure!(rounds.len() == ROUNDS - FIRST, "not every round was timed: {said}");
    let median = |way: usize| {
        let mut times: Vec<f64> = rounds.iter().map(|round| round[way]).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let [prepare, scoped, alone, release] = [0, 1, 2, 3].map(median);
    ensure!(
        prepare < 2.0 * scoped + NOTICED,
        "a cold prepare takes {prepare:.1} ms, and its client in a scope {scoped:.1} ms"
    );
    Ok(Verdict::Measured(format!(
        "medians of {}: cold prepare {prepare:.1} ms, its client in a scope {scoped:.1} ms, without one {alone:.1} ms; release {release:.1} ms",
        rounds.len()
    )))
}

fn milliseconds(line: &str) -> Result<Vec<f64>> {
    let words: Vec<&str> = line.split(' ').collect();
    ensure!(words.len() == 4, "a round said {line:?}");
    let number = |word: &&str| word.parse::<f64>().map(|micros| micros / 1000.0);
    words.iter().map(number).collect::<Result<_, _>>().with_context(|| line.to_owned())
}
