use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::DatasetEntry;

/// Environment variable with folders to look for data sets in, separated like `$PATH`.
pub const DATA_DIR_VARIABLE: &str = "LAM_DATA_DIR";

/// Who named a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `--data-dir`.
    CommandLine,
    /// `data_dir` in the configuration.
    Configuration,
    /// `$LAM_DATA_DIR`.
    Environment,
    /// A package of the operating system.
    Package,
    /// The user's cache, where downloads go.
    Cache,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CommandLine => "--data-dir",
            Self::Configuration => "data_dir of the configuration",
            Self::Environment => "$LAM_DATA_DIR",
            Self::Package => "system package",
            Self::Cache => "user cache",
        })
    }
}

/// A folder to look for data sets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The folder.
    pub path: PathBuf,
    /// Who named it.
    pub origin: Origin,
}

/// Folders in which the files of data sets are looked for, the first that has them wins.
///
/// The order is command line, configuration, `$LAM_DATA_DIR`, system package, user cache.
#[derive(Debug, Clone, Default)]
pub struct SearchPath {
    named: Vec<Root>,
    packages: bool,
    cache: Option<PathBuf>,
}

impl SearchPath {
    /// No folder at all; enough for embedded data sets.
    pub fn none() -> Self {
        Self::default()
    }

    /// Only the given folders: neither environment nor packages nor cache.
    pub fn only(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            named: roots(folders, Origin::CommandLine).collect(),
            ..Self::default()
        }
    }

    /// Everything: the folders of the command line, that of the configuration, and what environment,
    /// packages and the user's cache have.
    pub fn standard(command_line: &[PathBuf], configuration: Option<&Path>) -> Self {
        Self::from_environment(command_line, configuration, |name| env::var_os(name))
    }

    /// [`SearchPath::standard`] with the given environment variables in place of the process's.
    pub fn from_environment(
        command_line: &[PathBuf],
        configuration: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let mut named: Vec<Root> =
            roots(command_line.iter().cloned(), Origin::CommandLine).collect();
        let configured = configuration.map(|path| expand_home(path, &variable));
        named.extend(roots(configured, Origin::Configuration));
        let listed = variable(DATA_DIR_VARIABLE).unwrap_or_default();
        let listed = env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty());
        named.extend(roots(listed, Origin::Environment));
        Self {
            named,
            packages: true,
            cache: cache_folder(&variable),
        }
    }

    /// A folder of the user's cache.
    pub fn cache_folder(&self, name: &str) -> Option<PathBuf> {
        Some(self.cache.as_ref()?.join(name))
    }

    /// Where a download of `entry` goes by default: its own folder in the user's cache.
    pub fn download_folder(&self, entry: &DatasetEntry) -> Option<PathBuf> {
        Some(self.cache.as_ref()?.join(entry.name))
    }

    /// The folders to look in for one data set, in order.
    pub(crate) fn roots_for(&self, package_folder: Option<&str>) -> Vec<Root> {
        let package = package_folder.filter(|_| self.packages).map(PathBuf::from);
        let mut all = self.named.clone();
        all.extend(roots(package, Origin::Package));
        all.extend(roots(self.cache.clone(), Origin::Cache));
        all
    }
}

fn roots(folders: impl IntoIterator<Item = PathBuf>, origin: Origin) -> impl Iterator<Item = Root> {
    folders.into_iter().map(move |path| Root { path, origin })
}

/// `$XDG_CACHE_HOME/lam`, else `~/.cache/lam`.
fn cache_folder(variable: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let from_xdg = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute()); // The XDG specification: relative values are ignored.
    let cache = from_xdg.or_else(|| Some(home(variable)?.join(".cache")))?;
    Some(cache.join("lam"))
}

fn home(variable: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    ["HOME", "USERPROFILE"]
        .into_iter()
        .filter_map(variable)
        .map(PathBuf::from)
        .find(|path| path.is_absolute())
}

/// No shell expands the `~` of a configuration file.
fn expand_home(path: &Path, variable: &impl Fn(&str) -> Option<OsString>) -> PathBuf {
    match (path.strip_prefix("~"), home(variable)) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
