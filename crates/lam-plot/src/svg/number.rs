//! Numbers as text: coordinates, and values a person reads.

/// A coordinate with at most two decimals, without trailing zeros. What is not finite becomes 0,
/// because one bad attribute would make the whole drawing unreadable.
pub(crate) fn coordinate(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    trim_zeros(format!("{value:.2}"))
}

/// Without trailing zeros after the decimal point, and without a negative zero.
pub(crate) fn trim_zeros(mut text: String) -> String {
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" {
        text.remove(0);
    }
    text
}

/// A value with `decimals` decimals and a true minus sign; "n/a" when it is not finite.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    if value.abs() >= 1e6 {
        return significant(value, decimals.max(1));
    }
    let text = format!("{value:.decimals$}");
    let negative_zero = text.starts_with('-') && text.chars().all(|c| "-0.".contains(c));
    if negative_zero {
        text.trim_start_matches('-').to_owned()
    } else {
        text.replace('-', "−")
    }
}

/// A value with `digits` significant digits: plain from 0.001 to a million, otherwise `m×10ⁿ`.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-3..6).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        return format!("{value:.decimals$}").replace('-', "−");
    }
    let mantissa = trim_zeros(mantissa.to_owned()).replace('-', "−");
    format!("{mantissa}×10{}", superscript(exponent))
}

/// An integer in superscript digits.
pub(crate) fn superscript(value: i32) -> String {
    value
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            _ => '⁰',
        })
        .collect()
}

/// A count with thin separators, or shortened from a million on.
pub(crate) fn count(value: u64) -> String {
    if value >= 1_000_000 {
        return significant(value as f64, 3);
    }
    let digits = value.to_string();
    match digits.len() {
        5.. => {
            let (head, tail) = digits.split_at(digits.len() - 3);
            format!("{head},{tail}")
        }
        _ => digits,
    }
}

/// `n` and the noun, in the plural where needed.
pub(crate) fn counted(n: usize, singular: &str, plural: &str) -> String {
    format!(
        "{} {}",
        count(n as u64),
        if n == 1 { singular } else { plural }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_never_invalid() {
        assert_eq!(coordinate(1.0), "1");
        assert_eq!(coordinate(-0.001), "0");
        assert_eq!(coordinate(12.345), "12.35");
        assert_eq!(coordinate(f64::NAN), "0");
    }

    #[test]
    fn values_read_as_a_person_writes_them() {
        assert_eq!(fixed(0.98349, 3), "0.983");
        assert_eq!(fixed(-0.0001, 2), "0.00");
        assert_eq!(fixed(f64::NAN, 3), "n/a");
        assert_eq!(significant(0.012345, 3), "0.0123");
        assert_eq!(significant(1.5e-7, 3), "1.5×10⁻⁷");
        assert_eq!(significant(-2e12, 2), "−2×10¹²");
        assert_eq!(count(9999), "9999");
        assert_eq!(count(12345), "12,345");
        assert_eq!(count(u64::MAX), "1.84×10¹⁹");
    }
}
