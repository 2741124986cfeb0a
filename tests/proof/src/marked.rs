//! The README's parts that are made: each stands between a mark of its own and a common end. The bench has parts there, too.

use anyhow::{Context as _, Result};

const END: &str = "<!-- end -->\n";

/// The text with this part between the mark and the end after it.
pub(crate) fn replaced(text: &str, mark: &str, part: &str) -> Result<String> {
    let (before, rest) = text.split_once(mark).with_context(|| format!("no mark {mark}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no end after {mark}"))?;
    Ok(format!("{before}{mark}{part}{END}{after}"))
}
