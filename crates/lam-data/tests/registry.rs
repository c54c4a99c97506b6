//! Finding data sets by name.
use lam_data::{DataError, find};

#[test]
fn spelling_does_not_matter() {
    for name in [
        "fashionmnist",
        "FashionMNIST",
        "fashion-mnist",
        "Fashion_MNIST",
    ] {
        assert_eq!(find(name).unwrap().name, "fashionmnist");
    }
    assert_eq!(find("sample-mnist").unwrap().name, "sample_mnist");
}

#[test]
fn an_unknown_name_gets_the_nearest() {
    let nearest = |name| match find(name) {
        Err(DataError::UnknownDataset { nearest, .. }) => nearest,
        other => panic!("{other:?}"),
    };
    assert_eq!(nearest("minst"), Some("mnist"));
    assert_eq!(nearest("fashonmnist"), Some("fashionmnist"));
    assert_eq!(nearest("samples"), Some("sample"));
    assert_eq!(nearest("imagenet-21k-p"), None);
    let message = find("minst").unwrap_err().to_string();
    assert!(message.contains("did you mean 'mnist'?"), "{message}");
    assert!(message.contains("known: sample, sample_mnist, fashionmnist, mnist"));
}
