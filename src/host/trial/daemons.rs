//! The processes of a client.

use std::fs;
use std::path::Path;

use crate::host::deadline::Deadline;
use crate::host::{processes, program};
use crate::selftest::Daemon;

pub(super) fn daemons(arguments: Vec<String>, deadline: Deadline) -> Vec<Daemon> {
    let found = processes::with_arguments(arguments, deadline).unwrap_or_default();
    found.into_iter().filter_map(daemon).collect()
}

/// A process; `None` if it has ended meanwhile. Neither of the two files waits for anybody.
fn daemon(pid: u32) -> Option<Daemon> {
    let cgroup = cgroup(pid)?;
    let open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let is_ours = |path: &Path| path.to_string_lossy().starts_with(program::OUTPUT_LINK);
    let keeps_outputs =
        open.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|path| is_ours(&path)));
    Some(Daemon { pid, cgroup, keeps_outputs })
}

fn cgroup(pid: u32) -> Option<String> {
    in_use(&fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?).map(str::to_owned)
}

/// A process's control group: in the unified hierarchy, or in systemd's own where nobody uses that one.
fn in_use(table: &str) -> Option<&str> {
    let of = |mark: &str| table.lines().find_map(|line| line.split_once(mark).map(|it| it.1));
    let unified = of("0::");
    unified.filter(|path| *path != "/").or_else(|| of(":name=systemd:")).or(unified)
}

/// This process's own.
pub fn own_cgroup() -> Option<String> {
    cgroup(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_group_is_read_from_the_hierarchy_that_is_in_use() {
        for (table, path) in [
            ("0::/system.slice/a.scope\n", Some("/system.slice/a.scope")),
            (
                "9:cpu:/\n1:name=systemd:/\n0::/system.slice/a.scope\n",
                Some("/system.slice/a.scope"),
            ),
            ("9:cpu:/\n1:name=systemd:/system.slice/a.scope\n", Some("/system.slice/a.scope")),
            ("1:name=systemd:/system.slice/a.scope\n0::/\n", Some("/system.slice/a.scope")),
            ("0::/\n", Some("/")),
            ("9:cpu:/x\n", None),
        ] {
            assert_eq!(in_use(table), path, "{table:?}");
        }
    }
}
