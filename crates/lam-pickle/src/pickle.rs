//! The tree that a pickle says.

use std::borrow::Cow;

use crate::{Call, Id, Node};

/// All values of a pickle. Values may be shared, and a value may contain itself: who walks the tree keeps count.
///
/// It borrows the file: texts and bytes are parts of it wherever the file has them as they are.
#[derive(Debug)]
pub struct Pickle<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    pub(crate) root: Id,
    pub(crate) length: usize,
}

impl<'a> Pickle<'a> {
    /// The outermost value.
    pub fn root(&self) -> Id {
        self.root
    }

    /// Bytes from the start of the file that it takes; more may follow.
    pub fn length(&self) -> usize {
        self.length
    }

    /// All values in the order in which they were made, those also that the outermost value does not contain.
    pub fn nodes(&self) -> impl Iterator<Item = &Node<'a>> {
        self.nodes.iter()
    }

    /// A value; [`Node::None`] for an id of another pickle that has none here.
    pub fn node(&self, id: Id) -> &Node<'a> {
        self.nodes.get(id.0 as usize).unwrap_or(&Node::None)
    }

    /// A text that is UTF-8.
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Text(text) => std::str::from_utf8(text).ok(),
            _ => None,
        }
    }

    /// Bytes, or those of a text.
    pub fn bytes(&self, id: Id) -> Option<&Cow<'a, [u8]>> {
        match self.node(id) {
            Node::Text(bytes) | Node::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// An integer.
    pub fn int(&self, id: Id) -> Option<i64> {
        match self.node(id) {
            Node::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// An integer that can be a size.
    pub fn size(&self, id: Id) -> Option<usize> {
        usize::try_from(self.int(id)?).ok()
    }

    /// Parts of a tuple or list.
    pub fn items(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) | Node::List(items) => Some(items),
            _ => None,
        }
    }

    /// Entries of a dictionary.
    pub fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.node(id) {
            Node::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// The last entry of a dictionary under this text.
    pub fn get(&self, id: Id, key: &str) -> Option<Id> {
        let mut entries = self.entries(id)?.iter().rev();
        let found = entries.find(|(k, _)| match self.node(*k) {
            Node::Text(text) | Node::Bytes(text) => **text == *key.as_bytes(),
            _ => false,
        });
        found.map(|(_, value)| *value)
    }

    /// A recorded call.
    pub fn call(&self, id: Id) -> Option<&Call> {
        match self.node(id) {
            Node::Call(call) => Some(call),
            _ => None,
        }
    }

    /// Module and name of a function or class.
    pub fn global(&self, id: Id) -> Option<(&str, &str)> {
        match self.node(id) {
            Node::Global { module, name } => Some((self.text(*module)?, self.text(*name)?)),
            _ => None,
        }
    }

    /// Whether this is the function or class `name` of `module`.
    pub fn is_global(&self, id: Id, module: &str, name: &str) -> bool {
        self.global(id) == Some((module, name))
    }

    /// The arguments of a call.
    pub fn arguments(&self, call: &Call) -> &[Id] {
        self.items(call.arguments).unwrap_or_default()
    }
}
