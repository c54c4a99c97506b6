use std::sync::Arc;

use crate::places::{Positives, training_reference};
use crate::{DataError, Dataset, ImageShape, Normalise, Unreadable};

/// Queries, each with one of its positives: what place recognition and face retrieval train on, where a batch of images
/// drawn one by one would hardly ever show the same thing twice.
///
/// An image is a query and a reference on top of each other, `[2 · C, H, W]`. Which reference goes with a query is drawn
/// anew in every epoch; outside of training it is the first.
pub struct Pairs {
    queries: Arc<dyn Dataset>,
    references: Arc<dyn Dataset>,
    positives: Positives,
    /// Queries that have a positive.
    answerable: Vec<usize>,
    labels: Vec<u32>,
    normalisation: Option<Normalise>,
}

impl Pairs {
    /// `positives` says which `references` show what a query shows. Queries without any are left out.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] if the sets differ in shape, or the positives are of another number of queries;
    /// [`DataError::EmptySet`] if no query has a positive.
    pub fn new(
        queries: Arc<dyn Dataset>,
        references: Arc<dyn Dataset>,
        positives: Positives,
    ) -> Result<Self, DataError> {
        if queries.shape() != references.shape() {
            return Err(DataError::InvalidArgument {
                argument: "shape of the references",
                value: references.shape().to_string(),
                expected: "that of the queries",
            });
        }
        if positives.queries() != queries.len() {
            return Err(DataError::InvalidArgument {
                argument: "queries with positives",
                value: positives.queries().to_string(),
                expected: "as many as there are queries",
            });
        }
        let answerable = positives.answerable();
        if answerable.is_empty() {
            return Err(DataError::EmptySet {
                file: format!("{}: pairs of images that show the same", queries.name()).into(),
            });
        }
        let labels = queries.labels();
        Ok(Self {
            labels: answerable.iter().map(|&query| labels[query]).collect(),
            normalisation: queries.normalisation().map(Normalise::twice),
            queries,
            references,
            positives,
            answerable,
        })
    }

    /// The same pairs of other images, such as features of them.
    ///
    /// # Errors
    /// As [`Pairs::new`], and those of `images`.
    pub fn try_map<E: From<DataError>>(
        &self,
        mut images: impl FnMut(&Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>, E>,
    ) -> Result<Self, E> {
        let (queries, references) = (images(&self.queries)?, images(&self.references)?);
        Ok(Self::new(queries, references, self.positives.clone())?)
    }

    /// Indices of query and reference of a pair in the epoch `(seed, epoch)`.
    ///
    /// # Errors
    /// [`DataError::IndexOutOfRange`].
    pub fn members(
        &self,
        index: usize,
        (seed, epoch): (u64, u64),
    ) -> Result<(usize, usize), DataError> {
        let members = self.answerable.get(index).and_then(|&query| {
            let reference = training_reference(&self.positives, query, seed, epoch)?;
            Some((query, reference as usize))
        });
        members.ok_or_else(|| self.out_of_range(index))
    }

    fn out_of_range(&self, index: usize) -> DataError {
        DataError::IndexOutOfRange {
            dataset: self.name().to_owned(),
            index,
            len: self.len(),
        }
    }

    /// The two halves of an image of this set.
    fn halves<'a>(&self, out: &'a mut [f32]) -> Result<(&'a mut [f32], &'a mut [f32]), DataError> {
        let expected = self.shape().numel();
        if out.len() != expected {
            return Err(DataError::WrongBuffer {
                found: out.len(),
                expected,
            });
        }
        Ok(out.split_at_mut(expected / 2))
    }
}

impl Dataset for Pairs {
    fn name(&self) -> &str {
        self.queries.name()
    }

    fn shape(&self) -> ImageShape {
        let one = self.queries.shape();
        ImageShape::new(2 * one.channels, one.height, one.width)
    }

    fn class_names(&self) -> &[String] {
        self.queries.class_names()
    }

    /// Of the query.
    fn labels(&self) -> &[u32] {
        &self.labels
    }

    fn read(&self, index: usize, out: &mut [f32]) -> Result<(), DataError> {
        let query = self
            .answerable
            .get(index)
            .copied()
            .ok_or_else(|| self.out_of_range(index))?;
        let reference = self.positives.of(query).first();
        let reference = reference.ok_or_else(|| self.out_of_range(index))?;
        let (first, second) = self.halves(out)?;
        self.queries.read(query, first)?;
        self.references.read(*reference as usize, second)
    }

    fn read_for_training(
        &self,
        index: usize,
        occasion: (u64, u64),
        out: &mut [f32],
    ) -> Result<(), DataError> {
        let (query, reference) = self.members(index, occasion)?;
        let (first, second) = self.halves(out)?;
        self.queries.read_for_training(query, occasion, first)?;
        let read = self
            .references
            .read_for_training(reference, occasion, second);
        if let (Err(DataError::UnreadableImage { .. }), Some(unreadable)) =
            (&read, self.references.unreadable())
        {
            // The loader asks the queries' set only.
            unreadable.check()?;
        }
        read
    }

    fn normalisation(&self) -> Option<&Normalise> {
        self.normalisation.as_ref()
    }

    fn source(&self, index: usize) -> String {
        self.answerable
            .get(index)
            .map_or_else(String::new, |&query| self.queries.source(query))
    }

    fn unreadable(&self) -> Option<&Unreadable> {
        self.queries.unreadable()
    }
}
