//! Whose guests are meant: those of a share, one guest, or all whose share is lost.

use anyhow::{Result, bail};
use virt_quobyte::config::Settings;
use virt_quobyte::domain::DomainUuid;
use virt_quobyte::escape::Escaped;
use virt_quobyte::lease::StateDir;
use virt_quobyte::needs;
use virt_quobyte::share::Share;
use virt_quobyte::watch::Seen;

use super::round::{Round, Way};
use super::{Loss, ReviveReport, ReviveShares, glance};
use crate::cli::Format;
use crate::cli::recover::{Arguments, guests, is_agreed};
use crate::exit::ExitStatus;
use crate::render;

/// Whose guests are to be revived, and at what price.
#[derive(Debug)]
pub(in crate::cli::recover) struct Wanted<'a> {
    /// As it was typed.
    whose: Option<&'a str>,
    loss: Loss,
    connect: &'a str,
}

/// Whose, in full.
enum Whose {
    Share(Share),
    Domain { uuid: DomainUuid, name: String, shares: Vec<Share> },
    Everybodys { shares: Vec<Share>, left: Vec<String> },
}

/// Says that a domain is meant, whatever else has that name.
const DOMAIN: &str = "domain:";

impl<'a> Wanted<'a> {
    pub(in crate::cli::recover) fn of(arguments: &'a Arguments) -> Option<Self> {
        let loss = if arguments.accept_unflushed_loss { Loss::Accepted } else { Loss::Refused };
        let whose = arguments.revive.as_ref()?.as_deref();
        Some(Self { whose, loss, connect: &arguments.connect })
    }

    pub(in crate::cli::recover) fn run(
        &self,
        settings: &Settings,
        yes: bool,
        format: Format,
    ) -> Result<ExitStatus> {
        let state = StateDir::create(&settings.state_dir)?;
        let way =
            Way { settings, state: &state, connect: self.connect, loss: self.loss, only: None };
        match self.whose(way)? {
            Whose::Share(share) => one(way, share, yes, format),
            Whose::Domain { uuid, name, shares } => {
                let waiting = render::Waiting::for_(format!("looking at {}", Escaped(&name)));
                let way = Way { only: Some(uuid), ..way };
                let (rounds, left) = begin(way, shares, Vec::new(), |_| true)?;
                drop(waiting);
                several(&rounds, left, Some(Escaped(&name).to_string()), yes, format)
            }
            Whose::Everybodys { shares, left } => {
                let waiting = render::Waiting::for_("looking at shares and guests".to_owned());
                let (rounds, left) = begin(way, shares, left, Round::may_be_needed)?;
                drop(waiting);
                several(&rounds, left, None, yes, format)
            }
        }
    }

    fn whose(&self, Way { settings, state, .. }: Way<'_>) -> Result<Whose> {
        let Some(name) = self.whose else { return everybodys(settings, state) };
        let domain = name.strip_prefix(DOMAIN);
        if domain.is_none()
            && let Ok(share) = crate::cli::share_named(name, settings, state)
        {
            return Ok(Whose::Share(share));
        }
        let domain = domain.unwrap_or(name);
        let known = guests::of(self.connect);
        let mut running = known.running.into_iter();
        let found = running.find(|guest| {
            guest.domain.name.value.as_str() == domain
                || guest.uuid.to_string().eq_ignore_ascii_case(domain)
        });
        match (found, known.without_libvirt) {
            (Some(guest), None) => Ok(Whose::Domain {
                uuid: guest.uuid,
                name: guest.domain.name.value.as_str().to_owned(),
                shares: needs::of(&guest.domain, settings).shares,
            }),
            (_, Some(why)) => bail!(
                "there is no share '{}', and libvirt, which would know a guest of that name, does not answer: {why}",
                name.escape_debug()
            ),
            (None, None) => bail!(
                "there is no share '{}', and no guest of that name runs; 'virt-quobyte status' lists the shares and who holds them",
                name.escape_debug()
            ),
        }
    }
}

/// Every share that guests hold, and why others cannot be looked at.
fn everybodys(settings: &Settings, state: &StateDir) -> Result<Whose> {
    let keys = state.recorded()?;
    // Each may take as long as its client is waited for; together they take as long as one.
    let glances = std::thread::scope(|scope| {
        let looks: Vec<_> =
            keys.iter().map(|key| scope.spawn(|| glance(key, settings, state))).collect();
        let glances = looks.into_iter().map(|look| look.join().expect("a look does not panic"));
        glances.collect::<Vec<_>>()
    });
    let (mut shares, mut left) = (Vec::new(), Vec::new());
    for (key, seen) in keys.iter().zip(glances) {
        match seen {
            Seen::Unheld | Seen::Changing => {}
            Seen::Nothing(why) => left.push(why),
            Seen::Held(_) => {
                let configured = settings.shares.iter().find(|share| share.key == *key).cloned();
                let recorded = || Some(state.peek(key).ok()??.share());
                shares.extend(configured.or_else(recorded));
            }
        }
    }
    Ok(Whose::Everybodys { shares, left })
}

/// Those of the shares that can be looked at and are wanted, and why others cannot.
fn begin<'a>(
    way: Way<'a>,
    shares: Vec<Share>,
    mut left: Vec<String>,
    is_wanted: fn(&Round<'a>) -> bool,
) -> Result<(Vec<Round<'a>>, Vec<String>)> {
    let mut rounds = Vec::new();
    for share in shares {
        match way.begin(share)? {
            Ok(round) if is_wanted(&round) => rounds.push(round),
            Ok(_) => {}
            Err(cause) => left.push(cause.to_string()),
        }
    }
    Ok((rounds, left))
}

fn one(way: Way<'_>, share: Share, yes: bool, format: Format) -> Result<ExitStatus> {
    let waiting = render::Waiting::for_(format!("looking at {} and its guests", share.name));
    let round = match way.begin(share)? {
        Ok(round) => round,
        Err(cause) => return Ok(render::not_done(&cause)),
    };
    let report = round.look();
    drop(waiting);
    let is_possible = report.has_possible();
    // A program that says yes beforehand gets one document: that of what was done.
    if !(yes && format.json && is_possible) {
        render::revive(&report, format.into())?;
    }
    if !is_possible {
        return Ok(ExitStatus::of(report.is_well()));
    }
    if !(yes || is_agreed(&round.share.name, format)?) {
        return Ok(render::not_done(&"nothing was done"));
    }
    let waiting = render::Waiting::for_(format!("reviving the guests of {}", round.share.name));
    if let Err(cause) = round.mount() {
        return Ok(render::not_done(&cause));
    }
    let report = ReviveReport { applied: true, guests: round.revive(|| true, |_| {}), ..report };
    drop(waiting);
    render::revive(&report, format.into())?;
    Ok(ExitStatus::of(report.is_well()))
}

fn several(
    rounds: &[Round<'_>],
    left: Vec<String>,
    domain: Option<String>,
    yes: bool,
    format: Format,
) -> Result<ExitStatus> {
    let waiting = render::Waiting::for_("looking at guests".to_owned());
    let shares = rounds.iter().map(Round::look).collect();
    let mut report = ReviveShares { domain, shares, left };
    drop(waiting);
    let is_possible = report.shares.iter().any(ReviveReport::has_possible);
    if !(yes && format.json && is_possible) {
        render::revive_shares(&report, format.into())?;
    }
    if !is_possible {
        return Ok(ExitStatus::of(report.is_well()));
    }
    let mut agreed = Vec::new();
    for (at, round) in rounds.iter().enumerate() {
        if report.shares[at].has_possible() && (yes || is_agreed(&round.share.name, format)?) {
            agreed.push(at);
        }
    }
    if agreed.is_empty() {
        return Ok(render::not_done(&"nothing was done"));
    }
    let waiting = render::Waiting::for_("reviving guests".to_owned());
    // All are mounted before a guest runs, which may have disks on more than one.
    agreed.retain(|&at| match rounds[at].mount() {
        Ok(()) => true,
        Err(cause) => {
            report.left.push(cause.to_string());
            false
        }
    });
    for &at in &agreed {
        report.shares[at].guests = rounds[at].revive(|| true, |_| {});
        report.shares[at].applied = true;
    }
    // Such a guest is stopped again by the disk that was not its turn.
    for &at in &agreed {
        rounds[at].revive_again(&mut report.shares[at].guests);
    }
    drop(waiting);
    render::revive_shares(&report, format.into())?;
    Ok(ExitStatus::of(report.is_well()))
}

impl ReviveShares {
    fn is_well(&self) -> bool {
        self.left.is_empty() && self.shares.iter().all(ReviveReport::is_well)
    }
}
