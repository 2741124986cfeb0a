//! A path as the kernel would read it, as far as text alone can tell.

use std::borrow::Cow;

/// What text alone can tell of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Normal<'a> {
    /// It does not begin with `/`.
    Relative,
    /// The same path without empty components and `.`.
    Same(Cow<'a, str>),
    /// It has `..`, whose end depends on what is on the disk.
    WalksUp,
}

pub(super) fn normal(path: &str) -> Normal<'_> {
    let Some(rest) = path.strip_prefix('/') else { return Normal::Relative };
    let mut components = rest.split('/');
    if components.all(|c| !matches!(c, "" | "." | "..")) {
        return Normal::Same(Cow::Borrowed(path));
    }
    if rest.split('/').any(|component| component == "..") {
        return Normal::WalksUp;
    }
    let names: Vec<&str> = rest.split('/').filter(|c| !matches!(*c, "" | ".")).collect();
    Normal::Same(Cow::Owned(format!("/{}", names.join("/"))))
}

/// Whether any of the places is near at which an absolute path goes up, or ends: read as text, and in normal form.
pub(super) fn passes(path: &str, mut near: impl FnMut(&str) -> bool) -> bool {
    // One place at a time: a path of a megabyte can pass a hundred thousand, and all of them together would be gigabytes.
    let mut place = String::new();
    let mut is_near = |place: &str| near(if place.is_empty() { "/" } else { place });
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                if is_near(&place) {
                    return true;
                }
                place.truncate(place.rfind('/').unwrap_or_default());
            }
            name => {
                place.push('/');
                place.push_str(name);
            }
        }
    }
    is_near(&place)
}

/// Where a path ends, read as text alone: two spellings of one path end at the same place.
pub(crate) fn end(path: &str) -> Cow<'_, str> {
    match normal(path) {
        Normal::Relative => Cow::Borrowed(path),
        Normal::Same(end) => end,
        Normal::WalksUp => {
            let mut end = String::with_capacity(path.len());
            for component in path.split('/') {
                match component {
                    "" | "." => {}
                    ".." => end.truncate(end.rfind('/').unwrap_or_default()),
                    name => {
                        end.push('/');
                        end.push_str(name);
                    }
                }
            }
            Cow::Owned(if end.is_empty() { "/".to_owned() } else { end })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_kernel_passes_over_is_taken_out_and_what_it_follows_is_told() {
        for (path, expected) in [
            ("/srv/gold/x", "/srv/gold/x"),
            ("//srv///gold/./x/", "/srv/gold/x"),
            ("/", "/"),
            ("/.../x..", "/.../x.."),
        ] {
            assert_eq!(normal(path), Normal::Same(expected.into()), "{path}");
        }
        assert_eq!(normal("srv"), Normal::Relative);
        assert_eq!(normal(""), Normal::Relative);
        assert_eq!(normal("/srv/gold/../x/../../etc"), Normal::WalksUp);
        assert_eq!(end("/srv/gold/../x/../../etc"), "/etc");
        assert_eq!(end("/srv//gold/."), "/srv/gold");
        assert_eq!(end("/a/.."), "/");
    }

    #[test]
    fn a_path_passes_the_places_at_which_it_goes_up_and_its_end() {
        for (path, expected) in [
            ("/srv/gold/../x/../../etc", &["/srv/gold", "/srv/x", "/srv", "/etc"][..]),
            ("/..//./a/../..", &["/", "/a", "/", "/"]),
        ] {
            let mut passed = Vec::new();
            assert!(!passes(path, |place| {
                passed.push(place.to_owned());
                false
            }));
            assert_eq!(passed, expected, "{path}");
        }
        assert!(passes("/srv/gold/../x", |place| place == "/srv/gold"));
    }

    #[test]
    fn a_path_that_is_as_long_as_a_document_takes_no_more_room_than_it_has() {
        let path = format!("{}{}", "/a".repeat(1 << 20), "/..".repeat(1 << 20));
        assert_eq!(normal(&path), Normal::WalksUp);
        let mut longest = 0;
        assert!(!passes(&path, |place| {
            longest = longest.max(place.len());
            false
        }));
        assert_eq!(longest, 2 << 20);
    }

    proptest! {
        #[test]
        fn a_normal_path_is_its_own_normal_form(path in "(/|/\\.|/[a-c]{1,2}){1,8}") {
            if let Normal::Same(once) = normal(&path) {
                prop_assert_eq!(normal(&once), Normal::Same(once.clone()));
            }
        }
    }
}
