//! libvirt's library: nothing else in this project names it.
//!
//! ```text
//! about       what a libvirt says of itself and its host
//! documents   the XML of domains that a libvirt has
//! running     which domains run, for whoever cannot wait for ever
//! guest       one domain, to be changed
//! verdict     whether a libvirt would take a domain, and which one was asked
//! oracle      asks that, of a child with a deadline, and leaves nothing behind
//! judge       the child: libvirt's drivers in its own process
//! ```

mod about;
mod documents;
mod guest;
mod judge;
mod oracle;
mod running;
mod verdict;

use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use virt::connect::Connect;

pub(crate) use about::{About, about};
pub(crate) use documents::{Documents, DomainXml, all_domains, domain_xml, domains};
pub(crate) use guest::{Guest, NoAnswer, Reach};
pub(crate) use judge::serve;
pub(crate) use oracle::Oracle;
pub(crate) use running::running_domains;
pub(crate) use verdict::Verdict;

/// The version of this host's libvirt, as libvirt counts: 6.5.0 is `6_005_000`. The library and the daemons come as one release.
pub(crate) fn version() -> Result<u32> {
    silence();
    Connect::get_version().context("cannot ask libvirt's library for its version")
}

fn connect(uri: Option<&str>) -> Result<Connect> {
    silence();
    Connect::open_read_only(uri).with_context(|| format!("cannot connect to {}", shown(uri)))
}

/// Asks a libvirt something, and gives it up if it does not answer in time.
fn in_time<T: Send + 'static>(
    uri: &str,
    patience: Duration,
    ask: fn(&str) -> Result<T>,
) -> Result<T> {
    let (sender, receiver) = mpsc::channel();
    let asked = uri.to_owned();
    // The library cannot be interrupted, so it is left to wait, and ends with this process.
    std::thread::spawn(move || {
        let _nobody_waits_any_more = sender.send(ask(&asked));
    });
    receiver
        .recv_timeout(patience)
        .unwrap_or_else(|_| bail!("{uri} did not answer within {patience:?}"))
}

fn shown(uri: Option<&str>) -> &str {
    uri.unwrap_or("libvirt's default")
}

/// libvirt's library prints every error on stderr before it returns it; ours are printed once, and in one place.
fn silence() {
    virt::error::clear_error_callback();
}
