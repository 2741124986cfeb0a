//! Programs that do nothing, or nothing but read what libvirt writes to a hook: the least that a hook can cost.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

pub(crate) const BASH: &str = "/bin/bash";
pub(crate) const PYTHON: &str = "/usr/bin/python3";

const C: &str = "int main(void) { return 0; }\n";
const C_THAT_READS: &str = "#include <unistd.h>\n\
    int main(void) { static char room[65536]; while (read(0, room, sizeof room) > 0) ; return 0; }\n";

/// The programs, made for this run.
#[derive(Debug)]
pub(crate) struct Nothing {
    pub(crate) c: PathBuf,
    pub(crate) c_that_reads: PathBuf,
    pub(crate) bash: PathBuf,
    pub(crate) bash_that_reads: PathBuf,
    pub(crate) python: PathBuf,
    pub(crate) python_that_reads: PathBuf,
}

impl Nothing {
    pub(crate) fn make(directory: &Path) -> Result<Self> {
        fs::create_dir(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let script = |name: &str, interpreter: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, format!("#!{interpreter}\n{text}"))
                .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
                .with_context(|| format!("cannot write {}", path.display()))?;
            anyhow::Ok(path)
        };
        Ok(Self {
            c: compile(directory, "nothing", C)?,
            c_that_reads: compile(directory, "reads", C_THAT_READS)?,
            bash: script("nothing.sh", BASH, ":\n")?,
            // Without a process of its own for it, as a cat would be.
            bash_that_reads: script("reads.sh", BASH, "read -r -d '' xml\n:\n")?,
            python: script("nothing.py", PYTHON, "")?,
            python_that_reads: script("reads.py", PYTHON, "import sys\nsys.stdin.read()\n")?,
        })
    }
}

fn compile(directory: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let source = directory.join(name).with_extension("c");
    fs::write(&source, text).with_context(|| format!("cannot write {}", source.display()))?;
    let program = directory.join(name);
    let status = Command::new("cc").arg("-O2").arg("-o").arg(&program).arg(&source).status();
    ensure!(status.context("cc")?.success(), "cc could not compile {}", source.display());
    Ok(program)
}
