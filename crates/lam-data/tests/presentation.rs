//! Any photograph before a network that was trained on others.

use std::path::Path;
use std::sync::Arc;

use lam_data::{
    Collection, DecodeLimits, ImageShape, Normalise, Presentation, SearchPath, Split, Views,
    decode, find,
};

fn pictures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures")
}

/// An uploaded picture must be to the network what the same picture was in an indexed folder.
fn one_by_one_is_all_at_once(presentation: &Presentation) {
    let path = pictures().join("444.jpg");
    let bytes = std::fs::read(&path).unwrap();
    let picture = decode(&bytes, DecodeLimits::default()).unwrap();
    let mut alone = vec![0.0; presentation.shape().numel()];
    presentation.show(&picture, &mut alone).unwrap();
    let named = path.display().to_string();
    let collection = Collection::of_paths(vec![named], presentation).unwrap();
    let mut together = vec![0.0; alone.len()];
    let images = collection.images();
    images.read(0, &mut together).unwrap();
    if let Some(normalise) = images.normalisation() {
        normalise.apply(&mut together, images.shape()).unwrap();
    }
    assert_eq!(alone, together);
    assert!(alone.iter().any(|value| *value != alone[0]));
}

#[test]
fn an_uploaded_picture_is_the_same_as_an_indexed_one() {
    one_by_one_is_all_at_once(&Presentation::of_views(Views::retrieval(96)).unwrap());
    one_by_one_is_all_at_once(&Presentation::of_views(Views::places(224)).unwrap());
    let grey = ImageShape::new(1, 28, 28);
    one_by_one_is_all_at_once(&Presentation::of_small_pictures(grey, None).unwrap());
    let colour = ImageShape::new(3, 32, 32);
    let imagenet = Some(Normalise::imagenet());
    one_by_one_is_all_at_once(&Presentation::of_small_pictures(colour, imagenet).unwrap());
}

#[test]
fn a_known_data_set_says_how_it_wants_to_see_photographs() {
    let of = |name: &str| {
        find(name)
            .unwrap()
            .presentation(Views::retrieval(64))
            .unwrap()
    };
    // A presentation must be what the data set itself is, or its own images would be others in an index.
    let sample = find("sample")
        .unwrap()
        .open(&SearchPath::none(), Split::Test)
        .unwrap();
    let presentation = of("sample");
    assert_eq!(presentation.shape(), sample.shape());
    assert_eq!(presentation.normalisation(), sample.normalisation());
    let adapted = presentation.adapted(Arc::clone(&sample)).unwrap();
    assert!(Arc::ptr_eq(&adapted, &sample));
    let cifar = of("cifar10");
    assert_eq!(cifar.shape(), ImageShape::new(3, 32, 32));
    assert_eq!(cifar.normalisation(), Some(&Normalise::imagenet()));
    assert_eq!(of("cub200").shape(), ImageShape::new(3, 64, 64));
}

#[test]
fn a_picture_of_another_kind_is_no_input() {
    assert!(Presentation::of_small_pictures(ImageShape::new(2, 28, 28), None).is_err());
    assert!(Presentation::of_small_pictures(ImageShape::new(1, 0, 28), None).is_err());
    let presentation = Presentation::of_views(Views::retrieval(32)).unwrap();
    let bytes = std::fs::read(pictures().join("grey.png")).unwrap();
    let picture = decode(&bytes, DecodeLimits::default()).unwrap();
    assert!(presentation.show(&picture, &mut [0.0; 7]).is_err());
}
