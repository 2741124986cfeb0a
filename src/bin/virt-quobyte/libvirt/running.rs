//! Which domains run, asked of a daemon that may not answer.

use std::time::Duration;

use anyhow::{Context, Result};
use virt::error::ErrorNumber;
use virt::sys;

use super::{connect, in_time};

/// How long a daemon is waited for: one that handles a guest's start answers when the hook has ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// The XML of every domain that runs. A daemon that does not answer in time is given up.
pub(crate) fn running_domains(uri: &str) -> Result<Vec<String>> {
    in_time(uri, PATIENCE, ask_for_running)
}

fn ask_for_running(uri: &str) -> Result<Vec<String>> {
    let connection = connect(Some(uri))?;
    let domains = connection
        .list_all_domains(sys::VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        .with_context(|| format!("cannot list the domains of {uri}"))?;
    let mut documents = Vec::new();
    for domain in domains {
        match domain.get_xml_desc(0) {
            Ok(xml) => documents.push(xml),
            // It ended since it was listed.
            Err(error) if error.code() == ErrorNumber::NoDomain => {}
            Err(error) => return Err(error).context("cannot read a domain's XML"),
        }
    }
    Ok(documents)
}
