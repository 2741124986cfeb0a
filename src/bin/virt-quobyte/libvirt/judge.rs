//! The child that is asked whether libvirt would take a domain: libvirt's drivers run in this process, in a root of their own.
//!
//! - The QEMU driver, as `qemu:///embed?root=ROOT`: needs no daemon, runs no hook (only a daemon reads its hooks), and all that it
//!   defines, caches and logs is below the root. It needs an event loop, and its threads and the QEMU that it starts to learn what
//!   that can do are the reason for a process of their own.
//! - The test driver, with a host on which there is no domain: `test:///default` has one, with a name that others may have.
//! - Another libvirt, by its `domxml-to-native`, which defines nothing. Not after the QEMU driver: a process that has that in it takes
//!   every `qemu://` for its own.
//!
//! One question a line, one answer a line, both JSON, until the end of the input.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::path::Path;
use std::{fs, io, thread};

use serde::{Deserialize, Serialize};
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::{Error, ErrorNumber};
use virt::event::{event_register_default_impl, event_run_default_impl};

/// The option that makes this program the child. One operand: the root, an empty directory, which is removed in the end with what
/// libvirt puts into it.
pub(super) const OPTION: &str = "--libvirt-judges";

/// A question.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) of: Of,
    pub(super) xml: String,
}

/// Of whom it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Of {
    Qemu,
    Test,
    At(String),
}

/// An answer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    Accepted,
    Refused(String),
    /// There was nobody to ask.
    Nobody(String),
}

/// Answers questions until there are no more, if that is what this process was started for.
pub(crate) fn serve(
    arguments: &[OsString],
    input: impl BufRead,
    output: impl Write,
) -> Option<io::Result<()>> {
    let [option, root] = arguments else { return None };
    (option == OPTION).then(|| Court::in_root(Path::new(root))?.answer_all(input, output))
}

/// The connections, each opened when it is first asked.
struct Court<'r> {
    root: &'r Path,
    events: Option<Result<(), Error>>,
    open: Vec<(Of, Result<Connect, Error>)>,
}

impl<'r> Court<'r> {
    fn in_root(root: &'r Path) -> io::Result<Self> {
        // It will be removed, so nothing may be in it that is not ours.
        if fs::read_dir(root)?.next().is_some() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        super::silence();
        Ok(Self { root, events: None, open: Vec::new() })
    }

    fn answer_all(mut self, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
        for line in input.lines() {
            let question: Question = serde_json::from_str(&line?)?;
            let answer = self.answer(&question);
            writeln!(output, "{}", serde_json::to_string(&answer)?)?;
            output.flush()?;
        }
        // The drivers write there until they are closed.
        self.open.clear();
        fs::remove_dir_all(self.root)
    }

    fn answer(&mut self, Question { of, xml }: &Question) -> Answer {
        let connection = match self.connection(of) {
            Ok(connection) => connection,
            Err(error) => return Answer::Nobody(error.message().to_owned()),
        };
        let taken = match of {
            Of::Qemu | Of::Test => Domain::define_xml(connection, xml).map(Some),
            Of::At(_) => connection.domain_xml_to_native("qemu-argv", xml, 0).map(|_| None),
        };
        match taken {
            Ok(defined) => match defined.map(|domain| forget(of, &domain)).transpose() {
                Ok(_) => Answer::Accepted,
                // The next one with this name would be refused for nothing that is wrong with it.
                Err(error) => {
                    self.open.retain(|(known, _)| known != of);
                    Answer::Nobody(format!(
                        "what it had defined could not be undefined: {}",
                        error.message()
                    ))
                }
            },
            Err(error) => judged(&error),
        }
    }

    fn connection(&mut self, of: &Of) -> Result<&Connect, Error> {
        let known = self.open.iter().position(|(known, _)| known == of);
        let at = known.unwrap_or(self.open.len());
        if known.is_none() {
            let opened = self.connect(of);
            self.open.push((of.clone(), opened));
        }
        self.open[at].1.as_ref().map_err(Clone::clone)
    }

    fn connect(&mut self, of: &Of) -> Result<Connect, Error> {
        let root = escaped(self.root);
        match of {
            Of::Qemu => {
                self.events.get_or_insert_with(run_events).clone()?;
                // Without it libvirt's defaults hold, which only take longer.
                let _told_by_libvirt = look_at_emulators_as_ourselves(self.root);
                Connect::open(Some(&format!("qemu:///embed?root={root}")))
            }
            Of::Test => {
                // What libvirt says of a file that is not there is as good as what could be said here.
                let _told_by_libvirt = fs::write(self.root.join("host.xml"), "<node/>\n");
                Connect::open(Some(&format!("test://{root}/host.xml")))
            }
            Of::At(uri) => Connect::open(Some(uri)),
        }
    }
}

/// libvirt would look at the emulators as the user who runs guests. Where that user may not use `/dev/kvm` and we may, it would find
/// what it has learned to be out of date every time it looks it up, and learn it again: seconds for each domain, in containers.
fn look_at_emulators_as_ourselves(root: &Path) -> io::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    fs::create_dir_all(root.join("etc"))?;
    fs::write(root.join("etc/qemu.conf"), "user = \"+0\"\ngroup = \"+0\"\n")
}

/// libvirt's own event loop, on a thread that ends with the process.
fn run_events() -> Result<(), Error> {
    event_register_default_impl()?;
    thread::spawn(|| while event_run_default_impl().is_ok() {});
    Ok(())
}

fn forget(of: &Of, domain: &Domain) -> Result<(), Error> {
    match of {
        // Nobody has started it, so no NVRAM is its own; without a word about it libvirt would not let go of a domain that has one.
        Of::Qemu => domain.undefine_flags(virt::sys::VIR_DOMAIN_UNDEFINE_KEEP_NVRAM),
        Of::Test | Of::At(_) => domain.undefine(),
    }
}

/// An error that is no opinion about the domain says that nobody was asked.
fn judged(error: &Error) -> Answer {
    let message = error.message().to_owned();
    match error.code() {
        ErrorNumber::NoSupport
        | ErrorNumber::OperationDenied
        | ErrorNumber::AuthFailed
        | ErrorNumber::SystemError
        | ErrorNumber::NoMemory
        | ErrorNumber::Rpc => Answer::Nobody(message),
        _ => Answer::Refused(message),
    }
}

/// A path as part of a URI.
fn escaped(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let mut escaped = String::new();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a String takes everything");
        }
    }
    escaped
}
