//! The report as HTML.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::PlotError;
use crate::figure::Figure;
use crate::svg::tone::dark_rules;
use crate::svg::{escape, font};

use super::page::{Block, Metric, Report, Section, Table};

const STYLE: &str = include_str!("style.css");

/// Figures whose SVG is longer than this stand in the page as PNG.
const LONGEST_SVG: usize = 1_500_000;

/// Nothing may be loaded from anywhere, no script may run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
                      base-uri 'none'; form-action 'none'";

/// The page of a report.
pub(crate) fn page(report: &Report) -> Result<String, PlotError> {
    let mut anchors = Anchors::default();
    let mut body = String::new();
    body.push_str(&format!("<header><h1>{}</h1>", escape(&report.title)));
    if !report.lead.is_empty() {
        body.push_str(&format!("<p class=\"lead\">{}</p>", escape(&report.lead)));
    }
    body.push_str(&facts(&report.facts));
    body.push_str("</header>\n");
    body.push_str(&contents(report, &mut anchors.clone()));
    body.push_str("<main>\n");
    for text in &report.warnings {
        body.push_str(&warning(text));
    }
    if !report.metrics.is_empty() {
        body.push_str(&open_section(&mut anchors, RESULTS));
        body.push_str(&metrics(&report.metrics));
        body.push_str("</section>\n");
    }
    for section in &report.sections {
        body.push_str(&open_section(&mut anchors, &section.heading));
        for item in &section.blocks {
            body.push_str(&block(item)?);
        }
        body.push_str("</section>\n");
    }
    for (heading, text) in [
        (COMMAND, &report.command),
        (CONFIGURATION, &report.configuration),
    ] {
        if !text.is_empty() {
            body.push_str(&open_section(&mut anchors, heading));
            body.push_str(&code(text));
            body.push_str("</section>\n");
        }
    }
    body.push_str("</main>\n");
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{}{STYLE}@media (prefers-color-scheme:dark){{{}}}\n</style>\n\
         </head>\n<body>\n{body}</body>\n</html>\n",
        escape(&report.title),
        font_faces(),
        dark_rules(),
    ))
}

const RESULTS: &str = "Results";
const COMMAND: &str = "Command";
const CONFIGURATION: &str = "Configuration";

/// The font of the figures, so that they look the same wherever the page is opened.
fn font_faces() -> String {
    [(400, font::REGULAR), (600, font::SEMI_BOLD)]
        .iter()
        .map(|(weight, data)| {
            format!(
                "@font-face{{font-family:Inter;font-weight:{weight};\
                 src:url(data:font/otf;base64,{}) format(\"opentype\")}}\n",
                STANDARD.encode(data)
            )
        })
        .collect()
}

/// Unique fragment identifiers.
#[derive(Clone, Debug, Default)]
struct Anchors {
    taken: BTreeSet<String>,
}

impl Anchors {
    fn next(&mut self, heading: &str) -> String {
        let mut slug: String = heading
            .to_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-");
        slug.truncate(60);
        if slug.is_empty() {
            slug.push_str("section");
        }
        let mut anchor = slug.clone();
        let mut number = 2;
        while !self.taken.insert(anchor.clone()) {
            anchor = format!("{slug}-{number}");
            number += 1;
        }
        anchor
    }
}

fn open_section(anchors: &mut Anchors, heading: &str) -> String {
    let anchor = anchors.next(heading);
    format!(
        "<section aria-labelledby=\"{anchor}\"><h2 id=\"{anchor}\">{}</h2>\n",
        escape(heading)
    )
}

/// Links to the sections, in the order in which they will ask for their anchors.
fn contents(report: &Report, anchors: &mut Anchors) -> String {
    let results = (!report.metrics.is_empty()).then_some(RESULTS);
    let command = (!report.command.is_empty()).then_some(COMMAND);
    let configuration = (!report.configuration.is_empty()).then_some(CONFIGURATION);
    let headings: Vec<&str> = results
        .into_iter()
        .chain(report.sections.iter().map(|s: &Section| s.heading.as_str()))
        .chain(command)
        .chain(configuration)
        .collect();
    if headings.len() < 2 {
        return String::new();
    }
    let links: String = headings
        .iter()
        .map(|heading| {
            format!(
                "<li><a href=\"#{}\">{}</a></li>",
                anchors.next(heading),
                escape(heading)
            )
        })
        .collect();
    format!("<nav aria-label=\"Contents\"><ul>{links}</ul></nav>\n")
}

fn warning(text: &str) -> String {
    format!(
        "<p class=\"warning\" role=\"note\"><strong>Warning.</strong> {}</p>\n",
        escape(text)
    )
}

fn facts(facts: &[(String, String)]) -> String {
    if facts.is_empty() {
        return String::new();
    }
    let rows: String = facts
        .iter()
        .map(|(name, value)| {
            format!(
                "<div><dt>{}</dt><dd>{}</dd></div>",
                escape(name),
                escape(value)
            )
        })
        .collect();
    format!("<dl class=\"facts\">{rows}</dl>\n")
}

fn code(text: &str) -> String {
    format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(text))
}

fn metrics(metrics: &[Metric]) -> String {
    let rows: String = metrics
        .iter()
        .map(|m| {
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"wide\">{}</td></tr>\n",
                escape(&m.name),
                escape(&m.value),
                escape(&m.explanation)
            )
        })
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"metrics\"><caption>Headline numbers</caption>\
         <thead><tr><th scope=\"col\">Metric</th><th scope=\"col\" class=\"number\">Value</th>\
         <th scope=\"col\">Meaning</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn table(table: &Table) -> String {
    let columns = table
        .rows
        .iter()
        .map(Vec::len)
        .chain([table.header.len()])
        .max()
        .unwrap_or(0);
    // The first column heads the rows and stays flush left.
    let numeric: Vec<bool> = (0..columns)
        .map(|i| i > 0 && is_numeric(table, i))
        .collect();
    let class = |i: usize| {
        if numeric[i] { " class=\"number\"" } else { "" }
    };
    let text = |cells: &[String], i: usize| cells.get(i).map_or(String::new(), |c| escape(c));
    let header: String = (0..columns)
        .map(|i| {
            let label = text(&table.header, i);
            format!("<th scope=\"col\"{}>{label}</th>", class(i))
        })
        .collect();
    let rows: String = table
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let strong = |i: usize, text: String| match table.strong.contains(&(at, i)) {
                true => format!("<strong>{text}</strong>"),
                false => text,
            };
            let cells: String = (0..columns)
                .map(|i| match i {
                    0 => format!("<th scope=\"row\">{}</th>", strong(0, text(row, 0))),
                    _ => format!("<td{}>{}</td>", class(i), strong(i, text(row, i))),
                })
                .collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table><caption>{}</caption>\
         <thead><tr>{header}</tr></thead><tbody>\n{rows}</tbody></table></div>\n",
        escape(&table.caption)
    )
}

/// Whether every filled cell of the column begins like a number, or is a dash.
fn is_numeric(table: &Table, column: usize) -> bool {
    let mut cells = table
        .rows
        .iter()
        .filter_map(|row| row.get(column))
        .filter(|cell| !cell.is_empty() && *cell != "–" && *cell != "n/a")
        .peekable();
    cells.peek().is_some()
        && cells.all(|cell| {
            let digits = cell.trim_start_matches(['-', '−', '+', '.', '<', '>', '≤', '≥', ' ']);
            digits.starts_with(|c: char| c.is_ascii_digit())
        })
}

fn block(block: &Block) -> Result<String, PlotError> {
    Ok(match block {
        Block::Text(text) => format!("<p>{}</p>\n", escape(text)),
        Block::Warning(text) => warning(text),
        Block::Facts(pairs) => facts(pairs),
        Block::Table(content) => table(content),
        Block::Code(text) => code(text),
        Block::Figure(content) => figure(content)?,
    })
}

fn figure(figure: &Figure) -> Result<String, PlotError> {
    let (width, height) = figure.size();
    let content = if figure.svg().len() <= LONGEST_SVG {
        figure.svg().to_owned()
    } else {
        format!(
            "<img width=\"{width}\" height=\"{height}\" alt=\"{}\" src=\"data:image/png;base64,{}\">",
            escape(figure.alt()),
            STANDARD.encode(figure.png()?)
        )
    };
    let caption = if figure.caption().is_empty() {
        figure.title()
    } else {
        figure.caption()
    };
    // Too broad to be shrunk to a phone: it scrolls there.
    let attributes = if width > 600.0 {
        "class=\"plate broad\" tabindex=\"0\""
    } else {
        "class=\"plate\""
    };
    Ok(format!(
        "<figure><div {attributes} style=\"max-width:{width}px\">{content}</div><figcaption>{}</figcaption></figure>\n",
        escape(caption)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_unique() {
        let mut anchors = Anchors::default();
        let found: Vec<String> = ["A b", "a-B", "<>", "日本", "a b 2", "A b"]
            .iter()
            .map(|h| anchors.next(h))
            .collect();
        assert_eq!(
            found,
            ["a-b", "a-b-2", "section", "section-2", "a-b-2-2", "a-b-3"]
        );
    }

    #[test]
    fn columns_of_numbers_are_recognised() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let table = Table {
            rows: vec![
                row(["LAM", "−0.3 ± 0.1", "x", "–"]),
                row(["PFE", "–", "1", "2"]),
            ],
            ..Table::default()
        };
        let numeric: Vec<bool> = (0..4).map(|i| is_numeric(&table, i)).collect();
        assert_eq!(numeric, [false, true, false, true]);
    }
}
