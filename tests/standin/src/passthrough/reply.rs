//! How outcomes go back to the kernel. Decides for how long it may believe them: not at all.

use std::time::Duration;

use fuser::{
    Errno, FileAttr, FileHandle, FopenFlags, Generation, ReplyAttr, ReplyData, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyWrite, ReplyXattr,
};

pub(super) const TTL: Duration = Duration::ZERO;

/// The numbers of inodes are not given out again while the kernel knows them.
pub(super) const GENERATION: Generation = Generation(0);

pub(super) fn entry(reply: ReplyEntry, outcome: Result<FileAttr, Errno>) {
    match outcome {
        Ok(attr) => reply.entry(&TTL, &attr, GENERATION),
        Err(errno) => reply.error(errno),
    }
}

pub(super) fn attr(reply: ReplyAttr, outcome: Result<FileAttr, Errno>) {
    match outcome {
        Ok(attr) => reply.attr(&TTL, &attr),
        Err(errno) => reply.error(errno),
    }
}

pub(super) fn opened(reply: ReplyOpen, outcome: Result<FileHandle, Errno>) {
    match outcome {
        Ok(handle) => reply.opened(handle, FopenFlags::empty()),
        Err(errno) => reply.error(errno),
    }
}

pub(super) fn data(reply: ReplyData, outcome: Result<Vec<u8>, Errno>) {
    match outcome {
        Ok(data) => reply.data(&data),
        Err(errno) => reply.error(errno),
    }
}

pub(super) fn written(reply: ReplyWrite, outcome: Result<usize, Errno>) {
    match outcome {
        Ok(count) => reply.written(narrow(count)),
        Err(errno) => reply.error(errno),
    }
}

pub(super) fn done(reply: ReplyEmpty, outcome: Result<(), Errno>) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

/// A `size` of 0 asks how long the value is.
pub(super) fn xattr(reply: ReplyXattr, size: u32, outcome: Result<Vec<u8>, Errno>) {
    match outcome {
        Ok(value) if size == 0 => reply.size(narrow(value.len())),
        Ok(value) if value.len() > size as usize => reply.error(Errno::ERANGE),
        Ok(value) => reply.data(&value),
        Err(errno) => reply.error(errno),
    }
}

/// For counts that the protocol has 32 bits for; none of them comes near that.
pub(super) fn narrow(count: impl TryInto<u32>) -> u32 {
    count.try_into().unwrap_or(u32::MAX)
}
