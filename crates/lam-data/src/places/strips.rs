//! The search of places around a place.

use std::ops::Range;

use super::Place;

/// Places in strips that run from south to north, as wide as the radius of the search or wider, each strip sorted by
/// northing: what lies around a point is a run of two or three strips.
///
/// Exact, whatever the rounding: a place whose distance as computed is below the radius r has an easting within the
/// rounded x − r and x + r (beyond them the difference itself rounds to r or more), and the number of a strip is a
/// monotone function of the easting.
#[derive(Debug)]
pub(super) struct Strips {
    radius: f64,
    west: f64,
    width: f64,
    /// Where each strip begins in `order`, and where the last one ends.
    begins: Vec<usize>,
    /// The places with their numbers, strip after strip: copies, so that a run is read in one go.
    order: Vec<(Place, u32)>,
}

impl Strips {
    /// `places` are finite, and fewer than 2³².
    pub(super) fn new(places: &[Place], radius: f64) -> Self {
        let eastings = || places.iter().map(|place| place.easting);
        let west = eastings().fold(f64::INFINITY, f64::min);
        let east = eastings().fold(f64::NEG_INFINITY, f64::max);
        // No more strips than places; without places, the width is the radius.
        let width = radius.max((east - west) / places.len() as f64);
        let mut strips = Self {
            radius,
            west,
            width,
            begins: Vec::new(),
            order: Vec::new(),
        };
        // Counted, then laid down: a sort by strip in two passes.
        strips.begins = vec![0; strips.strip(east) + 2];
        for easting in eastings() {
            let after = strips.strip(easting) + 1;
            strips.begins[after] += 1;
        }
        let mut sum = 0;
        for begin in &mut strips.begins {
            sum += *begin;
            *begin = sum;
        }
        let mut next = strips.begins.clone();
        strips.order = places.iter().map(|&place| (place, 0)).collect();
        for (&place, number) in places.iter().zip(0..) {
            let at = &mut next[strips.strip(place.easting)];
            strips.order[*at] = (place, number);
            *at += 1;
        }
        for strip in strips.begins.windows(2) {
            strips.order[strip[0]..strip[1]].sort_unstable_by(|(a, i), (b, j)| {
                a.northing.total_cmp(&b.northing).then(i.cmp(j))
            });
        }
        strips
    }

    /// The strip of an easting; the first one for everything west of it, and for what is not a number.
    fn strip(&self, easting: f64) -> usize {
        // From floating point, `as` saturates: never below 0.
        ((easting - self.west) / self.width) as usize
    }

    /// The strips that hold anything between the two eastings.
    fn strips(&self, west: f64, east: f64) -> Range<usize> {
        let count = self.begins.len() - 1;
        if east < self.west {
            return 0..0;
        }
        self.strip(west).min(count)..(self.strip(east) + 1).min(count)
    }

    /// Numbers of the places that are `wanted`, ascending, after what is in `found` already. Asked are all places that
    /// are nearer to `centre` than the radius, and some that are not.
    pub(super) fn around(
        &self,
        centre: &Place,
        wanted: impl Fn(&Place) -> bool,
        found: &mut Vec<u32>,
    ) {
        let first = found.len();
        let (south, north) = (centre.northing - self.radius, centre.northing + self.radius);
        let (west, east) = (centre.easting - self.radius, centre.easting + self.radius);
        for strip in self.strips(west, east) {
            let strip = &self.order[self.begins[strip]..self.begins[strip + 1]];
            let from = strip.partition_point(|(place, _)| place.northing < south);
            let run = strip[from..]
                .iter()
                .take_while(|(place, _)| place.northing <= north);
            found.extend(
                run.filter(|(place, _)| wanted(place))
                    .map(|(_, number)| *number),
            );
        }
        found[first..].sort_unstable();
    }
}
