//! `parameters`: what is varied, and over which values.

use super::SpecReader;
use super::scalar::{is_whole, leaf, text_of, written};
use crate::config::{
    Allowed, Branch, ConfigValue, Fault, Problem, Tree, key_specs, nearest_key, nearest_name,
};
use crate::sweep::domain::{Domain, Numeric, Parameter};

const PARAMETER_KEYS: [&str; 7] = [
    "value",
    "values",
    "probabilities",
    "distribution",
    "min",
    "max",
    "q",
];
const DISTRIBUTIONS: [&str; 10] = [
    "constant",
    "categorical",
    "categorical_w_probabilities",
    "int_uniform",
    "uniform",
    "q_uniform",
    "log_uniform",
    "log_uniform_values",
    "q_log_uniform",
    "q_log_uniform_values",
];

impl SpecReader<'_> {
    pub(super) fn parameter(&mut self, entry: &Branch) -> Option<Parameter> {
        let specs = key_specs();
        let Some(spec) = specs.iter().find(|spec| spec.key == entry.key) else {
            let nearest = nearest_key(&entry.key, specs.iter().map(|spec| spec.key));
            let fault = Fault::UnknownKey {
                key: entry.key.clone(),
                nearest: nearest.map(str::to_owned),
            };
            let place = self.place(entry.line);
            self.problems.push(Problem { place, fault });
            return None;
        };
        let domain = match &entry.value {
            Tree::Mapping(parts) => self.domain(entry, parts)?,
            // A bare value, as in `lr: 0.1`.
            Tree::Leaf(node) => Domain::Fixed(written(node)?),
            Tree::List(_) => {
                self.bad(
                    entry,
                    "a mapping, such as 'values: […]' or 'min: …' and 'max: …'",
                    None,
                );
                return None;
            }
        };
        if let Domain::Numeric(Numeric {
            min,
            max,
            step: Some(step),
            ..
        }) = &domain
            && *step == 1.0
            && spec.expected.starts_with("a number")
            && !has_key(&entry.value, "distribution")
        {
            self.warn(
                entry.line,
                format!(
                    "'{}' takes whole numbers only, since min and max are whole: write {min:.1} and {max:.1} for all numbers between",
                    entry.key
                ),
            );
        }
        Some(Parameter {
            key: spec.key,
            line: entry.line,
            domain,
        })
    }

    fn domain(&mut self, entry: &Branch, parts: &[Branch]) -> Option<Domain> {
        let before = self.problems.len();
        self.check_keys(parts, &PARAMETER_KEYS, &["mu", "sigma"], "a parameter");
        let find = |key: &str| parts.iter().find(|part| part.key == key);
        let named = match find("distribution") {
            None => None,
            Some(part) => {
                let name = text_of(&part.value).unwrap_or_default();
                if !DISTRIBUTIONS.contains(&name.as_str()) {
                    let pairs = DISTRIBUTIONS.iter().map(|known| (*known, *known));
                    let nearest = nearest_name(&name, pairs).map(str::to_owned);
                    let expected = format!("one of {}", DISTRIBUTIONS.join(", "));
                    self.bad(part, expected, nearest);
                    return None;
                }
                Some(name)
            }
        };
        if self.problems.len() > before {
            return None;
        }
        let (min, max) = (find("min"), find("max"));
        let kind = match (&named, find("value"), find("values"), min, max) {
            (Some(name), ..) => name.as_str(),
            (None, Some(_), None, None, None) => "constant",
            (None, None, Some(_), None, None) => "categorical",
            (None, None, None, Some(min), Some(max)) => {
                if is_whole(&min.value) && is_whole(&max.value) {
                    "int_uniform"
                } else {
                    "uniform"
                }
            }
            _ => {
                self.problem(
                    entry.line,
                    format!("'{}' needs one of: value; values; min and max", entry.key),
                );
                return None;
            }
        };
        match kind {
            "constant" => match find("value").map(|part| &part.value) {
                Some(tree) => Some(Domain::Fixed(self.value(entry, tree)?)),
                None => {
                    self.problem(entry.line, format!("'{}' needs 'value'", entry.key));
                    None
                }
            },
            "categorical" | "categorical_w_probabilities" => {
                self.categories(entry, find("values"), find("probabilities"))
            }
            kind => self.numbers(entry, kind, min, max, find("q")),
        }
    }

    fn value(&mut self, entry: &Branch, tree: &Tree) -> Option<String> {
        let text = match tree {
            Tree::Leaf(node) => written(node),
            Tree::List(items) => items
                .iter()
                .map(|item| match item {
                    Tree::Leaf(node) => written(node),
                    _ => None,
                })
                .collect::<Option<Vec<String>>>()
                .map(|items| format!("[{}]", items.join(", "))),
            Tree::Mapping(_) => None,
        };
        if text.is_none() {
            self.problem(
                entry.line,
                format!(
                    "a value of '{}' is {}: expected a plain value",
                    entry.key,
                    tree.describe()
                ),
            );
        }
        text
    }

    fn categories(
        &mut self,
        entry: &Branch,
        values: Option<&Branch>,
        probabilities: Option<&Branch>,
    ) -> Option<Domain> {
        let Some(Tree::List(items)) = values.map(|part| &part.value) else {
            self.problem(entry.line, format!("'{}' needs a list 'values'", entry.key));
            return None;
        };
        let values: Vec<String> = items
            .iter()
            .map(|item| self.value(entry, item))
            .collect::<Option<_>>()?;
        let repeated = (0..values.len()).find(|&i| values[..i].contains(&values[i]));
        if values.is_empty() || repeated.is_some() {
            let what = repeated.map_or("an empty list".to_owned(), |i| {
                format!("'{}' twice", values[i])
            });
            self.problem(
                entry.line,
                format!("the values of '{}' have {what}", entry.key),
            );
            return None;
        }
        let weights = match probabilities {
            None => vec![1.0 / values.len() as f64; values.len()],
            Some(part) => {
                let given: Option<Vec<f64>> = match &part.value {
                    Tree::List(items) => items
                        .iter()
                        .map(|item| f64::read(&leaf(item), &Allowed::between(0.0, 1.0)).ok())
                        .collect(),
                    _ => None,
                };
                match given {
                    Some(given)
                        if given.len() == values.len()
                            && (given.iter().sum::<f64>() - 1.0).abs() < 1e-6 =>
                    {
                        given
                    }
                    _ => {
                        let expected =
                            format!("{} numbers from 0 to 1 that add up to 1", values.len());
                        self.bad(part, expected, None);
                        return None;
                    }
                }
            }
        };
        Some(Domain::Categorical { values, weights })
    }

    fn numbers(
        &mut self,
        entry: &Branch,
        kind: &str,
        min: Option<&Branch>,
        max: Option<&Branch>,
        q: Option<&Branch>,
    ) -> Option<Domain> {
        let [low, high] = [(min, "min"), (max, "max")].map(|(part, name)| {
            if part.is_none() {
                self.problem(
                    entry.line,
                    format!("'{}' needs '{name}' for the distribution {kind}", entry.key),
                );
            }
            part.and_then(|part| self.number(part))
        });
        let step = match (kind, q) {
            ("int_uniform", _) => Some(1.0),
            (kind, Some(q)) if kind.starts_with("q_") => Some(self.number(q)?),
            (kind, None) if kind.starts_with("q_") => Some(1.0),
            _ => None,
        };
        let (mut min, mut max) = (low?, high?);
        let log = kind.contains("log");
        if matches!(kind, "log_uniform" | "q_log_uniform") {
            // Weights & Biases gives the exponents of these two.
            (min, max) = (min.exp(), max.exp());
        }
        let numeric = Numeric {
            min,
            max,
            log,
            step,
        };
        let wrong = if min >= max || !max.is_finite() {
            Some(format!("min {min} is not below max {max}"))
        } else if log && min <= 0.0 {
            Some(format!(
                "a logarithmic distribution needs a min above 0, not {min}"
            ))
        } else if step.is_some_and(|step| step <= 0.0 || step > max - min) {
            Some("the step does not fit between min and max".to_owned())
        } else if kind == "int_uniform" && (min.fract() != 0.0 || max.fract() != 0.0) {
            Some("min and max of whole numbers are whole".to_owned())
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.problem(entry.line, format!("'{}': {wrong}", entry.key));
            return None;
        }
        Some(Domain::Numeric(numeric))
    }
}

fn has_key(tree: &Tree, key: &str) -> bool {
    matches!(tree, Tree::Mapping(parts) if parts.iter().any(|part| part.key == key))
}
