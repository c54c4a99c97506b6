//! Queries to be answered.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lam_retrieve::{Answer, Embeddings, RetrieveOptions, Retriever};
use lam_search::store::{Store, View};
use tokio::sync::oneshot;

use super::line::{Job, Line};
use super::rows::{Shape, join, shape};
use crate::error::{Answered, Failure};
use crate::metrics::Metrics;

/// Queries that one thread answers together, at most: with more, the first wait long for the last.
const MOST_QUERIES: usize = 84;

/// Answers, and what was searched for them.
pub(crate) struct Searched {
    pub(crate) answers: Vec<Answer>,
    pub(crate) queries: Embeddings,
    pub(crate) view: Arc<View>,
}

struct Search {
    queries: Embeddings,
    options: RetrieveOptions,
    reply: oneshot::Sender<Answered<Searched>>,
}

impl Job for Search {
    fn weight(&self) -> usize {
        self.queries.len()
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }
}

impl Search {
    /// What searches must agree in to be made together. With another k a walk along the graph would find other items.
    fn kind(&self) -> (RetrieveOptions, Shape) {
        (self.options, shape(&self.queries))
    }
}

/// The index with the queries that wait for it.
pub(crate) struct Searches {
    line: Line<Search>,
}

impl Searches {
    /// As many threads as cores: a few queries are answered by one core.
    pub(crate) fn start(
        store: &Store,
        retriever: &Retriever,
        metrics: &Metrics,
    ) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let worker = |_| {
            let (store, retriever, metrics) = (store.clone(), retriever.clone(), metrics.clone());
            move |jobs| search(&store, &retriever, &metrics, jobs)
        };
        Ok(Self {
            line: Line::start("search", MOST_QUERIES, (0..cores).map(worker).collect())?,
        })
    }

    pub(crate) async fn search(
        &self,
        queries: Embeddings,
        options: RetrieveOptions,
    ) -> Answered<Searched> {
        let (reply, answer) = oneshot::channel();
        self.line.push(Search {
            queries,
            options,
            reply,
        });
        answer.await.unwrap_or_else(|_| Err(Failure::dropped()))
    }
}

fn search(store: &Store, retriever: &Retriever, metrics: &Metrics, mut jobs: Vec<Search>) {
    let view = store.view();
    while let Some(first) = jobs.first() {
        let kind = first.kind();
        let (alike, others): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|job| job.kind() == kind);
        jobs = others;
        let rows: usize = alike.iter().map(|job| job.queries.len()).sum();
        metrics.searched_together.observe(rows as f64);
        answer(&view, retriever, alike);
    }
}

/// Answers searches of one kind.
fn answer(view: &Arc<View>, retriever: &Retriever, jobs: Vec<Search>) {
    if let [_, _, ..] = jobs.as_slice() {
        let all = join(jobs.iter().map(|job| &job.queries));
        let options = jobs[0].options;
        if let Ok(answers) = answer_all(view, retriever, &all, &options) {
            let mut answers = answers.into_iter();
            for job in jobs {
                let own = answers.by_ref().take(job.queries.len()).collect();
                reply(view, job, Ok(own));
            }
            return;
        }
    }
    // Alone, or one of them cannot be answered: the others are.
    for job in jobs {
        let answers = answer_all(view, retriever, &job.queries, &job.options);
        reply(view, job, answers);
    }
}

fn answer_all(
    view: &View,
    retriever: &Retriever,
    queries: &Embeddings,
    options: &RetrieveOptions,
) -> Answered<Vec<Answer>> {
    let answered = catch_unwind(AssertUnwindSafe(|| {
        retriever.answer(view, queries, options)
    }));
    Ok(answered.map_err(|_| Failure::dropped())??)
}

fn reply(view: &Arc<View>, job: Search, answers: Answered<Vec<Answer>>) {
    let searched = answers.map(|answers| Searched {
        answers,
        queries: job.queries,
        view: view.clone(),
    });
    // Who has gone away needs no answer.
    let _ = job.reply.send(searched);
}
