//! How much a disk may do: libvirt's `<iotune>`, with the thirteen values that Nova knows too.
//!
//! Decides which values go together. What libvirt and QEMU say about each rule is at the variant of the error.

use std::fmt;
use std::str::FromStr;

use super::element::Element;

/// More than this libvirt refuses (`QEMU_BLOCK_IOTUNE_MAX`).
pub const MOST: u64 = 1_000_000_000_000_000;

/// What is limited, in the order in which libvirt writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Limit(usize);

const NAMES: [&str; 13] = [
    "total_bytes_sec",
    "read_bytes_sec",
    "write_bytes_sec",
    "total_iops_sec",
    "read_iops_sec",
    "write_iops_sec",
    "total_bytes_sec_max",
    "read_bytes_sec_max",
    "write_bytes_sec_max",
    "total_iops_sec_max",
    "read_iops_sec_max",
    "write_iops_sec_max",
    "size_iops_sec",
];

/// The first of each group of total, read and write; a burst's group is [`BURST`] behind that of its rate.
const GROUPS: [usize; 4] = [0, 3, 6, 9];
const BURST: usize = 6;
const SIZE: usize = 12;

impl Limit {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..NAMES.len()).map(Self)
    }

    /// As libvirt and Nova call it.
    pub fn as_str(self) -> &'static str {
        NAMES[self.0]
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no such limit; total_bytes_sec, read_iops_sec or another name of libvirt's <iotune> would be right"
)]
pub struct NoSuchLimit;

impl FromStr for Limit {
    type Err = NoSuchLimit;

    fn from_str(text: &str) -> Result<Self, NoSuchLimit> {
        NAMES.iter().position(|name| *name == text).map(Self).ok_or(NoSuchLimit)
    }
}

/// Limits that need not go together yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits([Option<u64>; NAMES.len()]);

/// Why limits do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// QEMU has one bucket for the sum, or one for each direction.
    #[error(
        "{total} is given together with {one}: either the total or read and write may be limited, not both"
    )]
    TotalAndOne {
        /// The limit of the sum.
        total: Limit,
        /// The limit of one direction.
        one: Limit,
    },
    /// A burst above no rate means nothing.
    #[error("{burst} is given without {rate}, above which it would be the burst")]
    BurstWithoutRate {
        /// The burst.
        burst: Limit,
        /// Its rate.
        rate: Limit,
    },
    /// QEMU starts no such guest.
    #[error("{burst} is lower than {rate}; a burst is at least the rate")]
    BurstBelowRate {
        /// The burst.
        burst: Limit,
        /// Its rate.
        rate: Limit,
    },
    /// How large an operation counts matters only where operations are counted.
    #[error("size_iops_sec is given, and no limit of operations for which it would count")]
    SizeWithoutOperations,
    /// Too much.
    #[error("{0} is more than {MOST}, which is the most that libvirt takes")]
    TooMuch(Limit),
}

impl Limits {
    /// Sets one, and gives what was set before.
    pub fn set(&mut self, limit: Limit, value: u64) -> Option<u64> {
        self.0[limit.0].replace(value)
    }

    /// The value of one.
    pub fn get(&self, limit: Limit) -> Option<u64> {
        self.0[limit.0]
    }

    /// All that is wrong.
    pub fn faults(&self) -> Vec<LimitsError> {
        let mut faults = Vec::new();
        // 0 is libvirt's word for no limit.
        let value = |at: usize| self.0[at].filter(|&value| value > 0);
        for limit in Limit::all() {
            if self.get(limit).is_some_and(|value| value > MOST) {
                faults.push(LimitsError::TooMuch(limit));
            }
        }
        for total in GROUPS {
            for one in [total + 1, total + 2] {
                if value(total).is_some() && value(one).is_some() {
                    faults.push(LimitsError::TotalAndOne { total: Limit(total), one: Limit(one) });
                }
            }
        }
        for rate in 0..BURST {
            let Some(burst) = value(rate + BURST) else { continue };
            let (rate, burst, least) = (Limit(rate), Limit(rate + BURST), burst);
            match value(rate.0) {
                None => faults.push(LimitsError::BurstWithoutRate { burst, rate }),
                Some(rate_value) if least < rate_value => {
                    faults.push(LimitsError::BurstBelowRate { burst, rate });
                }
                Some(_) => {}
            }
        }
        if value(SIZE).is_some() && (3..6).all(|at| value(at).is_none()) {
            faults.push(LimitsError::SizeWithoutOperations);
        }
        faults
    }

    /// `<iotune>`, in libvirt's order; `None` if nothing is limited.
    pub(super) fn element(&self) -> Option<Element> {
        self.in_order(Limit::all())
    }

    /// The same in the order of Nova's `_format_iotune`.
    pub(super) fn nova_element(&self) -> Option<Element> {
        const ORDER: [usize; NAMES.len()] = [1, 4, 2, 5, 0, 3, 7, 8, 6, 10, 11, 9, SIZE];
        self.in_order(ORDER.into_iter().map(Limit))
    }

    fn in_order(&self, limits: impl Iterator<Item = Limit>) -> Option<Element> {
        let mut iotune = Element::new("iotune");
        for limit in limits {
            if let Some(value) = self.get(limit) {
                iotune.add(Element::of_text(limit.as_str(), value));
            }
        }
        iotune.has_children().then_some(iotune)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(values: &[(&str, u64)]) -> Vec<String> {
        let mut limits = Limits::default();
        for (name, value) in values {
            limits.set(name.parse().expect(name), *value);
        }
        limits.faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn limits_that_go_together_are_taken() {
        for values in [
            &[][..],
            &[("total_bytes_sec", 1), ("read_iops_sec", 1), ("write_iops_sec", MOST)],
            &[("total_iops_sec", 100), ("total_iops_sec_max", 100), ("size_iops_sec", 4096)],
            &[("total_bytes_sec", 0), ("read_bytes_sec", 1)],
            &[("read_bytes_sec", 5), ("read_bytes_sec_max", 6), ("write_bytes_sec", 7)],
        ] {
            assert_eq!(faults(values), [""; 0], "{values:?}");
        }
    }

    #[test]
    fn limits_that_do_not_are_refused_with_the_names_of_both() {
        for (values, words) in [
            (&[("total_bytes_sec", 1), ("write_bytes_sec", 1)][..], ["total_bytes_sec", "write_b"]),
            (
                &[("total_iops_sec", 1), ("read_iops_sec", 1), ("total_iops_sec_max", 1)],
                ["total_iops_sec", "read_iops_sec"],
            ),
            (&[("read_iops_sec_max", 1)], ["read_iops_sec_max", "without read_iops_sec"]),
            (
                &[("read_iops_sec", 9), ("read_iops_sec_max", 8)],
                ["read_iops_sec_max", "lower than read_iops_sec"],
            ),
            (&[("total_bytes_sec", 1), ("size_iops_sec", 1)], ["size_iops_sec", "no limit"]),
            (&[("total_bytes_sec", MOST + 1)], ["total_bytes_sec", "most"]),
        ] {
            let faults = faults(values);
            assert_eq!(faults.len(), 1, "{values:?}: {faults:?}");
            for word in words {
                assert!(faults[0].contains(word), "{values:?}: {faults:?}");
            }
        }
    }
}
