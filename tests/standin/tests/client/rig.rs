//! A client of its own for each claim: the executable with its control file beside it, a volume, and a mount point.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::mount::{MntFlags, umount2};
use nix::unistd::Pid;

/// Where a claim finds the directory that is its own.
pub(crate) const HOME: &str = "STANDIN_HOME";

pub(crate) const EXPORT: &str = "reg1.example.org,reg2.example.org/gold";
pub(crate) const SOURCE: &str = "quobyte@reg1.example.org|reg2.example.org/gold";

#[derive(Debug)]
pub(crate) struct Rig {
    home: PathBuf,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let home = PathBuf::from(env::var_os(HOME).unwrap());
        let rig = Self { home };
        fs::copy(env!("CARGO_BIN_EXE_mount-quobyte"), rig.program()).unwrap();
        fs::create_dir_all(rig.backing()).unwrap();
        fs::create_dir(rig.point()).unwrap();
        rig.control("");
        rig
    }

    /// A rig whose client behaves well and has mounted the volume.
    pub(crate) fn mounted() -> Self {
        let rig = Self::new();
        rig.mount();
        rig
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.home.join("mount.quobyte")
    }

    pub(crate) fn backing(&self) -> PathBuf {
        self.home.join("volumes/gold")
    }

    pub(crate) fn point(&self) -> PathBuf {
        self.home.join("point")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Writes the control file at one stroke, as a running client reads it.
    pub(crate) fn control(&self, keys: &str) {
        let draft = self.home.join("standin.conf.new");
        let backing = self.home.join("volumes");
        fs::write(&draft, format!("backing = '{}'\n{keys}\n", backing.display())).unwrap();
        fs::rename(draft, self.home.join("standin.conf")).unwrap();
    }

    pub(crate) fn client(&self, words: &[&str]) -> Command {
        let mut client = Command::new(self.program());
        client.args(words).stdin(Stdio::null());
        client
    }

    /// Mounts as the product would and answers what the client said.
    pub(crate) fn try_mount(&self) -> Output {
        self.client(&["--disable-xattrs", EXPORT]).arg(self.point()).output().unwrap()
    }

    pub(crate) fn mount(&self) {
        let output = self.try_mount();
        assert!(output.status.success(), "{output:?}");
    }

    /// The kernel's lines about our mount point, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let point = format!(" {} ", self.point().display());
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
        table.lines().filter(|line| line.contains(&point)).map(str::to_owned).collect()
    }

    /// As the product does: the bare system call.
    pub(crate) fn unmount(&self) -> nix::Result<()> {
        umount2(&self.point(), MntFlags::UMOUNT_NOFOLLOW)
    }

    /// The processes that run this client.
    pub(crate) fn daemons(&self) -> Vec<Pid> {
        let program = self.program();
        let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let entry = entry.unwrap();
            let number = entry.file_name().to_str()?.parse().ok()?;
            (fs::read_link(entry.path().join("exe")).ok()? == program).then_some(number)
        });
        numbers.map(Pid::from_raw).collect()
    }

    pub(crate) fn daemon(&self) -> Pid {
        let daemons = self.daemons();
        assert_eq!(daemons.len(), 1, "{daemons:?}");
        daemons[0]
    }

    pub(crate) fn daemon_ends(&self) {
        eventually("the daemon ends", || self.daemons().is_empty());
    }
}

pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A process that asks for the attributes of `path`, because asking may never come back.
pub(crate) fn stat_command(path: &Path) -> Command {
    let mut stat = Command::new("stat");
    stat.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    stat
}

#[track_caller]
pub(crate) fn assert_errno<T: std::fmt::Debug>(outcome: io::Result<T>, errno: nix::errno::Errno) {
    assert_eq!(outcome.unwrap_err().raw_os_error(), Some(errno as i32), "{errno} was expected");
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn open_direct(path: &Path) -> File {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(OFlag::O_DIRECT.bits())
        .open(path)
        .unwrap()
}

/// Memory as `O_DIRECT` wants it, filled from `fill`.
pub(crate) fn aligned<R>(
    length: usize,
    fill: impl Fn(&mut [u8]),
    use_it: impl FnOnce(&mut [u8]) -> R,
) -> R {
    const BLOCK: usize = 4096;
    let mut memory = vec![0; length + BLOCK];
    let start = memory.as_ptr().align_offset(BLOCK);
    let slice = &mut memory[start..start + length];
    fill(slice);
    use_it(slice)
}

/// Bytes that tell one seed and one place from every other.
pub(crate) fn pattern(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Runs a program as a user without rights.
pub(crate) fn as_nobody(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(program);
    command.stdin(Stdio::null());
    command
}

pub(crate) fn names_in(dir: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let name = |name: &OsStr| name.to_str().unwrap().to_owned();
    let mut names: Vec<_> = entries.map(|entry| name(&entry.unwrap().file_name())).collect();
    names.sort();
    names
}
