//! Pictures in Parquet.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lam_data::{DataError, ImageShape, SearchPath, Split, find, read_parquet_images};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

const SHAPE: ImageShape = ImageShape::new(3, 32, 32);

/// A picture whose pixels count up from `first`.
fn pixels(first: u8) -> Vec<u8> {
    (0..32 * 32 * 3)
        .map(|at| first.wrapping_add((at % 251) as u8))
        .collect()
}

fn png(pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// In the layout of Hugging Face, `column` holding the pictures.
fn write(file: &Path, column: &str, pictures: &[Vec<u8>], labels: &[i64], by: Compression) {
    let schema = format!(
        "message schema {{ OPTIONAL group {column} {{ OPTIONAL BYTE_ARRAY bytes; OPTIONAL BYTE_ARRAY path (UTF8); }} OPTIONAL INT64 label; }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = WriterProperties::builder().set_compression(by).build();
    let mut writer =
        SerializedFileWriter::new(File::create(file).unwrap(), schema, Arc::new(properties))
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let bytes: Vec<ByteArray> = pictures.iter().cloned().map(ByteArray::from).collect();
    let mut next = group.next_column().unwrap().unwrap();
    let levels = vec![2; bytes.len()];
    next.typed::<ByteArrayType>()
        .write_batch(&bytes, Some(&levels), None)
        .unwrap();
    next.close().unwrap();
    let mut next = group.next_column().unwrap().unwrap();
    let levels = vec![1; bytes.len()];
    next.typed::<ByteArrayType>()
        .write_batch(&[], Some(&levels), None)
        .unwrap();
    next.close().unwrap();
    let mut next = group.next_column().unwrap().unwrap();
    let levels = vec![1; labels.len()];
    next.typed::<Int64Type>()
        .write_batch(labels, Some(&levels), None)
        .unwrap();
    next.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("test-00000-of-00001.parquet")
}

#[test]
fn pictures_and_labels_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    for (column, compression) in [
        ("img", Compression::SNAPPY),
        ("image", Compression::ZSTD(Default::default())),
        ("img", Compression::UNCOMPRESSED),
    ] {
        let pictures: Vec<_> = [3, 90].map(|first| png(&pixels(first))).to_vec();
        write(&file, column, &pictures, &[7, 1], compression);
        let images = read_parquet_images(&file).unwrap();
        assert_eq!(images.labels, [7, 1]);
        let decoded = images.decode_all(SHAPE).unwrap();
        for (first, image) in [3, 90].into_iter().zip(decoded.chunks_exact(SHAPE.numel())) {
            let expected = pixels(first);
            // Channels last become channels first.
            for (at, &value) in image.iter().enumerate() {
                assert_eq!(value, expected[at % 1024 * 3 + at / 1024]);
            }
        }
    }
}

#[test]
fn what_cannot_be_decoded_is_named_with_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    let good = png(&pixels(0));
    for bad in [
        Vec::new(),
        b"nonsense".to_vec(),
        good[..good.len() / 2].to_vec(),
    ] {
        write(
            &file,
            "img",
            &[good.clone(), bad],
            &[0, 1],
            Compression::SNAPPY,
        );
        let error = read_parquet_images(&file)
            .unwrap()
            .decode_all(SHAPE)
            .unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, DataError::UnreadableImage { .. }));
        assert!(text.contains("00001.parquet, row 1"), "{text}");
    }
    write(&file, "img", &[good], &[0], Compression::SNAPPY);
    let error = read_parquet_images(&file)
        .unwrap()
        .decode_all(ImageShape::new(3, 16, 16));
    assert!(error.unwrap_err().to_string().contains("3×16×16"));
}

#[test]
fn files_that_are_not_such_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    write(
        &file,
        "photo",
        &[png(&pixels(0))],
        &[0],
        Compression::SNAPPY,
    );
    let text = read_parquet_images(&file).unwrap_err().to_string();
    assert!(
        text.contains("no column img.bytes or image.bytes"),
        "{text}"
    );
    write(&file, "img", &[png(&pixels(0))], &[-1], Compression::SNAPPY);
    let text = read_parquet_images(&file).unwrap_err().to_string();
    assert!(text.contains("row 0 has the label -1"), "{text}");
    let whole = {
        write(&file, "img", &[png(&pixels(0))], &[0], Compression::SNAPPY);
        fs::read(&file).unwrap()
    };
    for length in [0, 3, 8, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(
            matches!(
                read_parquet_images(&file),
                Err(DataError::WrongParquet { .. })
            ),
            "{length}"
        );
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(
        read_parquet_images(&file),
        Err(DataError::Io { .. })
    ));
}

#[test]
fn cifar10_is_read_from_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let pictures: Vec<_> = (0..10).map(|first| png(&pixels(first))).collect();
    let labels: Vec<i64> = (0..10).rev().collect();
    write(
        &file(&folder),
        "img",
        &pictures,
        &labels,
        Compression::SNAPPY,
    );
    let search = SearchPath::only([folder.path().to_owned()]);
    let set = find("cifar10").unwrap().open(&search, Split::Test).unwrap();
    assert_eq!(set.labels(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(set.shape(), SHAPE);
    assert!(set.normalisation().is_some());
    let text = find("cifar10")
        .unwrap()
        .open(&search, Split::Train)
        .err()
        .unwrap()
        .to_string();
    assert!(text.contains("train-*.parquet (Parquet)"), "{text}");
    assert!(text.contains("https://www.cs.toronto.edu"), "{text}");
}

/// Runs only where the real files are named by `LAM_DATA_DIR`.
#[test]
fn the_real_cifar10() {
    let entry = find("cifar10").unwrap();
    let search = SearchPath::standard(&[], None);
    let Ok(train) = entry.open(&search, Split::Train) else {
        println!("no CIFAR-10 along LAM_DATA_DIR: nothing tested");
        return;
    };
    let test = entry.open(&search, Split::Test).unwrap();
    for (set, per_class) in [(&train, 5_000), (&test, 1_000)] {
        for class in 0..10 {
            assert_eq!(
                set.labels().iter().filter(|&&label| label == class).count(),
                per_class
            );
        }
    }
    // The mean colour of the training images, as published many times over.
    let mut sums = [0.0f64; 3];
    let mut image = vec![0.0; SHAPE.numel()];
    for index in 0..train.len() {
        train.read(index, &mut image).unwrap();
        for (sum, channel) in sums.iter_mut().zip(image.chunks_exact(1024)) {
            *sum += channel.iter().map(|&v| f64::from(v)).sum::<f64>() / 1024.0;
        }
    }
    for (sum, expected) in sums.into_iter().zip([0.4914, 0.4822, 0.4465]) {
        assert!((sum / 50_000.0 - expected).abs() < 2e-3);
    }
}
