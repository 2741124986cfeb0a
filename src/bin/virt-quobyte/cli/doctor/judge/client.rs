//! The client, its configuration, and what keeps it alive.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use virt_quobyte::config::Isolation;
use virt_quobyte::escape::Escaped;
use virt_quobyte::host::program::{self, End, Run, StartError};

use super::super::check::{Check, Who};

const CLIENT: &str = "client";
const CONFIG: &str = "client configuration";
const ISOLATION: &str = "client isolation";

/// The client, and what it said when it was asked for its version.
#[derive(Debug)]
pub(in super::super) enum Client {
    NotFound,
    Found { program: PathBuf, said: Result<Run, StartError> },
}

pub(in super::super) fn client(client: &Client, who: Who) -> Check {
    let (program, said) = match client {
        Client::NotFound => {
            return Check::bad(
                CLIENT,
                format_args!("mount.quobyte is not in {}", program::searched()),
                "install the Quobyte client, or name its program in the configuration: client.program",
            );
        }
        Client::Found { program, said } => (shown(program), said),
    };
    let reinstall = "install the Quobyte client anew, or correct client.program";
    match said {
        Err(error) if who == Who::Another && error.source.kind() == ErrorKind::PermissionDenied => {
            Check::cannot_tell(CLIENT, error)
        }
        Err(error) => Check::bad(CLIENT, error, reinstall),
        Ok(run) => match (run.end, run.first_line().map(|line| Escaped(&line).to_string())) {
            (end @ End::Exited(_), said) if end.is_not_loaded() => {
                let said = said.map(|said| format!(": {said}")).unwrap_or_default();
                Check::bad(CLIENT, format_args!("{program} cannot be run{said}"), reinstall)
            }
            (end @ End::TimedOut { .. }, _) => Check::worth_knowing(
                CLIENT,
                format_args!("{program} is there; asked for its version it {end}"),
            ),
            (End::Exited(_), Some(said)) => {
                Check::good(CLIENT, format_args!("{program} says '{said}'"))
            }
            (End::Exited(_), None) => Check::worth_knowing(
                CLIENT,
                format_args!("{program} is there, and does not say its version"),
            ),
        },
    }
}

pub(in super::super) fn config_file(path: &Path, looked: &io::Result<()>) -> Check {
    let path = shown(path);
    match looked {
        Ok(()) => Check::good(CONFIG, format_args!("{path} is there")),
        Err(missing) if missing.kind() == ErrorKind::NotFound => Check::bad(
            CONFIG,
            format_args!("{path} does not exist"),
            "put it there, or correct client.config",
        ),
        Err(error) => Check::cannot_tell(CONFIG, format_args!("{path}: {error}")),
    }
}

/// What the hook would do, where systemd is or is not this host's init.
pub(in super::super) fn isolation(
    wanted: Isolation,
    systemd: bool,
    systemd_run: Option<&Path>,
) -> Check {
    let shares_unit =
        "a client stays in the control group of libvirt's daemon, and shares its limits";
    match (wanted, systemd, systemd_run) {
        (Isolation::None, ..) => Check::worth_knowing(
            ISOLATION,
            format_args!("client.isolation is \"none\": {shares_unit}"),
        ),
        (_, true, Some(_)) => {
            Check::good(ISOLATION, "each client runs in a systemd scope of its own")
        }
        (_, true, None) => Check::bad(
            ISOLATION,
            format_args!("systemd-run is not in {}, so no client is started", program::searched()),
            "install systemd-run, or set client.isolation = \"none\"",
        ),
        (Isolation::Systemd, false, _) => Check::bad(
            ISOLATION,
            "client.isolation is \"systemd\", and systemd does not run this host, so no client is started",
            "set client.isolation = \"auto\"",
        ),
        (Isolation::Auto, false, _) => Check::worth_knowing(
            ISOLATION,
            format_args!("systemd does not run this host: {shares_unit}"),
        ),
    }
}

fn shown(path: &Path) -> String {
    Escaped(&path.to_string_lossy()).to_string()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;
    use std::time::Duration;

    use super::super::super::check::Verdict::{self, Bad, CannotTell, Good, WorthKnowing};
    use super::*;

    #[test]
    fn a_client_that_says_anything_is_there_whatever_its_status() {
        let exited = |code: i32| End::Exited(ExitStatus::from_raw(code << 8));
        let timed_out = End::TimedOut { waited: Duration::from_secs(5) };
        let table: &[(End, &str, Verdict, &str)] = &[
            (exited(0), "mount.quobyte 3.1\n", Good, "says 'mount.quobyte 3.1'"),
            (exited(1), "\n  2.24 of \x1b[31mred\nmore\n", Good, "says '2.24 of \\u{1b}[31mred'"),
            (exited(1), "", WorthKnowing, "does not say its version"),
            (timed_out, "3.1", WorthKnowing, "did not return within 5s"),
            (
                exited(127),
                "error while loading shared libraries: libfuse3-quobyte.so.0\n",
                Bad,
                "cannot be run: error while loading shared libraries: libfuse3-quobyte.so.0",
            ),
        ];
        for (end, output, verdict, said) in table {
            let run = Run { end: *end, output: output.as_bytes().to_owned() };
            let program = "/usr/bin/mount.quobyte".into();
            let check = client(&Client::Found { program, said: Ok(run) }, Who::Root);
            assert_eq!(check.verdict, *verdict, "{output}");
            assert!(check.seen.ends_with(said), "{check:?}");
        }
        for (kind, who, verdict) in [
            (ErrorKind::NotFound, Who::Another, Bad),
            (ErrorKind::PermissionDenied, Who::Root, Bad),
            (ErrorKind::PermissionDenied, Who::Another, CannotTell),
        ] {
            let program: PathBuf = "/opt/mount.quobyte".into();
            let said = Err(StartError { program: program.clone(), source: kind.into() });
            assert_eq!(client(&Client::Found { program, said }, who).verdict, verdict);
        }
        assert_eq!(client(&Client::NotFound, Who::Another).verdict, Bad);
    }

    #[test]
    fn a_client_configuration_that_is_not_there_is_bad_and_one_that_cannot_be_seen_is_unknown() {
        let looked = |it| config_file(Path::new("/etc/quobyte/client.cfg"), &it).verdict;
        assert_eq!(looked(Ok(())), Good);
        assert_eq!(looked(Err(ErrorKind::NotFound.into())), Bad);
        assert_eq!(looked(Err(ErrorKind::PermissionDenied.into())), CannotTell);
    }

    #[test]
    fn isolation_is_judged_as_the_hook_would_act() {
        let program = Some(Path::new("/usr/bin/systemd-run"));
        for (wanted, systemd, program, verdict) in [
            (Isolation::Auto, true, program, Good),
            (Isolation::Systemd, true, program, Good),
            (Isolation::Auto, true, None, Bad),
            (Isolation::Systemd, true, None, Bad),
            (Isolation::Systemd, false, program, Bad),
            (Isolation::Auto, false, program, WorthKnowing),
            (Isolation::Auto, false, None, WorthKnowing),
            (Isolation::None, true, program, WorthKnowing),
            (Isolation::None, false, None, WorthKnowing),
        ] {
            let check = isolation(wanted, systemd, program);
            assert_eq!(check.verdict, verdict, "{wanted:?} {systemd} {program:?}");
        }
    }
}
