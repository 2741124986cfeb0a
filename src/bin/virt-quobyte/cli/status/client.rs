//! The clients that serve the mounts that we made, and what they say of themselves.

use virt_quobyte::host::client;
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::processes::clients::{Client, Replaced};
use virt_quobyte::share::Share;

/// A client that runs.
#[derive(Debug, Clone)]
pub(crate) struct ClientStatus {
    pub(crate) pid: u32,
    pub(crate) program: String,
    pub(crate) replaced: Replaced,
    /// What it says when it is asked for its version, if it says anything.
    pub(crate) version: Option<String>,
}

/// The clients of these shares, in their order. What is not found out in time is left out: it says nothing of the shares.
pub(super) fn of(shares: &[&Share], deadline: Deadline) -> Vec<Option<ClientStatus>> {
    if shares.is_empty() {
        return Vec::new();
    }
    let found = client::running(shares, deadline.at_most(deadline.left() / 2));
    let found = found.unwrap_or_else(|_| vec![None; shares.len()]);
    // Each program is asked once, however many shares it serves.
    let mut asked: Vec<(Client, Option<String>)> = Vec::new();
    let statuses = found.into_iter().map(|client| {
        let client = client?;
        let same = |known: &Client| {
            client.replaced == Replaced::No
                && (&known.program, known.replaced) == (&client.program, client.replaced)
        };
        let known = asked.iter().find(|(known, _)| same(known)).map(|(_, said)| said.clone());
        let version = known.unwrap_or_else(|| {
            let said = version(&client, deadline);
            asked.push((client.clone(), said.clone()));
            said
        });
        let program = client.program.to_string_lossy().into_owned();
        Some(ClientStatus { pid: client.pid, program, replaced: client.replaced, version })
    });
    statuses.collect()
}

fn version(client: &Client, deadline: Deadline) -> Option<String> {
    if !deadline.has_time_for_a_look() {
        return None;
    }
    let said = client::version_of(client, deadline.at_most(deadline.left() / 2))?.ok()?;
    if said.end.is_not_loaded() { None } else { said.first_line() }
}
