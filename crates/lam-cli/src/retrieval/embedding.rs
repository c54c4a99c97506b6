//! Embeds pictures, with a bar.

use std::ops::Range;

use lam_data::Collection;
use lam_retrieve::Embeddings;
use lam_train::{RunEncoder, embed_collection};

use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::{Counting, Stage};

/// Embeds the pictures at `positions`; `each` gets the positions of a batch and their embeddings, in order. Says which
/// pictures could not be read.
pub fn embed(
    encoder: &RunEncoder,
    collection: &Collection,
    positions: Range<usize>,
    name: &str,
    printer: &Printer,
    mut each: impl FnMut(&[usize], Embeddings) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut stage = Stage::new(printer);
    let (done, all) = (positions.start as u64, positions.end as u64);
    stage.bar(Counting::Images, name.to_owned(), done, all);
    embed_collection(encoder, collection, positions, |at, embeddings| {
        each(at, embeddings)?;
        stage.advance(at.len() as u64);
        Ok::<(), CliError>(())
    })?;
    stage.clear();
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
