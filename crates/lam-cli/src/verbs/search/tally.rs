//! What became of many queries.

use lam_retrieve::{Answer, Found, Rule};
use lam_search::retrieval::Verdict;

use crate::printer::Printer;

/// How many answers were right.
#[derive(Default)]
pub(super) struct Tally {
    queries: usize,
    accepted: usize,
    abstained: usize,
    asked_novel: usize,
    novel: usize,
    labelled: usize,
    right: usize,
    neighbours: usize,
    right_neighbours: usize,
    labelled_accepted: usize,
    right_accepted: usize,
}

impl Tally {
    pub(super) fn count(&mut self, answer: &Answer, class: Option<&str>) {
        let accepted = answer.verdict == Verdict::Accepted;
        self.queries += 1;
        self.accepted += usize::from(accepted);
        self.abstained += usize::from(answer.verdict == Verdict::Abstained);
        self.asked_novel += usize::from(answer.novel.is_some());
        self.novel += usize::from(answer.novel == Some(true));
        if let (Some(class), Some(first)) = (class, answer.found.first()) {
            let is_right = |found: &Found| found.class.as_deref() == Some(class);
            let right = is_right(first);
            self.neighbours += answer.found.len();
            self.right_neighbours += answer.found.iter().filter(|found| is_right(found)).count();
            self.labelled += 1;
            self.right += usize::from(right);
            self.labelled_accepted += usize::from(accepted);
            self.right_accepted += usize::from(accepted && right);
        }
    }

    /// To standard error, beside the answers.
    pub(super) fn print(&self, rule: Option<&Rule>, printer: &Printer) {
        let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        if self.queries < 2 {
            return;
        }
        if self.asked_novel > 0 {
            printer.note(format!(
                "{} of {} queries are of an unknown kind ({:.1} %)",
                self.novel,
                self.asked_novel,
                share(self.novel, self.asked_novel)
            ));
        }
        if let Some(rule) = rule {
            printer.note(format!(
                "{} of {} answers accepted ({:.1} %), {} not sure",
                self.accepted,
                self.queries,
                share(self.accepted, self.queries),
                self.abstained
            ));
            if self.labelled_accepted > 0 {
                let wrong = self.labelled_accepted - self.right_accepted;
                printer.note(format!(
                    "{wrong} of {} accepted answers are wrong ({:.2} %; asked for at most {:.2} %)",
                    self.labelled_accepted,
                    share(wrong, self.labelled_accepted),
                    100.0 * rule.target.risk()
                ));
            }
        }
        if self.labelled > 0 {
            printer.note(format!(
                "{} of {} nearest items are of the query's class ({:.2} %), and {:.2} % of all neighbours",
                self.right,
                self.labelled,
                share(self.right, self.labelled),
                share(self.right_neighbours, self.neighbours)
            ));
        }
    }
}
