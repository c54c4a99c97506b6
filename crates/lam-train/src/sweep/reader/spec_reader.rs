//! What every part of the file needs: problems, warnings, numbers and names.

use std::path::Path;

use super::scalar::leaf;
use crate::config::{
    Allowed, Branch, Choice, ConfigValue, Fault, Place, Problem, Warning, nearest_name,
};

/// Collects what is wrong with a file while it is read.
pub(in crate::sweep) struct SpecReader<'a> {
    pub(super) path: &'a Path,
    pub(in crate::sweep) problems: Vec<Problem>,
    pub(in crate::sweep) warnings: Vec<Warning>,
}

impl<'a> SpecReader<'a> {
    /// For the file of this name.
    pub(in crate::sweep) fn new(path: &'a Path) -> Self {
        Self {
            path,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn place(&self, line: usize) -> Place {
        Place::Line(self.path.to_owned(), line)
    }

    pub(super) fn problem(&mut self, line: usize, message: impl Into<String>) {
        let fault = Fault::Conflict {
            message: message.into(),
        };
        let place = self.place(line);
        self.problems.push(Problem { place, fault });
    }

    pub(super) fn bad(
        &mut self,
        branch: &Branch,
        expected: impl Into<String>,
        nearest: Option<String>,
    ) {
        let fault = Fault::BadValue {
            key: branch.key.clone(),
            found: branch.value.describe(),
            expected: expected.into(),
            nearest,
        };
        let place = self.place(branch.line);
        self.problems.push(Problem { place, fault });
    }

    pub(super) fn warn(&mut self, line: usize, message: impl Into<String>) {
        let place = self.place(line);
        self.warnings.push(Warning {
            place,
            message: message.into(),
        });
    }

    pub(super) fn missing(&mut self, key: &str, expected: &str) {
        self.problems.push(Problem {
            place: Place::File(self.path.to_owned()),
            fault: Fault::Missing {
                key: key.to_owned(),
                expected: expected.to_owned(),
            },
        });
    }

    /// Reports keys that stand twice or that are not known here.
    pub(super) fn check_keys(
        &mut self,
        branches: &[Branch],
        known: &[&str],
        ignored: &[&str],
        what: &str,
    ) {
        for (i, branch) in branches.iter().enumerate() {
            let earlier = branches
                .iter()
                .take(i)
                .find(|other| other.key == branch.key);
            if let Some(first) = earlier {
                let fault = Fault::Duplicate {
                    key: branch.key.clone(),
                    first: first.line,
                };
                let place = self.place(branch.line);
                self.problems.push(Problem { place, fault });
            } else if !known.contains(&branch.key.as_str())
                && !ignored.contains(&branch.key.as_str())
            {
                let pairs = known.iter().map(|key| (*key, *key));
                let hint = match nearest_name(&branch.key, pairs) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("{what} has {}", known.join(", ")),
                };
                self.problem(branch.line, format!("unknown key '{}': {hint}", branch.key));
            }
        }
    }

    pub(super) fn number(&mut self, part: &Branch) -> Option<f64> {
        let number = f64::read(&leaf(&part.value), &Allowed::ANY).ok();
        if number.is_none() {
            self.bad(part, "a number", None);
        }
        number
    }

    pub(super) fn choice<T: Choice>(&mut self, branch: &Branch) -> Option<T> {
        match <T as ConfigValue>::read(&leaf(&branch.value), &Allowed::ANY) {
            Ok(value) => Some(value),
            Err(nearest) => {
                self.bad(branch, <T as Choice>::describe(), nearest);
                None
            }
        }
    }

    pub(super) fn whole(&mut self, branch: &Branch, least: u64) -> Option<usize> {
        let allowed = Allowed::between(least as f64, 1e9);
        match usize::read(&leaf(&branch.value), &allowed) {
            Ok(value) => Some(value),
            Err(nearest) => {
                self.bad(branch, usize::describe(&allowed), nearest);
                None
            }
        }
    }
}
