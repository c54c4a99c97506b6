//! Sees to it that walks can come to every item.

use super::Scratch;
use super::distance::SquaredDistance;
use super::walk::Near;
use crate::Rows;
use crate::slots::Slots;

/// Adds links until every item can be reached from `entry`. Links to an item are dropped where the other
/// end has better ones, so that, with many equal rows above all, some items have none left; searches would
/// never find them. Each gets a link from the nearest item that can be reached.
pub(super) fn connect(rows: Rows<'_>, entry: u32, links: &mut [Vec<u32>], width: usize) {
    let metric = SquaredDistance::new();
    let mut reached = Slots::default();
    reached.clear(links.len());
    reach(entry, links, &mut reached);
    let mut scratch = Scratch::default();
    for item in 0..links.len() as u32 {
        if reached.contains(item) {
            continue;
        }
        let row = rows.row(item as usize);
        let distance = |other: u32| metric.between(row, rows.row(other as usize));
        let start = Near {
            distance: distance(entry),
            item: entry,
        };
        let nearest = scratch
            .walk(
                [start],
                width,
                links.len(),
                |other| &links[other as usize],
                distance,
                |_| true,
            )
            .min();
        let from = nearest.map_or(entry, |near| near.item);
        links[from as usize].push(item);
        if !links[item as usize].contains(&from) {
            links[item as usize].push(from);
        }
        reach(item, links, &mut reached);
    }
}

/// Adds all that can be reached from `start` without passing what is reached already.
fn reach(start: u32, links: &[Vec<u32>], reached: &mut Slots) {
    let mut open = vec![start];
    reached.insert(start);
    while let Some(item) = open.pop() {
        for &near in &links[item as usize] {
            if reached.insert(near) {
                open.push(near);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two halves without a link between them, and one item that nothing links to.
    #[test]
    fn everything_is_reached_afterwards() {
        let values: Vec<f32> = (0..41).map(|i| i as f32).collect();
        let rows = Rows::checked(&values, 1);
        let mut links: Vec<Vec<u32>> = (0..41_u32)
            .map(|i| match i {
                40 => vec![39],
                0..20 => vec![(i + 1) % 20],
                _ => vec![20 + (i + 1) % 20],
            })
            .collect();
        connect(rows, 3, &mut links, 8);
        let mut reached = Slots::default();
        reach(3, &links, &mut reached);
        assert_eq!(reached.len(), 41);
        assert!(links[39].contains(&40), "the nearest item leads to it");
    }
}
