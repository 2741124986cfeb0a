//! The kernel's part.

use std::io;

use virt_quobyte::host::fuse::{DEVICE, Fuse};

use super::super::check::Check;

const FUSE: &str = "FUSE";
const TIMEOUT: &str = "FUSE timeout";

pub(in super::super) fn checks(seen: &io::Result<Fuse>) -> Vec<Check> {
    match seen {
        Err(error) => vec![Check::cannot_tell(FUSE, error)],
        Ok(fuse) => vec![device(fuse), timeout(fuse)],
    }
}

fn device(fuse: &Fuse) -> Check {
    match (fuse.has_device, fuse.is_loaded) {
        (true, true) => Check::good(FUSE, format_args!("the kernel has it, and {DEVICE} is there")),
        (true, false) => Check::good(
            FUSE,
            format_args!("{DEVICE} is there; the kernel loads its module for the first mount"),
        ),
        (false, _) => Check::bad(
            FUSE,
            format_args!("{DEVICE} is not there, and no client can mount without it"),
            "modprobe fuse",
        ),
    }
}

/// The kernel's own limit: it ends the connection, once and for all, of a client that leaves a request unanswered for so long.
fn timeout(fuse: &Fuse) -> Check {
    let set = |seconds: Option<u64>| seconds.filter(|&seconds| seconds > 0);
    // Neither client that is known asks for a limit of its own, so the default holds, and the maximum where there is none.
    let limit = match (set(fuse.default_timeout), set(fuse.max_timeout)) {
        (Some(default), Some(max)) => Some(default.min(max)),
        (one, other) => one.or(other),
    };
    match limit {
        None => Check::good(
            TIMEOUT,
            "none: guests wait while a client cannot reach its registries, and go on when it can",
        ),
        Some(seconds) => Check::worth_knowing(
            TIMEOUT,
            format_args!(
                "a client that leaves a request unanswered for {seconds} s is cut off for good, and every guest on it with it"
            ),
        )
        .with("sysctl fs.fuse.default_request_timeout=0 fs.fuse.max_request_timeout=0"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::check::Verdict::{Bad, Good, WorthKnowing};
    use super::*;

    #[test]
    fn without_its_device_there_is_no_mount_and_a_limit_is_said() {
        let table = [
            (true, true, None, None, [Good, Good], ""),
            (true, false, Some(0), Some(0), [Good, Good], "loads its module"),
            (false, false, None, None, [Bad, Good], "/dev/fuse is not there"),
            (true, true, Some(300), Some(0), [Good, WorthKnowing], "for 300 s"),
            (true, true, Some(0), Some(600), [Good, WorthKnowing], "for 600 s"),
            (true, true, Some(900), Some(600), [Good, WorthKnowing], "for 600 s"),
        ];
        for (has_device, is_loaded, default_timeout, max_timeout, verdicts, said) in table {
            let checks = checks(&Ok(Fuse { has_device, is_loaded, default_timeout, max_timeout }));
            assert_eq!(checks.iter().map(|check| check.verdict).collect::<Vec<_>>(), verdicts);
            assert!(checks.iter().any(|check| check.seen.contains(said)), "{checks:?}");
        }
    }
}
