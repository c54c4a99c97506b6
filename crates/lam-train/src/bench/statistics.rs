//! Mean and standard deviation over seeds.

/// Mean, standard deviation and number of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistic {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a sample (divisor n − 1); none for a single value.
    pub deviation: Option<f64>,
    /// How many values.
    pub count: usize,
}

impl Statistic {
    /// Of the values that are finite; none if there is none. An undefined metric is not zero.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        Some(Self {
            mean,
            deviation: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()),
            count,
        })
    }
}
