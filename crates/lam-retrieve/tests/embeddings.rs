//! Vectors that come without a model.

use lam_retrieve::{Embeddings, RetrieveError};
use proptest::prelude::*;

#[test]
fn rows_that_have_no_direction_are_named() {
    let row = |values: Vec<f32>, dim| match Embeddings::of_directions(values, dim) {
        Err(RetrieveError::Vector { row, .. }) => row,
        other => panic!("{other:?}"),
    };
    assert_eq!(row(vec![1.0, 0.0, 0.0, 0.0], 2), 1);
    assert_eq!(row(vec![1.0, 0.0, f32::NAN, 0.0], 2), 1);
    assert_eq!(row(vec![f32::INFINITY, 0.0], 2), 0);
    assert_eq!(row(vec![1.0, 0.0, 1.0], 2), 1);
    assert_eq!(row(vec![1.0], 0), 0);
}

proptest! {
    #[test]
    fn directions_have_length_one(
        values in prop::collection::vec(-1e18..1e18_f32, 3..=3),
    ) {
        prop_assume!(values.iter().any(|value| *value != 0.0));
        let embeddings = Embeddings::of_directions(values.clone(), 3).unwrap();
        let length: f64 = embeddings.mean(0).iter().map(|&x| f64::from(x).powi(2)).sum();
        prop_assert!((length - 1.0).abs() < 1e-6);
        let dot: f64 = values.iter().zip(embeddings.mean(0)).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        prop_assert!(dot > 0.0);
    }
}
