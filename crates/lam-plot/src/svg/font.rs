//! The embedded font: its bytes, and how wide text will be.

use std::sync::OnceLock;

use skrifa::MetadataProvider;
use skrifa::instance::{LocationRef, Size};

/// Family name of the embedded font; a viewer without it falls back to its own sans-serif.
pub(crate) const FAMILY: &str = "Inter, 'Helvetica Neue', Arial, sans-serif";
/// The embedded font, OpenType.
pub(crate) const REGULAR: &[u8] = include_bytes!("../../assets/Inter-Regular.otf");
/// Its semi-bold weight.
pub(crate) const SEMI_BOLD: &[u8] = include_bytes!("../../assets/Inter-SemiBold.otf");

/// Width in em of a character the font lacks: a full square, as for ideographs.
const UNKNOWN_ADVANCE: f32 = 1.0;

/// Weight of text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Weight {
    /// 400.
    #[default]
    Regular,
    /// 600.
    SemiBold,
}

/// Advance widths in em of U+0000 to U+2717, the range of the subset.
fn advances(weight: Weight) -> &'static [f32] {
    static TABLES: OnceLock<[Vec<f32>; 2]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| [read_advances(REGULAR), read_advances(SEMI_BOLD)]);
    match weight {
        Weight::Regular => &tables[0],
        Weight::SemiBold => &tables[1],
    }
}

fn read_advances(data: &[u8]) -> Vec<f32> {
    // The font is part of the program; should it ever be unreadable, layout goes on with squares.
    let Ok(font) = skrifa::FontRef::new(data) else {
        return Vec::new();
    };
    let charmap = font.charmap();
    let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
    let em = f32::from(
        font.metrics(Size::unscaled(), LocationRef::default())
            .units_per_em,
    );
    (0..=0x2717u32)
        .map(|code| {
            charmap
                .map(code)
                .and_then(|glyph| metrics.advance_width(glyph))
                .map(|units| units / em)
                .unwrap_or(UNKNOWN_ADVANCE)
        })
        .collect()
}

/// Width of `text` in pixels at `size` pixels, kerning ignored.
pub(crate) fn text_width(text: &str, size: f64, weight: Weight) -> f64 {
    let table = advances(weight);
    let em: f32 = text
        .chars()
        .map(|c| table.get(c as usize).copied().unwrap_or(UNKNOWN_ADVANCE))
        .sum();
    f64::from(em) * size
}

/// `text` cut to `width` pixels, with an ellipsis where something was cut.
pub(crate) fn fit_text(text: &str, width: f64, size: f64, weight: Weight) -> String {
    if text_width(text, size, weight) <= width {
        return text.to_owned();
    }
    let room = width - text_width("…", size, weight);
    let mut out = String::new();
    let mut used = 0.0;
    for c in text.chars() {
        used += text_width(c.encode_utf8(&mut [0; 4]), size, weight);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Most lines that a wrapped text may take; the last one ends in an ellipsis where more was said.
const MAX_LINES: usize = 6;

/// `text` in lines of at most `width` pixels, broken at spaces.
pub(crate) fn wrap_text(text: &str, width: f64, size: f64, weight: Weight) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if line.is_empty() || text_width(&longer, size, weight) <= width {
            line = longer;
            continue;
        }
        lines.push(std::mem::replace(&mut line, word.to_owned()));
        if lines.len() == MAX_LINES {
            break;
        }
    }
    if lines.len() == MAX_LINES {
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    } else if !line.is_empty() {
        lines.push(line);
    }
    lines
        .iter()
        .map(|line| fit_text(line, width, size, weight))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_come_from_the_font() {
        // From the tables `hmtx` and `head` as fonttools reads them.
        for (text, weight, units) in [
            ("n", Weight::Regular, 1648.0),
            ("σ7", Weight::Regular, 1776.0 + 1608.0),
            ("n", Weight::SemiBold, 1717.0),
        ] {
            let width = text_width(text, 2816.0, weight);
            assert!((width - units).abs() < 0.01, "{text}: {width}");
        }
        assert!(text_width("il", 10.0, Weight::Regular) < text_width("mw", 10.0, Weight::Regular));
        assert_eq!(text_width("漢", 10.0, Weight::Regular), 10.0);
    }

    #[test]
    fn fitted_and_wrapped_text_stays_inside() {
        let long = "several words and onewordthatisfartoolongtofitintothelineatall end ".repeat(9);
        let cut = fit_text(&long, 100.0, 12.0, Weight::Regular);
        assert!(cut.ends_with('…') && text_width(&cut, 12.0, Weight::Regular) <= 100.0);
        let lines = wrap_text(&long, 100.0, 12.0, Weight::Regular);
        assert_eq!(lines.len(), MAX_LINES);
        for line in &lines {
            assert!(text_width(line, 12.0, Weight::Regular) <= 100.0, "{line}");
        }
        assert!(wrap_text("", 100.0, 12.0, Weight::Regular).is_empty());
    }
}
