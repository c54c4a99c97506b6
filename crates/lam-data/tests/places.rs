//! Who stands near whom, against the double loop.

use std::time::Instant;

use lam_data::DataError;
use lam_data::places::{Near, Place, Positives, training_reference};
use proptest::prelude::*;

fn at(easting: f64, northing: f64) -> Place {
    Place {
        easting,
        northing,
        heading: None,
    }
}

fn facing(heading: f64) -> Place {
    Place {
        heading: Some(heading),
        ..at(0.0, 0.0)
    }
}

/// The definition, written without the crate's own.
fn plain(queries: &[Place], references: &[Place], metres: f64, degrees: f64) -> Vec<Vec<u32>> {
    let same = |a: &Place, b: &Place| {
        let (dx, dy) = (a.easting - b.easting, a.northing - b.northing);
        let headings_agree = match (a.heading, b.heading) {
            (Some(a), Some(b)) => {
                let radians = (a - b).to_radians();
                radians.sin().atan2(radians.cos()).abs().to_degrees() < degrees
            }
            _ => true,
        };
        dx * dx + dy * dy < metres * metres && headings_agree
    };
    queries
        .iter()
        .map(|query| {
            let numbers = 0..references.len();
            numbers
                .filter(|&i| same(query, &references[i]))
                .map(|i| i as u32)
                .collect()
        })
        .collect()
}

fn lists(positives: &Positives) -> Vec<Vec<u32>> {
    positives.iter().map(<[u32]>::to_vec).collect()
}

/// Coordinates that cluster, coincide, lie on a lattice (many distances are the radius exactly), or stray far away.
fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-8..8_i32).prop_map(|x| f64::from(x) * 5.0),
        4 => -50.0..50.0_f64,
        2 => 499_900.0..500_100.0_f64,
        1 => -1e9..1e9_f64,
        1 => Just(0.1 + 0.2),
    ]
}

fn places(most: usize) -> impl Strategy<Value = Vec<Place>> {
    let place = (coordinate(), coordinate()).prop_map(|(easting, northing)| at(easting, northing));
    prop::collection::vec(place, 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn equals_the_double_loop(
        queries in places(40),
        references in places(120),
        metres in prop_oneof![Just(10.0), Just(25.0), 1e-3..100.0_f64, Just(3e9)],
    ) {
        let found = Positives::search(&queries, &references, &Near::than(metres).unwrap()).unwrap();
        let expected = plain(&queries, &references, metres, 360.0);
        prop_assert_eq!(found.queries(), queries.len());
        prop_assert_eq!(found.pairs(), expected.iter().map(Vec::len).sum::<usize>());
        let answerable: Vec<usize> = (0..queries.len()).filter(|&q| !expected[q].is_empty()).collect();
        prop_assert_eq!(found.answerable(), answerable);
        prop_assert_eq!(lists(&found), expected);
    }

    /// Radii and coordinates whose sums round: the strips must not lose a place at their edges.
    #[test]
    fn equals_the_double_loop_at_the_last_bit(
        steps in prop::collection::vec((0..40_u32, -3..4_i64), 1..80),
        origin in prop_oneof![Just(0.0), Just(1e9 - 10.0), Just(-123_456.789)],
        radius in prop_oneof![Just(0.1), Just(0.3), Just(0.7), Just(1e-7)],
    ) {
        let places: Vec<Place> = steps
            .iter()
            .map(|&(cells, ulps)| {
                let x: f64 = origin + f64::from(cells) * radius;
                let mut moved = x;
                for _ in 0..ulps.abs() {
                    moved = if ulps > 0 { moved.next_up() } else { moved.next_down() };
                }
                at(moved.clamp(-1e9, 1e9), moved.clamp(-1e9, 1e9))
            })
            .collect();
        let found = Positives::search(&places, &places, &Near::than(radius).unwrap()).unwrap();
        prop_assert_eq!(lists(&found), plain(&places, &places, radius, 360.0));
    }

    #[test]
    fn headings_count_the_short_way_round(
        headings in prop::collection::vec((-720.0..720.0_f64, coordinate()), 1..40),
    ) {
        let places: Vec<Place> = headings
            .iter()
            .map(|&(heading, easting)| Place { heading: Some(heading), ..at(easting, 0.0) })
            .collect();
        let near = Near::than(10.0).unwrap().facing(22.5).unwrap();
        let found = Positives::search(&places, &places, &near).unwrap();
        prop_assert_eq!(lists(&found), plain(&places, &places, 10.0, 22.5));
    }

    /// Which reference accompanies a query depends on nothing but seed, epoch and the query.
    #[test]
    fn references_are_positives(queries in places(30), references in places(90), seed: u64, epoch: u64) {
        let positives = Positives::search(&queries, &references, &Near::than(10.0).unwrap()).unwrap();
        for query in (0..queries.len()).rev() {
            let drawn = training_reference(&positives, query, seed, epoch);
            prop_assert_eq!(drawn, training_reference(&positives, query, seed, epoch));
            prop_assert_eq!(drawn.is_none(), positives.of(query).is_empty());
            prop_assert!(drawn.is_none_or(|reference| positives.of(query).contains(&reference)));
        }
        prop_assert_eq!(training_reference(&positives, queries.len(), seed, epoch), None);
    }
}

#[test]
fn nearer_is_strict() {
    let near = |metres| Near::than(metres).unwrap();
    assert!(!near(5.0).holds(&at(0.0, 0.0), &at(3.0, 4.0)));
    assert!(near(5.0_f64.next_up()).holds(&at(0.0, 0.0), &at(3.0, 4.0)));
    assert!(near(1e-3).holds(&at(7.0, 7.0), &at(7.0, 7.0)));
    let facing_within = near(1.0).facing(22.5).unwrap();
    assert!(facing_within.holds(&facing(350.0), &facing(12.0)));
    assert!(!facing_within.holds(&facing(350.0), &facing(12.5)));
    assert!(!facing_within.holds(&facing(0.0), &facing(180.0)));
    assert!(facing_within.holds(&facing(-10.0), &facing(710.0)));
    assert!(!facing_within.holds(&facing(0.0), &at(0.0, 0.0)));
}

#[test]
fn what_is_no_place_is_refused_by_name() {
    let good = [at(0.0, 0.0), at(1.0, 1.0)];
    let near = Near::than(10.0).unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.1e9] {
        for (field, bad) in [
            ("easting", at(value, 0.0)),
            ("northing", at(0.0, value)),
            ("heading", facing(value)),
        ] {
            if field == "heading" && value == 1.1e9 {
                continue; // many turns, but a heading
            }
            let queries = Positives::search(&[good[0], bad], &good, &near).unwrap_err();
            let message = queries.to_string();
            assert!(
                message.contains(&format!("{field} of place 1 of the queries")),
                "{message}"
            );
            let references = Positives::search(&good, &[bad], &near).unwrap_err();
            assert!(references.to_string().contains("place 0 of the references"));
        }
    }
    let facing_within = near.facing(22.5).unwrap();
    let error = Positives::search(&[facing(0.0)], &[facing(0.0), at(0.0, 0.0)], &facing_within);
    let expected = DataError::NoHeading {
        set: "references",
        number: 1,
    };
    assert_eq!(error.unwrap_err().to_string(), expected.to_string());
    for metres in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Near::than(metres).is_err());
        assert!(near.facing(metres).is_err());
    }
}

#[test]
fn degrees_instead_of_metres_are_noticed() {
    let places: Vec<Place> = (0..20_000).map(|i| at(f64::from(i) * 1e-4, 1.0)).collect();
    let error = Positives::search(&places, &places, &Near::than(10.0).unwrap()).unwrap_err();
    assert!(error.to_string().contains("and not degrees"), "{error}");
}

fn in_a_square(count: usize, side: f64, seed: u64) -> Vec<Place> {
    let mut state = seed;
    let mut unit = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count)
        .map(|_| at(5e5 + unit() * side, 6e6 + unit() * side))
        .collect()
}

/// A city of 20 km by 20 km: about 0.8 positives for each place within 10 m. A double loop would take an hour.
#[test]
fn a_million_places() {
    let places = in_a_square(1_000_000, 20_000.0, 1);
    let begin = Instant::now();
    let found = Positives::search(&places, &places, &Near::than(10.0).unwrap()).unwrap();
    let took = begin.elapsed();
    println!("{} pairs in {took:?}", found.pairs());
    // Poisson: 1e6 · (1 + 1e6 π 10² / 4e8), deviation about 1300.
    assert!(
        (1_778_000..1_793_000).contains(&found.pairs()),
        "{}",
        found.pairs()
    );
    assert!(took.as_secs() < 30, "{took:?}");
}

/// From a separate implementation (ChaCha8 in Python): a draw must never change, or a run that is resumed with another
/// release would go on with other pairs.
#[test]
fn draws_are_fixed_for_all_releases() {
    let references: Vec<Place> = (0..10).map(|i| at(f64::from(i), 0.0)).collect();
    let positives =
        Positives::search(&[at(4.5, 0.0); 8], &references, &Near::than(10.0).unwrap()).unwrap();
    let draws = |seed, epoch| -> Vec<u32> {
        let queries = 0..8;
        queries
            .map(|query| training_reference(&positives, query, seed, epoch).unwrap())
            .collect()
    };
    assert_eq!(draws(1, 0), [0, 9, 1, 3, 4, 4, 6, 8]);
    assert_eq!(draws(1, 1), [3, 1, 5, 0, 7, 9, 9, 0]);
    assert_eq!(draws(2, 0), [9, 1, 9, 2, 5, 4, 4, 3]);
}

/// Every positive is drawn about equally often, and epochs, seeds and queries differ.
#[test]
fn references_are_drawn_evenly() {
    let queries = [at(0.0, 0.0), at(0.0, 0.0)];
    let references: Vec<Place> = (0..5).map(|i| at(f64::from(i), 0.0)).collect();
    let positives = Positives::search(&queries, &references, &Near::than(10.0).unwrap()).unwrap();
    let draw = |query, seed, epoch| training_reference(&positives, query, seed, epoch).unwrap();
    let mut counts = [0_u32; 5];
    for epoch in 0..5000 {
        counts[draw(0, 3, epoch) as usize] += 1;
    }
    // Binomial(5000, 1/5): mean 1000, deviation 28.
    assert!(
        counts.iter().all(|count| (860..1140).contains(count)),
        "{counts:?}"
    );
    let epochs = |query, seed| {
        (0..20)
            .map(|epoch| draw(query, seed, epoch))
            .collect::<Vec<_>>()
    };
    assert_ne!(epochs(0, 3), epochs(1, 3));
    assert_ne!(epochs(0, 3), epochs(0, 4));
}
