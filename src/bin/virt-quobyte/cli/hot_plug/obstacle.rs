//! What keeps a guest from letting go of a disk, as far as that is seen before it is asked.
//!
//! A guest that is asked and cannot answer is no harmless thing. The request stays with its QEMU, which follows it when the guest
//! runs again: at a moment when nobody looks after the leases. And where an image's requests wait for their client, QEMU waits for
//! them when it closes the image, and with it its monitor and the whole guest.

use virt_quobyte::health::Health;

/// Whether a guest's processors run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Processors {
    Run,
    Paused,
}

/// Why the guest cannot let go of a disk that lies on these shares; the first one is that of the image itself.
pub(in crate::cli) fn obstacle(
    guest: &str,
    processors: Processors,
    shares: &[(String, Health)],
) -> Option<String> {
    let of = |name: &str, health: &Health| format!("the mount point of its share {name} {health}");
    let hung = shares.iter().find(|(_, health)| matches!(health, Health::Hung { .. }));
    if let Some((name, health)) = hung {
        return Some(format!(
            "{guest} was not asked: {}, and what waits for it cannot be closed; see to the client and its registries, or give it up: virt-quobyte recover --abort {name}",
            of(name, health)
        ));
    }
    if processors == Processors::Run {
        return None;
    }
    let paused = format!("{guest} was not asked: it is paused, so its system cannot answer");
    let ill = shares.iter().find(|(_, health)| *health != Health::Healthy);
    Some(match ill {
        Some((name, health @ (Health::Dead | Health::Absent))) => format!(
            "{paused}, and {}; how far the guest can have its disks back, or has to be stopped, says: virt-quobyte recover --revive {name}",
            of(name, health)
        ),
        Some((name, health)) => {
            format!(
                "{paused}, and {}; when that is well again: virsh resume {guest}",
                of(name, health)
            )
        }
        None => format!("{paused}; virsh resume {guest}"),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_guest_is_asked_unless_it_cannot_answer_or_must_not() {
        let hung = || Health::Hung { waited: Duration::from_secs(5) };
        let failing = || Health::Failing { errno: 5 };
        let (run, paused) = (Processors::Run, Processors::Paused);
        let rows: [(Processors, &[Health], Option<&str>); 11] = [
            (run, &[Health::Healthy], None),
            (run, &[Health::Dead], None),
            (run, &[failing()], None),
            (run, &[Health::Absent], None),
            (run, &[hung()], Some("or give it up: virt-quobyte recover --abort s0")),
            (run, &[Health::Dead, hung()], Some("virt-quobyte recover --abort s1")),
            (paused, &[hung()], Some("virt-quobyte recover --abort s0")),
            (paused, &[Health::Healthy], Some("cannot answer; virsh resume web1")),
            (paused, &[Health::Dead], Some("virt-quobyte recover --revive s0")),
            (paused, &[Health::Healthy, Health::Absent], Some("virt-quobyte recover --revive s1")),
            (paused, &[failing()], Some("when that is well again: virsh resume web1")),
        ];
        for (processors, healths, expected) in rows {
            let shares = (0..).map(|n| format!("s{n}")).zip(healths.iter().cloned());
            let said = obstacle("web1", processors, &shares.collect::<Vec<_>>());
            let fits = match (&said, expected) {
                (Some(said), Some(end)) => said.ends_with(end),
                (said, end) => said.is_none() && end.is_none(),
            };
            assert!(fits, "{processors:?} {healths:?}: {said:?}");
        }
    }
}
