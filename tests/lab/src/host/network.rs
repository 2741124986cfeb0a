//! A cable between two hosts: a pair of links, one end in each host's network, and names for both. This machine's own network is
//! not touched.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::Host;

/// The link's name in each host.
pub(crate) const LINK: &str = "lab0";

/// Connects two hosts that have no cable, and has each know the other by name.
pub(crate) fn join(left: &Host, right: &Host) -> Result<()> {
    let [first, second] = [left, right].map(|host| host.init.to_string());
    let words = ["link", "add", LINK, "netns", &first, "type", "veth"];
    let made = Command::new("ip")
        .args(words)
        .args(["peer", "name", LINK, "netns", &second])
        .stdin(Stdio::null())
        .output()
        .context("cannot run ip")?;
    let told = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "cannot connect the hosts: {told}");
    let ends = [(left, "192.0.2.1"), (right, "192.0.2.2")];
    let mut names = "127.0.0.1 localhost\n".to_owned();
    for (host, address) in ends {
        writeln!(names, "{address} {0}.lab {0}", host.name()).expect("a string takes all");
    }
    for (host, address) in ends {
        host.write("/etc/hosts", &names)?;
        host.command("ip")
            .args(["address", "add", &format!("{address}/24"), "dev", LINK])
            .done()?;
        host.command("ip").args(["link", "set", LINK, "up"]).done()?;
    }
    Ok(())
}
