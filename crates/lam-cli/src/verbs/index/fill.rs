//! Puts embeddings into an index.

use lam_retrieve::{Classes, Embeddings};
use lam_search::store::{Item, ItemId, Writer};

use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{Model, Source, embed};

/// Items written at once: the disk is waited for once each time.
const PORTION: usize = 4096;

/// What becomes of something whose name is in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// An error.
    Refuse,
    /// It takes the place of the other.
    Replace,
}

/// Embeds what a source holds into an index; how many items were written.
pub fn fill(
    writer: &mut Writer,
    model: &Model,
    source: &Source,
    prefix: &str,
    known: Known,
    printer: &Printer,
) -> Result<usize, CliError> {
    let mut classes = Classes::of(&writer.view());
    let mut portion: Vec<Item> = Vec::new();
    let mut written = 0;
    let mut write = |portion: &mut Vec<Item>| -> Result<(), CliError> {
        match known {
            Known::Refuse => writer.add(portion)?,
            Known::Replace => writer.replace(portion)?,
        }
        written += portion.len();
        portion.clear();
        Ok(())
    };
    let everything = 0..source.len();
    embed(
        model,
        source,
        everything,
        "indexing",
        printer,
        |at, embeddings| {
            for (row, &position) in at.iter().enumerate() {
                let class = source.class(position).map(str::to_owned);
                portion.push(Item {
                    id: ItemId::Text(format!("{prefix}{}", source.ids()[position])),
                    label: class.as_deref().map(|class| classes.label(class)),
                    class,
                    metadata: source.origin(position),
                    ..item_of(&embeddings, row)
                });
            }
            if portion.len() >= PORTION {
                write(&mut portion)?;
            }
            Ok(())
        },
    )?;
    write(&mut portion)?;
    Ok(written)
}

fn item_of(embeddings: &Embeddings, row: usize) -> Item {
    Item {
        sigma: embeddings.sigma(row).map(<[f32]>::to_vec),
        uncertainty: embeddings.uncertainty(row),
        ..Item::new("", embeddings.mean(row).to_vec())
    }
}
