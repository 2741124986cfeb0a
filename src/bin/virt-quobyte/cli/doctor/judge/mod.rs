//! What is to be said of what was found. Values in, checks out.
//!
//! ```text
//! client        the client, its configuration, and what keeps it alive
//! confinement   AppArmor and SELinux
//! directories   the mount base, the mount points, the state directory
//! fuse          the kernel's part
//! hook          whether libvirt runs the hook, and what else it runs
//! libvirt       versions, and what is seen of a libvirt from afar
//! locks         what keeps two guests from one image
//! ownership     who gives an image to QEMU's user
//! qemu_conf     the text of libvirt's qemu.conf
//! registries    whether the registries' names can be resolved
//! revival       which guests would go on after their client died
//! settings      the configuration
//! ```
#![deny(clippy::disallowed_methods)]

pub(super) mod client;
pub(super) mod confinement;
pub(super) mod directories;
pub(super) mod fuse;
pub(super) mod hook;
pub(super) mod libvirt;
pub(super) mod locks;
pub(super) mod ownership;
pub(super) mod qemu_conf;
pub(super) mod registries;
pub(super) mod revival;
pub(super) mod settings;
