//! Where packages come from: this machine's own suite, mirrors and proxies, read from apt. No host
//! name is known here. Another suite of the same distribution comes from the same mirrors.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::libvirt::Daemon;

/// Names a suite that is not this machine's own. What is built here runs there if it is a later one.
const ANOTHER: &str = "LAB_SUITE";

/// The hosts' distribution, as far as the lab can build them.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) codename: String,
    /// The one that this machine's apt knows.
    own: String,
    vendor: Vendor,
}

#[derive(Debug, Clone, Copy)]
enum Vendor {
    Debian,
    Ubuntu,
}

impl Vendor {
    /// Where libvirt, QEMU and the guests' kernel are.
    fn components(self) -> &'static [&'static str] {
        match self {
            Self::Debian => &["main"],
            Self::Ubuntu => &["main", "universe"],
        }
    }

    fn keyring(self) -> &'static str {
        match self {
            Self::Debian => "/usr/share/keyrings/debian-archive-keyring.gpg",
            Self::Ubuntu => "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
        }
    }
}

/// Reads `/etc/os-release`, and what else was wished for.
pub(crate) fn suite() -> Result<Suite> {
    let release = fs::read_to_string("/etc/os-release").context("/etc/os-release")?;
    let field = |name: &str| {
        release.lines().find_map(|line| {
            Some(line.strip_prefix(name)?.strip_prefix('=')?.trim_matches('"').to_owned())
        })
    };
    let vendor = match field("ID").as_deref() {
        Some("debian") => Vendor::Debian,
        Some("ubuntu") => Vendor::Ubuntu,
        other => bail!("Debian or Ubuntu (this is {})", other.unwrap_or("unnamed")),
    };
    let own = field("VERSION_CODENAME").context("VERSION_CODENAME in /etc/os-release")?;
    let codename = match env::var(ANOTHER) {
        Ok(name) if !name.is_empty() => name,
        _ => own.clone(),
    };
    // It becomes part of a path and of a line for apt.
    ensure!(
        codename.chars().all(|c| c.is_ascii_lowercase()),
        "a suite in {ANOTHER}, like trixie (it is {codename:?})"
    );
    Ok(Suite { codename, own, vendor })
}

/// A sources.list of what this machine itself uses of its distribution: other vendors' archives are
/// left out. What apt has to fetch for the answer goes to `scratch`.
pub(super) fn list(scratch: &Path) -> Result<String> {
    let suite = suite()?;
    let (targets, vendor) = (targets(scratch)?, suite.vendor);
    let archives = archives(&targets, &suite)?;
    let signed = if Path::new(vendor.keyring()).exists() {
        format!(" [signed-by={}]", vendor.keyring())
    } else {
        String::new()
    };
    let mut list = String::new();
    for ((uri, release), components) in archives {
        let components = components.join(" ");
        writeln!(list, "deb{signed} {uri} {release} {components}")?;
        if Daemon::chosen()? == Daemon::Virtqemud {
            writeln!(list, "deb-src{signed} {uri} {release} {components}")?;
        }
    }
    Ok(list)
}

/// What apt knows of the machine's own suite, said of the wanted one: mirror and release, and its components.
fn archives<'t>(
    targets: &'t str,
    suite: &Suite,
) -> Result<BTreeMap<(&'t str, String), Vec<&'t str>>> {
    let mut archives: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for target in targets.lines() {
        let mut fields = target.split('\t');
        let (Some(uri), Some(release), Some(component), Some(origin)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            bail!("apt-get indextargets answered {target:?}");
        };
        // Where apt has not been updated yet, the origin is unknown and stays the literal variable.
        let ours =
            ["Debian", "Ubuntu"].contains(&origin) || origin.is_empty() || origin.starts_with('$');
        let pocket = release.strip_prefix(&suite.own);
        if let Some(pocket @ ("" | "-updates" | "-security")) = pocket
            && ours
            && suite.vendor.components().contains(&component)
        {
            let release = format!("{}{pocket}", suite.codename);
            let components = archives.entry((uri, release)).or_default();
            if !components.contains(&component) {
                components.push(component);
            }
        }
    }
    ensure!(
        archives.keys().any(|(_, release)| *release == suite.codename),
        "apt on this machine has no source for {} {:?}",
        suite.own,
        suite.vendor.components()
    );
    Ok(archives)
}

/// One line an archive's component. apt answers only for what it has fetched, which on many
/// machines is thrown away to save space.
fn targets(scratch: &Path) -> Result<String> {
    let format = "$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(ORIGIN)";
    let ask = |options: &[String]| {
        let mut apt = Command::new("apt-get");
        output(apt.args(options).args(["indextargets", "--format", format, "Created-By: Packages"]))
    };
    let known = ask(&[])?;
    if !known.is_empty() {
        return Ok(known);
    }
    // Elsewhere than in the machine's own lists, which are its administrator's; apt's own user may
    // not enter there.
    let options = [
        format!("-oDir::State::Lists={}", scratch.join("lists").display()),
        format!("-oDir::Cache={}", scratch.join("cache").display()),
        "-oAPT::Sandbox::User=root".to_owned(),
    ];
    for dir in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(scratch.join(dir)).with_context(|| format!("cannot make {dir}"))?;
    }
    output(Command::new("apt-get").args(&options).arg("update"))?;
    ask(&options)
}

/// How this machine's apt reaches its mirrors: proxies and the like, as an apt configuration.
pub(super) fn transport() -> Result<String> {
    let mut dump = Command::new("apt-config");
    dump.args([
        "dump",
        "--format",
        "%F \"%v\";%n",
        "Acquire::http",
        "Acquire::https",
        "Acquire::Check-Valid-Until",
    ]);
    dump.arg("Acquire::Check-Date");
    Ok(output(&mut dump)?
        .lines()
        .filter(|line| !line.ends_with(" \"\";"))
        .fold(String::new(), |conf, line| conf + line + "\n"))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    ensure!(
        output.status.success(),
        "{}: {}: {}",
        command.get_program().display(),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout)
        .with_context(|| format!("{} answered no UTF-8", command.get_program().display()))
}

#[cfg(test)]
mod tests {
    use super::{Suite, Vendor, archives};

    const TARGETS: &str = "\
http://mirror/debian\tbookworm\tmain\tDebian
http://mirror/debian\tbookworm\tcontrib\tDebian
http://mirror/debian\tbookworm-updates\tmain\t$(ORIGIN)
http://mirror/debian\tbookworm-backports\tmain\tDebian
http://security/debian\tbookworm-security\tmain\tDebian
http://vendor/apt\tbookworm\tmain\tVendor
http://vendor/apt\tvendor-bookworm\tmain\tDebian
";

    fn releases(codename: &str) -> Vec<String> {
        let own = "bookworm".to_owned();
        let suite = Suite { codename: codename.to_owned(), own, vendor: Vendor::Debian };
        let archives = archives(TARGETS, &suite).expect("there is a source");
        let lines =
            archives.iter().map(|((uri, release), parts)| format!("{uri} {release} {parts:?}"));
        lines.collect()
    }

    #[test]
    fn another_suite_comes_from_where_the_machines_own_does() {
        let expected = |suite: &str| {
            [
                format!("http://mirror/debian {suite} [\"main\"]"),
                format!("http://mirror/debian {suite}-updates [\"main\"]"),
                format!("http://security/debian {suite}-security [\"main\"]"),
            ]
        };
        assert_eq!(releases("bookworm"), expected("bookworm"));
        assert_eq!(releases("trixie"), expected("trixie"));
    }

    #[test]
    fn a_machine_without_the_main_archive_is_told_so() {
        let own = "sid".to_owned();
        let suite = Suite { codename: "trixie".to_owned(), own, vendor: Vendor::Debian };
        let error = archives(TARGETS, &suite).expect_err("no sid there").to_string();
        assert!(error.contains("no source for sid"), "{error}");
    }
}
