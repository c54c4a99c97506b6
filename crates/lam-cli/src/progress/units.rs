//! Rates and times, short enough for a bar.

use std::time::Duration;

/// "12.3", or "0.42" where that says more.
pub fn rate(per_second: f64) -> String {
    let digits = usize::from(per_second < 100.0) + usize::from(per_second < 1.0);
    format!("{per_second:.digits$}")
}

/// "7s", "1m20s", "2h05m".
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, duration, rate};

    #[test]
    fn rates_have_the_digits_that_matter() {
        let all = [0.0123, 0.42, 9.96, 87.65, 1234.5].map(rate);
        assert_eq!(all, ["0.01", "0.42", "10.0", "87.7", "1234"]);
    }

    #[test]
    fn durations_are_rounded_to_their_last_unit() {
        let all = [0.4, 59.4, 59.6, 80.0, 3599.0, 7500.0]
            .map(|seconds| duration(Duration::from_secs_f64(seconds)));
        assert_eq!(all, ["0s", "59s", "1m00s", "1m20s", "59m59s", "2h05m"]);
    }
}
