//! The main job for a human to watch: a share that is mounted for the first guest, kept for the
//! second and gone after the last. Shows what is done and what the host then says; judges as little
//! as it needs to call itself a success.

use std::io::{self, IsTerminal as _};

use anyhow::{Result, ensure};

use crate::guest::{self, Cache, Guest, Spec};
use crate::host::Host;
use crate::image;
use crate::install;
use crate::lab::Lab;
use crate::libvirt;
use crate::mounts;
use crate::share::{self, Share};

/// Runs it; the last line says how it went.
pub(crate) fn run(lab: &Lab) -> bool {
    match show(lab) {
        Ok(()) => {
            println!("demo: ok");
            true
        }
        Err(error) => {
            println!("demo: failed: {error:#}");
            false
        }
    }
}

fn show(lab: &Lab) -> Result<()> {
    let stage = Stage::new();
    stage.step("A host with systemd, libvirtd and QEMU boots, and the product is installed in it");
    install::build()?;
    let image = image::ready(lab)?;
    let host = Host::boot(lab, &image, "lab-demo")?;
    guest::install(&host, &image)?;
    install::into(&host)?;
    stage.runs(&host, &["systemctl", "is-system-running"])?;
    stage.runs(&host, &["ls", "-l", "/etc/libvirt/hooks/qemu.d"])?;

    stage.step("One share is configured; nothing is mounted");
    let share = Share::new(&host, "gold")?.mounted_at("/srv/quobyte/gold");
    share::configure(&host, "", &[&share])?;
    stage.runs(&host, &["cat", share::CONFIG])?;
    stage.state(&host)?;
    share.is_not_mounted()?;

    let [first, second] = ["demo-1", "demo-2"].map(|name| {
        let image = share.image(&format!("{name}.img"))?;
        Guest::define(&host, Spec::named(name)?.disk(&image, Cache::None).writes(4000, "0.1"))
    });
    let (first, second) = (first?, second?);

    stage.step("The first guest starts: its start mounts the share");
    stage.runs(&host, &["virsh", "start", first.name()])?;
    first.wait_for_blocks(8)?;
    stage.console(&first)?;
    stage.state(&host)?;
    share.is_mounted()?;
    let mount = share.mounts()?;

    stage.step("The second guest starts: the share is there already");
    stage.runs(&host, &["virsh", "start", second.name()])?;
    second.wait_for_blocks(8)?;
    stage.console(&second)?;
    stage.state(&host)?;
    ensure!(share.mounts()? == mount, "the second start changed the mount");

    stage.step("libvirtd is restarted: guests and mount do not notice");
    stage.runs(&host, &["systemctl", "restart", libvirt::unit()])?;
    stage.runs(&host, &["virsh", "list"])?;
    ensure!(share.mounts()? == mount, "the restart changed the mount");

    stage.step("The first guest stops: the share stays for the second");
    stage.runs(&host, &["virsh", "destroy", first.name()])?;
    first.wait_until_off()?;
    stage.state(&host)?;
    ensure!(share.mounts()? == mount, "the first stop changed the mount");

    stage.step("The second guest is shut down: the last one out unmounts");
    stage.runs(&host, &["virsh", "shutdown", second.name()])?;
    second.wait_until_off()?;
    stage.console(&second)?;
    stage.state(&host)?;
    share.is_not_mounted()?;

    stage.step("Every block that a guest reported as flushed is in its image on the volume");
    for guest in [&first, &second] {
        let image = format!("{}.img", guest.name());
        let blocks = guest.verify("vda", &share.backing(&image))?;
        println!("    {image}: {blocks} blocks, all there");
    }
    println!();
    host.end()
}

/// How steps, commands and answers look.
struct Stage {
    bold: &'static str,
    dim: &'static str,
    plain: &'static str,
}

impl Stage {
    fn new() -> Self {
        if io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
            Self { bold: "\x1b[1m", dim: "\x1b[2m", plain: "\x1b[0m" }
        } else {
            Self { bold: "", dim: "", plain: "" }
        }
    }

    fn step(&self, what: &str) {
        println!("\n{}== {what}{}", self.bold, self.plain);
    }

    /// Runs a command of the host and shows both; it has to succeed.
    fn runs(&self, host: &Host, words: &[&str]) -> Result<()> {
        println!("  {}# {}{}", self.dim, words.join(" "), self.plain);
        let (program, arguments) = words.split_first().unwrap_or((&"true", &[]));
        let output = host.command(program).args(arguments).succeeds()?;
        indented(&output.stdout_text());
        Ok(())
    }

    /// What is mounted, and who holds it.
    fn state(&self, host: &Host) -> Result<()> {
        println!("  {}FUSE mounts:{}", self.dim, self.plain);
        let mounts = mounts::fuse(host)?;
        if mounts.is_empty() {
            println!("    none");
        }
        for mount in mounts {
            println!("    {} on {} type {}", mount.source, mount.point, mount.kind);
        }
        self.runs(host, &["virt-quobyte", "status"])
    }

    /// The last things that a guest said.
    fn console(&self, guest: &Guest) -> Result<()> {
        println!("  {}console of {}:{}", self.dim, guest.name(), self.plain);
        let console = guest.console()?;
        let lines: Vec<_> = console.lines().filter(|line| line.starts_with("guest: ")).collect();
        for line in &lines[lines.len().saturating_sub(4)..] {
            println!("    {}", line.trim_end());
        }
        Ok(())
    }
}

fn indented(text: &str) {
    for line in text.lines().filter(|line| !line.is_empty()) {
        println!("    {line}");
    }
}
