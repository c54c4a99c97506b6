//! Colours by role. Every painted element carries its role as a class (`f-ink` fills, `s-ink`
//! strokes), so that a page can repaint the figures for a dark background.

use std::fmt::Write;

/// Colours of series, light and dark page: Okabe and Ito's set for colour-blind readers, its yellow
/// left out and its purple darkened for thin lines on white.
const SERIES: [(&str, &str); 7] = [
    ("#0072b2", "#4a9fe0"),
    ("#d55e00", "#f27f3d"),
    ("#009e73", "#2fc196"),
    ("#b0558f", "#dd97c4"),
    ("#56b4e9", "#9ad6fb"),
    ("#c98a00", "#f0b73a"),
    ("#4d4d4d", "#b8bdc4"),
];

/// Colours of classes: Petroff's ten-colour cycle (arXiv 2107.02270), optimised for
/// colour-vision deficiency. One palette on both pages, since point layers may be raster images.
const CLASSES: [&str; 10] = [
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70",
    "#717581", "#92dadd",
];

/// Dash patterns, changed each time the series colours have been used up.
const DASHES: [&str; 4] = ["", "6 3", "2 3", "8 3 2 3"];

/// What a colour stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tone {
    /// The page.
    Paper,
    /// A surface slightly apart from the page.
    Wash,
    /// Text.
    Ink,
    /// Secondary text.
    Muted,
    /// Axis lines and references.
    Axis,
    /// Grid lines.
    Grid,
    /// The i-th series.
    Series(usize),
    /// The i-th class; from ten on all are grey.
    Class(usize),
    /// A fixed colour.
    Rgb([u8; 3]),
}

impl Tone {
    /// The right answer.
    pub(crate) const GOOD: Tone = Tone::Series(2);
    /// The wrong answer.
    pub(crate) const BAD: Tone = Tone::Series(1);
    /// How many classes have colours of their own.
    pub(crate) const CLASS_COLOURS: usize = CLASSES.len();

    /// Name of the role, where a page may repaint it.
    pub(crate) fn role(self) -> Option<String> {
        Some(match self {
            Tone::Paper => "paper".to_owned(),
            Tone::Wash => "wash".to_owned(),
            Tone::Ink => "ink".to_owned(),
            Tone::Muted => "muted".to_owned(),
            Tone::Axis => "axis".to_owned(),
            Tone::Grid => "grid".to_owned(),
            Tone::Series(i) => format!("series{}", i % SERIES.len()),
            Tone::Class(_) | Tone::Rgb(_) => return None,
        })
    }

    /// Colour on a light page, `#rrggbb`.
    pub(crate) fn light(self) -> String {
        match self {
            Tone::Paper => "#ffffff".to_owned(),
            Tone::Wash => "#f5f6f8".to_owned(),
            Tone::Ink => "#1f2328".to_owned(),
            Tone::Muted => "#59626d".to_owned(),
            Tone::Axis => "#7a838e".to_owned(),
            Tone::Grid => "#e4e7eb".to_owned(),
            Tone::Series(i) => SERIES[i % SERIES.len()].0.to_owned(),
            Tone::Class(i) => CLASSES.get(i).copied().unwrap_or("#c3c7cd").to_owned(),
            Tone::Rgb([r, g, b]) => format!("#{r:02x}{g:02x}{b:02x}"),
        }
    }

    /// Colour on a dark page.
    pub(crate) fn dark(self) -> String {
        match self {
            Tone::Paper => "#15181c".to_owned(),
            Tone::Wash => "#1d2126".to_owned(),
            Tone::Ink => "#e6e9ed".to_owned(),
            Tone::Muted => "#a6afba".to_owned(),
            Tone::Axis => "#7d8692".to_owned(),
            Tone::Grid => "#2c3239".to_owned(),
            Tone::Series(i) => SERIES[i % SERIES.len()].1.to_owned(),
            Tone::Class(_) | Tone::Rgb(_) => self.light(),
        }
    }

    /// Red, green, blue on a light page.
    pub(crate) fn rgb(self) -> [u8; 3] {
        let hex = self.light();
        let channel = |i: usize| {
            hex.get(i..i + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .unwrap_or(0)
        };
        [channel(1), channel(3), channel(5)]
    }
}

/// Dash pattern of the i-th series, empty for a full line.
pub(crate) fn series_dash(i: usize) -> &'static str {
    DASHES[(i / SERIES.len()) % DASHES.len()]
}

/// CSS rules that repaint inline figures for a dark page.
pub(crate) fn dark_rules() -> String {
    let mut tones = vec![
        Tone::Paper,
        Tone::Wash,
        Tone::Ink,
        Tone::Muted,
        Tone::Axis,
        Tone::Grid,
    ];
    tones.extend((0..SERIES.len()).map(Tone::Series));
    let mut css = String::new();
    for tone in tones {
        if let Some(role) = tone.role() {
            let colour = tone.dark();
            let _ = write!(
                css,
                "svg .f-{role}{{fill:{colour}}}svg .s-{role}{{stroke:{colour}}}"
            );
        }
    }
    css
}

/// Viridis (Smith and van der Walt), from dark to light, without its ends: the first fifth vanishes
/// on a dark page, the last tenth on white. `t` in [0, 1].
pub(crate) fn viridis(t: f64) -> Tone {
    const ANCHORS: [[f64; 3]; 9] = [
        [68.0, 1.0, 84.0],
        [71.0, 45.0, 123.0],
        [59.0, 82.0, 139.0],
        [44.0, 114.0, 142.0],
        [33.0, 144.0, 141.0],
        [39.0, 173.0, 129.0],
        [93.0, 200.0, 99.0],
        [170.0, 220.0, 50.0],
        [253.0, 231.0, 37.0],
    ];
    let t = if t.is_finite() {
        t.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let position = (0.2 + 0.7 * t) * (ANCHORS.len() - 1) as f64;
    let below = (position as usize).min(ANCHORS.len() - 2);
    let share = position - below as f64;
    let mut rgb = [0; 3];
    for (channel, value) in rgb.iter_mut().enumerate() {
        let (a, b) = (ANCHORS[below][channel], ANCHORS[below + 1][channel]);
        *value = (a + (b - a) * share).round() as u8;
    }
    Tone::Rgb(rgb)
}
