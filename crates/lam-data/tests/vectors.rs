//! Vectors, labels and ids as NumPy, safetensors and PyArrow wrote them; damaged files.

use std::fs;
use std::path::{Path, PathBuf};

use lam_data::{
    DataError, Dataset, FeatureSet, FeatureShard, FilePart, LabelColumn, Labels, Vectors,
    VectorsError, open_vectors, read_ids, read_labels,
};
use proptest::prelude::*;
use tempfile::tempdir;

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/vectors")
        .join(name)
}

fn part(text: &str) -> FilePart {
    golden("").join(text).to_str().unwrap().parse().unwrap()
}

/// Number (i, j) of the golden vectors.
fn expected(rows: std::ops::Range<usize>) -> Vec<f32> {
    rows.flat_map(|i| (0..3).map(move |j| (7.0 * i as f32 - 3.0 * j as f32) / 8.0))
        .collect()
}

fn read(vectors: &dyn Vectors, rows: std::ops::Range<usize>) -> Result<Vec<f32>, DataError> {
    let mut out = vec![f32::NAN; rows.len() * vectors.dim()];
    vectors.read(rows, &mut out)?;
    Ok(out)
}

fn message<T>(result: Result<T, DataError>) -> String {
    match result {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    }
}

/// A `.npy` of version 1 with this header.
pub fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn every_format_and_type_gives_the_same_numbers() {
    for name in [
        "f16.npy",
        "f32.npy",
        "f64.npy",
        "f16_big.npy",
        "f32_big.npy",
        "f64_big.npy",
        "version2.npy",
        "one.safetensors",
        "one.safetensors:features",
        "two.safetensors:half",
        "two.safetensors:double",
        "bf16.safetensors",
        "list_f16.parquet",
        "list_f32.parquet",
        "list_f64.parquet",
        "fixed_f32.parquet",
        "two_lists.parquet:embedding",
    ] {
        let vectors = open_vectors(&part(name)).unwrap();
        assert_eq!((vectors.rows(), vectors.dim()), (5, 3), "{name}");
        // In all orders: forwards, backwards, across the groups of two rows.
        for range in [0..5, 0..1, 4..5, 3..5, 1..4, 2..2, 0..5] {
            assert_eq!(
                read(&*vectors, range.clone()).unwrap(),
                expected(range.clone()),
                "{name} {range:?}"
            );
        }
        assert!(matches!(
            read(&*vectors, 4..6),
            Err(DataError::Vectors(VectorsError::Range { .. }))
        ));
        assert!(matches!(
            vectors.read(0..2, &mut [0.0; 5]),
            Err(DataError::WrongBuffer {
                found: 5,
                expected: 6
            })
        ));
    }
}

#[test]
fn half_precision_is_exact_for_all_numbers() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("all.npy");
    // Every finite one, subnormal ones included, against a value computed by its definition in f64.
    let bits: Vec<u16> = (0..=u16::MAX).filter(|b| (b >> 10) & 31 != 31).collect();
    let data: Vec<u8> = bits.iter().flat_map(|b| b.to_le_bytes()).collect();
    let header = format!(
        "{{'descr': '<f2', 'fortran_order': False, 'shape': ({}, 1)}}",
        bits.len()
    );
    fs::write(&file, npy(&header, &data)).unwrap();
    let vectors = open_vectors(&FilePart::file(&file)).unwrap();
    let found = read(&*vectors, 0..bits.len()).unwrap();
    for (&bits, found) in bits.iter().zip(found) {
        let exponent = i32::from((bits >> 10) & 31);
        let fraction = f64::from(bits & 1023) / 1024.0;
        let magnitude = if exponent == 0 {
            fraction * 2_f64.powi(-14)
        } else {
            (1.0 + fraction) * 2_f64.powi(exponent - 15)
        };
        let value = if bits >> 15 == 1 {
            -magnitude
        } else {
            magnitude
        };
        assert_eq!(f64::from(found).to_bits(), value.to_bits(), "{bits:#06x}");
    }
}

#[test]
fn what_is_not_one_matrix_of_floats_is_said() {
    for (name, says) in [
        ("fortran.npy", "ascontiguousarray"),
        ("objects.npy", "'|O'"),
        ("records.npy", "an array of records"),
        ("labels_i64.npy", "shape [5]"),
        (
            "two.safetensors",
            "several tensors of floats [N, D]; it has double, half",
        ),
        ("two.safetensors:third", "no tensor 'third'"),
        ("one.safetensors:labels", "I64 of shape [5] as 'labels'"),
        (
            "two_lists.parquet",
            "several columns of lists of floats; it has embedding, other",
        ),
        (
            "two_lists.parquet:label",
            "no column 'label' of lists of floats",
        ),
        ("make.py", ".npy, .safetensors or .parquet"),
    ] {
        let says_it = message(open_vectors(&part(name)));
        assert!(says_it.contains(says), "{name}: {says_it}");
        assert!(
            says_it.contains(name.split(':').next().unwrap()),
            "{name}: {says_it}"
        );
    }
    assert!(message(open_vectors(&part("no.npy"))).contains("no.npy: reading failed"));
}

#[test]
fn rows_that_are_no_vectors_are_named() {
    for (name, row, says) in [
        ("ragged.parquet", 3, "a list of 2, but the first row has 3"),
        ("null_row.parquet", 3, "null"),
        ("null_number.parquet", 2, "null"),
    ] {
        let vectors = open_vectors(&part(name)).unwrap();
        assert_eq!(vectors.rows(), 5);
        let said = message(read(&*vectors, 0..5));
        assert!(said.contains(&format!("row {row} ")), "{said}");
        assert!(said.contains(says), "{said}");
        // The rows before are fine, also after the error.
        assert_eq!(read(&*vectors, 0..row).unwrap(), expected(0..row));
    }
}

#[test]
fn numbers_that_are_not_finite_are_named() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("x.npy");
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }";
    for (bad, says) in [
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-inf"),
        (1e300, "inf"),
    ] {
        let values = [0.0, 1.0, 2.0, bad, 4.0, 5.0];
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        fs::write(&file, npy(header, &data)).unwrap();
        let vectors = open_vectors(&FilePart::file(&file)).unwrap();
        let said = message(read(&*vectors, 0..3));
        assert!(
            said.contains("row 1 (counted from 0): number 1 is"),
            "{said}"
        );
        assert!(said.contains(says), "{said}");
        assert_eq!(read(&*vectors, 2..3).unwrap(), [4.0, 5.0]);
    }
}

#[test]
fn labels_of_every_kind() {
    let text = (vec![1, 2, 1, 0, 0], vec!["ant", "zebra", "äffchen"]);
    let numbers = (vec![2, 0, 2, 1, 1], vec!["-3", "2", "10"]);
    for (name, (labels, names)) in [
        ("labels_i8.npy", &numbers),
        ("labels_i64.npy", &numbers),
        ("labels_i32_big.npy", &numbers),
        ("one.safetensors", &numbers),
        ("one.safetensors:labels", &numbers),
        ("list_f32.parquet:number", &numbers),
        ("list_f32.parquet", &text),
        ("list_f32.parquet:label", &text),
        ("labels_text.npy", &text),
        ("labels_text_big.npy", &text),
        ("labels_bytes.npy", &text),
    ] {
        let read = read_labels(&part(name)).unwrap();
        assert_eq!(read.labels, *labels, "{name}");
        assert_eq!(read.class_names, *names, "{name}");
    }
    let said = message(read_labels(&part("null_label.parquet")));
    assert!(said.contains("row 3 (counted from 0): no value"), "{said}");
    assert!(message(read_labels(&part("f32.npy"))).contains("shape [5, 3]"));
    assert!(message(read_labels(&part("list_f32.parquet:weight"))).contains("no column 'weight'"));
}

#[test]
fn labels_as_text() {
    let folder = tempdir().unwrap();
    let labels = |name: &str, content: &str| {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        read_labels(&FilePart::file(file))
    };
    let of = |labels: Labels| -> Vec<String> {
        let names = labels.class_names;
        labels
            .labels
            .iter()
            .map(|&l| names[l as usize].clone())
            .collect()
    };
    let lines = labels("a.txt", "\u{feff}red fox\r\n 7\nred fox\n\n\n").unwrap();
    assert_eq!(of(lines), ["red fox", " 7", "red fox"]);
    let said = message(labels("b.txt", "a\n\nb\n"));
    assert!(said.contains("line 2: empty"), "{said}");
    assert!(message(labels("c.txt", &"x".repeat(70_000))).contains("line 1: longer"));
    assert_eq!(
        of(labels("d.csv", "cat\n\"a, b\"\n").unwrap()),
        ["cat", "a, b"]
    );
    assert_eq!(
        of(labels("e.csv", "path,label\nx.jpg,cat\ny.jpg,dog\n").unwrap()),
        ["cat", "dog"]
    );
    assert_eq!(of(labels("f.csv", "label\n1\n2\n").unwrap()), ["1", "2"]);
    let said = message(labels("g.csv", "a,b\n1,2\n"));
    assert!(said.contains("several columns; it has a, b"), "{said}");
    let said = message(labels("h.csv", "a,label\n1,2\n3\n"));
    assert!(said.contains("line 3: no value"), "{said}");
    let named = FilePart::named(folder.path().join("g.csv"), "b");
    assert_eq!(read_labels(&named).unwrap().class_names, ["2"]);
    let ids = FilePart::named(folder.path().join("e.csv"), "path");
    assert_eq!(read_ids(&ids).unwrap(), ["x.jpg", "y.jpg"]);
    assert_eq!(read_ids(&part("list_f32.parquet")).unwrap()[4], "img/4.jpg");
}

#[test]
fn names_after_a_colon() {
    let of = |text: &str| -> (String, Option<String>) {
        let part: FilePart = text.parse().unwrap();
        assert_eq!(part.to_string(), text);
        (part.file.display().to_string(), part.name)
    };
    assert_eq!(
        of("a/b.parquet:x"),
        ("a/b.parquet".into(), Some("x".into()))
    );
    assert_eq!(of("a/b.parquet"), ("a/b.parquet".into(), None));
    assert_eq!(of(r"C:\b.npy"), (r"C:\b.npy".into(), None));
    assert_eq!(of("b.txt:x"), ("b.txt:x".into(), None));
    assert_eq!(of("b.npy:"), ("b.npy:".into(), None));
}

#[test]
fn several_files_are_one_set() {
    let folder = tempdir().unwrap();
    let more = folder.path().join("more.txt");
    fs::write(&more, "dog\n10\nzebra\ndog\nant\n").unwrap();
    let shards = [
        FeatureShard::new(part("list_f64.parquet:embedding"), None),
        FeatureShard::new(part("f16_big.npy"), Some(FilePart::file(&more))),
    ];
    let set = FeatureSet::open("mine", &shards).unwrap();
    assert_eq!(set.class_names(), ["10", "ant", "dog", "zebra", "äffchen"]);
    assert_eq!(set.labels(), [3, 4, 3, 1, 1, 2, 0, 3, 2, 1]);
    assert_eq!(set.files(), Some(vec![0..5, 5..10]));
    assert_eq!(set.shape().numel(), 3);
    let mut out = [0.0; 3];
    for index in [9, 0, 4, 5, 7] {
        set.read(index, &mut out).unwrap();
        assert_eq!(out[..], expected(index % 5..index % 5 + 1));
    }
    assert_eq!(set.source(3), "img/3.jpg");
    assert!(set.source(7).ends_with("f16_big.npy, row 2"));
    assert!(set.read(10, &mut out).is_err());

    let wrong = |shards: &[FeatureShard]| message(FeatureSet::open("mine", shards));
    let said = wrong(&[FeatureShard::new(part("f32.npy"), None)]);
    assert!(said.contains("no labels"), "{said}");
    fs::write(&more, "dog\n").unwrap();
    let said = wrong(&[FeatureShard::new(
        part("f32.npy"),
        Some(FilePart::file(&more)),
    )]);
    assert!(
        said.contains("1 rows, but") && said.contains("has 5"),
        "{said}"
    );
    let narrow = folder.path().join("narrow.npy");
    fs::write(
        &narrow,
        npy(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }",
            &[0; 4],
        ),
    )
    .unwrap();
    let said = wrong(&[
        shards[0].clone(),
        FeatureShard::new(FilePart::file(narrow), Some(FilePart::file(&more))),
    ]);
    assert!(
        said.contains("vectors of 1 numbers") && said.contains("has 3"),
        "{said}"
    );
    assert!(wrong(&[]).contains("at least one"));
}

#[test]
fn headers_that_lie_are_caught_before_anything_is_allocated() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("x.npy");
    let refused = |shape: &str, data: usize| {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        fs::write(&file, npy(&header, &vec![0; data])).unwrap();
        message(open_vectors(&FilePart::file(&file)))
    };
    for shape in [
        "(1099511627776, 1099511627776)",
        "(4611686018427387904, 4)",
        "(18446744073709551615, 1)",
        "(2, 1000000000)",
    ] {
        let said = refused(shape, 24);
        assert!(said.contains("24 bytes follow"), "{said}");
    }
    assert!(refused("(2, 3)", 23).contains("23 bytes follow"));
    assert!(refused("(2, 3)", 25).contains("25 bytes follow"));
    assert!(refused("(0, 3)", 0).contains("0 vectors"));
    assert!(refused("(3, 0)", 0).contains("3 vectors of 0 numbers"));
    assert!(refused("(2, -3)", 24).contains("whole numbers"));
    assert!(refused("(99999999999999999999, 3)", 24).contains("whole numbers"));

    let text = folder.path().join("t.npy");
    let header = "{'descr': '<U18446744073709551615', 'fortran_order': False, 'shape': (1,), }";
    fs::write(&text, npy(header, &[0; 8])).unwrap();
    assert!(message(read_labels(&FilePart::file(&text))).contains("8 bytes follow"));

    let tensors = folder.path().join("x.safetensors");
    for header in [
        r#"{"x":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}"#,
        r#"{"x":{"dtype":"F32","shape":[2,3],"data_offsets":[0,4]}}"#,
        r#"{"x":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,24]}}"#,
        r#"{"x":{"dtype":"F99","shape":[2,3],"data_offsets":[0,24]}}"#,
    ] {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 24]);
        fs::write(&tensors, bytes).unwrap();
        message(open_vectors(&FilePart::file(&tensors)));
    }
    fs::write(&tensors, u64::MAX.to_le_bytes()).unwrap();
    message(open_vectors(&FilePart::file(&tensors)));
}

#[test]
fn a_file_that_shrinks_while_it_is_open_is_an_error() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("x.npy");
    fs::copy(golden("f32.npy"), &file).unwrap();
    let vectors = open_vectors(&FilePart::file(&file)).unwrap();
    let open = fs::OpenOptions::new().write(true).open(&file).unwrap();
    open.set_len(150).unwrap();
    assert!(message(read(&*vectors, 0..5)).contains("the file ends before byte"));
}

/// Opens and reads everything; errors are fine.
fn use_all(file: &Path) {
    let part = FilePart::file(file);
    if let Ok(vectors) = open_vectors(&part) {
        // A file may say that it has more rows than anyone could read.
        let rows = vectors.rows().min(64);
        if vectors.dim() <= 1 << 16 {
            let mut out = vec![0.0; rows * vectors.dim()];
            let _ = vectors.read(0..rows, &mut out);
            let last = vectors.rows() - 1;
            let _ = vectors.read(last..last + 1, &mut out[..vectors.dim()]);
        }
    }
    let _ = LabelColumn::read(&part);
    let _ = read_ids(&part);
    let _ = lam_data::read_embeddings(file);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever bytes change, nothing panics.
    #[test]
    fn damaged_files_are_errors(
        which in 0..9_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let name = [
            "f32.npy", "labels_text.npy", "labels_i8.npy", "one.safetensors", "bf16.safetensors",
            "list_f32.parquet", "list_f64.parquet", "list_f16.parquet", "version2.npy",
        ][which];
        let mut bytes = fs::read(golden(name)).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            let length = cut.index(bytes.len());
            bytes.truncate(length);
        }
        let folder = tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        use_all(&file);
    }

    /// What is written is read again: any numbers, any shape, both orders of bytes.
    #[test]
    fn arrays_round_trip(
        rows in 1..40_usize, dim in 1..9_usize, big in any::<bool>(), double in any::<bool>(), seed in any::<u32>(),
    ) {
        let values: Vec<f32> = (0..rows * dim)
            .map(|n| f32::from_bits((seed.wrapping_mul(n as u32 + 1)) & 0xbf7f_ffff))
            .collect();
        let data: Vec<u8> = values.iter().flat_map(|&v| match (double, big) {
            (false, false) => v.to_le_bytes().to_vec(),
            (false, true) => v.to_be_bytes().to_vec(),
            (true, false) => f64::from(v).to_le_bytes().to_vec(),
            (true, true) => f64::from(v).to_be_bytes().to_vec(),
        }).collect();
        let order = if big { '>' } else { '<' };
        let size = if double { 8 } else { 4 };
        let header = format!(
            "{{'descr': '{order}f{size}', 'fortran_order': False, 'shape': ({rows}, {dim}), }}"
        );
        let folder = tempdir().unwrap();
        let file = folder.path().join("x.npy");
        fs::write(&file, npy(&header, &data)).unwrap();
        let vectors = open_vectors(&FilePart::file(&file)).unwrap();
        prop_assert_eq!(read(&*vectors, 0..rows).unwrap(), values);
    }
}
