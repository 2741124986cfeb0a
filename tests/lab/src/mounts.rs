//! A host's FUSE mounts, from the host's own mount table. Reads the table only: never a path below
//! a mount point.

use anyhow::Result;

use crate::host::Host;

/// One FUSE mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) id: u32,
    pub(crate) point: String,
    pub(crate) kind: String,
    pub(crate) source: String,
}

/// All mounts of a FUSE file system, oldest first.
pub(crate) fn fuse(host: &Host) -> Result<Vec<Mount>> {
    Ok(host
        .mountinfo()?
        .lines()
        .filter_map(mount)
        .filter(|mount| mount.kind.starts_with("fuse.") || mount.kind == "fuse")
        .collect())
}

/// The FUSE mounts exactly at `point`, oldest first.
pub(crate) fn at(host: &Host, point: &str) -> Result<Vec<Mount>> {
    Ok(fuse(host)?.into_iter().filter(|mount| mount.point == point).collect())
}

fn mount(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ');
    let (id, point) = (left.next()?.parse().ok()?, left.nth(3)?.to_owned());
    let mut right = right.split(' ');
    Some(Mount { id, point, kind: right.next()?.to_owned(), source: right.next()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Mount, mount};

    #[test]
    fn a_line_is_read_with_and_without_optional_fields() {
        for optional in ["", "shared:7 ", "shared:7 master:2 "] {
            let line = format!(
                "31 27 0:40 / /srv/q rw,nosuid {optional}- fuse.quobyte quobyte@reg/gold rw,user_id=0"
            );
            let expected = Mount {
                id: 31,
                point: "/srv/q".into(),
                kind: "fuse.quobyte".into(),
                source: "quobyte@reg/gold".into(),
            };
            assert_eq!(mount(&line), Some(expected), "{line}");
        }
    }
}
