//! Finds the processes that were started with certain arguments.

use std::io;

use super::patience::Lookers;
use super::{all, arguments, ending};
use crate::host::deadline::Deadline;

/// The processes with these arguments in this order among their own. Only in a child of ours: threads of it may be left behind.
pub(in crate::host) fn with_arguments(
    wanted: Vec<String>,
    deadline: Deadline,
) -> io::Result<Vec<u32>> {
    let has = move |pid| ending::names_arguments(&arguments::of(pid), &wanted);
    let shown = Lookers::new(has).look_at(all()?, deadline);
    Ok(shown.into_iter().filter_map(|(pid, has)| has.then_some(pid)).collect())
}
