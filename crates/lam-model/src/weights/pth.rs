//! The table of contents of a PyTorch file as version 1.6 and later write it: a zip archive with one pickle
//! (`…/data.pkl`) and one member per storage (`…/data/<name>`).

use std::collections::BTreeMap;

use super::WeightsError;
use super::file::{Entry, Source};
use super::stored_zip::{self, Member};
use super::torch::{MAX_PICKLE, TensorRef, place, read_pickle, state_dict};

pub(super) fn entries(source: &mut Source) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let members = stored_zip::members(source)?;
    let description = members
        .iter()
        .find(|(name, _)| name.as_str() == "data.pkl" || name.ends_with("/data.pkl"));
    let (name, &description) = description
        .ok_or_else(|| source.wrong("an archive without data.pkl: not one of PyTorch's"))?;
    let root = name.strip_suffix("data.pkl").unwrap_or_default();
    if let Some(&order) = members.get(&format!("{root}byteorder")) {
        let order = read(source, order)?;
        if order != b"little" {
            return Err(source.wrong("numbers in big-endian order: save it on another machine"));
        }
    }
    let bytes = read(source, description)?;
    let pickle = read_pickle(&bytes).map_err(|e| source.wrong(e))?;
    let tensors = state_dict(&pickle).map_err(|e| source.wrong(e))?;
    let storage = |tensor: &TensorRef| {
        let name = format!("{root}data/{}", tensor.storage);
        let member = members
            .get(&name)
            .ok_or_else(|| format!("its storage {name} is missing"))?;
        let size = member.length / tensor.element.size() as u64;
        if size != tensor.storage_size as u64 {
            return Err(format!(
                "its storage {name} has {size} numbers, {} are announced",
                tensor.storage_size
            ));
        }
        Ok((member.start, tensor.storage_size))
    };
    place(tensors, storage).map_err(|e| source.wrong(e))
}

fn read(source: &mut Source, member: Member) -> Result<Vec<u8>, WeightsError> {
    if member.length > MAX_PICKLE {
        return Err(source.wrong(format!(
            "a description of {} bytes is no weights'",
            member.length
        )));
    }
    source.bytes(member.start, member.length)
}
