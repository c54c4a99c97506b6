use crate::DataError;
use crate::permutation::{Purpose, shuffle};

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
    let mut by_class = std::collections::BTreeMap::<u32, Vec<usize>>::new();
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

fn held_out_count(members: usize, fraction: f64) -> usize {
    if fraction == 0.0 || members < 2 {
        return 0;
    }
    ((members as f64 * fraction).round() as usize).clamp(1, members - 1)
}
