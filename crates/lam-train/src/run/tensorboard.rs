//! Event files that TensorBoard opens: scalars as protobuf `Event`s in TFRecord frames.
//!
//! The few messages needed are encoded by hand; a code generator would be larger than they are.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::RunError;

/// How the name of an event file begins; TensorBoard looks for it.
pub(super) const EVENT_FILE_PREFIX: &str = "events.out.tfevents.";

/// Bytes around the data of a frame: length, its checksum, the data's checksum.
const LENGTH_BYTES: usize = 8;
const CHECKSUM_BYTES: usize = 4;

/// Writes one event file.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: File,
}

impl EventWriter {
    /// Begins an event file in a run's folder. With `resumed_after`, TensorBoard forgets the events
    /// of later steps that an earlier, interrupted process wrote.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(folder: &Path, resumed_after: Option<u64>) -> Result<Self, RunError> {
        let path = folder.join(new_name(folder)?);
        let file = File::create_new(&path).map_err(RunError::io("write", &path))?;
        let mut writer = Self { path, file };
        let mut version = Message::event(0);
        version.bytes(3, b"brain.Event:2"); // file_version
        writer.write(&version)?;
        if let Some(step) = resumed_after {
            let mut start = Message::default();
            start.varint(1, 1); // status: START
            let mut event = Message::event(step.saturating_add(1));
            event.bytes(7, &start.0); // session_log
            writer.write(&event)?;
        }
        Ok(writer)
    }

    /// The file being written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds scalars of one step and hands them to the operating system.
    ///
    /// # Errors
    /// The path and the system's reason.
    pub fn add_scalars(&mut self, step: u64, scalars: &[(&str, f32)]) -> Result<(), RunError> {
        let mut summary = Message::default();
        for (tag, value) in scalars {
            let mut entry = Message::default();
            entry.bytes(1, tag.as_bytes());
            entry.float(2, *value); // simple_value
            summary.bytes(1, &entry.0);
        }
        let mut event = Message::event(step);
        event.bytes(5, &summary.0);
        self.write(&event)
    }

    fn write(&mut self, event: &Message) -> Result<(), RunError> {
        // One write a frame: a crash tears at most the last, which TensorBoard ignores.
        self.file
            .write_all(&frame(&event.0))
            .map_err(RunError::io("write", &self.path))
    }
}

/// `events.out.tfevents.<seconds>.<host>.<process>`, later in the alphabet than those already there,
/// since TensorBoard reads a folder's files in that order.
fn new_name(folder: &Path) -> Result<String, RunError> {
    let failed = || RunError::io("read the folder", folder);
    let mut seconds = now() as u64;
    for entry in fs::read_dir(folder).map_err(failed())? {
        let name = entry.map_err(failed())?.file_name();
        let name = name.to_string_lossy();
        let earlier = name
            .strip_prefix(EVENT_FILE_PREFIX)
            .and_then(|rest| rest.split('.').next())
            .and_then(|digits| digits.parse::<u64>().ok());
        if let Some(earlier) = earlier {
            seconds = seconds.max(earlier.saturating_add(1));
        }
    }
    let process = std::process::id();
    Ok(format!(
        "{EVENT_FILE_PREFIX}{seconds:010}.{}.{process}",
        host()
    ))
}

fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .unwrap_or_default();
    let safe: String = name
        .trim()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(64)
        .collect();
    if safe.is_empty() {
        "localhost".to_owned()
    } else {
        safe
    }
}

/// Seconds since 1970; zero on a clock before that.
fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}

/// A protobuf message under construction.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// An `Event` with its time and step.
    fn event(step: u64) -> Self {
        let mut event = Self::default();
        event.key(1, 1); // wall_time
        event.0.extend(now().to_le_bytes());
        event.varint(2, step);
        event
    }

    fn key(&mut self, field: u64, wire_type: u64) {
        self.raw_varint(field << 3 | wire_type);
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn varint(&mut self, field: u64, value: u64) {
        self.key(field, 0);
        self.raw_varint(value);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.raw_varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn float(&mut self, field: u64, value: f32) {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
    }
}

/// TFRecord's checksum: CRC-32C, rotated and shifted so that it may itself be checksummed.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// Data in a TFRecord frame.
fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut out = Vec::with_capacity(data.len() + LENGTH_BYTES + 2 * CHECKSUM_BYTES);
    out.extend(length);
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend(data);
    out.extend(masked_crc(data).to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_and_fields_by_the_protobuf_guide() {
        let mut message = Message::default();
        message.varint(1, 150);
        message.bytes(2, b"testing");
        // https://protobuf.dev/programming-guides/encoding: 08 96 01, 12 07 74 65 73 74 69 6e 67
        assert_eq!(message.0, b"\x08\x96\x01\x12\x07testing");
    }

    #[test]
    fn crc_by_rfc_3720() {
        // RFC 3720, B.4: 32 bytes of zeros.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn frames_carry_length_and_two_checksums() {
        // 32 zero bytes: the data's checksum follows from RFC 3720's value by hand,
        // rotate_right(0x8a9136aa, 15) = 0x6d551522, plus 0xa282ead8.
        let bytes = frame(&[0; 32]);
        assert_eq!(bytes.len(), 8 + 4 + 32 + 4);
        assert_eq!(&bytes[..8], 32u64.to_le_bytes());
        assert_eq!(&bytes[44..], 0x0fd7_fffau32.to_le_bytes());
    }
}
