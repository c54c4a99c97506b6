//! Files that PyTorch wrote (`tests/fixtures/weights/make.py`), whole, damaged and hostile.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::common::{device, values};
use burn::tensor::TensorData;
use lam_model::backbone::TrunkConfig;
use lam_model::weights::{self, Taken, WeightsError, WeightsFile, known, torchvision_name};
use lam_model::{Encoder, EncoderConfig, StateDict, load_state, state_dict};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/weights")
        .join(name)
}

fn encoder(arch: &str, image: [usize; 3], latent: usize, seed: u64) -> Encoder {
    let config = EncoderConfig::new(arch, image, latent).unwrap();
    config.init(&mut ChaCha12Rng::seed_from_u64(seed), &device())
}

/// Writes a safetensors file of these tensors.
fn write(path: &Path, tensors: &BTreeMap<String, TensorData>) {
    let views = tensors.iter().map(|(name, data)| {
        let view = TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes());
        (name.as_str(), view.unwrap())
    });
    let bytes = safetensors::serialize(views.collect::<Vec<_>>(), None).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn temporary(content: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

/// Opens and reads all of it; what comes out does not matter.
fn read_all(path: &Path) -> Result<usize, WeightsError> {
    let file = WeightsFile::open(path)?;
    let names: Vec<String> = file.tensors().map(|(name, _)| name.to_owned()).collect();
    for name in &names {
        file.read(name)?;
    }
    Ok(names.len())
}

#[test]
fn both_formats_of_pytorch_say_what_was_saved() {
    let reference = std::fs::read(fixture("squeezenet.safetensors")).unwrap();
    let reference = SafeTensors::deserialize(&reference).unwrap();
    for name in ["squeezenet.pth", "legacy.pth", "squeezenet.safetensors"] {
        let file = WeightsFile::open(&fixture(name)).unwrap();
        let names: Vec<&str> = file.tensors().map(|(name, _)| name).collect();
        assert_eq!(names.len(), 9, "{name}");
        for tensor in names {
            let (shape, want) = values(&reference, tensor);
            let got = file.read(tensor).unwrap();
            assert_eq!(got.shape().to_vec(), shape, "{name}: {tensor}");
            let want: Vec<f32> = want.into_iter().map(|v| v as f32).collect();
            assert!(
                got.try_into_vec::<f32>().unwrap() == want,
                "{name}: {tensor}"
            );
        }
    }
}

#[test]
fn a_checkpoint_of_the_released_code_becomes_an_encoder() {
    let file = WeightsFile::open(&fixture("lightning.ckpt")).unwrap();
    let (loaded, taken) = weights::load(encoder("linear", [1, 28, 28], 1, 1), &file).unwrap();
    assert_eq!(
        taken,
        Taken {
            pool: false,
            head: true
        }
    );
    let state = state_dict(&loaded);
    for (seed, (ours, count)) in [
        ("backbone.blocks.0.weight", 288),
        ("backbone.blocks.0.bias", 32),
        ("backbone.blocks.1.weight", 18_432),
        ("backbone.blocks.1.bias", 64),
        ("head.weight", 9216),
        ("head.bias", 1),
    ]
    .into_iter()
    .enumerate()
    {
        let want: Vec<f32> = (0..count)
            .map(|i| (0.731 * f64::from(i) + seed as f64).sin() as f32)
            .collect();
        let got = state[ours].clone().try_into_vec::<f32>().unwrap();
        crate::common::assert_close(
            ours,
            &got,
            &want.iter().map(|&v| f64::from(v)).collect::<Vec<_>>(),
            1e-7,
        );
    }
}

/// As torchvision names it, with its classifier and counters.
fn as_torchvision(encoder: &Encoder) -> StateDict {
    let mut tensors: StateDict = state_dict(&encoder.backbone)
        .into_iter()
        .filter_map(|(name, data)| Some((torchvision_name(&encoder.backbone, &name)?, data)))
        .collect();
    let extra = || TensorData::new(vec![0.5_f32; 4], [2, 2]);
    tensors.insert("fc.weight".into(), extra());
    tensors.insert("classifier.1.bias".into(), extra());
    tensors.insert("bn1.num_batches_tracked".into(), extra());
    tensors
}

#[test]
fn a_classifier_gives_its_trunk_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for arch in ["resnet18", "densenet121", "squeezenet1_0", "alexnet"] {
        let path = folder.path().join(arch);
        let from = encoder(arch, [3, 64, 64], 4, 1);
        write(&path, &as_torchvision(&from));
        let to = encoder(arch, [3, 64, 64], 4, 2);
        let file = WeightsFile::open(&path).unwrap();
        let (loaded, taken) = weights::load(to.clone(), &file).unwrap();
        assert_eq!(
            taken,
            Taken {
                pool: false,
                head: false
            }
        );
        assert!(
            state_dict(&loaded.backbone) == state_dict(&from.backbone),
            "{arch}"
        );
        assert!(state_dict(&loaded.head) == state_dict(&to.head), "{arch}");
    }
}

/// The names of 2017, which torchvision's files still have.
#[test]
fn densenets_of_old_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old");
    let from = encoder("densenet121", [3, 64, 64], 4, 1);
    let mut renamed = 0;
    let old = as_torchvision(&from).into_iter().map(|(name, data)| {
        let mut old = name.clone();
        if name.contains("denselayer") {
            for part in ["norm1", "norm2", "conv1", "conv2"] {
                let (kind, number) = part.split_at(4);
                old = old.replace(&format!(".{part}."), &format!(".{kind}.{number}."));
            }
        }
        renamed += usize::from(old != name);
        (old, data)
    });
    write(&path, &old.collect());
    assert_eq!(renamed, 58 * 10);
    let file = WeightsFile::open(&path).unwrap();
    let (loaded, _) = weights::load(encoder("densenet121", [3, 64, 64], 4, 2), &file).unwrap();
    assert!(state_dict(&loaded.backbone) == state_dict(&from.backbone));
}

/// As the released code names an encoder: `backbone` is a sequence of the network's children, the head stands behind a
/// dropout or not.
#[test]
fn a_whole_encoder_gives_pooling_and_head_too() {
    let folder = tempfile::tempdir().unwrap();
    for (arch, head, children) in [
        (
            "resnet18",
            "model.linear.0.",
            &[
                ("conv1.", "0."),
                ("bn1.", "1."),
                ("layer1.", "4."),
                ("layer2.", "5."),
                ("layer3.", "6."),
                ("layer4.", "7."),
            ][..],
        ),
        ("squeezenet1_1", "net.linear.0.1.", &[("features.", "")][..]),
        (
            "densenet121",
            "whiten.",
            &[
                ("features.conv0.", "0."),
                ("features.norm0.", "1."),
                ("features.denseblock1.", "4."),
                ("features.transition1.", "5."),
                ("features.denseblock2.", "6."),
                ("features.transition2.", "7."),
                ("features.denseblock3.", "8."),
                ("features.transition3.", "9."),
                ("features.denseblock4.", "10."),
                ("features.norm5.", "11."),
            ][..],
        ),
    ] {
        let from = encoder(arch, [3, 64, 64], 4, 1);
        let mut state = state_dict(&from);
        state.insert(
            "backbone.pool.exponent".into(),
            TensorData::new(vec![2.5_f32], [1]),
        );
        let from = load_state(from, &state).unwrap();
        let prefix = &head[..head.find("linear").or(head.find("whiten")).unwrap()];
        let mut file: StateDict = BTreeMap::new();
        for (name, data) in &state {
            let name = match name.strip_prefix("backbone.") {
                None => name.replace("head.", head),
                Some("pool.exponent") => format!("{prefix}pool.0.p"),
                Some(inner) => {
                    let theirs = torchvision_name(&from.backbone, inner).unwrap();
                    let child = children.iter().find(|(child, _)| theirs.starts_with(child));
                    let (child, number) = child.unwrap();
                    format!("{prefix}backbone.{number}{}", &theirs[child.len()..])
                }
            };
            file.insert(name, data.clone());
        }
        let path = folder.path().join(arch);
        write(&path, &file);
        let opened = WeightsFile::open(&path).unwrap();
        let (loaded, taken) = weights::load(encoder(arch, [3, 64, 64], 4, 2), &opened).unwrap();
        assert_eq!(
            taken,
            Taken {
                pool: true,
                head: true
            }
        );
        assert!(state_dict(&loaded) == state, "{arch}");

        // The same with a head of another size.
        let other = encoder(arch, [3, 64, 64], 5, 2);
        let message = weights::load(other, &opened).unwrap_err().to_string();
        assert!(message.contains("expected [5, "), "{message}");
    }
}

/// A checkpoint of ours, with what it has besides the encoder.
#[test]
fn our_own_checkpoints_are_weights_like_others() {
    let folder = tempfile::tempdir().unwrap();
    for (arch, image) in [("resnet18", [3, 64, 64]), ("linear", [1, 28, 28])] {
        let from = encoder(arch, image, 4, 1);
        let mut file: StateDict = state_dict(&from)
            .into_iter()
            .map(|(name, data)| (format!("model.{name}"), data))
            .collect();
        for other in ["curvature.weight", "posterior.temperature", "optimizer"] {
            file.insert(other.into(), TensorData::new(vec![1.0_f32], [1]));
        }
        let path = folder.path().join(arch);
        write(&path, &file);
        let file = WeightsFile::open(&path).unwrap();
        let (loaded, taken) = weights::load(encoder(arch, image, 4, 2), &file).unwrap();
        assert_eq!((taken.pool, taken.head), (arch == "resnet18", true));
        assert!(state_dict(&loaded) == state_dict(&from), "{arch}");
    }
}

#[test]
fn a_mismatch_lists_what_is_missing_unexpected_and_misshapen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.safetensors");
    let mut tensors = as_torchvision(&encoder("resnet18", [3, 64, 64], 4, 1));
    tensors.remove("layer3.1.bn2.running_var");
    tensors.insert(
        "layer1.0.conv1.weight".into(),
        TensorData::new(vec![0.0_f32; 6], [2, 3]),
    );
    tensors.insert(
        "layer5.weight".into(),
        TensorData::new(vec![0.0_f32; 6], [2, 3]),
    );
    write(&path, &tensors);
    let file = WeightsFile::open(&path).unwrap();
    let error = weights::load(encoder("resnet18", [3, 64, 64], 4, 2), &file).unwrap_err();
    let message = error.to_string();
    for part in [
        "broken.safetensors",
        "missing tensor layer3.1.bn2.running_var [256]",
        "unexpected tensor layer5.weight",
        "layer1.0.conv1.weight has shape [2, 3], expected [64, 64, 3, 3]",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(matches!(error, WeightsError::Mismatch { problems, .. } if problems.len() == 3));
    // Of another network altogether.
    let file = WeightsFile::open(&fixture("squeezenet.pth")).unwrap();
    assert!(weights::load(encoder("resnet18", [3, 64, 64], 4, 2), &file).is_err());
}

#[test]
fn what_would_run_something_is_refused_and_not_run() {
    let trace = Path::new("/tmp/lam-was-here");
    for name in ["system.pth", "system_legacy.pkl"] {
        let message = WeightsFile::open(&fixture(name)).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
        assert!(
            message.contains("posix.system") || message.contains("os.system"),
            "{message}"
        );
        assert!(message.contains("it was not run"), "{message}");
    }
    assert!(!trace.exists());
}

#[test]
fn what_is_no_file_of_weights_is_said() {
    for (content, part) in [
        (&b""[..], "neither"),
        (b"<html>404</html>", "neither"),
        (b"PK\x03\x04 and nothing else", "no end"),
        (b"\x80\x02}q\x00.", "not one of PyTorch's"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff{\"a\":1}", "header"),
    ] {
        let file = temporary(content);
        let message = WeightsFile::open(file.path()).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let missing = WeightsFile::open(Path::new("nowhere/weights.pth")).unwrap_err();
    assert!(matches!(missing, WeightsError::Io { .. }));
}

#[test]
fn incomplete_files_are_refused_wherever_they_end() {
    for name in [
        "squeezenet.pth",
        "legacy.pth",
        "squeezenet.safetensors",
        "lightning.ckpt",
    ] {
        let whole = std::fs::read(fixture(name)).unwrap();
        for share in 0..50 {
            let content = &whole[..whole.len() * share / 50];
            let file = temporary(content);
            assert!(read_all(file.path()).is_err(), "{name}: {share} of 50");
        }
        let almost = temporary(&whole[..whole.len() - 1]);
        assert!(read_all(almost.path()).is_err(), "{name}");
    }
}

#[test]
fn every_trunk_is_known_with_the_start_of_its_checksum() {
    for arch in TrunkConfig::names() {
        let known = known(arch).unwrap();
        assert_eq!(known.arch, arch);
        assert!(known.file.ends_with(".pth"));
        let digits = known.sha256_prefix();
        assert_eq!(digits.len(), 8, "{arch}");
        assert!(
            digits
                .chars()
                .all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
        );
    }
    assert_eq!(known("resnet50").unwrap().file, "resnet50-0676ba61.pth");
    assert!(known("linear").is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Damage is an error or changes numbers; it is never a panic.
    #[test]
    fn damage_is_never_a_panic(
        which in 0_usize..4,
        changes in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..6),
        near_the_description in any::<bool>(),
    ) {
        let name = ["squeezenet.pth", "legacy.pth", "squeezenet.safetensors", "system.pth"][which];
        let mut content = std::fs::read(fixture(name)).unwrap();
        let reach = if near_the_description { content.len().min(3000) } else { content.len() };
        for (at, byte) in changes {
            let at = (at * reach as f64) as usize;
            content[at] = byte;
        }
        let file = temporary(&content);
        let _ = read_all(file.path());
    }
}
