//! Random orders.
use lam_data::shuffled;
use proptest::prelude::*;

/// From a separate implementation (ChaCha8 and Fisher–Yates in Python): an order must never change,
/// or a run that is resumed with another release would go on with other batches.
#[test]
fn orders_are_fixed_for_all_releases() {
    assert_eq!(shuffled(12, 1, 0), [3, 8, 1, 6, 10, 4, 7, 11, 0, 5, 2, 9]);
    assert_eq!(shuffled(12, 1, 1), [0, 7, 10, 8, 2, 5, 4, 6, 11, 3, 1, 9]);
    assert_eq!(shuffled(12, 2, 0), [6, 5, 11, 0, 8, 10, 2, 1, 3, 4, 7, 9]);
}

#[test]
fn all_orders_are_equally_likely() {
    let mut counts = std::collections::BTreeMap::new();
    for epoch in 0..24_000 {
        *counts.entry(shuffled(4, 7, epoch)).or_insert(0i64) += 1;
    }
    assert_eq!(counts.len(), 24);
    // χ² with 23 degrees of freedom exceeds 63 with probability 1e-5.
    let chi2: f64 = counts
        .values()
        .map(|&n| ((n - 1000) as f64).powi(2) / 1000.0)
        .sum();
    assert!(chi2 < 63.0, "{chi2}");
}

proptest! {
    #[test]
    fn a_permutation(len in 0usize..500, seed in any::<u64>(), epoch in any::<u64>()) {
        let mut order = shuffled(len, seed, epoch);
        prop_assert_eq!(&order, &shuffled(len, seed, epoch));
        if len > 20 {
            prop_assert_ne!(&order, &shuffled(len, seed, epoch.wrapping_add(1)));
            prop_assert_ne!(&order, &shuffled(len, seed.wrapping_add(1), epoch));
        }
        order.sort_unstable();
        prop_assert!(order.into_iter().eq(0..len));
    }
}
