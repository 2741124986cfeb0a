//! From what is seen to what is to be done.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::News;
use crate::health::Health;

/// For so long a revival counts.
pub const WINDOW: Duration = Duration::from_secs(60 * 60);

/// After so long a share is seen to again of whose guests not all are well; after each time twice as long, up to a longest.
const PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(10 * 60);

/// What a look at a share has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// No guest holds it.
    Unheld,
    /// Somebody else is about to change it: nothing follows.
    Changing,
    /// Guests hold it, and its mount point is so.
    Held(Health),
    /// It could not be seen, and why.
    Nothing(String),
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Say this.
    Say(News),
    /// See to its guests, and tell what came of it by [`Course::ended`].
    Revive,
}

/// What became of a revival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// No guest needed anything.
    NotNeeded,
    /// Nothing was done: guests were refused, or could not be asked after.
    Refused,
    /// The share could not be mounted anew.
    NotMounted,
    /// The share is mounted, and its guests go on.
    Revived,
    /// The share is mounted, and not all of its guests go on.
    Incomplete,
}

/// One share, for as long as it is watched.
#[derive(Debug, Clone)]
pub struct Course {
    at_most: usize,
    was: Was,
    /// When to see to its guests, if it is not known of all of them that they are well.
    due: Option<Instant>,
    pause: Duration,
    is_reviving: bool,
    /// When the revivals that count began, the oldest first.
    begun: VecDeque<Instant>,
    limit_is_told: bool,
    told: BTreeSet<String>,
}

/// What is known of the share, and has been said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    Well,
    Lost,
    /// Not well in a way that has this word.
    Ill(&'static str),
}

impl Course {
    /// Of a share of which nothing is known: an earlier revival of its guests may have been cut off. So many may begin within an
    /// hour.
    pub fn new(now: Instant, at_most: usize) -> Self {
        Self {
            at_most,
            was: Was::Well,
            due: Some(now),
            pause: PAUSE,
            is_reviving: false,
            begun: VecDeque::new(),
            limit_is_told: false,
            told: BTreeSet::new(),
        }
    }

    /// What to do, now that this was seen.
    #[must_use]
    pub fn at(&mut self, now: Instant, seen: &Seen) -> Vec<Deed> {
        if self.is_reviving {
            return Vec::new();
        }
        let mut deeds: Vec<Deed> = self.notice(now, seen).map(Deed::Say).into_iter().collect();
        let can_be_helped =
            matches!(seen, Seen::Held(Health::Healthy | Health::Dead | Health::Absent));
        if can_be_helped && self.due.is_some_and(|due| due <= now) {
            self.begun.retain(|begun| now < *begun + WINDOW);
            match self.begun.front() {
                Some(first) if self.begun.len() >= self.at_most => {
                    let wait = (*first + WINDOW).saturating_duration_since(now);
                    if !std::mem::replace(&mut self.limit_is_told, true) {
                        deeds.push(Deed::Say(News::Limit { at_most: self.at_most, wait }));
                    }
                }
                _ => {
                    self.is_reviving = true;
                    self.begun.push_back(now);
                    deeds.push(Deed::Revive);
                }
            }
        }
        deeds
    }

    /// Takes note of how a revival has ended that [`Course::at`] had begun.
    pub fn ended(&mut self, now: Instant, end: End) {
        self.is_reviving = false;
        match end {
            // Only who changes something is limited.
            End::NotNeeded | End::Refused => drop(self.begun.pop_back()),
            End::NotMounted | End::Revived | End::Incomplete => self.limit_is_told = false,
        }
        // Mounted anew, it can die anew, before anybody has looked.
        if matches!(end, End::Revived | End::Incomplete) {
            self.was = Was::Well;
        }
        let is_over = match end {
            End::NotNeeded => self.was != Was::Lost,
            End::Revived => true,
            End::Refused | End::NotMounted | End::Incomplete => false,
        };
        if is_over {
            self.nothing_is_due();
        } else {
            self.due = Some(now + self.pause);
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether this was not said since the share died, or since all of its guests were well.
    #[must_use]
    pub fn is_new(&mut self, text: &str) -> bool {
        self.told.insert(text.to_owned())
    }

    fn notice(&mut self, now: Instant, seen: &Seen) -> Option<News> {
        let (is, news) = match seen {
            Seen::Changing => return None,
            Seen::Unheld => {
                self.nothing_is_due();
                (Was::Well, News::LetGo)
            }
            Seen::Held(Health::Healthy) => (Was::Well, News::Well),
            Seen::Held(health @ (Health::Dead | Health::Absent)) => {
                (Was::Lost, News::Lost(health.clone()))
            }
            Seen::Held(health) => (Was::Ill(health.word()), News::Ill(health.clone())),
            Seen::Nothing(why) => (Was::Ill("unseen"), News::Unseen(why.clone())),
        };
        if std::mem::replace(&mut self.was, is) == is {
            return None;
        }
        if is == Was::Lost {
            self.nothing_is_due();
            self.due = Some(now);
        }
        Some(news)
    }

    fn nothing_is_due(&mut self) {
        self.due = None;
        self.pause = PAUSE;
        self.told.clear();
    }
}
