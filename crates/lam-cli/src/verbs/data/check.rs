//! `lam data check`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use lam_data::{
    Checked, DataError, Dataset, DatasetEntry, ImageCheck, OwnImages, PhotoDataset, SearchPath,
    Split, Views, check_images, find,
};
use lam_train::TrainError;
use lam_train::contact_sheet::{Part, contact_sheet};

use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::{Counting, Stage};
use crate::table;

const EXAMPLES: &str = "\
Examples:
  lam data check cifar10                          every image decoded, and a sheet of some of them
  lam data check ~/photographs --out look.png     a folder: train/CLASS/* and test/CLASS/*, or CLASS/*
  lam data check df.csv                           a table: path, label, split[, is_query, is_gallery]

The exit code is 1 if a split is missing or more than one image in a hundred cannot be read.";

/// Unreadable images of a split that are named.
const NAMED: usize = 20;

/// Decode every image of a data set, count, and draw a contact sheet
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// The data set, as named by `lam data list`; or a folder of classes; or a table whose name ends with .csv
    name: String,

    /// Look for data sets in this folder first; can be repeated
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,

    /// Where the contact sheet goes, as .svg and as .png [default: NAME_sheet in this folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A split that could be opened.
struct Opened {
    split: Split,
    images: Images,
    notes: Vec<String>,
    /// Number of images of the official one.
    official: Option<usize>,
}

enum Images {
    Memory(Arc<dyn Dataset>),
    Photographs(Box<PhotoDataset>),
}

impl Opened {
    fn checked(&self) -> Checked<'_> {
        match &self.images {
            Images::Memory(images) => Checked::Images(&**images),
            Images::Photographs(photographs) => Checked::Photographs(photographs),
        }
    }
}

/// What is looked at.
enum Source {
    Known(&'static DatasetEntry),
    Own(OwnImages),
}

impl Source {
    fn of(name: &str) -> Result<Self, CliError> {
        let path = Path::new(name);
        let looks_like_path = name.contains(std::path::MAIN_SEPARATOR)
            || path
                .extension()
                .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        match find(name) {
            Ok(entry) => Ok(Self::Known(entry)),
            Err(_) if looks_like_path || path.is_dir() => Ok(Self::Own(OwnImages::at(path)?)),
            Err(unknown) => Err(unknown.into()),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Known(entry) => entry.name.to_owned(),
            Self::Own(images) => images.name(),
        }
    }

    fn splits(&self) -> Vec<Split> {
        match self {
            Self::Known(entry) => entry.splits.iter().map(|&(split, _)| split).collect(),
            Self::Own(_) => vec![Split::Train, Split::Test],
        }
    }

    fn open(&self, split: Split, search: &SearchPath) -> Result<Opened, DataError> {
        match self {
            Self::Known(entry) => {
                let official = entry.splits.iter().find(|(known, _)| *known == split);
                let (images, notes) = match entry.open_photographs(search, split)? {
                    Some((photographs, notes)) => {
                        (Images::Photographs(Box::new(photographs)), notes)
                    }
                    None => (Images::Memory(entry.open(search, split)?), Vec::new()),
                };
                Ok(Opened {
                    split,
                    images,
                    notes,
                    official: official.map(|&(_, images)| images).filter(|&n| n > 0),
                })
            }
            Self::Own(own) => {
                let notes = own.list(split)?.notes();
                // Only the pictures themselves are looked at: the view does not matter.
                let photographs = own.open(split, Views::retrieval(Views::DEFAULT_CROP))?;
                Ok(Opened {
                    split,
                    images: Images::Photographs(Box::new(photographs)),
                    notes,
                    official: None,
                })
            }
        }
    }
}

pub fn run(args: &CheckArgs, printer: &Printer) -> Result<(), CliError> {
    let source = Source::of(&args.name)?;
    let (folder, stem) = destination(args, &source)?;
    let search = SearchPath::standard(&args.data_dir, None);
    let mut stage = Stage::new(printer);
    let (mut opened, mut faults) = (Vec::new(), Vec::new());
    for split in source.splits() {
        stage.spinner(format!("{split}: opening"));
        match source.open(split, &search) {
            Ok(found) => opened.push(found),
            Err(error) => {
                stage.line(printer.progress_paint().warning("warning:") + &format!(" {error}"));
                // Runs choose on held-out images instead.
                if split != Split::Validation {
                    faults.push(format!("no {split} split"));
                }
            }
        }
    }
    let mut found = Vec::new();
    for part in &opened {
        let total = part.checked().dataset().len() as u64;
        stage.bar(Counting::Images, part.split.to_string(), 0, total);
        let check = check_images(part.checked(), &|| stage.advance(1))?;
        if check.too_many_unreadable() {
            let (unreadable, images) = (check.unreadable.len(), check.images);
            faults.push(format!(
                "{unreadable} of {images} {} images unreadable",
                part.split
            ));
        }
        found.push(check);
    }
    if !opened.is_empty() {
        stage.spinner("contact sheet".to_owned());
        let sheet = draw(&folder, &stem, &source.name(), &opened)?;
        stage.clear();
        print(printer, &opened, &found)?;
        printer.out(sheet)?;
    }
    drop(stage);
    if faults.is_empty() {
        return Ok(());
    }
    Err(CliError::FaultyData {
        name: args.name.clone(),
        faults: faults.join("; "),
    })
}

/// Folder and file stem of the contact sheet.
fn destination(args: &CheckArgs, source: &Source) -> Result<(PathBuf, String), CliError> {
    let Some(out) = &args.out else {
        return Ok((PathBuf::from("."), format!("{}_sheet", source.name())));
    };
    let known_ending = out
        .extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| matches!(ending, "svg" | "png"));
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let wrong = |expected: String| CliError::Usage(format!("--out {}: {expected}", out.display()));
    if !folder.is_dir() {
        return Err(wrong(format!("no folder {}", folder.display())));
    }
    match out.file_stem().and_then(|stem| stem.to_str()) {
        Some(stem) if known_ending => Ok((folder.to_owned(), stem.to_owned())),
        _ => Err(wrong(
            "expected a name that ends with .png or .svg".to_owned(),
        )),
    }
}

/// Saves the sheet; a line that says where.
fn draw(folder: &Path, stem: &str, title: &str, opened: &[Opened]) -> Result<String, CliError> {
    let parts: Vec<Part<'_>> = opened
        .iter()
        .map(|part| Part {
            name: part.split.to_string(),
            images: part.checked(),
        })
        .collect();
    let figure = contact_sheet(stem, title, &parts)?;
    let files = figure.save(folder).map_err(TrainError::from)?;
    let shown = |path: &Path| path.strip_prefix(".").unwrap_or(path).display().to_string();
    Ok(format!(
        "contact sheet: {}, {}",
        shown(&files.png),
        shown(&files.svg)
    ))
}

fn print(printer: &Printer, opened: &[Opened], found: &[ImageCheck]) -> Result<(), CliError> {
    let header = [
        "split",
        "images",
        "official",
        "classes",
        "single",
        "smallest",
        "largest",
        "size",
        "unreadable",
    ];
    let mut table = table::new(printer, &header);
    for (part, check) in opened.iter().zip(found) {
        let class = |class: &lam_data::CheckedClass| format!("{} ({})", class.name, class.images);
        table.add_row([
            part.split.to_string(),
            check.images.to_string(),
            part.official
                .map_or_else(|| "-".to_owned(), |n| n.to_string()),
            check.classes.to_string(),
            check.singletons.to_string(),
            class(&check.smallest),
            class(&check.largest),
            size(check),
            check.unreadable.len().to_string(),
        ]);
    }
    for column in [1, 2, 3, 4, 8] {
        table::align_right(&mut table, column);
    }
    printer.out(table::text(&table))?;
    for (part, check) in opened.iter().zip(found) {
        let split = part.split;
        for note in &part.notes {
            printer.out(format!("{split}: {note}"))?;
        }
        if part
            .official
            .is_some_and(|official| official != check.images)
        {
            let official = part.official.unwrap_or_default();
            printer.out(format!(
                "{split}: {} images, officially {official}",
                check.images
            ))?;
        }
        for image in check.unreadable.iter().take(NAMED) {
            printer.out(format!("{split}: {}: {}", image.image, image.reason))?;
        }
        if let more @ 1.. = check.unreadable.len().saturating_sub(NAMED) {
            printer.out(format!("{split}: and {more} more unreadable images"))?;
        }
    }
    Ok(())
}

/// Width×height; where they differ, the least and the greatest of each.
fn size(check: &ImageCheck) -> String {
    match (check.least, check.greatest) {
        (Some((width, height)), Some(greatest)) if greatest == (width, height) => {
            format!("{width}×{height}")
        }
        (Some((w, h)), Some((wide, high))) => format!("{w}–{wide}×{h}–{high}"),
        _ => "-".to_owned(),
    }
}
