//! The method's uncertainty beside others.

use lam_metrics::{Baseline, ScoreEvaluation};
use lam_plot::{Block, Table};

use super::Evaluation;

/// A table and how to read it.
pub(super) fn blocks(evaluation: &Evaluation) -> Vec<Block> {
    let mut rows = Vec::new();
    let named = evaluation.measured.values();
    let own = ScoreEvaluation::NAMES.map(|wanted| {
        let mut named = named.iter();
        named.find_map(|(name, value)| value.filter(|_| name == wanted))
    });
    if evaluation.measured.sparsification.is_some() {
        rows.push(row("the method's own", own));
    }
    for (baseline, score) in &evaluation.baselines.scores {
        let name = format!("{}: {}", label(*baseline), baseline.meaning());
        rows.push(row(&name, score.values()));
    }
    let table = Table {
        caption: "Other scores beside it".to_owned(),
        header: ["uncertainty", "AUROC", "AUPRC", "AUSC", "R-AUROC"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        strong: Vec::new(),
    };
    let help = "Isotropic, feature norm and neighbour distance come for free. A fitted posterior earns its keep only in the \
                columns in which its row, or that of its output spread, is the highest: AUROC and AUPRC for telling \
                images from elsewhere, AUSC and R-AUROC for telling wrong \
                neighbours.";
    let mut help = help.to_owned();
    if evaluation
        .baselines
        .get(Baseline::EmbeddingSpread)
        .is_some()
    {
        help.push_str(
            " Here the method's own AUROC and AUPRC are by the spread of its output, its AUSC and R-AUROC by that of \
             its embedding (uncertainty: output).",
        );
    }
    vec![Block::Text(help), Block::Table(table)]
}

fn label(baseline: Baseline) -> String {
    baseline.name().replace('_', " ")
}

fn row(name: &str, values: [Option<f64>; 4]) -> Vec<String> {
    let cells = values.map(|value| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}")));
    std::iter::once(name.to_owned()).chain(cells).collect()
}
