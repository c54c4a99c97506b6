//! The types a key can have: how a value is read, described and written.

use std::path::PathBuf;

use super::Allowed;
use super::choice::Choice;
use super::scalar::{Scalar, classify, write_float, write_text};
use super::suggest::nearest_name;
use super::yaml::Node;

/// A type that a key of the configuration can have.
pub trait ConfigValue: Sized {
    /// Type and range in words, for "expected …".
    fn describe(allowed: &Allowed) -> String;

    /// Reads a value.
    ///
    /// # Errors
    /// The nearest value that would be accepted, as it would be written, where there is one.
    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>>;

    /// The value as YAML, such that reading it gives the same value.
    fn write(&self) -> String;
}

/// A type whose keys may be without a default.
pub(super) trait Required: ConfigValue {
    /// Any value, for a configuration that is reported as incomplete.
    fn stand_in() -> Self;
}

impl<T: Choice> Required for T {
    fn stand_in() -> Self {
        T::ALL[0].0
    }
}

/// The meaning of an unquoted scalar, or of the text inside quotes, to suggest its unquoted form.
fn meaning(node: &Node) -> (Scalar, bool) {
    match node {
        Node::Plain(text) => (classify(text), true),
        Node::Quoted(text) => (classify(text), false),
        _ => (Scalar::Text, false),
    }
}

impl ConfigValue for bool {
    fn describe(_: &Allowed) -> String {
        "true or false".to_owned()
    }

    fn read(node: &Node, _: &Allowed) -> Result<Self, Option<String>> {
        match meaning(node) {
            (Scalar::Bool(value), true) => Ok(value),
            (Scalar::Bool(value), false) => Err(Some(value.write())),
            (Scalar::Int(value @ (0 | 1)), _) => Err(Some((value == 1).write())),
            _ => Err(None),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl ConfigValue for f64 {
    fn describe(allowed: &Allowed) -> String {
        format!("a number{}", allowed.describe())
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        let (value, plain) = match meaning(node) {
            (Scalar::Float(value), plain) => (value, plain),
            // Whole numbers above 2^53 are rounded, as in every YAML reader.
            (Scalar::Int(value), plain) => (value as f64, plain),
            _ => return Err(None),
        };
        if !allowed.contains(value) {
            return Err(allowed.nearest(value).map(write_float));
        }
        if plain {
            Ok(value)
        } else {
            Err(Some(write_float(value)))
        }
    }

    fn write(&self) -> String {
        write_float(*self)
    }
}

macro_rules! whole_number {
    ($type:ty) => {
        impl ConfigValue for $type {
            fn describe(allowed: &Allowed) -> String {
                format!("a whole number{}", allowed.describe())
            }

            fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
                let value = match meaning(node) {
                    (Scalar::Int(value), plain) => match Self::try_from(value) {
                        Ok(whole) if allowed.contains(value as f64) => {
                            return if plain {
                                Ok(whole)
                            } else {
                                Err(Some(whole.to_string()))
                            };
                        }
                        _ => value as f64,
                    },
                    (Scalar::Float(value), _) if !value.is_nan() => value,
                    _ => return Err(None),
                };
                // Limits of a key lie far below 2^53, so the way through f64 is exact for them.
                let whole = value.max(0.0).round();
                let nearest = allowed.nearest(whole).unwrap_or(whole);
                let text = format!("{nearest:.0}");
                let valid = allowed.contains(nearest) && text.parse::<Self>().is_ok();
                Err(valid.then_some(text))
            }

            fn write(&self) -> String {
                self.to_string()
            }
        }
    };
}
whole_number!(usize);
whole_number!(u64);

impl ConfigValue for String {
    fn describe(_: &Allowed) -> String {
        "text".to_owned()
    }

    fn read(node: &Node, _: &Allowed) -> Result<Self, Option<String>> {
        match (node.text(), node) {
            (Some(text), _) => Ok(text.to_owned()),
            (None, Node::Plain(text)) if classify(text) != Scalar::Null => {
                Err(Some(write_text(text)))
            }
            _ => Err(None),
        }
    }

    fn write(&self) -> String {
        write_text(self)
    }
}

impl ConfigValue for PathBuf {
    fn describe(_: &Allowed) -> String {
        "the path of a folder".to_owned()
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        match String::read(node, allowed)? {
            text if text.is_empty() => Err(Some(".".to_owned())),
            text if text.contains('\0') => Err(None),
            text => Ok(Self::from(text)),
        }
    }

    fn write(&self) -> String {
        write_text(&self.to_string_lossy())
    }
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    fn describe(allowed: &Allowed) -> String {
        format!("{}, or null", T::describe(allowed))
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        let null = matches!(node, Node::Plain(text)
            if classify(text) == Scalar::Null || text.eq_ignore_ascii_case("none"));
        if null {
            Ok(None)
        } else {
            T::read(node, allowed).map(Some)
        }
    }

    fn write(&self) -> String {
        self.as_ref().map_or_else(|| "null".to_owned(), T::write)
    }
}

impl ConfigValue for Vec<u64> {
    fn describe(allowed: &Allowed) -> String {
        let _ = allowed;
        "a list of different whole numbers, as in [1, 2, 3]".to_owned()
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        let Node::List(items) = node else {
            // One number where a list is expected.
            return Err(u64::read(node, allowed).ok().map(|x| vec![x].write()));
        };
        let mut numbers = Self::with_capacity(items.len());
        let mut repeated = false;
        for item in items {
            let number = u64::read(item, allowed).map_err(|_| None)?;
            if numbers.contains(&number) {
                repeated = true;
            } else {
                numbers.push(number);
            }
        }
        if repeated || numbers.is_empty() {
            Err((!numbers.is_empty()).then(|| numbers.write()))
        } else {
            Ok(numbers)
        }
    }

    fn write(&self) -> String {
        let items: Vec<String> = self.iter().map(u64::to_string).collect();
        format!("[{}]", items.join(", "))
    }
}

impl ConfigValue for Vec<usize> {
    fn describe(allowed: &Allowed) -> String {
        format!(
            "a list of whole numbers{}, as in [64, 32], or []",
            allowed.describe()
        )
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        match node {
            Node::List(items) => items
                .iter()
                .map(|item| usize::read(item, allowed).map_err(|_| None))
                .collect(),
            // One number where a list is expected.
            _ => Err(usize::read(node, allowed).ok().map(|n| vec![n].write())),
        }
    }

    fn write(&self) -> String {
        let items: Vec<String> = self.iter().map(usize::to_string).collect();
        format!("[{}]", items.join(", "))
    }
}

impl<T: Choice> ConfigValue for T {
    fn describe(_: &Allowed) -> String {
        T::describe()
    }

    fn read(node: &Node, _: &Allowed) -> Result<Self, Option<String>> {
        let text = match node {
            Node::Plain(text) | Node::Quoted(text) => text,
            _ => return Err(None),
        };
        T::from_name(text).ok_or_else(|| nearest_choice::<T>(text).map(str::to_owned))
    }

    fn write(&self) -> String {
        // Names are plain words.
        self.name().to_owned()
    }
}

/// The name nearest to a word that is none.
fn nearest_choice<T: Choice>(text: &str) -> Option<&'static str> {
    let names = T::ALL.iter().map(|&(_, name)| (name, name));
    let others = T::ALSO_READ.iter().chain(T::HINTS);
    nearest_name(
        text,
        names.chain(others.map(|&(word, value)| (word, value.name()))),
    )
}
