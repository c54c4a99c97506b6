//! Inputs to be embedded.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lam_data::Picture;
use lam_retrieve::{Accepts, Embeddings, Encoder, Input, RetrieveError};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::line::{Job, Line};
use super::rows::cut;
use crate::error::{Answered, Failure};
use crate::metrics::Metrics;

/// Inputs that the encoder is given together, at most.
const MOST_INPUTS: usize = 64;

/// An input that was checked.
pub(crate) enum OwnedInput {
    /// A photograph, and the right to hold it.
    Image {
        picture: Picture,
        _held: OwnedSemaphorePermit,
    },
    Vector(Vec<f32>),
}

struct Encoding {
    inputs: Vec<OwnedInput>,
    reply: oneshot::Sender<Answered<Embeddings>>,
}

impl Job for Encoding {
    fn weight(&self) -> usize {
        self.inputs.len()
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }
}

/// The encoder with the inputs that wait for it.
pub(crate) struct Encodings {
    accepts: Accepts,
    adds_up: bool,
    line: Line<Encoding>,
}

impl Encodings {
    /// The encoder computes on all cores: one thread asks it.
    pub(crate) fn start(encoder: Arc<dyn Encoder>, metrics: Metrics) -> io::Result<Self> {
        let (accepts, adds_up) = (encoder.accepts(), encoder.adds_up());
        let work = move |jobs| encode(&*encoder, &metrics, jobs);
        Ok(Self {
            accepts,
            adds_up,
            line: Line::start("encode", MOST_INPUTS, vec![work])?,
        })
    }

    pub(crate) fn accepts(&self) -> Accepts {
        self.accepts
    }

    pub(crate) fn adds_up(&self) -> bool {
        self.adds_up
    }

    /// Embeds inputs of the kind that the encoder takes.
    pub(crate) async fn embed(&self, inputs: Vec<OwnedInput>) -> Answered<Embeddings> {
        let (reply, answer) = oneshot::channel();
        self.line.push(Encoding { inputs, reply });
        answer.await.unwrap_or_else(|_| Err(Failure::dropped()))
    }
}

fn encode(encoder: &dyn Encoder, metrics: &Metrics, jobs: Vec<Encoding>) {
    let all: Vec<Input<'_>> = jobs.iter().flat_map(|job| views(&job.inputs)).collect();
    metrics.embedded.inc_by(all.len() as u64);
    let together = embed(encoder, &all);
    drop(all);
    let alone = jobs.len() == 1;
    let mut first = 0;
    for job in jobs {
        let inputs = first..first + job.inputs.len();
        first = inputs.end;
        let answer = match &together {
            Ok(all) => cut(all, inputs).ok_or_else(Failure::dropped),
            // Nobody is to suffer from what another sent.
            Err(_) if !alone => embed(encoder, &views(&job.inputs).collect::<Vec<_>>()),
            Err(failure) => Err(Failure::new(failure.status, failure.message.clone())),
        };
        // Who has gone away needs no answer.
        let _ = job.reply.send(answer);
    }
}

fn views(inputs: &[OwnedInput]) -> impl Iterator<Item = Input<'_>> {
    inputs.iter().map(|input| match input {
        OwnedInput::Image { picture, .. } => Input::Image(picture),
        OwnedInput::Vector(vector) => Input::Vector(vector),
    })
}

/// One embedding per input, or why not; an encoder that panics is a failure of this request alone.
fn embed(encoder: &dyn Encoder, inputs: &[Input<'_>]) -> Answered<Embeddings> {
    let embedded = catch_unwind(AssertUnwindSafe(|| encoder.embed(inputs)));
    let embeddings = embedded.map_err(|_| Failure::dropped())??;
    if embeddings.len() == inputs.len() && embeddings.dim == encoder.dim() {
        return Ok(embeddings);
    }
    Err(RetrieveError::Model(format!(
        "{} embeddings of {} dimensions for {} inputs",
        embeddings.len(),
        embeddings.dim,
        inputs.len()
    ))
    .into())
}
