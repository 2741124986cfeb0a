//! One computation for many values, on every core where there are enough of them. What comes out does not depend on it.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer are done before a thread has started: a document takes some 20 µs, a thread some 50.
const WORTH_A_THREAD: usize = 64;

/// As many are taken at a time: a core that others use as well takes fewer, and nobody waits for it.
const AT_A_TIME: usize = 16;

/// The result for each value, in their order.
pub fn spread<T: Sync, R: Send>(values: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    spread_with(values, || (), |(), value| of(value))
}

/// The same, where each thread has something of its own that serves it for one value after the other.
pub(super) fn spread_with<T: Sync, R: Send, O>(
    values: &[T],
    own: impl Fn() -> O + Sync,
    of: impl Fn(&mut O, &T) -> R + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(values.len() / WORTH_A_THREAD);
    if threads < 2 {
        let mut own = own();
        return values.iter().map(|value| of(&mut own, value)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut own = own();
        let mut done = Vec::new();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            let Some(values) = values.chunks(AT_A_TIME).nth(part) else { return done };
            let results = values.iter().map(|value| of(&mut own, value));
            done.push((part, results.collect::<Vec<_>>()));
        }
    };
    let mut parts = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut parts = work();
        for other in others {
            parts.extend(other.join().expect("no computation here panics"));
        }
        parts
    });
    parts.sort_unstable_by_key(|(part, _)| *part);
    let mut results = Vec::with_capacity(values.len());
    results.extend(parts.into_iter().flat_map(|(_, results)| results));
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_values_however_many_there_are() {
        for count in [0, 1, WORTH_A_THREAD, 2 * WORTH_A_THREAD, 1001] {
            let values: Vec<usize> = (0..count).collect();
            let expected: Vec<String> = values.iter().map(ToString::to_string).collect();
            assert_eq!(spread(&values, ToString::to_string), expected);
        }
    }
}
