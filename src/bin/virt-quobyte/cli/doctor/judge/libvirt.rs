//! Versions, and what is seen of a libvirt from afar.

use virt_quobyte::host::libvirt_daemon::{Daemon, Runs};
use virt_quobyte::xml::Tree;

use super::super::check::{Check, Who, word};
use crate::libvirt::About;

const LIBVIRT: &str = "libvirt";
const DAEMON: &str = "libvirt daemon";
const SECURITY: &str = "security models";
const REST: &str = "everything else";

/// Since when libvirt takes `fuse.quobyte` for shared storage, without which it refuses a live migration.
const SHARED: u32 = 5_006_000;

/// Since when libvirt runs what is in `qemu.d`.
const DIRECTORY: u32 = 6_005_000;

/// The version that judges what libvirt can do: the daemon's, or while it does not answer the library's.
pub(in super::super) fn version(version: u32) -> Check {
    let shown = dotted(version);
    if version < SHARED {
        return Check::worth_knowing(
            LIBVIRT,
            format_args!(
                "{shown}: before 5.6 it takes Quobyte for storage of this host alone, and refuses live migration"
            ),
        );
    }
    if version < DIRECTORY {
        return Check::worth_knowing(
            LIBVIRT,
            format_args!(
                "{shown}: before 6.5 it runs one hook script for QEMU guests, and no others"
            ),
        );
    }
    Check::good(LIBVIRT, format_args!("{shown}: knows qemu.d, and fuse.quobyte as shared storage"))
}

/// Whether the daemon answers. The library comes with it as one release, unless the daemon was not restarted since.
pub(in super::super) fn daemon(
    uri: &str,
    library: u32,
    about: Result<&About, &str>,
    daemon: Option<&Daemon>,
    who: Who,
) -> Check {
    let systemctl = |what: &str| match daemon {
        Some(daemon) => format!("systemctl {what} {}", word(&daemon.unit)),
        None => format!("{what} libvirtd or virtqemud"),
    };
    match (about, daemon.map(|daemon| daemon.runs)) {
        (Err(why), Some(Runs::Now)) if who == Who::Another => Check::cannot_tell(DAEMON, why),
        (Err(why), Some(Runs::Now)) => Check::bad(DAEMON, why, systemctl("status")),
        (Err(why), _) => Check::bad(DAEMON, why, systemctl("start")),
        (Ok(about), _) if about.libvirt < library => Check::worth_knowing(
            DAEMON,
            format_args!(
                "{uri} is still {}, and {} is installed",
                dotted(about.libvirt),
                dotted(library)
            ),
        )
        .with(systemctl("restart")),
        (Ok(about), _) => answering(uri, about),
    }
}

fn answering(uri: &str, about: &About) -> Check {
    match about.hypervisor_version {
        Some(version) => Check::good(
            DAEMON,
            format_args!("{uri} answers, and has {} {}", about.hypervisor, dotted(version)),
        ),
        None => Check::bad(
            DAEMON,
            format_args!("{uri} answers, and finds no {}", about.hypervisor),
            format_args!("install {}", about.hypervisor),
        ),
    }
}

/// All that a libvirt on another host tells.
pub(in super::super) fn from_afar(uri: &str, about: &About) -> Vec<Check> {
    let models = security_models(&about.capabilities);
    let security = match models.as_deref() {
        None => Check::cannot_tell(SECURITY, "its capabilities cannot be read"),
        Some([]) => Check::worth_knowing(SECURITY, "none: every guest runs as the daemon's user"),
        Some(models) => Check::good(SECURITY, models.join(", ")),
    };
    let rest = Check::cannot_tell(
        REST,
        "client, kernel, hook, configuration and directories are seen on that host only",
    );
    let there = match ssh_host(uri) {
        Some(host) => rest.with(format_args!("ssh {} virt-quobyte doctor", word(host))),
        None => rest.with("on that host: virt-quobyte doctor"),
    };
    vec![version(about.libvirt), answering(uri, about), security, there]
}

/// The host of a URI whose transport is ssh. A port is left to ssh's configuration.
fn ssh_host(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let transport = scheme.split_once('+')?.1;
    let without_port = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    (matches!(transport, "ssh" | "libssh" | "libssh2")
        && !without_port.is_empty()
        && !without_port.starts_with('-'))
    .then_some(without_port)
}

/// The names of the security models in the XML of capabilities.
fn security_models(capabilities: &str) -> Option<Vec<String>> {
    let tree = Tree::read(capabilities.as_bytes()).ok()?;
    let host = tree.root().child("host")?;
    let models = host.all("secmodel").filter_map(|model| model.child("model"));
    Some(models.map(|model| virt_quobyte::escape::Escaped(&model.text()).to_string()).collect())
}

/// As people write what libvirt counts: 6.5.0 is `6_005_000`.
fn dotted(version: u32) -> String {
    format!("{}.{}.{}", version / 1_000_000, version / 1000 % 1000, version % 1000)
}

#[cfg(test)]
mod tests {
    use super::super::super::check::Verdict::{Bad, CannotTell, Good, WorthKnowing};
    use super::*;

    fn about() -> About {
        About {
            libvirt: 9_000_000,
            hypervisor: "QEMU".to_owned(),
            hypervisor_version: Some(7_002_022),
            capabilities: "<capabilities><host><secmodel><model>apparmor</model></secmodel>\
                           <secmodel><model>dac</model></secmodel></host></capabilities>"
                .to_owned(),
        }
    }

    #[test]
    fn an_old_libvirt_is_told_what_it_lacks() {
        for (number, verdict, said) in [
            (5_005_999, WorthKnowing, "5.5.999: before 5.6"),
            (5_006_000, WorthKnowing, "5.6.0: before 6.5"),
            (6_004_000, WorthKnowing, "6.4.0: before 6.5"),
            (6_005_000, Good, "6.5.0: knows qemu.d"),
            (11_003_000, Good, "11.3.0: knows qemu.d"),
        ] {
            let check = version(number);
            assert_eq!(check.verdict, verdict, "{number}");
            assert!(check.seen.starts_with(said), "{check:?}");
        }
    }

    #[test]
    fn a_daemon_answers_is_older_than_its_library_has_no_qemu_or_is_not_there() {
        let unit = |runs| Daemon { unit: "libvirtd.service".into(), runs, pid: None, looked: None };
        let (now, later) = (unit(Runs::Now), unit(Runs::Later));
        let of = |library, about| daemon("qemu:///system", library, about, Some(&now), Who::Root);
        let well = about();
        let check = of(9_000_000, Ok(&well));
        assert_eq!(check.seen, "qemu:///system answers, and has QEMU 7.2.22");
        assert_eq!(check.verdict, Good);
        let check = of(9_001_000, Ok(&well));
        assert_eq!(check.verdict, WorthKnowing);
        assert_eq!(check.remedy.as_deref(), Some("systemctl restart libvirtd.service"));
        let none = About { hypervisor_version: None, ..about() };
        assert_eq!(of(9_000_000, Ok(&none)).verdict, Bad);
        for (unit, who, verdict, remedy) in [
            (Some(&now), Who::Root, Bad, Some("systemctl status libvirtd.service")),
            (Some(&now), Who::Another, CannotTell, None),
            (Some(&later), Who::Root, Bad, Some("systemctl start libvirtd.service")),
            (Some(&later), Who::Another, Bad, Some("systemctl start libvirtd.service")),
            (None, Who::Root, Bad, Some("start libvirtd or virtqemud")),
        ] {
            let check = daemon("qemu:///system", 9_000_000, Err("no answer"), unit, who);
            assert_eq!((check.verdict, check.remedy.as_deref()), (verdict, remedy), "{unit:?}");
        }
    }

    #[test]
    fn from_afar_only_libvirt_is_seen_and_the_rest_is_said_to_be_elsewhere() {
        let checks = from_afar("qemu+ssh://root@kvm-17:2222/system?no_tty=1", &about());
        let said: Vec<_> = checks.iter().map(|check| (check.subject, check.verdict)).collect();
        let expected = [(LIBVIRT, Good), (DAEMON, Good), (SECURITY, Good), (REST, CannotTell)];
        assert_eq!(said, expected);
        assert_eq!(checks[2].seen, "apparmor, dac");
        assert_eq!(checks[3].remedy.as_deref(), Some("ssh root@kvm-17 virt-quobyte doctor"));
        for uri in
            ["qemu:///system", "qemu+tls://kvm-17/system", "qemu+ssh://-oProxyCommand=x/system"]
        {
            let checks = from_afar(uri, &about());
            assert_eq!(checks[3].remedy.as_deref(), Some("on that host: virt-quobyte doctor"));
        }
    }
}
