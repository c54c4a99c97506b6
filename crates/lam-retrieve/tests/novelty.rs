//! Which queries are of an unknown kind.

use lam_metrics::{RiskScore, RiskTarget};
use lam_retrieve::{Calibration, Novelty, RetrieveError, RetrieveOptions, Retriever};
use lam_search::retrieval::Verdict;

use crate::common::{Numbers, index, queries};

/// Uncertainties are twice the deviations.
fn deviations(all: impl IntoIterator<Item = f32>) -> Vec<(f64, Option<u32>, f32)> {
    all.into_iter().map(|sigma| (0.0, Some(1), sigma)).collect()
}

#[test]
fn the_limit_is_the_rank_that_the_share_leaves() {
    let (_folder, writer) = index(&deviations((1..=19).map(|i| i as f32)));
    let view = writer.view();
    let limit = |share| Novelty::of_items(&view, share).unwrap().threshold;
    // Twenty places for a further one of them: one above the largest, five above the fifteenth.
    assert_eq!(limit(0.05), 38.0);
    assert_eq!(limit(0.25), 30.0);
    assert_eq!(limit(0.26), 30.0);
    assert_eq!(limit(0.5), 20.0);
    let novelty = Novelty::of_items(&view, 0.25).unwrap();
    assert_eq!(novelty.items, 19);
    assert!(!novelty.is_novel(30.0) && novelty.is_novel(30.1));

    let refused = |share| Novelty::of_items(&view, share).unwrap_err();
    for share in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(matches!(refused(share), RetrieveError::Share(_)), "{share}");
    }
    let few = refused(0.01);
    let expected = matches!(
        few,
        RetrieveError::FewItems {
            items: 19,
            fewest: 99,
            ..
        }
    );
    assert!(expected, "{few}");
}

/// Over many draws of items and of a query of their kind, it is taken for an unknown one as often as was asked.
#[test]
fn a_known_query_is_rarely_taken_for_an_unknown_one() {
    let mut numbers = Numbers::new(5);
    let (draws, items) = (4000_u32, 39);
    let mut novel = 0;
    for _ in 0..draws {
        let mut draw = || numbers.next() * numbers.next();
        let own = draw();
        let items = (0..items).map(|_| draw()).collect();
        let novelty = Novelty::of_uncertainties(items, 0.1).unwrap();
        novel += u32::from(novelty.is_novel(own));
    }
    let found = f64::from(novel) / f64::from(draws);
    // 4 of 40 places; four standard deviations of a binomial.
    let error = 4.0 * (0.1 * 0.9 / f64::from(draws)).sqrt();
    assert!((found - 0.1).abs() < error, "{found}");
}

#[test]
fn answers_to_unknown_queries_are_not_relied_on() {
    let (_folder, writer) = index(&deviations((1..=19).map(|i| i as f32 / 100.0)));
    let view = writer.view();
    let options = RetrieveOptions::exact(1);
    let novelty = Novelty::of_items(&view, 0.25).unwrap();
    let asked = queries(&[(0.1, 0.05, &[0.1]), (0.1, 0.18, &[0.1])]);
    let verdicts = |retriever: Retriever| -> Vec<(Option<bool>, Verdict)> {
        let answers = retriever.answer(&view, &asked, &options).unwrap();
        answers.iter().map(|a| (a.novel, a.verdict)).collect()
    };
    let plain = Retriever::default();
    assert_eq!(verdicts(plain.clone()), [(None, Verdict::Undecided); 2]);
    let told = [
        (Some(false), Verdict::Accepted),
        (Some(true), Verdict::Abstained),
    ];
    assert_eq!(verdicts(plain.with_novelty(Some(novelty))), told);

    // Rules by calibration queries as far from the items as these: right ones, and wrong ones.
    for (label, known) in [(1, Verdict::Accepted), (2, Verdict::Abstained)] {
        let near: (f64, f32, &[f64]) = (0.0, 0.05, &[0.1]);
        let held_out = queries(&[vec![near; 100], vec![(0.1, 0.05, &[0.1]); 100]].concat());
        let labels = [vec![Some(1); 100], vec![Some(label); 100]].concat();
        let calibration =
            Calibration::measure(&view, &held_out, &labels, &options, "a test").unwrap();
        let target = RiskTarget::new(0.1, 0.95).unwrap();
        let rule = calibration.rule(target, Some(RiskScore::Distance)).unwrap();
        let retriever = Retriever::new(Some(calibration), Some(rule));
        let expected = [(Some(false), known), (Some(true), Verdict::Abstained)];
        assert_eq!(verdicts(retriever.with_novelty(Some(novelty))), expected);
    }
}
