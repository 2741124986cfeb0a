//! What `make install` puts on a host, `make uninstall` takes away.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::scenarios;
use crate::host::Host;
use crate::install::{self, Make};
use crate::runner::Verdict;

scenarios!("uninstall", WithProduct:
    uninstall_leaves_nothing_of_the_product,
);

fn uninstall_leaves_nothing_of_the_product(host: &Host) -> Result<Verdict> {
    // Once more, for the sample configuration: scenarios write and remove their own.
    install::product(host, Make::Install)?;
    let with = files(host)?;
    install::product(host, Make::Uninstall)?;
    let without = files(host)?;
    let left: Vec<_> = without.iter().filter(|path| path.contains("virt-quobyte")).collect();
    ensure!(left.is_empty(), "left after uninstall: {left:?}");
    let taken: Vec<_> =
        with.difference(&without).filter(|path| !path.contains("virt-quobyte")).collect();
    ensure!(taken.is_empty(), "uninstall took what is not the product's: {taken:?}");
    ensure!(with.len() > without.len(), "uninstall took nothing");

    // The host is still what the next scenario expects.
    install::product(host, Make::Install)?;
    Ok(Verdict::Passed)
}

/// Every file where an installation could put one, and every directory of the product. What libvirt
/// and systemd keep for themselves comes and goes, and so does what the lab puts there.
pub(super) fn files(host: &Host) -> Result<BTreeSet<String>> {
    let places = ["/etc", "/usr", "/var/lib", "/run/virt-quobyte"];
    let wanted = ["(", "!", "-type", "d", "-o", "-path", "*/virt-quobyte*", ")"];
    let found = host.command("find").args(places).args(wanted).run()?.stdout_text();
    let passing =
        ["/etc/libvirt/qemu/", "/var/lib/libvirt/", "/var/lib/systemd/", "/usr/bin/standin."];
    Ok(found
        .lines()
        .filter(|path| !passing.iter().any(|dir| path.starts_with(dir)))
        .map(str::to_owned)
        .collect())
}
