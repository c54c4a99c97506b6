//! Training, selection, test and out-of-distribution sets of a run.

use std::sync::Arc;

use lam_data::places::Positives;
use lam_data::{
    Adapted, DataError, Dataset, Pairs, PlaceDataset, Roles, SearchPath, Split, Subset, Views,
    at_most, held_out_of, held_out_split,
};

use super::items::{Extract, PairItems};
use super::place_rule::{PairPlaces, PlaceRule};
use super::{Gallery, ImageSource, Items};
use crate::TrainError;
use crate::config::{Config, Selection};

/// Every set that a run reads.
#[derive(Clone)]
pub struct RunData {
    /// What is trained on.
    pub train: Items,
    /// What chooses the best checkpoint: the validation part that a data set has, a held-out part of the training set, or the test set.
    pub selection: Queries,
    /// What results are reported on.
    pub test: Queries,
    /// What should be uncertain, if the configuration names a partner.
    pub ood: Option<Arc<dyn Dataset>>,
    /// What deserves a look, for people.
    pub notes: Vec<String>,
}

/// Images that are looked up, and what they are looked up in.
#[derive(Clone)]
pub struct Queries {
    /// The images.
    pub images: Arc<dyn Dataset>,
    /// Apart from the queries; none where they are looked up among each other.
    pub gallery: Option<Gallery>,
    /// Images that `evaluate_at_most` leaves out.
    pub left_out: usize,
}

impl Queries {
    /// As many of the images as are to be evaluated.
    fn among_themselves(config: &Config, images: Arc<dyn Dataset>) -> Result<Self, DataError> {
        let all = images.len();
        let images = evaluated(config, images)?;
        Ok(Self {
            left_out: all - images.len(),
            images,
            gallery: None,
        })
    }

    /// Images to embed.
    pub fn len(&self) -> usize {
        let gallery = self.gallery.as_ref();
        self.images.len() + gallery.map_or(0, |gallery| gallery.images.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl RunData {
    /// Opens the sets of a configuration.
    ///
    /// # Errors
    /// Data that is not found or damaged, and a training set smaller than a batch.
    pub fn open(config: &Config, path: &SearchPath) -> Result<Self, TrainError> {
        let source = ImageSource::of(config, path)?;
        let views = views(config);
        let mut notes = Vec::new();
        let open_places = |split| source.open_places(split, &views);
        let (train, selection, test) =
            match open_places(Split::Train)?.zip(open_places(Split::Test)?) {
                Some((train, test)) => {
                    let validation = match config.selection {
                        Selection::Test => None,
                        Selection::HeldOut => validation_places(&source, &views, &mut notes)?,
                    };
                    places_of(config, train, validation, test)?
                }
                None => images_of(config, &source, &views)?,
            };
        if train.len() < config.batch_size {
            return Err(TrainError::BatchTooLarge {
                images: train.len(),
                batch_size: config.batch_size,
            });
        }
        let ood = match &config.ood_dataset {
            None => None,
            Some(name) => {
                let partner = ImageSource::foreign(name, path)?.open(Split::Test, &views)?;
                // In the shape that the network takes.
                let partner = Adapted::to_match(partner, &*test.images)?;
                Some(evaluated(config, partner)?)
            }
        };
        Ok(Self {
            train,
            selection,
            test,
            ood,
            notes,
        })
    }

    /// The same run on what `features` makes of every set.
    ///
    /// # Errors
    /// Those of `features`.
    pub(crate) fn as_features(&self, features: Extract<'_>) -> Result<Self, TrainError> {
        let train = self.train.as_features(features)?;
        let mut queries = |queries: &Queries| -> Result<Queries, TrainError> {
            let gallery = match &queries.gallery {
                None => None,
                Some(gallery) => Some(Gallery {
                    images: features(&gallery.images)?,
                    ..gallery.clone()
                }),
            };
            Ok(Queries {
                images: features(&queries.images)?,
                gallery,
                left_out: queries.left_out,
            })
        };
        let (selection, test) = (queries(&self.selection)?, queries(&self.test)?);
        Ok(Self {
            train,
            selection,
            test,
            ood: self.ood.as_ref().map(features).transpose()?,
            notes: self.notes.clone(),
        })
    }

    /// Which images could not be read so far, for people; none if all could.
    pub fn unreadable_note(&self) -> Option<String> {
        let galleries = [&self.selection, &self.test].map(|queries| queries.gallery.as_ref());
        let galleries = galleries
            .into_iter()
            .flatten()
            .map(|gallery| Arc::clone(&gallery.images));
        let sets = [
            self.train.dataset(),
            self.selection.images.clone(),
            self.test.images.clone(),
        ];
        let sets = sets.into_iter().chain(galleries).chain(self.ood.clone());
        let mut names = std::collections::BTreeMap::new();
        for set in sets {
            let images = set.unreadable().map(|unreadable| unreadable.images());
            for image in images.unwrap_or_default() {
                names.insert(image.image, image.reason);
            }
        }
        let (first, reason) = names.first_key_value()?;
        Some(format!(
            "{} images could not be read and were left out, such as {first}: {reason}",
            names.len()
        ))
    }

    /// Shape of one image, `[C, H, W]`.
    pub fn image_shape(&self) -> [usize; 3] {
        self.train.image_shape()
    }
}

/// How photographs are shown.
pub(crate) fn views(config: &Config) -> Views {
    match (config.dataset.is_place_recognition(), config.image_size) {
        (true, size) => Views::places(size.unwrap_or(224)),
        (false, size) => Views::retrieval(size.unwrap_or(Views::DEFAULT_CROP)),
    }
}

type Parts = (Items, Queries, Queries);

fn images_of(
    config: &Config,
    source: &ImageSource<'_>,
    views: &Views,
) -> Result<Parts, TrainError> {
    let whole = source.open(Split::Train, views)?;
    let test = source.open(Split::Test, views)?;
    let test = match source.roles()? {
        None => Queries::among_themselves(config, test)?,
        Some(roles) => by_roles(&test, &roles)?,
    };
    let (train, selection) = match config.selection {
        Selection::Test => (whole, test.clone()),
        Selection::HeldOut => {
            let (kept, held_out) =
                held_out_of(&*whole, config.held_out_fraction, config.held_out_seed)?;
            let kept = Subset::new(Arc::clone(&whole), kept)?;
            let held_out = Arc::new(Subset::new(whole, held_out)?);
            let selection = Queries::among_themselves(config, held_out)?;
            let held_out = &selection.images;
            let mut classes = std::collections::BTreeSet::new();
            if held_out.labels().iter().all(|label| classes.insert(label)) {
                return Err(TrainError::HeldOutAlone {
                    images: held_out.len(),
                });
            }
            (Arc::new(kept) as Arc<dyn Dataset>, selection)
        }
    };
    let train = if config.pairs {
        let positives = Positives::of_same_label(train.labels())?;
        Items::Pairs(PairItems {
            pairs: Arc::new(Pairs::new(Arc::clone(&train), train, positives)?),
            places: None,
        })
    } else {
        Items::Images(train)
    };
    Ok((train, selection, test))
}

/// As many images as are to be evaluated.
fn evaluated(config: &Config, images: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>, DataError> {
    match config.evaluate_at_most {
        Some(limit) if images.len() > limit => {
            let chosen = at_most(images.labels(), limit, config.seed);
            Ok(Arc::new(Subset::new(images, chosen)?))
        }
        _ => Ok(images),
    }
}

/// Test images of which some are looked up and some are found.
fn by_roles(test: &Arc<dyn Dataset>, roles: &[Roles]) -> Result<Queries, TrainError> {
    let chosen = |wanted: fn(&Roles) -> bool| -> Vec<usize> {
        let all = roles.iter().enumerate();
        all.filter(|(_, role)| wanted(role))
            .map(|(i, _)| i)
            .collect()
    };
    let (queries, gallery) = (chosen(|role| role.query), chosen(|role| role.gallery));
    let labels = test.labels();
    let mut of_label = std::collections::BTreeMap::<u32, Vec<u32>>::new();
    let mut position = std::collections::BTreeMap::<usize, u32>::new();
    for (at, &image) in (0..).zip(&gallery) {
        of_label.entry(labels[image]).or_default().push(at);
        position.insert(image, at);
    }
    let itself: Vec<Option<u32>> = queries.iter().map(|q| position.get(q).copied()).collect();
    let positives = queries.iter().zip(&itself).map(|(&query, itself)| {
        let same = of_label.get(&labels[query]).into_iter().flatten().copied();
        same.filter(|other| Some(*other) != *itself).collect()
    });
    let positives = Positives::listed(positives)?;
    Ok(Queries {
        images: Arc::new(Subset::new(Arc::clone(test), queries)?),
        gallery: Some(Gallery {
            images: Arc::new(Subset::new(Arc::clone(test), gallery)?),
            positives: Arc::new(positives),
            itself: itself.iter().any(Option::is_some).then_some(itself),
        }),
        left_out: 0,
    })
}

/// The places that a data set keeps for choosing a model; none if it has none, or if they are not on disk, which is noted.
fn validation_places(
    source: &ImageSource<'_>,
    views: &Views,
    notes: &mut Vec<String>,
) -> Result<Option<PlaceDataset>, DataError> {
    match source.open_places(Split::Validation, views) {
        Err(DataError::NoSuchSplit { .. }) => Ok(None),
        Err(DataError::FilesNotFound(missing)) => {
            notes.push(format!(
                "the validation part of {} ({}) is not there: the checkpoint is chosen on held-out queries of the training part",
                missing.dataset,
                missing.expected.join(" or ")
            ));
            Ok(None)
        }
        other => other,
    }
}

fn places_of(
    config: &Config,
    train: PlaceDataset,
    validation: Option<PlaceDataset>,
    test: PlaceDataset,
) -> Result<Parts, TrainError> {
    let rule = PlaceRule::of(config.dataset.known());
    let test = place_queries(config, rule, test)?;
    let near = rule.near(config.pos_dist_thr)?;
    let positives = Positives::search(&train.query_places, &train.database_places, &near)?;
    let places = PairPlaces::of(&train, rule);
    let (queries, database): (Arc<dyn Dataset>, Arc<dyn Dataset>) =
        (Arc::new(train.queries), Arc::new(train.database));
    let (positives, selection) = match (config.selection, validation) {
        (Selection::Test, _) => (positives, test.clone()),
        (Selection::HeldOut, Some(validation)) => {
            (positives, place_queries(config, rule, validation)?)
        }
        (Selection::HeldOut, None) => {
            // By query: a held-out one trains no pair, though what it is looked up in may.
            let all = vec![0; queries.len()];
            let (_, held_out) =
                held_out_split(&all, config.held_out_fraction, config.held_out_seed)?;
            let asked: Vec<_> = held_out.iter().map(|&q| places.queries[q]).collect();
            let near = rule.near(config.neg_dist_thr)?;
            let found = Positives::search(&asked, &places.references, &near)?;
            let kept = found.answerable();
            let queries = Subset::new(
                Arc::clone(&queries),
                kept.iter().map(|&at| held_out[at]).collect(),
            )?;
            let gallery = Gallery {
                images: Arc::clone(&database),
                positives: Arc::new(Positives::listed(
                    kept.iter().map(|&at| found.of(at).to_vec()),
                )?),
                itself: None,
            };
            let selection = Queries {
                images: Arc::new(queries),
                gallery: Some(gallery),
                left_out: 0,
            };
            (positives.without(&held_out), selection)
        }
    };
    let train = Items::Pairs(PairItems {
        pairs: Arc::new(Pairs::new(queries, database, positives)?),
        places: Some(Arc::new(places)),
    });
    Ok((train, selection, test))
}

/// The queries of a split that have a positive within `negDistThr`, and its whole database.
fn place_queries(
    config: &Config,
    rule: PlaceRule,
    set: PlaceDataset,
) -> Result<Queries, DataError> {
    let near = rule.near(config.neg_dist_thr)?;
    let positives = Positives::search(&set.query_places, &set.database_places, &near)?;
    let kept = positives.answerable();
    if kept.is_empty() {
        return Err(DataError::EmptySet {
            file: format!(
                "{}: queries with a positive within negDistThr",
                config.dataset
            )
            .into(),
        });
    }
    Ok(Queries {
        gallery: Some(Gallery {
            images: Arc::new(set.database),
            positives: Arc::new(Positives::listed(
                kept.iter().map(|&query| positives.of(query).to_vec()),
            )?),
            itself: None,
        }),
        images: Arc::new(Subset::new(Arc::new(set.queries), kept)?),
        left_out: 0,
    })
}
