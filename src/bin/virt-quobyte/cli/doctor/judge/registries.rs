//! Whether the registries' names can be resolved.
//!
//! A registry is a host's name or address, with or without a port, or the name of an SRV record, which the system's resolver
//! cannot be asked for. One that answers is enough for a client.

use std::io;
use std::net::IpAddr;

use super::super::check::{Check, word};

const SUBJECT: &str = "registries";

/// A registry, as far as its text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Registry<'a> {
    Address,
    /// An SRV record's name, by its underscore.
    Srv(&'a str),
    /// A host's name, because it has a port.
    Host(&'a str),
    /// A host's name or an SRV record's.
    Either(&'a str),
}

impl<'a> Registry<'a> {
    pub(in super::super) fn of(text: &'a str) -> Self {
        let (name, has_port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                (name, true)
            }
            _ => (text, false),
        };
        let is_address = |text: &str| {
            let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            inner.unwrap_or(text).parse::<IpAddr>().is_ok()
        };
        if is_address(text) || is_address(name) {
            Self::Address
        } else if name.starts_with('_') {
            Self::Srv(name)
        } else if has_port {
            Self::Host(name)
        } else {
            Self::Either(name)
        }
    }

    /// The name to ask the resolver for.
    pub(in super::super) fn name(self) -> Option<&'a str> {
        match self {
            Self::Address | Self::Srv(_) => None,
            Self::Host(name) | Self::Either(name) => Some(name),
        }
    }
}

/// What the resolver said: how many addresses, an error, or nothing in time.
pub(in super::super) type Answer = Option<io::Result<usize>>;

/// What is to be said of the registries of a share, each with its answer if it was asked for.
pub(in super::super) fn registries(list: &str, each: &[(Registry<'_>, Option<Answer>)]) -> Check {
    let mut usable = false;
    let mut unclear: Option<&str> = None;
    let mut failed: Vec<(&str, String)> = Vec::new();
    for (registry, answer) in each {
        match (registry, answer) {
            (Registry::Address, _) | (_, Some(Some(Ok(1..)))) => usable = true,
            (Registry::Srv(name), _) => unclear = unclear.or(Some(name)),
            (Registry::Host(name) | Registry::Either(name), answer) => {
                let why = match answer {
                    Some(Some(Err(error))) => error.to_string(),
                    Some(Some(Ok(_))) => "it has no address".to_owned(),
                    Some(None) | None => "the resolver did not answer in time".to_owned(),
                };
                failed.push((name, why));
                if matches!(registry, Registry::Either(_)) {
                    unclear = unclear.or(Some(name));
                }
            }
        }
    }
    let reasons: Vec<String> = failed.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    let reasons = reasons.join("; ");
    match (usable, failed.first(), unclear) {
        (true, None, _) => Check::good(SUBJECT, format_args!("{list}: can be resolved")),
        (true, Some((name, _)), _) => Check::worth_knowing(
            SUBJECT,
            format_args!(
                "{list}: one can be resolved, which is enough, and not every one ({reasons})"
            ),
        )
        .with(format_args!("getent hosts {}", word(name))),
        (false, None, Some(name)) => Check::cannot_tell(
            SUBJECT,
            format_args!("{name} is the name of an SRV record, which only the client looks up"),
        )
        .with(srv(name)),
        (false, Some(_), Some(name)) => Check::cannot_tell(
            SUBJECT,
            format_args!(
                "{list}: no address was found ({reasons}); {name} may be the name of an SRV record"
            ),
        )
        .with(srv(name)),
        (false, Some((name, _)), None) => Check::bad(
            SUBJECT,
            format_args!("{list}: none can be resolved ({reasons})"),
            format_args!("getent hosts {}", word(name)),
        ),
        (false, None, None) => Check::cannot_tell(SUBJECT, format_args!("{list}: there is none")),
    }
}

fn srv(name: &str) -> String {
    format!("resolvectl query --type=SRV {}", word(name))
}

#[cfg(test)]
mod tests {
    use super::super::super::check::Verdict::{self, Bad, CannotTell, Good, WorthKnowing};
    use super::*;

    #[test]
    fn a_registry_is_told_by_its_text() {
        use Registry::{Address, Either, Host, Srv};
        for (text, expected) in [
            ("10.0.0.1", Address),
            ("10.0.0.1:7861", Address),
            ("[fe80::1]", Address),
            ("[fe80::1]:7861", Address),
            ("fe80::1", Address),
            ("reg1.example.org:7861", Host("reg1.example.org")),
            ("reg1.example.org", Either("reg1.example.org")),
            ("_quobyte._tcp.example.org", Srv("_quobyte._tcp.example.org")),
        ] {
            assert_eq!(Registry::of(text), expected, "{text}");
        }
    }

    #[test]
    fn one_registry_that_answers_is_enough_and_what_may_be_an_srv_record_is_not_judged() {
        let found = || Some(Some(Ok(2)));
        let not_found = || Some(Some(Err(io::Error::other("not known"))));
        let silent = || Some(None);
        let table: Vec<(&str, Vec<Option<Answer>>, Verdict, &str)> = vec![
            ("10.0.0.1,10.0.0.2", vec![None, None], Good, "can be resolved"),
            ("reg1:7861,reg2:7861", vec![found(), found()], Good, "can be resolved"),
            ("reg1:7861,reg2:7861", vec![found(), not_found()], WorthKnowing, "reg2: not known"),
            ("10.0.0.1,reg2", vec![None, silent()], WorthKnowing, "did not answer in time"),
            ("reg1:7861,reg2:7861", vec![not_found(), silent()], Bad, "reg1: not known; reg2: the"),
            ("reg1:7861", vec![Some(Some(Ok(0)))], Bad, "no address"),
            ("_quobyte._tcp.example", vec![None], CannotTell, "SRV record, which only the client"),
            ("reg1.example", vec![not_found()], CannotTell, "may be the name of an SRV record"),
            ("reg1.example:1,_x._tcp", vec![not_found(), None], CannotTell, "_x._tcp may be"),
        ];
        for (list, answers, verdict, said) in table {
            let each: Vec<_> = list.split(',').map(Registry::of).zip(answers).collect();
            let check = registries(list, &each);
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.seen.contains(said), "{check:?}");
        }
    }
}
