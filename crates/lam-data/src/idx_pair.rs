use crate::{DataError, ImageShape, MemoryDataset, Source, read_idx};

/// A data set from one IDX file of grey images `[N, H, W]` and one of labels `[N]`.
///
/// # Errors
/// Those of [`read_idx`] and [`MemoryDataset::new`], and [`DataError::WrongShape`] if the images are
/// not of the expected shape.
pub fn read_idx_pair(
    name: &str,
    images: &Source,
    labels: &Source,
    class_names: &[&str],
    expected: ImageShape,
) -> Result<MemoryDataset, DataError> {
    let pixels = read_idx(images, 3)?;
    let targets = read_idx(labels, 1)?;
    let &[count, height, width] = pixels.dims.as_slice() else {
        return Err(DataError::WrongRank {
            file: images.path().into(),
            found: pixels.dims.len(),
            expected: 3,
        });
    };
    if count == 0 {
        return Err(DataError::EmptySet {
            file: images.path().into(),
        });
    }
    let shape = ImageShape::new(1, height, width);
    if shape != expected {
        return Err(DataError::WrongShape {
            file: images.path().into(),
            found: shape,
            expected,
        });
    }
    if count != targets.values.len() {
        return Err(DataError::CountMismatch {
            images_file: images.path().into(),
            images: count,
            labels_file: labels.path().into(),
            labels: targets.values.len(),
        });
    }
    let targets = targets.values.into_iter().map(u32::from).collect();
    MemoryDataset::new(
        name,
        shape,
        class_names,
        targets,
        pixels.values,
        labels.path(),
    )
}
