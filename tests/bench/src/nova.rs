//! Nova's own Quobyte driver beside the hook: in a process that stays, as in nova-compute, while each call of the hook is a process
//! of its own. What it is asked for is in `nova-driver.py`.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::call::Call;
use crate::count::{self, Cost};
use crate::host::{Host, TOP, export};

/// A driver that waits to be asked, on the host that it was started on.
#[derive(Debug)]
pub(crate) struct Nova {
    process: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
    mount_point: PathBuf,
}

/// Whether the volume is mounted after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Mounted,
    NotMounted,
}

fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/nova/bin/python")
}

/// Why there is no Nova to measure.
pub(crate) fn lacks() -> Option<&'static str> {
    (!python().exists()).then_some("Nova is not there; make nova fetches it")
}

/// The driver as a program that is asked these words and ends.
fn call(host: &Host, share: &str, words: &str) -> Result<Call> {
    let input = Path::new(TOP).join("asked-of-nova");
    fs::write(&input, words).context("what Nova is asked")?;
    let (program, base) = (concat!(env!("CARGO_MANIFEST_DIR"), "/nova-driver.py"), host.base());
    let base = base.to_str().context("a path that is text")?;
    Ok(Call::new(&python(), &[program, base, &export(share)], &input)
        .with("PATH", format!("{TOP}/bin:/usr/sbin:/usr/bin:/sbin:/bin").into()))
}

/// What a connect that mounts and a disconnect that unmounts ask of the kernel.
pub(crate) fn costs(host: &Host, share: &str) -> Result<[Cost; 2]> {
    host.enter()?;
    // What Python and the modules cost by themselves is paid once in nova-compute's life. The first start of all also compiles them.
    let idle = call(host, share, "")?;
    idle.time()?;
    let idle = count::cost(&idle)?;
    let cost = |words: &str| -> Result<Cost> {
        let cost = count::cost(&call(host, share, words)?)?;
        Ok(Cost { calls: cost.calls.saturating_sub(idle.calls), ..cost })
    };
    Ok([cost("connect\n")?, cost("disconnect\n")?])
}

impl Nova {
    /// Starts the driver on a host, for one of its shares.
    pub(crate) fn on(host: &Host, share: &str) -> Result<Self> {
        host.enter()?;
        let idle = call(host, share, "")?;
        let mut process = idle
            .command(&idle.line)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start Nova's driver")?;
        let asked = process.stdin.take().context("its input")?;
        let mut answers = BufReader::new(process.stdout.take().context("its output")?);
        let mut mount_point = String::new();
        answers.read_line(&mut mount_point).context("Nova's mount point")?;
        let mount_point = mount_point.trim_end().into();
        Ok(Self { process, asked, answers, mount_point })
    }

    pub(crate) fn connect(&mut self) -> Result<Duration> {
        self.ask("connect", After::Mounted)
    }

    pub(crate) fn disconnect(&mut self, after: After) -> Result<Duration> {
        self.ask("disconnect", after)
    }

    /// Uses the volume, as another guest would.
    pub(crate) fn use_volume(&self) -> Result<File> {
        File::create(self.mount_point.join("in-use")).context("a file on Nova's mount")
    }

    fn ask(&mut self, what: &str, after: After) -> Result<Duration> {
        writeln!(self.asked, "{what}").context("asking Nova's driver")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).context("Nova's answer")?;
        let (took, mounted) = answer.trim_end().split_once(' ').context("Nova's driver is gone")?;
        let wanted = if after == After::Mounted { "mounted" } else { "not mounted" };
        ensure!(mounted == wanted, "after a {what} by Nova's driver its volume is {mounted}");
        Ok(Duration::from_nanos(took.parse().context("Nova's answer")?))
    }
}

impl Drop for Nova {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _nobody_waits = self.process.wait();
    }
}
