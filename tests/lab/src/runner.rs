//! Runs scenarios and reports them, one line each. A host serves one scenario after the other as
//! long as they pass and leave nothing; after a failure the evidence is printed, the host ended and
//! another one booted.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use crate::evidence;
use crate::guest;
use crate::host::Host;
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
    let mut tally = Tally::default();
    let mut bench = Bench::new(&lab)?;
    if selected
        .iter()
        .any(|scenario| matches!(scenario.act, Act::WithProduct(_) | Act::OnTwoHosts(_)))
    {
        install::build()?;
    }
    let mut rest = selected.into_iter();
    for scenario in rest.by_ref() {
        if !bench.run(scenario, &mut tally)? && after_failure == AfterFailure::Stop {
            break;
        }
    }
    for scenario in rest {
        tally.skipped += 1;
        println!("skip            {scenario}: not run after a failure (--keep-going runs all)");
    }

    let mut traces = bench.traces;
    traces.extend(bench.stage.map(|(host, _)| host.namespaces().clone()));
    traces.extend(bench.pair.iter().flat_map(Pair::traces));
    let began = Instant::now();
    let tree = lab.tree().clone();
    let left = lab.close().and_then(|()| machine.is_as_it_was(&tree, &traces));
    tally.report(
        &"machine: nothing is left behind",
        began,
        left.map(|()| Verdict::Passed),
        String::new,
    );
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped);
    Ok(tally)
}

impl Tally {
    /// Returns whether it did not fail.
    fn report(
        &mut self,
        scenario: &dyn std::fmt::Display,
        began: Instant,
        done: Result<Verdict>,
        evidence: impl FnOnce() -> String,
    ) -> bool {
        let elapsed = began.elapsed().as_secs_f64();
        match done {
            Ok(Verdict::Passed) => {
                self.passed += 1;
                println!("ok    {elapsed:6.1} s  {scenario}");
            }
            Ok(Verdict::Measured(what)) => {
                self.passed += 1;
                println!("ok    {elapsed:6.1} s  {scenario} ({what})");
            }
            Err(error) => {
                self.failed += 1;
                println!("FAIL  {elapsed:6.1} s  {scenario}");
                for line in format!("{error:#}").lines() {
                    println!("  {line}");
                }
                print!("{}", evidence());
                return false;
            }
        }
        true
    }
}

fn now() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")
}

/// The hosts that serve at the moment.
struct Bench<'l> {
    lab: &'l Lab,
    image: Image,
    stage: Option<(Host, Product)>,
    pair: Option<Pair>,
    boots: u32,
    /// The namespaces of hosts that are gone.
    traces: Vec<crate::host::Namespaces>,
}

impl<'l> Bench<'l> {
    fn new(lab: &'l Lab) -> Result<Self> {
        let image = image::ready(lab)?;
        Ok(Self { lab, image, stage: None, pair: None, boots: 0, traces: Vec::new() })
    }

    /// Runs one scenario and reports it. An error is the lab's own.
    fn run(&mut self, scenario: &Scenario, tally: &mut Tally) -> Result<bool> {
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
        let passed = tally.report(scenario, began, done, || {
            hosts.iter().map(|host| evidence::collect(host, since)).collect()
        });
        if !passed {
            self.end(scenario)?;
        }
        Ok(passed)
    }

    /// Ends what this scenario played on.
    fn end(&mut self, scenario: &Scenario) -> Result<()> {
        if let Act::OnTwoHosts(_) = scenario.act {
            if let Some(pair) = self.pair.take() {
                self.traces.extend(pair.end()?);
            }
        } else if let Some((host, _)) = self.stage.take() {
            self.traces.push(host.namespaces().clone());
            host.end()?;
        }
        Ok(())
    }

    /// The pair that serves, booted if there is none.
    fn pair(&mut self) -> Result<&mut Pair> {
        if self.pair.is_none() {
            self.pair = Some(Pair::boot(self.lab, &self.image)?);
        }
        self.pair.as_mut().context("a pair was just put here")
    }

    /// The host that serves, booted if there is none; with the product in it where that is wanted.
    fn host(&mut self, wanted: Product) -> Result<&Host> {
        if self.stage.is_none() {
            self.boots += 1;
            let host = Host::boot(self.lab, &self.image, &format!("lab-{}", self.boots))?;
            guest::install(&host, &self.image)?;
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
