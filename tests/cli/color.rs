//! Colours: on a terminal, unless somebody wants it otherwise.

use std::process::Stdio;

use crate::lint::desk;
use crate::{Desk, terminal};

const BAD: &str = include_str!("../lint/native-io-with-host-cache/bad.xml");

/// Where a command's output goes.
#[derive(Debug, Clone, Copy)]
enum To {
    Terminal,
    Pipe,
}

/// What a command writes there, with what `NO_COLOR` says.
fn written(desk: &Desk, arguments: &[&str], no_color: Option<&str>, to: To) -> String {
    let mut command =
        desk.command(&[&["lint", "--select", "VQ101", "web1.xml"], arguments].concat());
    if let Some(value) = no_color {
        command.env("NO_COLOR", value);
    }
    match to {
        To::Pipe => String::from_utf8(command.output().expect("it starts").stdout).expect("UTF-8"),
        To::Terminal => {
            let (master, slave) = terminal::terminal();
            let mut child = command.stdout(Stdio::from(slave)).spawn().expect("it starts");
            // What is left of it here would keep the terminal open.
            drop(command);
            let shown = terminal::read(master);
            child.wait().expect("it ends");
            shown
        }
    }
}

/// A text without what `ESC [ ... m` does to it.
fn plain(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |plain, piece| {
        plain + piece.split_once('m').expect("only colours are escape sequences").1
    })
}

#[test]
fn there_are_colours_on_a_terminal_only_unless_somebody_wants_otherwise() {
    use To::{Pipe, Terminal};
    let desk = desk(&[("web1.xml", BAD)]);
    let rows: [(&[&str], Option<&str>, To, bool); 13] = [
        (&[], None, Terminal, true),
        (&[], None, Pipe, false),
        // https://no-color.org: whatever it says, but for nothing.
        (&[], Some("1"), Terminal, false),
        (&[], Some("0"), Terminal, false),
        (&[], Some(""), Terminal, true),
        (&["--color", "never"], None, Terminal, false),
        (&["--color", "always"], None, Pipe, true),
        (&["--color", "always"], Some("1"), Pipe, true),
        (&["--diff"], None, Terminal, true),
        (&["--diff"], Some("1"), Terminal, false),
        (&["--diff"], None, Pipe, false),
        (&["--color", "always", "--format", "json"], None, Terminal, false),
        (&["--color", "always", "--format", "github"], None, Terminal, false),
    ];
    for (arguments, no_color, to, colored) in rows {
        let text = written(&desk, arguments, no_color, to);
        assert!(text.contains("web1.xml"), "{arguments:?} on {to:?}: {text}");
        assert_eq!(text.contains('\u{1b}'), colored, "{arguments:?} {no_color:?} {to:?}: {text:?}");
    }
}

#[test]
fn colours_change_no_letter() {
    let desk = desk(&[("web1.xml", BAD)]);
    for arguments in [&[][..], &["--diff"]] {
        let colored = written(&desk, &[arguments, &["--color", "always"]].concat(), None, To::Pipe);
        let without = written(&desk, arguments, None, To::Pipe);
        assert_ne!(colored, without);
        assert_eq!(plain(&colored), without);
    }
}
