//! Event files, decoded by a reader written against the formats' descriptions (TFRecord, protobuf), and
//! by TensorBoard itself where `$LAM_TENSORBOARD_PYTHON` names a Python that has it.

use std::path::Path;
use std::process::Command;

use lam_train::run::EventWriter;

/// CRC-32C bit by bit (reflected polynomial 0x82F63B78).
fn crc32c_bitwise(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0x82f6_3b78
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

fn masked(bytes: &[u8]) -> u32 {
    crc32c_bitwise(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The data of every frame; both checksums are verified.
fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(u32_at(bytes, 8), masked(&bytes[..8]));
        let data = &bytes[12..12 + length];
        assert_eq!(u32_at(bytes, 12 + length), masked(data));
        frames.push(data);
        bytes = &bytes[16 + length..];
    }
    frames
}

#[derive(Debug, PartialEq)]
enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let (field, used) = match key & 7 {
            0 => (Field::Varint(varint(&mut bytes)), 0),
            1 => (
                Field::Fixed64(u64::from_le_bytes(bytes[..8].try_into().unwrap())),
                8,
            ),
            2 => {
                let length = varint(&mut bytes) as usize;
                (Field::Bytes(&bytes[..length]), length)
            }
            5 => (Field::Fixed32(u32_at(bytes, 0)), 4),
            other => panic!("wire type {other}"),
        };
        bytes = &bytes[used..];
        fields.push((key >> 3, field));
    }
    fields
}

fn bytes_of<'a>(fields: &[(u64, Field<'a>)], number: u64) -> Vec<&'a [u8]> {
    let only = |(n, field): &(u64, Field<'a>)| match field {
        Field::Bytes(bytes) if *n == number => Some(*bytes),
        _ => None,
    };
    fields.iter().filter_map(only).collect()
}

#[test]
fn events_decode_to_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = EventWriter::create(dir.path(), None).unwrap();
    writer.add_scalars(0, &[("train/loss", 0.75)]).unwrap();
    writer
        .add_scalars(300, &[("train/loss", 0.5), ("lr", 1e-5)])
        .unwrap();
    let bytes = std::fs::read(writer.path()).unwrap();
    let frames = frames(&bytes);
    assert_eq!(frames.len(), 3);
    let first = fields(frames[0]);
    assert_eq!(bytes_of(&first, 3), [b"brain.Event:2"]);
    let event = fields(frames[2]);
    assert!(event.contains(&(2, Field::Varint(300))));
    let Field::Fixed64(time) = event[0].1 else {
        panic!("no wall time")
    };
    let age = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
        - f64::from_bits(time);
    assert!(event[0].0 == 1 && (0.0..60.0).contains(&age), "{age}");
    let summary = fields(bytes_of(&event, 5)[0]);
    let values: Vec<(&[u8], u32)> = bytes_of(&summary, 1)
        .iter()
        .map(|value| match fields(value).as_slice() {
            [(1, Field::Bytes(tag)), (2, Field::Fixed32(bits))] => (*tag, *bits),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        values,
        [
            (&b"train/loss"[..], 0.5f32.to_bits()),
            (&b"lr"[..], 1e-5f32.to_bits())
        ]
    );
}

#[test]
fn a_resumed_run_adds_a_file_that_sorts_last_and_starts_after_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let first = EventWriter::create(dir.path(), None).unwrap();
    let second = EventWriter::create(dir.path(), Some(41)).unwrap();
    let third = EventWriter::create(dir.path(), Some(50)).unwrap();
    assert!(first.path() < second.path() && second.path() < third.path());
    let name = first
        .path()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert!(name.starts_with("events.out.tfevents."), "{name}");
    let bytes = std::fs::read(second.path()).unwrap();
    let frames = frames(&bytes);
    let start = fields(frames[1]);
    assert!(start.contains(&(2, Field::Varint(42))));
    assert_eq!(fields(bytes_of(&start, 7)[0]), [(1, Field::Varint(1))]);
}

#[test]
fn an_unwritable_folder_is_named() {
    let error = EventWriter::create(Path::new("/nonexistent/run"), None).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/run: "), "{error}");
}

/// Prints every scalar as `tag step value`, the value as the bits of an f32.
const READ_BACK: &str = "
import struct, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0}).Reload()
for tag in sorted(events.Tags()['scalars']):
    for e in events.Scalars(tag):
        print(tag, e.step, struct.unpack('<I', struct.pack('<f', e.value))[0])
";

#[test]
fn tensorboard_itself_reads_the_scalars_and_forgets_what_was_redone() {
    let Some(python) = std::env::var_os("LAM_TENSORBOARD_PYTHON") else {
        eprintln!("skipped: LAM_TENSORBOARD_PYTHON names no Python with TensorBoard");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let loss = |step: u64| 1.0 / (step as f32 + 3.0);
    // Steps 1 to 8, a crash, a checkpoint after 5, then 6 to 10 with other values.
    let mut writer = EventWriter::create(dir.path(), None).unwrap();
    for step in 1..=8 {
        writer
            .add_scalars(step, &[("loss", loss(step)), ("val/map@5", 0.25)])
            .unwrap();
    }
    let mut writer = EventWriter::create(dir.path(), Some(5)).unwrap();
    for step in 6..=10 {
        writer.add_scalars(step, &[("loss", -loss(step))]).unwrap();
    }
    let output = Command::new(python)
        .args(["-c", READ_BACK])
        .arg(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = |step: u64| {
        let value = if step <= 5 { loss(step) } else { -loss(step) };
        format!("loss {step} {}\n", value.to_bits())
    };
    let maps = (1..=5).map(|step| format!("val/map@5 {step} {}\n", 0.25f32.to_bits()));
    let expected: String = (1..=10).map(line).chain(maps).collect();
    assert_eq!(
        said,
        expected,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
