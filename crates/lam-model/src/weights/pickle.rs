//! A reader of pickles that runs nothing: functions and classes are names, and what they would make is put together only
//! where it is a tensor or an ordered dictionary.

use std::collections::HashMap;

use super::torch;

/// More nested values than any checkpoint has.
const MAX_NODES: usize = 4 << 20;

/// Index of a [`Node`].
pub(super) type Id = usize;

/// A value; containers name their parts by index, so that they can be shared and filled later.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    None,
    Bool,
    Int(i64),
    Float,
    Text(String),
    Bytes,
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A function or class, `module.name`.
    Global(String),
    /// A reference to something outside the pickle.
    Persistent(Id),
    Tensor(Box<torch::TensorRef>),
    /// An object of a class we do not know; what is in it is left out.
    Opaque,
}

/// All values of a pickle.
#[derive(Debug, Default)]
pub(super) struct Pickle {
    nodes: Vec<Node>,
    pub root: Id,
}

impl Pickle {
    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn int(&self, id: Id) -> Option<usize> {
        match self.node(id) {
            Node::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    /// Parts of a tuple or list.
    pub(super) fn items(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) | Node::List(items) => Some(items),
            _ => None,
        }
    }

    /// Entries of a dictionary.
    pub(super) fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.node(id) {
            Node::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a dictionary under a text.
    pub(super) fn get(&self, id: Id, key: &str) -> Option<Id> {
        let mut entries = self.entries(id)?.iter();
        let found = entries.find(|(k, _)| self.text(*k) == Some(key));
        found.map(|(_, value)| *value)
    }
}

/// Modules whose functions no weights need; a file that names one is refused, not merely not obeyed.
const FORBIDDEN: &[&str] = &[
    "os",
    "posix",
    "nt",
    "sys",
    "subprocess",
    "shutil",
    "socket",
    "importlib",
    "runpy",
    "pty",
    "webbrowser",
    "ctypes",
    "code",
    "commands",
    "pickle",
    "marshal",
    "threading",
    "multiprocessing",
    "asyncio",
    "urllib",
    "http",
    "requests",
];
/// Likewise, of the built-in functions.
const FORBIDDEN_BUILTINS: &[&str] = &[
    "eval",
    "exec",
    "execfile",
    "compile",
    "open",
    "__import__",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "input",
    "breakpoint",
];

fn forbidden(module: &str, name: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    match top {
        "builtins" | "__builtin__" => FORBIDDEN_BUILTINS.contains(&name),
        _ => FORBIDDEN.contains(&top),
    }
}

/// Reads one pickle from the start of `bytes`; also how many bytes it takes.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<(Pickle, usize), String> {
    let mut machine = Machine {
        bytes,
        at: 0,
        pickle: Pickle::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    machine.run()?;
    Ok((machine.pickle, machine.at))
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    pickle: Pickle,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

type Step = Result<(), String>;

impl<'a> Machine<'a> {
    fn run(&mut self) -> Step {
        loop {
            let code = self.byte()?;
            if code == b'.' {
                self.pickle.root = self.pop()?;
                return Ok(());
            }
            self.step(code)?;
        }
    }

    fn step(&mut self, code: u8) -> Step {
        match code {
            0x80 => self.take(1).map(drop), // PROTO
            0x95 => self.take(8).map(drop), // FRAME
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.since_mark().map(drop),
            b'2' => {
                let top = self.pop()?;
                self.stack.extend([top, top]);
                Ok(())
            }
            b'N' => self.push(Node::None),
            0x88 | 0x89 => self.push(Node::Bool),
            b'K' => self.int(1),
            b'M' => self.int(2),
            b'J' => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Node::Int(i64::from(value)))
            }
            0x8a => {
                let length = self.length(1)?;
                self.long(length)
            }
            0x8b => {
                let length = self.length(4)?;
                self.long(length)
            }
            b'G' => self.take(8).and_then(|_| self.push(Node::Float)),
            b'I' => {
                let line = self.line()?;
                let value = line.parse().map_err(|_| format!("'{line}' is no number"))?;
                self.push(Node::Int(value))
            }
            b'F' => self.line().and_then(|_| self.push(Node::Float)),
            b'X' => self.text(4),
            0x8c => self.text(1),
            0x8d => self.text(8),
            b'U' | b'C' => self.blob(1),
            b'T' | b'B' => self.blob(4),
            0x8e | 0x96 => self.blob(8),
            b')' => self.push(Node::Tuple(Vec::new())),
            b']' => self.push(Node::List(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            0x8f => self.push(Node::List(Vec::new())), // EMPTY_SET
            b't' => self
                .since_mark()
                .and_then(|items| self.push(Node::Tuple(items))),
            b'l' | 0x91 => self
                .since_mark()
                .and_then(|items| self.push(Node::List(items))),
            b'd' => {
                let items = self.since_mark()?;
                self.push(Node::Dict(pairs(&items)))
            }
            0x85..=0x87 => {
                let mut items = Vec::new();
                for _ in 0..code - 0x84 {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Node::Tuple(items))
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item])
            }
            b'e' | 0x90 => self.since_mark().and_then(|items| self.extend(&items)),
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])
            }
            b'u' => self.since_mark().and_then(|items| self.set(&items)),
            b'q' => self.put(1),
            b'r' => self.put(4),
            0x94 => {
                let (key, top) = (self.memo.len() as u64, self.top()?);
                self.memo.insert(key, top);
                Ok(())
            }
            b'h' => self.get(1),
            b'j' => self.get(4),
            b'c' => {
                let (module, name) = (self.line()?.to_owned(), self.line()?.to_owned());
                self.global(&module, &name)
            }
            0x93 => {
                let (name, module) = (self.pop_text()?, self.pop_text()?);
                self.global(&module, &name)
            }
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.call(callable, arguments)
            }
            0x92 => {
                // NEWOBJ_EX: keyword arguments are on top.
                let (_, arguments, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(callable, arguments)
            }
            b'o' => self.since_mark().and_then(|_| self.push(Node::Opaque)),
            b'i' => {
                let (module, name) = (self.line()?.to_owned(), self.line()?.to_owned());
                self.since_mark()?;
                self.global(&module, &name)?;
                self.pop()?;
                self.push(Node::Opaque)
            }
            // The state of an object: left out.
            b'b' => self.pop().map(drop),
            b'Q' => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))
            }
            other => Err(format!(
                "instruction {other:#04x} at byte {} is unknown",
                self.at - 1
            )),
        }
    }

    /// What a call would make, where it is known; nothing is called.
    fn call(&mut self, callable: Id, arguments: Id) -> Step {
        let node = match self.pickle.node(callable) {
            Node::Global(name) if name == "collections.OrderedDict" => Node::Dict(Vec::new()),
            Node::Global(name) => {
                let name = name.clone();
                torch::rebuild(&self.pickle, &name, arguments)?
            }
            _ => Node::Opaque,
        };
        self.push(node)
    }

    fn global(&mut self, module: &str, name: &str) -> Step {
        if forbidden(module, name) {
            return Err(format!(
                "the file asks to run {module}.{name}, which no weights need: it was not run; do not trust this file"
            ));
        }
        self.push(Node::Global(format!("{module}.{name}")))
    }

    fn extend(&mut self, items: &[Id]) -> Step {
        let top = self.top()?;
        match &mut self.pickle.nodes[top] {
            Node::List(list) => list.extend(items),
            Node::Opaque => {}
            _ => return Err("items for what is no list".to_owned()),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Id]) -> Step {
        let top = self.top()?;
        match &mut self.pickle.nodes[top] {
            Node::Dict(entries) => entries.extend(pairs(items)),
            Node::Opaque => {}
            _ => return Err("entries for what is no dictionary".to_owned()),
        }
        Ok(())
    }

    fn push(&mut self, node: Node) -> Step {
        if self.pickle.nodes.len() >= MAX_NODES {
            return Err("more values than any file of weights has".to_owned());
        }
        self.stack.push(self.pickle.nodes.len());
        self.pickle.nodes.push(node);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, String> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= bottom {
            return Err(damaged());
        }
        self.stack.pop().ok_or_else(damaged)
    }

    fn top(&self) -> Result<Id, String> {
        self.stack.last().copied().ok_or_else(damaged)
    }

    fn pop_text(&mut self) -> Result<String, String> {
        let id = self.pop()?;
        self.pickle.text(id).map(str::to_owned).ok_or_else(damaged)
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or_else(damaged)?;
        if mark > self.stack.len() {
            return Err(damaged());
        }
        Ok(self.stack.split_off(mark))
    }

    fn put(&mut self, width: usize) -> Step {
        let (key, top) = (self.number(width)?, self.top()?);
        self.memo.insert(key, top);
        Ok(())
    }

    fn get(&mut self, width: usize) -> Step {
        let key = self.number(width)?;
        let id = self.memo.get(&key).copied().ok_or_else(damaged)?;
        self.stack.push(id);
        Ok(())
    }

    fn int(&mut self, width: usize) -> Step {
        let value = self.number(width)?;
        self.push(Node::Int(value as i64))
    }

    fn long(&mut self, length: usize) -> Step {
        let bytes = self.take(length)?;
        // Longer ones are identifiers of the format or hashes, never sizes.
        let node = if bytes.len() > 8 {
            Node::Opaque
        } else {
            let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
            let mut whole = [if negative { 0xff } else { 0 }; 8];
            whole[..bytes.len()].copy_from_slice(bytes);
            Node::Int(i64::from_le_bytes(whole))
        };
        self.push(node)
    }

    fn text(&mut self, width: usize) -> Step {
        let length = self.length(width)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Node::Text(text))
    }

    fn blob(&mut self, width: usize) -> Step {
        let length = self.length(width)?;
        self.take(length)?;
        self.push(Node::Bytes)
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&b| b == b'\n').ok_or_else(damaged)?;
        self.at += length + 1;
        std::str::from_utf8(&rest[..length]).map_err(|_| damaged())
    }

    fn length(&mut self, width: usize) -> Result<usize, String> {
        usize::try_from(self.number(width)?).map_err(|_| damaged())
    }

    /// An unsigned little-endian number.
    fn number(&mut self, width: usize) -> Result<u64, String> {
        let bytes = self.take(width)?;
        let digits = bytes.iter().rev();
        Ok(digits.fold(0, |n, &b| (n << 8) | u64::from(b)))
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?.try_into().map_err(|_| damaged())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(length).ok_or_else(damaged)?;
        let bytes = self.bytes.get(self.at..end).ok_or_else(|| {
            format!(
                "the description of the tensors is incomplete: it breaks off after {} bytes; fetch the file again",
                self.bytes.len()
            )
        })?;
        self.at = end;
        Ok(bytes)
    }
}

fn damaged() -> String {
    "the description of the tensors is damaged; fetch the file again".to_owned()
}

fn pairs(items: &[Id]) -> Vec<(Id, Id)> {
    items
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect()
}
