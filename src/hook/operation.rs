//! libvirt's arguments: `DOMAIN OPERATION SUB-OPERATION EXTRA`.
#![deny(clippy::disallowed_methods)]

use std::ffi::OsString;

/// One call by libvirt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The domain's name, of which nothing is believed.
    pub domain: String,
    /// What is about to happen or has happened.
    pub operation: Operation,
}

/// An operation, as far as it concerns us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A guest is about to start. A failure stops it.
    Prepare,
    /// A guest has ended, and everything that libvirt had to do about it is done. A failure is only logged.
    Release,
    /// libvirt's daemon has found a guest running. A failure kills the guest.
    Reconnect,
    /// A guest is about to come here from another host. A failure stops that. stdout would replace its XML.
    Migrate,
    /// A guest is about to be restored from a file. A failure stops that. stdout would replace its XML.
    Restore,
    /// Nothing for us: `start` and `started` come when all is mounted, and at `stopped` libvirt has yet to restore the labels
    /// of the guest's files. Operations that a later libvirt adds are nothing either.
    Other,
}

/// Arguments that libvirt does not give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this program is a libvirt hook: libvirt calls it with DOMAIN OPERATION SUB-OPERATION EXTRA and the domain's XML on its standard input"
)]
pub struct NotACall;

impl Operation {
    /// The operation as libvirt names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Release => "release",
            Self::Reconnect => "reconnect",
            Self::Migrate => "migrate",
            Self::Restore => "restore",
            Self::Other => "other",
        }
    }
}

impl Call {
    /// Reads the arguments, without the program's name.
    pub fn parse(arguments: &[OsString]) -> Result<Self, NotACall> {
        let [domain, operation, sub_operation, _extra] = arguments else { return Err(NotACall) };
        let operation = match (operation.to_str(), sub_operation.to_str()) {
            (Some("prepare"), Some("begin")) => Operation::Prepare,
            (Some("release"), Some("end")) => Operation::Release,
            (Some("reconnect"), Some("begin")) => Operation::Reconnect,
            (Some("migrate"), Some("begin")) => Operation::Migrate,
            (Some("restore"), Some("begin")) => Operation::Restore,
            _ => Operation::Other,
        };
        Ok(Self { domain: domain.to_string_lossy().into_owned(), operation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Operation, NotACall> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        Call::parse(&words).map(|call| call.operation)
    }

    #[test]
    fn each_operation_of_the_contract_is_known_and_the_rest_is_nothing() {
        for (words, operation) in [
            (["d", "prepare", "begin", "-"], Operation::Prepare),
            (["d", "start", "begin", "-"], Operation::Other),
            (["d", "started", "begin", "-"], Operation::Other),
            (["d", "stopped", "end", "-"], Operation::Other),
            (["d", "release", "end", "-"], Operation::Release),
            (["d", "release", "end", "shutdown"], Operation::Release),
            (["d", "release", "end", "from snapshot"], Operation::Release),
            (["d", "migrate", "begin", "-"], Operation::Migrate),
            (["d", "restore", "begin", "-"], Operation::Restore),
            (["d", "reconnect", "begin", "-"], Operation::Reconnect),
            (["d", "attach", "begin", "-"], Operation::Other),
            (["d", "prepare", "end", "-"], Operation::Other),
            (["d", "what-comes-next", "begin", "-"], Operation::Other),
            (["", "", "", ""], Operation::Other),
        ] {
            assert_eq!(parse(&words), Ok(operation), "{words:?}");
        }
    }

    #[test]
    fn any_other_number_of_arguments_is_not_libvirts() {
        for words in
            [&[][..], &["d"], &["d", "prepare", "begin"], &["d", "prepare", "begin", "-", "x"]]
        {
            assert_eq!(parse(words), Err(NotACall), "{words:?}");
        }
    }
}
