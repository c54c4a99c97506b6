//! Answers as text and as JSON.

use lam_retrieve::Answer;
use lam_search::retrieval::Verdict;
use lam_search::store::ItemId;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::printer::Printer;
use crate::table;

/// An answer for programs.
pub fn to_json(query: &str, answer: &Answer) -> Value {
    let found = answer.found.iter().map(|found| {
        let id = match &found.id {
            ItemId::Number(number) => json!(number),
            ItemId::Text(text) => json!(text),
        };
        json!({
            "id": id,
            "class": found.class,
            "distance": found.distance,
            "expected_distance": found.expected,
            "uncertainty": found.uncertainty,
            "source": found.metadata,
        })
    });
    json!({
        "query": query,
        "verdict": match answer.verdict {
            Verdict::Accepted => "accepted",
            Verdict::Abstained => "abstained",
            Verdict::Undecided => "undecided",
        },
        "uncertainty": answer.uncertainty,
        "agreement": answer.agreement,
        "confidence": answer.confidence,
        "novel": answer.novel,
        "neighbours": found.collect::<Vec<_>>(),
    })
}

/// An answer for people.
pub fn print(query: &str, answer: &Answer, printer: &Printer) -> Result<(), CliError> {
    let paint = printer.paint();
    let mut facts = Vec::new();
    if let Some(confidence) = answer.confidence {
        facts.push(format!("confidence {:.1} %", 100.0 * confidence));
    } else if let Some(agreement) = answer.agreement {
        facts.push(format!("{:.0} % of samples agree", 100.0 * agreement));
    }
    if let Some(uncertainty) = answer.uncertainty {
        facts.push(format!("uncertainty {uncertainty:.4}"));
    }
    let heading = match answer.verdict {
        Verdict::Accepted => paint.good(query),
        Verdict::Abstained if answer.novel == Some(true) => {
            paint.bad(format!("{query}: of an unknown kind"))
        }
        Verdict::Abstained => paint.bad(format!("{query}: not sure")),
        Verdict::Undecided => paint.bold(query),
    };
    printer.out(format!("{heading}  {}", facts.join(" · ")))?;
    if answer.found.is_empty() {
        return printer.out("  the index is empty");
    }
    let has_expected = answer.found.iter().any(|found| found.expected.is_some());
    let mut header = vec!["", "item", "class", "distance"];
    if has_expected {
        header.push("expected");
    }
    header.push("uncertainty");
    let mut table = table::new(printer, &header);
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
    for (rank, found) in (1..).zip(&answer.found) {
        let mut row = vec![
            rank.to_string(),
            found.id.to_string(),
            found.class.clone().unwrap_or_default(),
            format!("{:.4}", found.distance),
        ];
        if has_expected {
            row.push(number(found.expected));
        }
        row.push(number(found.uncertainty));
        table.add_row(row);
    }
    (3..header.len()).for_each(|column| table::align_right(&mut table, column));
    printer.out(table::text(&table))
}
