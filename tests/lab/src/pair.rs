//! Two hosts that a guest can move between: joined by a cable, with one backing store behind both their clients and the product
//! installed in both from its package.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::cgroup::Cgroup;
use crate::guest;
use crate::host::{self, Host, Namespaces};
use crate::image::Image;
use crate::install;
use crate::lab::Lab;
use crate::libvirt::{self, Daemon};
use crate::store::Store;

const NAMES: [&str; 2] = ["lab-left", "lab-right"];

/// Migrations are taken without a password on this network of two, and a host that is silent for some seconds is given up.
const LISTENING: &str = "auth_tcp = \"none\"\n";
const DAEMON: &str = "\
host_uuid_source = \"machine-id\"
keepalive_interval = 1
keepalive_count = 3
";
const QEMU: &str = "keepalive_interval = 1\nkeepalive_count = 3\n";

/// Both hosts. They end with the lab.
#[derive(Debug)]
pub(crate) struct Pair {
    left: Host,
    right: Host,
    store: Store,
    tree: Cgroup,
    image: PathBuf,
}

impl Pair {
    pub(crate) fn boot(lab: &Lab, image: &Image) -> Result<Self> {
        let (tree, dir) = (lab.tree().clone(), image.dir().to_owned());
        let store = Store::open(&tree, &dir)?;
        let disk = store.disk()?;
        let deb = install::package()?;
        let daemon = Daemon::chosen()?;
        let listener = daemon.listener();
        let [left, right] = NAMES.map(|name| Host::boot_from(&tree, &dir, name, disk));
        let pair = Self { left: left?, right: right?, store, tree, image: dir };
        for host in pair.hosts() {
            guest::install(host, image)?;
            append(host, &format!("/etc/libvirt/{listener}.conf"), LISTENING)?;
            append(host, &format!("/etc/libvirt/{}.conf", daemon.name()), DAEMON)?;
            append(host, "/etc/libvirt/qemu.conf", QEMU)?;
            install::from_package(host, &deb)?;
            listen(host, listener)?;
        }
        host::join(&pair.left, &pair.right)?;
        Ok(pair)
    }

    pub(crate) fn left(&self) -> &Host {
        &self.left
    }

    pub(crate) fn right(&self) -> &Host {
        &self.right
    }

    pub(crate) fn hosts(&self) -> [&Host; 2] {
        [&self.left, &self.right]
    }

    /// Cuts the left host's power and boots it again, with the files that it had.
    pub(crate) fn power_cycle_left(&mut self) -> Result<()> {
        self.power_cycle(0)
    }

    /// The same for the host that has this number in `hosts`.
    pub(crate) fn power_cycle(&mut self, number: usize) -> Result<()> {
        let (host, other) = match number {
            0 => (&mut self.left, &self.right),
            _ => (&mut self.right, &self.left),
        };
        let name = host.name().to_owned();
        host.cut_power()?;
        *host = Host::boot_from(&self.tree, &self.image, &name, self.store.disk()?)?;
        // The other host's end of the cable goes with this one's, some time after it.
        let _gone = other.command("ip").args(["link", "delete", host::LINK]).run()?;
        host::join(&self.left, &self.right)
    }

    /// By what its processes are recognised once it is gone.
    pub(crate) fn traces(&self) -> Vec<Namespaces> {
        self.hosts().map(|host| host.namespaces().clone()).into()
    }

    pub(crate) fn end(self) -> Result<Vec<Namespaces>> {
        let traces = self.traces();
        self.left.end()?;
        self.right.end()?;
        self.store.close()?;
        Ok(traces)
    }
}

/// The socket that other hosts' migrations come by is there before the daemon: systemd hands it over.
fn listen(host: &Host, listener: &str) -> Result<()> {
    let service = format!("{listener}.service");
    host.command("systemctl").args(["stop", &service]).done()?;
    host.command("systemctl")
        .args(["enable", "--now", &format!("{listener}-tcp.socket")])
        .done()?;
    host.command("systemctl").args(["start", &service]).done()?;
    if libvirt::unit() == service {
        return Ok(());
    }
    // The daemon behind it has other settings too.
    host.command("systemctl").args(["restart", libvirt::unit()]).done()
}

fn append(host: &Host, file: &str, lines: &str) -> Result<()> {
    let text = host.read_text(file).with_context(|| file.to_owned())?;
    host.write(file, format!("{text}\n{lines}"))
}
