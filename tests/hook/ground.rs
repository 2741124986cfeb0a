//! A little host: a mount namespace, a configuration, a client, and the hook to call.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

// By their paths, because another test takes this file in from elsewhere.
#[path = "called.rs"]
pub(crate) mod called;
#[path = "guest.rs"]
mod guest;

use called::spawn;
pub(crate) use called::{Called, feed};
pub(crate) use guest::Guest;

pub(crate) const HOOK: &str = env!("CARGO_BIN_EXE_virt-quobyte-hook");

/// Why these tests cannot run here. A stand-in client that was not built is no such reason, but a mistake.
pub(crate) fn missing() -> Option<&'static str> {
    if !nix::unistd::geteuid().is_root() {
        Some("only root can mount")
    } else if !Path::new("/dev/fuse").exists() {
        Some("there is no /dev/fuse")
    } else {
        None
    }
}

/// The stand-in client, which cargo puts beside the hook. In there it has not the name that a client has.
fn client() -> PathBuf {
    Path::new(HOOK).with_file_name("mount-quobyte")
}

/// Begins a test, or ends it with the reason why it cannot run.
macro_rules! ground {
    () => {
        match crate::ground::missing() {
            Some(why) => {
                println!("skipped: {why}");
                return;
            }
            None => crate::ground::Ground::new(),
        }
    };
    ($shares:expr) => {
        match crate::ground::missing() {
            Some(why) => {
                println!("skipped: {why}");
                return;
            }
            None => crate::ground::Ground::with_shares($shares),
        }
    };
}
pub(crate) use ground;

/// Where a test takes place.
pub(crate) struct Ground {
    dir: TempDir,
    shares: Vec<String>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self::with_shares(&["gold", "silver"])
    }

    /// With managed shares of these names, and a volume for each.
    pub(crate) fn with_shares(shares: &[&str]) -> Self {
        // Of this thread alone: the test harness runs each test in one of its own.
        unshare(CloneFlags::CLONE_NEWNS).expect("root may unshare");
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("root may");
        let ground = Self {
            dir: tempfile::Builder::new().prefix("vq-hook-").tempdir().expect("a tempdir"),
            shares: shares.iter().map(|&share| share.to_owned()).collect(),
        };
        fs::create_dir_all(ground.path("bin")).expect("a directory");
        // By another process: a copy that is open for writing here would be inherited by what other tests start at this
        // moment, and a program that somebody has open for writing cannot be run.
        let copied =
            Command::new("cp").arg(client()).arg(ground.path("bin/mount.quobyte")).status();
        assert!(
            copied.is_ok_and(|cp| cp.success()),
            "the stand-in client: cargo build --package standin"
        );
        for volume in shares {
            fs::create_dir_all(ground.path("volumes").join(volume)).expect("a volume");
            fs::write(ground.path("volumes").join(volume).join("vm.img"), b"image")
                .expect("an image");
        }
        ground.set_client("");
        ground.set_config("", shares);
        ground
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn text(&self, below: &str) -> String {
        self.path(below).to_str().expect("UTF-8").to_owned()
    }

    /// Where a share's volume is mounted.
    pub(crate) fn mount_point(&self, share: &str) -> PathBuf {
        self.path("mnt").join(share)
    }

    /// Tells the stand-in client how to behave.
    pub(crate) fn set_client(&self, behaviour: &str) {
        let text = format!("backing = {:?}\n{behaviour}", self.text("volumes"));
        let new = self.path("bin/standin.conf.new");
        fs::write(&new, text).expect("written");
        fs::rename(new, self.path("bin/standin.conf")).expect("renamed");
    }

    /// Writes the configuration: managed shares of these names, and more of it in front.
    pub(crate) fn set_config(&self, more: &str, shares: &[&str]) {
        let mut text = format!(
            "mount_base = {:?}\nstate_dir = {:?}\n{more}\n[client]\nprogram = {:?}\nisolation = \"none\"\n\
             [deadlines]\nmount = \"3s\"\nprobe = \"1s\"\nunmount = \"2s\"\nhook = \"10s\"\n",
            self.text("base"),
            self.text("state"),
            self.text("bin/mount.quobyte"),
        );
        for share in shares {
            let mount_point = self.text(&format!("mnt/{share}"));
            write!(
                text,
                "[[share]]\nname = {share:?}\nexport = \"quobyte://reg1,reg2/{share}\"\nmount_point = {mount_point:?}\n"
            )
            .expect("a String takes everything");
        }
        fs::write(self.path("config.toml"), text).expect("written");
    }

    /// Replaces a text in the configuration.
    pub(crate) fn change_config(&self, from: &str, to: &str) {
        let path = self.path("config.toml");
        let text = fs::read_to_string(&path).expect("a configuration");
        assert!(text.contains(from), "{from} is not in the configuration");
        fs::write(path, text.replace(from, to)).expect("written");
    }

    /// A guest with a disk on each of these shares.
    pub(crate) fn guest(&self, name: &str, shares: &[&str]) -> Guest {
        let images: Vec<String> = shares
            .iter()
            .map(|share| self.mount_point(share).join("vm.img").to_str().expect("UTF-8").to_owned())
            .collect();
        Guest::new(name, &images)
    }

    pub(crate) fn hook_command(&self, guest: &Guest, operation: &str) -> Command {
        let mut command = Command::new(HOOK);
        let sub = if matches!(operation, "stopped" | "release") { "end" } else { "begin" };
        command
            .args([guest.name.as_str(), operation, sub, "-"])
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("VIRT_QUOBYTE_CONFIG", self.path("config.toml"))
            .current_dir("/");
        command
    }

    /// Calls the hook as libvirt does.
    pub(crate) fn hook(&self, guest: &Guest, operation: &str) -> Called {
        feed(self.hook_command(guest, operation), guest.xml().as_bytes())
    }

    /// Calls the hook with something else on its standard input.
    pub(crate) fn hook_with(&self, guest: &Guest, operation: &str, stdin: &[u8]) -> Called {
        feed(self.hook_command(guest, operation), stdin)
    }

    /// Starts a call and does not wait for it.
    pub(crate) fn hook_in_background(&self, guest: &Guest, operation: &str) -> Child {
        let mut child = spawn(self.hook_command(guest, operation));
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(guest.xml().as_bytes()).expect("the hook reads");
        child
    }

    /// How many mounts there are exactly on a path.
    #[expect(clippy::unused_self, reason = "the mounts are those of the ground's namespace")]
    pub(crate) fn mounts_on(&self, path: &Path) -> usize {
        let table = fs::read_to_string("/proc/thread-self/mountinfo").expect("a mount table");
        table.lines().filter(|line| line.split(' ').nth(4) == path.to_str()).count()
    }

    pub(crate) fn is_mounted(&self, share: &str) -> bool {
        self.mounts_on(&self.mount_point(share)) > 0
    }

    /// All that is left in the state directory but the lock files, which stay for ever.
    pub(crate) fn state(&self) -> Vec<String> {
        fn list(directory: &Path, prefix: &str, names: &mut Vec<String>) {
            for entry in fs::read_dir(directory).into_iter().flatten() {
                let entry = entry.expect("readable");
                let name = format!("{prefix}{}", entry.file_name().display());
                if entry.file_type().expect("readable").is_dir() {
                    list(&entry.path(), &format!("{name}/"), names);
                } else if entry.path().extension().is_none_or(|e| e != "lock") {
                    names.push(name);
                }
            }
        }
        let mut names = Vec::new();
        list(&self.path("state"), "", &mut names);
        names.sort();
        names
    }

    /// The text of a share's record.
    pub(crate) fn record(&self, share: &str) -> String {
        let record = self.record_path(share);
        fs::read_to_string(&record).unwrap_or_else(|error| panic!("{}: {error}", record.display()))
    }

    pub(crate) fn record_path(&self, share: &str) -> PathBuf {
        let export: virt_quobyte::share::Export =
            format!("reg1,reg2/{share}").parse().expect("an export");
        self.path("state").join(format!("{}.json", export.key()))
    }

    /// Puts a `/run` of the ground's own in place of the host's.
    #[cfg(feature = "admin")]
    pub(crate) fn take_run(&self) {
        let own = self.path("run");
        fs::create_dir_all(own.join("libvirt/qemu")).expect("made");
        let bind = MsFlags::MS_BIND;
        mount(Some(&own), "/run", None::<&str>, bind, None::<&str>).expect("root may mount");
    }

    /// Leaves there what libvirtd keeps of a guest that runs.
    #[cfg(feature = "admin")]
    pub(crate) fn leave_status(&self, guest: &Guest) {
        let status = format!("<domstatus state='running' pid='1'>{}</domstatus>", guest.xml());
        let file = self.path("run/libvirt/qemu").join(format!("{}.xml", guest.name));
        fs::write(file, status).expect("written");
    }

    /// The client's starts, as it logged them: one JSON object each.
    pub(crate) fn client_starts(&self) -> Vec<serde_json::Value> {
        let log = fs::read_to_string(self.path("bin/standin.log")).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The client processes that live.
    pub(crate) fn clients(&self) -> Vec<i32> {
        let binary = self.path("bin/mount.quobyte");
        let processes = fs::read_dir("/proc").expect("a /proc");
        let pids =
            processes.filter_map(|process| process.ok()?.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| {
            fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| {
                exe == binary || exe.to_string_lossy().starts_with(&*binary.to_string_lossy())
            })
        })
        .collect()
    }

    pub(crate) fn kill_clients(&self) {
        for pid in self.clients() {
            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        self.wait_until("the clients are gone", || self.clients().is_empty());
    }

    #[expect(clippy::unused_self, reason = "what is waited for happens on the ground")]
    pub(crate) fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(begun.elapsed() < Duration::from_secs(10), "waited 10 s until {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Nothing is mounted, nobody holds anything, and no client runs.
    pub(crate) fn assert_nothing_left(&self) {
        for share in &self.shares {
            assert_eq!(self.mounts_on(&self.mount_point(share)), 0, "{share} is mounted");
        }
        assert_eq!(self.state(), Vec::<String>::new());
        self.wait_until("no client runs", || self.clients().is_empty());
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for pid in self.clients() {
            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        for share in &self.shares {
            while umount2(&self.mount_point(share), MntFlags::MNT_DETACH).is_ok() {}
        }
        // Mount points are immutable where the file system can, and a tempdir that cannot be removed would stay.
        let bare = self.shares.iter().map(|share| self.mount_point(share));
        let _no_such_flags =
            Command::new("chattr").arg("-i").args(bare).stderr(Stdio::null()).status();
    }
}

/// Sets a path's mode.
pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}
