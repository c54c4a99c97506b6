//! The configuration's names of data sets are those of the registry.
#![allow(missing_docs)]

use lam_data::registry;
use lam_train::config::{Choice, DatasetName};

#[test]
fn every_registered_data_set_can_be_configured() {
    for entry in registry() {
        assert!(
            DatasetName::from_name(entry.name).is_some(),
            "'{}' is missing in config/dataset.rs",
            entry.name
        );
    }
}

#[test]
fn partners_agree() {
    for entry in registry() {
        let partner = DatasetName::from_name(entry.name).and_then(DatasetName::ood_partner);
        assert_eq!(
            partner.map(|name| name.to_string()),
            entry.ood_partner.map(str::to_owned),
            "{}",
            entry.name
        );
    }
}
