//! The outside world, one thing a file: what each does is a function, what it needs comes in as values. No policy.
//!
//! Nothing in here, save what [`own_child`] runs in a process of its own, looks at a path below a mount point: a FUSE client
//! that does not answer would hold the caller in a sleep that no signal ends.

pub mod caller;
pub mod client;
pub mod clock;
#[cfg(feature = "admin")]
pub mod confinement;
pub mod connection;
pub mod deadline;
#[cfg(feature = "admin")]
pub mod fuse;
pub mod image;
pub mod journal;
#[cfg(feature = "admin")]
pub mod kept_mount;
pub mod later;
#[cfg(feature = "admin")]
pub mod libvirt_daemon;
pub mod mount_point;
pub mod mount_table;
pub mod own_child;
pub mod probe;
pub mod process;
pub mod processes;
pub mod program;
#[cfg(feature = "admin")]
pub mod resolver;
#[cfg(feature = "admin")]
pub mod schema_files;
mod sys;
pub mod systemd;
#[cfg(feature = "admin")]
pub mod told_to_end;
#[cfg(feature = "admin")]
pub mod trial;
pub mod trusted_path;
pub mod unmount;

pub use sys::{exit_now, standard_input};

/// Lets the storage client that this process starts outlive the guests that it serves, when memory runs out.
///
/// The score is inherited. libvirtd's own unit has -999, and a QEMU gets 0 from libvirt. Without the privilege nothing changes.
pub fn prefer_to_survive() {
    const SCORE: i32 = -900;
    const FILE: &str = "/proc/self/oom_score_adj";
    let now = std::fs::read_to_string(FILE).ok().and_then(|score| score.trim().parse::<i32>().ok());
    if now.is_some_and(|now| now > SCORE) {
        let _not_privileged = std::fs::write(FILE, SCORE.to_string());
    }
}

/// Puts right what a caller may have left otherwise: the umask, and descriptors that children would inherit.
///
/// libvirtd runs with umask 0 at times, and a shell or a wrapper script may leave descriptors open.
pub fn prepare_process() {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    sys::close_on_exec_from(3);
}

/// Goes where libvirtd is, and its hook with it: whoever else has called, nothing of that directory is meant.
pub fn enter_root_directory() {
    let _always_there = std::env::set_current_dir("/");
}
