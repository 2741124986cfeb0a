//! The table that a run prints: a line for each thing that was measured.

use std::fmt::Write as _;

use crate::count::Cost;
use crate::pairs::Spread;
use crate::results::{Judged, Measured, Results};

const HEADS: [&str; 10] = [
    "the hook",
    "ms (quartiles)",
    "beside",
    "ms (quartiles)",
    "times (quartiles)",
    "goal",
    "",
    "pairs",
    "system calls",
    "peak KiB",
];

/// The columns that hold words.
const WORDS: [usize; 4] = [0, 2, 5, 6];

pub(crate) fn text(results: &Results) -> String {
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(results.rows.iter().map(cells));
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in &lines {
        let mut padded = String::new();
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            // Words to the left, numbers to the right.
            let cell = if WORDS.contains(&column) {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            };
            write!(padded, "{cell}  ").expect("a String takes everything");
        }
        writeln!(text, "{}", padded.trim_end()).expect("a String takes everything");
    }
    text.push_str(&end(results));
    text
}

/// The same for people who read it in a browser.
pub(crate) fn markdown(results: &Results) -> String {
    let mut heads = HEADS;
    heads[6] = "met";
    let mut text = format!("| {} |\n", heads.join(" | "));
    let rule = (0..HEADS.len()).map(|c| if WORDS.contains(&c) { "---" } else { "---:" });
    writeln!(text, "| {} |", rule.collect::<Vec<_>>().join(" | "))
        .expect("a String takes everything");
    text.extend(results.rows.iter().map(|row| line(&cells(row))));
    text
}

/// A line of a table in Markdown.
pub(crate) fn line(cells: &[String]) -> String {
    let cell = |cell: &String| if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") };
    let cells: String = cells.iter().map(cell).collect();
    format!("|{cells}\n")
}

/// What the lines come to.
pub(crate) fn end(results: &Results) -> String {
    let (goals, met) = results.goals();
    let size = results.hook_bytes / 1024;
    format!("The hook's program is {size} KiB. {met} of {goals} goals are met.\n")
}

fn cells(row: &Measured) -> [String; HEADS.len()] {
    let costs = |number: fn(Cost) -> String| {
        let ours = row.cost.map_or_else(String::new, number);
        row.beside_cost.map_or(ours.clone(), |beside| format!("{ours} ({})", number(beside)))
    };
    [
        row.ours.clone(),
        milliseconds(row.ours_ms),
        row.beside.clone(),
        milliseconds(row.beside_ms),
        spread(row.times, 2),
        row.goal.map_or_else(String::new, goal),
        match row.goal {
            None => "",
            Some(Judged { met: true, .. }) => "met",
            Some(_) => "MISSED",
        }
        .to_owned(),
        row.pairs.to_string(),
        costs(|cost| cost.calls.to_string()),
        costs(|cost| cost.peak_kib.to_string()),
    ]
}

fn goal(Judged { times, and_ms, .. }: Judged) -> String {
    if and_ms > 0.0 { format!("<= {times} and {and_ms}ms") } else { format!("<= {times}") }
}

fn milliseconds(times: Spread) -> String {
    spread(times, if times.median < 10.0 { 2 } else { 1 })
}

fn spread(Spread { lower, median, upper }: Spread, digits: usize) -> String {
    format!("{median:.digits$} ({lower:.digits$}..{upper:.digits$})")
}
