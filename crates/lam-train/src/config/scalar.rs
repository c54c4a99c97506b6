//! What an unquoted word of YAML means, and how values are written so that every YAML reader agrees.
//!
//! Files written for the released code follow YAML 1.1 as PyYAML reads it (`True`, `1_000`) or were
//! dumped by Python (`1e-05`, which PyYAML itself reads as text); YAML 1.2 has fewer forms. This reads
//! the union where the meaning is the same, and leaves as text what the versions read differently (`010`).

/// The meaning of an unquoted scalar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text,
}

/// Reads an unquoted scalar.
pub(crate) fn classify(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number_like = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E' | b'_'));
    if !number_like {
        return Scalar::Text;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    // An underscore may only stand after a digit, as in 1_000.
    let first_is_digit = unsigned.bytes().next().is_some_and(|b| b.is_ascii_digit());
    if text.contains('_') && !first_is_digit {
        return Scalar::Text;
    }
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let bare = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    if !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit()) {
        if bare.len() > 1 && bare.starts_with('0') {
            return Scalar::Text; // octal in YAML 1.1, decimal in YAML 1.2
        }
        if let Ok(value) = digits.parse() {
            return Scalar::Int(value);
        }
    }
    match digits.parse() {
        Ok(value) => Scalar::Float(value),
        Err(_) => Scalar::Text,
    }
}

/// A finite number with the digits that read back to the same bits, in the form all YAML versions
/// read as a number: a point before the exponent, and a sign in it.
pub(crate) fn write_float(x: f64) -> String {
    let short = format!("{x:?}");
    match short.split_once('e') {
        None => short,
        Some((mantissa, exponent)) => {
            let point = if mantissa.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            format!("{mantissa}{point}e{sign}{exponent}")
        }
    }
}

/// A text, quoted unless it is a plain word or path that every YAML version reads as text.
pub(crate) fn write_text(text: &str) -> String {
    let plain_start = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '.' | '/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    let bare = text.starts_with(plain_start)
        && text.chars().all(plain)
        && text.chars().any(|c| c != '.')
        && classify(text) == Scalar::Text
        && !text.eq_ignore_ascii_case("none")
        && !matches!(text, "y" | "Y" | "n" | "N");
    if bare {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                if code <= 0xff {
                    out.push_str(&format!("\\x{code:02x}"));
                } else if code <= 0xffff {
                    out.push_str(&format!("\\u{code:04x}"));
                } else {
                    out.push_str(&format!("\\U{code:08x}"));
                }
            }
        }
    }
    out.push('"');
    out
}

/// Characters that may stand unescaped between double quotes (YAML 1.2, production 1, less the
/// line separators that YAML 1.1 takes for line ends).
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_both_yaml_versions() {
        for (text, value) in [
            ("1e-05", 1e-5),
            ("3e-07", 3e-7),
            ("1.0e+6", 1e6),
            (".5", 0.5),
            ("1.", 1.0),
            ("1_000.5", 1000.5),
        ] {
            assert_eq!(classify(text), Scalar::Float(value), "{text}");
        }
        for (text, value) in [("0", 0), ("-3", -3), ("+4", 4), ("1_000", 1000)] {
            assert_eq!(classify(text), Scalar::Int(value), "{text}");
        }
        for text in [
            "010", "0x1f", "1:30", "e5", ".", "-", "+", "_1", "1e", "inf", "nan", "-_1", "+-5",
            "1-2",
        ] {
            assert_eq!(classify(text), Scalar::Text, "{text}");
        }
        assert_eq!(classify("False"), Scalar::Bool(false));
        assert_eq!(classify("~"), Scalar::Null);
        assert_eq!(classify("1e999"), Scalar::Float(f64::INFINITY));
    }

    #[test]
    fn numbers_are_written_for_every_reader() {
        for (x, text) in [
            (1e-5, "1.0e-5"),
            (3.5e-7, "3.5e-7"),
            (1e6, "1000000.0"),
            (1e20, "1.0e+20"),
            (0.7, "0.7"),
            (0.0, "0.0"),
        ] {
            assert_eq!(write_float(x), text);
            assert_eq!(classify(text), Scalar::Float(x));
        }
    }

    #[test]
    fn texts_that_look_like_something_else_are_quoted() {
        assert_eq!(write_text("../results"), "../results");
        for text in [
            "", "~", "no", "None", "1", "1e5", "- a", "a: b", "#x", "...", "y",
        ] {
            assert!(write_text(text).starts_with('"'), "{text}");
        }
        assert_eq!(write_text("a\"b\\\u{7}\u{2028}"), r#""a\"b\\\x07\u2028""#);
    }
}
