//! What a domain needs: no path that could end on a share or below the mount base is taken for one that does not.

use std::sync::LazyLock;

use virt_quobyte::config::{self, Settings, SourceFile};
use virt_quobyte::domain::{self, Domain};
use virt_quobyte::needs::{self, Needs, PathVerdict};
use virt_quobyte::share::Share;

/// A message shows some hundred characters of a path or a name, and each may be escaped; of an export it may show two.
const LONGEST_MESSAGE: usize = 12_000;

/// Two hosts: one with shares and a policy, and one with nothing but the defaults.
static HOSTS: LazyLock<[Settings; 2]> = LazyLock::new(|| {
    let text = include_str!("needs.toml").to_owned();
    let file = SourceFile { path: "/etc/virt-quobyte/config.toml".into(), text };
    [config::parse(&[file]).expect("a good configuration"), Settings::default()]
});

/// Reads bytes as a domain's document, and works out what it needs on each of the hosts.
pub fn check(bytes: &[u8]) {
    let Ok(domain) = domain::read(bytes) else { return };
    for settings in HOSTS.iter() {
        let needs = needs::of(&domain, settings);
        shares_are_distinct_and_explained(&needs, &domain, settings);
        every_path_is_judged(&needs, &domain, settings);
        problems_are_located(&needs, &domain);
    }
}

fn shares_are_distinct_and_explained(needs: &Needs<'_>, domain: &Domain, settings: &Settings) {
    let Needs { shares, paths, .. } = needs;
    assert!(shares.is_sorted_by(|a, b| a.mount_point < b.mount_point), "{shares:?}");
    for (number, share) in shares.iter().enumerate() {
        assert!(shares[..number].iter().all(|other| other.key != share.key), "{share:?} twice");
        let configured = settings.shares.contains(share);
        assert!(configured || is_granted(share, domain, settings), "nobody allowed {share:?}");
        let on_it =
            |verdict: &PathVerdict| matches!(verdict, PathVerdict::On(on) if **on == *share);
        let by_path = paths.iter().any(|(_, verdict)| on_it(verdict));
        assert!(by_path || !domain.shares.is_empty(), "nothing asks for {share:?}");
    }
}

/// Whether the metadata asks for the share and the policy grants it: as Nova would mount it, and never elsewhere.
fn is_granted(share: &Share, domain: &Domain, settings: &Settings) -> bool {
    !domain.shares.is_empty()
        && settings.policy.allows(&share.export)
        && *share == Share::of_policy_export(share.export.clone(), &settings.mount_base)
}

fn every_path_is_judged(needs: &Needs<'_>, domain: &Domain, settings: &Settings) {
    let judged: Vec<_> = needs.paths.iter().map(|(path, _)| *path).collect();
    assert!(judged.into_iter().eq(&domain.paths), "not every path, or not in order");
    let near = |place: &str| {
        settings.mount_base.holds(place)
            || settings.shares.iter().any(|share| share.mount_point.holds(place))
    };
    for (path, verdict) in &needs.paths {
        match verdict {
            PathVerdict::On(share) => {
                assert!(needs.shares.contains(share), "{share:?} is left out");
                let end = passes(&path.path).pop().expect("a path");
                assert!(share.mount_point.holds(&end), "{path:?} is not on {share:?}");
                // It may go up on its share, and never leaves it again.
                let mut passed = passes(&path.path).into_iter();
                passed.by_ref().find(|place| share.mount_point.holds(place));
                assert!(passed.all(|place| share.mount_point.holds(&place)), "{path:?} leaves");
            }
            PathVerdict::None if path.is_absolute() => {
                let passed = passes(&path.path);
                assert!(!passed.iter().any(|place| near(place)), "{path:?} passes a share");
            }
            PathVerdict::None => {}
            PathVerdict::Problem => assert!(path.is_absolute(), "{path:?} means nothing to a host"),
        }
    }
}

/// Every directory that a walk along the path passes, as text, the end last.
fn passes(path: &str) -> Vec<String> {
    let mut passed = Vec::new();
    let mut place = String::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => place.truncate(place.rfind('/').unwrap_or_default()),
            name => {
                place.push('/');
                place.push_str(name);
            }
        }
        passed.push(place.clone());
    }
    passed
}

fn problems_are_located(needs: &Needs<'_>, domain: &Domain) {
    let of_paths = needs.paths.iter().filter(|(_, verdict)| *verdict == PathVerdict::Problem);
    assert!(of_paths.count() <= needs.problems.len(), "a verdict without its problem");
    for problem in &needs.problems {
        let known = domain.paths.iter().map(|path| path.span);
        let known = known.chain(domain.shares.iter().map(|share| share.span));
        assert!(known.into_iter().any(|span| span == problem.span), "{problem:?} is nowhere");
        super::is_a_message(&problem.fault.to_string(), LONGEST_MESSAGE);
    }
}
