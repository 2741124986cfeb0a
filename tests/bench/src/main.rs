//! The bench: measures the hook beside what it is to be compared with, and prints one table. Needs root; leaves nothing behind.
//!
//! ```text
//! safe       inside     namespaces of its own: mounts, processes and files end with this program
//!            missing    what this machine lacks for it
//! arranged   host       a little host: a mount namespace, a configuration, guests, the hook and the client
//!            nothing    programs that do nothing, in C, bash and Python
//!            nova       OpenStack Nova's own driver, in a process that stays
//!            corpus     libvirt's own test documents, for what reads many
//!            journal    takes the hook's log, as systemd would
//! measured   call       one start of a program, and how long it took
//!            pairs      two ways in turn, so that a machine that drifts does not favour one
//!            count      system calls and peak memory of a call
//!            schema     the validator, this program again, beside xmllint
//! told       rows       what is measured, and what it should come to
//!            results    what it came to, in numbers that are kept
//!            table      how that is printed
//!            published  and what is published of it
//!            marked     where that stands in the README
//! ```
#![expect(
    clippy::exit,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command that talks to whoever runs it"
)]

mod call;
mod corpus;
mod count;
#[path = "../../corpus/documents.rs"]
mod documents;
mod host;
mod inside;
mod journal;
#[path = "../../proof/src/marked.rs"]
mod marked;
mod missing;
mod nothing;
mod nova;
mod pairs;
mod published;
mod results;
mod rows;
mod schema;
mod table;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use results::Results;
use rows::Effort;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let done = match arguments.split_first() {
        None => begin(Effort::Full),
        Some((word, [])) if word == "quick" => begin(Effort::Quick),
        Some((word, [])) if word == "schema" => {
            schema::rows(Effort::Quick).and_then(|rows| told(&rows, Effort::Quick))
        }
        Some((word, [])) if word == "tables" => published::write().map(|()| ExitCode::SUCCESS),
        Some((option, rest)) if option == schema::OPTION => schema::validate(rest),
        Some((option, rest)) if option == inside::OPTION => measure(inside::effort(rest)),
        Some((option, command)) if option == count::OPTION && !command.is_empty() => {
            count::become_traced(command)
        }
        Some(_) => {
            eprintln!("usage: bench [quick|schema|tables]");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("bench: {error:#}");
        ExitCode::FAILURE
    })
}

fn begin(effort: Effort) -> Result<ExitCode> {
    let missing = missing::look();
    if missing.is_empty() {
        return inside::begin_again(effort);
    }
    println!("bench: this machine lacks: {}", missing.join("; "));
    Ok(ExitCode::from(2))
}

fn measure(effort: Effort) -> Result<ExitCode> {
    inside::close_off()?;
    let mut rows = rows::measure(effort)?;
    rows.extend(schema::rows(effort)?);
    told(&rows, effort)
}

/// Fails when a goal is missed. Only what was measured often enough is kept.
fn told(rows: &[rows::Row], effort: Effort) -> Result<ExitCode> {
    let results = Results::of(rows, &host::hook())?;
    print!("{}", table::text(&results));
    if effort == Effort::Full {
        results.write(&Results::file())?;
    }
    let (goals, met) = results.goals();
    Ok(if met == goals { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
