//! Where packages come from: this machine's own suite, mirrors and proxies, read from apt. No host
//! name is known here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// The machine's distribution, as far as the lab can build hosts of it.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) codename: String,
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

/// Reads `/etc/os-release`.
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
    let codename = field("VERSION_CODENAME").context("VERSION_CODENAME in /etc/os-release")?;
    Ok(Suite { codename, vendor })
}

/// A sources.list of what this machine itself uses of its distribution: other vendors' archives are
/// left out. What apt has to fetch for the answer goes to `scratch`.
pub(super) fn list(scratch: &Path) -> Result<String> {
    let Suite { codename, vendor } = suite()?;
    let targets = targets(scratch)?;
    let wanted = [codename.clone(), format!("{codename}-updates"), format!("{codename}-security")];
    let mut archives: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
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
        if ours
            && wanted.iter().any(|suite| suite == release)
            && vendor.components().contains(&component)
        {
            let components = archives.entry((uri, release)).or_default();
            if !components.contains(&component) {
                components.push(component);
            }
        }
    }
    ensure!(
        archives.keys().any(|(_, release)| *release == codename),
        "apt on this machine has no source for {codename} {:?}",
        vendor.components()
    );
    let signed = if Path::new(vendor.keyring()).exists() {
        format!(" [signed-by={}]", vendor.keyring())
    } else {
        String::new()
    };
    let mut list = String::new();
    for ((uri, release), components) in archives {
        writeln!(list, "deb{signed} {uri} {release} {}", components.join(" "))?;
    }
    Ok(list)
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
