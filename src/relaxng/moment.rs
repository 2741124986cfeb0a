//! `dateTime` of XML Schema: a moment like `2026-01-31T23:59:00.5+01:00`, with its calendar.

/// Whether it is one. The time zone and the fraction of the second may be left out.
pub(super) fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    is_date(date) && is_time(time)
}

fn is_date(text: &str) -> bool {
    let mut parts = text.strip_prefix('-').unwrap_or(text).split('-');
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let digits = year.bytes().all(|byte| byte.is_ascii_digit());
    // Four digits, or more without a leading zero; there is no year nought.
    if !digits || year.len() < 4 || (year.len() > 4 && year.starts_with('0')) || year == "0000" {
        return false;
    }
    let (Ok(year), Some(month), Some(day)) =
        (year.parse::<u64>(), two_digits(month), two_digits(day))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_time(text: &str) -> bool {
    let (time, zone) = match text.find(['Z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, "Z"),
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':').map(two_digits);
    let (Some(Some(hour)), Some(Some(minute)), Some(Some(second)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let nought = fraction.bytes().all(|byte| byte == b'0');
    let clock = (hour < 24 && minute < 60 && second < 60)
        // Midnight at the end of a day.
        || (hour == 24 && minute == 0 && second == 0 && nought);
    clock
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && is_zone(zone)
}

fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else { return text == "Z" };
    let Some((hour, minute)) = offset.split_once(':') else { return false };
    match (two_digits(hour), two_digits(minute)) {
        (Some(14), Some(minute)) => minute == 0,
        (Some(hour), Some(minute)) => hour < 14 && minute < 60,
        _ => false,
    }
}

fn two_digits(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_on_the_calendar_and_on_the_clock() {
        let rows = [
            ("2026-01-31T23:59:00", true),
            ("2026-01-31T23:59:00Z", true),
            ("2026-01-31T23:59:00.125+01:00", true),
            ("-2026-01-31T00:00:00-14:00", true),
            ("12026-01-31T00:00:00", true),
            ("2024-02-29T00:00:00", true),
            ("2026-01-31T24:00:00", true),
            ("2026-02-29T00:00:00", false),
            ("1900-02-29T00:00:00", false),
            ("2026-13-01T00:00:00", false),
            ("2026-00-01T00:00:00", false),
            ("2026-01-00T00:00:00", false),
            ("2026-01-31", false),
            ("26-01-31T00:00:00", false),
            ("0000-01-31T00:00:00", false),
            ("02026-01-31T00:00:00", false),
            ("2026-01-31T24:00:01", false),
            ("2026-01-31T00:60:00", false),
            ("2026-01-31T00:00:60", false),
            ("2026-01-31T00:00", false),
            ("2026-01-31T00:00:00.", false),
            ("2026-01-31T00:00:00+14:30", false),
            ("2026-01-31T00:00:00Z1", false),
            ("2026-1-31T00:00:00", false),
            ("", false),
        ];
        for (text, expected) in rows {
            assert_eq!(is_date_time(text), expected, "{text}");
        }
    }
}
