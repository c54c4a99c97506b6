//! Answers.

use lam_retrieve::{RetrieveError, RetrieveOptions, Retriever};
use lam_search::Ranking;
use lam_search::retrieval::Verdict;
use lam_search::store::{Fingerprint, ItemId};

use crate::common::{index, queries};

#[test]
fn an_answer_names_what_was_found_and_how_many_samples_agree() {
    let (_folder, writer) = index(&[
        (0.0, Some(1), 0.1),
        (1.0, Some(2), 0.2),
        (2.0, Some(2), 0.3),
    ]);
    // Of four samples two are nearest to class 1, two to class 2.
    let query = queries(&[(0.4, 0.05, &[0.1, 0.2, 0.9, 1.9])]);
    let options = RetrieveOptions::exact(2);
    let answers = Retriever::default()
        .answer(&writer.view(), &query, &options)
        .unwrap();
    let [answer] = answers.as_slice() else {
        panic!()
    };
    let first = &answer.found[0];
    assert_eq!(first.id, ItemId::Number(0));
    assert_eq!(first.class.as_deref(), Some("c1"));
    assert_eq!(first.metadata, "picture 0");
    // The chord of 0.4 radians.
    assert!((first.distance - 2.0 * 0.2_f64.sin()).abs() < 1e-6);
    assert!((first.uncertainty.unwrap() - 0.2).abs() < 1e-6);
    assert_eq!(answer.found[1].id, ItemId::Number(1));
    assert_eq!(answer.agreement, Some(0.5));
    assert_eq!(answer.confidence, None);
    assert_eq!(answer.verdict, Verdict::Undecided);
    assert!((answer.uncertainty.unwrap() - 0.1).abs() < 1e-6);
}

#[test]
fn expected_distances_hold_both_spreads() {
    let (_folder, writer) = index(&[(0.0, Some(1), 0.5), (0.9, Some(2), 0.1)]);
    let query = queries(&[(0.4, 0.2, &[])]);
    let plain = RetrieveOptions::exact(2);
    let expected = RetrieveOptions {
        ranking: Ranking::Expected,
        ..plain
    };
    let first = |options| {
        let mut answers = Retriever::default()
            .answer(&writer.view(), &query, options)
            .unwrap();
        answers.remove(0).found.remove(0)
    };
    assert_eq!(first(&plain).id, ItemId::Number(0));
    // The nearer one is the less certain one.
    let found = first(&expected);
    assert_eq!(found.id, ItemId::Number(1));
    let squared = found.distance.powi(2) + 2.0 * 0.2_f64.powi(2) + 2.0 * 0.1_f64.powi(2);
    assert!((found.expected.unwrap() - squared.sqrt()).abs() < 1e-6);
}

#[test]
fn an_index_of_another_model_is_refused() {
    let (_folder, writer) = index(&[(0.0, None, 0.1)]);
    let index = writer.view().spec().fingerprint;
    assert!(Retriever::check_model(index, Fingerprint([7; 32])).is_ok());
    let error = Retriever::check_model(index, Fingerprint([8; 32])).unwrap_err();
    assert!(matches!(error, RetrieveError::OtherModel { .. }), "{error}");
}

#[test]
fn the_threshold_of_the_index_decides_where_there_is_no_rule() {
    let (_folder, mut writer) = index(&[(0.0, Some(1), 0.1)]);
    writer.set_threshold(Some(0.15)).unwrap();
    let query = queries(&[(0.1, 0.05, &[]), (0.1, 0.1, &[])]);
    let options = RetrieveOptions::exact(1);
    let answers = Retriever::default()
        .answer(&writer.view(), &query, &options)
        .unwrap();
    assert_eq!(answers[0].verdict, Verdict::Accepted);
    assert_eq!(answers[1].verdict, Verdict::Abstained);
}

#[test]
fn an_empty_index_answers_with_nothing() {
    let (_folder, writer) = index(&[]);
    let query = queries(&[(0.1, 0.05, &[0.1, 0.2])]);
    let options = RetrieveOptions::exact(3);
    let answers = Retriever::default()
        .answer(&writer.view(), &query, &options)
        .unwrap();
    assert!(answers[0].found.is_empty() && answers[0].agreement.is_none());
}
