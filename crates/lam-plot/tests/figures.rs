//! Every figure of the gallery: valid, complete, legible, the same each time.

use lam_plot::*;
use resvg::usvg;
use usvg::roxmltree;

fn all() -> Vec<Figure> {
    crate::data::figures()
        .unwrap()
        .into_iter()
        .flat_map(|(_, figures)| figures)
        .collect()
}

/// The embedded font, as the crate itself sets it up.
fn options() -> usvg::Options<'static> {
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    for file in ["Inter-Regular.otf", "Inter-SemiBold.otf"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/");
        fonts.load_font_data(std::fs::read(format!("{folder}{file}")).unwrap());
    }
    options
}

fn texts(group: &usvg::Group, out: &mut Vec<(String, usvg::Rect)>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => texts(group, out),
            usvg::Node::Text(text) => {
                let words: String = text.chunks().iter().map(|c| c.text()).collect();
                out.push((words, text.abs_bounding_box()));
            }
            _ => {}
        }
    }
}

#[test]
fn gallery_is_valid_svg_without_ids() {
    for figure in all() {
        let document = roxmltree::Document::parse(figure.svg()).unwrap();
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        assert_eq!(root.attribute("role"), Some("img"));
        assert!(!root.attribute("aria-label").unwrap().is_empty());
        for node in document.descendants() {
            assert!(node.attribute("id").is_none(), "{}", figure.name());
            for name in [
                "x",
                "y",
                "width",
                "height",
                "cx",
                "cy",
                "r",
                "d",
                "transform",
            ] {
                let value = node.attribute(name).unwrap_or_default();
                assert!(
                    !value.contains("NaN") && !value.contains("inf"),
                    "{name}={value}"
                );
            }
            if let Some(target) = node.attribute("href") {
                assert!(target.starts_with("data:image/png;base64,"));
            }
        }
        usvg::Tree::from_str(figure.svg(), &options()).unwrap();
    }
}

#[test]
fn text_is_never_cut_off_and_never_overlaps() {
    for figure in all() {
        let tree = usvg::Tree::from_str(figure.svg(), &options()).unwrap();
        let (width, height) = (tree.size().width(), tree.size().height());
        let mut found = Vec::new();
        texts(tree.root(), &mut found);
        // A figure of nothing has its title and a sentence.
        let least = if figure.name().ends_with("_empty") {
            2
        } else {
            4
        };
        assert!(found.len() >= least, "{}", figure.name());
        for (text, area) in &found {
            let inside = area.left() >= 0.0
                && area.top() >= 0.0
                && area.right() <= width
                && area.bottom() <= height;
            assert!(inside, "{}: `{text}` {area:?}", figure.name());
        }
        for (i, (a, first)) in found.iter().enumerate() {
            for (b, second) in &found[i + 1..] {
                // A halo is the same text at the same place. Boxes are as high as the font's line,
                // which letters do not fill: two units of touch are none to the eye.
                let x = first.right().min(second.right()) - first.left().max(second.left());
                let y = first.bottom().min(second.bottom()) - first.top().max(second.top());
                assert!(
                    a == b || x <= 1.0 || y <= 3.0,
                    "{}: `{a}` on `{b}`",
                    figure.name()
                );
            }
        }
    }
}

#[test]
fn png_has_twice_the_size_of_the_svg() {
    for figure in all() {
        let bytes = figure.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let (width, height) = figure.size();
        assert_eq!(
            (info.width, info.height),
            (2 * width as u32, 2 * height as u32)
        );
        let ink = pixels.iter().filter(|p| **p < 128).count();
        assert!(ink > 500, "{} is blank", figure.name());
    }
}

#[test]
fn output_is_the_same_each_time() {
    for (first, second) in all().iter().zip(all()) {
        assert_eq!(first.svg(), second.svg());
        assert_eq!(first.png().unwrap(), second.png().unwrap());
    }
}

#[test]
fn vector_and_raster_file_are_saved_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let figure = Roc::default().figure().unwrap();
    for _ in 0..2 {
        let files = figure.save(folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&files.svg).unwrap(), figure.svg());
        assert_eq!(std::fs::read(&files.png).unwrap(), figure.png().unwrap());
    }
    let names = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 2, "a temporary file was left behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| {
            let data = std::fs::metadata(folder.path().join(name)).unwrap();
            data.permissions().mode()
        };
        std::fs::write(folder.path().join("plain"), "").unwrap();
        assert_eq!(mode("roc.png"), mode("plain"), "readable as any other file");
    }
    let error = figure.save(&folder.path().join("absent")).unwrap_err();
    assert!(error.to_string().contains("roc.svg"), "{error}");
}

#[test]
fn file_stems_cannot_leave_the_folder() {
    let figure = Roc::default().figure().unwrap().with_name("../a b/c-1");
    assert_eq!(figure.name(), "abc-1");
    assert_eq!(figure.with_name("/../").name(), "abc-1");
}

#[test]
fn names_are_escaped() {
    let name = "</text><script>alert('x')</script>&\"\u{0}";
    let figure = Roc {
        title: name.to_owned(),
        curves: vec![RocCurve {
            name: name.to_owned(),
            false_positive_rate: vec![0.0, 1.0],
            true_positive_rate: vec![0.0, 1.0],
            auroc: 0.5,
        }],
    }
    .figure()
    .unwrap();
    assert!(!figure.svg().contains("<script"));
    let document = roxmltree::Document::parse(figure.svg()).unwrap();
    let read: Vec<&str> = document.descendants().filter_map(|n| n.text()).collect();
    assert!(
        read.iter()
            .any(|t| t.starts_with("</text><script>alert('x')</script>&\"\u{fffd}"))
    );
}

#[test]
fn lengths_that_differ_are_named() {
    let error = Roc {
        curves: vec![RocCurve {
            name: "LAM".to_owned(),
            false_positive_rate: vec![0.0],
            ..RocCurve::default()
        }],
        ..Roc::default()
    }
    .figure()
    .unwrap_err()
    .to_string();
    for part in [
        "LAM",
        "false_positive_rate has 1",
        "true_positive_rate has 0",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let embedding = Embedding {
        title: "",
        points: &[0.0; 7],
        dim: 3,
        labels: &[],
        class_names: &[],
        uncertainty: None,
    };
    assert!(matches!(
        embedding.figure(),
        Err(PlotError::Shape { len: 7, dim: 3, .. })
    ));
}

#[test]
fn images_that_do_not_fill_their_size_are_refused() {
    for (width, height, found) in [(28, 28, 783), (0, 5, 0), (u32::MAX, u32::MAX, 3)] {
        let pixels = vec![0; found];
        let sheet = RetrievalSheet {
            name: "queries",
            title: "",
            queries: vec![Query {
                image: Image {
                    width,
                    height,
                    pixels: Pixels::Rgb(&pixels),
                },
                class_name: "",
                uncertainty: 0.0,
                neighbours: Vec::new(),
            }],
        };
        let error = sheet.figure().unwrap_err();
        assert!(matches!(error, PlotError::ImageSize { .. }), "{error}");
    }
}

/// The curve passes through the places its numbers name.
#[test]
fn curves_stand_where_the_numbers_say() {
    let figure = Roc {
        title: String::new(),
        curves: vec![RocCurve {
            name: "a".to_owned(),
            false_positive_rate: vec![0.0, 0.25, 1.0],
            true_positive_rate: vec![0.0, 0.75, 1.0],
            auroc: 0.75,
        }],
    }
    .figure()
    .unwrap();
    let document = roxmltree::Document::parse(figure.svg()).unwrap();
    let path = |class: &str, dashed: bool| -> Vec<(f64, f64)> {
        let node = document
            .descendants()
            .find(|n| {
                n.attribute("class") == Some(class)
                    && n.has_attribute("stroke-dasharray") == dashed
                    && n.attribute("d")
                        .is_some_and(|d| d.matches('L').count() == 2 || dashed)
            })
            .unwrap();
        let data = node.attribute("d").unwrap().replace(['M', 'L'], "|");
        data.split('|')
            .filter(|p| !p.is_empty())
            .map(|p| {
                let (x, y) = p.split_once(' ').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect()
    };
    let (curve, chance) = (path("s-series0", false), path("s-axis", true));
    let ((x0, y0), (x1, y1)) = (chance[0], chance[1]);
    let expected = [
        (x0, y0),
        (x0 + 0.25 * (x1 - x0), y0 + 0.75 * (y1 - y0)),
        (x1, y1),
    ];
    for (found, expected) in curve.iter().zip(expected) {
        assert!((found.0 - expected.0).abs() < 0.02 && (found.1 - expected.1).abs() < 0.02);
    }
    assert_eq!(curve.len(), 3);
}
