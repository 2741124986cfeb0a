//! How libvirt finds the hook: by a symlink among its hooks.
//!
//! libvirt runs `hooks/qemu`, and since 6.5 also every executable in `hooks/qemu.d`, whatever it is called. So a link of ours
//! may have any name there, and two of them would run the hook twice for every guest. What is ours is told by where a link
//! leads to; everything else belongs to somebody else, and is never touched.
//!
//! `decide` says what is to be done about what was found; `place` finds it and does it.
#![deny(clippy::disallowed_methods)]

mod decide;
mod place;

pub use decide::{Change, Entry, Kind, Layout, Refusal, install, uninstall};
pub use place::{HookFault, PlaceError, apply, check_hook, found};

/// The hook's file name, wherever it is installed.
pub const HOOK: &str = "virt-quobyte-hook";

/// Where libvirt looks for hooks, unless it was built otherwise.
pub const HOOKS_DIR: &str = "/etc/libvirt/hooks";
