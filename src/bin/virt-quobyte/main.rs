//! `virt-quobyte`: see what the hook sees, on a host and in a domain.
//!
//! ```text
//! cli/       one command a file: gathers what it is to say
//! render/    says it, for people or as JSON; the one place that prints
//! libvirt/   the one place that knows libvirt's library
//! documents  holds the command lines of documents against the real ones; in no binary
//! generated  writes what a package ships beside the binaries; in no binary itself
//! ```

mod cli;
#[cfg(test)]
mod documents;
mod exit;
#[cfg(test)]
mod generated;
mod libvirt;
mod render;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use virt_quobyte::host;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(answer) = host::own_child::answer_to_admin(&arguments) {
        return render::child_answer(&answer);
    }
    if let Some(answer) = host::trial::answer(&arguments) {
        return render::child_answer(&answer);
    }
    host::prepare_process();
    if let Some(served) = libvirt::serve(&arguments, io::stdin().lock(), render::for_a_parent()) {
        return if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let command = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return render::usage(&error),
    };
    match command.run() {
        Ok(status) => status.into(),
        Err(error) => render::error(&error),
    }
}
