//! The datatypes: what a text may say where a grammar asks for more than any text.
//!
//! The ones of XML Schema (part 2) that libvirt's grammars of domains use, and RELAX NG's own two. Where XML Schema leaves room,
//! it is done as libxml2 does, since that is what libvirt asks: a `pattern` speaks of the text as it stands, blanks included,
//! and a number has at most 24 digits.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use regex_lite::Regex;

use super::moment::is_date_time;
use super::names::number;
use super::regex::{self, RegexError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct DatatypeId(u32);

impl DatatypeId {
    /// RELAX NG's own `token`: what a `<value>` is compared as unless it says otherwise.
    pub(super) const TOKEN: Self = Self(0);
}

/// What a datatype is before it is narrowed down.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Base {
    String,
    Token,
    NcName,
    DateTime,
    Integer { range: RangeInclusive<i128>, sign: Sign },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Allowed,
    None,
}

/// What narrows a datatype down.
#[derive(Debug)]
enum Facet {
    Pattern { expression: Box<str>, regex: Regex },
    Least(i128),
    Most(i128),
    Shortest(usize),
    Longest(usize),
}

#[derive(Debug)]
struct Datatype {
    base: Base,
    facets: Vec<Facet>,
}

/// Why a grammar's datatype is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatatypeError {
    /// One that is not known here.
    #[error("the datatype {0} is not supported")]
    Unknown(String),
    /// A parameter that is not known here, or not for this datatype.
    #[error("the parameter {0} is not supported for this datatype")]
    Parameter(String),
    /// A parameter that has no number, but needs one.
    #[error("the parameter {name} needs a number, which '{value}' is not")]
    NoNumber {
        /// The parameter.
        name: String,
        /// What it says.
        value: String,
    },
    /// A pattern that is not usable.
    #[error("the pattern {expression} {error}")]
    Pattern {
        /// What it says.
        expression: String,
        /// What is wrong with it.
        #[source]
        error: RegexError,
    },
}

/// All datatypes of a grammar, each kept once.
#[derive(Debug)]
pub(super) struct Datatypes(Vec<Datatype>);

impl Default for Datatypes {
    fn default() -> Self {
        Self(vec![Datatype { base: Base::Token, facets: Vec::new() }])
    }
}

impl Datatypes {
    /// The datatype of this name with these parameters, each a name and a value.
    pub(super) fn find(
        &mut self,
        name: &str,
        parameters: &[(&str, &str)],
    ) -> Result<DatatypeId, DatatypeError> {
        let base = base(name).ok_or_else(|| DatatypeError::Unknown(name.to_owned()))?;
        let facets: Vec<Facet> = parameters
            .iter()
            .map(|(name, value)| facet(&base, name, value))
            .collect::<Result<_, _>>()?;
        let same = |known: &Datatype| {
            known.base == base
                && known.facets.len() == facets.len()
                && known.facets.iter().zip(&facets).all(|(one, other)| one.is_same(other))
        };
        let at = self.0.iter().position(same).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(Datatype { base, facets });
        }
        Ok(DatatypeId(number(at)))
    }

    /// Whether the datatype allows this text.
    pub(super) fn allows(&self, id: DatatypeId, text: &str) -> bool {
        let Datatype { base, facets } = &self.0[id.0 as usize];
        let value = match base {
            Base::String | Base::Token => None,
            Base::NcName if !is_nc_name(text.trim_matches(is_space)) => return false,
            Base::DateTime if !is_date_time(text.trim_matches(is_space)) => return false,
            Base::NcName | Base::DateTime => None,
            Base::Integer { range, sign } => match integer(text.trim_matches(is_space), *sign) {
                Some(value) if range.contains(&value) => Some(value),
                _ => return false,
            },
        };
        facets.iter().all(|facet| match facet {
            Facet::Pattern { regex, .. } => regex.is_match(text),
            Facet::Least(least) => value.is_some_and(|value| value >= *least),
            Facet::Most(most) => value.is_some_and(|value| value <= *most),
            Facet::Shortest(least) => text.chars().count() >= *least,
            Facet::Longest(most) => text.chars().count() <= *most,
        })
    }

    /// Whether two texts are the same value.
    pub(super) fn is_same(&self, id: DatatypeId, one: &str, other: &str) -> bool {
        match &self.0[id.0 as usize].base {
            Base::String => one == other,
            _ if one == other => self.allows(id, one),
            Base::Integer { sign, .. } => {
                let value = |text: &str| integer(text.trim_matches(is_space), *sign);
                self.allows(id, one) && value(one) == value(other)
            }
            Base::Token | Base::NcName | Base::DateTime => collapse(one) == collapse(other),
        }
    }

    /// What the datatype allows, for people.
    pub(super) fn describe(&self, id: DatatypeId) -> String {
        let Datatype { base, facets } = &self.0[id.0 as usize];
        let mut said = match base {
            Base::String | Base::Token => "text".to_owned(),
            Base::NcName => "a name without a colon".to_owned(),
            Base::DateTime => "a date and time like 2026-01-31T23:59:00".to_owned(),
            Base::Integer { range, .. } => {
                let (mut least, mut most) = (*range.start(), *range.end());
                for facet in facets {
                    match facet {
                        Facet::Least(facet) => least = least.max(*facet),
                        Facet::Most(facet) => most = most.min(*facet),
                        _ => {}
                    }
                }
                match (least, most) {
                    (i128::MIN, i128::MAX) => "a whole number".to_owned(),
                    (least, i128::MAX) => format!("a whole number from {least}"),
                    (i128::MIN, most) => format!("a whole number up to {most}"),
                    (least, most) => format!("a whole number from {least} to {most}"),
                }
            }
        };
        for facet in facets {
            let more = match facet {
                Facet::Pattern { expression, .. } => format!(" that matches {expression}"),
                Facet::Shortest(least) => format!(" of at least {least} characters"),
                Facet::Longest(most) => format!(" of at most {most} characters"),
                Facet::Least(_) | Facet::Most(_) => continue,
            };
            said.push_str(&more);
        }
        said
    }
}

impl Facet {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pattern { expression: one, .. }, Self::Pattern { expression: other, .. }) => {
                one == other
            }
            (Self::Least(one), Self::Least(other)) | (Self::Most(one), Self::Most(other)) => {
                one == other
            }
            (Self::Shortest(one), Self::Shortest(other))
            | (Self::Longest(one), Self::Longest(other)) => one == other,
            _ => false,
        }
    }
}

fn base(name: &str) -> Option<Base> {
    let integer = |range, sign| Some(Base::Integer { range, sign });
    match name {
        "string" => Some(Base::String),
        "token" => Some(Base::Token),
        "NCName" => Some(Base::NcName),
        "dateTime" => Some(Base::DateTime),
        "integer" => integer(i128::MIN..=i128::MAX, Sign::Allowed),
        "positiveInteger" => integer(1..=i128::MAX, Sign::Allowed),
        "nonNegativeInteger" => integer(0..=i128::MAX, Sign::Allowed),
        "long" => integer(i64::MIN.into()..=i64::MAX.into(), Sign::Allowed),
        "int" => integer(i32::MIN.into()..=i32::MAX.into(), Sign::Allowed),
        "short" => integer(i16::MIN.into()..=i16::MAX.into(), Sign::Allowed),
        "byte" => integer(i8::MIN.into()..=i8::MAX.into(), Sign::Allowed),
        "unsignedLong" => integer(0..=u64::MAX.into(), Sign::None),
        "unsignedInt" => integer(0..=u32::MAX.into(), Sign::None),
        "unsignedShort" => integer(0..=u16::MAX.into(), Sign::None),
        "unsignedByte" => integer(0..=u8::MAX.into(), Sign::None),
        _ => None,
    }
}

fn facet(base: &Base, name: &str, value: &str) -> Result<Facet, DatatypeError> {
    let no_number = || DatatypeError::NoNumber { name: name.to_owned(), value: value.to_owned() };
    let number = || integer(value.trim_matches(is_space), Sign::Allowed).ok_or_else(no_number);
    let length = || value.trim_matches(is_space).parse().map_err(|_| no_number());
    match (name, base) {
        ("pattern", _) => {
            let expression = value;
            let regex = regex::compile(expression).map_err(|error| DatatypeError::Pattern {
                expression: expression.to_owned(),
                error,
            })?;
            Ok(Facet::Pattern { expression: expression.into(), regex })
        }
        ("minInclusive", Base::Integer { .. }) => Ok(Facet::Least(number()?)),
        ("maxInclusive", Base::Integer { .. }) => Ok(Facet::Most(number()?)),
        ("minLength", Base::String) => Ok(Facet::Shortest(length()?)),
        ("maxLength", Base::String) => Ok(Facet::Longest(length()?)),
        _ => Err(DatatypeError::Parameter(name.to_owned())),
    }
}

/// XML's white space.
pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// Without blanks at the ends, and with one space for each run of them.
fn collapse(text: &str) -> Cow<'_, str> {
    let plain = !text.contains(['\t', '\n', '\r']) && !text.contains("  ");
    if plain && text.trim_matches(' ') == text {
        return Cow::Borrowed(text);
    }
    let words: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
    Cow::Owned(words.join(" "))
}

fn integer(text: &str, sign: Sign) -> Option<i128> {
    let digits = match sign {
        Sign::Allowed => text.strip_prefix(['+', '-']).unwrap_or(text),
        Sign::None => text,
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // As libxml2, which keeps no more.
    let few_enough = digits.trim_start_matches('0').len() <= 24;
    if all_digits && few_enough { text.parse().ok() } else { None }
}

/// Names of letters of all languages count, as in XML 1.0's fifth edition; a colon does not.
fn is_nc_name(text: &str) -> bool {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    let goes_on = |c: char| starts(c) || c.is_numeric() || matches!(c, '-' | '.' | '\u{b7}');
    text.starts_with(starts) && text.chars().all(goes_on)
}
