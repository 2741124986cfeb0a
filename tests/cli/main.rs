//! The admin command, run as a person runs it.
//!
//! What it prints is held against files in `snapshots`; `SNAPSHOTS=overwrite cargo test --test cli` writes them anew.

mod color;
mod config;
mod disk_xml;
mod doctor;
mod explain;
mod help;
mod hot_plug;
mod install;
mod json;
mod libvirt;
mod lint;
mod needs;
mod sarif;
mod schema;
mod second_opinion;
mod status;
mod terminal;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A directory with a configuration in it.
struct Desk {
    dir: TempDir,
}

/// What a command came to.
#[must_use]
struct Said {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Desk {
    fn new(config: &str) -> Self {
        let desk =
            Self { dir: tempfile::Builder::new().prefix("vq-cli-").tempdir().expect("a tempdir") };
        let dir = desk.dir.path().display();
        let front = format!("mount_base = \"{dir}/base\"\nstate_dir = \"{dir}/state\"\n");
        fs::write(desk.path("config.toml"), front + config).expect("written");
        desk
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Said {
        let said = self.run_raw(arguments, stdin);
        let text = |text: String| text.replace(&self.dir.path().display().to_string(), "[DIR]");
        Said { stdout: text(said.stdout), stderr: text(said.stderr), ..said }
    }

    /// The same, with the desk's directory as it is.
    fn run_raw(&self, arguments: &[&str], stdin: &str) -> Said {
        fs::write(self.path("stdin"), stdin).expect("written");
        let output = self
            .command(arguments)
            .stdin(Stdio::from(fs::File::open(self.path("stdin")).expect("readable")))
            .output()
            .expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said {
            status: output.status.code().expect("no signal"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// A command at this desk, with nothing to read.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_virt-quobyte"));
        command
            .args(arguments)
            .env_remove("LANG")
            .env_remove("NO_COLOR")
            .env("LC_ALL", "C")
            .env("COLUMNS", "100")
            .env("VIRT_QUOBYTE_CONFIG", self.path("config.toml"))
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
    }
}

impl Said {
    /// The exit status and both outputs, as a snapshot has them.
    fn as_text(&self) -> String {
        let mut text = format!("exit status {}\n", self.status);
        for (name, output) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !output.is_empty() {
                text += &["---- ", name, "\n", output].concat();
            }
        }
        text
    }

    fn is(&self, snapshot: snapbox::Data) {
        snapbox::assert_data_eq!(self.as_text(), snapshot.raw());
    }
}
