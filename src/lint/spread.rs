//! One computation for many values, on every core where there are enough of them. What comes out does not depend on it.

use std::num::NonZero;
use std::thread;

/// Fewer are done before a thread has started: a document takes some 20 µs, a thread some 50.
const WORTH_A_THREAD: usize = 64;

/// The result for each value, in their order.
pub fn spread<T: Sync, R: Send>(values: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if values.len() < 2 * WORTH_A_THREAD {
        return values.iter().map(of).collect();
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = values.len().div_ceil(cores).max(WORTH_A_THREAD);
    thread::scope(|scope| {
        let of = &of;
        let mut shares = values.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares
            .map(|share| scope.spawn(move || share.iter().map(of).collect::<Vec<_>>()))
            .collect();
        let mut results: Vec<R> = Vec::with_capacity(values.len());
        results.extend(own.iter().map(of));
        for other in others {
            results.extend(other.join().expect("no computation here panics"));
        }
        results
    })
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
