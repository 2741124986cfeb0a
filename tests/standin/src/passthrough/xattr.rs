//! Extended attributes. Decides what `--disable-xattrs` leaves of them: the port of the status page, which monitoring reads.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use fuser::INodeNo;
use nix::errno::Errno;
use rustix::fs::{XattrFlags, getxattr, listxattr, removexattr, setxattr};

use super::inodes::by_descriptor;
use super::{Volume, refuse};
use crate::cmdline::Xattrs;

const STATUS_PORT: &str = "quobyte.statuspage_port";

/// The kernel's limit for one value and for one list of names.
const MOST: usize = 65_536;

impl Volume {
    pub(super) fn xattr(&self, ino: INodeNo, name: &OsStr) -> io::Result<Vec<u8>> {
        if name == STATUS_PORT {
            return Ok(self.status_port.to_string().into_bytes());
        }
        let path = self.path_for_xattrs(ino)?;
        let mut value = vec![0; MOST];
        let length = getxattr(path.as_str(), name, value.as_mut_slice())?;
        value.truncate(length);
        Ok(value)
    }

    pub(super) fn xattr_names(&self, ino: INodeNo) -> io::Result<Vec<u8>> {
        let path = self.path_for_xattrs(ino)?;
        let mut names = vec![0; MOST];
        let length = listxattr(path.as_str(), names.as_mut_slice())?;
        names.truncate(length);
        Ok(names)
    }

    pub(super) fn set_xattr(
        &self,
        ino: INodeNo,
        name: &OsStr,
        value: &[u8],
        flags: i32,
    ) -> io::Result<()> {
        refuse_own(name)?;
        let flags = XattrFlags::from_bits_retain(flags.cast_unsigned());
        Ok(setxattr(self.path_for_xattrs(ino)?.as_str(), name, value, flags)?)
    }

    pub(super) fn remove_xattr(&self, ino: INodeNo, name: &OsStr) -> io::Result<()> {
        refuse_own(name)?;
        Ok(removexattr(self.path_for_xattrs(ino)?.as_str(), name)?)
    }

    /// Never `ENOSYS`: the kernel would not ask again, not even for the port.
    fn path_for_xattrs(&self, ino: INodeNo) -> io::Result<String> {
        refuse(self.refusals.xattr)?;
        match self.xattrs {
            Xattrs::Refused => Err(Errno::EOPNOTSUPP.into()),
            Xattrs::PassedOn => Ok(by_descriptor(&*self.inodes.get(ino)?)),
        }
    }
}

/// The client's own names are answered, never stored.
fn refuse_own(name: &OsStr) -> io::Result<()> {
    if name.as_bytes().starts_with(b"quobyte.") {
        return Err(Errno::EOPNOTSUPP.into());
    }
    Ok(())
}
