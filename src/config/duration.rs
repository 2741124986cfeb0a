//! Durations as they are written: a whole number and a unit.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// Below this, a loaded host would miss the deadline for no fault of the storage.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);

/// Beyond this, nobody waits: libvirt has no deadline of its own for a hook.
pub(super) const LONGEST: Duration = Duration::from_secs(600);

/// Why a text is no duration that can be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is not a number and a unit.
    #[error("it is not a whole number with a unit; write it such as \"500ms\", \"10s\" or \"2m\"")]
    Form,
    /// It is out of bounds.
    #[error("it is not between {} and {}", Written(SHORTEST), Written(*longest))]
    Bounds {
        /// The longest that is allowed here.
        longest: Duration,
    },
}

/// Reads `500ms`, `10s` or `2m`, up to the longest that is allowed.
pub(super) fn parse(text: &str, longest: Duration) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(DurationError::Form),
    };
    if number.is_empty() {
        return Err(DurationError::Form);
    }
    // A number that overflows is a number all the same, and too long.
    let millis = number.parse().unwrap_or(u64::MAX).saturating_mul(millis);
    let duration = Duration::from_millis(millis);
    if (SHORTEST..=longest).contains(&duration) {
        Ok(duration)
    } else {
        Err(DurationError::Bounds { longest })
    }
}

/// Writes a duration as [`parse`] reads it, to the millisecond.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written(pub(super) Duration);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis if millis % 1_000 != 0 => write!(f, "{millis}ms"),
            millis if millis % 60_000 != 0 || millis == 0 => write!(f, "{}s", millis / 1_000),
            millis => write!(f, "{}m", millis / 60_000),
        }
    }
}

/// A string where a duration belongs; its type says so to whoever writes a bare number.
#[derive(Debug)]
pub(super) struct DurationText(pub(super) String);

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = DurationText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration in quotes, such as \"10s\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<DurationText, E> {
                Ok(DurationText(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_one_unit_within_bounds() {
        use DurationError as E;
        const BOUNDS: E = E::Bounds { longest: LONGEST };
        for (text, expected) in [
            ("100ms", Ok(100)),
            ("10s", Ok(10_000)),
            ("2m", Ok(120_000)),
            ("010s", Ok(10_000)),
            ("10m", Ok(600_000)),
            ("99ms", Err(BOUNDS)),
            ("0s", Err(BOUNDS)),
            ("601s", Err(BOUNDS)),
            ("11m", Err(BOUNDS)),
            ("99999999999999999999s", Err(BOUNDS)),
            ("18446744073709551615m", Err(BOUNDS)),
            ("", Err(E::Form)),
            ("s", Err(E::Form)),
            ("10", Err(E::Form)),
            ("10 s", Err(E::Form)),
            ("+10s", Err(E::Form)),
            ("-10s", Err(E::Form)),
            ("1.5s", Err(E::Form)),
            ("1m30s", Err(E::Form)),
            ("10S", Err(E::Form)),
            ("1h", Err(E::Form)),
            ("١s", Err(E::Form)),
        ] {
            assert_eq!(parse(text, LONGEST), expected.map(Duration::from_millis), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for millis in [100, 999, 1_000, 1_001, 59_000, 60_000, 61_000, 90_000, 600_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(&Written(duration).to_string(), LONGEST), Ok(duration), "{millis}");
        }
    }
}
