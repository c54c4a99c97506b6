//! The file of a graph.

use std::ops::Range;
use std::path::Path;

use pulp::bytemuck::cast_slice;

use super::Graph;
use super::graph::{GraphHeader, Image, Layer};
use crate::store::{GraphState, Mapped, StoreError, replace_file};

const MAGIC: [u32; 2] = [u32::from_le_bytes(*b"LAMG"), u32::from_le_bytes(*b"RAPH")];
const VERSION: u32 = 1;
/// Words of the header, the last one its checksum.
const HEADER: usize = 16;
/// More layers would need more items than there can be.
const MAX_LAYERS: u32 = 64;

/// Links of the items of a layer; the items are named in all but the lowest layer.
pub(super) struct LayerLinks {
    pub(super) items: Vec<u32>,
    pub(super) links: Vec<Vec<u32>>,
}

impl Graph {
    /// The graph as it will lie in its file. `None` if it has 2³² links or more.
    pub(super) fn assemble(mut header: GraphHeader, layers: &[LayerLinks]) -> Option<Self> {
        header.layers = layers.len() as u32;
        let mut words = vec![0; HEADER];
        for (number, layer) in layers.iter().enumerate() {
            if number > 0 {
                words.push(u32::try_from(layer.items.len()).ok()?);
                words.extend_from_slice(&layer.items);
            }
            let mut end = 0_u32;
            words.push(end);
            for links in &layer.links {
                end = end.checked_add(u32::try_from(links.len()).ok()?)?;
                words.push(end);
            }
            words.extend(layer.links.iter().flatten());
        }
        let body = words.get(HEADER..).unwrap_or_default();
        let encoded = header.encode(body);
        words[..HEADER].copy_from_slice(&encoded);
        let layers = places(&words, &header)?;
        Some(Self {
            image: Image::Made(words),
            header,
            layers,
        })
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), StoreError> {
        use std::io::Write;
        replace_file(path, |out| out.write_all(cast_slice(self.image.words())))
    }
}

impl GraphHeader {
    fn encode(&self, body: &[u32]) -> [u32; HEADER] {
        let [count_low, count_high] = halves(self.count);
        let [generation_low, generation_high] = halves(self.generation);
        let [length_low, length_high] = halves(body.len() as u64);
        let mut words = [
            MAGIC[0],
            MAGIC[1],
            VERSION,
            self.layers,
            count_low,
            count_high,
            generation_low,
            generation_high,
            self.snapshot,
            self.connections,
            self.candidates,
            self.entry,
            length_low,
            length_high,
            crc32c::crc32c(cast_slice(body)),
            0,
        ];
        words[HEADER - 1] = crc32c::crc32c(cast_slice(&words[..HEADER - 1]));
        words
    }

    /// Reads the header and checks the whole file's length and checksums.
    fn decode(words: &[u32]) -> Result<Self, String> {
        let (header, body) = words
            .split_first_chunk::<HEADER>()
            .ok_or("it is shorter than its header")?;
        if header[..2] != MAGIC {
            return Err("it is not the file of a graph".into());
        }
        if header[2] != VERSION {
            return Err(format!("format version {} is not known", header[2]));
        }
        if header[HEADER - 1] != crc32c::crc32c(cast_slice(&header[..HEADER - 1])) {
            return Err("the checksum of the header is wrong".into());
        }
        if body.len() as u64 != whole(header[12], header[13]) {
            return Err("it has not the length that it should have".into());
        }
        if header[14] != crc32c::crc32c(cast_slice(body)) {
            return Err("the checksum is wrong".into());
        }
        Ok(Self {
            layers: header[3],
            count: whole(header[4], header[5]),
            generation: whole(header[6], header[7]),
            snapshot: header[8],
            connections: header[9],
            candidates: header[10],
            entry: header[11],
        })
    }
}

fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

fn whole(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Maps the graph of a snapshot with `count` items, if it is there, belongs to it and is whole.
pub(crate) fn load_graph(path: &Path, generation: u64, snapshot: u32, count: u64) -> GraphState {
    let map = match Mapped::open(path) {
        Ok(map) => map,
        Err(StoreError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
            return GraphState::Missing;
        }
        Err(error) => return GraphState::Damaged(error.to_string()),
    };
    let damaged = |what: &str| GraphState::Damaged(format!("{}: {what}", path.display()));
    if !map.len().is_multiple_of(4) {
        return damaged("it is not a whole number of words");
    }
    let image = Image::Mapped(map);
    let header = match GraphHeader::decode(image.words()) {
        Ok(header) => header,
        Err(what) => return damaged(&what),
    };
    if header.generation != generation || header.snapshot != snapshot || header.count != count {
        return GraphState::Stale;
    }
    let Some(layers) = places(image.words(), &header) else {
        return damaged("its links lead nowhere");
    };
    GraphState::Ready(std::sync::Arc::new(Graph {
        image,
        header,
        layers,
    }))
}

/// Where the layers lie, all numbers checked: every item and link is below the number of items, items
/// ascend, starts do not descend, and the entry is an item.
fn places(words: &[u32], header: &GraphHeader) -> Option<Vec<Layer>> {
    let count = usize::try_from(header.count).ok()?;
    let is_item = |item: &u32| (*item as usize) < count;
    if header.layers > MAX_LAYERS || (count > 0 && (header.layers == 0 || !is_item(&header.entry)))
    {
        return None;
    }
    let mut cursor = Cursor { words, at: HEADER };
    let mut layers = Vec::new();
    for number in 0..header.layers {
        let (items, length) = if number == 0 {
            (cursor.at..cursor.at, count)
        } else {
            let length = *cursor.take(1)?.1.first()? as usize;
            let (place, items) = cursor.take(length)?;
            // A layer without items would pass for the lowest one.
            if items.is_empty() || !items.is_sorted_by(|a, b| a < b) || !items.iter().all(is_item) {
                return None;
            }
            (place, length)
        };
        let (place, starts) = cursor.take(length.checked_add(1)?)?;
        let end = *starts.last()? as usize;
        if starts.first() != Some(&0) || !starts.is_sorted() {
            return None;
        }
        let (links, targets) = cursor.take(end)?;
        if !targets.iter().all(is_item) {
            return None;
        }
        layers.push(Layer {
            items,
            starts: place,
            links,
        });
    }
    (cursor.at == words.len()).then_some(layers)
}

struct Cursor<'w> {
    words: &'w [u32],
    at: usize,
}

impl<'w> Cursor<'w> {
    fn take(&mut self, length: usize) -> Option<(Range<usize>, &'w [u32])> {
        let place = self.at..self.at.checked_add(length)?;
        let words = self.words.get(place.clone())?;
        self.at = place.end;
        Some((place, words))
    }
}
