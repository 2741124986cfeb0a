//! The manual page of a command: `clap_mangen`'s sections, and ours for what the help says after its options.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// Where a command's page belongs.
pub(super) fn path(command: &Command) -> String {
    format!("man/man1/{}.1", name(command))
}

fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

pub(super) fn page(command: &Command) -> String {
    let man = Man::new(command.clone());
    let mut text = title(name(command), "1").render().into_bytes();
    let written = man
        .render_name_section(&mut text)
        .and_then(|()| man.render_synopsis_section(&mut text))
        .and_then(|()| man.render_description_section(&mut text))
        .and_then(|()| man.render_options_section(&mut text));
    written.expect("a Vec takes everything");
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text).expect("a Vec takes everything");
    }
    let mut text = String::from_utf8(text).expect("UTF-8");
    if let Some(after) = command.get_after_help() {
        text.push_str(&after_help(&after.to_string()));
    }
    text.push_str(&see_also(command));
    with_one_head(&text)
}

/// A page's first line. Neither a version nor a date: a page changes when what it says does.
pub(super) fn title(name: &str, section: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("TH", [name, section, "\"\"", "virt-quobyte", "virt-quobyte"]);
    roff
}

/// Every part comes with a definition of the apostrophe; one at the top is enough.
fn with_one_head(parts: &str) -> String {
    let head = Roff::new().render();
    format!("{head}{}", parts.replace(&head, ""))
}

/// Paragraphs, each a section: "Examples:" with lines of its own, "Exit status 1 says ..." as text, and whatever else is to be
/// known as notes.
fn after_help(help: &str) -> String {
    let mut roff = Roff::new();
    for paragraph in help.split("\n\n") {
        let first = paragraph.lines().next().unwrap_or_default();
        let (title, body) = match first.strip_suffix(':') {
            Some(title) if !title.contains(',') && title.split(' ').count() <= 2 => {
                (title.to_uppercase(), &paragraph[first.len()..])
            }
            _ if first.starts_with("Exit status") => ("EXIT STATUS".to_owned(), paragraph),
            _ => ("NOTES".to_owned(), paragraph),
        };
        roff.control("SH", [title.as_str()]);
        paragraph_into(&mut roff, body);
    }
    roff.render()
}

/// Text as text, and what is indented as it is.
fn paragraph_into(roff: &mut Roff, body: &str) {
    let mut literal = false;
    for line in body.lines().filter(|line| !line.is_empty()) {
        let indented = line.strip_prefix("  ");
        if indented.is_some() != literal {
            literal = !literal;
            roff.control(if literal { "nf" } else { "fi" }, []);
        }
        roff.text([roman(indented.unwrap_or(line))]);
    }
    if literal {
        roff.control("fi", []);
    }
}

fn see_also(command: &Command) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let front = (name(command) != "virt-quobyte").then_some(("virt-quobyte", "1"));
    let pages = front.into_iter().chain([("virt-quobyte.toml", "5"), ("virt-quobyte-hook", "8")]);
    let mut line = Vec::new();
    for (page, section) in pages {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(page), roman(format!("({section})"))]);
    }
    roff.text(line);
    roff.render()
}
