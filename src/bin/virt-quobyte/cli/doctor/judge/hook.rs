//! Whether libvirt runs the hook, and what else it runs for QEMU guests.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use virt_quobyte::escape::Escaped;
use virt_quobyte::host::libvirt_daemon::{Daemon, Runs};
use virt_quobyte::host::trusted_path::UntrustedPath;
use virt_quobyte::link::{self, Change, Entry, HOOK, HookFault, Kind, Layout, PlaceError, Refusal};

use super::super::check::{Check, word};

const HOOK_CHECK: &str = "hook";
const SEEN: &str = "hook seen by libvirt";
const OTHERS: &str = "other hooks";

/// Something in libvirt's directory of hooks.
#[derive(Debug)]
pub(in super::super) struct Found {
    pub(in super::super) entry: Entry,
    /// Since when it is there, if libvirt would run it: if it leads to something that can be executed.
    pub(in super::super) runs_since: Option<SystemTime>,
    pub(in super::super) leads: Leads,
}

/// Where an entry leads to.
#[derive(Debug)]
pub(in super::super) enum Leads {
    /// To the hook, which is fit to be run as root or is not.
    ToHook(Result<(), HookFault>),
    /// To a script that names the hook: what an older libvirt's one script has to do.
    ToCaller,
    /// To what may not be read.
    Hidden,
    Elsewhere,
}

/// What was found of the hooks.
#[derive(Debug)]
pub(in super::super) struct Hooks {
    pub(in super::super) layout: Layout,
    pub(in super::super) directory: PathBuf,
    /// The hook where systems have their programs, if it is there.
    pub(in super::super) installed: Option<PathBuf>,
    pub(in super::super) found: Vec<Found>,
}

impl Hooks {
    /// The hook that a link of ours leads to.
    pub(in super::super) fn linked(&self) -> Option<&Path> {
        self.found.iter().find_map(|found| match (&found.leads, &found.entry.kind) {
            (Leads::ToHook(_), Kind::Link(target)) => Some(target.as_path()),
            _ => None,
        })
    }
}

/// What is to be said where nobody may look.
pub(in super::super) fn hidden(error: &PlaceError) -> Check {
    Check::cannot_tell(HOOK_CHECK, Escaped(&error.to_string()))
}

/// Whether the hook is linked, once, where this libvirt looks, and can be run.
pub(in super::super) fn linked(hooks: &Hooks) -> Check {
    let target = hooks.linked().or(hooks.installed.as_deref());
    let Some(target) = target else {
        return Check::bad(
            HOOK_CHECK,
            format_args!("{HOOK} is not installed, and nothing in {} leads to it", dir(hooks)),
            "install the package virt-quobyte",
        );
    };
    let entries: Vec<Entry> = hooks.found.iter().map(|found| found.entry.clone()).collect();
    match link::install(hooks.layout, &hooks.directory, target, &entries) {
        Ok(None) => run(hooks, target),
        Ok(Some(
            Change::Make { link, .. } | Change::Replace { link, .. } | Change::Remove { link },
        )) => Check::bad(
            HOOK_CHECK,
            format_args!("libvirt does not run it: {} does not lead to it", shown(&link)),
            "virt-quobyte install",
        ),
        Err(Refusal::NotOurScript { script, hook }) => {
            let one = hooks.found.iter().find(|it| it.entry.path == script);
            let script = shown(&script);
            match one.map(|it| &it.leads) {
                Some(Leads::ToCaller) => {
                    return Check::worth_knowing(
                        HOOK_CHECK,
                        format_args!(
                            "{script} is the one hook that this libvirt runs, and names {HOOK}; whether it calls it for every guest is for you to see"
                        ),
                    );
                }
                Some(Leads::Hidden) => {
                    return Check::cannot_tell(
                        HOOK_CHECK,
                        format_args!(
                            "{script} is the one hook that this libvirt runs, and cannot be read"
                        ),
                    );
                }
                _ => {}
            }
            Check::bad(
                HOOK_CHECK,
                format_args!(
                    "{script} is the one hook that this libvirt runs, and does not call {HOOK}"
                ),
                format_args!(
                    "add to {script}, right below its first line: {} \"$@\" || exit",
                    shown(&hook)
                ),
            )
        }
        Err(Refusal::Several(links)) => Check::bad(
            HOOK_CHECK,
            format_args!("{} links lead to it, and libvirt runs it once for each", links.len()),
            format_args!(
                "rm {}",
                links[1..].iter().map(|it| quoted(it)).collect::<Vec<_>>().join(" ")
            ),
        ),
        Err(refusal @ Refusal::NotOurs(_)) => Check::bad(
            HOOK_CHECK,
            Escaped(&refusal.to_string()),
            "move it away, then: virt-quobyte install",
        ),
    }
}

/// Whether what the link leads to can be run as root.
fn run(hooks: &Hooks, target: &Path) -> Check {
    let fault = hooks.found.iter().find_map(|found| match &found.leads {
        Leads::ToHook(Err(fault)) => Some(fault),
        _ => None,
    });
    let Some(fault) = fault else {
        return Check::good(
            HOOK_CHECK,
            format_args!("{} is linked in {}", shown(target), dir(hooks)),
        );
    };
    let remedy = match fault {
        HookFault::Unseen(error) if error.is_denied() => return hidden(error),
        HookFault::File(file) => {
            let file = quoted(file);
            format!("chown root: {file} && chmod 0755 {file}")
        }
        HookFault::Untrusted(UntrustedPath::Owner { path, .. }) => {
            format!("chown root: {}", quoted(path))
        }
        HookFault::Untrusted(UntrustedPath::Writable { path, .. }) => {
            format!("chmod go-w {}", quoted(path))
        }
        HookFault::Path { .. } | HookFault::Unseen(_) | HookFault::Untrusted(_) => {
            "install the package virt-quobyte anew, then: virt-quobyte install".to_owned()
        }
    };
    Check::bad(HOOK_CHECK, Escaped(&fault.to_string()), remedy)
}

/// The clocks at one moment: of the day, and since boot.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Now {
    pub(in super::super) day: SystemTime,
    pub(in super::super) since_boot: Duration,
}

/// Whether each daemon looked for hooks since there is one; `None` if there is none.
///
/// At its start and at a reload libvirt looks whether there is any hook, and keeps only that. Where there was none it never looks
/// again; where there was one, it finds others at each call.
pub(in super::super) fn seen(hooks: &Hooks, daemons: Option<&[Daemon]>, now: Now) -> Option<Check> {
    hooks.linked()?;
    let first = hooks.found.iter().filter_map(|found| found.runs_since).min()?;
    let Some(daemons) = daemons else {
        return Some(
            Check::cannot_tell(
                SEEN,
                "systemd does not say when libvirt's daemon was started or reloaded",
            )
            .with("send libvirtd or virtqemud a SIGHUP if it is older than the hook"),
        );
    };
    let running: Vec<&Daemon> = daemons.iter().filter(|daemon| daemon.runs == Runs::Now).collect();
    let unaware = running.iter().find(|daemon| {
        let looked = daemon.looked.and_then(|looked| now.since_boot.checked_sub(looked));
        looked.is_some_and(|ago| now.day.checked_sub(ago).is_some_and(|looked| looked < first))
    });
    Some(match (unaware, running.first(), daemons.first()) {
        (Some(Daemon { unit, .. }), ..) => Check::bad(
            SEEN,
            format_args!(
                "{unit} was last started or reloaded before the hook was there, and runs none"
            ),
            format_args!("systemctl reload {unit}"),
        ),
        (None, Some(Daemon { unit, looked: Some(_), .. }), _) => Check::good(
            SEEN,
            format_args!("{unit} was started or reloaded since the hook is there"),
        ),
        (None, Some(Daemon { unit, looked: None, .. }), _) => Check::cannot_tell(
            SEEN,
            format_args!("systemd does not say when {unit} was started or reloaded"),
        )
        .with(format_args!("systemctl reload {unit}")),
        (None, None, Some(Daemon { unit, .. })) => {
            Check::good(SEEN, format_args!("{unit} looks for it when it starts"))
        }
        (None, None, None) => Check::bad(
            SEEN,
            "no daemon of libvirt that runs QEMU guests is installed",
            "install libvirt's daemon with its QEMU driver",
        ),
    })
}

/// What else libvirt runs for each guest.
pub(in super::super) fn others(hooks: &Hooks) -> Check {
    let runs = |found: &&Found| {
        // A libvirt without a directory of hooks does not look into one.
        let is_looked_at = hooks.layout == Layout::Directory
            || found.entry.path.parent() == Some(hooks.directory.as_path());
        is_looked_at && found.runs_since.is_some() && !matches!(found.leads, Leads::ToHook(_))
    };
    let others: Vec<String> =
        hooks.found.iter().filter(runs).map(|found| shown(&found.entry.path)).collect();
    if others.is_empty() {
        return Check::good(OTHERS, "libvirt runs no other for QEMU guests");
    }
    Check::worth_knowing(
        OTHERS,
        format_args!(
            "libvirt also runs {}: a guest does not start if one of them fails, whatever the reason",
            others.join(", ")
        ),
    )
}

fn dir(hooks: &Hooks) -> String {
    shown(&hooks.directory)
}

fn shown(path: &Path) -> String {
    Escaped(&path.to_string_lossy()).to_string()
}

fn quoted(path: &Path) -> String {
    word(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::super::super::check::Verdict::{Bad, CannotTell, Good, WorthKnowing};
    use super::*;

    const HOOK_FILE: &str = "/usr/sbin/virt-quobyte-hook";
    const DAY: u64 = 86_400;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn ours(path: &str, since: u64) -> Found {
        Found {
            entry: Entry { path: Path::new("/h").join(path), kind: Kind::Link(HOOK_FILE.into()) },
            runs_since: Some(at(since)),
            leads: Leads::ToHook(Ok(())),
        }
    }

    fn script(path: &str, since: Option<u64>, leads: Leads) -> Found {
        let entry = Entry { path: Path::new("/h").join(path), kind: Kind::Other("a file") };
        Found { entry, runs_since: since.map(at), leads }
    }

    fn hooks(layout: Layout, found: Vec<Found>) -> Hooks {
        Hooks { layout, directory: "/h".into(), installed: Some(HOOK_FILE.into()), found }
    }

    #[test]
    fn a_hook_that_libvirt_does_not_run_is_bad_and_says_what_to_type() {
        use Layout::{Directory, SingleScript};
        let place = "qemu.d/virt-quobyte";
        let unfit = |fault| {
            let mut found = ours(place, 1);
            found.leads = Leads::ToHook(Err(fault));
            found
        };
        let writable = UntrustedPath::Writable { path: "/usr".into(), mode: 0o777 };
        let line = "add to /h/qemu, right below its first line: /usr/sbin/virt-quobyte-hook \"$@\" || exit";
        let foreign =
            Entry { path: "/h/qemu.d/virt-quobyte".into(), kind: Kind::Link("/dev/null".into()) };
        let foreign = Found { entry: foreign, runs_since: None, leads: Leads::Elsewhere };
        let table = [
            ("linked", hooks(Directory, vec![ours(place, 1)]), Good, None),
            ("linked, old", hooks(SingleScript, vec![ours("qemu", 1)]), Good, None),
            ("nothing", hooks(Directory, vec![]), Bad, Some("virt-quobyte install")),
            (
                "where an old libvirt does not look",
                hooks(SingleScript, vec![ours(place, 1)]),
                Bad,
                Some("virt-quobyte install"),
            ),
            (
                "twice",
                hooks(Directory, vec![ours("qemu", 1), ours(place, 1)]),
                Bad,
                Some("rm /h/qemu.d/virt-quobyte"),
            ),
            (
                "somebody else's in its place",
                hooks(Directory, vec![foreign]),
                Bad,
                Some("move it away, then: virt-quobyte install"),
            ),
            (
                "the one script calls it",
                hooks(SingleScript, vec![script("qemu", Some(1), Leads::ToCaller)]),
                WorthKnowing,
                None,
            ),
            (
                "the one script does not",
                hooks(SingleScript, vec![script("qemu", Some(1), Leads::Elsewhere)]),
                Bad,
                Some(line),
            ),
            (
                "the one script cannot be read",
                hooks(SingleScript, vec![script("qemu", Some(1), Leads::Hidden)]),
                CannotTell,
                None,
            ),
            (
                "others can change the hook",
                hooks(Directory, vec![unfit(HookFault::File(HOOK_FILE.into()))]),
                Bad,
                Some(
                    "chown root: /usr/sbin/virt-quobyte-hook && chmod 0755 /usr/sbin/virt-quobyte-hook",
                ),
            ),
            (
                "others can change the way to it",
                hooks(Directory, vec![unfit(HookFault::Untrusted(writable))]),
                Bad,
                Some("chmod go-w /usr"),
            ),
        ];
        for (what, hooks, verdict, remedy) in table {
            let check = linked(&hooks);
            assert_eq!((check.verdict, check.remedy.as_deref()), (verdict, remedy), "{what}");
        }
        let mut nowhere = hooks(Directory, vec![]);
        nowhere.installed = None;
        assert!(linked(&nowhere).seen.contains("is not installed"));
    }

    #[test]
    fn a_daemon_that_looked_before_there_was_any_hook_runs_none() {
        let place = "qemu.d/virt-quobyte";
        let daemon = |unit: &str, looked: Option<u64>| Daemon {
            unit: unit.to_owned(),
            runs: if looked.is_some() { Runs::Now } else { Runs::Later },
            pid: None,
            looked: looked.map(Duration::from_secs),
        };
        // Booted at the beginning of day 10, and it is day 12 now.
        let now = Now { day: at(12 * DAY), since_boot: Duration::from_secs(2 * DAY) };
        let alone = |since| hooks(Layout::Directory, vec![ours(place, since)]);
        let beside = |other: Option<u64>| {
            let other = script("qemu", other, Leads::Elsewhere);
            hooks(Layout::Directory, vec![other, ours(place, 11 * DAY)])
        };
        let libvirtd = |looked| vec![daemon("libvirtd.service", Some(looked))];
        let table = [
            ("the hook was there before", alone(9 * DAY), libvirtd(60), Good),
            ("the hook came later", alone(11 * DAY), libvirtd(60), Bad),
            ("the daemon was reloaded", alone(11 * DAY), libvirtd(DAY + 60), Good),
            ("another hook was there before", beside(Some(9 * DAY)), libvirtd(60), Good),
            ("what was there could not be run", beside(None), libvirtd(60), Bad),
            (
                "it starts when needed",
                alone(11 * DAY),
                vec![daemon("virtqemud.service", None)],
                Good,
            ),
            (
                "one of two is unaware",
                alone(11 * DAY),
                vec![
                    daemon("libvirtd.service", Some(DAY + 60)),
                    daemon("virtqemud.service", Some(60)),
                ],
                Bad,
            ),
            ("no daemon", alone(9 * DAY), vec![], Bad),
        ];
        for (what, hooks, daemons, verdict) in table {
            let check = seen(&hooks, Some(&daemons), now).expect("there is a link");
            assert_eq!(check.verdict, verdict, "{what}: {check:?}");
        }
        let check = seen(&alone(11 * DAY), Some(&libvirtd(60)), now).expect("there is a link");
        assert_eq!(check.remedy.as_deref(), Some("systemctl reload libvirtd.service"));
        assert_eq!(seen(&alone(1), None, now).map(|check| check.verdict), Some(CannotTell));
        assert_eq!(seen(&hooks(Layout::Directory, vec![]), Some(&[]), now), None);
    }

    #[test]
    fn what_else_is_run_is_named_and_what_is_not_run_is_not() {
        let found = || {
            vec![
                script("qemu", Some(1), Leads::Elsewhere),
                script("qemu.d/10-other", Some(1), Leads::Elsewhere),
                script("qemu.d/README", None, Leads::Elsewhere),
                ours("qemu.d/virt-quobyte", 1),
            ]
        };
        let check = others(&hooks(Layout::Directory, found()));
        assert_eq!(check.verdict, WorthKnowing);
        assert!(check.seen.contains("also runs /h/qemu, /h/qemu.d/10-other:"), "{check:?}");
        let check = others(&hooks(Layout::SingleScript, found()));
        assert!(check.seen.contains("also runs /h/qemu:"), "{check:?}");
        assert_eq!(others(&hooks(Layout::Directory, vec![ours("qemu.d/x", 1)])).verdict, Good);
    }
}
