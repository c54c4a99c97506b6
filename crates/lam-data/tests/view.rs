//! How photographs are shown.
use crate::common::pictures::{cases, differences, encoded_png, file, number, pattern, plain_png};
use lam_data::{
    Dataset, Filter, Photo, PhotoDataset, PhotoSource, RandomResizedCrop, Region, View, Views,
    resize,
};
use proptest::prelude::*;
use serde_json::Value;

fn filter(case: &Value) -> Filter {
    match case["filter"].as_str().unwrap() {
        "bilinear" => Filter::Bilinear,
        "bicubic" => Filter::Bicubic,
        other => panic!("{other}"),
    }
}

/// One photograph, shown through a data set.
fn shown(encoded: Vec<u8>, view: View) -> Vec<u8> {
    let photo = Photo {
        source: PhotoSource::bytes("golden", encoded),
        label: 0,
    };
    let views = Views {
        train: view,
        test: view,
        normalisation: None,
        ..Views::small(1)
    };
    let set = PhotoDataset::new("golden", vec!["only".to_owned()], vec![photo], views).unwrap();
    let mut image = vec![f32::NAN; set.shape().numel()];
    set.read(0, &mut image).unwrap();
    let plane = image.len() / 3;
    (0..plane)
        .flat_map(|at| (0..3).map(move |channel| channel * plane + at))
        .map(|at| (image[at] * 255.0).round() as u8)
        .collect()
}

#[test]
fn golden_views_equal_torchvisions_to_the_bit() {
    let cases = cases("view");
    assert!(cases.len() >= 40);
    for case in cases {
        let source = file(&case["source"]);
        let expected = plain_png(&file(&case["expected"]));
        let filter = filter(&case);
        let found = match case["kind"].as_str().unwrap() {
            "resize" => {
                let (width, height) = (number(&case["width"]), number(&case["height"]));
                shown(
                    source,
                    View::Resize {
                        width,
                        height,
                        filter,
                    },
                )
            }
            "centre_crop" => {
                let (shorter, side) = (number(&case["shorter"]), number(&case["side"]));
                shown(
                    source,
                    View::CentreCrop {
                        shorter,
                        side,
                        filter,
                    },
                )
            }
            "crop" => {
                let crop = &case["crop"];
                let crop = Region {
                    left: number(&crop["left"]),
                    top: number(&crop["top"]),
                    width: number(&crop["width"]),
                    height: number(&crop["height"]),
                };
                let side = number(&case["side"]);
                let window = Region::whole(side, side);
                let picture = plain_png(&source);
                let resized = resize(&picture, crop, (side, side), window, filter);
                resized.unwrap().pixels().to_vec()
            }
            other => panic!("{other}"),
        };
        let (mean, most) = differences(&found, expected.pixels());
        assert_eq!(most, 0, "{case}: mean difference {mean}, largest {most}");
    }
}

/// Shares of 20,000 draws against shares of 20,000 draws of torchvision's: both are off by less than 0.01 with more
/// than 99.9 % (Dvoretzky–Kiefer–Wolfowitz, twice).
#[test]
fn random_crops_are_distributed_as_torchvisions() {
    const DRAWS: usize = 20_000;
    for case in cases("crops") {
        let (width, height) = (number(&case["width"]), number(&case["height"]));
        let view = Views::retrieval(21).train;
        let crops: Vec<Region> = (0..DRAWS)
            .map(|index| view.framing(width, height, (7, 1), index).crop)
            .collect();
        let quantity = |name: &str, crop: &Region| match name {
            "left" => crop.left,
            "top" => crop.top,
            "width" => crop.width,
            _ => crop.height,
        };
        for name in ["left", "top", "width", "height"] {
            for point in case["shares"][name].as_array().unwrap() {
                let (at, expected) = (number(&point[0]), point[1].as_f64().unwrap());
                let below = crops
                    .iter()
                    .filter(|crop| quantity(name, crop) <= at)
                    .count();
                let share = below as f64 / DRAWS as f64;
                assert!(
                    (share - expected).abs() < 0.02,
                    "{width}×{height}: {name} ≤ {at} in {share}, torchvision {expected}"
                );
            }
        }
    }
}

#[test]
fn half_of_the_training_views_are_mirrored() {
    let view = Views::retrieval(21).train;
    let flips = (0..4000).filter(|&index| view.framing(50, 40, (1, 2), index).flip);
    let share = flips.count() as f64 / 4000.0;
    assert!((share - 0.5).abs() < 0.03, "{share}");
}

#[test]
fn a_flip_mirrors_left_and_right() {
    let photo = |seed| Photo {
        source: PhotoSource::bytes("pattern", encoded_png(&pattern(12, 12, seed))),
        label: 0,
    };
    let whole = RandomResizedCrop::new((1.0, 1.0), (1.0, 1.0)).unwrap();
    let filter = Filter::Bilinear;
    let views = Views {
        train: View::RandomResizedCrop {
            part: whole,
            side: 12,
            flip: true,
            filter,
        },
        ..Views::small(12)
    };
    let photos = (0..20).map(photo).collect();
    let set = PhotoDataset::new("set", vec!["only".to_owned()], photos, views).unwrap();
    let (mut plain, mut trained) = (vec![0.0; 432], vec![0.0; 432]);
    let mut flips = 0;
    for index in 0..20 {
        set.read(index, &mut plain).unwrap();
        set.read_for_training(index, (3, 4), &mut trained).unwrap();
        if plain != trained {
            plain.chunks_exact_mut(12).for_each(<[f32]>::reverse);
            assert_eq!(plain, trained);
            flips += 1;
        }
    }
    assert!((4..=16).contains(&flips), "{flips}");
}

#[test]
fn published_views() {
    let retrieval = Views::retrieval(Views::DEFAULT_CROP);
    let expected = View::CentreCrop {
        shorter: 256,
        side: 227,
        filter: Filter::Bilinear,
    };
    assert_eq!(retrieval.test, expected);
    assert_eq!(Views::places(320).test.size(), (320, 240));
    assert_eq!(Views::places(224).test.size(), (224, 224));
    assert_eq!(Views::places(448).train.size(), (448, 448));
    assert_eq!(Views::places(320).test.filter(), Filter::Bicubic);
}

#[test]
fn settings_outside_of_their_range() {
    for (scale, ratio) in [
        ((0.0, 1.0), (1.0, 1.0)),
        ((0.5, 1.1), (1.0, 1.0)),
        ((0.9, 0.5), (1.0, 1.0)),
        ((0.1, 1.0), (0.0, 1.0)),
        ((0.1, 1.0), (1.0, f64::INFINITY)),
        ((f64::NAN, 1.0), (1.0, 1.0)),
    ] {
        assert!(
            RandomResizedCrop::new(scale, ratio).is_err(),
            "{scale:?} {ratio:?}"
        );
    }
    let photo = Photo {
        source: PhotoSource::bytes("none", Vec::new()),
        label: 0,
    };
    for views in [
        Views::retrieval(0),
        Views::places(1),
        Views::small(1 << 20),
        Views {
            train: Views::small(8).train,
            ..Views::small(9)
        },
    ] {
        let names = vec!["only".to_owned()];
        let set = PhotoDataset::new("set", names, vec![photo.clone()], views);
        assert!(set.is_err());
    }
}

proptest! {
    #[test]
    fn framings_lie_within_the_picture(width in 1..3000_usize, height in 1..3000_usize, seed: u64, epoch: u64, index: usize, side in 1..600_usize, least in 0.01..1.0_f64, narrow in 0.05..1.0_f64, wide in 1.0..20.0_f64) {
        let part = RandomResizedCrop::new((least, 1.0), (narrow, wide)).unwrap();
        let filter = Filter::Bilinear;
        for view in [
            View::RandomResizedCrop { part, side, flip: true, filter },
            Views::retrieval(side).train,
            Views::retrieval(side).test,
            Views::small(side).test,
            View::CentreCrop { shorter: side.div_ceil(3), side, filter },
        ] {
            let framing = view.framing(width, height, (seed, epoch), index);
            prop_assert!(framing.crop.fits(width, height), "{framing:?}");
            prop_assert!(framing.window.fits(framing.size.0, framing.size.1), "{framing:?}");
            prop_assert!(framing.padding.0 + framing.window.width <= side);
            prop_assert!(framing.padding.1 + framing.window.height <= side);
            prop_assert_eq!(framing, view.framing(width, height, (seed, epoch), index));
        }
    }
}
