//! Whether the soak's judge would notice: the world is spoilt on purpose, in one way at a time, and the judge has to name it. In
//! between it has to find nothing, so that what it names is what was spoilt last.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::slice;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::migrate::beginning;
use super::scenarios;
use crate::guest::{Cache, Guest, Spec};
use crate::host::Host;
use crate::leases::STATE;
use crate::pair::Pair;
use crate::runner::Verdict;
use crate::share;
use crate::soak;

scenarios!("soak", OnTwoHosts: whatever_is_spoilt_on_purpose_the_judge_names_it);

/// The judge's patience where something is wrong for certain.
const AT_ONCE: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(30);

/// One guest on one of the shares that the judge knows, with all that can be spoilt of it.
struct World<'p> {
    pair: &'p Pair,
    spec: Spec,
    named: usize,
}

fn whatever_is_spoilt_on_purpose_the_judge_names_it(pair: &mut Pair) -> Result<Verdict> {
    let mut world = World::new(pair)?;
    let (left, right) = (pair.left(), pair.right());
    let [first, second, _] = soak::shares(left)?;
    let (mount_point, elsewhere) = (first.mount_point(), second.mount_point());
    let guest = Guest::define(left, world.spec.clone())?;
    guest.start_and_write(3)?;

    guest.does("suspend", &[])?;
    world.is_named("a guest that does not go on", "spoilt on lab-left is paused")?;
    guest.does("resume", &[])?;
    world.is_clean()?;

    let double = Guest::define(right, Spec::named("spoilt")?)?;
    double.start()?;
    world.is_named("a guest that runs twice", "on both hosts at once: [\"spoilt\"]")?;
    double.does("destroy", &[])?;
    world.is_clean()?;

    share::client(left, "allow_stacking = true\n")?;
    mount(left, &first.export(), &mount_point)?;
    let twice = format!("and has [{mount_point:?}, {mount_point:?}]");
    world.is_named("a mount that is made twice", &twice)?;
    share::client(left, "")?;
    left.command("umount").arg(&mount_point).done()?;
    world.is_clean()?;

    let lease = lease(left)?;
    let leased = left.read_text(&lease)?;
    left.remove(&lease)?;
    world.is_named("a guest without a lease", "and those with leases {}")?;
    left.write(&lease, &leased)?;
    world.is_clean()?;

    left.command("umount").args(["--lazy", &mount_point]).done()?;
    world.is_named("a mount that is taken away under a guest", "and has []")?;
    guest.does("destroy", &[])?;
    world.is_clean()?;

    left.write(&lease, &leased)?;
    let held = format!("its guests are {{}}, and those with leases {{{:?}}}", guest.uuid());
    world.is_named("a lease without a guest", &held)?;
    left.remove(&lease)?;
    world.is_clean()?;

    // The product makes the mount point, as it is to be.
    for verb in ["mount", "umount"] {
        left.command("virt-quobyte").args([verb, second.name()]).done()?;
    }
    mount(left, &second.export(), &elsewhere)?;
    let left_over = format!("lab-left runs {{}}, which need {{}}, and has [{elsewhere:?}]");
    world.is_named("a mount that nobody needs", &left_over)?;
    left.command("umount").arg(&elsewhere).done()?;
    world.is_clean()?;

    let image = OpenOptions::new().write(true).open(first.backing("spoilt.img"));
    let image = image.context("the guest's image")?;
    image.write_all_at(&[0; 4096], 4096).context("the guest's image")?;
    world.is_named("a flushed block that is lost", "flushed blocks of vda are not in")?;
    Ok(Verdict::Measured(format!("{} named", world.named)))
}

impl<'p> World<'p> {
    fn new(pair: &'p Pair) -> Result<Self> {
        for host in pair.hosts() {
            let shares = soak::shares(host)?;
            share::configure(host, "", &shares.each_ref())?;
        }
        let [first, ..] = soak::shares(pair.left())?;
        let spec = Spec::named("spoilt")?.disk(&first.image("spoilt.img")?, Cache::None);
        Ok(Self { pair, spec: beginning(spec), named: 0 })
    }

    fn judge(&self, soon: Duration) -> Result<Vec<String>> {
        soak::judged(self.pair, slice::from_ref(&self.spec), soon)
    }

    /// Insists that the judge says `words` of what is spoilt.
    fn is_named(&mut self, what: &str, words: &str) -> Result<()> {
        let wrong = self.judge(AT_ONCE)?;
        ensure!(
            wrong.iter().any(|wrong| wrong.contains(words)),
            "the judge does not name {what} by {words:?}, but {wrong:?}"
        );
        self.named += 1;
        Ok(())
    }

    /// Insists that it finds nothing.
    fn is_clean(&self) -> Result<()> {
        let wrong = self.judge(SOON)?;
        ensure!(wrong.is_empty(), "nothing is spoilt any more, and the judge says {wrong:?}");
        Ok(())
    }
}

/// The client, as nobody of ours would start it.
fn mount(host: &Host, export: &str, mount_point: &str) -> Result<()> {
    host.command("/usr/bin/mount.quobyte").args([export, mount_point]).done()
}

/// The one file by which the product knows who holds the only share that is mounted.
fn lease(host: &Host) -> Result<String> {
    let find = ["-maxdepth", "1", "-name", "*.json"];
    let found = host.command("find").arg(STATE).args(find).succeeds()?.stdout_text();
    let files: Vec<_> = found.lines().collect();
    ensure!(files.len() == 1, "one share should have a record, not {files:?}");
    Ok(files[0].to_owned())
}
