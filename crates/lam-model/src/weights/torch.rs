//! What PyTorch puts into pickles: tensors that name a storage; and its older file format.

use std::collections::{BTreeMap, HashMap};

use lam_pickle::{Id, Node, Pickle, PickleError};

use super::WeightsError;
use super::file::{Entry, Source};
use super::half::Element;

/// Descriptions of tensors are at most this long.
pub(super) const MAX_PICKLE: u64 = 64 << 20;

/// More values than any file of weights has.
const MAX_VALUES: usize = 4 << 20;

/// The number that the older format begins with, as its pickle writes it.
const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// A tensor before its storage has been found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TensorRef {
    /// Name of the storage.
    pub storage: String,
    pub element: Element,
    /// Elements of the storage.
    pub storage_size: usize,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// Reads the pickle at the start of `bytes`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read_pickle(bytes: &[u8]) -> Result<Pickle<'_>, String> {
    lam_pickle::read(bytes, MAX_VALUES).map_err(|error| match error {
        PickleError::CutOff { .. } | PickleError::Damaged { .. } => {
            format!("its description of the tensors: {error}; fetch the file again")
        }
        other => format!("its description of the tensors: {other}"),
    })
}

/// The tensor that a value is; `None` if it is something else.
///
/// # Errors
/// A tensor that is described in another way than PyTorch's.
fn tensor(pickle: &Pickle<'_>, mut id: Id) -> Result<Option<TensorRef>, String> {
    loop {
        let Some(call) = pickle.call(id) else {
            return Ok(None);
        };
        match (pickle.global(call.callable), pickle.arguments(call)) {
            // An argument is older than its call, so that this comes to an end.
            (Some(("torch._utils", "_rebuild_parameter")), [data, ..]) => id = *data,
            (
                Some(("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor")),
                &[storage, offset, shape, strides, ..],
            ) => {
                let tensor = described(pickle, storage, offset, shape, strides);
                return tensor
                    .map(Some)
                    .ok_or_else(|| "a tensor's description is none of PyTorch's".to_owned());
            }
            _ => return Ok(None),
        }
    }
}

fn described(
    pickle: &Pickle<'_>,
    storage: Id,
    offset: Id,
    shape: Id,
    strides: Id,
) -> Option<TensorRef> {
    let sizes = |id: Id| -> Option<Vec<usize>> {
        let items = pickle.items(id)?;
        items.iter().map(|&item| pickle.size(item)).collect()
    };
    let Node::Persistent(reference) = pickle.node(storage) else {
        return None;
    };
    let storage = storage_of(pickle, *reference)?;
    Some(TensorRef {
        storage: storage.name.to_owned(),
        element: storage.element,
        storage_size: storage.size,
        offset: pickle.size(offset)?,
        shape: sizes(shape)?,
        strides: sizes(strides)?,
    })
}

/// Where numbers lie that tensors share.
struct Storage<'a> {
    name: &'a str,
    element: Element,
    /// Number of elements.
    size: usize,
}

/// The storage that `('storage', type, key, location, elements, …)` refers to.
fn storage_of<'a>(pickle: &'a Pickle<'_>, reference: Id) -> Option<Storage<'a>> {
    let [tag, kind, key, _, size, rest @ ..] = pickle.items(reference)? else {
        return None;
    };
    // A view of part of another storage: the oldest files have such; not these networks'.
    if rest.iter().any(|&id| *pickle.node(id) != Node::None) {
        return None;
    }
    let (module, kind) = pickle.global(*kind)?;
    let element = match kind.strip_suffix("Storage").filter(|_| module == "torch")? {
        "Float" => Element::F32,
        "Double" => Element::F64,
        "Half" => Element::F16,
        "BFloat16" => Element::Bf16,
        "Long" => Element::Other(8),
        "Int" => Element::Other(4),
        "Short" => Element::Other(2),
        "Char" | "Byte" | "Bool" => Element::Other(1),
        _ => return None,
    };
    (pickle.text(*tag) == Some("storage")).then_some(())?;
    Some(Storage {
        name: pickle.text(*key)?,
        element,
        size: pickle.size(*size)?,
    })
}

/// Entries of a dictionary, or of an ordered one.
fn entries<'a>(pickle: &'a Pickle<'_>, id: Id) -> Option<&'a [(Id, Id)]> {
    match pickle.node(id) {
        Node::Dict(entries) => Some(entries),
        Node::Call(call) if pickle.is_global(call.callable, "collections", "OrderedDict") => {
            Some(&call.entries)
        }
        _ => None,
    }
}

/// The tensors of a state dict, which is the pickle's value itself or under a name that checkpoints use.
///
/// # Errors
/// Where there is no dictionary of tensors.
pub(super) fn state_dict(pickle: &Pickle<'_>) -> Result<BTreeMap<String, TensorRef>, String> {
    let outer = entries(pickle, pickle.root())
        .ok_or("no dictionary of tensors: save the state dict, not the module")?;
    let inner = ["state_dict", "model_state_dict", "model"]
        .into_iter()
        .find_map(|wanted| {
            let mut named = outer.iter();
            let (_, inner) = named.find(|(key, _)| pickle.text(*key) == Some(wanted))?;
            entries(pickle, *inner)
        });
    let mut tensors = BTreeMap::new();
    for &(key, value) in inner.unwrap_or(outer) {
        if let (Some(name), Some(tensor)) = (pickle.text(key), tensor(pickle, value)?) {
            tensors.insert(name.to_owned(), tensor);
        }
    }
    if tensors.is_empty() {
        return Err("no tensors in its dictionary: expected a state dict".to_owned());
    }
    Ok(tensors)
}

/// Entries of tensors whose storages lie at the given bytes.
pub(super) fn place(
    tensors: BTreeMap<String, TensorRef>,
    mut storage: impl FnMut(&TensorRef) -> Result<(u64, usize), String>,
) -> Result<BTreeMap<String, Entry>, String> {
    let mut entries = BTreeMap::new();
    for (name, tensor) in tensors {
        let wrong = |reason: String| format!("{name}: {reason}");
        let place = storage(&tensor).map_err(wrong)?;
        let TensorRef {
            shape,
            strides,
            element,
            offset,
            ..
        } = tensor;
        let entry = Entry::new(shape, strides, element, place, offset).map_err(wrong)?;
        entries.insert(name, entry);
    }
    Ok(entries)
}

/// The table of contents of a file in the format that PyTorch wrote before version 1.6 and torchvision still offers: five
/// pickles (a magic number, a version, the system, the value, the storages' names), then the storages one by one, each
/// with its number of elements before it.
pub(super) fn legacy_entries(source: &mut Source) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let bytes = source.bytes(0, source.length.min(MAX_PICKLE))?;
    if bytes.get(2..4) != Some(&[0x8a, 10]) || bytes.get(4..14) != Some(&LEGACY_MAGIC) {
        // A bare pickle is read so far that what it asks for can be named.
        read_pickle(&bytes).map_err(|e| source.wrong(e))?;
        return Err(source.wrong("a pickle, but not one of PyTorch's"));
    }
    let mut at = 0;
    let mut pickles = Vec::new();
    for _ in 0..5 {
        let pickle = read_pickle(&bytes[at..]).map_err(|e| source.wrong(e))?;
        at += pickle.length();
        pickles.push(pickle);
    }
    let [_, _, _, value, names] = pickles.as_slice() else {
        return Err(source.wrong("not complete"));
    };
    let elements = storage_elements(value);
    let names = names.items(names.root()).unwrap_or_default().iter();
    let names: Vec<&str> = names.filter_map(|&id| pickles[4].text(id)).collect();
    let mut places = HashMap::new();
    let mut start = at as u64;
    for name in names {
        let count = source.bytes(start, 8)?;
        let count = count
            .iter()
            .rev()
            .fold(0_u64, |n, &b| (n << 8) | u64::from(b));
        let element = elements.get(name).ok_or_else(|| {
            source.wrong(format!(
                "storage {name} is no tensor's: cannot tell its size"
            ))
        })?;
        let bytes = count.checked_mul(element.size() as u64);
        let next = bytes.and_then(|b| start.checked_add(8)?.checked_add(b));
        let next = next.filter(|&next| next <= source.length).ok_or_else(|| {
            source.wrong(format!(
                "the file is incomplete: storage {name} of {count} numbers ends beyond its {} bytes; fetch it again",
                source.length
            ))
        })?;
        places.insert(name.to_owned(), (start + 8, count as usize));
        start = next;
    }
    let tensors = state_dict(value).map_err(|e| source.wrong(e))?;
    let found = |tensor: &TensorRef| {
        let place = places.get(&tensor.storage).copied();
        place.ok_or_else(|| "its storage is missing".to_owned())
    };
    place(tensors, found).map_err(|e| source.wrong(e))
}

/// Types of all storages that a pickle refers to.
fn storage_elements(pickle: &Pickle<'_>) -> HashMap<String, Element> {
    pickle
        .nodes()
        .filter_map(|node| match node {
            Node::Persistent(reference) => storage_of(pickle, *reference),
            _ => None,
        })
        .map(|storage| (storage.name.to_owned(), storage.element))
        .collect()
}
