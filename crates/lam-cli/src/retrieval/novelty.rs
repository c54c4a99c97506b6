//! `--unknown`.

use clap::Args;
use lam_retrieve::{Novelty, Retriever};
use lam_search::store::View;

use crate::error::CliError;
use crate::printer::Printer;

/// Which queries are of a kind that the index does not hold.
#[derive(Debug, Clone, Copy, Args)]
pub struct NoveltyArgs {
    /// Not sure of queries that are more uncertain than all but this share of the items now in the index: they are of a kind
    /// that it does not hold. At most this share of the queries of a known kind are then among them
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    unknown: Option<f64>,
}

impl NoveltyArgs {
    /// A retriever that is not sure of them; says where the limit is.
    pub fn retriever(
        self,
        retriever: Retriever,
        view: &View,
        printer: &Printer,
    ) -> Result<Retriever, CliError> {
        let Some(share) = self.unknown else {
            return Ok(retriever);
        };
        let novelty = Novelty::of_items(view, share)?;
        printer.note(format!(
            "of an unknown kind: uncertainty above {:.4}, by the {} items of the index",
            novelty.threshold, novelty.items
        ));
        Ok(retriever.with_novelty(Some(novelty)))
    }
}
