//! What is published of the results: two tables in the README, and all of it on a page beside the results.
//!
//! `results.json` is what a run on a machine with no other work has left; `make tables` takes the last run's in its place, and
//! writes both texts.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::results::{Judged, Measured, Results};
use crate::{marked, table};

/// Where the README's part begins.
const MARK: &str = "<!-- from tests/bench/results.json, by make tables -->\n";

/// A line of the README: what is called, beside what, and the rows that it is made of.
///
/// `{}` stands for the first row's own time, or for that of what is beside it.
struct Line(&'static str, &'static str, &'static [(&'static str, &'static str)]);

const NO_SHARE: &str = "no share: prepare";
const COLD: [&str; 2] = ["cold prepare, mount included", "cold release, unmount included"];
const WARM: [&str; 2] = ["warm prepare", "warm release"];

const HOOK: &[Line] = &[
    Line(
        "`prepare`, `release` of a guest without shares: {}",
        "a C program that does nothing",
        &[(NO_SHARE, "C, nothing"), ("no share: release", "C, nothing")],
    ),
    Line(
        "",
        "a bash script that does nothing; a Python one",
        &[(NO_SHARE, "bash, nothing"), (NO_SHARE, "python3, nothing")],
    ),
    Line(
        "`prepare`, mount included: {}",
        "the client alone: {}",
        &[(COLD[0], "client alone: mount")],
    ),
    Line(
        "the same with 2,000 other mounts: {}",
        "the client alone, there: {}",
        &[("cold prepare, 2,000 other mounts", "client alone: mount")],
    ),
    Line(
        "`prepare`, mount included: {}",
        "Nova's own driver, with the same client",
        &[(COLD[0], "Nova: connect")],
    ),
    Line("`release`, unmount included: {}", "Nova's driver", &[(COLD[1], "Nova: disconnect")]),
    Line(
        "`prepare` of a guest whose share is mounted: {}",
        "Nova's driver, in its own process",
        &[(WARM[0], "Nova: connect, mounted")],
    ),
    Line(
        "the same on a host with 2,000 other mounts",
        "Nova's driver there",
        &[("warm prepare, 2,000 other mounts", "Nova: connect, 2,000 other mounts")],
    ),
    Line(
        "`prepare`, `release` with 2,000 other mounts",
        "with a few (Linux 6.13 or newer)",
        &[
            ("warm prepare, 2,000 other mounts", WARM[0]),
            ("warm release, 2,000 other mounts", WARM[1]),
        ],
    ),
    Line(
        "with 1,000 leases on the share",
        "with a few",
        &[("warm prepare, 1,000 leases", WARM[0]), ("warm release, 1,000 leases", WARM[1])],
    ),
    Line(
        "with 500 configured shares",
        "with two",
        &[("warm prepare, 500 shares", WARM[0]), ("warm release, 500 shares", WARM[1])],
    ),
    Line(
        "`prepare`, `release`, mount included, with 1,000 leases on another share",
        "with none",
        &[("cold prepare, 1,000 leases", COLD[0]), ("cold release, 1,000 leases", COLD[1])],
    ),
    Line(
        "with 500 configured shares",
        "with two",
        &[("cold prepare, 500 shares", COLD[0]), ("cold release, 500 shares", COLD[1])],
    ),
    Line(
        "200 guests on 10 shares, all at once: `prepare`, `release`",
        "10 clients and 200 C programs, one by one",
        &[
            ("200 prepares at once, 10 shares", "10 mounts and 200 C, in turn"),
            ("200 releases at once, 10 shares", "10 umounts and 200 C, in turn"),
        ],
    ),
];

const XML: &[Line] = &[
    Line("`lint`", "`xmllint --noout`", &[("lint, libvirt's test documents", "xmllint --noout")]),
    Line(
        "`lint --schema`",
        "`xmllint --relaxng`",
        &[("lint --schema, libvirt's documents", "xmllint --relaxng")],
    ),
    Line(
        "`lint --schema`, 25 of them at once",
        "`virt-xml-validate`, which takes one",
        &[("lint --schema, some of them", "virt-xml-validate, one by one")],
    ),
    Line(
        "the same one by one",
        "`virt-xml-validate`",
        &[("lint --schema, one by one", "virt-xml-validate, one by one")],
    ),
];

/// Writes both.
pub(crate) fn write() -> Result<()> {
    for (file, text) in texts()? {
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The files with published numbers, and what they are to be.
fn texts() -> Result<[(PathBuf, String); 2]> {
    let results = Results::read(&here("results.json"))?;
    let readme = here("../../README.md");
    let text = fs::read_to_string(&readme).context("README.md")?;
    let text = marked::replaced(&text, MARK, &summary(&results)).context("README.md")?;
    Ok([(here("README.md"), page(&results)), (readme, text)])
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The README's part, without its marks.
fn summary(results: &Results) -> String {
    let mut text = format!(
        "These are medians of {} cores with no other work; [all of it](tests/bench/README.md) has quartiles, goals, system calls\n\
         and memory.\n\n",
        results.machine.cores
    );
    for (head, lines) in
        [("a call of the hook", HOOK), ("the XML side, on libvirt's own test documents", XML)]
    {
        writeln!(text, "| {head} | beside | times | at most |\n| --- | --- | --- | --- |")
            .expect("a String takes everything");
        text.extend(lines.iter().map(|line| table::line(&cells(results, line))));
        text.push('\n');
    }
    text
}

fn cells(results: &Results, Line(what, beside, of): &Line) -> [String; 4] {
    let rows: Vec<&Measured> =
        of.iter().map(|&(ours, beside)| row(results, ours, beside)).collect();
    let [own, other] =
        [rows[0].ours_ms, rows[0].beside_ms].map(|times| format!("{} ms", rounded(times.median)));
    let times = rows.iter().map(|row| rounded(row.times.median)).collect::<Vec<_>>();
    let goal = match rows[0].goal {
        None => String::new(),
        Some(goal) if rows.iter().all(|row| row.goal.is_some_and(|goal| goal.met)) => most(goal),
        Some(goal) => format!("{}, missed", most(goal)),
    };
    // Two calls beside one thing, or one call beside two things.
    let between = if beside.contains(';') { "; " } else { ", " };
    [what.replace("{}", &own), beside.replace("{}", &other), times.join(between), goal]
}

fn most(Judged { times, and_ms, .. }: Judged) -> String {
    if and_ms > 0.0 { format!("{times} and {and_ms} ms") } else { times.to_string() }
}

fn row<'r>(results: &'r Results, ours: &str, beside: &str) -> &'r Measured {
    let is_meant = |row: &&Measured| row.ours == ours && row.beside == beside;
    let row = results.rows.iter().find(is_meant);
    row.unwrap_or_else(|| panic!("the results have no row '{ours}' beside '{beside}'"))
}

fn rounded(number: f64) -> String {
    format!("{number:.1}")
}

/// The page beside the results.
fn page(results: &Results) -> String {
    format!(
        "{HEAD}\n{}\n{}These are of {} cores with no other work, and of Linux {}.\n",
        table::markdown(results),
        table::end(results),
        results.machine.cores,
        results.machine.kernel
    )
}

const HEAD: &str = "\
# What the hook costs, and how to repeat it

`make tables` writes this page and the README's tables from `results.json`; a test of this package holds both against it.

    make bench                    # a quarter of an hour, as root, on a machine with no other work: prints the table, writes target/bench.json
    target/release/bench quick    # a tenth of it, for a first look: writes nothing
    make tables                   # takes target/bench.json, if there is one, for results.json, and writes the tables

The bench has namespaces of its own, so nothing of it outlives it, and needs neither libvirt nor a Quobyte client: it calls the
hook as libvirt does, and the client is the stand-in. Nova's own driver is measured where `make nova` has fetched it, what reads
libvirt's test documents where `make corpus` has.

- Both ways of a pair are taken in turn, so that a machine that grows slower does so for both; the first rounds are not counted.
- A time is from before the start of a process until its end was seen: the median, with the quartiles in brackets. How many times
  the one is the other is taken pair by pair.
- A goal is met if half of the pairs or more stay within so many times what is beside them, and so much more. A few goals have
  `C, nothing` beside them: a program that is `int main(void) { return 0; }`.
- System calls are counted as `strace -f -c` does, of the hook and of its children where they are the hook again; the peak is that
  of the largest process. In brackets: those of what is beside it.
- `lint --schema` one by one: each start of the command loads libvirt's library, and the sixty that this needs.
- The client that is measured alone has returned when its mount is there. It starts its ten threads after that, while the hook looks at
  the mount: on two cores that is part of the hook's time.
- *warm*: another guest holds the share, so nothing is mounted. *cold*: the mount and the unmount are part of it.
- A client that is started here gets no scope of systemd's (`isolation = \"none\"`), because there is no systemd in the bench. By
  default it gets one, which takes what `systemd-run` takes. Both are measured side by side on a host of the lab:
  `target/release/lab test --filter cost`.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        Results::read(&here("results.json")).expect("the results")
    }

    #[test]
    fn the_published_tables_are_those_of_the_results() {
        for (file, expected) in texts().expect("the texts") {
            let is = fs::read_to_string(&file).expect("readable");
            assert!(is == expected, "{} is out of date: make tables", file.display());
        }
    }

    #[test]
    fn what_a_run_writes_is_what_is_read_again() {
        let file = std::env::temp_dir().join(format!("bench-{}.json", std::process::id()));
        results().write(&file).expect("written");
        let again = Results::read(&file).expect("read");
        fs::remove_file(&file).expect("removed");
        assert_eq!(again, results());
    }

    #[test]
    fn a_goal_that_is_missed_is_published_as_missed() {
        let mut results = results();
        let line = HOOK.iter().find(|line| line.1 == "with two").expect("a line with goals");
        for (of, met) in line.2.iter().zip([true, false]) {
            let row = results.rows.iter_mut().find(|row| row.ours == of.0 && row.beside == of.1);
            row.expect("a row").goal = Some(Judged { times: 1.5, and_ms: 0.0, met });
        }
        assert_eq!(cells(&results, line)[3], "1.5, missed");
        assert!(table::markdown(&results).contains("| MISSED |"));
    }
}
