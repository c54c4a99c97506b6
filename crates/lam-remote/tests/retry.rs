//! Delays.

use std::time::Duration;

use lam_remote::Retry;
use proptest::prelude::*;

#[test]
fn delays_double_up_to_the_longest() {
    let retry = Retry::patient();
    let sum: Duration = (1..retry.tries).map(|tries| retry.delay(tries)).sum();
    assert!((15..60).contains(&sum.as_secs()), "{sum:?}");
    let ceilings = [500, 1000, 2000, 4000, 8000, 10_000, 10_000];
    for (tries, ceiling) in (1..).zip(ceilings) {
        let ceiling = Duration::from_millis(ceiling);
        let delay = retry.delay(tries);
        assert!(
            delay >= ceiling / 2 && delay <= ceiling,
            "{tries}: {delay:?}"
        );
    }
}

#[test]
fn delays_are_the_same_for_a_seed_and_differ_between_seeds() {
    let of = |seed: u64| {
        let retry = Retry {
            seed,
            ..Retry::patient()
        };
        (1..8).map(|tries| retry.delay(tries)).collect::<Vec<_>>()
    };
    assert_eq!(of(5), of(5));
    // No two of a hundred clients come back at the same time.
    let mut firsts: Vec<Duration> = (0..100).map(|seed| of(seed * 1000)[0]).collect();
    firsts.sort();
    firsts.dedup();
    assert_eq!(firsts.len(), 100);
}

proptest! {
    #[test]
    fn no_delay_overflows(tries: u32, first: u32, longest: u32, seed: u64) {
        let retry = Retry {
            first: Duration::from_millis(first.into()),
            longest: Duration::from_millis(longest.into()),
            seed,
            ..Retry::patient()
        };
        prop_assert!(retry.delay(tries) <= retry.longest);
    }
}
