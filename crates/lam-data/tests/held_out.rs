//! Stratified splits.
use lam_data::{DataError, held_out_split};
use proptest::prelude::*;

#[test]
fn fraction_must_be_below_one() {
    for fraction in [-0.1, 1.0, 2.0, f64::NAN] {
        let error = held_out_split(&[0, 1], fraction, 1).unwrap_err();
        assert!(matches!(error, DataError::InvalidArgument { .. }));
    }
}

#[test]
fn nothing_is_held_out_of_fraction_zero_or_single_images() {
    assert_eq!(
        held_out_split(&[0, 0, 1], 0.0, 1).unwrap(),
        (vec![0, 1, 2], vec![])
    );
    assert_eq!(
        held_out_split(&[2, 0, 1], 0.9, 1).unwrap(),
        (vec![0, 1, 2], vec![])
    );
}

#[test]
fn the_seed_decides() {
    let labels = [0; 200];
    let of_seed = |seed| held_out_split(&labels, 0.1, seed).unwrap().1;
    assert_eq!(of_seed(1), of_seed(1));
    assert_ne!(of_seed(1), of_seed(2));
}

#[test]
fn every_image_is_held_out_by_some_seed_about_equally_often() {
    let labels = [0; 10];
    let mut counts = [0usize; 10];
    for seed in 0..2000 {
        for index in held_out_split(&labels, 0.3, seed).unwrap().1 {
            counts[index] += 1;
        }
    }
    // Binomial(2000, 0.3): mean 600, deviation 20.5.
    assert!(
        counts.iter().all(|count| (500..700).contains(count)),
        "{counts:?}"
    );
}

proptest! {
    #[test]
    fn a_stratified_partition(
        labels in prop::collection::vec(0u32..6, 0..300),
        fraction in 0.0..0.999f64,
        seed in any::<u64>(),
    ) {
        let (train, held_out) = held_out_split(&labels, fraction, seed).unwrap();
        prop_assert!(train.is_sorted() && held_out.is_sorted());
        let mut all = [train.clone(), held_out.clone()].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
        for class in 0..6 {
            let count = |indices: &[usize]| indices.iter().filter(|&&i| labels[i] == class).count();
            let (kept, out) = (count(&train), count(&held_out));
            let total = kept + out;
            prop_assert!(total == 0 || kept > 0);
            prop_assert!(total < 2 || fraction == 0.0 || out > 0);
            if out > 1 && kept > 1 {
                prop_assert!((out as f64 - fraction * total as f64).abs() <= 0.5 + 1e-9);
            }
        }
    }
}
