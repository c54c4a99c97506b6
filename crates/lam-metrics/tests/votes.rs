//! Votes of weight samples.

use lam_metrics::{MetricError, NeighbourVotes, neighbour_votes};

#[test]
fn the_modal_label_wins_and_ties_go_to_the_lowest() {
    let labels = [7, 3, 5];
    // On a line; the nearest of image 0 is image 1, then image 2, then image 1.
    let samples = [[0.0, 1.0, 3.0], [0.0, 5.0, -1.0], [0.0, 1.0, 9.0]];
    let votes = neighbour_votes(samples.as_flattened(), &labels, 1).unwrap();
    assert_eq!(votes.samples, 3);
    assert_eq!(votes.predicted[0], 3);
    assert_eq!(votes.confidence[0], 2.0 / 3.0);

    let votes = neighbour_votes(samples[..2].as_flattened(), &labels, 1).unwrap();
    assert_eq!((votes.predicted[0], votes.confidence[0]), (3, 0.5));

    // Image 2 is nearest to image 1 (3), then 0 (7); no prediction is the image's own label.
    let calibration = votes.calibration(&labels).unwrap();
    assert!(calibration.bins.iter().all(|bin| bin.accuracy == 0.0));
}

#[test]
fn wrong_input_is_an_error() {
    assert_eq!(
        NeighbourVotes::new(&[1], 3).unwrap_err(),
        MetricError::TooFewImages { images: 1 }
    );
    let votes = NeighbourVotes::new(&[1, 2], 2).unwrap();
    assert_eq!(votes.finish().unwrap_err(), MetricError::NoSamples);
    let mut votes = NeighbourVotes::new(&[1, 2], 2).unwrap();
    assert!(matches!(
        votes.add_sample(&[0.0; 6]).unwrap_err(),
        MetricError::Length {
            expected: 2,
            found: 3,
            ..
        }
    ));
    let error = votes.add_sample(&[0.0, f32::NAN, 0.0, 0.0]).unwrap_err();
    assert!(error.to_string().contains("row 0"), "{error}");
    // Not a whole number of samples.
    assert!(neighbour_votes(&[0.0; 6], &[1, 2], 2).is_err());
}
