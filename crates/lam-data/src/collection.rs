use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::formats::CsvTable;
use crate::layouts::pictures_below;
use crate::{DataError, Dataset, LayoutError, Photo, PhotoSource, Presentation};

/// Pictures from anywhere with a name each, and with classes as far as they are known: what is embedded and indexed.
#[derive(Clone)]
pub struct Collection {
    images: Arc<dyn Dataset>,
    ids: Vec<String>,
    classes: Vec<Option<String>>,
}

/// A picture before it is opened.
struct Listed {
    id: String,
    path: PathBuf,
    class: Option<String>,
}

impl Collection {
    /// Images of a data set, called `<set>/<number>`, the number with as many digits as the largest; classes as the data
    /// set has them.
    pub fn of_dataset(images: Arc<dyn Dataset>, set: &str) -> Self {
        let digits = images.len().saturating_sub(1).to_string().len();
        let names = images.class_names();
        let classes = images.labels().iter();
        Self {
            ids: (0..images.len())
                .map(|index| format!("{set}/{index:0digits$}"))
                .collect(),
            classes: classes
                .map(|&label| names.get(label as usize).cloned())
                .collect(),
            images,
        }
    }

    /// What others have brought together, `[N]` each.
    ///
    /// # Errors
    /// [`DataError::InvalidArgument`] unless there are as many names and classes as images, and no name twice.
    pub fn new(
        images: Arc<dyn Dataset>,
        ids: Vec<String>,
        classes: Vec<Option<String>>,
    ) -> Result<Self, DataError> {
        let invalid = |value: String, expected| DataError::InvalidArgument {
            argument: "names and classes",
            value,
            expected,
        };
        if ids.len() != images.len() || classes.len() != images.len() {
            let value = format!("{} names and {} classes", ids.len(), classes.len());
            return Err(invalid(value, "one of each for every image"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = ids.iter().find(|id| !seen.insert(id.as_str())) {
            return Err(invalid(format!("{twice} twice"), "names that differ"));
        }
        Ok(Self {
            images,
            ids,
            classes,
        })
    }

    /// All pictures in a folder and below it, by path; the class is the folder that a picture lies in, none for those of
    /// `root` itself.
    ///
    /// # Errors
    /// [`LayoutError`] if there is no picture, [`DataError::Io`].
    pub fn of_folder(root: &Path, presentation: &Presentation) -> Result<Self, DataError> {
        if !root.is_dir() {
            return Err(LayoutError::NoSuchFolder {
                folder: root.into(),
                expected: "a folder with JPEG, PNG or WebP files",
            }
            .into());
        }
        let (pictures, _) = pictures_below(root)?;
        let listed = pictures.into_iter().map(|path| {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let class = relative.parent().and_then(Path::file_name);
            let parts = relative.components();
            let parts = parts.map(|part| part.as_os_str().to_string_lossy());
            Listed {
                id: parts.collect::<Vec<_>>().join("/"),
                class: class.map(|name| name.to_string_lossy().into_owned()),
                path: path.clone(),
            }
        });
        Self::of_listed(root, listed.collect(), presentation)
    }

    /// Pictures of a CSV table with a column `path` (from the table's folder, or absolute), and `label` where the classes
    /// are known; other columns do not count.
    ///
    /// # Errors
    /// [`LayoutError`], naming file and line: a column that is missing, a path that is empty or stands there twice.
    pub fn of_table(file: &Path, presentation: &Presentation) -> Result<Self, DataError> {
        let table = CsvTable::with_header(file, "the table of images")?;
        let path = table.column("path")?;
        let label = table.optional_column("label");
        let base = file.parent().unwrap_or(Path::new(""));
        let (mut listed, mut lines) = (Vec::new(), BTreeMap::new());
        for row in table.rows() {
            let id = row.text(path, "path")?;
            if let Some(before) = lines.insert(id, row.line) {
                return Err(row.error(format!("{id} stands in line {before} too")));
            }
            let class = label.map(|column| row.get(column));
            listed.push(Listed {
                id: id.to_owned(),
                path: base.join(id),
                class: class.filter(|class| !class.is_empty()).map(str::to_owned),
            });
        }
        Self::of_listed(file, listed, presentation)
    }

    /// Pictures by their paths, which are their names.
    ///
    /// # Errors
    /// [`DataError::EmptySet`] for none, [`DataError::InvalidArgument`] for one twice.
    pub fn of_paths(paths: Vec<String>, presentation: &Presentation) -> Result<Self, DataError> {
        let listed = paths.into_iter().map(|path| Listed {
            path: path.clone().into(),
            id: path,
            class: None,
        });
        Self::of_listed(Path::new("list of paths"), listed.collect(), presentation)
    }

    fn of_listed(
        source: &Path,
        listed: Vec<Listed>,
        presentation: &Presentation,
    ) -> Result<Self, DataError> {
        // The data set wants a class of every image; those without one share a nameless class that nobody sees.
        let class_of = |listed: &Listed| listed.class.clone().unwrap_or_default();
        let names: BTreeSet<String> = listed.iter().map(class_of).collect();
        let names: Vec<String> = names.into_iter().collect();
        let photos = listed.iter().map(|picture| Photo {
            source: PhotoSource::File(picture.path.clone()),
            label: names.binary_search(&class_of(picture)).unwrap_or_default() as u32,
        });
        let name = source.file_stem().map_or_else(
            || "images".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        let photos = photos.collect();
        if listed.is_empty() {
            return Err(DataError::EmptySet {
                file: source.into(),
            });
        }
        let images = presentation.photographs(&name, names, photos)?;
        let (ids, classes) = listed
            .into_iter()
            .map(|picture| (picture.id, picture.class))
            .unzip();
        Self::new(images, ids, classes)
    }

    /// The images, as the network takes them but for normalisation.
    pub fn images(&self) -> &Arc<dyn Dataset> {
        &self.images
    }

    /// Name of each image, `[N]`.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Class of each image as far as it is known, `[N]`.
    pub fn classes(&self) -> &[Option<String>] {
        &self.classes
    }

    /// Where an image is: the absolute path of its file, or its name where it has none of its own.
    pub fn origin(&self, position: usize) -> String {
        let file = std::fs::canonicalize(self.images.source(position));
        file.map_or_else(
            |_| self.ids.get(position).cloned().unwrap_or_default(),
            |path| path.display().to_string(),
        )
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Positions of part `part` (from 0) of `of` parts that follow each other and differ in size by one at most.
    pub fn part(len: usize, part: usize, of: usize) -> std::ops::Range<usize> {
        let of = of.max(1);
        // u128: no product of two sizes overflows it.
        let at = |part: usize| ((len as u128) * (part.min(of) as u128) / of as u128) as usize;
        at(part)..at(part.saturating_add(1))
    }
}
