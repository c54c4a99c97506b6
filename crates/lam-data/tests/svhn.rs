//! SVHN's files.

use std::path::Path;

use lam_data::read_svhn;

#[test]
fn images_become_rows_of_planes_and_ten_a_nought() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    for name in ["svhn_deflated.mat", "svhn_double.mat"] {
        let images = read_svhn(&folder.join(name)).unwrap();
        assert_eq!(images.labels, [0, 1, 9]);
        let mut at = images.pixels.iter();
        for n in 0..3 {
            for c in 0..3 {
                for h in 0..32 {
                    for w in 0..32 {
                        let expected = ((n * 29 + c * 50 + h * 7 + w * 13) % 256) as u8;
                        assert_eq!(at.next(), Some(&expected), "{n} {c} {h} {w}");
                    }
                }
            }
        }
        assert_eq!(at.next(), None);
    }
    let single = read_svhn(&folder.join("svhn_plain.mat")).unwrap();
    assert_eq!((single.labels.len(), single.pixels.len()), (1, 3072));
}
