//! Runs libvirt guests on Quobyte volumes: mounts a share before a guest starts, unmounts it after the last one has stopped.
pub mod apply;
mod as_text;
pub mod config;
pub mod domain;
pub mod escape;
pub mod health;
pub mod hold;
pub mod hook;
pub mod host;
pub mod image;
pub mod lease;
pub mod mounts;
pub mod needs;
pub mod observe;
pub mod plan;
pub mod share;
