//! Pixels: SVG to PNG, point layers, and PNG files of images.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Transform};
use resvg::usvg;

use super::font;
use super::tone::Tone;
use crate::error::PlotError;

/// Pixels per unit of the SVG in PNG files.
const SCALE: f32 = 2.0;

/// Most pixels of a PNG file, so that a tall figure cannot exhaust the memory.
const MAX_PIXELS: f64 = 120e6;

fn options() -> usvg::Options<'static> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut database = usvg::fontdb::Database::new();
        database.load_font_data(font::REGULAR.to_vec());
        database.load_font_data(font::SEMI_BOLD.to_vec());
        // Only the embedded font is ever used: the same figure on every machine.
        database.set_sans_serif_family("Inter");
        Arc::new(database)
    });
    usvg::Options {
        fontdb: Arc::clone(fonts),
        font_family: "Inter".to_owned(),
        ..usvg::Options::default()
    }
}

/// The SVG document as a PNG file of twice its size.
pub(crate) fn svg_to_png(figure: &str, svg: &str) -> Result<Vec<u8>, PlotError> {
    let fail = |reason: String| PlotError::Raster {
        figure: figure.to_owned(),
        reason,
    };
    let tree = usvg::Tree::from_str(svg, &options()).map_err(|e| fail(e.to_string()))?;
    let size = tree.size();
    let (width, height) = (size.width() * SCALE, size.height() * SCALE);
    if f64::from(width) * f64::from(height) > MAX_PIXELS {
        return Err(fail(format!(
            "{width}×{height} pixels are too many; draw fewer rows"
        )));
    }
    let mut pixmap = Pixmap::new(width.round() as u32, height.round() as u32)
        .ok_or_else(|| fail(format!("{width}×{height} pixels cannot be allocated")))?;
    resvg::render(
        &tree,
        Transform::from_scale(SCALE, SCALE),
        &mut pixmap.as_mut(),
    );
    encode_pixmap(&pixmap)
}

/// One point of a layer: centre and radius in units of the figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dot {
    pub(crate) center: (f64, f64),
    pub(crate) radius: f64,
    pub(crate) tone: Tone,
    pub(crate) opacity: f64,
}

/// A transparent PNG of `width`×`height` units with the dots in order, [`SCALE`] pixels per unit.
pub(crate) fn dots_to_png(
    figure: &str,
    width: f64,
    height: f64,
    dots: &[Dot],
) -> Result<Vec<u8>, PlotError> {
    let mut pixmap = Pixmap::new(
        (width * f64::from(SCALE)).ceil() as u32,
        (height * f64::from(SCALE)).ceil() as u32,
    )
    .ok_or_else(|| PlotError::Raster {
        figure: figure.to_owned(),
        reason: format!("a point layer of {width}×{height} cannot be allocated"),
    })?;
    let scale = Transform::from_scale(SCALE, SCALE);
    for dot in dots {
        let (x, y) = dot.center;
        let Some(path) = PathBuilder::from_circle(x as f32, y as f32, dot.radius as f32) else {
            continue;
        };
        let [r, g, b] = dot.tone.rgb();
        let mut paint = Paint::default();
        let alpha = (dot.opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
        paint.set_color(Color::from_rgba8(r, g, b, alpha));
        pixmap.fill_path(&path, &paint, FillRule::Winding, scale, None);
    }
    encode_pixmap(&pixmap)
}

fn encode_pixmap(pixmap: &Pixmap) -> Result<Vec<u8>, PlotError> {
    let opaque = pixmap.pixels().iter().all(|p| p.alpha() == 255);
    let channels = if opaque { 3 } else { 4 };
    let mut data = Vec::with_capacity(pixmap.pixels().len() * channels);
    for pixel in pixmap.pixels() {
        let c = pixel.demultiply();
        data.extend_from_slice(&[c.red(), c.green(), c.blue(), c.alpha()][..channels]);
    }
    let color = if opaque {
        png::ColorType::Rgb
    } else {
        png::ColorType::Rgba
    };
    encode_png(pixmap.width(), pixmap.height(), color, &data)
}

/// Eight-bit pixels as a PNG file.
pub(crate) fn encode_png(
    width: u32,
    height: u32,
    color: png::ColorType,
    data: &[u8],
) -> Result<Vec<u8>, PlotError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(data)?;
    writer.finish()?;
    Ok(out)
}
