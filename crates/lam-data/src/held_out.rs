use std::collections::BTreeMap;

use crate::permutation::{Purpose, shuffle};
use crate::{DataError, Dataset};

/// Holds out a share of each class: `(indices to train on, held-out indices)`, both ascending.
///
/// Of a class with n images, round(`fraction` · n) are held out, at least one if `fraction` > 0 and
/// n > 1, and never all. A pure function of its arguments; the choice in one class does not depend on
/// the other classes' sizes.
///
/// # Errors
/// [`DataError::InvalidArgument`] unless 0 ≤ `fraction` < 1.
pub fn held_out_split(
    labels: &[u32],
    fraction: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    if !(0.0..1.0).contains(&fraction) {
        return Err(DataError::InvalidArgument {
            argument: "held-out fraction",
            value: fraction.to_string(),
            expected: "a number from 0 up to, but not including, 1",
        });
    }
    let mut by_class = BTreeMap::<u32, Vec<usize>>::new();
    for (index, &label) in labels.iter().enumerate() {
        by_class.entry(label).or_default().push(index);
    }
    let (mut train, mut held_out) = (Vec::new(), Vec::new());
    for (label, mut members) in by_class {
        let count = held_out_count(members.len(), fraction);
        shuffle(&mut members, Purpose::HeldOut, seed, u64::from(label));
        held_out.extend_from_slice(&members[..count]);
        train.extend_from_slice(&members[count..]);
    }
    train.sort_unstable();
    held_out.sort_unstable();
    Ok((train, held_out))
}

/// [`held_out_split`] of a data set; of one from several files, in each of them as if there were no other.
///
/// # Errors
/// As [`held_out_split`].
pub fn held_out_of(
    dataset: &dyn Dataset,
    fraction: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let labels = dataset.labels();
    let Some(files) = dataset.files() else {
        return held_out_split(labels, fraction, seed);
    };
    let (mut train, mut held_out) = (Vec::new(), Vec::new());
    for file in files {
        // Numbers of the classes in this file alone: with another file beside it they have others in the whole set.
        let mut known = BTreeMap::new();
        let own: Vec<u32> = labels[file.clone()]
            .iter()
            .map(|&label| {
                let next = known.len() as u32;
                *known.entry(label).or_insert(next)
            })
            .collect();
        let (kept, held) = held_out_split(&own, fraction, seed)?;
        train.extend(kept.into_iter().map(|index| file.start + index));
        held_out.extend(held.into_iter().map(|index| file.start + index));
    }
    Ok((train, held_out))
}

/// At most `limit` of the images, ascending: of each class its share, but at least two where it has them, since one alone
/// finds nothing; where that is too much, of some of the classes. A pure function of its arguments.
pub fn at_most(labels: &[u32], limit: usize, seed: u64) -> Vec<usize> {
    if labels.len() <= limit {
        return (0..labels.len()).collect();
    }
    let mut by_class = BTreeMap::<u32, Vec<usize>>::new();
    for (index, &label) in labels.iter().enumerate() {
        by_class.entry(label).or_default().push(index);
    }
    let share = limit as f64 / labels.len() as f64;
    let mut classes: Vec<(u32, Vec<usize>)> = by_class.into_iter().collect();
    shuffle(&mut classes, Purpose::HeldOut, seed, u64::MAX);
    let mut chosen = Vec::with_capacity(limit);
    for (label, mut members) in classes {
        let wanted = ((members.len() as f64 * share).floor() as usize).max(2);
        let count = wanted.min(members.len()).min(limit - chosen.len());
        shuffle(&mut members, Purpose::HeldOut, seed, u64::from(label));
        chosen.extend_from_slice(&members[..count]);
    }
    chosen.sort_unstable();
    chosen
}

fn held_out_count(members: usize, fraction: f64) -> usize {
    if fraction == 0.0 || members < 2 {
        return 0;
    }
    ((members as f64 * fraction).round() as usize).clamp(1, members - 1)
}
