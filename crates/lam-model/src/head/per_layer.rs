//! One value for every layer of a head.

/// In the order in which features pass: the hidden layers, of which there may be none, and the last one.
#[derive(Debug, Clone, PartialEq)]
pub struct PerLayer<T> {
    /// Of the hidden layers, first to last.
    pub hidden: Vec<T>,
    /// Of the layer whose output is the embedding.
    pub last: T,
}

impl<T> PerLayer<T> {
    /// For a head of one layer.
    pub fn single(last: T) -> Self {
        Self {
            hidden: Vec::new(),
            last,
        }
    }

    /// First to last.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.hidden.iter().chain(std::iter::once(&self.last))
    }

    /// Number of layers, at least 1.
    pub fn depth(&self) -> usize {
        self.hidden.len() + 1
    }

    /// `f` of every value.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> PerLayer<U> {
        PerLayer {
            hidden: self.hidden.into_iter().map(&mut f).collect(),
            last: f(self.last),
        }
    }

    /// `f` of every two values of the same layer.
    ///
    /// # Panics
    /// If the two have different depths.
    pub fn zip_map<U, V>(self, other: PerLayer<U>, mut f: impl FnMut(T, U) -> V) -> PerLayer<V> {
        assert_eq!(self.depth(), other.depth(), "layers of two heads");
        let hidden = self.hidden.into_iter().zip(other.hidden);
        PerLayer {
            hidden: hidden.map(|(a, b)| f(a, b)).collect(),
            last: f(self.last, other.last),
        }
    }
}
