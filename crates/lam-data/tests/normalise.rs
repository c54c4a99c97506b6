//! Normalisation.
use lam_data::{DataError, ImageShape, Normalise};

#[test]
fn each_channel_has_its_own_mean_and_deviation() {
    let normalise = Normalise::new(&[0.5, 0.25], &[0.5, 0.125]).unwrap();
    let mut image = [0.0, 1.0, 0.25, 0.5];
    normalise
        .apply(&mut image, ImageShape::new(2, 1, 2))
        .unwrap();
    assert_eq!(image, [-1.0, 1.0, 0.0, 2.0]);
}

#[test]
fn channels_must_fit() {
    let error = Normalise::imagenet()
        .apply(&mut [0.0; 4], ImageShape::new(1, 2, 2))
        .unwrap_err();
    assert!(matches!(error, DataError::InvalidArgument { .. }));
}

#[test]
fn impossible_values() {
    for (mean, deviation) in [
        (&[0.0][..], &[0.0][..]),
        (&[0.0], &[-1.0]),
        (&[f32::NAN], &[1.0]),
        (&[0.0, 0.0], &[1.0]),
        (&[], &[]),
    ] {
        assert!(Normalise::new(mean, deviation).is_err());
    }
}
