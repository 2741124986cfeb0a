//! Events on stderr, a line each, for a command that goes on until it is ended.
//!
//! Where systemd reads them, each begins with its severity (`sd-daemon(3)`), which systemd takes off and keeps.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use nix::sys::stat::fstat;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use virt_quobyte::host::journal;

/// From now on events are told.
pub(crate) fn events_on_stderr() {
    let reader = if is_journal() { Reader::Journal } else { Reader::Person };
    let _once = tracing::subscriber::set_global_default(Stderr { reader });
}

/// Whether stderr is what systemd says that it has made for it: another one may have taken its place.
fn is_journal() -> bool {
    let Ok(told) = std::env::var("JOURNAL_STREAM") else { return false };
    fstat(io::stderr()).is_ok_and(|stderr| told == format!("{}:{}", stderr.st_dev, stderr.st_ino))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Journal,
    Person,
}

struct Stderr {
    reader: Reader,
}

impl Subscriber for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        let text = line(self.reader, *event.metadata().level(), &message.text);
        let _nobody_may_listen = io::stderr().lock().write_all(text.as_bytes());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// One line, whatever the text: what a client or libvirt has said may be several.
fn line(reader: Reader, level: Level, text: &str) -> String {
    let severity = match reader {
        Reader::Person => String::new(),
        Reader::Journal => format!("<{}>", journal::priority(level)),
    };
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{severity}{}\n", text.join(" "))
}

#[derive(Default)]
struct Message {
    text: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            write!(self.text, "{value:?}").expect("a String takes everything");
        }
    }
}

#[test]
fn an_event_is_one_line_with_its_severity_where_systemd_reads_it() {
    let text = "share gold: the client said: no\nregistry";
    for (reader, level, expected) in [
        (Reader::Person, Level::ERROR, "share gold: the client said: no registry\n"),
        (Reader::Journal, Level::ERROR, "<3>share gold: the client said: no registry\n"),
        (Reader::Journal, Level::WARN, "<4>share gold: the client said: no registry\n"),
        (Reader::Journal, Level::INFO, "<6>share gold: the client said: no registry\n"),
    ] {
        assert_eq!(line(reader, level, text), expected);
    }
}
