//! A choice of images.
use std::sync::Arc;

use lam_data::{DataError, Dataset, SearchPath, Split, Subset, find};

#[test]
fn a_subset_shows_the_chosen_images() {
    let base = find("sample_mnist")
        .unwrap()
        .open(&SearchPath::none(), Split::Test)
        .unwrap();
    let subset = Subset::new(Arc::clone(&base), vec![900, 3, 3]).unwrap();
    assert_eq!((subset.len(), subset.name()), (3, "sample_mnist"));
    assert_eq!(subset.indices(), [900, 3, 3]);
    let (mut found, mut expected) = (vec![0.0; 784], vec![0.0; 784]);
    for (index, of_base) in [900, 3, 3].into_iter().enumerate() {
        assert_eq!(subset.labels()[index], base.labels()[of_base]);
        subset.read(index, &mut found).unwrap();
        base.read(of_base, &mut expected).unwrap();
        assert_eq!(found, expected);
    }
    let error = subset.read(3, &mut found).unwrap_err();
    assert!(matches!(
        error,
        DataError::IndexOutOfRange {
            index: 3,
            len: 3,
            ..
        }
    ));
    let error = Subset::new(base, vec![0, 1000]).err().unwrap();
    assert!(matches!(
        error,
        DataError::IndexOutOfRange { index: 1000, .. }
    ));
}
