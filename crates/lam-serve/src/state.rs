//! What all requests share.

use std::sync::{Arc, PoisonError, RwLock};

use lam_data::DecodeLimits;
use lam_retrieve::{Accepts, Retriever};
use lam_search::store::{ItemId, Store, View};
use tokio::sync::Semaphore;

use crate::error::{Answered, Failure};
use crate::input::described;
use crate::map::Map;
use crate::metrics::Metrics;
use crate::queue::{Changes, Encodings, Searches};
use crate::server::Gate;
use crate::upkeep::WriterCell;
use crate::{PictureSource, ServeOptions};

/// Handed to every route.
pub(crate) type Shared = Arc<State>;

pub(crate) struct State {
    pub(crate) name: String,
    pub(crate) options: ServeOptions,
    pub(crate) store: Store,
    pub(crate) writer: WriterCell,
    pub(crate) retriever: Retriever,
    pub(crate) pictures: Option<Arc<dyn PictureSource>>,
    pub(crate) encodings: Option<Encodings>,
    pub(crate) searches: Searches,
    pub(crate) changes: Changes,
    pub(crate) metrics: Metrics,
    pub(crate) gate: Gate,
    /// Held for every decoded image.
    pub(crate) decoding: Arc<Semaphore>,
    pub(crate) map: MapCell,
}

impl State {
    /// What the model takes; none without a model.
    pub(crate) fn accepts(&self) -> Option<Accepts> {
        self.encodings.as_ref().map(Encodings::accepts)
    }

    /// An item by its id, and what it is in. Waits for a change that is being written.
    pub(crate) fn find(&self, id: &ItemId) -> Answered<(Arc<View>, u32)> {
        let mut writer = self.writer.lock();
        let writer = writer
            .as_mut()
            .ok_or_else(|| Failure::busy("the server is ending"))?;
        let slot = writer.slot(id)?.ok_or_else(|| {
            Failure::not_found(format!("there is no item {} in the index", described(id)))
        })?;
        Ok((writer.view(), slot))
    }

    pub(crate) fn decode_limits(&self) -> DecodeLimits {
        DecodeLimits {
            bytes: self.options.limits.body_bytes as u64,
            pixels: self.options.limits.pixels,
        }
    }
}

/// The latest map, once there is one.
#[derive(Debug, Default, Clone)]
pub(crate) struct MapCell(Arc<RwLock<Option<Arc<Map>>>>);

impl MapCell {
    pub(crate) fn latest(&self) -> Option<Arc<Map>> {
        let latest = self.0.read().unwrap_or_else(PoisonError::into_inner);
        latest.clone()
    }

    pub(crate) fn set(&self, map: Map) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(map));
    }
}
