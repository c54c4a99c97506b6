//! A backbone that keeps its weights: what it makes of every image is computed once, and kept on disk for the next run.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use lam_data::{Dataset, Features, Loader, SearchPath};
use lam_model::backbone::Backbone;
use lam_model::{Encoder, StateDict, load_state, state_dict};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use crate::TrainError;
use crate::config::{Config, Freeze, Precision};
use crate::data::RunData;
use crate::method::{BuildContext, encoder, host_values};
use crate::observer::Observer;
use crate::pretrained;
use crate::randomness::Randomness;
use crate::run::{RunFolder, write_atomic};
use crate::starts::{FROZEN_BACKBONE, Starts};

/// Images whose features are computed at once.
const BATCH: usize = 32;
/// Name of the tensor in a file of features, and of its folder in the user's cache.
const FEATURES: &str = "features";

/// `data` as the features of a frozen backbone; as it is where nothing is frozen. The backbone is that of the run in
/// `folder`, or the one it begins with, which is then put there.
///
/// # Errors
/// A start that is missing or of another network; images that cannot be read.
pub(crate) fn freeze(
    config: &Config,
    data: RunData,
    device: &Device,
    folder: &RunFolder,
    observer: &mut dyn Observer,
) -> Result<RunData, TrainError> {
    if config.freeze == Freeze::None {
        return Ok(data);
    }
    let context = BuildContext {
        config,
        image_shape: data.image_shape(),
        training_images: data.train.len(),
        device,
    };
    let drawn = encoder(&context, Randomness::new(config.seed))?;
    let path = folder.checkpoints().join(FROZEN_BACKBONE);
    let encoder = if path.is_file() {
        with_backbone(drawn, read_tensors(&path)?)?
    } else {
        let encoder = begin(config, drawn, observer)?;
        let tensors = state_dict(&encoder.backbone);
        write_atomic(&path, &file_of(&tensors, &path)?)?;
        encoder
    };
    let mut extractor = Extractor {
        fingerprint: fingerprint(&state_dict(&encoder.backbone), config.precision),
        backbone: encoder.backbone.valid(),
        device,
        cache: SearchPath::standard(&[], None).cache_folder(FEATURES),
        observer,
        known: HashMap::new(),
    };
    data.as_features(&mut |images| extractor.features(images))
}

/// The encoder with the weights that a run begins with.
fn begin(
    config: &Config,
    drawn: Encoder,
    observer: &mut dyn Observer,
) -> Result<Encoder, TrainError> {
    let mut starts = Starts::new(config);
    if config.resume.is_none() {
        pretrained::fetch(config, observer)?;
        return starts.continued(drawn);
    }
    let start = starts.own()?;
    match start.frozen_backbone() {
        Some(path) => with_backbone(drawn, read_tensors(&path)?),
        None => start.load_into(drawn),
    }
}

/// The weights of a frozen backbone, from the file beside a run's checkpoints.
///
/// # Errors
/// [`TrainError::FrozenFile`].
pub(crate) fn read_frozen_backbone(path: &Path) -> Result<StateDict, TrainError> {
    read_tensors(path)
}

fn with_backbone(encoder: Encoder, tensors: StateDict) -> Result<Encoder, TrainError> {
    Ok(Encoder {
        backbone: load_state(encoder.backbone, &tensors)?,
        head: encoder.head,
    })
}

/// Computes features, or finds them.
struct Extractor<'a> {
    backbone: Backbone,
    fingerprint: [u8; 32],
    device: &'a Device,
    cache: Option<PathBuf>,
    observer: &'a mut dyn Observer,
    /// Sets seen already in this run, by what they hold.
    known: HashMap<String, Arc<dyn Dataset>>,
}

impl Extractor<'_> {
    fn features(&mut self, images: &Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>, TrainError> {
        let key = self.key(&**images)?;
        if let Some(known) = self.known.get(&key) {
            return Ok(Arc::clone(known));
        }
        let file = self
            .cache
            .as_ref()
            .map(|folder| folder.join(format!("{key}.safetensors")));
        // A file that is damaged is computed anew.
        let kept = file.as_ref().filter(|file| file.is_file());
        let kept = kept.and_then(|file| read_features(file, images.len()));
        let (values, size) = match kept {
            Some(kept) => kept,
            None => {
                let (values, size) = self.compute(images)?;
                if let Some(file) = &file {
                    self.keep(file, &values, size);
                }
                (values, size)
            }
        };
        let set: Arc<dyn Dataset> = Arc::new(Features::new(Arc::clone(images), values, size)?);
        self.known.insert(key, Arc::clone(&set));
        Ok(set)
    }

    fn compute(&mut self, images: &Arc<dyn Dataset>) -> Result<(Vec<f32>, usize), TrainError> {
        let what = format!("features of {}", images.name());
        self.observer.evaluation_started(&what, images.len());
        let (mut values, mut size, mut read) = (Vec::new(), 0, 0);
        let loader = Loader::builder(Arc::clone(images))
            .batch_size(BATCH)
            .build()?;
        for batch in loader {
            let batch = batch?;
            let shape = [
                batch.len(),
                batch.shape.channels,
                batch.shape.height,
                batch.shape.width,
            ];
            read += batch.len();
            self.observer.images_embedded(batch.len());
            let images = Tensor::<4>::from_data(TensorData::new(batch.images, shape), self.device);
            let features = self.backbone.forward(images);
            size = features.dims()[1];
            values.extend(host_values(features)?);
        }
        self.observer.evaluation_done();
        if read < images.len() {
            let unreadable = images.unreadable().map(|unreadable| unreadable.images());
            let first = unreadable.and_then(|all| all.into_iter().next());
            return Err(TrainError::FrozenUnreadable {
                images: images.len() - read,
                first: first.map_or_else(String::new, |image| image.image),
            });
        }
        Ok((values, size))
    }

    /// Writes a file of the cache. That it cannot be written costs time only.
    fn keep(&mut self, file: &Path, values: &[f32], size: usize) {
        let tensors = StateDict::from([(
            FEATURES.to_owned(),
            TensorData::new(values.to_vec(), [values.len() / size.max(1), size]),
        )]);
        let written = file.parent().map(fs::create_dir_all).transpose();
        let written = written
            .map_err(|error| error.to_string())
            .and_then(|_| file_of(&tensors, file).map_err(|error| error.to_string()))
            .and_then(|bytes| write_atomic(file, &bytes).map_err(|error| error.to_string()));
        if let Err(reason) = written {
            self.observer
                .note(&format!("the features are not kept: {reason}"));
        }
    }

    /// What the features depend on: the weights, how the images are shown, and the images. Those that lie in files of
    /// their own count by path, length and time of change, others by their pixels.
    fn key(&self, images: &dyn Dataset) -> Result<String, TrainError> {
        let mut hash = Sha256::new();
        hash.update(self.fingerprint);
        let shape = images.shape();
        hash.update(format!(
            "{} {shape} {:?}",
            images.len(),
            images.normalisation()
        ));
        let mut pixels = vec![0.0; shape.numel()];
        for index in 0..images.len() {
            let source = images.source(index);
            match fs::metadata(&source) {
                Ok(file) => {
                    let changed = file.modified().ok();
                    let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                    hash.update(format!("{source} {} {changed:?}\n", file.len()));
                }
                Err(_) => {
                    images.read(index, &mut pixels)?;
                    pixels
                        .iter()
                        .for_each(|value| hash.update(value.to_le_bytes()));
                }
            }
        }
        Ok(hexadecimal(&hash.finalize()))
    }
}

/// What was kept before there was a choice is of full precision, and stays valid.
pub(crate) fn hash_precision(hash: &mut Sha256, precision: Precision) {
    match precision {
        Precision::Full => {}
        Precision::Mixed => hash.update("precision mixed"),
    }
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of the weights and of what else the features depend on.
fn fingerprint(tensors: &StateDict, precision: Precision) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash_precision(&mut hash, precision);
    for (name, values) in tensors {
        hash.update(name);
        hash.update(values.as_bytes());
    }
    hash.finalize().into()
}

fn file_of(tensors: &StateDict, path: &Path) -> Result<Vec<u8>, TrainError> {
    let failed = |error: safetensors::SafeTensorError| TrainError::FrozenFile {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let views = tensors.iter().map(|(name, data)| {
        let shape = data.shape().to_vec();
        Ok((
            name.clone(),
            TensorView::new(Dtype::F32, shape, data.as_bytes()).map_err(failed)?,
        ))
    });
    let views: Vec<_> = views.collect::<Result<_, TrainError>>()?;
    safetensors::serialize(views, None).map_err(failed)
}

fn read_tensors(path: &Path) -> Result<StateDict, TrainError> {
    let failed = |reason: String| TrainError::FrozenFile {
        path: path.to_owned(),
        reason,
    };
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| failed(error.to_string()))?;
    let tensors = file.iter().map(|(name, tensor)| {
        if tensor.dtype() != Dtype::F32 {
            return Err(failed(format!("{name} is not of 32-bit floating point")));
        }
        let values = floats(tensor.data());
        Ok((
            name.to_owned(),
            TensorData::new(values, tensor.shape().to_vec()),
        ))
    });
    tensors.collect()
}

/// Features of `images` from a file, and their number per image; none if it is not such a file.
fn read_features(path: &Path, images: usize) -> Option<(Vec<f32>, usize)> {
    let bytes = fs::read(path).ok()?;
    let file = SafeTensors::deserialize(&bytes).ok()?;
    let tensor = file.tensor(FEATURES).ok()?;
    match *tensor.shape() {
        [rows, size] if rows == images && tensor.dtype() == Dtype::F32 => {
            Some((floats(tensor.data()), size))
        }
        _ => None,
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let words = bytes.as_chunks::<4>().0.iter();
    words.map(|&word| f32::from_le_bytes(word)).collect()
}
