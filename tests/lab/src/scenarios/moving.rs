//! Moving from Nova's driver, as its document says: on a host where a guest runs from a volume that was mounted as Nova mounts it,
//! every command of the document is run, and says what the document shows.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::scenarios;
use crate::cmdline::clone_dir;
use crate::guest::{Cache, Spec};
use crate::host::Host;
use crate::runner::Verdict;
use crate::share::{self, Share};
use crate::visible;

scenarios!("moving from nova", WithProduct: every_command_of_the_document_does_what_it_shows);

const DOCUMENT: &str = "hooks/usr/share/doc/virt-quobyte/moving-from-nova.md";
/// What the document is about.
const GUEST: &str = "instance-0000000a";
const IMAGE: &str = "volume-c7a5fdbd-edaf-9455-926a-d65c16db1809";
const EXPORT: &str = "reg1.example.org,reg2.example.org/openstack-volumes";
const MOUNT_POINT: &str = "/var/lib/nova/mnt/b08091557083240da2f226f5bd02e82d";
/// Debian's number of the user nova.
const NOVA: &str = "64060:64060";

/// A disk as Nova writes it, byte for byte: `tests/diskxml` holds such against its own driver.
const DISK: &str = include_str!("nova-disk.xml");

fn every_command_of_the_document_does_what_it_shows(host: &Host) -> Result<Verdict> {
    let volume = Share::new(host, "openstack-volumes")?;
    volume.image(IMAGE)?;
    as_nova_left_it(host)?;
    let document = fs::read_to_string(clone_dir().join(DOCUMENT)).context(DOCUMENT)?;
    let mut commands = 0;
    for block in blocks(&document) {
        match block {
            Block::File { path, text } => host.write(path, text)?,
            Block::Commands(lines) => {
                for (command, shown) in calls(&lines) {
                    let said = host.command("sh").args(["-c", &format!("{{ {command}\n}} 2>&1")]);
                    let said = said.env("COLUMNS", "80").run()?.stdout_text();
                    ensure!(
                        fits(&shown, &said.trim_end().lines().collect::<Vec<_>>()),
                        "`{command}` says:\n{}\nand {DOCUMENT} shows:\n{}",
                        said.lines().map(visible::line).collect::<Vec<_>>().join("\n"),
                        shown.join("\n")
                    );
                    commands += 1;
                }
            }
        }
    }
    ensure!(commands > 15, "only {commands} commands were found");
    // A bare mount point is immutable, here too. Beside it are those of other scenarios.
    let mount_point = "/srv/quobyte/openstack";
    host.command("chattr").args(["-i", MOUNT_POINT, mount_point]).done()?;
    let made = ["/var/lib/nova", mount_point, "/root/attachment.json", "/root/guest.xml"];
    host.command("rm").arg("-r").args(made).done()?;
    share::forget(host)?;
    Ok(Verdict::Measured(format!("{commands} commands")))
}

/// A volume that is mounted as Nova mounts one, in directories of Nova's user, and a guest that runs from it.
fn as_nova_left_it(host: &Host) -> Result<()> {
    let directories = ["-d", "-m", "0755", "/var/lib/nova/mnt", MOUNT_POINT];
    host.command("install").args(directories).done()?;
    host.command("chown").args(["-R", NOVA, "/var/lib/nova"]).done()?;
    host.command("systemd-run")
        .args(["--scope", "mount.quobyte", "--disable-xattrs", EXPORT, MOUNT_POINT])
        .done()?;
    let path = format!("{MOUNT_POINT}/{IMAGE}");
    let xml = Spec::named(GUEST)?.disk(&path, Cache::None).writes(4000, "0.1").xml();
    let (before, rest) = xml.split_once("<disk").context("the template has a disk")?;
    let (_, after) = rest.split_once("</disk>").context("which ends")?;
    let file = "/run/lab-nova.xml";
    host.write(file, [before, DISK.trim_end(), after].concat())?;
    host.command("virsh").args(["define", file]).done()?;
    host.command("virsh").args(["start", GUEST]).done()
}

/// A part of the document that does something.
enum Block<'d> {
    /// What is to be in a file, which the fence names after the language.
    File {
        path: &'d str,
        text: String,
    },
    Commands(Vec<&'d str>),
}

fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> =
            lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        match fence.split_once(' ') {
            Some((_, path)) => found.push(Block::File { path, text: inside.join("\n") + "\n" }),
            None if fence == "console" => found.push(Block::Commands(inside)),
            None => {}
        }
    }
    found
}

/// Each command, behind the prompt of root, and the lines that it is to say.
fn calls<'d>(lines: &[&'d str]) -> Vec<(&'d str, Vec<&'d str>)> {
    let mut calls: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in lines {
        match (line.strip_prefix("# "), calls.last_mut()) {
            (Some(command), _) => calls.push((command, Vec::new())),
            (None, Some((_, shown))) => shown.push(line),
            (None, None) => {}
        }
    }
    calls
}

/// Whether lines are those that are shown, where `...` stands for anything in a line, and alone for any lines.
pub(super) fn fits(shown: &[&str], said: &[&str]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((&"...", rest)) => (0..=said.len()).any(|skipped| fits(rest, &said[skipped..])),
        Some((first, rest)) => said
            .split_first()
            .is_some_and(|(line, after)| line_fits(first, line) && fits(rest, after)),
    }
}

fn line_fits(shown: &str, said: &str) -> bool {
    let mut parts = shown.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Block, blocks, calls, fits, line_fits};

    #[test]
    fn what_is_masked_may_be_anything_and_the_rest_may_not() {
        for (shown, said, expected) in [
            ("a ... c", "a b c", true),
            ("a ... c", "a b d", false),
            ("for ... s", "for 12 s", true),
            ("...", "", true),
            ("a", "ab", false),
            ("a...b...c", "a-b-c", true),
            ("a...b...c", "a-c-b", false),
        ] {
            assert_eq!(line_fits(shown, said), expected, "{shown} {said}");
        }
        assert!(fits(&["a", "...", "z"], &["a", "b", "c", "z"]));
        assert!(fits(&["a", "..."], &["a"]));
        assert!(!fits(&["a", "...", "z"], &["a", "b"]));
        assert!(!fits(&["a"], &["a", "b"]));
    }

    #[test]
    fn commands_and_files_are_read_out_of_a_document() {
        let document =
            "```toml /etc/x\nkey = 1\n```\n```sh\nno\n```\n```console\n# one\ntwo\n# three\n```\n";
        let blocks = blocks(document);
        let [Block::File { path: "/etc/x", text }, Block::Commands(lines)] = &blocks[..] else {
            panic!("{} blocks", blocks.len())
        };
        assert_eq!(text, "key = 1\n");
        assert_eq!(calls(lines), [("one", vec!["two"]), ("three", vec![])]);
    }
}
