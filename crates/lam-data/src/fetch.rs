use std::env;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::download::{Outcome, Wanted, agent, download};
use crate::remote::{RemoteFile, Size};
use crate::unpack::unpack;
use crate::{Checksum, DataError, DatasetEntry, FailedMirror, FileSet, FileSpec, Storage, find};

/// Environment variable with the address of a folder to download from instead of the public mirrors;
/// below it each data set has a folder of its own name.
pub const MIRROR_VARIABLE: &str = "LAM_DATA_MIRROR";

/// What happens during a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchEvent<'a> {
    /// The file is there already and its checksum right.
    Present {
        /// Name of the file.
        file: &'a str,
        /// Its size.
        total: u64,
    },
    /// This much of the file is there. Less than before if it had to start again.
    Advanced {
        /// Name of the file.
        file: &'a str,
        /// Bytes present.
        done: u64,
        /// Size of the file.
        total: u64,
    },
    /// A mirror did not deliver; the next one is tried.
    MirrorFailed {
        /// Address of the file.
        url: &'a str,
        /// What happened.
        reason: &'a str,
    },
    /// The file is complete and checked; its content is being unpacked.
    Unpacking {
        /// Name of the file.
        file: &'a str,
    },
    /// The file is complete, checked and in its place.
    Finished {
        /// Name of the file.
        file: &'a str,
        /// Its size.
        total: u64,
    },
}

/// Is told what happens during a download; any closure that takes a [`FetchEvent`] will do.
pub trait Progress {
    /// Called for each event, from the thread that downloads.
    fn event(&self, event: FetchEvent<'_>);
}

impl<F: Fn(FetchEvent<'_>)> Progress for F {
    fn event(&self, event: FetchEvent<'_>) {
        self(event);
    }
}

/// Downloads the data set `name` into the folder `destination`: [`Fetcher::fetch`] with defaults.
///
/// # Errors
/// Those of [`find`] and [`Fetcher::fetch`].
pub fn fetch(name: &str, destination: &Path, progress: &dyn Progress) -> Result<(), DataError> {
    Fetcher::new().fetch(find(name)?, destination, progress)
}

/// Downloads data sets: checked by SHA-256, resumable, each file put in its place in one step.
#[derive(Debug, Clone)]
pub struct Fetcher {
    mirrors: Option<Vec<String>>,
    /// Value of [`MIRROR_VARIABLE`].
    base: Option<String>,
    patience: Duration,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetcher {
    /// Public mirrors, or `$LAM_DATA_MIRROR`; gives up on 30 seconds of silence.
    pub fn new() -> Self {
        Self::from_environment(|name| env::var(name).ok())
    }

    /// [`Fetcher::new`] with the given environment variables in place of the process's.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            mirrors: None,
            base: variable(MIRROR_VARIABLE).filter(|base| !base.is_empty()),
            patience: Duration::from_secs(30),
        }
    }

    /// Addresses of folders that have the data set's files, in place of all others.
    pub fn mirrors(mut self, mirrors: Vec<String>) -> Self {
        self.mirrors = Some(mirrors);
        self
    }

    /// How long a server may be silent.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Downloads the files of `entry` into the folder `destination`, which is made if need be.
    ///
    /// A file that is there and right is kept. A partial download (`NAME.part`) is gone on with. A
    /// file that is there and wrong is replaced only once the right one is complete.
    ///
    /// # Errors
    /// [`DataError::NothingToFetch`], [`DataError::FetchInProgress`], [`DataError::FetchFailed`] with
    /// what happened at each mirror and what to do instead, [`DataError::Io`] for the local disk.
    pub fn fetch(
        &self,
        entry: &DatasetEntry,
        destination: &Path,
        progress: &dyn Progress,
    ) -> Result<(), DataError> {
        let files = match &entry.storage {
            Storage::Files(files) => files,
            Storage::Embedded => {
                return Err(DataError::NothingToFetch {
                    dataset: entry.name,
                });
            }
            Storage::Trees(set) if set.remote.is_empty() => {
                return Err(DataError::FetchByHand {
                    dataset: entry.name,
                    homepage: set.homepage,
                    put: set.put_into(destination),
                });
            }
            Storage::Trees(set) => {
                return self.fetch_remote(entry.name, set.remote, destination, progress);
            }
        };
        self.fetch_files(entry.name, files, destination, progress)
    }

    /// [`Fetcher::fetch`] for files that no entry of the registry lists.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`].
    pub fn fetch_files(
        &self,
        dataset: &'static str,
        files: &FileSet,
        destination: &Path,
        progress: &dyn Progress,
    ) -> Result<(), DataError> {
        fs::create_dir_all(destination)
            .map_err(|error| DataError::io(destination, "making the folder", error))?;
        let _lock = lock(destination)?;
        let mirrors = self.mirrors_for(dataset, files);
        for file in files.files {
            self.fetch_file(file, &mirrors, destination, progress)?
                .map_err(|failed| DataError::FetchFailed {
                    dataset,
                    file: file.name,
                    mirrors: failed,
                    advice: advice(files, destination),
                })?;
        }
        Ok(())
    }

    /// Downloads what the network has of a data set that lies in folders, and unpacks its archives, which are then
    /// removed. A folder that is there already is kept as it is: it was put in its place in one step.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`]; [`LayoutError::WrongFormat`](crate::LayoutError::WrongFormat) for an archive that is
    /// damaged or has what it should not have.
    pub fn fetch_remote(
        &self,
        dataset: &'static str,
        files: &[RemoteFile],
        destination: &Path,
        progress: &dyn Progress,
    ) -> Result<(), DataError> {
        fs::create_dir_all(destination)
            .map_err(|error| DataError::io(destination, "making the folder", error))?;
        let _lock = lock(destination)?;
        for file in files {
            self.fetch_remote_file(dataset, file, destination, progress)?
                .map_err(|failed| DataError::FetchFailed {
                    dataset,
                    file: file.name,
                    mirrors: failed,
                    advice: advice_about_remote(files, destination),
                })?;
        }
        Ok(())
    }

    /// The inner error lists what happened at each address.
    fn fetch_remote_file(
        &self,
        dataset: &str,
        file: &RemoteFile,
        destination: &Path,
        progress: &dyn Progress,
    ) -> Result<Result<(), Vec<FailedMirror>>, DataError> {
        let name = file.name;
        let target = destination.join(name);
        let there = match file.unpack {
            Some(unpack) => destination.join(unpack.folder).is_dir(),
            None => target.is_file() && has_checksum(&target, file.checksum)?,
        };
        let part = destination.join(format!("{name}.part"));
        let (Size::Exactly(total) | Size::AtMost(total)) = file.size;
        if there {
            progress.event(FetchEvent::Present { file: name, total });
            return Ok(Ok(()));
        }
        let fetched = self.fetch_part(
            &part,
            name,
            file.size,
            file.checksum,
            &self.addresses_of(dataset, file),
            progress,
        )?;
        let total = match fetched {
            Ok(total) => total,
            Err(failed) => return Ok(Err(failed)),
        };
        match file.unpack {
            Some(wanted) => {
                progress.event(FetchEvent::Unpacking { file: name });
                unpack(&part, wanted, destination)?;
                fs::remove_file(&part).map_err(|error| DataError::io(&part, "removing", error))?;
            }
            None => put_in_place(&part, &target)?,
        }
        progress.event(FetchEvent::Finished { file: name, total });
        Ok(Ok(()))
    }

    fn addresses_of(&self, dataset: &str, file: &RemoteFile) -> Vec<String> {
        let name = file.name;
        match (&self.mirrors, &self.base) {
            (Some(mirrors), _) => {
                let below = |mirror: &String| format!("{}/{name}", mirror.trim_end_matches('/'));
                mirrors.iter().map(below).collect()
            }
            (None, Some(base)) => {
                vec![format!("{}/{dataset}/{name}", base.trim_end_matches('/'))]
            }
            (None, None) => file.addresses.iter().map(|&url| url.to_owned()).collect(),
        }
    }

    fn mirrors_for(&self, dataset: &str, files: &FileSet) -> Vec<String> {
        match (&self.mirrors, &self.base) {
            (Some(mirrors), _) => mirrors.clone(),
            (None, Some(base)) => vec![format!("{}/{dataset}/", base.trim_end_matches('/'))],
            (None, None) => files.mirrors.iter().map(|&url| url.to_owned()).collect(),
        }
    }

    /// The inner error lists what happened at each mirror.
    fn fetch_file(
        &self,
        file: &FileSpec,
        mirrors: &[String],
        destination: &Path,
        progress: &dyn Progress,
    ) -> Result<Result<(), Vec<FailedMirror>>, DataError> {
        let (name, total) = (file.name, file.bytes);
        let target = destination.join(name);
        if is_right(&target, file)? {
            progress.event(FetchEvent::Present { file: name, total });
            return Ok(Ok(()));
        }
        let (size, checksum) = (Size::Exactly(total), Checksum::Sha256(file.sha256));
        self.fetch_into(&target, name, size, checksum, mirrors, progress)
    }

    /// Downloads a file of which no more is known than its address and how its SHA-256 begins, from its folder or from
    /// `$LAM_DATA_MIRROR/KIND/`, into the folder `destination`.
    ///
    /// # Errors
    /// [`DataError::FetchInProgress`], [`DataError::FileNotFetched`], [`DataError::Io`] for the local disk.
    pub fn fetch_named(
        &self,
        named: &NamedFile,
        destination: &Path,
        progress: &dyn Progress,
    ) -> Result<(), DataError> {
        let NamedFile {
            kind,
            name,
            folder,
            sha256_prefix,
            max_bytes,
        } = *named;
        let target = destination.join(name);
        if named.is_at(&target)? {
            let total = fs::metadata(&target).map_or(0, |metadata| metadata.len());
            progress.event(FetchEvent::Present { file: name, total });
            return Ok(());
        }
        fs::create_dir_all(destination)
            .map_err(|error| DataError::io(destination, "making the folder", error))?;
        let _lock = lock(destination)?;
        let mirrors = match (&self.mirrors, &self.base) {
            (Some(mirrors), _) => mirrors.clone(),
            (None, Some(base)) => vec![format!("{}/{kind}/", base.trim_end_matches('/'))],
            (None, None) => vec![folder.to_owned()],
        };
        let size = Size::AtMost(max_bytes);
        let checksum = Checksum::Sha256Start(sha256_prefix);
        self.fetch_into(&target, name, size, checksum, &mirrors, progress)?
            .map_err(|failed| DataError::FileNotFetched {
                file: name,
                mirrors: failed,
                advice: format!(
                    "\nwithout the network:\n  put {name} (SHA-256 {sha256_prefix}…) into {}, or set {MIRROR_VARIABLE} to the address of a mirror that can be reached",
                    destination.display()
                ),
            })
    }

    /// The inner error lists what happened at each mirror.
    fn fetch_into(
        &self,
        target: &Path,
        name: &'static str,
        size: Size,
        checksum: Checksum,
        mirrors: &[String],
        progress: &dyn Progress,
    ) -> Result<Result<(), Vec<FailedMirror>>, DataError> {
        let part = target.with_file_name(format!("{name}.part"));
        let below = |mirror: &String| format!("{}/{name}", mirror.trim_end_matches('/'));
        let addresses: Vec<String> = mirrors.iter().map(below).collect();
        match self.fetch_part(&part, name, size, checksum, &addresses, progress)? {
            Ok(total) => {
                put_in_place(&part, target)?;
                progress.event(FetchEvent::Finished { file: name, total });
                Ok(Ok(()))
            }
            Err(failed) => Ok(Err(failed)),
        }
    }

    /// Downloads a file, checked, into `part`; how many bytes it has. The inner error lists what happened at each address.
    fn fetch_part(
        &self,
        part: &Path,
        name: &'static str,
        size: Size,
        checksum: Checksum,
        addresses: &[String],
        progress: &dyn Progress,
    ) -> Result<Result<u64, Vec<FailedMirror>>, DataError> {
        let agent = agent(self.patience);
        let advanced = |done, total| {
            progress.event(FetchEvent::Advanced {
                file: name,
                done,
                total,
            });
        };
        let mut failed = Vec::new();
        for url in addresses {
            let wanted = Wanted {
                url,
                size,
                checksum,
            };
            match download(&agent, &wanted, part, &advanced)? {
                Outcome::Verified => {
                    return Ok(Ok(fs::metadata(part).map_or(0, |metadata| metadata.len())));
                }
                Outcome::Failed(reason) => {
                    progress.event(FetchEvent::MirrorFailed {
                        url,
                        reason: &reason,
                    });
                    let url = url.clone();
                    failed.push(FailedMirror { url, reason });
                }
            }
        }
        remove_if_empty(part)?;
        Ok(Err(failed))
    }
}

/// A file by its name at its maker's, which tells how its SHA-256 begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedFile {
    /// What it is, in messages and as the folder of a mirror.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Address of the folder that has it.
    pub folder: &'static str,
    /// How its SHA-256 begins, hexadecimal in lower case.
    pub sha256_prefix: &'static str,
    /// It has no more bytes.
    pub max_bytes: u64,
}

impl NamedFile {
    /// Whether `path` is this file.
    ///
    /// # Errors
    /// [`DataError::Io`] where it is there and cannot be read.
    pub fn is_at(&self, path: &Path) -> Result<bool, DataError> {
        if !path.is_file() {
            return Ok(false);
        }
        has_checksum(path, Checksum::Sha256Start(self.sha256_prefix))
    }
}

fn is_right(target: &Path, file: &FileSpec) -> Result<bool, DataError> {
    match fs::metadata(target) {
        Ok(metadata) if metadata.len() == file.bytes => {
            has_checksum(target, Checksum::Sha256(file.sha256))
        }
        _ => Ok(false),
    }
}

fn has_checksum(target: &Path, wanted: Checksum) -> Result<bool, DataError> {
    let found = wanted
        .of_file(target)
        .map_err(|error| DataError::io(target, "reading", error))?;
    Ok(wanted.matches(&found))
}

fn put_in_place(part: &Path, target: &Path) -> Result<(), DataError> {
    fs::rename(part, target).map_err(|error| DataError::io(target, "writing", error))
}

/// A part without a byte is nothing to go on with.
fn remove_if_empty(part: &Path) -> Result<(), DataError> {
    match fs::metadata(part) {
        Ok(metadata) if metadata.len() == 0 => {
            fs::remove_file(part).map_err(|error| DataError::io(part, "removing", error))
        }
        _ => Ok(()),
    }
}

/// Two downloads into one folder would write the same part files. Held until the file is closed.
fn lock(destination: &Path) -> Result<Option<File>, DataError> {
    let path = destination.join(".lam-fetch.lock");
    let file = File::create(&path).map_err(|error| DataError::io(&path, "writing", error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(DataError::FetchInProgress {
            folder: destination.into(),
        }),
        // A file system without locks: go on as if alone.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// What to do without the network.
fn advice(files: &FileSet, destination: &Path) -> String {
    let mut text = String::from("\nwithout the network:");
    if let Some(package) = files.package {
        text += &format!("\n  `apt install {}`, or", package.name);
    }
    text += &format!("\n  put these files into {}:", destination.display());
    for file in files.files {
        text += &format!(
            "\n    {}  ({} bytes, SHA-256 {})",
            file.name, file.bytes, file.sha256
        );
    }
    text += &format!(
        "\n  or set {MIRROR_VARIABLE} to the address of a mirror that can be reached; run the same command again \
         to go on where it stopped"
    );
    text
}

/// What to do without the network, for a data set that lies in folders.
fn advice_about_remote(files: &[RemoteFile], destination: &Path) -> String {
    let mut text = format!(
        "\nwithout the network:\n  put these into {}:",
        destination.display()
    );
    for file in files {
        let size = match file.size {
            Size::Exactly(bytes) => format!("{bytes} bytes, "),
            Size::AtMost(_) => String::new(),
        };
        let (kind, digits) = (file.checksum.kind(), file.checksum.digits());
        text += &match file.unpack {
            Some(unpack) => format!(
                "\n    the folder {} out of {}  ({size}{kind} {digits})",
                unpack.folder, file.name
            ),
            None => format!("\n    {}  ({size}{kind} {digits})", file.name),
        };
    }
    text += &format!(
        "\n  or set {MIRROR_VARIABLE} to the address of a mirror that can be reached; run the same command again \
         to go on where it stopped"
    );
    text
}
