//! Plain values of the file.

use crate::config::{Node, Scalar, Tree, classify, write_text};

/// What is no scalar is no value of any type either.
pub(super) fn leaf(tree: &Tree) -> Node {
    match tree {
        Tree::Leaf(node) => node.clone(),
        Tree::List(_) => Node::List(Vec::new()),
        Tree::Mapping(_) => Node::Mapping,
    }
}

pub(super) fn text_of(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Leaf(node) => node.text().map(str::to_owned),
        _ => None,
    }
}

pub(super) fn is_whole(tree: &Tree) -> bool {
    matches!(tree, Tree::Leaf(Node::Plain(text)) if matches!(classify(text), Scalar::Int(_)))
}

/// A scalar as it would stand in a configuration.
pub(super) fn written(node: &Node) -> Option<String> {
    match node {
        Node::Plain(text) if classify(text) == Scalar::Null => Some("null".to_owned()),
        Node::Plain(text) => Some(text.clone()),
        Node::Quoted(text) => Some(write_text(text)),
        _ => None,
    }
}
