//! Rows of looks at a share, and random ones.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::health::Health;

const SECOND: Duration = Duration::from_secs(1);

fn held(health: Health) -> Seen {
    Seen::Held(health)
}

fn hung() -> Seen {
    held(Health::Hung { waited: 5 * SECOND })
}

/// A share that was found well when the watch began, and when that was.
fn watched(at_most: usize) -> (Course, Instant) {
    let begin = Instant::now_for_tests();
    let mut course = Course::new(begin, at_most);
    assert_eq!(course.at(begin, &held(Health::Healthy)), [Deed::Revive], "what is left is seen to");
    course.ended(begin, End::NotNeeded);
    (course, begin)
}

/// Instants come in; of tests too, from one place.
trait NowForTests {
    fn now_for_tests() -> Self;
}

impl NowForTests for Instant {
    #[expect(clippy::disallowed_methods, reason = "an instant can be made in no other way")]
    fn now_for_tests() -> Self {
        Self::now()
    }
}

fn lost() -> Deed {
    Deed::Say(News::Lost(Health::Dead))
}

#[test]
fn what_is_seen_is_said_once_and_only_a_death_is_acted_on() {
    let ill = || Deed::Say(News::Ill(Health::Hung { waited: 5 * SECOND }));
    let rows: [(&str, &[Seen], &[Deed]); 8] = [
        ("well", &[held(Health::Healthy), held(Health::Healthy)], &[]),
        ("held by nobody", &[Seen::Unheld, Seen::Unheld], &[]),
        ("being mounted", &[Seen::Changing, Seen::Unheld, held(Health::Healthy)], &[]),
        ("dead", &[held(Health::Dead)], &[lost(), Deed::Revive]),
        ("gone", &[held(Health::Absent)], &[Deed::Say(News::Lost(Health::Absent)), Deed::Revive]),
        (
            "hung for a while",
            &[hung(), hung(), Seen::Changing, hung(), held(Health::Healthy), held(Health::Healthy)],
            &[ill(), Deed::Say(News::Well)],
        ),
        ("hung until its guests ended", &[hung(), Seen::Unheld], &[ill(), Deed::Say(News::LetGo)]),
        ("hung, and then dead", &[hung(), held(Health::Dead)], &[ill(), lost(), Deed::Revive]),
    ];
    for (case, looks, expected) in rows {
        let (mut course, begin) = watched(3);
        let looks = looks.iter().zip(1..);
        let deeds: Vec<Deed> =
            looks.flat_map(|(seen, after)| course.at(begin + after * SECOND, seen)).collect();
        assert_eq!(deeds, expected, "{case}");
    }
}

#[test]
fn a_client_that_dies_again_and_again_is_left_to_a_person_until_the_hour_has_passed() {
    let (mut course, begin) = watched(3);
    for death in 0..3 {
        let now = begin + death * 60 * SECOND;
        assert_eq!(course.at(now, &held(Health::Dead)), [lost(), Deed::Revive], "{death}");
        course.ended(now + SECOND, End::Revived);
    }
    let fourth = begin + 200 * SECOND;
    let limit = Deed::Say(News::Limit { at_most: 3, wait: 3400 * SECOND });
    assert_eq!(course.at(fourth, &held(Health::Dead)), [lost(), limit]);
    for later in 1..100 {
        assert_eq!(course.at(fourth + later * 30 * SECOND, &held(Health::Dead)), [], "{later}");
    }
    assert_eq!(course.at(begin + 3599 * SECOND, &held(Health::Dead)), []);
    assert_eq!(course.at(begin + WINDOW, &held(Health::Dead)), [Deed::Revive]);
}

#[test]
fn guests_that_were_refused_are_seen_to_again_and_that_counts_only_when_something_is_done() {
    let (mut course, begin) = watched(1);
    assert_eq!(course.at(begin, &held(Health::Dead)), [lost(), Deed::Revive]);
    course.ended(begin, End::Refused);
    assert!(course.is_new("web1: why") && !course.is_new("web1: why"));
    let mut now = begin;
    for pause in [60, 120, 240, 480, 600, 600] {
        assert_eq!(course.at(now + (pause - 1) * SECOND, &held(Health::Dead)), [], "{pause}");
        now += pause * SECOND;
        assert_eq!(course.at(now, &held(Health::Dead)), [Deed::Revive], "{pause}");
        course.ended(now, End::Refused);
        assert!(!course.is_new("web1: why"), "it is the same death");
    }
    // A person has revived them.
    assert_eq!(course.at(now + SECOND, &held(Health::Healthy)), [Deed::Say(News::Well)]);
    assert_eq!(course.at(now + 600 * SECOND, &held(Health::Healthy)), [Deed::Revive]);
    course.ended(now + 600 * SECOND, End::NotNeeded);
    assert_eq!(course.at(now + WINDOW, &held(Health::Healthy)), []);
    assert!(course.is_new("web1: why"), "the next death is another one");
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Looked(u8),
    Ended(u8),
    Passed(u32),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0_u8..8).prop_map(Event::Looked),
        4 => (0_u8..5).prop_map(Event::Ended),
        3 => prop_oneof![1_u32..10, 30_u32..120, 600_u32..4000].prop_map(Event::Passed),
    ]
}

fn seen(number: u8) -> Seen {
    match number {
        0 => Seen::Unheld,
        1 => Seen::Changing,
        2 => hung(),
        3 => Seen::Nothing("no mount table".to_owned()),
        4 | 5 => held(Health::Healthy),
        6 => held(Health::Absent),
        _ => held(Health::Dead),
    }
}

const ENDS: [End; 5] =
    [End::NotNeeded, End::Refused, End::NotMounted, End::Revived, End::Incomplete];

proptest! {
    #[test]
    fn whatever_is_seen_no_limit_is_passed_and_every_death_is_said_once(
        at_most in 1_usize..5,
        events in prop::collection::vec(event(), 1..200),
    ) {
        let mut now = Instant::now_for_tests();
        let mut course = Course::new(now, at_most);
        // What the course should know: whether a death was said, and when the revivals began that did something.
        let (mut is_dead, mut reviving, mut begun) = (false, None, Vec::<Instant>::new());
        for event in events {
            match event {
                Event::Passed(seconds) => now += seconds * SECOND,
                Event::Ended(end) => {
                    let Some(at) = reviving.take() else { continue };
                    let end = ENDS[usize::from(end)];
                    course.ended(now, end);
                    if !matches!(end, End::NotNeeded | End::Refused) {
                        begun.push(at);
                    }
                    is_dead &= !matches!(end, End::Revived | End::Incomplete);
                }
                Event::Looked(number) => {
                    let seen = seen(number);
                    let deeds = course.at(now, &seen);
                    if reviving.is_some() {
                        prop_assert_eq!(deeds, [], "in the middle of a revival");
                        continue;
                    }
                    let lost = matches!(seen, Seen::Held(Health::Dead | Health::Absent));
                    let said = deeds.iter().any(|deed| matches!(deed, Deed::Say(News::Lost(_))));
                    prop_assert_eq!(said, lost && !is_dead, "{:?}", deeds);
                    if seen != Seen::Changing {
                        is_dead = lost;
                    }
                    let revives = deeds.iter().filter(|deed| **deed == Deed::Revive).count();
                    prop_assert!(revives <= 1);
                    if revives == 1 {
                        prop_assert!(matches!(seen, Seen::Held(_)) && seen != hung());
                        let recent = begun.iter().filter(|at| now < **at + WINDOW).count();
                        prop_assert!(recent < at_most, "{} within an hour", recent + 1);
                        reviving = Some(now);
                    }
                    if said {
                        let is_limited = deeds.iter().any(|d| matches!(d, Deed::Say(News::Limit { .. })));
                        let recent = begun.iter().filter(|at| now < **at + WINDOW).count();
                        prop_assert!(revives == 1 || is_limited || recent >= at_most, "{deeds:?}");
                    }
                }
            }
        }
        // However it came to this: an hour later the next death is acted on.
        if reviving.is_some() {
            course.ended(now, End::Revived);
        }
        let _earlier = course.at(now, &Seen::Unheld);
        prop_assert_eq!(course.at(now + WINDOW, &held(Health::Dead)), [lost(), Deed::Revive]);
    }
}
