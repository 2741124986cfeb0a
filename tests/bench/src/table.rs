//! The table: a line for each thing that was measured.

use std::fmt::Write as _;

use crate::count::Cost;
use crate::pairs::Spread;
use crate::rows::{Goal, Row};

pub(crate) fn text(rows: &[Row], size_of_hook: u64) -> String {
    let heads =
        ["the hook", "ms (quartiles)", "beside", "ms (quartiles)", "times (quartiles)", "goal", ""];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    lines[0].extend(["pairs", "system calls", "peak KiB"].map(str::to_owned));
    lines.extend(rows.iter().map(cells));
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in &lines {
        let mut padded = String::new();
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            // Words to the left, numbers to the right.
            let cell = if matches!(column, 0 | 2 | 5 | 6) {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            };
            write!(padded, "{cell}  ").expect("a String takes everything");
        }
        writeln!(text, "{}", padded.trim_end()).expect("a String takes everything");
    }
    let missed = rows.iter().filter(|row| !row.meets_its_goal()).count();
    let goals = rows.iter().filter(|row| row.goal.is_some()).count();
    writeln!(
        text,
        "The hook's program is {} KiB. {} of {goals} goals are met.",
        size_of_hook / 1024,
        goals - missed
    )
    .expect("a String takes everything");
    text
}

fn cells(row: &Row) -> Vec<String> {
    let costs = |number: fn(Cost) -> String| {
        let ours = row.cost.map_or_else(String::new, number);
        row.beside_cost.map_or(ours.clone(), |beside| format!("{ours} ({})", number(beside)))
    };
    let (calls, peak) =
        (costs(|cost| cost.calls.to_string()), costs(|cost| cost.peak_kib.to_string()));
    vec![
        row.ours.to_owned(),
        milliseconds(row.pairs.ours()),
        row.beside.to_owned(),
        milliseconds(row.pairs.beside()),
        spread(row.pairs.ratio(), 1.0, 2),
        row.goal.map_or_else(String::new, goal),
        match row.goal {
            None => "",
            Some(_) if row.meets_its_goal() => "met",
            Some(_) => "MISSED",
        }
        .to_owned(),
        row.pairs.count().to_string(),
        calls,
        peak,
    ]
}

fn goal(goal: Goal) -> String {
    let times = format!("<= {}", goal.times);
    if goal.and.is_zero() { times } else { format!("{times} and {:?}", goal.and) }
}

fn milliseconds(times: Spread) -> String {
    spread(times, 1000.0, if times.median < 0.01 { 2 } else { 1 })
}

fn spread(Spread { lower, median, upper }: Spread, unit: f64, digits: usize) -> String {
    let [lower, median, upper] = [lower, median, upper].map(|number| number * unit);
    format!("{median:.digits$} ({lower:.digits$}..{upper:.digits$})")
}
