//! Documents with faults that were put into them: elements and attributes that are missing, doubled, renamed or elsewhere, and values
//! that others have. The same seed gives the same faults.

use virt_quobyte::xml::{ElementRef, Span, Tree};

/// A stream of numbers that looks like chance (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// The document with one more fault; some are none.
pub(crate) fn mutate(source: &str, dice: &mut Dice) -> String {
    let tree = Tree::read(source.as_bytes()).expect("well-formed");
    let elements: Vec<_> = tree.elements().collect();
    let element = *dice.one_of(&elements);
    let other = *dice.one_of(&elements);
    let text = |span: Span| &source[span.range()];
    let attributes = element.attributes();
    match dice.below(12) {
        0 if element.parent().is_some() => replace(source, element.span(), ""),
        1 if element.parent().is_some() => {
            replace(source, element.span(), &text(element.span()).repeat(2))
        }
        2 => rename(source, element, other.name()),
        3 => rename(source, element, "unheard-of"),
        4 if element.parent().is_some() => {
            let end = element.span().end;
            replace(source, Span { start: end, end }, text(other.span()))
        }
        5 if !element.is_self_closing() => {
            let at = element.start_tag().end;
            let words = ["stray", " ", "5", "<!-- -->", "<stray/>", "/x"];
            replace(source, Span { start: at, end: at }, dice.one_of::<&str>(&words))
        }
        6 if !element.text().trim().is_empty() && element.children().next().is_none() => {
            let words = ["", "x", "5", " 5 ", "/x/y", "-1", "on", "\u{e4}"];
            replace(source, element.text_span(), dice.one_of::<&str>(&words))
        }
        7 => match siblings(element) {
            Some((first, second)) => {
                let turned = format!("{}{}", text(second.span()), text(first.span()));
                replace(source, Span { start: first.span().start, end: second.span().end }, &turned)
            }
            None => source.to_owned(),
        },
        8 => {
            let at = element.name_span().end;
            let words = [" stray=''", " type='file'", " name='x'", " mode='x'", " index='7'"];
            let added = dice.one_of(&words);
            let name = added.trim().split('=').next().expect("a name");
            let there = attributes.iter().any(|attribute| attribute.name == name);
            let added = if there { "" } else { added };
            replace(source, Span { start: at, end: at }, added)
        }
        _ if attributes.is_empty() => source.to_owned(),
        9 => {
            let whole = dice.one_of(attributes).whole();
            replace(source, Span { start: whole.start - 1, ..whole }, "")
        }
        10 => replace(source, dice.one_of(attributes).name_span, "unheard-of"),
        _ => {
            let attribute = dice.one_of(attributes);
            let theirs = other.attributes().first().map_or("x", |other| text(other.span));
            let own = text(attribute.span);
            let (longer, wider) = (format!("{own}x"), format!(" {own} "));
            let words = ["", "x", "0", "-1", "yes", "99999999999", theirs, &longer, &wider];
            let word = dice.one_of(&words);
            let fits = !word.contains(['\'', '"']);
            replace(source, attribute.span, if fits { word } else { "" })
        }
    }
}

fn replace(source: &str, span: Span, with: &str) -> String {
    [&source[..span.start], with, &source[span.end..]].concat()
}

fn rename(source: &str, element: ElementRef<'_, '_>, name: &str) -> String {
    let name = name.rsplit(':').next().expect("a name");
    let mut renamed = source.to_owned();
    if !element.is_self_closing() {
        let end = element.span().end;
        let start = source[..end].rfind("</").expect("an end tag") + 2;
        renamed.replace_range(start..end - 1, name);
    }
    renamed.replace_range(element.name_span().range(), name);
    renamed
}

fn siblings<'t, 'a>(
    element: ElementRef<'t, 'a>,
) -> Option<(ElementRef<'t, 'a>, ElementRef<'t, 'a>)> {
    let mut all = element.children();
    Some((all.next()?, all.next()?))
}
