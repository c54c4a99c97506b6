//! Names of tables in SQL.

use crate::RemoteError;

/// PostgreSQL cuts longer names off without a word.
const LONGEST: usize = 63;

/// A name as a quoted identifier: whatever it holds, it is a name and nothing else.
pub(super) fn quote(name: &str) -> Result<String, RemoteError> {
    let reason = if name.is_empty() {
        "it is empty".to_owned()
    } else if name.contains('\0') {
        "it holds a zero byte".to_owned()
    } else if name.len() > LONGEST {
        format!("it has {} bytes, PostgreSQL keeps {LONGEST}", name.len())
    } else {
        return Ok(format!("\"{}\"", name.replace('"', "\"\"")));
    };
    Err(RemoteError::Name {
        name: name.into(),
        noun: "table",
        reason,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::quote;

    #[test]
    fn a_quote_does_not_end_the_name() {
        assert_eq!(quote("items").unwrap(), "\"items\"");
        let evil = "x\"; DROP TABLE y; --";
        assert_eq!(quote(evil).unwrap(), "\"x\"\"; DROP TABLE y; --\"");
    }

    #[test]
    fn what_postgresql_would_change_is_refused() {
        assert!(quote(&"ä".repeat(31)).is_ok());
        for name in ["", "a\0b", &"ä".repeat(32)] {
            assert!(quote(name).unwrap_err().is_usage());
        }
    }
}
