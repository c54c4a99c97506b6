//! The HTML report.

use std::collections::BTreeSet;

use lam_plot::*;

fn gallery() -> String {
    crate::data::report(&crate::data::figures().unwrap())
        .html()
        .unwrap()
}

/// Values of an attribute, in order.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(start.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn nothing_is_requested_from_anywhere() {
    let html = gallery();
    assert!(html.contains("default-src 'none'"));
    for value in ["src", "href"]
        .iter()
        .flat_map(|name| attributes(&html, name))
    {
        assert!(
            value.starts_with("data:") || value.starts_with('#'),
            "{value:.60}"
        );
    }
    for forbidden in [
        "<script", "<link", "<iframe", "@import", "url(http", "url(//",
    ] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let foreign: Vec<&str> = html
        .match_indices("http")
        .map(|(at, _)| &html[at..(at + 26).min(html.len())])
        .filter(|t| !t.starts_with("http-equiv") && !t.starts_with("http://www.w3.org/2000/svg"))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn identifiers_are_unique_and_links_lead_somewhere() {
    let html = gallery();
    let ids = attributes(&html, "id");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    for link in attributes(&html, "href") {
        if let Some(target) = link.strip_prefix('#') {
            assert!(unique.contains(target), "{target}");
        }
    }
    for label in attributes(&html, "aria-labelledby") {
        assert!(unique.contains(label));
    }
}

#[test]
fn page_is_accessible() {
    let html = gallery();
    assert_eq!(html.matches("<h1>").count(), 1);
    assert_eq!(
        html.matches("<table").count(),
        html.matches("<caption>").count()
    );
    assert_eq!(
        html.matches("<figure>").count(),
        html.matches("<figcaption>").count()
    );
    assert_eq!(
        html.matches("<svg").count(),
        html.matches("aria-label=\"").count() - 1
    );
    assert!(html.contains("<html lang=\"en\">"));
    assert!(html.contains("name=\"viewport\""));
    assert!(html.contains("prefers-color-scheme:dark"));
}

#[test]
fn tags_are_balanced() {
    let html = gallery();
    for tag in [
        "html", "head", "body", "main", "header", "nav", "section", "figure", "table", "tr", "td",
        "th", "dl", "div", "pre", "svg", "text", "g", "p",
    ] {
        let opened =
            html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn all_text_is_escaped() {
    let evil = "<img src=x onerror=alert(1)>&\"'</pre>".to_owned();
    let pairs = vec![(evil.clone(), evil.clone())];
    let report = Report {
        title: evil.clone(),
        lead: evil.clone(),
        facts: pairs.clone(),
        warnings: vec![evil.clone()],
        metrics: vec![Metric {
            name: evil.clone(),
            value: evil.clone(),
            explanation: evil.clone(),
        }],
        sections: vec![Section {
            heading: evil.clone(),
            blocks: vec![
                Block::Text(evil.clone()),
                Block::Warning(evil.clone()),
                Block::Facts(pairs),
                Block::Code(evil.clone()),
                Block::Table(Table {
                    caption: evil.clone(),
                    header: vec![evil.clone()],
                    rows: vec![vec![evil.clone(), evil.clone()], vec![]],
                    strong: vec![(0, 1), (7, 7)],
                }),
                Block::Figure(
                    Roc {
                        title: evil.clone(),
                        ..Roc::default()
                    }
                    .figure()
                    .unwrap(),
                ),
            ],
        }],
        command: evil.clone(),
        configuration: evil,
    };
    let html = report.html().unwrap();
    assert!(!html.contains("<img"));
    assert!(
        html.matches("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;&lt;/pre&gt;")
            .count()
            >= 18
    );
}

#[test]
fn big_figures_stand_as_png() {
    let points: Vec<f32> = (0..2000 * 3).map(|i| (i as f32 * 0.7).sin()).collect();
    let labels = vec![0; 2000];
    let names = vec!["x".repeat(2_000_000)];
    let mut figure = Embedding {
        title: &names[0],
        points: &points,
        dim: 3,
        labels: &labels,
        class_names: &names,
        uncertainty: None,
    }
    .figure()
    .unwrap();
    figure = figure.with_name("big");
    assert!(figure.svg().len() > 1_500_000);
    let report = Report {
        sections: vec![Section {
            heading: "Big".to_owned(),
            blocks: vec![Block::Figure(figure)],
        }],
        ..Report::default()
    };
    let html = report.html().unwrap();
    assert!(html.contains("src=\"data:image/png;base64,") && !html.contains("<svg"));
}

#[test]
fn an_empty_report_is_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    Report::default().save(&path).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        Report::default().html().unwrap()
    );
    let missing = folder.path().join("absent/report.html");
    let error = Report::default().save(&missing).unwrap_err().to_string();
    assert!(error.contains("report.html"), "{error}");
}

#[test]
fn page_is_the_same_each_time() {
    assert_eq!(gallery(), gallery());
}
