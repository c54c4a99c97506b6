//! Neighbours by a k-d tree, for few dimensions.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::candidates::{Candidates, Margin};
use crate::kernel::differences;
use crate::neighbour::squared_distance;
use crate::panels::{PANEL, Panels};
use crate::{Neighbour, Rows};

/// Tree nodes from which on both halves are built at the same time.
const PARALLEL_BUILD: usize = 4096;

/// A box around the points of a subtree.
#[derive(Debug, Clone, Copy)]
struct Node<const D: usize> {
    low: [f32; D],
    high: [f32; D],
    /// The second child (the first one follows its parent), or the number of the leaf.
    link: u32,
    is_leaf: bool,
}

/// A balanced k-d tree whose leaves are full panels of 32 points, so that a leaf is one or two vector
/// operations per dimension. Its shape follows from the number of points alone.
#[derive(Debug)]
pub(crate) struct KdTree<'a, const D: usize> {
    rows: Rows<'a>,
    nodes: Vec<Node<D>>,
    panels: Panels,
    /// Row number of the point at each place in the panels.
    places: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Point<const D: usize> {
    at: [f32; D],
    row: u32,
}

impl<'a, const D: usize> KdTree<'a, D> {
    /// `rows` must have dimension `D`.
    pub(crate) fn new(rows: Rows<'a>) -> Self {
        let (coordinates, _) = rows.values().as_chunks::<D>();
        let mut points: Vec<Point<D>> = coordinates
            .iter()
            .zip(0..)
            .map(|(&at, row)| Point { at, row })
            .collect();
        let leaves = points.len().div_ceil(PANEL);
        let empty = Node {
            low: [0.0; D],
            high: [0.0; D],
            link: 0,
            is_leaf: true,
        };
        let mut nodes = vec![empty; (2 * leaves).saturating_sub(1)];
        build(&mut points, &mut nodes, 0, 0);
        Self {
            rows,
            nodes,
            panels: Panels::pack(points.len(), D, |i| &points[i].at),
            places: points.iter().map(|point| point.row).collect(),
        }
    }

    /// Neighbours of every row among the others, by the caller's order of rows.
    pub(crate) fn map_rows<R: Send>(
        &self,
        k: usize,
        visit: &(impl Fn(usize, &[Neighbour]) -> R + Sync),
    ) -> Vec<R> {
        // Leaf by leaf: neighbours in space are searched one after the other and share the cache, and
        // a point's own leaf gives a tight limit at once.
        let by_leaf = self.run(
            self.places.len(),
            k,
            &|place| {
                let row = self.places[place] as usize;
                (row, self.rows.row(row), Some((place / PANEL) as u32))
            },
            visit,
        );
        let mut by_row: Vec<Option<R>> = (0..by_leaf.len()).map(|_| None).collect();
        for (result, &row) in by_leaf.into_iter().zip(&self.places) {
            by_row[row as usize] = Some(result);
        }
        by_row.into_iter().flatten().collect()
    }

    /// Neighbours of every query.
    pub(crate) fn map<R: Send>(
        &self,
        queries: Rows<'_>,
        k: usize,
        visit: &(impl Fn(usize, &[Neighbour]) -> R + Sync),
    ) -> Vec<R> {
        self.run(queries.len(), k, &|i| (i, queries.row(i), None), visit)
    }

    fn run<'q, R: Send>(
        &self,
        count: usize,
        k: usize,
        query: &(impl Fn(usize) -> (usize, &'q [f32], Option<u32>) + Sync),
        visit: &(impl Fn(usize, &[Neighbour]) -> R + Sync),
    ) -> Vec<R> {
        const BLOCK: usize = 8 * PANEL;
        let arch = Arch::new();
        let blocks: Vec<Vec<R>> = (0..count.div_ceil(BLOCK))
            .into_par_iter()
            .map(|i| {
                arch.dispatch(Block {
                    tree: self,
                    range: i * BLOCK..((i + 1) * BLOCK).min(count),
                    k,
                    query,
                    visit,
                })
            })
            .collect();
        blocks.into_iter().flatten().collect()
    }
}

/// Orders `points` into the leaves of the subtree `nodes`, whose first node is number `number` and
/// whose first leaf is number `leaf`.
fn build<const D: usize>(
    points: &mut [Point<D>],
    nodes: &mut [Node<D>],
    number: usize,
    leaf: usize,
) {
    let Some((node, below)) = nodes.split_first_mut() else {
        return;
    };
    node.low = [f32::INFINITY; D];
    node.high = [f32::NEG_INFINITY; D];
    for point in &*points {
        for d in 0..D {
            node.low[d] = node.low[d].min(point.at[d]);
            node.high[d] = node.high[d].max(point.at[d]);
        }
    }
    let leaves = points.len().div_ceil(PANEL);
    if leaves <= 1 {
        node.link = leaf as u32;
        return;
    }
    let first_leaves = leaves / 2;
    let middle = first_leaves * PANEL;
    let extent = |d: usize| node.high[d] - node.low[d];
    let widest = (1..D).fold(0, |best, d| if extent(d) > extent(best) { d } else { best });
    points.select_nth_unstable_by(middle, |a, b| {
        a.at[widest]
            .total_cmp(&b.at[widest])
            .then(a.row.cmp(&b.row))
    });
    let first_nodes = 2 * first_leaves - 1;
    let second = number + 1 + first_nodes;
    node.is_leaf = false;
    node.link = second as u32;
    let (left_points, right_points) = points.split_at_mut(middle);
    let (left_nodes, right_nodes) = below.split_at_mut(first_nodes);
    let mut left = || build(left_points, left_nodes, number + 1, leaf);
    let mut right = || build(right_points, right_nodes, second, leaf + first_leaves);
    if leaves * PANEL > PARALLEL_BUILD {
        rayon::join(left, right);
    } else {
        left();
        right();
    }
}

/// Bounds the rounding of scores and of distances to boxes alike: `D + 3` roundings on either side
/// of a comparison, doubled for the step through the k-th score, and doubled again to be clear of
/// second-order terms. Underflow stays below the smallest normal number.
fn margin(dim: usize) -> Margin {
    Margin {
        relative: (dim + 3) as f64 * 4.0 * f64::from(f32::EPSILON),
        absolute: f64::from(f32::MIN_POSITIVE) * 4.0,
    }
}

/// One task: a range of the queries.
struct Block<'b, const D: usize, Q, F> {
    tree: &'b KdTree<'b, D>,
    range: std::ops::Range<usize>,
    k: usize,
    query: &'b Q,
    visit: &'b F,
}

impl<'q, const D: usize, Q, F, R> WithSimd for Block<'_, D, Q, F>
where
    Q: Fn(usize) -> (usize, &'q [f32], Option<u32>),
    F: Fn(usize, &[Neighbour]) -> R,
{
    type Output = Vec<R>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<R> {
        let mut candidates = Candidates::new(self.k);
        let mut found = Vec::new();
        let mut stack = Vec::with_capacity(64);
        let mut results = Vec::with_capacity(self.range.len());
        for i in self.range {
            let (number, coordinates, own_leaf) = (self.query)(i);
            candidates.reset(margin(D));
            let exact = |row: u32| squared_distance(coordinates, self.tree.rows.row(row as usize));
            let mut at = [0.0; D];
            at.copy_from_slice(coordinates);
            // A loop, not a closure, for the same reason.
            let mut splat = [simd.splat_f32s(0.0); D];
            for d in 0..D {
                splat[d] = simd.splat_f32s(at[d]);
            }
            let search = Search {
                simd,
                tree: self.tree,
                at,
                splat,
                own: own_leaf.map(|leaf| (leaf, number as u32)),
                exact,
            };
            search.run(&mut candidates, &mut stack);
            candidates.finish(exact, &mut found);
            results.push((self.visit)(number, &found));
        }
        results
    }
}

/// One query on its way through the tree. Its methods are inlined into the function compiled for the
/// instruction set: closures would not be.
struct Search<'s, S: Simd, const D: usize, E> {
    simd: S,
    tree: &'s KdTree<'s, D>,
    at: [f32; D],
    splat: [S::f32s; D],
    /// Leaf and row number of the query itself if it is one of the rows.
    own: Option<(u32, u32)>,
    exact: E,
}

impl<S: Simd, const D: usize, E: Fn(u32) -> f64 + Copy> Search<'_, S, D, E> {
    /// Visits the leaves that may hold a neighbour, nearer boxes first.
    #[inline(always)]
    fn run(&self, candidates: &mut Candidates, stack: &mut Vec<(f32, u32)>) {
        if let Some((leaf, _)) = self.own {
            self.scan(leaf, candidates);
        }
        let nodes = &self.tree.nodes;
        stack.clear();
        if !nodes.is_empty() {
            stack.push((0.0, 0));
        }
        while let Some((distance, mut number)) = stack.pop() {
            if distance > candidates.limit() {
                continue;
            }
            loop {
                let node = &nodes[number as usize];
                if node.is_leaf {
                    if self.own.is_none_or(|(leaf, _)| leaf != node.link) {
                        self.scan(node.link, candidates);
                    }
                    break;
                }
                let (first, second) = (number + 1, node.link);
                let to_first = distance_to_box(&self.at, &nodes[first as usize]);
                let to_second = distance_to_box(&self.at, &nodes[second as usize]);
                let (near, to_near, far, to_far) = if to_first <= to_second {
                    (first, to_first, second, to_second)
                } else {
                    (second, to_second, first, to_first)
                };
                if to_far <= candidates.limit() {
                    stack.push((to_far, far));
                }
                if to_near > candidates.limit() {
                    break;
                }
                number = near;
            }
        }
    }

    #[inline(always)]
    fn scan(&self, leaf: u32, candidates: &mut Candidates) {
        let panel = self.tree.panels.panel(leaf as usize);
        let mut scores = [0.0; PANEL];
        if differences(
            self.simd,
            &self.splat,
            panel,
            candidates.limit(),
            &mut scores,
        ) {
            let own_row = self.own.map_or(u32::MAX, |(_, row)| row);
            let first = leaf as usize * PANEL;
            let places = &self.tree.places[first..];
            for (&row, &score) in places.iter().zip(&scores) {
                if score <= candidates.limit() && row != own_row {
                    candidates.push(score, row, self.exact);
                }
            }
            candidates.tighten(self.exact);
        }
    }
}

/// Squared distance from a point to the nearest point of a box.
#[inline(always)]
fn distance_to_box<const D: usize>(at: &[f32; D], node: &Node<D>) -> f32 {
    let mut sum = 0.0;
    for ((&x, &low), &high) in at.iter().zip(&node.low).zip(&node.high) {
        let outside = (low - x).max(x - high).max(0.0);
        sum += outside * outside;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::on_every_instruction_set;

    #[test]
    fn instruction_sets_agree() {
        let values: Vec<f32> = (0..300 * 3).map(|i| (i as f32 * 0.7).sin()).collect();
        let Ok(rows) = Rows::new(&values, 3) else {
            panic!("rows are valid");
        };
        let tree = KdTree::<3>::new(rows);
        let query = |i: usize| (i, rows.row(i), None);
        let visit = |_: usize, found: &[Neighbour]| found.to_vec();
        let results = on_every_instruction_set(|| Block {
            tree: &tree,
            range: 17..217,
            k: 4,
            query: &query,
            visit: &visit,
        });
        let (_, expected) = &results[0];
        assert!(expected.iter().all(|found| found.len() == 4));
        for (name, result) in &results {
            assert_eq!(result, expected, "{name}");
        }
    }

    /// Every row in exactly one leaf, every leaf within all boxes above it, leaves full but the last.
    #[test]
    fn leaves_partition_the_rows() {
        for count in [0_usize, 1, 32, 33, 1000] {
            let values: Vec<f32> = (0..count * 2).map(|i| (i as f32 * 0.9).sin()).collect();
            let Ok(rows) = Rows::new(&values, 2) else {
                panic!("rows are valid");
            };
            let tree = KdTree::<2>::new(rows);
            let mut seen = tree.places.clone();
            seen.sort_unstable();
            assert_eq!(seen, (0..count as u32).collect::<Vec<_>>());
            let leaves = tree.nodes.iter().filter(|node| node.is_leaf);
            let numbers: Vec<u32> = leaves.map(|node| node.link).collect();
            assert_eq!(
                numbers,
                (0..count.div_ceil(PANEL) as u32).collect::<Vec<_>>()
            );
            for (number, node) in tree.nodes.iter().enumerate() {
                let inside = |child: &Node<2>| {
                    (0..2).all(|d| child.low[d] >= node.low[d] && child.high[d] <= node.high[d])
                };
                if node.is_leaf {
                    let places = tree.places.chunks(PANEL).nth(node.link as usize);
                    for &row in places.unwrap_or_default() {
                        let point = rows.row(row as usize);
                        assert!((0..2).all(|d| (node.low[d]..=node.high[d]).contains(&point[d])));
                    }
                } else {
                    assert!(inside(&tree.nodes[number + 1]));
                    assert!(inside(&tree.nodes[node.link as usize]));
                }
            }
        }
    }
}
