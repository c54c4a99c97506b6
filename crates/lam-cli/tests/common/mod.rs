//! Runs the built program and makes small data sets.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses some of it

pub mod retrieval;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tempfile::TempDir;

/// What a finished program left.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.stdin(Stdio::null()).output().unwrap())
    }

    /// Ends the test with all that was said unless the exit code is this one.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{self:#?}");
        self
    }

    /// Ends the test unless standard error contains this.
    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "no '{part}' in {self:#?}");
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A place to run the program in, untouched by the user's own data and settings.
pub struct World {
    dir: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `lam` with these arguments, separated by blanks, in this place.
    pub fn lam(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lam"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.dir.path())
            .env("HOME", self.dir.path())
            .env("TERM", "xterm");
        for variable in [
            "XDG_CACHE_HOME",
            "LAM_DATA_DIR",
            "LAM_DATA_MIRROR",
            "NO_COLOR",
        ] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs `lam` to its end.
    pub fn run(&self, arguments: &str) -> Run {
        Run::of(&mut self.lam(arguments))
    }

    /// A configuration of a training that takes a second or two: [`small_data`] under its data set's
    /// name, every step in the log.
    pub fn small_config(&self) -> PathBuf {
        small_data(&self.path("data"));
        self.write(
            "small.yaml",
            "model: laplace_online\n\
             dataset: fashionmnist\n\
             data_dir: data\n\
             latent_dim: 4\n\
             epochs: 2\n\
             batch_size: 32\n\
             lr: 1.0e-5\n\
             loss: arccos\n\
             loss_approx: fix\n\
             test_n_samples: 20\n\
             log_every_n_steps: 1\n",
        )
    }
}

/// A process that ends with the test, also with one that fails.
pub struct Background(Child);

impl Background {
    /// Starts a process and waits until it has made a file.
    #[track_caller]
    pub fn until_exists(command: &mut Command, file: &Path) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Self(command.stdin(Stdio::null()).spawn().unwrap());
        let begun = Instant::now();
        while !file.exists() {
            assert!(process.0.try_wait().unwrap().is_none(), "it ended early");
            assert!(begun.elapsed() < Duration::from_secs(60), "it never began");
            std::thread::sleep(Duration::from_millis(2));
        }
        process
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Background {
    /// SIGKILL, on Unix.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The configuration that the README begins with.
pub fn quickstart() -> String {
    let path = workspace().join("configs/quickstart.yaml");
    path.canonicalize().unwrap().to_str().unwrap().to_owned()
}

/// One of the sample's files, unpacked.
pub fn sample(name: &str) -> Vec<u8> {
    let path = workspace().join("data").join(name);
    let mut content = Vec::new();
    let packed = fs::read(&path).unwrap();
    GzDecoder::new(packed.as_slice())
        .read_to_end(&mut content)
        .unwrap();
    content
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The first `count` entries of an IDX file whose entries are of `size` bytes each.
pub fn first(idx: &[u8], count: usize, size: usize) -> Vec<u8> {
    let header = 4 + 4 * usize::from(idx[3]);
    let mut short = idx[..header + count * size].to_vec();
    short[4..8].copy_from_slice(&(count as u32).to_be_bytes());
    short
}

pub const IMAGE: usize = 28 * 28;

/// Folders `fashionmnist`, of 640 training and 200 test images, and `mnist`, of 200 test images.
pub fn small_data(folder: &Path) {
    let write = |name: &str, from: &str, count, size| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, gzip(&first(&sample(from), count, size))).unwrap();
    };
    for (split, count) in [("train", 640), ("t10k", 200)] {
        for (kind, size) in [("images-idx3", IMAGE), ("labels-idx1", 1)] {
            let name = format!("{split}-{kind}-ubyte.gz");
            write(
                &format!("fashionmnist/{name}"),
                &format!("sample/{name}"),
                count,
                size,
            );
        }
    }
    for (kind, size) in [("images-idx3", IMAGE), ("labels-idx1", 1)] {
        let name = format!("t10k-{kind}-ubyte.gz");
        write(
            &format!("mnist/{name}"),
            &format!("sample_mnist/{name}"),
            200,
            size,
        );
    }
}

/// Whether text holds an escape code.
pub fn has_escapes(text: &str) -> bool {
    text.contains('\u{1b}')
}
