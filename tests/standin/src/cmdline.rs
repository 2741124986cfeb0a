//! The command line of the real client, as far as public scripts and drivers show it. Decides what the caller asks for;
//! not whether it can be done. Options may stand before and after the operands, and one that nobody knows is an error.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use thiserror::Error;

use crate::export::{Export, ExportError};

pub(crate) const USAGE: &str = "\
usage: mount.quobyte [options] REGISTRY[,REGISTRY...]/[VOLUME] MOUNTPOINT [options]
  -c FILE  -d LEVEL  -f  -l FILE  -o OPTIONS  --version
  --allow-minidump-upload  --allow-usermapping-in-volumename  --ca-file=FILE
  --cert-file=FILE  --disable-quorum-read[=BOOL]  --disable-xattrs
  --enable-access-contexts  --hostname=NAME  --http-port=PORT  --key-file=FILE
  --minidump-path=DIR  --no-default-permissions  --rdma.enabled[=BOOL]";

/// The first port that the real client tries for its status page.
const STATUS_PORT: u16 = 55000;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Version,
    Mount(Wish),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) export: Export,
    pub(crate) mount_point: PathBuf,
    pub(crate) config: Option<PathBuf>,
    pub(crate) place: Place,
    pub(crate) access: Access,
    pub(crate) xattrs: Xattrs,
    pub(crate) permissions: Permissions,
    pub(crate) status_port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Background,
    Foreground,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    ReadOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Xattrs {
    PassedOn,
    Refused,
}

/// Who compares a caller with owner, group and mode: the kernel, or (here) nobody, as with an access key that may do all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permissions {
    Kernel,
    Nobody,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum UsageError {
    #[error("no argument: an export and a mount point are wanted")]
    Nothing,
    #[error("unknown option {0:?}")]
    UnknownOption(OsString),
    #[error("option {0} wants a value")]
    NoValue(&'static str),
    #[error("option {0} takes no value")]
    Value(&'static str),
    #[error("-o {0:?} is not a mount option of this client")]
    MountOption(String),
    #[error("--http-port {0:?} is not a port number")]
    Port(OsString),
    #[error("{0} operands: an export and a mount point are wanted")]
    Operands(usize),
    #[error("the export {0:?} is not UTF-8")]
    NotUtf8(OsString),
    #[error(transparent)]
    Export(#[from] ExportError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// `--name VALUE`, `--name=VALUE`, `-n VALUE` or `-nVALUE`.
    Value,
    /// `--name` or `--name=VALUE`.
    AttachedValue,
}

const OPTIONS: [(&str, Takes); 19] = [
    ("--allow-minidump-upload", Takes::Nothing),
    ("--allow-usermapping-in-volumename", Takes::Nothing),
    ("--ca-file", Takes::Value),
    ("--cert-file", Takes::Value),
    ("--disable-quorum-read", Takes::AttachedValue),
    ("--disable-xattrs", Takes::Nothing),
    ("--enable-access-contexts", Takes::Nothing),
    ("--hostname", Takes::Value),
    ("--http-port", Takes::Value),
    ("--key-file", Takes::Value),
    ("--minidump-path", Takes::Value),
    ("--no-default-permissions", Takes::Nothing),
    ("--rdma.enabled", Takes::AttachedValue),
    ("--version", Takes::Nothing),
    ("-c", Takes::Value),
    ("-d", Takes::Value),
    ("-f", Takes::Nothing),
    ("-l", Takes::Value),
    ("-o", Takes::Value),
];

/// What `-o` was seen with, and what the kernel's mount line already says.
const MOUNT_OPTIONS: [&str; 10] = [
    "allow-usermapping-in-volumename",
    "allow_other",
    "default_permissions",
    "noatime",
    "nodev",
    "nosuid",
    "ro",
    "rw",
    "user_xattr",
    "_netdev",
];

pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, UsageError> {
    let mut arguments = arguments.into_iter().peekable();
    if arguments.peek().is_none() {
        return Err(UsageError::Nothing);
    }
    let (mut options, mut operands) = (Vec::new(), Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_bytes() {
            b"--" => operands.extend(arguments.by_ref()),
            [b'-', _, ..] => options.push(option(&argument, &mut arguments)?),
            _ => operands.push(argument),
        }
    }
    if options.iter().any(|(name, _)| *name == "--version") {
        return Ok(Asked::Version);
    }
    let [export, mount_point] = <[OsString; 2]>::try_from(operands)
        .map_err(|operands| UsageError::Operands(operands.len()))?;
    let export = export.into_string().map_err(UsageError::NotUtf8)?.parse()?;
    let mut wish = Wish {
        export,
        mount_point: PathBuf::from(mount_point),
        config: None,
        place: Place::Background,
        access: Access::ReadWrite,
        xattrs: Xattrs::PassedOn,
        permissions: Permissions::Kernel,
        status_port: STATUS_PORT,
    };
    for (name, value) in options {
        wish.take(name, value)?;
    }
    Ok(Asked::Mount(wish))
}

impl Wish {
    /// The options that are not named here are known and change nothing that a test could see.
    fn take(&mut self, name: &str, value: OsString) -> Result<(), UsageError> {
        match name {
            "-c" => self.config = Some(PathBuf::from(value)),
            "-f" => self.place = Place::Foreground,
            "-o" => {
                for option in value.to_string_lossy().split(',') {
                    self.take_mount_option(option)?;
                }
            }
            "--disable-xattrs" => self.xattrs = Xattrs::Refused,
            "--no-default-permissions" => self.permissions = Permissions::Nobody,
            "--http-port" => {
                let port = value.to_str().and_then(|text| text.parse().ok());
                self.status_port = port.ok_or(UsageError::Port(value))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn take_mount_option(&mut self, option: &str) -> Result<(), UsageError> {
        match option {
            "ro" => self.access = Access::ReadOnly,
            "rw" => self.access = Access::ReadWrite,
            known if MOUNT_OPTIONS.contains(&known) => {}
            unknown => return Err(UsageError::MountOption(unknown.to_owned())),
        }
        Ok(())
    }
}

/// One option and its value, which may be the next argument.
fn option(
    argument: &OsStr,
    rest: &mut impl Iterator<Item = OsString>,
) -> Result<(&'static str, OsString), UsageError> {
    let bytes = argument.as_bytes();
    let (name, attached) = if bytes.starts_with(b"--") {
        match bytes.iter().position(|&byte| byte == b'=') {
            Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
            None => (bytes, None),
        }
    } else {
        (&bytes[..2], Some(&bytes[2..]).filter(|value| !value.is_empty()))
    };
    let (name, takes) = *OPTIONS
        .iter()
        .find(|(known, _)| known.as_bytes() == name)
        .ok_or_else(|| UsageError::UnknownOption(argument.to_owned()))?;
    let value = match (takes, attached) {
        (Takes::Nothing, Some(_)) => return Err(UsageError::Value(name)),
        (Takes::Nothing | Takes::AttachedValue, None) => OsString::new(),
        (_, Some(value)) => OsString::from_vec(value.to_vec()),
        (Takes::Value, None) => rest.next().ok_or(UsageError::NoValue(name))?,
    };
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(line: &str) -> Result<Asked, UsageError> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn wish(line: &str) -> Wish {
        match parse_words(line) {
            Ok(Asked::Mount(wish)) => wish,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn options_stand_before_and_after_the_operands() {
        let wanted = wish("--disable-xattrs -c /etc/client.cfg reg/vol /mnt");
        assert_eq!(wanted.xattrs, Xattrs::Refused);
        assert_eq!(wanted.config.as_deref(), Some("/etc/client.cfg".as_ref()));
        for line in [
            "reg/vol /mnt --disable-xattrs -c /etc/client.cfg",
            "reg/vol --disable-xattrs /mnt -c/etc/client.cfg",
            "-c /etc/client.cfg --disable-xattrs -- reg/vol /mnt",
            "--hostname kvm-17 --disable-xattrs -c /etc/client.cfg reg/vol /mnt",
            "--hostname=kvm-17 --disable-xattrs -c /etc/client.cfg reg/vol /mnt -o rw,user_xattr",
            "--disable-quorum-read=true --rdma.enabled=true --disable-xattrs -c /etc/client.cfg reg/vol /mnt",
        ] {
            assert_eq!(wish(line), wanted, "{line}");
        }
    }

    #[test]
    fn each_option_that_shows_is_taken() {
        assert_eq!(wish("-f reg/ /mnt").place, Place::Foreground);
        assert_eq!(wish("reg/ /mnt --no-default-permissions").permissions, Permissions::Nobody);
        assert_eq!(wish("reg/ /mnt --http-port 55017").status_port, 55017);
        assert_eq!(wish("reg/ /mnt -o ro").access, Access::ReadOnly);
    }

    #[test]
    fn a_wrong_line_is_told_apart() {
        for (line, error) in [
            ("", UsageError::Nothing),
            ("reg/vol", UsageError::Operands(1)),
            ("reg/vol /mnt /more", UsageError::Operands(3)),
            ("reg/vol /mnt --user-xattrs", UsageError::UnknownOption("--user-xattrs".into())),
            ("reg/vol /mnt -x", UsageError::UnknownOption("-x".into())),
            ("reg/vol /mnt -c", UsageError::NoValue("-c")),
            ("reg/vol /mnt --disable-xattrs=yes", UsageError::Value("--disable-xattrs")),
            ("reg/vol /mnt -o rw,remount", UsageError::MountOption("remount".into())),
            ("reg/vol /mnt --http-port=x", UsageError::Port("x".into())),
            ("reg /mnt", UsageError::Export(ExportError::NoSlash("reg".into()))),
        ] {
            assert_eq!(parse_words(line), Err(error), "{line}");
        }
    }

    #[test]
    fn the_version_is_answered_whatever_else_was_said() {
        assert_eq!(parse_words("--version"), Ok(Asked::Version));
        assert_eq!(parse_words("reg/vol --version"), Ok(Asked::Version));
    }
}
