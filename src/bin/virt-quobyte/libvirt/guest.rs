//! One domain of this host's QEMU driver, over a line that is given up when no answer comes in time.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::{Error, ErrorNumber};
use virt::sys;

use super::{documents, silence};

/// For a question. A daemon that handles the domain's start or end answers when the hook has ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// For a change. It waits its turn among the domain's other jobs, 30 s at most (`QEMU_JOB_WAIT_TIME`), opens the image, and
/// waits for the guest to let go of a device for a few seconds.
const PATIENCE_FOR_A_CHANGE: Duration = Duration::from_secs(60);

/// For hanging up, which the daemon has to hear of.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(1);

type Question = Box<dyn FnOnce(&Domain) + Send>;

/// A domain, whether or not it runs.
#[derive(Debug)]
pub(crate) struct Guest {
    line: Line,
    uri: String,
}

/// The thread that talks to libvirt. The library cannot be interrupted, so a thread that does not come back is left to itself,
/// and ends with this process. Any other is waited for: it gives back what the library has, and a process that ends meanwhile
/// takes the library down under it.
#[derive(Debug)]
struct Line {
    questions: Option<Sender<Question>>,
    thread: Option<JoinHandle<()>>,
    /// Nothing comes here: it breaks when the thread has hung up.
    hung_up: Receiver<()>,
}

/// What of a domain a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The guest that runs.
    Running,
    /// The definition, from which the guest is started next.
    Defined,
    /// Both, or neither.
    Both,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// libvirt says why.
    #[error("libvirt says: {0}")]
    Refused(String),
    /// Nobody knows what becomes of what was asked for.
    #[error("{uri} did not answer within {waited:?}")]
    Late { uri: String, waited: Duration },
}

impl Guest {
    /// The domain of this name or UUID.
    ///
    /// Only the QEMU driver runs the hook at the domain's end, and only this host's, so only there a lease finds its end.
    pub(crate) fn find(uri: &str, domain: &str) -> Result<Self> {
        if !is_of_this_host(uri) {
            bail!(
                "{} is another host's libvirt, and shares are mounted on this one: run it there",
                uri.escape_debug()
            );
        }
        let (questions, asked) = mpsc::channel();
        let (sender, found) = mpsc::channel();
        let (hangs_up, hung_up) = mpsc::channel();
        let (of, named) = (uri.to_owned(), domain.to_owned());
        let thread = std::thread::spawn(move || {
            let _when_all_is_given_back: Sender<()> = hangs_up;
            let (found, error) = match look_up(&of, &named) {
                Ok(domain) => (Some(domain), None),
                Err(error) => (None, Some(error)),
            };
            let _nobody_waits_any_more = sender.send(error.map_or(Ok(()), Err));
            if let Some(domain) = found {
                answer(&domain, &asked);
            }
        });
        let line = Line { questions: Some(questions), thread: Some(thread), hung_up };
        match found.recv_timeout(PATIENCE) {
            Ok(found) => found.map(|()| Self { line, uri: uri.to_owned() }),
            Err(_) => bail!("{uri} did not answer within {PATIENCE:?}"),
        }
    }

    /// Its XML, as it runs or else as it is defined; `None` if it is gone.
    pub(crate) fn xml(&self) -> Result<Option<String>, NoAnswer> {
        self.ask(PATIENCE, |domain| if_there(domain.get_xml_desc(0)))
    }

    /// Its definition; `None` if it has none, because it is gone when it ends.
    pub(crate) fn definition(&self) -> Result<Option<String>, NoAnswer> {
        self.ask(PATIENCE, |domain| {
            if if_there(domain.is_persistent())? != Some(true) {
                return Ok(None);
            }
            if_there(domain.get_xml_desc(sys::VIR_DOMAIN_XML_INACTIVE))
        })
    }

    /// Whether it is paused, by whomever or whatever; `None` if it is gone.
    pub(crate) fn is_paused(&self) -> Result<Option<bool>, NoAnswer> {
        self.ask(PATIENCE, |domain| {
            let state = if_there(domain.get_state())?;
            Ok(state.map(|(state, _why)| state == sys::VIR_DOMAIN_PAUSED))
        })
    }

    pub(crate) fn attach(&self, device: String, reach: Reach) -> Result<(), NoAnswer> {
        self.ask(PATIENCE_FOR_A_CHANGE, move |domain| {
            domain.attach_device_flags(&device, reach.flags()).map(drop)
        })
    }

    /// The guest is asked to let go of the device, and may still have it afterwards.
    pub(crate) fn detach(&self, device: String, reach: Reach) -> Result<(), NoAnswer> {
        self.ask(PATIENCE_FOR_A_CHANGE, move |domain| {
            domain.detach_device_flags(&device, reach.flags()).map(drop)
        })
    }

    /// Tells its QEMU's monitor something, or asks it; gives what QEMU answers, which may be a refusal. libvirt notes in the log
    /// of the domain that somebody did (`custom-monitor`).
    pub(crate) fn monitor(&self, command: String) -> Result<String, NoAnswer> {
        self.ask(PATIENCE_FOR_A_CHANGE, move |domain| {
            domain.qemu_monitor_command(&command, sys::VIR_DOMAIN_QEMU_MONITOR_COMMAND_DEFAULT)
        })
    }

    pub(crate) fn pause(&self) -> Result<(), NoAnswer> {
        self.ask(PATIENCE_FOR_A_CHANGE, |domain| domain.suspend().map(drop))
    }

    pub(crate) fn resume(&self) -> Result<(), NoAnswer> {
        self.ask(PATIENCE_FOR_A_CHANGE, |domain| domain.resume().map(drop))
    }

    /// Whether libvirt is at something with it that takes its time: it moves, saves or dumps it.
    pub(crate) fn is_worked_on(&self) -> Result<bool, NoAnswer> {
        self.ask(PATIENCE, |domain| {
            let job = domain.get_job_info()?.r#type;
            Ok(u32::try_from(job) != Ok(sys::VIR_DOMAIN_JOB_NONE))
        })
    }

    fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        question: impl FnOnce(&Domain) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let (sender, receiver) = mpsc::channel();
        let late = || NoAnswer::Late { uri: self.uri.clone(), waited: patience };
        let question: Question = Box::new(move |domain| {
            let _nobody_waits_any_more = sender.send(question(domain));
        });
        let line = self.line.questions.as_ref();
        line.and_then(|line| line.send(question).ok()).ok_or_else(late)?;
        match receiver.recv_timeout(patience) {
            Ok(answer) => answer.map_err(|error| NoAnswer::Refused(error.message().to_owned())),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(late()),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.questions.take());
        if self.hung_up.recv_timeout(PATIENCE_AT_THE_END) == Err(RecvTimeoutError::Disconnected)
            && let Some(thread) = self.thread.take()
        {
            let _what_it_panicked_with_was_told = thread.join();
        }
    }
}

impl Reach {
    const fn flags(self) -> u32 {
        match self {
            Self::Running => sys::VIR_DOMAIN_AFFECT_LIVE,
            Self::Defined => sys::VIR_DOMAIN_AFFECT_CONFIG,
            Self::Both => sys::VIR_DOMAIN_AFFECT_LIVE | sys::VIR_DOMAIN_AFFECT_CONFIG,
        }
    }
}

/// `qemu:///system`, not `qemu+ssh://host/system`. libvirt takes a URI without a host for this one's.
fn is_of_this_host(uri: &str) -> bool {
    uri.split_once("://").is_none_or(|(_, rest)| rest.starts_with('/'))
}

fn look_up(uri: &str, domain: &str) -> Result<Domain> {
    silence();
    let connection = Connect::open(Some(uri)).with_context(|| {
        format!("cannot connect to {uri} ('virt-quobyte doctor' says what runs of libvirt here)")
    })?;
    let driver = connection.get_type().with_context(|| format!("cannot ask {uri} what it is"))?;
    if driver != "QEMU" {
        bail!(
            "{uri} is libvirt's {driver} driver, which runs no hook at a guest's end; QEMU's does"
        );
    }
    documents::lookup(&connection, Some(uri), domain)
}

fn answer(domain: &Domain, questions: &Receiver<Question>) {
    while let Ok(question) = questions.recv() {
        question(domain);
    }
}

/// What is said of a domain, unless there is none any more.
fn if_there<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(error) if error.code() == ErrorNumber::NoDomain => Ok(None),
        answer => answer.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_this_host;

    #[test]
    fn a_uri_with_a_host_is_not_of_this_host() {
        let rows = [
            ("qemu:///system", true),
            ("qemu+unix:///system", true),
            ("qemu:///system?socket=/run/x", true),
            ("qemu+ssh://kvm2/system", false),
            ("qemu://localhost/system", false),
            ("qemu+tcp://10.0.0.1:16509/system", false),
        ];
        for (uri, expected) in rows {
            assert_eq!(is_of_this_host(uri), expected, "{uri}");
        }
    }
}
