//! Where images come from: a data set known by name, or somebody's own folder or table.

use std::sync::Arc;

use lam_data::{
    DataError, Dataset, DatasetEntry, FeatureSet, FeatureShard, FilePart, OwnImages, PlaceDataset,
    Roles, SearchPath, Split, SplitFraction, Subset, Views, find, held_out_of,
};

use crate::config::{Config, DatasetChoice};

/// A data set that can be opened.
pub(crate) enum ImageSource<'a> {
    Known(&'static DatasetEntry, &'a SearchPath),
    Own(OwnImages),
    Features(FeatureParts),
}

/// Vectors to train and to test on.
pub(crate) struct FeatureParts {
    train: Arc<dyn Dataset>,
    test: Arc<dyn Dataset>,
}

impl FeatureParts {
    /// Opens all files once: to test on are files of their own, or a fifth of each.
    fn open(config: &Config, files: &[FilePart]) -> Result<Self, DataError> {
        let name = config.dataset.to_string();
        let open = |files: &[FilePart], labels: &[FilePart]| {
            let labels = labels.iter().cloned().map(Some);
            let labels = labels.chain(std::iter::repeat(None));
            let shards: Vec<_> = files
                .iter()
                .zip(labels)
                .map(|(file, labels)| FeatureShard::new(file.clone(), labels))
                .collect();
            FeatureSet::open(&name, &shards)
        };
        let all = open(files, &config.labels)?;
        all.check_variety()?;
        let all: Arc<dyn Dataset> = Arc::new(all);
        if !config.test_features.is_empty() {
            return Ok(Self {
                train: all,
                test: Arc::new(open(&config.test_features, &config.test_labels)?),
            });
        }
        let fraction = SplitFraction::default();
        let (train, test) = held_out_of(&*all, fraction.test, fraction.seed)?;
        Ok(Self {
            train: Arc::new(Subset::new(Arc::clone(&all), train)?),
            test: Arc::new(Subset::new(all, test)?),
        })
    }
}

impl<'a> ImageSource<'a> {
    /// What a configuration names.
    ///
    /// # Errors
    /// A name that is not in the registry, a path at which nothing is.
    pub(crate) fn of(config: &Config, search: &'a SearchPath) -> Result<Self, DataError> {
        Ok(match &config.dataset {
            DatasetChoice::Features(files) => Self::Features(FeatureParts::open(config, files)?),
            choice => Self::foreign(choice, search)?,
        })
    }

    /// Another data set than the configuration's own; vectors of one are all to test on, and need no labels.
    ///
    /// # Errors
    /// As [`ImageSource::of`].
    pub(crate) fn foreign(
        choice: &DatasetChoice,
        search: &'a SearchPath,
    ) -> Result<Self, DataError> {
        Ok(match choice {
            DatasetChoice::Features(files) => {
                let all = FeatureSet::open_unlabelled(&choice.to_string(), files)?;
                let all: Arc<dyn Dataset> = Arc::new(all);
                Self::Features(FeatureParts {
                    train: Arc::clone(&all),
                    test: all,
                })
            }
            DatasetChoice::Known(name) => Self::Known(find(&name.to_string())?, search),
            DatasetChoice::Own(path) => Self::Own(OwnImages::at(path)?),
        })
    }

    /// Opens one part, photographs as `views` show them.
    pub(crate) fn open(&self, split: Split, views: &Views) -> Result<Arc<dyn Dataset>, DataError> {
        match self {
            Self::Known(entry, search) => entry.open_as(search, split, Some(views)),
            Self::Own(images) => Ok(Arc::new(images.open(split, views.clone())?)),
            Self::Features(parts) => {
                let part = split.of_two("features", &parts.train, &parts.test)?;
                Ok(Arc::clone(part))
            }
        }
    }

    /// Opens one part of a data set of places; none if it is not one.
    pub(crate) fn open_places(
        &self,
        split: Split,
        views: &Views,
    ) -> Result<Option<PlaceDataset>, DataError> {
        match self {
            Self::Known(entry, search) if entry.classes == 0 => {
                entry.open_places(search, split, Some(views)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What the test images are for; none where each is both query and gallery.
    pub(crate) fn roles(&self) -> Result<Option<Vec<Roles>>, DataError> {
        match self {
            Self::Known(..) | Self::Features(_) => Ok(None),
            Self::Own(images) => images.roles(Split::Test),
        }
    }
}
