//! What a libvirt says of itself and its host.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{connect, in_time};

/// Longer than for a daemon of this host: the way to another one may begin with a question for a password.
const PATIENCE: Duration = Duration::from_secs(30);

/// A libvirt and its hypervisor. Versions are as libvirt counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    /// The daemon's version.
    pub(crate) libvirt: u32,
    /// The driver's name for its hypervisor.
    pub(crate) hypervisor: String,
    /// The hypervisor's version; none if it is not installed.
    pub(crate) hypervisor_version: Option<u32>,
    /// The XML of its capabilities.
    pub(crate) capabilities: String,
}

/// Asks a libvirt. One that does not answer in time is given up.
pub(crate) fn about(uri: &str) -> Result<About> {
    in_time(uri, PATIENCE, ask)
}

fn ask(uri: &str) -> Result<About> {
    let connection = connect(Some(uri))?;
    let failed = |what| move || format!("{uri} does not say {what}");
    Ok(About {
        libvirt: connection.get_lib_version().with_context(failed("its version"))?,
        hypervisor: connection.get_type().with_context(failed("what it runs"))?,
        // The driver is there without its hypervisor, and then has no version to tell.
        hypervisor_version: connection.get_hyp_version().ok().filter(|&version| version > 0),
        capabilities: connection.get_capabilities().with_context(failed("what its host can do"))?,
    })
}
