//! Image file and label file together.
use crate::common::{digits, idx, pixel};
use lam_data::{DataError, Dataset, ImageShape, MemoryDataset, Source, read_idx_pair};

const NAMES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

fn open(images: &[u8], labels: &[u8]) -> Result<MemoryDataset, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        Source::File(path)
    };
    let (images, labels) = (write("images", images), write("labels", labels));
    read_idx_pair("tiny", &images, &labels, &NAMES, ImageShape::new(1, 28, 28))
}

#[test]
fn pixels_are_scaled_and_labels_kept() {
    let (images, labels) = digits(23);
    let set = open(&images, &labels).unwrap();
    assert_eq!((set.name(), set.len()), ("tiny", 23));
    assert_eq!(set.shape(), ImageShape::new(1, 28, 28));
    assert_eq!(set.class_names(), NAMES);
    let mut image = vec![f32::NAN; 784];
    for i in 0..23 {
        assert_eq!(set.labels()[i] as usize, (i + 3) % 10);
        set.read(i, &mut image).unwrap();
        for (p, value) in image.iter().enumerate() {
            assert_eq!(*value, f32::from(pixel(i, p)) / 255.0);
        }
    }
}

#[test]
fn wrong_arguments_of_read() {
    let (images, labels) = digits(10);
    let set = open(&images, &labels).unwrap();
    let error = set.read(10, &mut [0.0; 784]).unwrap_err();
    assert!(matches!(
        error,
        DataError::IndexOutOfRange {
            index: 10,
            len: 10,
            ..
        }
    ));
    let error = set.read(0, &mut [0.0; 783]).unwrap_err();
    assert!(matches!(
        error,
        DataError::WrongBuffer {
            found: 783,
            expected: 784
        }
    ));
}

#[test]
fn counts_differ() {
    let (images, _) = digits(20);
    let (_, labels) = digits(19);
    let error = open(&images, &labels).unwrap_err();
    assert!(matches!(
        error,
        DataError::CountMismatch {
            images: 20,
            labels: 19,
            ..
        }
    ));
    let message = error.to_string();
    assert!(message.contains("/images holds 20") && message.contains("/labels holds 19"));
}

#[test]
fn label_out_of_range() {
    let (images, mut labels) = digits(12);
    labels[8 + 5] = 10;
    let error = open(&images, &labels).unwrap_err();
    assert!(matches!(
        error,
        DataError::LabelOutOfRange {
            index: 5,
            label: 10,
            classes: 10,
            ..
        }
    ));
    assert!(error.to_string().contains("/labels"));
}

#[test]
fn class_without_an_image() {
    let (images, labels) = digits(9); // labels 3…9, 0, 1: no 2
    let error = open(&images, &labels).unwrap_err();
    assert!(
        matches!(error, DataError::EmptyClass { class: 2, .. }),
        "{error}"
    );
}

#[test]
fn no_image_at_all() {
    let error = open(&idx(&[0, 28, 28], &[]), &idx(&[0], &[])).unwrap_err();
    assert!(matches!(error, DataError::EmptySet { .. }), "{error}");
}

#[test]
fn images_of_another_size() {
    let (_, labels) = digits(10);
    let error = open(&idx(&[10, 14, 56], &[0; 7840]), &labels).unwrap_err();
    assert!(matches!(error, DataError::WrongShape { .. }), "{error}");
}

#[test]
fn files_exchanged() {
    let (images, labels) = digits(10);
    let error = open(&labels, &images).unwrap_err();
    assert!(error.to_string().contains("exchanged"), "{error}");
}
