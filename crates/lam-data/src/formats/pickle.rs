//! Python pickles of plain values and NumPy arrays of bytes; nothing is ever executed.
//!
//! A pickle is a program for a small stack machine. Those instructions are understood that plain values
//! and arrays need, protocols 0 to 4. The three calls that arrays are made by are recognised by name
//! and done here; any other is refused. Values refer to each other by number, so that memory is bounded
//! by the length of the file however often a value is used again.

use std::collections::HashMap;
use std::ops::Range;

/// A value; others that it contains are numbers of the same [`Pickled`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// Bytes of the file: a string of Python 2, bytes or text of Python 3.
    Slice(Range<usize>),
    /// Bytes that the file holds in another form.
    Bytes(Vec<u8>),
    Tuple(Vec<usize>),
    List(Vec<usize>),
    Dict(Vec<(usize, usize)>),
    /// The name of something in a Python module.
    Global(String),
    /// A NumPy type that is not bytes.
    OtherType,
    /// The NumPy type of bytes.
    ByteType,
    /// A NumPy array whose content has not come yet.
    EmptyArray,
    /// A NumPy array of bytes; its content is the value of that number.
    Array {
        shape: Vec<usize>,
        data: usize,
    },
}

/// The outermost value, with all that it contains.
pub(crate) struct Pickled<'a> {
    file: &'a [u8],
    values: Vec<Value>,
    outermost: usize,
}

impl Pickled<'_> {
    /// The value of that name, if the outermost one is a dictionary that has it.
    pub(crate) fn entry(&self, name: &str) -> Option<&Value> {
        let Some(Value::Dict(items)) = self.values.get(self.outermost) else {
            return None;
        };
        let (_, value) = items
            .iter()
            .find(|(key, _)| self.bytes(key) == name.as_bytes())?;
        self.values.get(*value)
    }

    /// The bytes of a value that has some.
    pub(crate) fn bytes(&self, value: &usize) -> &[u8] {
        match self.values.get(*value) {
            Some(Value::Slice(range)) => self.file.get(range.clone()).unwrap_or_default(),
            Some(Value::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    /// A list of numbers from 0 to 255.
    pub(crate) fn small_integers(&self, name: &str) -> Option<Vec<u8>> {
        let (Value::List(items) | Value::Tuple(items)) = self.entry(name)? else {
            return None;
        };
        let number = |item: &usize| match self.values.get(*item)? {
            Value::Int(number) => u8::try_from(*number).ok(),
            _ => None,
        };
        items.iter().map(number).collect()
    }
}

/// Reads a pickle; the error says what is wrong, and where.
pub(crate) fn read(file: &[u8]) -> Result<Pickled<'_>, String> {
    let mut machine = Machine {
        file,
        at: 0,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let at = machine.at;
        match machine.step() {
            Ok(None) => {}
            Ok(Some(outermost)) => {
                return Ok(Pickled {
                    file,
                    values: machine.values,
                    outermost,
                });
            }
            Err(Stop::CutOff) => return Err(format!("the pickle is cut off after {at} bytes")),
            Err(Stop::Damaged) => return Err(format!("the pickle is damaged at byte {at}")),
            Err(Stop::Refused(what)) => {
                return Err(format!(
                    "the pickle asks at byte {at} for {what}, which a table of pictures does not need; \
                     nothing of it was executed"
                ));
            }
        }
    }
}

enum Stop {
    CutOff,
    Damaged,
    Refused(String),
}

struct Machine<'a> {
    file: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<usize>,
    marks: Vec<usize>,
    memo: HashMap<u32, usize>,
}

impl Machine<'_> {
    /// One instruction; the outermost value at the last.
    fn step(&mut self) -> Result<Option<usize>, Stop> {
        match self.byte()? {
            b'.' => return self.pop().map(Some),
            0x80 => {
                self.byte()?; // protocol
            }
            0x95 => {
                self.take(8)?; // length of a frame
            }
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.since_mark()?;
            }
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => {
                let number = self.byte()?;
                self.push(Value::Int(number.into()));
            }
            b'M' => {
                let number = self.unsigned(2)?;
                self.push(Value::Int(number as i64));
            }
            b'J' => {
                let number = self.unsigned(4)? as u32 as i32;
                self.push(Value::Int(number.into()));
            }
            b'I' => self.decimal()?,
            0x8a => self.long()?,
            b'G' => {
                self.take(8)?; // a number with a fraction; none is ever used
                self.push(Value::None);
            }
            b'U' | b'C' | 0x8c => self.slice(1)?,
            b'T' | b'B' | b'X' => self.slice(4)?,
            0x8d | 0x8e => self.slice(8)?,
            b')' => self.push(Value::Tuple(Vec::new())),
            b'\x85' => self.tuple(1)?,
            b'\x86' => self.tuple(2)?,
            b'\x87' => self.tuple(3)?,
            b't' => {
                let items = self.since_mark()?;
                self.push(Value::Tuple(items));
            }
            b']' => self.push(Value::List(Vec::new())),
            b'l' => {
                let items = self.since_mark()?;
                self.push(Value::List(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b'e' => {
                let items = self.since_mark()?;
                self.extend(items)?;
            }
            b'}' => self.push(Value::Dict(Vec::new())),
            b'd' => {
                let items = self.since_mark()?;
                self.push(Value::Dict(pairs(&items)?));
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(vec![key, value])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set_items(items)?;
            }
            b'q' => {
                let slot = self.byte()?;
                self.remember(slot.into())?;
            }
            b'r' => {
                let slot = self.unsigned(4)? as u32;
                self.remember(slot)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'p' => {
                let slot = self.slot()?;
                self.remember(slot)?;
            }
            b'h' => {
                let slot = self.byte()?;
                self.recall(slot.into())?;
            }
            b'j' => {
                let slot = self.unsigned(4)? as u32;
                self.recall(slot)?;
            }
            b'g' => {
                let slot = self.slot()?;
                self.recall(slot)?;
            }
            b'c' => {
                let module = self.line()?.to_owned();
                let name = self.line()?;
                let global = Value::Global(format!("{module}.{name}"));
                self.push(global);
            }
            0x93 => {
                let name = self.pop()?;
                let module = self.pop()?;
                let global = format!("{}.{}", self.text(module)?, self.text(name)?);
                self.push(Value::Global(global));
            }
            b'R' => self.call()?,
            b'b' => self.build()?,
            other => return Err(Stop::Refused(format!("instruction {other:#04x}"))),
        }
        Ok(None)
    }

    /// A call: one of the three that make arrays of bytes.
    fn call(&mut self) -> Result<(), Stop> {
        let arguments = self.pop()?;
        let callable = self.pop()?;
        let (Some(Value::Global(name)), Some(Value::Tuple(arguments))) =
            (self.values.get(callable), self.values.get(arguments))
        else {
            return Err(Stop::Damaged);
        };
        let made = match (name.as_str(), arguments.as_slice()) {
            // How Python 3 writes bytes for Python 2: as text, each byte a character.
            ("_codecs.encode", &[text, encoding]) if self.text(encoding)? == "latin1" => {
                let bytes = self.text(text)?.chars().map(u32::from).map(u8::try_from);
                Value::Bytes(bytes.collect::<Result<_, _>>().map_err(|_| Stop::Damaged)?)
            }
            (
                "numpy.core.multiarray._reconstruct" | "numpy._core.multiarray._reconstruct",
                &[_, _, _],
            ) => Value::EmptyArray,
            ("numpy.dtype", &[kind, ..]) => match self.text(kind)? {
                "u1" => Value::ByteType,
                _ => Value::OtherType,
            },
            (name, _) => return Err(Stop::Refused(format!("a call of {name}"))),
        };
        self.push(made);
        Ok(())
    }

    /// Content of an array; what belongs to a type besides its name is passed over.
    fn build(&mut self) -> Result<(), Stop> {
        let state = self.pop()?;
        let target = *self.stack.last().ok_or(Stop::Damaged)?;
        match self.values.get(target) {
            Some(Value::ByteType | Value::OtherType) => return Ok(()),
            Some(Value::EmptyArray) => {}
            _ => return Err(Stop::Refused("an object that is no array".to_owned())),
        }
        let Some(Value::Tuple(state)) = self.values.get(state) else {
            return Err(Stop::Damaged);
        };
        let &[_, shape, kind, by_columns, data] = state.as_slice() else {
            return Err(Stop::Damaged);
        };
        let Some(Value::Tuple(dims)) = self.values.get(shape) else {
            return Err(Stop::Damaged);
        };
        let dim = |dim: &usize| match self.values.get(*dim) {
            Some(Value::Int(number)) => usize::try_from(*number).map_err(|_| Stop::Damaged),
            _ => Err(Stop::Damaged),
        };
        let shape: Vec<usize> = dims.iter().map(dim).collect::<Result<_, _>>()?;
        if self.values.get(kind) != Some(&Value::ByteType) {
            return Err(Stop::Refused("an array that is not of bytes".to_owned()));
        }
        if self.values.get(by_columns) != Some(&Value::Bool(false)) {
            return Err(Stop::Refused("an array in column order".to_owned()));
        }
        let product = shape.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
        let found = match self.values.get(data) {
            Some(Value::Slice(range)) => range.len(),
            Some(Value::Bytes(bytes)) => bytes.len(),
            _ => return Err(Stop::Damaged),
        };
        if product != Some(found) {
            return Err(Stop::Damaged);
        }
        self.values[target] = Value::Array { shape, data };
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<usize, Stop> {
        self.stack.pop().ok_or(Stop::Damaged)
    }

    /// What lies on the stack above the last mark.
    fn since_mark(&mut self) -> Result<Vec<usize>, Stop> {
        let mark = self.marks.pop().ok_or(Stop::Damaged)?;
        if mark > self.stack.len() {
            return Err(Stop::Damaged);
        }
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, len: usize) -> Result<(), Stop> {
        let start = self.stack.len().checked_sub(len).ok_or(Stop::Damaged)?;
        let items = self.stack.split_off(start);
        self.push(Value::Tuple(items));
        Ok(())
    }

    fn extend(&mut self, more: Vec<usize>) -> Result<(), Stop> {
        let list = *self.stack.last().ok_or(Stop::Damaged)?;
        match self.values.get_mut(list) {
            Some(Value::List(items)) => items.extend(more),
            _ => return Err(Stop::Damaged),
        }
        Ok(())
    }

    fn set_items(&mut self, more: Vec<usize>) -> Result<(), Stop> {
        let dict = *self.stack.last().ok_or(Stop::Damaged)?;
        match self.values.get_mut(dict) {
            Some(Value::Dict(items)) => items.extend(pairs(&more)?),
            _ => return Err(Stop::Damaged),
        }
        Ok(())
    }

    fn remember(&mut self, slot: u32) -> Result<(), Stop> {
        let top = *self.stack.last().ok_or(Stop::Damaged)?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn recall(&mut self, slot: u32) -> Result<(), Stop> {
        let value = *self.memo.get(&slot).ok_or(Stop::Damaged)?;
        self.stack.push(value);
        Ok(())
    }

    /// Text of a value.
    fn text(&self, value: usize) -> Result<&str, Stop> {
        let bytes = match self.values.get(value) {
            Some(Value::Slice(range)) => self.file.get(range.clone()).unwrap_or_default(),
            Some(Value::Bytes(bytes)) => bytes,
            _ => return Err(Stop::Damaged),
        };
        std::str::from_utf8(bytes).map_err(|_| Stop::Damaged)
    }

    fn take(&mut self, len: usize) -> Result<Range<usize>, Stop> {
        let end = self.at.checked_add(len).ok_or(Stop::CutOff)?;
        if end > self.file.len() {
            return Err(Stop::CutOff);
        }
        let taken = self.at..end;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let at = self.take(1)?.start;
        Ok(self.file[at])
    }

    /// A number of up to eight bytes, the lowest first.
    fn unsigned(&mut self, bytes: usize) -> Result<u64, Stop> {
        let range = self.take(bytes)?;
        let digits = self.file[range].iter().rev();
        Ok(digits.fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Bytes after their length, itself of that many bytes.
    fn slice(&mut self, length_bytes: usize) -> Result<(), Stop> {
        let len = self.unsigned(length_bytes)?;
        let range = self.take(usize::try_from(len).map_err(|_| Stop::CutOff)?)?;
        self.push(Value::Slice(range));
        Ok(())
    }

    /// A number of up to eight bytes with a sign.
    fn long(&mut self) -> Result<(), Stop> {
        let len = usize::from(self.byte()?);
        if len > 8 {
            return Err(Stop::Refused("a number of more than 64 bits".to_owned()));
        }
        let number = self.unsigned(len)?;
        let unused = 64 - 8 * len as u32;
        let signed = match unused {
            64 => 0,
            unused => ((number << unused) as i64) >> unused,
        };
        self.push(Value::Int(signed));
        Ok(())
    }

    fn line(&mut self) -> Result<&str, Stop> {
        let rest = &self.file[self.at..];
        let len = rest.iter().position(|&byte| byte == b'\n');
        let len = len.ok_or(Stop::CutOff)?;
        self.at += len + 1;
        std::str::from_utf8(&rest[..len]).map_err(|_| Stop::Damaged)
    }

    fn decimal(&mut self) -> Result<(), Stop> {
        let value = match self.line()? {
            "00" => Value::Bool(false),
            "01" => Value::Bool(true),
            digits => Value::Int(digits.parse().map_err(|_| Stop::Damaged)?),
        };
        self.push(value);
        Ok(())
    }

    fn slot(&mut self) -> Result<u32, Stop> {
        self.line()?.parse().map_err(|_| Stop::Damaged)
    }
}

fn pairs(items: &[usize]) -> Result<Vec<(usize, usize)>, Stop> {
    let (pairs, rest) = items.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
    } else {
        Err(Stop::Damaged)
    }
}
