//! Embeds what was named, with a bar.

use std::ops::Range;

use lam_retrieve::{Embeddings, Encoder};
use lam_train::embed_collection;

use super::source::Content;
use super::{Model, Source};
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::{Counting, Stage};

/// Vectors read at once.
const BATCH: usize = 128;

/// Embeds what is at `positions`; `each` gets the positions of a batch and their embeddings, in order. Says which pictures
/// could not be read.
pub fn embed(
    model: &Model,
    source: &Source,
    positions: Range<usize>,
    doing: &str,
    printer: &Printer,
    mut each: impl FnMut(&[usize], Embeddings) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut stage = Stage::new(printer);
    let (done, all) = (positions.start as u64, positions.end as u64);
    stage.bar(Counting::Images, doing.to_owned(), done, all);
    let mut counted = |at: &[usize], embeddings: Embeddings| -> Result<(), CliError> {
        each(at, embeddings)?;
        stage.advance(at.len() as u64);
        Ok(())
    };
    let collection = match (&source.content, model) {
        (Content::Vectors(vectors), _) => {
            let vectors = Vectors { vectors, model };
            vectors.check()?;
            for start in positions.clone().step_by(BATCH) {
                let end = positions.end.min(start + BATCH);
                let at: Vec<usize> = (start..end).collect();
                counted(&at, vectors.embed(start..end)?)?;
            }
            return Ok(());
        }
        (Content::Pictures(_), Model::Plain) => {
            return Err(CliError::Usage(format!(
                "{}: this index holds vectors, not pictures",
                source.name
            )));
        }
        (Content::Pictures(collection), Model::Run(run)) => {
            embed_collection(run, collection, positions, &mut counted)?;
            collection
        }
    };
    drop(stage);
    let unreadable = collection.images().unreadable().map(|u| u.images());
    if let Some(unreadable) = unreadable
        && let Some(first) = unreadable.first()
    {
        printer.warning(format!(
            "{} of {all} pictures could not be read and are left out, such as {}: {}",
            unreadable.len(),
            first.image,
            first.reason
        ));
    }
    Ok(())
}

/// Vectors of a file before a model.
struct Vectors<'a> {
    vectors: &'a lam_data::Embeddings,
    model: &'a Model,
}

impl Vectors<'_> {
    /// Whether they are what this model makes, so that nothing is left to be done.
    fn are_embedded(&self) -> bool {
        let run = self.model.run();
        let fingerprint = run.map(|run| run.fingerprint().to_string());
        fingerprint.is_some() && self.vectors.model == fingerprint
    }

    fn check(&self) -> Result<(), CliError> {
        let file = self.vectors.file.display();
        let Some(run) = self.model.run() else {
            return Ok(());
        };
        if self.are_embedded() {
            return Ok(());
        }
        if self.model.takes_pictures() {
            return Err(CliError::Usage(format!(
                "{file}: not embeddings by the run in {}, which takes pictures",
                run.path().display()
            )));
        }
        let features = run.input_shape().numel();
        if self.vectors.dim() != features {
            return Err(CliError::Usage(format!(
                "{file}: vectors of {} numbers, but the run in {} takes {features}",
                self.vectors.dim(),
                run.path().display()
            )));
        }
        Ok(())
    }

    fn embed(&self, rows: Range<usize>) -> Result<Embeddings, CliError> {
        let batch = self.vectors.read(rows)?;
        match self.model.run() {
            Some(run) if !self.are_embedded() => Ok(run.embed_values(batch.mean)?),
            _ => Ok(Embeddings {
                sigmas: batch.sigma,
                uncertainties: batch.uncertainty,
                ..Embeddings::of_directions(batch.mean, self.vectors.dim())?
            }),
        }
    }
}
