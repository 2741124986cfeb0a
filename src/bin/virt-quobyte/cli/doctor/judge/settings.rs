//! The configuration.

use std::io::ErrorKind;

use virt_quobyte::config::{ConfigError, Fault, FileFault, Settings};

use super::super::check::Check;

const SUBJECT: &str = "configuration";

pub(in super::super) fn configuration(read: &Result<Settings, ConfigError>) -> Check {
    match read {
        Ok(settings) => match settings.shares.len() {
            0 => Check::worth_knowing(
                SUBJECT,
                "it is usable and has no share: no guest's disk is looked after",
            )
            .with("editor /etc/virt-quobyte/config.toml && virt-quobyte config check"),
            1 => Check::good(SUBJECT, "it is usable and has 1 share"),
            shares => Check::good(SUBJECT, format_args!("it is usable and has {shares} shares")),
        },
        Err(error) => {
            let first = error.problems.first().map(ToString::to_string).unwrap_or_default();
            let more = error.problems.len().saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            let seen = format!("{first}{more}; the rest is judged by the defaults");
            if error.problems.iter().all(|problem| is_hidden(&problem.fault)) {
                return Check::cannot_tell(SUBJECT, seen);
            }
            Check::bad(SUBJECT, seen, "virt-quobyte config check")
        }
    }
}

/// Whether another user, root, may see more.
fn is_hidden(fault: &Fault) -> bool {
    matches!(fault, Fault::File(FileFault::Unreadable(error)) if error.kind() == ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use virt_quobyte::config::{Place, Problem, SourceFile, Subject, parse};

    use super::super::super::check::Verdict::{Bad, CannotTell, Good, WorthKnowing};
    use super::*;

    fn of(text: &str) -> Check {
        let file = SourceFile { path: PathBuf::from("/config.toml"), text: text.to_owned() };
        configuration(&parse(&[file]))
    }

    #[test]
    fn a_configuration_is_good_empty_broken_or_hidden() {
        assert_eq!(of("").verdict, WorthKnowing);
        let check = of("[[share]]\nname = \"gold\"\nexport = \"reg/gold\"\n");
        assert_eq!((check.verdict, check.seen.as_str()), (Good, "it is usable and has 1 share"));
        let check = of("linger = 1\nlonger = 2\n");
        assert_eq!(check.verdict, Bad);
        assert!(check.seen.contains(", and 1 more;"), "{check:?}");
        let fault = FileFault::Unreadable(ErrorKind::PermissionDenied.into()).into();
        let place = Place::File { path: "/config.toml".into(), at: None };
        let hidden = Problem { place, subject: Subject::default(), fault };
        let check = configuration(&Err(ConfigError { problems: vec![hidden] }));
        assert_eq!(check.verdict, CannotTell);
    }
}
