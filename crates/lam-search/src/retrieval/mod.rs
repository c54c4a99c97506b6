//! Searches in a stored index that say how sure they are.
//!
//! **Distances** are squared Euclidean ones between unit vectors: `2 − 2 cos`, so their order is that of
//! the cosine.
//!
//! **Expected distance.** For independent embeddings `a` and `b` with means `μ` and deviations `σ` per
//! dimension,
//! ```text
//! E|a − b|² = |μ_a − μ_b|² + Σ_d σ_a,d² + Σ_d σ_b,d²
//! ```
//! which needs no Gaussian, only the moments. [`Ranking::Expected`](crate::Ranking::Expected) orders by it. The query's own spread
//! adds the same to all distances: it changes the numbers, not the order. What moves is that an uncertain
//! *item* steps back behind a certain one at the same distance. For the exact search the items' part is an
//! additive term of the matrix product ([`crate::Index::with_terms`]) and costs nothing.
//!
//! What is stored as the mean is the mean *direction*, of length 1. A unit vector's true mean is shorter,
//! `|E a|² = 1 − Σ σ_a²`, and with it `E|a − b|² = 2 − 2 E a · E b`. The formula above, with unit means,
//! exceeds this by `(Σ σ_a² + Σ σ_b²)(1 − cos)` to first order: nothing among near neighbours, and for far
//! ones a doubt counted more than it should be. With spreads that are no longer small, read its values as
//! a ranking.
//!
//! **Confidence.** [`View::search_samples`](crate::store::View::search_samples) lets samples of a query
//! from the posterior vote, each for the label of its own nearest item.
//!
//! **Abstention.** An index may hold a threshold on the scalar uncertainty of queries, chosen on held-out
//! data; every answer says what comes of it ([`Verdict`]).

mod answer;
mod options;
mod queries;
mod search;
mod votes;

pub use answer::{Answer, Hit, Verdict};
pub use options::{Method, SearchOptions};
pub use queries::Queries;
pub use votes::Votes;
