//! What answers to labelled queries say about further ones.

use lam_metrics::{RiskScore, RiskTarget};
use lam_retrieve::{Calibration, Embeddings, RetrieveError, RetrieveOptions, Retriever};
use lam_search::retrieval::Verdict;
use lam_search::store::View;

use crate::common::{Numbers, index, queries};

/// Two classes side by side on a circle, and queries whose class is less sure the nearer they are to the border: at an
/// angle a from it the class is that of the side with probability ½ + |a|. Samples scatter around the query.
fn crossing(count: usize, seed: u64) -> (Embeddings, Vec<Option<u32>>) {
    let mut numbers = Numbers::new(seed);
    let mut all = Vec::new();
    let mut labels = Vec::new();
    for _ in 0..count {
        let angle = numbers.next() - 0.5;
        let side = u32::from(angle > 0.0);
        let is_side = numbers.next() < 0.5 + angle.abs();
        labels.push(Some(if is_side { side } else { 1 - side }));
        let samples: Vec<f64> = (0..20)
            .map(|_| angle + 0.6 * (numbers.next() - 0.5))
            .collect();
        all.push((angle, samples));
    }
    let rows: Vec<(f64, f32, &[f64])> = all
        .iter()
        .map(|(angle, samples)| (*angle, 0.1, samples.as_slice()))
        .collect();
    (queries(&rows), labels)
}

fn sides() -> Vec<(f64, Option<u32>, f32)> {
    (0..100)
        .map(|i| {
            let angle = f64::from(i) / 100.0 - 0.495;
            (angle, Some(u32::from(angle > 0.0)), 0.1)
        })
        .collect()
}

fn measure(view: &View, count: usize, seed: u64) -> Calibration {
    let (queries, labels) = crossing(count, seed);
    let options = RetrieveOptions::exact(1);
    Calibration::measure(view, &queries, &labels, &options, "a test").unwrap()
}

#[test]
fn confidence_is_the_share_of_right_answers_among_further_queries() {
    let (_folder, writer) = index(&sides());
    let view = writer.view();
    let calibration = measure(&view, 4000, 1);
    let retriever = Retriever::new(Some(calibration), None);
    let (queries, labels) = crossing(4000, 2);
    let answers = retriever
        .answer(&view, &queries, &RetrieveOptions::exact(1))
        .unwrap();
    // In ten bins of confidence, how often the answers are right.
    let mut bins = vec![(0.0, 0.0, 0.0); 10];
    for (answer, label) in answers.iter().zip(&labels) {
        let confidence = answer.confidence.unwrap();
        let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
        bin.0 += confidence;
        bin.1 += f64::from(answer.found[0].label == *label);
        bin.2 += 1.0;
    }
    let error: f64 = bins
        .iter()
        .map(|(confidence, right, _)| (confidence - right).abs())
        .sum();
    let error = error / answers.len() as f64;
    assert!(error < 0.03, "{error}: {bins:?}");
    // The agreement alone is far from it.
    let raw: f64 = answers.iter().map(|answer| answer.agreement.unwrap()).sum();
    let right: f64 = bins.iter().map(|bin| bin.1).sum();
    assert!((raw - right).abs() / answers.len() as f64 > 0.05);
}

#[test]
fn the_risk_is_kept_on_further_queries() {
    let (_folder, writer) = index(&sides());
    let view = writer.view();
    let calibration = measure(&view, 6000, 3);
    let target = RiskTarget::new(0.2, 0.95).unwrap();
    let rule = calibration.rule(target, None).unwrap();
    let retriever = Retriever::new(Some(calibration), Some(rule));
    let (queries, labels) = crossing(6000, 4);
    let answers = retriever
        .answer(&view, &queries, &RetrieveOptions::exact(1))
        .unwrap();
    let accepted = answers
        .iter()
        .zip(&labels)
        .filter(|(answer, _)| answer.verdict == Verdict::Accepted);
    let (mut count, mut wrong) = (0, 0);
    for (answer, label) in accepted {
        count += 1;
        wrong += usize::from(answer.found[0].label != *label);
    }
    assert!(count > 300, "{count} accepted");
    assert!((wrong as f64) <= 0.2 * count as f64, "{wrong} of {count}");
    assert!(
        answers
            .iter()
            .any(|answer| answer.verdict == Verdict::Abstained)
    );
}

#[test]
fn a_score_that_was_not_measured_is_refused_and_so_is_an_impossible_risk() {
    let (_folder, writer) = index(&sides());
    let view = writer.view();
    let (mut queries, labels) = crossing(200, 5);
    queries.samples = None;
    let options = RetrieveOptions::exact(1);
    let calibration = Calibration::measure(&view, &queries, &labels, &options, "a test").unwrap();
    assert_eq!(calibration.confidence(Some(0.5)), None);
    let target = RiskTarget::new(0.2, 0.95).unwrap();
    let error = calibration
        .rule(target, Some(RiskScore::Confidence))
        .unwrap_err();
    assert!(matches!(error, RetrieveError::Calibration(_)), "{error}");
    let target = RiskTarget::new(0.001, 0.95).unwrap();
    let error = calibration.rule(target, None).unwrap_err();
    assert!(
        matches!(error, RetrieveError::NoThreshold { .. }),
        "{error}"
    );
}

#[test]
fn a_class_that_the_index_does_not_know_is_answered_wrongly() {
    let (_folder, writer) = index(&sides());
    let (queries, _) = crossing(60, 6);
    let labels = vec![None; 60];
    let options = RetrieveOptions::exact(1);
    let calibration =
        Calibration::measure(&writer.view(), &queries, &labels, &options, "strangers").unwrap();
    assert_eq!(calibration.accuracy(), 0.0);
}

#[test]
fn few_queries_and_items_without_classes_are_refused() {
    let options = RetrieveOptions::exact(1);
    let (_folder, writer) = index(&sides());
    let (queries, labels) = crossing(49, 7);
    let error =
        Calibration::measure(&writer.view(), &queries, &labels, &options, "few").unwrap_err();
    assert!(error.to_string().contains("at least 50"), "{error}");
    let nameless: Vec<_> = sides()
        .into_iter()
        .map(|(angle, _, sigma)| (angle, None, sigma))
        .collect();
    let (_folder, writer) = index(&nameless);
    let (queries, labels) = crossing(100, 8);
    let error =
        Calibration::measure(&writer.view(), &queries, &labels, &options, "nameless").unwrap_err();
    assert!(error.to_string().contains("with a label"), "{error}");
}
