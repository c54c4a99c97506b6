//! What is served.

use std::sync::Arc;

use lam_retrieve::{Encoder, Retriever};
use lam_search::store::Writer;

use crate::{PictureSource, ServeError};

/// An index with what belongs to it.
pub struct Service {
    pub(crate) writer: Writer,
    pub(crate) encoder: Option<Arc<dyn Encoder>>,
    pub(crate) retriever: Retriever,
    pub(crate) pictures: Option<Arc<dyn PictureSource>>,
    pub(crate) name: String,
}

impl Service {
    /// An index with the encoder that it was made with. Without one, queries are vectors of the index's own dimension.
    ///
    /// # Errors
    /// [`RetrieveError::OtherModel`](lam_retrieve::RetrieveError::OtherModel) for the index of another model; embeddings of
    /// another size.
    pub fn new(writer: Writer, encoder: Option<Arc<dyn Encoder>>) -> Result<Self, ServeError> {
        if let Some(encoder) = &encoder {
            let view = writer.view();
            Retriever::check_model(view.spec().fingerprint, encoder.fingerprint())?;
            let (model, index) = (encoder.dim(), view.spec().dim);
            if model != index {
                return Err(ServeError::Dimension { model, index });
            }
        }
        let folder = writer.folder().file_name();
        Ok(Self {
            name: folder.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            writer,
            encoder,
            retriever: Retriever::default(),
            pictures: None,
        })
    }

    /// With what is known of its answers, and the rule by which they are accepted.
    ///
    /// # Errors
    /// [`ServeError::OtherCalibration`] for a calibration that was measured with another model.
    pub fn with_retriever(self, retriever: Retriever) -> Result<Self, ServeError> {
        let index = self.writer.view().spec().fingerprint;
        if let Some(known) = retriever.calibration().filter(|known| !known.is_of(index)) {
            return Err(ServeError::OtherCalibration {
                calibration: known.provenance().fingerprint.clone(),
                index: index.to_string(),
            });
        }
        Ok(Self { retriever, ..self })
    }

    /// With pictures of its items.
    pub fn with_pictures(self, pictures: Arc<dyn PictureSource>) -> Self {
        Self {
            pictures: Some(pictures),
            ..self
        }
    }

    /// Called this on the page; otherwise by the index's folder.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }
}
