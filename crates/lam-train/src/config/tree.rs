//! Nested YAML with line numbers, for files that are not flat configurations.

use saphyr_parser::Event;

use super::problem::Fault;
use super::scalar::{Scalar, classify};
use super::yaml::{Events, LineFault, Node, line_indented_by_tab, scalar, syntax};

/// Deeper files are refused, so that none can exhaust the stack.
const DEEPEST: usize = 16;

/// A value as it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    /// A scalar, or an alias, which is never expanded.
    Leaf(Node),
    /// A list.
    List(Vec<Tree>),
    /// A mapping.
    Mapping(Vec<Branch>),
}

/// A key with its value and the key's line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Branch {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) value: Tree,
}

impl Tree {
    /// What stands there, in words for messages.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Leaf(node) => node.describe(),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

/// Reads a file whose root is a mapping: entries in their order, duplicates included.
pub(crate) fn read_tree(text: &str) -> Result<Vec<Branch>, LineFault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(line) = line_indented_by_tab(text) {
        return Err((Some(line), Fault::Tab));
    }
    let mut events = Events::new(text);
    let Some((root, line)) = events.first_content()? else {
        return Err((None, Fault::Empty));
    };
    let branches = match read(&mut events, root, line, 0)? {
        Tree::Mapping(branches) => branches,
        Tree::Leaf(Node::Plain(text)) if classify(&text) == Scalar::Null => {
            return Err((None, Fault::Empty));
        }
        other => {
            let found = other.describe();
            return Err((Some(line), Fault::NotMapping { found }));
        }
    };
    events.expect_end()?;
    Ok(branches)
}

fn read<'a>(
    events: &mut Events<'a>,
    event: Event<'a>,
    line: usize,
    depth: usize,
) -> Result<Tree, LineFault> {
    if depth > DEEPEST {
        return Err((Some(line), syntax("nested too deeply")));
    }
    match event {
        Event::MappingStart(..) => {
            let mut branches = Vec::new();
            loop {
                let (event, line) = events.next()?;
                let key = match event {
                    Event::MappingEnd => return Ok(Tree::Mapping(branches)),
                    Event::Scalar(key, ..) => key.into_owned(),
                    _ => return Err((Some(line), syntax("a key must be a single word"))),
                };
                let (event, at) = events.next()?;
                let value = read(events, event, at, depth + 1)?;
                branches.push(Branch { key, line, value });
            }
        }
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next()? {
                    (Event::SequenceEnd, _) => return Ok(Tree::List(items)),
                    (event, at) => items.push(read(events, event, at, depth + 1)?),
                }
            }
        }
        Event::Scalar(text, style, ..) => Ok(Tree::Leaf(scalar(text.into_owned(), style))),
        Event::Alias(_) => Ok(Tree::Leaf(Node::Alias)),
        _ => Ok(Tree::Leaf(Node::Plain(String::new()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_in_mappings_keep_their_lines() {
        let text = "a:\n  b: {c: [1, 'x']}\nd: 2\n";
        let leaf = |text: &str| Tree::Leaf(Node::Plain(text.to_owned()));
        let list = Tree::List(vec![leaf("1"), Tree::Leaf(Node::Quoted("x".to_owned()))]);
        let branch = |key: &str, line, value| Branch {
            key: key.to_owned(),
            line,
            value,
        };
        let inner = Tree::Mapping(vec![branch("c", 2, list)]);
        let outer = Tree::Mapping(vec![branch("b", 2, inner)]);
        let expected = vec![branch("a", 1, outer), branch("d", 3, leaf("2"))];
        assert_eq!(read_tree(text).map_err(|(_, f)| f), Ok(expected));
    }

    #[test]
    fn deep_files_are_refused() {
        let text = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(read_tree(&text).is_err());
    }
}
