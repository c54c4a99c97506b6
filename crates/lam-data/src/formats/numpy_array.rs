//! NumPy arrays of bytes in pickles.

use std::borrow::Cow;

use lam_pickle::{Call, Id, Node, Pickle};

/// An array of bytes; what makes it is never called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByteArray<'a> {
    pub(super) shape: Vec<usize>,
    /// As many as the shape says, the last dimension fastest.
    pub(super) values: Cow<'a, [u8]>,
}

/// The calls that arrays of bytes are made by.
const KNOWN: &[(&str, &str)] = &[
    ("_codecs", "encode"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
];

/// Refuses a pickle that asks for another call, wherever it stands.
///
/// # Errors
/// What it asks for.
pub(super) fn refuse_other_calls(pickle: &Pickle<'_>) -> Result<(), String> {
    for node in pickle.nodes() {
        let Node::Call(call) = node else { continue };
        let name = pickle.global(call.callable);
        if name.is_none_or(|name| !KNOWN.contains(&name)) {
            let name = name.map_or("an object".to_owned(), |(module, name)| {
                format!("{module}.{name}")
            });
            return Err(format!(
                "the pickle asks at byte {} for a call of {name}, which a table of pictures does not need; \
                 nothing of it was executed",
                call.at
            ));
        }
    }
    Ok(())
}

/// The array of bytes that a value is; `None` if it is something else.
///
/// # Errors
/// What is wrong with it.
pub(super) fn byte_array<'a>(
    pickle: &'a Pickle<'_>,
    id: Id,
) -> Result<Option<ByteArray<'a>>, String> {
    let reconstruct = |call: &&Call| {
        let name = pickle.global(call.callable);
        name.is_some_and(|(_, name)| name == "_reconstruct")
    };
    let Some(call) = pickle.call(id).filter(reconstruct) else {
        return Ok(None);
    };
    // Version, shape, type, whether the first dimension is the fastest, content.
    let state = call.state.and_then(|state| pickle.items(state));
    let Some(&[_, shape, kind, by_columns, data]) = state else {
        return Err("the pickle is damaged: an array without its content".to_owned());
    };
    if !is_byte_type(pickle, kind) {
        return Err("an array that is not of bytes".to_owned());
    }
    if *pickle.node(by_columns) != Node::Bool(false) {
        return Err("an array in column order".to_owned());
    }
    let shape = pickle.items(shape).unwrap_or_default().iter();
    let shape: Option<Vec<usize>> = shape.map(|&dim| pickle.size(dim)).collect();
    let values = bytes_of(pickle, data);
    let (Some(shape), Some(values)) = (shape, values) else {
        return Err("the pickle is damaged: an array without shape or content".to_owned());
    };
    let product = shape.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim));
    if product != Some(values.len()) {
        return Err(format!(
            "the pickle is damaged: an array of shape {shape:?} with {} values",
            values.len()
        ));
    }
    Ok(Some(ByteArray { shape, values }))
}

fn is_byte_type(pickle: &Pickle<'_>, kind: Id) -> bool {
    let Some(call) = pickle.call(kind) else {
        return false;
    };
    let name = pickle.arguments(call).first();
    let name = name.and_then(|&name| pickle.bytes(name));
    pickle.is_global(call.callable, "numpy", "dtype") && name.is_some_and(|name| **name == *b"u1")
}

/// Bytes as they are, or as Python 3 writes them for Python 2: as text, each byte a character.
pub(super) fn bytes_of<'a>(pickle: &'a Pickle<'_>, data: Id) -> Option<Cow<'a, [u8]>> {
    if let Some(bytes) = pickle.bytes(data) {
        return Some(Cow::Borrowed(bytes));
    }
    let call = pickle.call(data)?;
    let &[text, encoding] = pickle.arguments(call) else {
        return None;
    };
    if !pickle.is_global(call.callable, "_codecs", "encode")
        || pickle.text(encoding) != Some("latin1")
    {
        return None;
    }
    let bytes = pickle.text(text)?.chars().map(u32::from).map(u8::try_from);
    Some(Cow::Owned(bytes.collect::<Result<_, _>>().ok()?))
}
