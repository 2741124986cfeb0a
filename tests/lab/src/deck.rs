//! In which order faults come: by chance, and each as often as it is in the deck, so that a short run meets all of them too.

use crate::dice::Dice;

/// What is still to come before the next shuffle.
#[derive(Debug)]
pub(crate) struct Deck<T> {
    all: Vec<T>,
    rest: Vec<T>,
}

/// How many others come before a card that was put back.
const SOON: usize = 3;

impl<T: Copy> Deck<T> {
    pub(crate) fn of(all: &[T]) -> Self {
        Self { all: all.to_vec(), rest: Vec::new() }
    }

    /// The next card that fits. Those before it stay where they are, and come as soon as they fit.
    pub(crate) fn draw(&mut self, dice: &mut Dice, fits: impl Fn(T) -> bool) -> Option<T> {
        if !self.rest.iter().any(|card| fits(*card)) {
            let mut shuffled = self.all.clone();
            dice.shuffle(&mut shuffled);
            self.rest.append(&mut shuffled);
        }
        let at = self.rest.iter().position(|card| fits(*card))?;
        Some(self.rest.remove(at))
    }

    /// Has a card come again soon that did not do what it is there for; not at once, as others may wait for their turn.
    pub(crate) fn put_back(&mut self, card: T) {
        self.rest.insert(self.rest.len().min(SOON), card);
    }
}

#[cfg(test)]
mod tests {
    use super::{Deck, Dice};

    fn drawn(deck: &mut Deck<u8>, dice: &mut Dice, count: usize) -> Vec<u8> {
        (0..count).map(|_| deck.draw(dice, |_| true).expect("all fit")).collect()
    }

    #[test]
    fn none_comes_again_before_all_have_come() {
        let (mut deck, mut dice) = (Deck::of(&[1, 2, 3, 4, 4]), Dice::new(5));
        for _ in 0..20 {
            let mut hand = drawn(&mut deck, &mut dice, 5);
            hand.sort_unstable();
            assert_eq!(hand, [1, 2, 3, 4, 4]);
        }
    }

    #[test]
    fn what_does_not_fit_or_did_nothing_comes_first_once_it_does() {
        let (mut deck, mut dice) = (Deck::of(&[1, 2]), Dice::new(5));
        for _ in 0..3 {
            assert_eq!(deck.draw(&mut dice, |card| card == 2), Some(2));
        }
        assert_eq!(drawn(&mut deck, &mut dice, 3), [1, 1, 1]);
        assert_eq!(deck.draw(&mut dice, |card| card == 9), None);
    }

    #[test]
    fn what_is_put_back_again_and_again_keeps_nobody_out() {
        let (mut deck, mut dice) = (Deck::of(&[1, 2, 3, 4, 5, 6]), Dice::new(5));
        let mut seen = Vec::new();
        for _ in 0..20 {
            let card = deck.draw(&mut dice, |_| true).expect("all fit");
            seen.push(card);
            if card == 6 {
                deck.put_back(card);
            }
        }
        let often = seen.iter().filter(|card| **card == 6).count();
        assert!((1..=5).all(|card| seen.contains(&card)) && often > 2, "{seen:?}");
    }
}
