//! Looks at this host, and has each look judged. No look touches a share, and each that could wait has a deadline.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use virt_quobyte::config::{Settings, load};
use virt_quobyte::escape::Escaped;
use virt_quobyte::host::confinement::{self, Confinement, Selinux};
use virt_quobyte::host::deadline::Deadline;
use virt_quobyte::host::libvirt_daemon::{self, Daemon, Runs};
use virt_quobyte::host::trusted_path::{self, Missing};
use virt_quobyte::host::{client, clock, fuse, mount_table, program, resolver, systemd};
use virt_quobyte::link::{self, Entry, HOOK, HOOKS_DIR, Kind, Layout};
use virt_quobyte::mounts::MountTable;
use virt_quobyte::share::MountPoint;

use super::check::{Check, Who};
use super::judge;
use super::judge::client::Client;
use super::judge::confinement::{Apparmor, SelinuxSeen};
use super::judge::directories::Walked;
use super::judge::hook::{Found, Hooks, Leads, Now};
use super::judge::locks::Locks;
use super::judge::registries::{Answer, Registry};
use crate::libvirt::{self, About, DomainXml};

/// How long one program or the resolver is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The libvirt that runs a host's guests.
const SYSTEM: &str = "qemu:///system";

/// Where libvirt's QEMU driver has its configuration.
const QEMU_CONF: &str = "/etc/libvirt/qemu.conf";
const LOCKD_CONF: &str = "/etc/libvirt/qemu-lockd.conf";

/// No hook script and no configuration is larger.
const ROOM: u64 = 1 << 20;

/// Everything, in the order in which it is told.
pub(super) fn this_host(config: Option<&Path>) -> Result<Vec<Check>> {
    let read = load::settings(config);
    let mut checks = vec![judge::settings::configuration(&read)];
    let settings = read.unwrap_or_default();
    let who = if nix::unistd::geteuid().is_root() { Who::Root } else { Who::Another };
    let library = libvirt::version()?;
    let lists = registry_lists(&settings);
    // These three may take as long as they are waited for; together they take as long as one.
    let (client, (about, domains), answers) = std::thread::scope(|scope| {
        let client = scope.spawn(|| find_client(&settings));
        let about = scope.spawn(|| {
            let about = libvirt::about(SYSTEM);
            let domains = about.is_ok().then(|| libvirt::all_domains(SYSTEM));
            (about, domains)
        });
        let answers = ask_for(&lists);
        let join = "a look does not panic";
        (client.join().expect(join), about.join().expect(join), answers)
    });
    // Asked after libvirt was: a daemon that ends when it has nothing to do runs now.
    let daemons = libvirt_daemon::installed();
    // Hooks are run by the daemon, which may be older than the library.
    let version = about.as_ref().map_or(library, |about| about.libvirt);
    checks.push(judge::client::client(&client, who));
    checks.extend(
        settings
            .client
            .config
            .as_ref()
            .map(|path| judge::client::config_file(path.as_path(), &look(path))),
    );
    checks.push(judge::client::isolation(
        settings.client.isolation,
        systemd::is_running(),
        program::find("systemd-run").as_deref(),
    ));
    checks.extend(judge::fuse::checks(&fuse::look()));
    checks.push(judge::libvirt::version(version));
    checks.push(daemon_check(library, &about, daemons.as_deref(), who));
    let (hook_checks, hook) = hook_checks(version, daemons.as_deref())?;
    checks.extend(hook_checks);
    checks.extend(confinement_checks(daemons.as_deref(), hook.as_deref()));
    let qemu_conf = || optional_text(QEMU_CONF);
    checks.push(judge::ownership::ownership(&qemu_conf()));
    checks.push(judge::locks::locks(&Locks {
        qemu_conf: qemu_conf(),
        lockd_conf: optional_text(LOCKD_CONF),
        virtlockd: systemd::is_any_active(
            &["virtlockd.socket", "virtlockd.service"],
            Deadline::after(PATIENCE),
        ),
    }));
    checks.push(revival_check(domains, &settings));
    checks.extend(directory_checks(&settings));
    checks.extend(registry_checks(&lists, answers));
    Ok(checks)
}

fn find_client(settings: &Settings) -> Client {
    let configured = settings.client.program.as_ref().map(MountPoint::as_path);
    match client::program(configured) {
        None => Client::NotFound,
        Some(program) => {
            let said = client::version(&program, Deadline::after(PATIENCE));
            Client::Found { program, said }
        }
    }
}

/// Whether a file is there. One on a remote file system is not looked at: its server may not answer.
fn look(path: &MountPoint) -> io::Result<()> {
    match on(path)? {
        Some(fstype) => Err(io::Error::other(format!("it lies on a mount of type {fstype}"))),
        None => fs::metadata(path.as_path()).map(|_| ()),
    }
}

/// The type of the remote file system that a path lies on.
fn on(path: &MountPoint) -> io::Result<Option<String>> {
    let text = mount_table::text()?;
    let table = MountTable::parse(&text).map_err(io::Error::other)?;
    let mount = table.at(path).pop().or_else(|| table.under(path));
    Ok(mount
        .filter(|mount| mount.is_remote())
        .map(|mount| Escaped(&String::from_utf8_lossy(&mount.fstype)).to_string()))
}

fn daemon_check(
    library: u32,
    about: &Result<About>,
    daemons: Option<&[Daemon]>,
    who: Who,
) -> Check {
    let why = about.as_ref().err().map(|error| Escaped(&format!("{error:#}")).to_string());
    let answer = about.as_ref().map_err(|_| why.as_deref().unwrap_or_default());
    // Where libvirtd and virtqemud are both installed, the one that runs is meant.
    let daemons = daemons.unwrap_or_default();
    let daemon = daemons.iter().find(|it| it.runs == Runs::Now).or(daemons.first());
    judge::libvirt::daemon(SYSTEM, library, answer, daemon, who)
}

/// A libvirt that does not answer is told of once; here it is enough that it does not.
fn revival_check(domains: Option<Result<Vec<DomainXml>>>, settings: &Settings) -> Check {
    let why = match &domains {
        None => format!("{SYSTEM} does not answer"),
        Some(Err(error)) => Escaped(&format!("{error:#}")).to_string(),
        Some(Ok(_)) => String::new(),
    };
    let domains = domains.and_then(Result::ok);
    judge::revival::revival(SYSTEM, domains.as_deref().ok_or(why.as_str()), settings)
}

/// The checks, and the hook that libvirt's link leads to.
fn hook_checks(version: u32, daemons: Option<&[Daemon]>) -> Result<(Vec<Check>, Option<PathBuf>)> {
    let directory = Path::new(HOOKS_DIR);
    let found = match link::found(directory) {
        Ok(found) => found.into_iter().map(follow).collect(),
        Err(error) => return Ok((vec![judge::hook::hidden(&error)], None)),
    };
    let hooks = Hooks {
        layout: Layout::of_version(version),
        directory: directory.to_owned(),
        installed: program::find(HOOK),
        found,
    };
    let now = Now { day: SystemTime::now(), since_boot: clock::since_boot()? };
    let mut checks = vec![judge::hook::linked(&hooks)];
    checks.extend(judge::hook::seen(&hooks, daemons, now));
    checks.push(judge::hook::others(&hooks));
    Ok((checks, hooks.linked().map(Path::to_owned)))
}

/// Looks at what an entry leads to. Hooks lie where systems have programs and scripts, never on a share.
fn follow(entry: Entry) -> Found {
    // libvirt runs what is a file and can be executed, links followed.
    let can_run = fs::metadata(&entry.path)
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let since = fs::symlink_metadata(&entry.path).ok().and_then(|file| {
        let seconds = u64::try_from(file.ctime()).ok()?;
        let nanoseconds = u32::try_from(file.ctime_nsec()).ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds))
    });
    let leads = match &entry.kind {
        Kind::Link(target) if entry.is_ours() => Leads::ToHook(link::check_hook(target)),
        _ if can_run => script(&entry.path),
        _ => Leads::Elsewhere,
    };
    Found { runs_since: since.filter(|_| can_run), entry, leads }
}

/// Whether a script has the hook's name in a line that is no comment.
fn script(path: &Path) -> Leads {
    let Ok(text) = text(path) else { return Leads::Hidden };
    let names = |line: &str| !line.trim_start().starts_with('#') && line.contains(HOOK);
    if text.lines().any(names) { Leads::ToCaller } else { Leads::Elsewhere }
}

fn confinement_checks(daemons: Option<&[Daemon]>, hook: Option<&Path>) -> Vec<Check> {
    let pid = daemons.unwrap_or_default().iter().find_map(|daemon| daemon.pid);
    let here = Confinement::here();
    let apparmor = match (here.has_apparmor(), pid) {
        (false, _) => Apparmor::Off,
        (true, None) => Apparmor::NoDaemon,
        (true, Some(pid)) => Apparmor::Label(here.label(pid)),
    };
    let mut paths = vec![Path::new(HOOKS_DIR)];
    paths.extend(hook);
    let mode = here.selinux();
    let selinux = SelinuxSeen {
        use_fusefs: here.selinux_boolean("virt_use_fusefs"),
        hooks_unconfined: here.selinux_boolean("virt_hooks_unconfined"),
        wrong_labels: match mode {
            Ok(Selinux::Enforcing) => confinement::wrong_labels(&paths),
            _ => None,
        },
        mode,
    };
    let mut checks = vec![judge::confinement::apparmor(&apparmor, hook)];
    checks.extend(judge::confinement::selinux(&selinux));
    checks
}

fn directory_checks(settings: &Settings) -> Vec<Check> {
    let parents = settings.shares.iter().filter_map(|share| {
        let (parent, _) = share.mount_point.as_str().rsplit_once('/')?;
        parent.parse::<MountPoint>().ok().filter(|parent| *parent != settings.mount_base)
    });
    let mut parents: Vec<MountPoint> = parents.collect();
    parents.sort();
    parents.dedup();
    let parents: Vec<_> = parents.into_iter().map(|path| (path.clone(), walk(&path))).collect();
    let state = &settings.state_dir;
    let file_system = mount_table::text().ok().and_then(|text| {
        let table = MountTable::parse(&text).ok()?;
        let mount = table.at(state).pop().or_else(|| table.under(state))?;
        Some(Escaped(&String::from_utf8_lossy(&mount.fstype)).to_string())
    });
    let mut checks =
        vec![judge::directories::mount_base(&settings.mount_base, &walk(&settings.mount_base))];
    checks.extend(judge::directories::mount_points(&parents));
    checks.push(judge::directories::state(state, &walk(state), file_system.as_deref()));
    checks
}

fn walk(path: &MountPoint) -> Walked {
    trusted_path::walk(path, Missing::IsAnError).map(|end| end.mode)
}

/// The lists of registries that the shares name, each once.
fn registry_lists(settings: &Settings) -> Vec<String> {
    let mut lists: Vec<String> =
        settings.shares.iter().map(|share| share.export.registries().to_owned()).collect();
    lists.sort();
    lists.dedup();
    lists
}

/// What the resolver says of each name in these lists, in their order.
fn ask_for(lists: &[String]) -> Vec<Answer> {
    let registries = lists.iter().flat_map(|list| list.split(','));
    let names: Vec<&str> = registries.filter_map(|it| Registry::of(it).name()).collect();
    resolver::addresses(&names, Deadline::after(PATIENCE))
}

fn registry_checks(lists: &[String], answers: Vec<Answer>) -> Vec<Check> {
    let mut answers = answers.into_iter();
    let checks = lists.iter().map(|list| {
        let each: Vec<_> = list
            .split(',')
            .map(Registry::of)
            .map(|registry| (registry, registry.name().and_then(|_| answers.next())))
            .collect();
        judge::registries::registries(list, &each)
    });
    checks.collect()
}

fn optional_text(path: &str) -> io::Result<Option<String>> {
    match text(Path::new(path)) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(ROOM).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
