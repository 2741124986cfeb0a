//! The security modules, as the kernel shows them: whether there are any, and what they make of a process.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::deadline::Deadline;
use super::program;

/// Where the kernel shows them.
#[derive(Debug, Clone)]
pub struct Confinement {
    sys: PathBuf,
    proc: PathBuf,
}

/// Whether `SELinux` is on, and whether it enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selinux {
    /// It is not there.
    Off,
    /// It reports.
    Permissive,
    /// It refuses.
    Enforcing,
}

impl Confinement {
    /// Of this host.
    pub fn here() -> Self {
        Self { sys: "/sys".into(), proc: "/proc".into() }
    }

    /// Whether `AppArmor` is on.
    pub fn has_apparmor(&self) -> bool {
        // An older kernel has the module in it and switched off.
        fs::read(self.sys.join("module/apparmor/parameters/enabled"))
            .is_ok_and(|text| text.starts_with(b"Y"))
    }

    /// What the security module in charge calls a process: with `AppArmor` "unconfined", or a profile and its mode.
    pub fn label(&self, pid: u32) -> io::Result<String> {
        let attributes = self.proc.join(pid.to_string()).join("attr");
        // The file of AppArmor's own, because another module may be in charge of the common one. Not before Linux 5.8.
        let text = fs::read(attributes.join("apparmor/current"))
            .or_else(|_| fs::read(attributes.join("current")))?;
        Ok(String::from_utf8_lossy(&text).trim_end_matches(['\0', '\n']).to_owned())
    }

    /// Whether `SELinux` is on.
    pub fn selinux(&self) -> io::Result<Selinux> {
        match fs::read(self.sys.join("fs/selinux/enforce")) {
            Ok(text) if text.starts_with(b"1") => Ok(Selinux::Enforcing),
            Ok(_) => Ok(Selinux::Permissive),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Selinux::Off),
            Err(error) => Err(error),
        }
    }

    /// A boolean of `SELinux`'s policy as it is in force; `None` if the policy has none of that name.
    pub fn selinux_boolean(&self, name: &str) -> io::Result<Option<bool>> {
        // "1 0": in force and pending.
        match fs::read(self.sys.join("fs/selinux/booleans").join(name)) {
            Ok(text) => Ok(Some(text.starts_with(b"1"))),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What restorecon would change below these paths: nothing is changed. `None` if it cannot be asked.
pub fn wrong_labels(paths: &[&Path]) -> Option<String> {
    wrong_labels_by(&program::find("restorecon")?, paths)
}

fn wrong_labels_by(restorecon: &Path, paths: &[&Path]) -> Option<String> {
    let options = ["-R", "-n", "-v", "--"].map(OsStr::new);
    let words: Vec<_> = options.into_iter().chain(paths.iter().map(|it| it.as_os_str())).collect();
    let run = program::run(restorecon, &words, Deadline::after(Duration::from_secs(5))).ok()?;
    run.succeeded().then(|| run.tail().unwrap_or_default())
}

/// The trees are as the kernel's documentation and those who have such hosts show them; no kernel with a module in charge was asked.
#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A host whose kernel shows these files.
    fn host(files: &[(&str, &str)]) -> (TempDir, Confinement) {
        let dir = TempDir::new().expect("a directory");
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            fs::write(path, text).expect("written");
        }
        let confinement =
            Confinement { sys: dir.path().join("sys"), proc: dir.path().join("proc") };
        (dir, confinement)
    }

    #[test]
    fn apparmor_is_on_if_its_module_says_so() {
        let enabled = "sys/module/apparmor/parameters/enabled";
        for (files, on) in
            [(&[][..], false), (&[(enabled, "N\n")][..], false), (&[(enabled, "Y\n")][..], true)]
        {
            assert_eq!(host(files).1.has_apparmor(), on, "{files:?}");
        }
    }

    #[test]
    fn a_label_is_apparmors_own_where_it_has_a_file_of_its_own() {
        let (own, common) = ("proc/7/attr/apparmor/current", "proc/7/attr/current");
        for (files, label) in [
            (&[(common, "unconfined\n")][..], "unconfined"),
            (&[(common, "libvirtd (enforce)\n")][..], "libvirtd (enforce)"),
            (&[(own, "libvirtd (complain)\n"), (common, "other")][..], "libvirtd (complain)"),
            (
                &[(common, "system_u:system_r:virtqemud_t:s0\0")][..],
                "system_u:system_r:virtqemud_t:s0",
            ),
        ] {
            assert_eq!(host(files).1.label(7).expect("readable"), label, "{files:?}");
        }
        assert!(host(&[]).1.label(7).is_err(), "there is no such process");
    }

    #[test]
    fn selinux_says_whether_it_is_there_and_whether_it_enforces() {
        let enforce = "sys/fs/selinux/enforce";
        for (files, mode) in [
            (&[][..], Selinux::Off),
            (&[(enforce, "0")][..], Selinux::Permissive),
            (&[(enforce, "1")][..], Selinux::Enforcing),
        ] {
            assert_eq!(host(files).1.selinux().expect("readable"), mode, "{files:?}");
        }
    }

    #[test]
    fn a_boolean_is_what_is_in_force_and_not_what_is_pending() {
        let (_dir, confinement) = host(&[
            ("sys/fs/selinux/booleans/virt_use_fusefs", "1 0"),
            ("sys/fs/selinux/booleans/virt_use_nfs", "0 1"),
        ]);
        for (name, value) in
            [("virt_use_fusefs", Some(true)), ("virt_use_nfs", Some(false)), ("virt_none", None)]
        {
            assert_eq!(confinement.selinux_boolean(name).expect("readable"), value, "{name}");
        }
    }

    #[test]
    fn restorecon_is_asked_to_change_nothing_and_what_it_says_is_what_it_would() {
        let paths = [Path::new("/etc/libvirt/hooks"), Path::new("/-x")];
        let of = |program: &str| wrong_labels_by(Path::new(program), &paths);
        assert_eq!(of("/bin/true").as_deref(), Some(""));
        assert_eq!(of("/bin/echo").as_deref(), Some("-R -n -v -- /etc/libvirt/hooks /-x"));
        assert_eq!(of("/bin/false"), None);
    }
}
