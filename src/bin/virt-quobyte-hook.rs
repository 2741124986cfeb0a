//! The hook: libvirt runs it before a guest starts and after it has ended.
#![allow(clippy::exit, clippy::print_stderr, reason = "a program's own end and its one message")]

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use virt_quobyte::hook::{self, Call};
use virt_quobyte::host;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(answer) = host::own_child::answer(&arguments) {
        // The one output on stdout: that of a child of ours, which libvirt never sees.
        let _asker_gone = writeln!(std::io::stdout(), "{answer}");
        return ExitCode::SUCCESS;
    }
    host::prepare_process();
    host::enter_root_directory();
    if let Some((after, key)) = hook::asked(&arguments) {
        hook::look_again(after, &key, None);
        return ExitCode::SUCCESS;
    }
    let failed = match Call::parse(&arguments) {
        Err(not_a_call) => format!("virt-quobyte-hook: {not_a_call}"),
        Ok(call) => match hook::run(&call, None) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(failed) => failed.to_string(),
        },
    };
    // The daemon may be gone, and its end of the pipe with it: everything that had to be done is done by now.
    let _nobody_may_listen = writeln!(std::io::stderr(), "{failed}");
    ExitCode::FAILURE
}
