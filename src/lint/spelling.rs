//! Which configured export a key was computed from, by somebody who spelled it otherwise.
//!
//! A share's directory below a mount base is named by the md5 of its export, and nothing is made equal before: another order of
//! registries is another directory. Decides which spellings are tried: those that OpenStack's tools and their documentation lead
//! to. What differs in more than that, the volume's name for instance, no md5 tells.

use std::fmt::{self, Display, Formatter};

use crate::share::{Export, Share, ShareKey};

/// The port that the client takes where none is given.
const DEFAULT_PORT: &str = ":7861";

/// Registries in every order are 24 lists at most.
const MOST_REGISTRIES: usize = 4;

/// A share, and what was done to its export before the key was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meant<'s> {
    pub(super) share: &'s Share,
    pub(super) slips: Vec<Slip>,
}

/// A difference that makes another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    /// `quobyte://` was left in front.
    Scheme,
    /// The registries were in another order.
    Order,
    /// The registries had the default port, which they have not here, or the other way about.
    Ports,
    /// A blank followed each comma, as in the help of Cinder's option.
    Blanks,
    /// A slash at the end was there, and is not here, or the other way about.
    Slash,
}

impl Display for Slip {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "with 'quobyte://' in front",
            Self::Order => "with its registries in another order",
            Self::Ports => "with its ports written differently",
            Self::Blanks => "with blanks after the commas",
            Self::Slash => "with its last slash written differently",
        })
    }
}

/// The share whose export has this key in one of the spellings: the one with the fewest slips, and none if it is simply its own.
pub(super) fn meant<'s>(key: &str, shares: &'s [Share]) -> Option<Meant<'s>> {
    let mut best: Option<Meant<'s>> = None;
    for share in shares {
        for_each_spelling(&share.export, |spelling, slips| {
            let is_better = best.as_ref().is_none_or(|best| slips.len() < best.slips.len());
            if is_better && ShareKey::of_spelling(spelling).as_str() == key {
                best = Some(Meant { share, slips: slips.to_vec() });
            }
        });
    }
    best
}

fn for_each_spelling(export: &Export, mut visit: impl FnMut(&str, &[Slip])) {
    let written: Vec<&str> = export.registries().split(',').collect();
    let with_ports: Vec<String> = written.iter().map(|registry| with_port(registry)).collect();
    let without_ports: Vec<&str> =
        written.iter().map(|it| it.strip_suffix(DEFAULT_PORT).unwrap_or(it)).collect();
    let volume = export.volume();
    let bare = volume.strip_suffix('/').unwrap_or(volume);
    for order in orders(written.len()) {
        let in_order = |registries: &[&str], comma: &str| {
            order.iter().map(|&at| registries[at]).collect::<Vec<_>>().join(comma)
        };
        let ported: Vec<&str> = with_ports.iter().map(String::as_str).collect();
        for registries in [&written, &ported, &without_ports] {
            for comma in [",", ", "] {
                for slash in ["", "/"] {
                    for scheme in ["", "quobyte://"] {
                        let list = in_order(registries, comma);
                        let spelling = format!("{scheme}{list}/{bare}{slash}");
                        let slips = [
                            (Slip::Scheme, !scheme.is_empty()),
                            (Slip::Order, !order.is_sorted()),
                            (Slip::Ports, *registries != written),
                            (Slip::Blanks, comma == ", " && written.len() > 1),
                            (Slip::Slash, bare.len() + slash.len() != volume.len()),
                        ];
                        let slips: Vec<Slip> =
                            slips.iter().filter(|(_, is)| *is).map(|(slip, _)| *slip).collect();
                        visit(&spelling, &slips);
                    }
                }
            }
        }
    }
}

/// A registry with the port that the client would take; IPv6 addresses, whose colons are no ports, are left alone.
fn with_port(registry: &str) -> String {
    if registry.contains(':') { registry.to_owned() } else { format!("{registry}{DEFAULT_PORT}") }
}

/// Every order of so many things, the given one first; only that of many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    if count > MOST_REGISTRIES {
        return vec![(0..count).collect()];
    }
    for _ in 0..count {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                let free: Vec<usize> = (0..count).filter(|at| !order.contains(at)).collect();
                free.into_iter().map(move |at| [&order[..], &[at]].concat())
            })
            .collect();
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(name: &str, export: &str) -> Share {
        let name = name.parse().expect("a good name");
        let mount_point = "/srv/x".parse().expect("a good path");
        Share::of_record(name, export.parse().expect("a good export"), mount_point)
    }

    /// The keys were computed with md5sum.
    #[test]
    fn a_slip_is_known_by_its_key_and_another_export_is_not() {
        let shares = [
            share("volumes", "10.164.0.49,10.164.0.52,10.164.0.13/volumes"),
            share("openstack", "quobyte-host/openstack-volumes"),
            share("vmstore", "vmstore.example.com/vmstore"),
        ];
        for (key, name, slips) in [
            ("9cd642db447d8f7973c8b26e68ec21b7", "volumes", &[][..]),
            ("68f5636b38d2229216c59be3b29354ef", "volumes", &[Slip::Scheme]),
            ("4bd73158296f9f3c6d32c81b471dd0a0", "volumes", &[Slip::Order]),
            ("cac1db195a77823e6a9c824aa66a1446", "volumes", &[Slip::Ports]),
            ("1331538734b757ed52d0e18c0a7210cd", "openstack", &[Slip::Scheme]),
            ("6b2796474c3e22a07c6d3e1251170d93", "vmstore", &[Slip::Slash]),
        ] {
            let meant = meant(key, &shares).expect(key);
            assert_eq!((meant.share.name.as_str(), &meant.slips[..]), (name, slips), "{key}");
        }
        assert_eq!(meant("c94ed34ada0acf45c1213beb1fc52ce6", &shares), None);
        assert_eq!(meant("4bd73158296f9f3c6d32c81b471dd0a0", &shares[1..]), None);
    }

    #[test]
    fn the_orders_are_all_and_each_once_and_few() {
        for (count, expected) in [(0, 1), (1, 1), (3, 6), (4, 24), (5, 1), (100, 1)] {
            let orders = orders(count);
            assert_eq!(orders.len(), expected, "{count}");
            assert_eq!(orders[0], (0..count).collect::<Vec<_>>(), "{count}");
            let distinct: std::collections::BTreeSet<_> = orders.iter().collect();
            assert_eq!(distinct.len(), expected, "{count}");
        }
    }

    #[test]
    fn every_slip_alone_leads_back_to_its_share() {
        let shares = [share("gold", "reg1.example.org,reg2.example.org:7861/gold/")];
        for (spelling, slip) in [
            ("quobyte://reg1.example.org,reg2.example.org:7861/gold/", Slip::Scheme),
            ("reg2.example.org:7861,reg1.example.org/gold/", Slip::Order),
            ("reg1.example.org,reg2.example.org/gold/", Slip::Ports),
            ("reg1.example.org:7861,reg2.example.org:7861/gold/", Slip::Ports),
            ("reg1.example.org, reg2.example.org:7861/gold/", Slip::Blanks),
            ("reg1.example.org,reg2.example.org:7861/gold", Slip::Slash),
        ] {
            let key = ShareKey::of_spelling(spelling);
            let meant = meant(key.as_str(), &shares).expect(spelling);
            assert_eq!(meant.slips, [slip], "{spelling}");
        }
    }
}
