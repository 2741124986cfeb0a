//! Runs libvirt guests on Quobyte volumes.
