//! Writes events to systemd's journal, in its native protocol, and never waits for it.
//!
//! `tracing-journald` sends with a blocking socket: a journal that is stuck would hold the hook, and the hook holds every
//! guest of the host. It would also bring a registry of spans that nothing here uses. This subscriber knows events only; what
//! all events of a process have in common is given once.

use std::fmt::{self, Write};
use std::os::unix::net::UnixDatagram;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

const SOCKET: &str = "/run/systemd/journal/socket";

/// Sends each event to the journal as one datagram; what the journal does not take at once is lost.
#[derive(Debug)]
pub struct Journal {
    socket: UnixDatagram,
    common: Vec<u8>,
}

impl Journal {
    /// Opens the way to the journal; `None` if there is no journal here.
    ///
    /// `common` are fields that every event gets, with names as the journal has them: upper case.
    pub fn open(identifier: &str, common: &[(&str, &dyn fmt::Display)]) -> Option<Self> {
        if !std::path::Path::new(SOCKET).exists() {
            return None;
        }
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_nonblocking(true).ok()?;
        let mut bytes = Vec::new();
        put(&mut bytes, "SYSLOG_IDENTIFIER", identifier);
        for (name, value) in common {
            put(&mut bytes, name, &value.to_string());
        }
        Some(Self { socket, common: bytes })
    }
}

impl Subscriber for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields { bytes: self.common.clone() };
        put(&mut fields.bytes, "PRIORITY", priority(*event.metadata().level()));
        event.record(&mut fields);
        let _lost_if_the_journal_is_stuck = self.socket.send_to(&fields.bytes, SOCKET);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A level, as syslog counts severities.
pub const fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        Level::DEBUG | Level::TRACE => "7",
    }
}

struct Fields {
    bytes: Vec<u8>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let name = field.name().to_ascii_uppercase();
        put(&mut self.bytes, &name, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").expect("a String takes everything");
        self.record_str(field, &text);
    }
}

/// `NAME=value`, or with the value's length in front where it has newlines.
fn put(bytes: &mut Vec<u8>, name: &str, value: &str) {
    bytes.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        bytes.push(b'\n');
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        bytes.push(b'=');
    }
    bytes.extend_from_slice(value.as_bytes());
    bytes.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_cannot_pass_for_another_one() {
        let mut bytes = Vec::new();
        put(&mut bytes, "DOMAIN", "web1");
        put(&mut bytes, "DOMAIN", "a\nPRIORITY=0");
        let expected = b"DOMAIN=web1\nDOMAIN\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n";
        assert_eq!(bytes, expected);
    }
}
