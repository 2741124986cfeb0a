//! A process that has a guest's images open, as QEMU has.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

pub(super) struct Qemu {
    child: Child,
    /// The id of the mount of each image, in order: the open file pins it, so no other mount gets it meanwhile.
    mounts: Vec<String>,
}

impl Qemu {
    /// Opens the images, or says why not. Waits for as long as a client that hangs makes it wait.
    pub(super) fn open(images: &[PathBuf]) -> Result<Self, String> {
        let opens = ["3<\"$1\"", "4<\"$2\"", "5<\"$3\""][..images.len()].join(" ");
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("exec {opens}; echo open; exec sleep 300"))
            .arg("qemu")
            .args(images)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("there is a sh");
        let mut said = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut said).expect("it says something or ends");
        let mut qemu = Self { child, mounts: Vec::new() };
        if said != "open\n" {
            let mut why = String::new();
            let stderr = qemu.child.stderr.as_mut().expect("a pipe");
            stderr.read_to_string(&mut why).expect("a shell's message");
            return Err(why);
        }
        qemu.mounts = (0..images.len()).map(|n| qemu.mount_of(n + 3)).collect();
        Ok(qemu)
    }

    fn mount_of(&self, fd: usize) -> String {
        let info = fs::read_to_string(format!("/proc/{}/fdinfo/{fd}", self.child.id()));
        let info = info.expect("it is open");
        let id = info.lines().find_map(|line| line.strip_prefix("mnt_id:"));
        id.expect("every open file is on a mount").trim().to_owned()
    }

    pub(super) fn mounts(&self) -> &[String] {
        &self.mounts
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it can be killed");
    }
}
