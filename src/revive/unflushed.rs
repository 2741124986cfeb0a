//! What a disk may lose when QEMU lets go of its dead nodes: of what the guest was told is written, and has not had flushed.
//!
//! What was flushed is there in any case: QEMU says so to the guest after the client has. What the client itself keeps in memory,
//! and loses when it dies, is not decided here and not known to QEMU.

use std::fmt;

use super::facts::Cache;

/// What may become of what the guest was told is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unflushed {
    /// Nothing of it is lost with QEMU's nodes.
    Kept(Kept),
    /// What was not flushed may be lost, and a guest that goes on does not know it.
    MayBeLost(MayBeLost),
    /// The dead nodes were let go of before: this is decided.
    LetGo,
}

/// Why nothing is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The guest only reads.
    ReadOnly,
    /// A write is told to be done after the client has taken it: QEMU and the host's page cache keep nothing.
    WrittenThroughQemu,
    /// A write is told to be done after it was flushed.
    FlushedEach,
    /// It is flushed before QEMU lets go of anything, to a client that lives.
    FlushedFirst,
}

/// Where it may be that is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MayBeLost {
    /// Where the clusters of this format lie is written when it is flushed, or when QEMU's cache is full.
    Format(String),
    /// The host's page cache stands between, and what it could not write is gone.
    PageCache,
    /// The guest's flushes were not done: even what it flushed may be lost.
    Flushed,
}

impl Unflushed {
    /// Of a disk in this format, written in this way.
    pub(super) fn of(format: Option<&str>, cache: Cache, is_read_only: bool) -> Self {
        match (is_read_only, cache, format) {
            (true, _, _) => Self::Kept(Kept::ReadOnly),
            (_, Cache { no_flush: true, .. }, _) => Self::MayBeLost(MayBeLost::Flushed),
            (_, Cache { writeback: false, .. }, _) => Self::Kept(Kept::FlushedEach),
            (_, Cache { direct: false, .. }, _) => Self::MayBeLost(MayBeLost::PageCache),
            (_, _, Some("raw" | "file")) => Self::Kept(Kept::WrittenThroughQemu),
            (_, _, format) => {
                let format = format.unwrap_or("an unknown format").to_owned();
                Self::MayBeLost(MayBeLost::Format(format))
            }
        }
    }
}

impl fmt::Display for Unflushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(Kept::ReadOnly) => f.write_str("nothing is lost: it is only read"),
            Self::Kept(Kept::WrittenThroughQemu) => f.write_str(
                "nothing is lost: each write had reached the client before the guest was told",
            ),
            Self::Kept(Kept::FlushedEach) => f.write_str(
                "nothing is lost: each write was flushed before the guest was told",
            ),
            Self::Kept(Kept::FlushedFirst) => {
                f.write_str("nothing is lost: all of it is flushed to the old client first")
            }
            Self::MayBeLost(MayBeLost::Format(format)) => write!(
                f,
                "what was not flushed may be lost: QEMU keeps a part of {} in memory until then",
                format.escape_debug()
            ),
            Self::MayBeLost(MayBeLost::PageCache) => f.write_str(
                "what was not flushed may be lost: it went through the host's page cache",
            ),
            Self::MayBeLost(MayBeLost::Flushed) => f.write_str(
                "even what was flushed may be lost: its cache mode has QEMU ignore the guest's flushes",
            ),
            Self::LetGo => f.write_str("QEMU has let go of the dead file before"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_promised_but_where_qemu_keeps_nothing() {
        let cache = |writeback, direct, no_flush| Cache { writeback, direct, no_flush };
        let (none, writeback) = (cache(true, true, false), cache(true, false, false));
        let (directsync, writethrough) = (cache(false, true, false), cache(false, false, false));
        let unsafe_ = cache(true, false, true);
        let rows = [
            ("raw, none", "raw", none, false, Unflushed::Kept(Kept::WrittenThroughQemu)),
            (
                "no format layer, none",
                "file",
                none,
                false,
                Unflushed::Kept(Kept::WrittenThroughQemu),
            ),
            ("raw, directsync", "raw", directsync, false, Unflushed::Kept(Kept::FlushedEach)),
            ("raw, writethrough", "raw", writethrough, false, Unflushed::Kept(Kept::FlushedEach)),
            ("raw, writeback", "raw", writeback, false, Unflushed::MayBeLost(MayBeLost::PageCache)),
            ("raw, unsafe", "raw", unsafe_, false, Unflushed::MayBeLost(MayBeLost::Flushed)),
            (
                "qcow2, none",
                "qcow2",
                none,
                false,
                Unflushed::MayBeLost(MayBeLost::Format("qcow2".into())),
            ),
            ("qcow2, directsync", "qcow2", directsync, false, Unflushed::Kept(Kept::FlushedEach)),
            (
                "qcow2, writeback",
                "qcow2",
                writeback,
                false,
                Unflushed::MayBeLost(MayBeLost::PageCache),
            ),
            ("a CD-ROM", "raw", writeback, true, Unflushed::Kept(Kept::ReadOnly)),
        ];
        for (case, format, cache, is_read_only, expected) in rows {
            assert_eq!(Unflushed::of(Some(format), cache, is_read_only), expected, "{case}");
        }
    }
}
