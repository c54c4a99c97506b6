//! The bytes of a pickle, from front to back.

use crate::PickleError;

pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Start of the present instruction.
    instruction: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            instruction: 0,
        }
    }

    /// Bytes that were read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Start of the present instruction.
    pub(crate) fn instruction(&self) -> usize {
        self.instruction
    }

    /// What the present instruction has wrong.
    pub(crate) fn damaged(&self, reason: impl Into<String>) -> PickleError {
        PickleError::Damaged {
            at: self.instruction,
            reason: reason.into(),
        }
    }

    /// Code of the next instruction.
    pub(crate) fn code(&mut self) -> Result<u8, PickleError> {
        self.instruction = self.at;
        let [code] = self.array()?;
        Ok(code)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        let end = self.at.checked_add(length);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| self.cut_off())?;
        self.at += length;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| self.cut_off())
    }

    /// An unsigned number of up to eight bytes, the lowest first.
    pub(crate) fn number(&mut self, bytes: usize) -> Result<u64, PickleError> {
        let digits = self.take(bytes)?.iter().rev();
        Ok(digits.fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Bytes after their number, itself of that many bytes.
    pub(crate) fn counted(&mut self, bytes: usize) -> Result<&'a [u8], PickleError> {
        let length = self.number(bytes)?;
        let length = usize::try_from(length).map_err(|_| self.cut_off())?;
        self.take(length)
    }

    /// Bytes up to the end of the line, without it.
    pub(crate) fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let length = length.ok_or_else(|| self.cut_off())?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    /// A line that is ASCII or UTF-8.
    pub(crate) fn text_line(&mut self) -> Result<&'a str, PickleError> {
        let line = self.line()?;
        std::str::from_utf8(line).map_err(|_| self.damaged("a line that is no text"))
    }

    fn cut_off(&self) -> PickleError {
        PickleError::CutOff {
            length: self.bytes.len(),
        }
    }
}
