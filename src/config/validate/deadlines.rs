//! Which deadlines fit together.

use std::time::Duration;

use super::super::duration::{self, DurationText, LONGEST};
use super::super::origin::Origin;
use super::super::settings::Deadlines;
use super::{Fault, Located, Merged, Problems, Subject, subject};

/// `release` runs on the one thread on which libvirt handles the end of every guest of the host: while an unmount is waited
/// for there, no guest's crash is noticed.
const LONGEST_UNMOUNT: Duration = Duration::from_secs(60);

pub(super) fn read(merged: &Merged, problems: &mut Problems<'_>) -> Deadlines {
    let default = Deadlines::default();
    let mut deadline = |key, given: &Option<Located<DurationText>>, default, longest| {
        let Some(Located { value: DurationText(text), origin }) = given else {
            return Some(default);
        };
        let duration = duration::parse(text, longest).map_err(Fault::from);
        problems.sift(duration, *origin, || subject(key, text))
    };
    let mount = deadline("deadlines.mount", &merged.mount, default.mount, LONGEST);
    let probe = deadline("deadlines.probe", &merged.probe, default.probe, LONGEST);
    let unmount = deadline("deadlines.unmount", &merged.unmount, default.unmount, LONGEST_UNMOUNT);
    let hook = deadline("deadlines.hook", &merged.hook, default.hook, LONGEST);
    let (Some(mount), Some(probe), Some(unmount), Some(hook)) = (mount, probe, unmount, hook)
    else {
        return default;
    };
    if hook < mount + probe
        && let Some((key, origin)) = set(merged)
    {
        let subject = Subject { key: Some(key), ..Subject::default() };
        problems.add(origin, subject, Fault::HookTooShort { hook, mount, probe });
    }
    Deadlines { mount, probe, unmount, hook }
}

/// How long a share may stay mounted for nobody: a day is more than any command needs.
const LONGEST_LINGER: Duration = Duration::from_secs(24 * 60 * 60);

/// Alone among the durations it may be nothing, which is its default.
pub(super) fn linger(merged: &Merged, problems: &mut Problems<'_>) -> Duration {
    let Some(Located { value: DurationText(text), origin }) = &merged.linger else {
        return Duration::ZERO;
    };
    if text == "0s" {
        return Duration::ZERO;
    }
    let duration = duration::parse(text, LONGEST_LINGER).map_err(Fault::from);
    problems.sift(duration, *origin, || subject("linger", text)).unwrap_or_default()
}

/// Which of those that do not fit was set. The defaults fit, so one of them was.
fn set(merged: &Merged) -> Option<(&'static str, Origin)> {
    [
        ("deadlines.hook", &merged.hook),
        ("deadlines.mount", &merged.mount),
        ("deadlines.probe", &merged.probe),
    ]
    .into_iter()
    .find_map(|(key, given)| Some((key, given.as_ref()?.origin)))
}
