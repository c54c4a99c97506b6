//! CIFAR-10's own files: python batches as NumPy pickles them, binary batches.

use crate::common::tree;

use std::path::{Path, PathBuf};

use lam_data::{CifarBatch, Split, read_cifar_batch, read_cifar_pickle, read_cifar10};
use proptest::prelude::*;
use tree::{Tree, says};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/formats")
        .join(name)
}

/// Pixels of image n, `[3, 32, 32]`, as `make.py` has them.
fn image(n: usize) -> Vec<u8> {
    let pixel = |c: usize, h: usize, w: usize| ((n * 29 + c * 50 + h * 7 + w * 13) % 256) as u8;
    (0..3)
        .flat_map(|c| (0..32).flat_map(move |h| (0..32).map(move |w| pixel(c, h, w))))
        .collect()
}

fn images(count: usize) -> Vec<u8> {
    (0..count).flat_map(image).collect()
}

/// A batch as Python 2 pickled the official ones.
fn python2(labels: &[u8], shape: [u16; 2], data: &[u8]) -> Vec<u8> {
    let mut out = b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U\x06labelsq\x04]q\x05(".to_vec();
    for &label in labels {
        out.extend([b'K', label]);
    }
    out.extend(b"eU\x04dataq\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09(K\x01");
    for dim in shape {
        out.push(b'M');
        out.extend(dim.to_le_bytes());
    }
    out.extend(b"\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out.extend(b"tbU\tfilenamesq\x0c]q\x0d(U\x05a.pngq\x0eU\x05b.pngq\x0feu.");
    out
}

fn assert_is(batch: &CifarBatch, labels: &[u8]) {
    assert_eq!(batch.labels, labels);
    assert_eq!(batch.pixels(), images(labels.len()));
}

#[test]
fn batches_that_numpy_pickled() {
    for name in ["cifar_protocol2.pickle", "cifar_protocol4.pickle"] {
        assert_is(&read_cifar_pickle(&fixture(name)).unwrap(), &[6, 9, 0]);
    }
}

#[test]
fn batches_as_python_2_wrote_them() {
    let tree = Tree::new();
    let file = tree.write("data_batch_1", python2(&[3, 8], [2, 3072], &images(2)));
    assert_is(&read_cifar_pickle(&file).unwrap(), &[3, 8]);
}

#[test]
fn binary_batches() {
    let tree = Tree::new();
    let content: Vec<u8> = [[7].as_slice(), &image(0), &[2], &image(1)].concat();
    let file = tree.write("data_batch_1.bin", &content);
    assert_is(&read_cifar_batch(&file).unwrap(), &[7, 2]);
    let cut = tree.write("cut.bin", &content[..6000]);
    says(
        read_cifar_batch(&cut),
        &["cut.bin", "6000 bytes, expected a multiple of 3073"],
    );
    let empty = tree.write("empty.bin", b"");
    says(read_cifar_batch(&empty), &["empty.bin", "0 bytes"]);
}

#[test]
fn both_forms_of_the_data_set_give_the_same() {
    let tree = Tree::new();
    let record = |label: u8, n: usize| [&[label][..], &image(n)].concat();
    for number in 1..=5u8 {
        let two = [record(number, 0), record(number + 1, 1)].concat();
        tree.write(&format!("bin/data_batch_{number}.bin"), two);
        let two = python2(&[number, number + 1], [2, 3072], &images(2));
        tree.write(&format!("py/data_batch_{number}"), two);
    }
    tree.write("bin/test_batch.bin", record(9, 0));
    tree.write("py/test_batch", python2(&[9], [1, 3072], &images(1)));
    let train = read_cifar10(&tree.path("bin"), Split::Train).unwrap();
    assert_eq!(train.labels, [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    assert_eq!(train.pixels, images(2).repeat(5));
    assert_eq!(read_cifar10(&tree.path("py"), Split::Train).unwrap(), train);
    let test = read_cifar10(&tree.path("bin"), Split::Test).unwrap();
    assert_eq!(
        (test.labels.as_slice(), &test.pixels),
        (&[9][..], &image(0))
    );
    assert_eq!(read_cifar10(&tree.path("py"), Split::Test).unwrap(), test);
    tree.write("bin/test_batch.bin", record(10, 0));
    says(
        read_cifar10(&tree.path("bin"), Split::Test),
        &["test_batch.bin", "label 0 is 10"],
    );
    says(
        read_cifar10(&tree.path("none"), Split::Test),
        &["test_batch", "reading"],
    );
}

#[test]
fn nothing_is_executed() {
    let tree = Tree::new();
    // What Python would run on loading.
    for (name, content) in [
        ("system", b"cos\nsystem\n(S'echo'\ntR.".to_vec()),
        (
            "os",
            b"\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00echoq\x01\x85q\x02Rq\x03.".to_vec(),
        ),
        (
            "new",
            b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x031+1\x85R.".to_vec(),
        ),
    ] {
        let file = tree.write(name, content);
        says(
            read_cifar_pickle(&file),
            &[name, "nothing of it was executed"],
        );
    }
}

#[test]
fn what_a_batch_must_have() {
    let tree = Tree::new();
    let read = |content: &[u8]| read_cifar_pickle(&tree.write("x", content));
    says(read(b"\x80\x02}."), &["no entry 'labels'"]);
    says(read(b"\x80\x02}U\x06labels]s."), &["no entry 'data'"]);
    says(
        read(b"\x80\x02}U\x06labelsK\x01s."),
        &["'labels' is no list"],
    );
    says(
        read(b"\x80\x02}(U\x06labels]U\x04dataK\x01u."),
        &["'data' is no NumPy array"],
    );
    says(
        read(&python2(&[1], [2, 3072], &images(2))),
        &["[2, 3072], expected [1, 3072]"],
    );
    says(read(&python2(&[1, 2], [2, 3072], &images(1))), &["damaged"]);
    // 65,535² values are promised.
    says(
        read(&python2(&[1, 2], [65_535, 65_535], &images(1))),
        &["damaged"],
    );
    let whole = python2(&[1], [1, 3072], &images(1));
    for len in (0..whole.len()).step_by(11) {
        assert!(read(&whole[..len]).is_err(), "{len}");
    }
    says(read(&whole[..100]), &["cut off"]);
}

/// A value used by two others, which are used by two others, and so on: a terabyte if it were written out.
#[test]
fn values_used_again_and_again_take_no_more_memory() {
    let tree = Tree::new();
    let mut content = b"\x80\x02]q\x00".to_vec();
    for level in 0..40u8 {
        content.extend([b'(', b'h', level, b'h', level, b'l', b'q', level + 1]);
    }
    content.push(b'.');
    says(
        read_cifar_pickle(&tree.write("bomb", content)),
        &["no entry 'labels'"],
    );
}

proptest! {
    #[test]
    fn no_content_panics(content in proptest::collection::vec(any::<u8>(), 0..300)) {
        let tree = Tree::new();
        prop_assert!(read_cifar_pickle(&tree.write("x", content)).is_err());
    }

    #[test]
    fn no_damage_panics(at in 0usize..400, value: u8) {
        let tree = Tree::new();
        let mut content = python2(&[1, 2], [2, 3072], &images(2));
        content[at] = value;
        // Some bytes do not matter; the values of a batch that is accepted are those of the file.
        if let Ok(batch) = read_cifar_pickle(&tree.write("x", content)) {
            prop_assert_eq!(batch.labels.len(), 2);
        }
    }
}
