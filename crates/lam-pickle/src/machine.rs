//! The stack machine that a pickle is a program for.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::dangerous::is_dangerous;
use crate::escapes;
use crate::input::Input;
use crate::{Call, Id, Node, Pickle, PickleError};

/// Longest name of a module, function or class.
const MAX_NAME: usize = 1000;

/// Reads one pickle from the start of `file`; more may follow it ([`Pickle::length`]).
///
/// Memory is bounded by the length of the file and by `max_nodes`, the number of values it may have: no value is
/// written out twice, however often it is used.
///
/// # Errors
/// [`PickleError`]: where it is cut off or damaged, too large, or asks to run something.
pub fn read(file: &[u8], max_nodes: usize) -> Result<Pickle<'_>, PickleError> {
    let mut machine = Machine {
        input: Input::new(file),
        max_nodes: max_nodes.min(u32::MAX as usize),
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let code = machine.input.code()?;
        if code == b'.' {
            return Ok(Pickle {
                root: machine.pop()?,
                nodes: machine.nodes,
                length: machine.input.position(),
            });
        }
        machine.step(code)?;
    }
}

struct Machine<'a> {
    input: Input<'a>,
    max_nodes: usize,
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

type Step = Result<(), PickleError>;

impl<'a> Machine<'a> {
    /// One instruction; the comments are Python's names of those whose code says little.
    fn step(&mut self, code: u8) -> Step {
        match code {
            // PROTO, FRAME
            0x80 => self.input.take(1).map(drop),
            0x95 => self.input.take(8).map(drop),

            // The stack and the memo.
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.discard(),
            b'1' => self.since_mark().map(drop), // POP_MARK
            b'2' => self.top().map(|top| self.stack.push(top)), // DUP
            b'p' => self.decimal().and_then(|slot| self.remember(slot)),
            b'q' => self.input.number(1).and_then(|slot| self.remember(slot)),
            b'r' => self.input.number(4).and_then(|slot| self.remember(slot)),
            0x94 => self.remember(self.memo.len() as u64), // MEMOIZE
            b'g' => self.decimal().and_then(|slot| self.recall(slot)),
            b'h' => self.input.number(1).and_then(|slot| self.recall(slot)),
            b'j' => self.input.number(4).and_then(|slot| self.recall(slot)),

            // Plain values.
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'K' => self.unsigned(1),
            b'M' => self.unsigned(2),
            b'J' => {
                let number = i32::from_le_bytes(self.input.array()?);
                self.push(Node::Int(number.into()))
            }
            0x8a => self.input.counted(1).and_then(|bytes| self.long(bytes)),
            0x8b => self.input.counted(4).and_then(|bytes| self.long(bytes)),
            b'I' => self.integer_line(),
            b'L' => self.long_line(),
            b'G' => {
                let number = f64::from_be_bytes(self.input.array()?);
                self.push(Node::Float(number))
            }
            b'F' => {
                let line = self.input.text_line()?;
                let number = line.trim().parse();
                let number = number.map_err(|_| self.input.damaged("no number"))?;
                self.push(Node::Float(number))
            }

            // Texts and bytes. The strings of Python 2 (U, T, S) are texts here.
            0x8c | b'U' => self.input.counted(1).and_then(|b| self.text(b)),
            b'X' | b'T' => self.input.counted(4).and_then(|b| self.text(b)),
            0x8d => self.input.counted(8).and_then(|b| self.text(b)),
            b'S' => {
                let text = escapes::quoted(self.input.line()?);
                let text = text.ok_or_else(|| self.input.damaged("a string without its quotes"))?;
                self.push(Node::Text(text))
            }
            b'V' => {
                let text = escapes::raw_unicode(self.input.line()?);
                let text = text.ok_or_else(|| self.input.damaged("an incomplete escape"))?;
                self.push(Node::Text(text))
            }
            b'C' => self.input.counted(1).and_then(|b| self.blob(b)),
            b'B' => self.input.counted(4).and_then(|b| self.blob(b)),
            0x8e | 0x96 => self.input.counted(8).and_then(|b| self.blob(b)),

            // Containers.
            b')' => self.push(Node::Tuple(Vec::new())),
            0x85..=0x87 => self.short_tuple(usize::from(code - 0x84)),
            b't' => {
                let items = self.since_mark()?;
                self.push(Node::Tuple(items))
            }
            b']' => self.push(Node::List(Vec::new())),
            b'l' => {
                let items = self.since_mark()?;
                self.push(Node::List(items))
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item])
            }
            b'e' => {
                let items = self.since_mark()?;
                self.extend(&items)
            }
            0x8f => self.push(Node::Set(Vec::new())),
            0x91 => {
                let items = self.since_mark()?; // FROZENSET
                self.push(Node::Set(items))
            }
            0x90 => {
                let items = self.since_mark()?; // ADDITEMS
                self.add(&items)
            }
            b'}' => self.push(Node::Dict(Vec::new())),
            b'd' => {
                let items = self.since_mark()?;
                let entries = self.pairs(&items)?;
                self.push(Node::Dict(entries))
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(&items)
            }

            // Names, and what would be called.
            b'c' => {
                let global = self.named()?;
                self.stack.push(global);
                Ok(())
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?); // STACK_GLOBAL
                let global = self.global(module, name)?;
                self.stack.push(global);
                Ok(())
            }
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?); // REDUCE, NEWOBJ
                self.call(callable, arguments, None)
            }
            0x92 => {
                // NEWOBJ_EX
                let (keywords, arguments, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(callable, arguments, Some(keywords))
            }
            b'o' => {
                let items = self.since_mark()?; // OBJ
                let (&callable, arguments) = items
                    .split_first()
                    .ok_or_else(|| self.input.damaged("an object of no class"))?;
                let arguments = self.make(Node::Tuple(arguments.to_vec()))?;
                self.call(callable, arguments, None)
            }
            b'i' => {
                let callable = self.named()?; // INST
                let arguments = self.since_mark()?;
                let arguments = self.make(Node::Tuple(arguments))?;
                self.call(callable, arguments, None)
            }
            b'b' => self.build(),
            b'P' => {
                let line = self.input.line()?;
                let id = self.make(Node::Text(Cow::Borrowed(line)))?;
                self.push(Node::Persistent(id))
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))
            }
            other => Err(self
                .input
                .damaged(format!("instruction {other:#04x} is unknown"))),
        }
    }

    // Values.

    /// A value that is not on the stack.
    fn make(&mut self, node: Node<'a>) -> Result<Id, PickleError> {
        if self.nodes.len() >= self.max_nodes {
            return Err(PickleError::TooManyNodes {
                limit: self.max_nodes,
            });
        }
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(node);
        Ok(id)
    }

    fn push(&mut self, node: Node<'a>) -> Step {
        let id = self.make(node)?;
        self.stack.push(id);
        Ok(())
    }

    fn text(&mut self, text: &'a [u8]) -> Step {
        self.push(Node::Text(Cow::Borrowed(text)))
    }

    fn blob(&mut self, bytes: &'a [u8]) -> Step {
        self.push(Node::Bytes(Cow::Borrowed(bytes)))
    }

    fn unsigned(&mut self, bytes: usize) -> Step {
        let number = self.input.number(bytes)?;
        self.push(Node::Int(number as i64))
    }

    /// Two's complement, the lowest byte first.
    fn long(&mut self, bytes: &[u8]) -> Step {
        if bytes.len() > 8 {
            return self.push(Node::BigInt);
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut whole = [if negative { 0xff } else { 0 }; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        self.push(Node::Int(i64::from_le_bytes(whole)))
    }

    fn integer_line(&mut self) -> Step {
        match self.input.line()? {
            b"00" => self.push(Node::Bool(false)),
            b"01" => self.push(Node::Bool(true)),
            digits => self.digits(digits),
        }
    }

    fn long_line(&mut self) -> Step {
        let line = self.input.line()?;
        self.digits(line.strip_suffix(b"L").unwrap_or(line))
    }

    fn digits(&mut self, digits: &[u8]) -> Step {
        let magnitude = match digits {
            [b'-' | b'+', rest @ ..] => rest,
            all => all,
        };
        if magnitude.is_empty() || !magnitude.iter().all(u8::is_ascii_digit) {
            return Err(self.input.damaged("no number"));
        }
        let number = std::str::from_utf8(digits).ok().map(str::parse);
        match number {
            Some(Ok(number)) => self.push(Node::Int(number)),
            _ => self.push(Node::BigInt),
        }
    }

    /// A slot of the memo.
    fn decimal(&mut self) -> Result<u64, PickleError> {
        let slot = self.input.text_line()?.parse();
        slot.map_err(|_| self.input.damaged("no number"))
    }

    // Containers.

    fn short_tuple(&mut self, length: usize) -> Step {
        let start = self.stack.len().checked_sub(length);
        let start = start.filter(|&start| start >= self.bottom());
        let start = start.ok_or_else(|| self.nothing_there())?;
        let items = self.stack.split_off(start);
        self.push(Node::Tuple(items))
    }

    fn extend(&mut self, items: &[Id]) -> Step {
        match self.top_node()? {
            Node::List(list) => list.extend(items),
            Node::Call(call) => call.items.extend(items),
            _ => return Err(self.input.damaged("items for what is no list")),
        }
        Ok(())
    }

    fn add(&mut self, items: &[Id]) -> Step {
        match self.top_node()? {
            Node::Set(set) => set.extend(items),
            Node::Call(call) => call.items.extend(items),
            _ => return Err(self.input.damaged("items for what is no set")),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Id]) -> Step {
        let more = self.pairs(items)?;
        match self.top_node()? {
            Node::Dict(entries) => entries.extend(more),
            Node::Call(call) => call.entries.extend(more),
            _ => return Err(self.input.damaged("entries for what is no dictionary")),
        }
        Ok(())
    }

    fn pairs(&self, items: &[Id]) -> Result<Vec<(Id, Id)>, PickleError> {
        match items.as_chunks::<2>() {
            (pairs, []) => Ok(pairs.iter().map(|&[key, value]| (key, value)).collect()),
            _ => Err(self.input.damaged("a key without a value")),
        }
    }

    // Calls.

    /// The name in the two lines that follow.
    fn named(&mut self) -> Result<Id, PickleError> {
        let (module, name) = (self.input.line()?, self.input.line()?);
        let module = self.make(Node::Text(Cow::Borrowed(module)))?;
        let name = self.make(Node::Text(Cow::Borrowed(name)))?;
        self.global(module, name)
    }

    fn global(&mut self, module: Id, name: Id) -> Result<Id, PickleError> {
        let text = |id: Id| match &self.nodes[id.0 as usize] {
            Node::Text(text) if text.len() <= MAX_NAME => std::str::from_utf8(text).ok(),
            _ => None,
        };
        let (Some(module_text), Some(name_text)) = (text(module), text(name)) else {
            return Err(self.input.damaged("a function that has no name"));
        };
        if is_dangerous(module_text, name_text) {
            return Err(PickleError::Dangerous {
                at: self.input.instruction(),
                name: format!("{module_text}.{name_text}"),
            });
        }
        self.make(Node::Global { module, name })
    }

    /// Records a call.
    fn call(&mut self, callable: Id, arguments: Id, keywords: Option<Id>) -> Step {
        if !matches!(self.nodes[arguments.0 as usize], Node::Tuple(_)) {
            return Err(self.input.damaged("a call whose arguments are no tuple"));
        }
        self.push(Node::Call(Box::new(Call {
            at: self.input.instruction(),
            callable,
            arguments,
            keywords,
            state: None,
            items: Vec::new(),
            entries: Vec::new(),
        })))
    }

    fn build(&mut self) -> Step {
        let state = self.pop()?;
        match self.top_node()? {
            Node::Call(call) => call.state = Some(state),
            _ => return Err(self.input.damaged("a state for what is no object")),
        }
        Ok(())
    }

    // The stack and the memo.

    /// Height below which the present instructions do not reach.
    fn bottom(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Id, PickleError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn top(&self) -> Result<Id, PickleError> {
        let above = self.stack.get(self.bottom()..).unwrap_or_default();
        above.last().copied().ok_or_else(|| self.nothing_there())
    }

    fn top_node(&mut self) -> Result<&mut Node<'a>, PickleError> {
        let top = self.top()?;
        Ok(&mut self.nodes[top.0 as usize])
    }

    /// Leaves out the topmost value, or a mark that has nothing above it.
    fn discard(&mut self) -> Step {
        if self.stack.len() == self.bottom() && self.marks.pop().is_some() {
            return Ok(());
        }
        self.pop().map(drop)
    }

    /// What lies on the stack above the last mark.
    fn since_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let mark = self.marks.pop();
        let mark = mark.ok_or_else(|| self.input.damaged("the end of what has no beginning"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn remember(&mut self, slot: u64) -> Step {
        let top = self.top()?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn recall(&mut self, slot: u64) -> Step {
        let id = self.memo.get(&slot).copied();
        let id = id.ok_or_else(|| self.input.damaged("a value that was not kept"))?;
        self.stack.push(id);
        Ok(())
    }

    fn nothing_there(&self) -> PickleError {
        self.input.damaged("nothing where a value should be")
    }
}
