//! The guests' kernel and those of its modules that they need, out of the unpacked packages. A
//! module that is built in is no file and is left out; one that needs others comes after them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::image::Image;

/// Disks, then the power button and the device that reports it, then the one that tells of a panic. A guest with disks on other
/// buses loads what comes after the first five.
const WANTED: [&str; 8] = [
    "virtio_pci",
    "virtio_blk",
    "button",
    "evdev",
    "pvpanic_mmio",
    "virtio_scsi",
    "ata_piix",
    "sd_mod",
];

/// The first module that only disks on other buses than virtio's need.
const OTHER_BUSES: usize = 5;

/// A module, unpacked.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
    pub(super) needed: Needed,
}

/// Which guests load a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    Always,
    ForOtherBuses,
}

pub(super) fn kernel(image: &Image) -> Result<Vec<u8>> {
    let boot = image.guest().join("boot");
    let entries = fs::read_dir(&boot).with_context(|| boot.display().to_string())?;
    let kernel =
        entries.flatten().find(|entry| entry.file_name().to_string_lossy().starts_with("vmlinuz-"));
    let kernel = kernel.with_context(|| format!("no vmlinuz in {}", boot.display()))?.path();
    fs::read(&kernel).with_context(|| kernel.display().to_string())
}

/// The wanted modules and what they depend on, in the order in which they load.
pub(super) fn modules(image: &Image) -> Result<Vec<Module>> {
    let mut files = BTreeMap::new();
    for tree in ["lib/modules", "usr/lib/modules"] {
        find(&image.guest().join(tree), &mut files)?;
    }
    ensure!(!files.is_empty(), "no modules in {}", image.guest().display());
    let mut loaded = Vec::new();
    for (at, name) in WANTED.into_iter().enumerate() {
        let needed = if at < OTHER_BUSES { Needed::Always } else { Needed::ForOtherBuses };
        load(image, &files, name, needed, &mut loaded)?;
    }
    Ok(loaded)
}

fn find(dir: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if let Some((name, _)) =
            path.file_name().and_then(OsStr::to_str).and_then(|name| name.split_once(".ko"))
        {
            // The kernel takes a dash and an underscore for the same.
            files.insert(name.replace('-', "_"), path);
        }
    }
    Ok(())
}

fn load(
    image: &Image,
    files: &BTreeMap<String, PathBuf>,
    name: &str,
    needed: Needed,
    loaded: &mut Vec<Module>,
) -> Result<()> {
    let Some(path) = files.get(name).filter(|_| !loaded.iter().any(|module| module.name == name))
    else {
        return Ok(());
    };
    let content = unpacked(image, path)?;
    for dependency in dependencies(&content).with_context(|| path.display().to_string())? {
        load(image, files, &dependency, needed, loaded)?;
    }
    loaded.push(Module { name: name.to_owned(), content, needed });
    Ok(())
}

/// What the module's own `.modinfo` says it needs.
fn dependencies(module: &[u8]) -> Result<Vec<String>> {
    let key = b"\0depends=";
    let Some(at) = module.windows(key.len()).position(|window| window == key) else {
        bail!("no module: it does not say what it depends on");
    };
    let value = module[at + key.len()..].split(|byte| *byte == 0).next().unwrap_or_default();
    let value = std::str::from_utf8(value).context("its dependencies are not UTF-8")?;
    Ok(value
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect())
}

/// The image's own tools unpack what its kernel was packed with.
fn unpacked(image: &Image, path: &Path) -> Result<Vec<u8>> {
    let tool = match path.extension().and_then(OsStr::to_str) {
        Some("ko") => return fs::read(path).with_context(|| path.display().to_string()),
        Some("xz") => "/usr/bin/xz",
        Some("zst") => "/usr/bin/zstd",
        _ => bail!("{} is packed in an unknown way", path.display()),
    };
    let packed = fs::File::open(path).with_context(|| path.display().to_string())?;
    let output =
        Command::new("chroot").arg(image.root()).args([tool, "-dc"]).stdin(packed).output();
    let output = output.with_context(|| format!("cannot run {tool}"))?;
    ensure!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::dependencies;

    #[test]
    fn dependencies_come_from_the_modules_own_section() {
        let rows: [(&[u8], &[&str]); 3] = [
            (b"ELF\0license=GPL\0depends=virtio,virtio-ring\0name=x\0", &["virtio", "virtio_ring"]),
            (b"ELF\0depends=\0name=x\0", &[]),
            (b"ELF\0depends=one", &["one"]),
        ];
        for (module, expected) in rows {
            assert_eq!(dependencies(module).expect("a module"), expected);
        }
        assert!(dependencies(b"ELF\0name=x\0").is_err());
    }
}
