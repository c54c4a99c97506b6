//! The committed configurations: all of the released ones, with their values, and our own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lam_train::config::{
    Config, DatasetChoice, DatasetName, Loss, Method, Origin, Setting, markdown_table,
};

/// The hyper-parameters of the released configurations; an empty cell is an absent key.
const RELEASED: &str = include_str!("config_hyperparameters.csv");

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs")
}

/// Cells of a line, where only a list is quoted.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

/// One released configuration: file and the keys that stand in it.
fn released() -> Vec<(String, BTreeMap<String, String>)> {
    let mut lines = RELEASED.lines();
    let header = cells(lines.next().unwrap());
    lines
        .map(|line| {
            let row = cells(line);
            assert_eq!(row.len(), header.len(), "{line}");
            let keys = header.iter().cloned().zip(row.clone()).skip(1);
            (
                row[0].clone(),
                keys.filter(|(_, value)| !value.is_empty()).collect(),
            )
        })
        .collect()
}

/// Whether a resolved value is the one of the released file, by its meaning.
fn same(released: &str, ours: &str) -> bool {
    match (released.parse::<f64>(), ours.parse::<f64>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => {
            released == ours
                || released.to_lowercase() == ours
                || (released, ours) == ("online", "laplace_online")
        }
    }
}

#[test]
fn the_76_released_configurations_have_exactly_their_keys_and_values() {
    let released = released();
    assert_eq!(released.len(), 76);
    for (file, keys) in released {
        let path = configs().join(&file);
        let loaded = Config::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
        let misspelt = keys.contains_key("split_quesry_database");
        assert_eq!(
            loaded.warnings.len(),
            usize::from(misspelt),
            "{file}: {:?}",
            loaded.warnings
        );
        let mut set: BTreeMap<&str, &Setting> = BTreeMap::new();
        let settings = loaded.config.settings();
        for setting in settings
            .iter()
            .filter(|setting| setting.origin != Origin::Default)
        {
            set.insert(setting.key, setting);
        }
        for (key, value) in &keys {
            let key = key.replace("quesry", "query");
            let setting = set
                .remove(key.as_str())
                .unwrap_or_else(|| panic!("{file}: no {key}"));
            assert!(
                same(value, &setting.value),
                "{file}: {key} is {}, not {value}",
                setting.value
            );
        }
        assert!(set.is_empty(), "{file}: more keys than released: {set:?}");
    }
}

#[test]
fn no_other_file_stands_in_configs_unread() {
    let mut pending = vec![configs()];
    let mut loaded = 0;
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Sweeps are files of their own kind, loaded by their own tests.
            if path.is_dir() && !path.ends_with("sweeps") {
                pending.push(path);
            } else if path.extension().is_some_and(|ext| ext == "yaml") {
                Config::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
                loaded += 1;
            }
        }
    }
    assert!(loaded > 76, "{loaded}");
}

#[test]
fn quickstart_is_online_lam_on_the_sample() {
    let loaded = Config::load(&configs().join("quickstart.yaml"), &[]).unwrap();
    let config = loaded.config;
    assert_eq!(loaded.warnings, []);
    assert_eq!(config.model, Method::LaplaceOnline);
    assert_eq!(
        (config.dataset, config.loss),
        (DatasetChoice::Known(DatasetName::Sample), Loss::Arccos)
    );
    assert_eq!(
        config.ood_dataset,
        Some(DatasetChoice::Known(DatasetName::SampleMnist))
    );
}

/// `LAM_UPDATE_DOCS=1 cargo test -p lam-train config_files` rewrites the table.
#[test]
fn the_readme_holds_the_table_of_keys() {
    const BEGIN: &str = "<!-- keys: begin -->\n";
    const END: &str = "<!-- keys: end -->";
    let path = configs().join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    if std::env::var_os("LAM_UPDATE_DOCS").is_some() {
        std::fs::write(
            &path,
            format!("{before}{BEGIN}{}{END}{after}", markdown_table()),
        )
        .unwrap();
        return;
    }
    assert_eq!(
        table,
        markdown_table(),
        "run with LAM_UPDATE_DOCS=1 to rewrite configs/README.md"
    );
}
