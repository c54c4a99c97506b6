//! Texts as protocol 0 writes them, one per line.

use std::borrow::Cow;

/// A string of Python 2 as its `repr`: quoted, with escapes. `None` if it is not.
pub(crate) fn quoted(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (&quote, rest) = line.split_first()?;
    let (&last, inner) = rest.split_last()?;
    if last != quote || !matches!(quote, b'\'' | b'"') {
        return None;
    }
    if !inner.contains(&b'\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next()? {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'x' => {
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                out.push((high << 4 | low) as u8);
            }
            same @ (b'\\' | b'\'' | b'"') => out.push(same),
            _ => return None,
        }
    }
    Some(Cow::Owned(out))
}

/// A text in Latin-1 with `\uXXXX` and `\UXXXXXXXX` for the rest, as UTF-8. Lone surrogates, which Python's texts may
/// have, take three bytes that are no UTF-8, as in the other protocols. `None` if an escape is incomplete.
pub(crate) fn raw_unicode(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    if line.is_ascii() && !line.contains(&b'\\') {
        return Some(Cow::Borrowed(line));
    }
    let mut out = Vec::with_capacity(line.len() * 2);
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = match (byte, after.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                push_code(&mut out, u32::from(byte))?;
                rest = after;
                continue;
            }
        };
        let number = after.get(1..1 + digits)?;
        let code = number
            .iter()
            .try_fold(0_u32, |code, &byte| Some(code << 4 | digit(byte)?))?;
        push_code(&mut out, code)?;
        rest = &after[1 + digits..];
    }
    Some(Cow::Owned(out))
}

fn push_code(out: &mut Vec<u8>, code: u32) -> Option<()> {
    match char::from_u32(code) {
        Some(c) => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None if code <= 0xffff => {
            let part = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
            out.extend([0xe0 | (code >> 12) as u8, part(6), part(0)]);
        }
        None => return None,
    }
    Some(())
}

fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}
