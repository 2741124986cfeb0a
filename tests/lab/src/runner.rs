//! Runs scenarios and reports them, one line each. A host serves one scenario after the other as
//! long as they pass and leave nothing; after a failure the evidence is printed, the host ended and
//! another one booted.
//!
//! Scenarios on one host and those on two run in two lanes, side by side: most of the time of either
//! goes by while a guest boots, or until a deadline.

use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use crate::evidence;
use crate::guest;
use crate::host::{Host, Namespaces};
use crate::image::{self, Image};
use crate::install;
use crate::lab::Lab;
use crate::machine::Machine;
use crate::pair::Pair;
use crate::scenarios::{self, Act, Scenario, tidy};

/// What a failure means for the scenarios after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    Stop,
    GoOn,
}

/// How a scenario ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// Passed, with a number worth a look.
    Measured(String),
}

/// Where the product stands in the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    Absent,
    Installed,
}

/// What is played on hosts of its own, beside the other lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    OneHost,
    TwoHosts,
}

impl Lane {
    const ALL: [Self; 2] = [Self::OneHost, Self::TwoHosts];

    fn of(scenario: &Scenario) -> Self {
        match scenario.act {
            Act::OnMachine(_) | Act::OnHost(_) | Act::WithProduct(_) => Self::OneHost,
            Act::OnTwoHosts(_) => Self::TwoHosts,
        }
    }
}

/// Who failed and who did not.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: usize,
    pub(crate) failed: usize,
    skipped: usize,
}

/// Runs what `filter` selects; the last line printed is the tally.
pub(crate) fn run(lab: Lab, filter: Option<&str>, after_failure: AfterFailure) -> Result<Tally> {
    let machine = Machine::look();
    let selected: Vec<_> = scenarios::all()
        .filter(|scenario| filter.is_none_or(|word| scenario.matches(word)))
        .collect();
    ensure!(!selected.is_empty(), "no scenario's name holds {:?}", filter.unwrap_or_default());
    let image = image::ready(&lab)?;
    if selected
        .iter()
        .any(|scenario| matches!(scenario.act, Act::WithProduct(_) | Act::OnTwoHosts(_)))
    {
        install::build()?;
    }
    let report =
        Report { tally: Mutex::default(), after_failure, is_stopped: AtomicBool::new(false) };
    let traces = thread::scope(|scope| {
        let lanes = Lane::ALL.map(|lane| {
            let own: Vec<_> =
                selected.iter().copied().filter(|scenario| Lane::of(scenario) == lane).collect();
            let bench = Bench::new(&lab, &image);
            let report = &report;
            // What a lane starts ends with its thread (PR_SET_PDEATHSIG), so a lane also ends its hosts.
            scope.spawn(move || bench.play(&own, report))
        });
        let ends = lanes.map(|lane| lane.join().expect("a lane does not panic"));
        ends.into_iter().collect::<Result<Vec<_>>>()
    })?;

    let began = Instant::now();
    let tree = lab.tree().clone();
    let left = lab.close().and_then(|()| machine.is_as_it_was(&tree, &traces.concat()));
    report.tell(
        &"machine: nothing is left behind",
        began,
        left.map(|()| Verdict::Passed),
        String::new,
    );
    let tally = report.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped);
    Ok(tally)
}

/// What both lanes write to.
#[derive(Debug)]
struct Report {
    tally: Mutex<Tally>,
    after_failure: AfterFailure,
    is_stopped: AtomicBool,
}

impl Report {
    /// Returns whether it did not fail.
    fn tell(
        &self,
        scenario: &dyn Display,
        began: Instant,
        done: Result<Verdict>,
        evidence: impl FnOnce() -> String,
    ) -> bool {
        let elapsed = began.elapsed().as_secs_f64();
        let (passed, text) = match done {
            Ok(Verdict::Passed) => (true, format!("ok    {elapsed:6.1} s  {scenario}\n")),
            Ok(Verdict::Measured(what)) => {
                (true, format!("ok    {elapsed:6.1} s  {scenario} ({what})\n"))
            }
            Err(error) => {
                let mut text = format!("FAIL  {elapsed:6.1} s  {scenario}\n");
                for line in format!("{error:#}").lines() {
                    writeln!(text, "  {line}").expect("a String takes everything");
                }
                (false, text + &evidence())
            }
        };
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        if passed {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            if self.after_failure == AfterFailure::Stop {
                self.is_stopped.store(true, Ordering::Relaxed);
            }
        }
        // While the tally is held, so that what a failure is told with is not torn.
        print!("{text}");
        passed
    }

    fn skip(&self, scenario: &Scenario) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).skipped += 1;
        println!("skip            {scenario}: not run after a failure (--keep-going runs all)");
    }
}

fn now() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")
}

/// The hosts that serve one lane at the moment.
struct Bench<'l> {
    lab: &'l Lab,
    image: &'l Image,
    stage: Option<(Host, Product)>,
    pair: Option<Pair>,
    boots: u32,
    /// The namespaces of hosts that are gone.
    traces: Vec<Namespaces>,
}

impl<'l> Bench<'l> {
    fn new(lab: &'l Lab, image: &'l Image) -> Self {
        Self { lab, image, stage: None, pair: None, boots: 0, traces: Vec::new() }
    }

    /// Runs a lane's scenarios and ends its hosts; returns by what these are recognised. An error is the lab's own.
    fn play(mut self, scenarios: &[&Scenario], report: &Report) -> Result<Vec<Namespaces>> {
        for scenario in scenarios {
            if report.is_stopped.load(Ordering::Relaxed) {
                report.skip(scenario);
            } else if !self.run(scenario, report)? {
                self.end()?;
            }
        }
        self.end()?;
        Ok(self.traces)
    }

    /// Runs one scenario and reports it; returns whether it passed.
    fn run(&mut self, scenario: &Scenario, report: &Report) -> Result<bool> {
        let began = Instant::now();
        let mut since = now()?;
        let mut in_host = |wanted, act: fn(&Host) -> Result<Verdict>| {
            let host = self.host(wanted)?;
            // The journal of the boot is worth reading only where the boot failed.
            since = now()?;
            let verdict = act(host)?;
            tidy(host).map(|()| verdict)
        };
        let done = match scenario.act {
            Act::OnMachine(act) => act(),
            Act::OnHost(act) => in_host(Product::Absent, act),
            Act::WithProduct(act) => in_host(Product::Installed, act),
            Act::OnTwoHosts(act) => self.pair().and_then(|pair| {
                since = now()?;
                let verdict = act(pair)?;
                pair.hosts().into_iter().try_for_each(tidy).map(|()| verdict)
            }),
        };
        let hosts: Vec<&Host> = match (scenario.act, &self.stage, &self.pair) {
            (Act::OnTwoHosts(_), _, Some(pair)) => pair.hosts().into(),
            (Act::OnTwoHosts(_), _, None) | (_, None, _) => Vec::new(),
            (_, Some((host, _)), _) => vec![host],
        };
        Ok(report.tell(scenario, began, done, || {
            hosts.iter().map(|host| evidence::collect(host, since)).collect()
        }))
    }

    /// Ends the hosts that serve.
    fn end(&mut self) -> Result<()> {
        if let Some((host, _)) = self.stage.take() {
            self.traces.push(host.namespaces().clone());
            host.end()?;
        }
        if let Some(pair) = self.pair.take() {
            self.traces.extend(pair.end()?);
        }
        Ok(())
    }

    /// The pair that serves, booted if there is none.
    fn pair(&mut self) -> Result<&mut Pair> {
        if self.pair.is_none() {
            self.pair = Some(Pair::boot(self.lab, self.image)?);
        }
        self.pair.as_mut().context("a pair was just put here")
    }

    /// The host that serves, booted if there is none; with the product in it where that is wanted.
    fn host(&mut self, wanted: Product) -> Result<&Host> {
        if self.stage.is_none() {
            self.boots += 1;
            let host = Host::boot(self.lab, self.image, &format!("lab-{}", self.boots))?;
            guest::install(&host, self.image)?;
            self.stage = Some((host, Product::Absent));
        }
        let (host, product) = self.stage.as_mut().context("a host was just put here")?;
        if (*product, wanted) == (Product::Absent, Product::Installed) {
            install::into(host).context("installing the product")?;
            *product = Product::Installed;
        }
        Ok(host)
    }
}
