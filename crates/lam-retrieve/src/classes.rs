use std::collections::BTreeMap;

use lam_search::store::View;

/// One numbering of classes by their names, continued from what an index holds: two folders may number the same class
/// differently.
#[derive(Debug, Clone, Default)]
pub struct Classes {
    by_name: BTreeMap<String, u32>,
    next: u32,
}

impl Classes {
    /// The classes of an index. New ones are numbered behind all labels, those without a name too.
    pub fn of(view: &View) -> Self {
        let named = view.classes();
        let by_name = named.iter().map(|(label, name)| (name.clone(), *label));
        let labels = view.items().filter_map(|item| item.label);
        let last = labels.max().max(named.keys().next_back().copied());
        Self {
            by_name: by_name.collect(),
            next: last.map_or(0, |last| last.saturating_add(1)),
        }
    }

    /// The label of a class that is known.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The label of a class; a new one gets the next number.
    pub fn label(&mut self, name: &str) -> u32 {
        if let Some(label) = self.find(name) {
            return label;
        }
        let label = self.next;
        self.next = self.next.saturating_add(1);
        self.by_name.insert(name.to_owned(), label);
        label
    }
}
