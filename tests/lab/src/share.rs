//! What a scenario sets up around its guests: volumes behind the stand-in client, the client's
//! behaviour, and the product's configuration. Everything by the files that an operator would
//! write; no knowledge of how the product works.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::checksum::md5;
use crate::host::Host;
use crate::mounts::{self, Mount};

pub(crate) const CONFIG: &str = "/etc/virt-quobyte/config.toml";
const CLIENT_CONTROL: &str = "/usr/bin/standin.conf";
const CLIENT_LOG: &str = "/usr/bin/standin.log";
pub(crate) const VOLUMES: &str = "/srv/quobyte-standin";
/// How long what happens in the background may take.
const EVENTUALLY: Duration = Duration::from_secs(30);

const MOUNT_BASE: &str = "/var/lib/virt-quobyte/mnt";

/// Who mounts the share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Managed,
    Verified,
}

/// A volume, and the share by which the product's configuration names it.
#[derive(Debug)]
pub(crate) struct Share<'h> {
    host: &'h Host,
    name: String,
    mode: Mode,
    mount_point: Option<String>,
}

impl<'h> Share<'h> {
    /// Makes the volume. The share is named like it.
    pub(crate) fn new(host: &'h Host, name: &str) -> Result<Self> {
        let volume = host.outside(VOLUMES).join(name);
        fs::create_dir_all(&volume).with_context(|| format!("cannot make the volume {name}"))?;
        Ok(Self { host, name: name.to_owned(), mode: Mode::Managed, mount_point: None })
    }

    pub(crate) fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    pub(crate) fn mounted_at(mut self, point: &str) -> Self {
        self.mount_point = Some(point.to_owned());
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn export(&self) -> String {
        format!("registry.lab/{}", self.name)
    }

    /// Below the mount base as Nova, Cinder and os-brick compute it: over the export as it is
    /// written, without its scheme.
    pub(crate) fn mount_point(&self) -> String {
        self.mount_point.clone().unwrap_or_else(|| format!("{MOUNT_BASE}/{}", md5(self.export())))
    }

    /// Where a guest finds an image of this share.
    pub(crate) fn path(&self, image: &str) -> String {
        format!("{}/{image}", self.mount_point())
    }

    /// Where the host finds it without the share: in the volume, behind every mount.
    pub(crate) fn volume(&self, image: &str) -> String {
        format!("{VOLUMES}/{}/{image}", self.name)
    }

    /// Where this machine finds it: in the volume, behind every mount.
    pub(crate) fn backing(&self, image: &str) -> PathBuf {
        self.host.outside(VOLUMES).join(&self.name).join(image)
    }

    /// Makes an empty image of 16 MiB in the volume; returns the guest's path of it.
    pub(crate) fn image(&self, image: &str) -> Result<String> {
        let file = self.backing(image);
        File::create(&file)
            .and_then(|file| file.set_len(16 << 20))
            .with_context(|| format!("cannot make {}", file.display()))?;
        Ok(self.path(image))
    }

    /// The mounts at its mount point, oldest first.
    pub(crate) fn mounts(&self) -> Result<Vec<Mount>> {
        mounts::at(self.host, &self.mount_point())
    }

    pub(crate) fn is_mounted(&self) -> Result<()> {
        let mounts = self.mounts()?;
        ensure!(
            mounts.len() == 1,
            "share {} should be mounted once, but the mount table has {mounts:?}",
            self.name
        );
        Ok(())
    }

    pub(crate) fn is_not_mounted(&self) -> Result<()> {
        let mounts = self.mounts()?;
        ensure!(
            mounts.is_empty(),
            "share {} should not be mounted, but the mount table has {mounts:?}",
            self.name
        );
        Ok(())
    }

    fn table(&self) -> String {
        let mode = match self.mode {
            Mode::Managed => "managed",
            Mode::Verified => "verified",
        };
        let mut table = format!(
            "\n[[share]]\nname = {:?}\nexport = \"quobyte://{}\"\nmode = \"{mode}\"\n",
            self.name,
            self.export()
        );
        if let Some(point) = &self.mount_point {
            writeln!(table, "mount_point = {point:?}").expect("a string takes all");
        }
        table
    }
}

/// Writes the product's configuration: `settings` as they are, then the shares.
pub(crate) fn configure(host: &Host, settings: &str, shares: &[&Share]) -> Result<()> {
    let tables: String = shares.iter().map(|share| share.table()).collect();
    host.write(CONFIG, format!("{settings}\n{tables}"))
}

/// Has the stand-in client behave: `control` is its control file. Nothing is nothing out of the ordinary, but never an empty file:
/// a client that runs takes that for one that somebody is about to write, and goes on as it was told before.
pub(crate) fn client(host: &Host, control: &str) -> Result<()> {
    host.write(CLIENT_CONTROL, if control.is_empty() { "# as it should be\n" } else { control })
}

/// How often the client was started since the last `forget`.
pub(crate) fn client_starts(host: &Host) -> Result<Vec<String>> {
    Ok(host.read_text(CLIENT_LOG)?.lines().map(str::to_owned).collect())
}

/// Waits until the client was started.
pub(crate) fn wait_for_a_client(host: &Host) -> Result<()> {
    eventually(|| Ok(!client_starts(host)?.is_empty()), "the client is started")
}

fn eventually(reached: impl Fn() -> Result<bool>, what: &str) -> Result<()> {
    let until = Instant::now() + EVENTUALLY;
    while !reached()? {
        ensure!(Instant::now() < until, "it is not so that {what}, after {EVENTUALLY:?}");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Takes back what a scenario set up here.
pub(crate) fn forget(host: &Host) -> Result<()> {
    [CONFIG, CLIENT_CONTROL, CLIENT_LOG].into_iter().try_for_each(|file| host.remove(file))
}
