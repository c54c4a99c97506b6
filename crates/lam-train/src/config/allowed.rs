//! The interval a number may lie in.

/// The numbers a key accepts. Texts, lists of names and switches use [`Allowed::ANY`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowed {
    min: f64,
    max: f64,
    min_excluded: bool,
}

impl Allowed {
    /// No limit beyond the type's own.
    pub const ANY: Self = Self::between(f64::NEG_INFINITY, f64::INFINITY);

    /// `min ..= max`.
    pub const fn between(min: f64, max: f64) -> Self {
        Self {
            min,
            max,
            min_excluded: false,
        }
    }

    /// Greater than `min`, at most `max`.
    pub const fn above(min: f64, max: f64) -> Self {
        Self {
            min,
            max,
            min_excluded: true,
        }
    }

    /// Whether `x` lies inside. Never true for a value that is not finite.
    pub fn contains(&self, x: f64) -> bool {
        let above = if self.min_excluded {
            x > self.min
        } else {
            x >= self.min
        };
        x.is_finite() && above && x <= self.max
    }

    /// The interval in words, to follow the type's name; empty without limits.
    pub fn describe(&self) -> String {
        let low = self.min.is_finite();
        let high = self.max.is_finite();
        match (low, high) {
            (false, false) => String::new(),
            (true, true) if self.min_excluded => {
                format!(
                    " greater than {}, at most {}",
                    short(self.min),
                    short(self.max)
                )
            }
            (true, true) => format!(" from {} to {}", short(self.min), short(self.max)),
            (true, false) if self.min_excluded => format!(" greater than {}", short(self.min)),
            (true, false) => format!(" of at least {}", short(self.min)),
            (false, true) => format!(" of at most {}", short(self.max)),
        }
    }

    /// The end of the interval nearest to `x`, if that end itself is allowed.
    pub fn nearest(&self, x: f64) -> Option<f64> {
        if x > self.max {
            Some(self.max)
        } else if x < self.min && !self.min_excluded {
            Some(self.min)
        } else {
            None
        }
    }
}

/// A limit for people: no row of zeros.
fn short(x: f64) -> String {
    if x.abs() < 1e9 {
        x.to_string()
    } else {
        format!("{x:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_words() {
        let open = Allowed::above(0.0, 1.0);
        assert!(!open.contains(0.0) && open.contains(1e-300) && open.contains(1.0));
        assert!(!open.contains(1.1) && !open.contains(f64::NAN));
        assert_eq!(open.describe(), " greater than 0, at most 1");
        assert_eq!(open.nearest(7.0), Some(1.0));
        assert_eq!(open.nearest(-7.0), None);
        let closed = Allowed::between(2.0, 8.0);
        assert!(closed.contains(2.0) && closed.contains(8.0) && !closed.contains(1.0));
        assert_eq!(closed.nearest(1.0), Some(2.0));
        assert!(!Allowed::ANY.contains(f64::INFINITY) && Allowed::ANY.contains(-1e300));
    }
}
