//! Which keys a table may have, and what to say about one that it may not.
//!
//! The keys are those of the types in [`fragment`](super::fragment), asked of their own `Deserialize`: there is no second
//! list. An unknown key is taken out of the tree before that type sees it, because serde stops at the first and knows no
//! way to tell what was meant.

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use toml::de::{DeTable, DeValue};

use super::fault::Fault;
use super::fragment::{ClientTable, DeadlinesTable, Fragment, PolicyTable, ShareTable};
use super::problems::FileProblems;
use crate::near;

/// The tables of a file, each with its keys; the first is the file itself.
pub(super) fn tables() -> [(&'static str, &'static [&'static str]); 5] {
    [
        ("", of::<Fragment>()),
        ("client", of::<ClientTable>()),
        ("deadlines", of::<DeadlinesTable>()),
        ("policy", of::<PolicyTable>()),
        (SHARE, of::<ShareTable>()),
    ]
}

/// The one table of which there may be several.
pub(super) const SHARE: &str = "share";

/// Takes out what no type knows, and what would otherwise be a riddle: `[share]` for `[[share]]`.
pub(super) fn take_unknown(root: &mut DeTable<'_>, problems: &mut FileProblems<'_, '_>) {
    let [(_, top), tables @ ..] = tables();
    take_from(root, "", top, problems);
    for (name, known) in tables {
        let Some(value) = root.get_mut(name) else { continue };
        let span = value.span();
        match value.get_mut() {
            DeValue::Table(_) if name == SHARE => {
                problems.add(&span, Fault::SingleShare);
                root.remove(name);
            }
            DeValue::Table(table) => take_from(table, name, known, problems),
            DeValue::Array(array) if name == SHARE => {
                for entry in array.iter_mut() {
                    if let DeValue::Table(table) = entry.get_mut() {
                        take_from(table, name, known, problems);
                    }
                }
            }
            _ => {}
        }
    }
}

fn take_from(
    table: &mut DeTable<'_>,
    name: &'static str,
    known: &'static [&'static str],
    problems: &mut FileProblems<'_, '_>,
) {
    let is_known = |key: &str| known.contains(&key);
    let unknown: Vec<_> = table.keys().filter(|key| !is_known(key.get_ref())).cloned().collect();
    for key in unknown {
        let (span, key) = (key.span(), key.into_inner().into_owned());
        table.remove(key.as_str());
        let meant = near::nearest(&key, known.iter().copied());
        problems.add(&span, Fault::UnknownKey { table: name, key, known, meant });
    }
}

/// The field names that a type's derived `Deserialize` asks for.
fn of<T: Deserialize<'static>>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // It always fails: the names are all that is wanted of it.
    let _ = T::deserialize(Ask(&mut fields));
    fields
}

struct Ask<'f>(&'f mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("only asked"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("only asked"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documented keys, once more and by hand: a renamed field is a broken promise to every file in use.
    #[test]
    fn the_keys_are_the_documented_ones() {
        assert_eq!(
            tables(),
            [
                (
                    "",
                    &[
                        "mount_base",
                        "state_dir",
                        "linger",
                        "client",
                        "deadlines",
                        "policy",
                        "share"
                    ][..]
                ),
                ("client", &["program", "config", "isolation"]),
                ("deadlines", &["mount", "probe", "unmount", "hook"]),
                ("policy", &["exports"]),
                ("share", &["name", "export", "mode", "mount_point", "options"]),
            ]
        );
    }
}
