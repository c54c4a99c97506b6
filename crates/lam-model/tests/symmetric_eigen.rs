//! Decompositions of symmetric matrices.

use lam_model::symmetric_eigen;
use rayon::ThreadPoolBuilder;

fn matrix(size: usize) -> Vec<f64> {
    let entry = |i: usize, j: usize| ((3 * i * j + i + j) as f64).sin();
    (0..size * size)
        .map(|n| entry(n / size, n % size))
        .collect()
}

#[test]
fn values_and_vectors_give_the_matrix_back() {
    let size = 37;
    let given = matrix(size);
    let (values, vectors) = symmetric_eigen(&given, size).unwrap();
    assert!(values.is_sorted() && values[0] < -0.1 && values[size - 1] > 0.1);
    for i in 0..size {
        for j in 0..size {
            let terms =
                (0..size).map(|k| vectors[i * size + k] * values[k] * vectors[j * size + k]);
            assert!((terms.sum::<f64>() - given[i * size + j]).abs() < 1e-12);
        }
    }
}

/// Large enough to be shared out.
#[test]
fn threads_change_nothing() {
    let size = 400;
    let given = matrix(size);
    let with = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| symmetric_eigen(&given, size))
    };
    let alone = with(1);
    assert!(alone.is_some());
    for threads in [2, 3, 16] {
        assert!(with(threads) == alone, "{threads} threads");
    }
}

#[test]
fn an_empty_matrix_has_none() {
    assert_eq!(symmetric_eigen(&[], 0), Some((vec![], vec![])));
}

#[test]
fn entries_without_a_number_have_none() {
    for bad in [f64::NAN, f64::INFINITY] {
        assert_eq!(symmetric_eigen(&[1.0, bad, bad, 1.0], 2), None);
    }
}
