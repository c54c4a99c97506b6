//! Files of embeddings: written, interrupted, read again.

use std::fs;
use std::path::Path;

use lam_data::{
    EmbeddingHeader, EmbeddingRows, EmbeddingWriter, Embeddings, FilePart, open_vectors,
    read_embeddings, read_ids,
};
use proptest::prelude::*;
use tempfile::tempdir;

use crate::vectors::golden;

const FORMATS: [&str; 3] = ["x.parquet", "x.npy", "x.safetensors"];

/// Embeddings of `rows` rows and `dim` numbers.
struct Sample {
    ids: Vec<String>,
    labels: Vec<u32>,
    mean: Vec<f32>,
    sigma: Vec<f32>,
    uncertainty: Vec<f64>,
    dim: usize,
}

impl Sample {
    fn new(rows: usize, dim: usize) -> Self {
        let number = |n: usize| (n as f32 * 0.37).sin();
        Self {
            ids: (0..rows)
                .map(|n| format!("bild {n} ü/{}.jpg", n * n))
                .collect(),
            labels: (0..rows as u32).map(|n| n * 7 % 3).collect(),
            mean: (0..rows * dim).map(number).collect(),
            sigma: (0..rows * dim).map(|n| number(n + 5).abs()).collect(),
            uncertainty: (0..rows).map(|n| f64::from(number(n)) / 3.0).collect(),
            dim,
        }
    }

    fn header(&self, labelled: bool) -> EmbeddingHeader {
        // "unused" has no rows.
        let names = ["cat", "dog, big", "äff", "unused"];
        EmbeddingHeader {
            rows: self.ids.len(),
            dim: self.dim,
            spread: true,
            class_names: labelled.then(|| names.map(str::to_owned).to_vec()),
            model: Some("sha256:abc \"quoted\"".to_owned()),
        }
    }

    fn rows(&self, range: std::ops::Range<usize>, labelled: bool) -> EmbeddingRows<'_> {
        let values = range.start * self.dim..range.end * self.dim;
        EmbeddingRows {
            ids: &self.ids[range.clone()],
            labels: labelled.then(|| &self.labels[range.clone()]),
            mean: &self.mean[values.clone()],
            sigma: Some(&self.sigma[values]),
            uncertainty: Some(&self.uncertainty[range]),
        }
    }

    fn write(&self, path: &Path, batch: usize, labelled: bool) {
        let mut writer = EmbeddingWriter::create(path, self.header(labelled)).unwrap();
        self.append(&mut writer, batch, labelled);
        writer.finish().unwrap();
    }

    fn append(&self, writer: &mut EmbeddingWriter, batch: usize, labelled: bool) {
        while writer.written() < self.ids.len() {
            let from = writer.written();
            let to = (from + batch).min(self.ids.len());
            writer.append(&self.rows(from..to, labelled)).unwrap();
        }
    }

    fn check(&self, found: &Embeddings, labelled: bool) {
        let batch = found.read(0..self.ids.len()).unwrap();
        assert_eq!(found.rows(), self.ids.len());
        assert_eq!(batch.ids, self.ids);
        assert_eq!(batch.mean, self.mean);
        assert_eq!(batch.sigma.as_ref(), Some(&self.sigma));
        assert_eq!(batch.uncertainty.as_ref(), Some(&self.uncertainty));
        assert_eq!(batch.labels.is_some(), labelled);
        assert_eq!(found.model, self.header(true).model);
        if let Some(labels) = &found.labels {
            assert!(labelled);
            let name = |label: u32| labels.class_names[label as usize].clone();
            let found: Vec<String> = labels.labels.iter().map(|&l| name(l)).collect();
            let names = self.header(true).class_names.unwrap();
            let expected: Vec<String> = self
                .labels
                .iter()
                .map(|&l| names[l as usize].clone())
                .collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn every_format_gives_back_what_it_got() {
    let folder = tempdir().unwrap();
    for name in FORMATS {
        for (rows, dim, batch, labelled) in [(7, 3, 2, true), (7, 3, 100, false), (1, 1, 1, true)] {
            let file = folder.path().join(name);
            let sample = Sample::new(rows, dim);
            sample.write(&file, batch, labelled);
            sample.check(&read_embeddings(&file).unwrap(), labelled);
            let partial = folder.path().join(format!("{name}.partial"));
            assert!(!partial.exists());
        }
    }
    // Nothing else is left.
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let npy = ["x.ids.txt", "x.json", "x.labels.npy", "x.npy"];
    let more = [
        "x.parquet",
        "x.safetensors",
        "x.sigma.npy",
        "x.uncertainty.npy",
    ];
    assert_eq!(left, [npy, more].concat());
}

#[test]
fn groups_of_rows_are_bounded() {
    // More than one group of 32 MiB.
    let folder = tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    let sample = Sample::new(3000, 1500);
    sample.write(&file, 700, true);
    let found = read_embeddings(&file).unwrap();
    sample.check(&found, true);
    let batch = found.read(2790..2800).unwrap();
    assert_eq!(batch.ids, sample.ids[2790..2800]);
    assert_eq!(batch.mean, sample.mean[2790 * 1500..2800 * 1500]);
}

#[test]
fn an_interrupted_writer_goes_on() {
    let folder = tempdir().unwrap();
    let sample = Sample::new(10, 4);
    for name in FORMATS {
        let file = folder.path().join(name);
        let partial = folder.path().join(format!("{name}.partial"));
        let mut writer = EmbeddingWriter::create(&file, sample.header(true)).unwrap();
        writer.append(&sample.rows(0..3, true)).unwrap();
        writer.append(&sample.rows(3..5, true)).unwrap();
        let whole = fs::read(&partial).unwrap();
        drop(writer);
        // Cut anywhere: what is left is a whole number of batches, and the file comes out the same.
        for cut in (0..=whole.len()).step_by(5).chain([whole.len()]) {
            fs::write(&partial, &whole[..cut]).unwrap();
            let mut writer = EmbeddingWriter::resume(&file, sample.header(true)).unwrap();
            assert!([0, 3, 5].contains(&writer.written()), "{cut}");
            assert_eq!(writer.written() == 5, cut == whole.len());
            let last = writer.written().checked_sub(1);
            assert_eq!(writer.last_id(), last.map(|last| sample.ids[last].as_str()));
            sample.append(&mut writer, 4, true);
            writer.finish().unwrap();
            sample.check(&read_embeddings(&file).unwrap(), true);
            fs::remove_file(&file).unwrap();
        }
        // Bytes of the last batch that changed: it is written again.
        let mut changed = whole.clone();
        let at = changed.len() - 9;
        changed[at] ^= 1;
        fs::write(&partial, &changed).unwrap();
        let writer = EmbeddingWriter::resume(&file, sample.header(true)).unwrap();
        assert_eq!(writer.written(), 3);
        drop(writer);
        // Another run's.
        let mut other = sample.header(true);
        other.model = None;
        let said = EmbeddingWriter::resume(&file, other)
            .err()
            .unwrap()
            .to_string();
        assert!(
            said.contains("begun with another source or model"),
            "{said}"
        );
    }
}

#[test]
fn only_one_process_writes() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    let sample = Sample::new(2, 2);
    let _first = EmbeddingWriter::create(&file, sample.header(false)).unwrap();
    let said = EmbeddingWriter::resume(&file, sample.header(false))
        .err()
        .unwrap();
    assert!(said.to_string().contains("another process"), "{said}");
}

#[test]
fn wrong_rows_are_refused() {
    let folder = tempdir().unwrap();
    let sample = Sample::new(4, 2);
    let open = |name: &str, labelled| {
        EmbeddingWriter::create(&folder.path().join(name), sample.header(labelled))
    };
    let mut writer = open("x.npy", true).unwrap();
    let good = sample.rows(0..2, true);
    let mut refused = |rows: EmbeddingRows<'_>, says: &str| {
        let said = writer.append(&rows).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    };
    refused(
        EmbeddingRows {
            mean: &good.mean[1..],
            ..good
        },
        "expected",
    );
    refused(
        EmbeddingRows {
            labels: None,
            ..good
        },
        "labels if and only if",
    );
    refused(
        EmbeddingRows {
            labels: Some(&[0, 9]),
            ..good
        },
        "label: 9",
    );
    refused(
        EmbeddingRows {
            mean: &[0.0, 1.0, f32::NAN, 1.0],
            ..good
        },
        "row 1",
    );
    let broken = ["a".to_owned(), "b\nc".to_owned()];
    refused(
        EmbeddingRows {
            ids: &broken,
            ..good
        },
        "line break",
    );
    writer.append(&good).unwrap();
    let three = Sample::new(3, 2);
    let said = writer
        .append(&three.rows(0..3, true))
        .unwrap_err()
        .to_string();
    assert!(said.contains("no more than were announced"), "{said}");
    assert!(!folder.path().join("x.npy").exists());
    assert!(open("x.csv", true).is_err());
    assert!(EmbeddingWriter::create(&folder.path().join("no/x.npy"), sample.header(true)).is_err());
}

#[test]
fn files_of_plain_vectors_are_embeddings_without_spread() {
    for name in ["f16.npy", "one.safetensors", "list_f64.parquet"] {
        let found = read_embeddings(&golden(name)).unwrap();
        assert_eq!((found.rows(), found.dim()), (5, 3));
        assert!(found.sigma.is_none() && found.uncertainty.is_none());
        assert_eq!(found.labels.is_some(), name != "f16.npy");
        let id = if name.ends_with("parquet") {
            "img/2.jpg"
        } else {
            "2"
        };
        assert_eq!(found.ids[2], id);
        assert_eq!(
            found.read(2..3).unwrap().mean,
            [14.0 / 8.0, 11.0 / 8.0, 1.0]
        );
        assert!(found.read(4..6).is_err());
    }
}

#[test]
fn another_library_reads_the_arrays() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("x.npy");
    let sample = Sample::new(5, 3);
    sample.write(&file, 2, true);
    let array = |name: &str| {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        npyz::NpyFile::new(std::io::Cursor::new(bytes)).unwrap()
    };
    assert_eq!(array("x.npy").shape(), [5, 3]);
    assert_eq!(array("x.npy").into_vec::<f32>().unwrap(), sample.mean);
    assert_eq!(
        array("x.sigma.npy").into_vec::<f32>().unwrap(),
        sample.sigma
    );
    assert_eq!(
        array("x.uncertainty.npy").into_vec::<f64>().unwrap(),
        sample.uncertainty
    );
    let labels: Vec<i64> = sample.labels.iter().map(|&l| l.into()).collect();
    assert_eq!(array("x.labels.npy").into_vec::<i64>().unwrap(), labels);

    let tensors = folder.path().join("x.safetensors");
    sample.write(&tensors, 2, true);
    let bytes = fs::read(&tensors).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("mean").unwrap().shape(), [5, 3]);
    let mean: Vec<u8> = sample.mean.iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(tensors.tensor("mean").unwrap().data(), mean);
}

#[test]
fn embeddings_are_features_too() {
    let folder = tempdir().unwrap();
    let sample = Sample::new(6, 3);
    for name in FORMATS {
        let file = folder.path().join(name);
        sample.write(&file, 4, true);
        let part = if name == "x.npy" {
            FilePart::file(&file)
        } else {
            FilePart::named(&file, "mean")
        };
        let vectors = open_vectors(&part).unwrap();
        let mut out = vec![0.0; 18];
        vectors.read(0..6, &mut out).unwrap();
        assert_eq!(out, sample.mean);
    }
    let ids = read_ids(&FilePart::file(folder.path().join("x.parquet"))).unwrap();
    assert_eq!(ids, sample.ids);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever bytes of a file of embeddings, or of what an interrupted writer left, change: an error or something, never
    /// a panic.
    #[test]
    fn damaged_files_are_errors(
        which in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let folder = tempdir().unwrap();
        let sample = Sample::new(4, 2);
        let name = ["x.parquet", "x.npy", "x.safetensors", "x.npy"][which];
        let file = folder.path().join(name);
        let mut damaged = file.clone();
        if which == 3 {
            let mut writer = EmbeddingWriter::create(&file, sample.header(true)).unwrap();
            sample.append(&mut writer, 2, true);
            damaged = folder.path().join("x.npy.partial");
        } else {
            sample.write(&file, 2, true);
        }
        let mut bytes = fs::read(&damaged).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        fs::write(&damaged, bytes).unwrap();
        if let Ok(found) = read_embeddings(&file) {
            let _ = found.read(0..found.rows().min(10));
        }
        let _ = EmbeddingWriter::resume(&file, sample.header(true));
    }
}

/// NumPy, PyArrow and the safetensors package open the files and find the same in all three.
#[test]
#[ignore = "needs Python with numpy, pyarrow and safetensors, named by LAM_TEST_PYTHON"]
fn python_opens_them() {
    let python = std::env::var_os("LAM_TEST_PYTHON").unwrap();
    let folder = tempdir().unwrap();
    let sample = Sample::new(500, 7);
    for name in FORMATS {
        sample.write(&folder.path().join(name), 64, true);
    }
    let output = std::process::Command::new(python)
        .arg(golden("open_embeddings.py"))
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn embeddings_without_a_spread_and_fewer_than_announced() {
    let folder = tempdir().unwrap();
    let sample = Sample::new(5, 3);
    let header = EmbeddingHeader {
        spread: false,
        ..sample.header(true)
    };
    let plain = |range| EmbeddingRows {
        sigma: None,
        uncertainty: None,
        ..sample.rows(range, true)
    };
    for name in FORMATS {
        let file = folder.path().join(name);
        // Files of an earlier run with a spread must not be taken for its own.
        let mut earlier = EmbeddingWriter::create(&file, sample.header(true)).unwrap();
        sample.append(&mut earlier, 5, true);
        earlier.finish().unwrap();
        let mut writer = EmbeddingWriter::create(&file, header.clone()).unwrap();
        assert!(writer.append(&sample.rows(0..1, true)).is_err());
        writer.append(&plain(0..2)).unwrap();
        writer.append(&plain(2..4)).unwrap();
        writer.finish().unwrap();
        let read = read_embeddings(&file).unwrap();
        assert_eq!((read.rows(), read.dim()), (4, 3));
        assert!(read.sigma.is_none() && read.uncertainty.is_none());
        assert_eq!(read.ids, sample.ids[..4]);
        let batch = read.read(1..4).unwrap();
        assert_eq!(batch.mean, sample.mean[3..12]);
        assert_eq!(batch.labels.as_deref(), Some(&sample.labels[1..4]));
    }
}
