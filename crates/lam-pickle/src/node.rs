//! Values of a pickle.

use std::borrow::Cow;

/// Names a [`Node`] of the [`Pickle`](crate::Pickle) that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) u32);

/// A value. Containers name their parts, so that a part can be shared, filled later, or contain its own container.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A longer integer, its value left out: such are hashes and marks of formats, never sizes.
    BigInt,
    /// A number with a fraction.
    Float(f64),
    /// A text, UTF-8 as a rule; or a string of Python 2, which may be bytes as well.
    Text(Cow<'a, [u8]>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// A tuple. Unlike the other containers it is never changed: its parts came before it.
    Tuple(Vec<Id>),
    /// A list.
    List(Vec<Id>),
    /// A set or frozen set.
    Set(Vec<Id>),
    /// A dictionary: keys and values in the order in which they were set, a key perhaps twice.
    Dict(Vec<(Id, Id)>),
    /// A function or class by the texts that name its module and itself.
    Global {
        /// Text of the module's name.
        module: Id,
        /// Text of its name in there.
        name: Id,
    },
    /// A reference to something outside of the pickle.
    Persistent(Id),
    /// What Python would get by a call. It was not called.
    Call(Box<Call>),
}

/// A call that was recorded, and what is done with its result afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Byte of the pickle at which it is asked for.
    pub at: usize,
    /// What would be called, as a rule a [`Node::Global`].
    pub callable: Id,
    /// A [`Node::Tuple`]; older than the call itself.
    pub arguments: Id,
    /// Arguments by name, a dictionary.
    pub keywords: Option<Id>,
    /// The state that the object would be given.
    pub state: Option<Id>,
    /// Items that would be appended to it.
    pub items: Vec<Id>,
    /// Entries that would be set in it.
    pub entries: Vec<(Id, Id)>,
}
