//! Flat YAML with line numbers: a mapping whose values are scalars or lists of scalars.
//!
//! Works on the parser's events, not on a loaded tree: duplicate keys, quoting and the line of every
//! key stay visible, nothing recurses, and aliases are never expanded.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::problem::Fault;
use super::scalar::{Scalar, classify};

/// A value as it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// An unquoted scalar.
    Plain(String),
    /// A quoted or block scalar.
    Quoted(String),
    /// A list; what is nested deeper is not kept.
    List(Vec<Node>),
    /// A mapping, whose content is not kept.
    Mapping,
    /// A reference to an anchor, never expanded.
    Alias,
}

impl Node {
    /// What stands there, in words for messages.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Plain(text) if classify(text) == Scalar::Null => "empty".to_owned(),
            Self::Plain(text) => shorten(text),
            Self::Quoted(text) => format!("the text \"{}\"", shorten(text)),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Mapping => "a mapping".to_owned(),
            Self::Alias => "an alias".to_owned(),
        }
    }

    /// The text of a scalar that means text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Quoted(text) => Some(text),
            Self::Plain(text) if classify(text) == Scalar::Text => Some(text),
            _ => None,
        }
    }
}

/// At most 60 characters of a text, on one line, control characters escaped.
pub(crate) fn shorten(text: &str) -> String {
    let mut out: String = text.chars().take(60).flat_map(printable).collect();
    if text.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}

fn printable(c: char) -> Vec<char> {
    if c.is_control() {
        c.escape_default().collect()
    } else {
        vec![c]
    }
}

/// A key with its value and the key's line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) node: Node,
}

/// A fault and the line it was found on, if it belongs to one.
pub(crate) type LineFault = (Option<usize>, Fault);

/// Reads a whole file: entries in their order, duplicates included.
pub(super) fn read_mapping(text: &str) -> Result<Vec<Entry>, LineFault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(line) = line_indented_by_tab(text) {
        return Err((Some(line), Fault::Tab));
    }
    let mut events = Events::new(text);
    let (root, line) = match events.first_content()? {
        Some(first) => first,
        None => return Err((None, Fault::Empty)),
    };
    if !matches!(root, Event::MappingStart(..)) {
        let found = match events.node(root)? {
            Node::Plain(text) if classify(&text) == Scalar::Null => {
                return Err((None, Fault::Empty));
            }
            node => node.describe(),
        };
        return Err((Some(line), Fault::NotMapping { found }));
    }
    let mut entries = Vec::new();
    loop {
        let (event, line) = events.next()?;
        let key = match event {
            Event::MappingEnd => break,
            Event::Scalar(key, ..) => key.into_owned(),
            _ => return Err((Some(line), syntax("a key must be a single word"))),
        };
        let (event, _) = events.next()?;
        let node = events.node(event)?;
        entries.push(Entry { key, line, node });
    }
    events.expect_end()?;
    if entries.is_empty() {
        return Err((None, Fault::Empty));
    }
    Ok(entries)
}

/// Reads one value, as given after `--set key=`.
pub(super) fn read_value(text: &str) -> Result<Node, Fault> {
    let mut events = Events::new(text);
    let node = match events.first_content().map_err(|(_, fault)| fault)? {
        Some((event, _)) => events.node(event).map_err(|(_, fault)| fault)?,
        None => return Ok(Node::Plain(String::new())),
    };
    events.expect_end().map_err(|(_, fault)| fault)?;
    Ok(node)
}

pub(super) fn line_indented_by_tab(text: &str) -> Option<usize> {
    let indented = |line: &str| {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.get(..blank).is_some_and(|b| b.contains('\t')) && !line.trim().is_empty()
    };
    text.lines().position(indented).map(|i| i + 1)
}

pub(super) fn syntax(message: impl Into<String>) -> Fault {
    Fault::Syntax {
        message: message.into(),
    }
}

/// The parser's events.
pub(super) struct Events<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Events<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            parser: Parser::new_from_str(text),
        }
    }

    /// The next event and its line.
    pub(super) fn next(&mut self) -> Result<(Event<'a>, usize), LineFault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, line_of(&span))),
            Some(Err(error)) => Err((Some(error.marker().line()), syntax(error.info()))),
            None => Err((None, syntax("the file ends too early"))),
        }
    }

    /// The root node of the first document; none in an empty stream.
    pub(super) fn first_content(&mut self) -> Result<Option<(Event<'a>, usize)>, LineFault> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(None),
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                content => return Ok(Some(content)),
            }
        }
    }

    /// Only one document may stand in a file.
    pub(super) fn expect_end(&mut self) -> Result<(), LineFault> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, line) => {
                    return Err((Some(line), syntax("a second document; keep one")));
                }
            }
        }
    }

    /// The node that begins with `event`. Whatever is nested deeper than a list of scalars is
    /// skipped, since no key takes it.
    fn node(&mut self, event: Event<'a>) -> Result<Node, LineFault> {
        Ok(match event {
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style),
            Event::Alias(_) => Node::Alias,
            Event::MappingStart(..) => {
                self.skip_collection()?;
                Node::Mapping
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()?.0 {
                        Event::SequenceEnd => break,
                        Event::Scalar(text, style, ..) => {
                            items.push(scalar(text.into_owned(), style));
                        }
                        Event::Alias(_) => items.push(Node::Alias),
                        Event::MappingStart(..) => {
                            self.skip_collection()?;
                            items.push(Node::Mapping);
                        }
                        Event::SequenceStart(..) => {
                            self.skip_collection()?;
                            items.push(Node::List(Vec::new()));
                        }
                        _ => {}
                    }
                }
                Node::List(items)
            }
            _ => Node::Plain(String::new()),
        })
    }

    /// Reads up to the end of a collection whose start has been read.
    fn skip_collection(&mut self) -> Result<(), LineFault> {
        let mut depth = 1usize;
        while depth > 0 {
            match self.next()?.0 {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }
}

pub(super) fn scalar(text: String, style: ScalarStyle) -> Node {
    match style {
        ScalarStyle::Plain => Node::Plain(text),
        _ => Node::Quoted(text),
    }
}

fn line_of(span: &Span) -> usize {
    span.start.line()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_values_and_lines() {
        let entries = read_mapping(
            "\u{feff}# c\n\nmodel : \"pfe\"\nlr: 1e-05 # x\nseeds:\n  - 1\n  - 2\nr:\n",
        )
        .map_err(|(_, f)| f);
        let plain = |s: &str| Node::Plain(s.to_owned());
        let expected = [
            ("model", 3, Node::Quoted("pfe".to_owned())),
            ("lr", 4, plain("1e-05")),
            ("seeds", 5, Node::List(vec![plain("1"), plain("2")])),
            ("r", 8, plain("")),
        ];
        let expected = expected.map(|(key, line, node)| Entry {
            key: key.to_owned(),
            line,
            node,
        });
        assert_eq!(entries, Ok(expected.to_vec()));
    }
}
