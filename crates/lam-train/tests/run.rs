//! The run folder: nothing good is lost, nothing half-written stays, and two never write at once.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lam_train::config::{Config, Override};
use lam_train::run::{
    JsonLog, OpenMode, RunError, RunFolder, RunMetadata, RunMetrics, RunState, read_log,
    write_atomic, write_atomic_with,
};
use proptest::prelude::*;
use serde_json::json;

fn config(settings: &[&str]) -> Config {
    let overrides: Vec<Override> = settings
        .iter()
        .map(|s| Override::Set((*s).to_owned()))
        .collect();
    let text = "model: laplace_online\ndataset: sample\n";
    Config::parse(text, Path::new("c.yaml"), &overrides)
        .unwrap()
        .config
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn metrics(config: &Config, values: &[(&str, f64)]) -> RunMetrics {
    let values = values
        .iter()
        .map(|(name, x)| ((*name).to_owned(), *x))
        .collect();
    RunMetrics::new(RunMetadata::of(config, "quick"), values).unwrap()
}

#[test]
fn a_file_is_replaced_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.txt");
    write_atomic(&path, b"one").unwrap();
    write_atomic_with(&path, |out| out.write_all(b"two, longer")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two, longer");
    assert_eq!(names(dir.path()), ["a.txt"]);
}

#[cfg(unix)]
#[test]
fn new_files_have_the_permissions_of_other_files() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mode = |name: &str| {
        fs::metadata(dir.path().join(name))
            .unwrap()
            .permissions()
            .mode()
    };
    write_atomic(&dir.path().join("ours"), b"x").unwrap();
    fs::write(dir.path().join("plain"), b"x").unwrap();
    assert_eq!(mode("ours"), mode("plain"));
}

#[test]
fn a_failed_write_leaves_the_old_file_and_no_litter() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("metrics.json");
    write_atomic(&path, b"good").unwrap();
    let error = write_atomic_with(&path, |out| {
        out.write_all(&[b'x'; 100_000])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    });
    let said = error.unwrap_err().to_string();
    assert!(
        said.starts_with(&format!("cannot write {}: ", path.display())),
        "{said}"
    );
    assert_eq!(fs::read(&path).unwrap(), b"good");
    assert_eq!(names(dir.path()), ["metrics.json"]);
}

#[test]
fn unwritable_places_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("absent/metrics.json");
    let said = write_atomic(&path, b"x").unwrap_err().to_string();
    assert!(
        said.ends_with("absent/metrics.json: No such file or directory (os error 2)"),
        "{said}"
    );
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let said = RunFolder::open(&file.join("run"), &config(&[]), OpenMode::New)
        .unwrap_err()
        .to_string();
    assert!(
        said.starts_with("cannot create the folder ") && said.contains("file/run"),
        "{said}"
    );
}

/// A file system of 64 KiB, which needs Linux and the right to make a mount in a namespace of one's
/// own; where that is denied the test says so and ends.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_old_file_and_no_litter() {
    const CHILD: &str = "LAM_TEST_SMALL_DISK";
    if let Some(disk) = std::env::var_os(CHILD) {
        let disk = PathBuf::from(disk);
        let path = disk.join("last.safetensors");
        write_atomic(&path, b"good").unwrap();
        let error = write_atomic(&path, &vec![7; 1 << 20]).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("last.safetensors: No space left on device (os error 28)"),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"good");
        assert_eq!(names(&disk), ["last.safetensors"]);
        write_atomic(&path, b"better").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"better");
        println!("the small disk was filled");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=64k tmpfs \"$0\" || exit 77; exec \"$1\" --exact run::a_full_disk_leaves_the_old_file_and_no_litter --nocapture";
    let child = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, dir.path())
        .output();
    match child {
        Ok(output)
            if String::from_utf8_lossy(&output.stdout).contains("the small disk was filled") =>
        {
            assert!(output.status.success());
        }
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains("running 1 test") => {
            panic!(
                "{}\n{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        _ => eprintln!("skipped: no right to mount a small file system here"),
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_on_a_full_disk_says_so() {
    let mut log = JsonLog::create(Path::new("/dev/full")).unwrap();
    let said = log.append(1, "step", &[]).unwrap_err().to_string();
    assert_eq!(
        said,
        "cannot write /dev/full: No space left on device (os error 28)"
    );
}

#[test]
fn a_new_run_records_its_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let root = format!("log_dir={}", dir.path().display());
    let config = config(&[&root, "seed=3"]);
    let path = RunFolder::path_for(&config, "quick");
    assert_eq!(path, dir.path().join("sample/quick/seed-3"));
    let folder = RunFolder::open(&path, &config, OpenMode::New).unwrap();
    assert_eq!(folder.state(), RunState::New);
    assert_eq!(
        names(&path),
        [".lock", "checkpoints", "config.yaml", "figures"]
    );
    drop(folder);
    let (folder, read) = RunFolder::open_existing(&path).unwrap();
    assert_eq!((folder.state(), &read), (RunState::Interrupted, &config));
    metrics(&config, &[("recall@1", 0.5)])
        .write(&folder)
        .unwrap();
    drop(folder);
    assert_eq!(
        RunFolder::open_existing(&path).unwrap().0.state(),
        RunState::Finished
    );
}

#[test]
fn an_earlier_run_is_not_replaced_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let config = config(&[]);
    drop(RunFolder::open(&path, &config, OpenMode::New).unwrap());
    let said = RunFolder::open(&path, &config, OpenMode::New)
        .unwrap_err()
        .to_string();
    assert!(said.ends_with("run already holds an interrupted run: --resume goes on with it, --overwrite replaces it"), "{said}");
    let folder = RunFolder::open(&path, &config, OpenMode::Resume).unwrap();
    assert_eq!(folder.state(), RunState::Interrupted);
    metrics(&config, &[]).write(&folder).unwrap();
    drop(folder);
    let said = RunFolder::open(&path, &config, OpenMode::New)
        .unwrap_err()
        .to_string();
    assert!(
        said.ends_with(
            "run already holds a finished run: --resume keeps its results, --overwrite replaces it"
        ),
        "{said}"
    );
    assert_eq!(
        RunFolder::open(&path, &config, OpenMode::Resume)
            .unwrap()
            .state(),
        RunState::Finished
    );
}

#[test]
fn another_configuration_does_not_resume() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    drop(RunFolder::open(&path, &config(&[]), OpenMode::New).unwrap());
    let other = config(&["margin=0.5", "epochs=7"]);
    for mode in [OpenMode::New, OpenMode::Resume] {
        let said = RunFolder::open(&path, &other, mode)
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("(epochs: 20 there, 7 now; margin: 0.7 there, 0.5 now)"),
            "{said}"
        );
    }
    // Where and how it runs may change.
    let moved = config(&["device=cpu", "data_dir=/elsewhere"]);
    RunFolder::open(&path, &moved, OpenMode::Resume).unwrap();
}

#[test]
fn overwriting_removes_the_run_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let folder = RunFolder::open(&path, &config(&[]), OpenMode::New).unwrap();
    metrics(&config(&[]), &[]).write(&folder).unwrap();
    fs::write(folder.checkpoints().join("best.safetensors"), "old").unwrap();
    fs::write(path.join("events.out.tfevents.1.host.1"), "old").unwrap();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    drop(folder);
    let other = config(&["epochs=2"]);
    let folder = RunFolder::open(&path, &other, OpenMode::Overwrite).unwrap();
    assert_eq!(folder.state(), RunState::New);
    assert_eq!(
        names(&path),
        [
            ".lock",
            "checkpoints",
            "config.yaml",
            "figures",
            "notes.txt"
        ]
    );
    assert_eq!(names(&folder.checkpoints()), Vec::<String>::new());
    drop(folder);
    assert_eq!(RunFolder::open_existing(&path).unwrap().1, other);
}

#[test]
fn foreign_folders_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("checkpoints")).unwrap();
    fs::write(dir.path().join("checkpoints/precious"), "x").unwrap();
    for mode in [OpenMode::New, OpenMode::Resume, OpenMode::Overwrite] {
        let error = RunFolder::open(dir.path(), &config(&[]), mode).unwrap_err();
        assert!(
            matches!(&error, RunError::NotARun { found, .. } if found == "checkpoints"),
            "{error}"
        );
    }
    assert_eq!(names(dir.path()), ["checkpoints"]);
    assert!(dir.path().join("checkpoints/precious").exists());
    let error = RunFolder::open_existing(dir.path()).unwrap_err();
    assert!(matches!(error, RunError::NoRun { .. }), "{error}");
}

#[test]
fn what_a_killed_process_left_half_written_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    // Killed while it recorded the configuration: the run begins anew.
    fs::write(dir.path().join(".config.yaml.abc.part"), "model: lap").unwrap();
    let folder = RunFolder::open(dir.path(), &config(&[]), OpenMode::Resume).unwrap();
    assert_eq!(folder.state(), RunState::New);
    fs::write(
        folder.checkpoints().join(".last.safetensors.xyz.part"),
        "half",
    )
    .unwrap();
    fs::write(folder.path().join(".metrics.csv.xyz.part"), "half").unwrap();
    drop(folder);
    let folder = RunFolder::open(dir.path(), &config(&[]), OpenMode::Resume).unwrap();
    assert_eq!(
        names(dir.path()),
        [".lock", "checkpoints", "config.yaml", "figures"]
    );
    assert_eq!(names(&folder.checkpoints()), Vec::<String>::new());
}

#[test]
fn a_damaged_recorded_configuration_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.yaml"), "model: laplace_onl\n").unwrap();
    let said = RunFolder::open(dir.path(), &config(&[]), OpenMode::Resume)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("config.yaml:1: 'model' is laplace_onl"),
        "{said}"
    );
}

#[test]
fn two_processes_cannot_share_a_folder_and_a_killed_one_does_not_block() {
    const CHILD: &str = "LAM_TEST_HOLDS";
    if let Some(path) = std::env::var_os(CHILD) {
        let folder = RunFolder::open(Path::new(&path), &config(&[]), OpenMode::New).unwrap();
        println!("\nholding {}", folder.path().display());
        io::stdin().lines().for_each(drop); // until killed
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "run::two_processes_cannot_share_a_folder_and_a_killed_one_does_not_block",
            "--nocapture",
        ])
        .env(CHILD, &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .map(Result::unwrap)
        .find(|line| line.starts_with("holding"))
        .unwrap();
    for mode in [OpenMode::New, OpenMode::Resume, OpenMode::Overwrite] {
        let said = RunFolder::open(&path, &config(&[]), mode)
            .unwrap_err()
            .to_string();
        assert!(
            said.contains(&format!(
                "in use by another process (process {})",
                child.id()
            )),
            "{said}"
        );
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    let folder = RunFolder::open(&path, &config(&[]), OpenMode::Resume).unwrap();
    assert_eq!(folder.state(), RunState::Interrupted);
}

#[test]
fn metrics_are_written_with_all_digits_and_nothing_for_undefined() {
    let config = config(&["seed=4", "selection=test"]);
    let metrics = metrics(
        &config,
        &[
            ("recall@1", 0.1 + 0.2),
            ("auroc", f64::NAN),
            ("n", 10.0),
            ("ece", f64::INFINITY),
        ],
    );
    let json: serde_json::Value = serde_json::from_str(&metrics.to_json()).unwrap();
    assert_eq!(
        json["metrics"],
        json!({"recall@1": 0.30000000000000004, "auroc": null, "n": 10.0, "ece": null})
    );
    assert_eq!(
        json["metadata"]["protocol"],
        "paper (selection on the test set)"
    );
    assert_eq!(json["metadata"]["config_hash"], config.identity_hash());
    let csv = metrics.to_csv();
    let (header, row) = csv.trim_end().split_once('\n').unwrap();
    assert_eq!(
        header,
        "dataset,method,name,protocol,seed,config_hash,version,recall@1,auroc,n,ece"
    );
    let hash = config.identity_hash();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        row,
        format!(
            "sample,laplace_online,quick,paper (selection on the test set),4,{hash},{version},0.30000000000000004,,10.0,"
        )
    );
}

#[test]
fn csv_cells_are_quoted_where_they_must_be() {
    let metrics = RunMetrics::new(
        RunMetadata::of(&config(&[]), "a,\"b\"\nc"),
        vec![("x,y".to_owned(), 1.5)],
    )
    .unwrap();
    let csv = metrics.to_csv();
    assert!(
        csv.contains(",\"a,\"\"b\"\"\nc\",") && csv.contains(",\"x,y\"\n"),
        "{csv}"
    );
}

#[test]
fn a_metric_stands_once() {
    let twice = vec![("a".to_owned(), 1.0), ("a".to_owned(), 2.0)];
    let error = RunMetrics::new(RunMetadata::of(&config(&[]), "x"), twice).unwrap_err();
    assert!(matches!(error, RunError::DuplicateMetric { name } if name == "a"));
}

#[test]
fn damaged_metrics_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("metrics.json");
    for (text, reason) in [
        ("{\"metadata\"", "EOF"),
        ("[]", "no 'metadata'"),
        ("{\"metadata\": {\"seed\": 1}}", "no text 'dataset'"),
    ] {
        fs::write(&path, text).unwrap();
        let said = RunMetrics::read(&path).unwrap_err().to_string();
        assert!(
            said.contains("metrics.json: ") && said.contains(reason),
            "{said}"
        );
    }
}

fn write_log(path: &Path, steps: std::ops::RangeInclusive<u64>) {
    let mut log = JsonLog::create(path).unwrap();
    for step in steps {
        append(&mut log, step);
    }
}

/// One line, or two where there is a validation.
fn append(log: &mut JsonLog, step: u64) {
    let loss = 1.0 / step as f64;
    log.append(
        step,
        "step",
        &[("loss", json!(loss)), ("bad", json!(f64::NAN))],
    )
    .unwrap();
    if step.is_multiple_of(3) {
        log.append(step, "validation", &[("map@5", json!(loss))])
            .unwrap();
    }
}

#[test]
fn log_lines_are_json_objects() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    write_log(&path, 2..=3);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.lines().next(),
        Some("{\"step\":2,\"event\":\"step\",\"loss\":0.5,\"bad\":null}")
    );
    let lines = read_log(&path).unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["event"], "validation");
}

#[test]
fn damage_before_the_checkpoint_is_an_error_that_names_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    write_log(&path, 1..=2);
    let good = fs::read_to_string(&path).unwrap();
    for bad in ["{\"step\":3,\"ev\n", "[]\n", "{\"event\":\"x\"}\n"] {
        fs::write(&path, format!("{good}{bad}{good}")).unwrap();
        let said = JsonLog::resume(&path, 9).unwrap_err().to_string();
        assert!(said.contains("log.jsonl:3: damaged log: "), "{said}");
        assert!(read_log(&path).is_err());
    }
    // Beyond the checkpoint nothing is looked at.
    fs::write(&path, format!("{good}{{\"step\":8}}\n\0\0\n")).unwrap();
    drop(JsonLog::resume(&path, 2).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), good);
    let absent = dir.path().join("absent.jsonl");
    drop(JsonLog::resume(&absent, 5).unwrap());
    assert_eq!(fs::read(&absent).unwrap(), b"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A run of `last` steps is killed after some bytes of its log, but not before the lines of the
    /// checkpoint's step are in it, then resumed.
    #[test]
    fn an_interrupted_log_equals_an_uninterrupted_one(last in 1u64..40, checkpoint in 0u64..40, cut in any::<prop::sample::Index>()) {
        let checkpoint = checkpoint.min(last);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        write_log(&path, 1..=checkpoint);
        let at_checkpoint = fs::metadata(&path).unwrap().len() as usize;
        write_log(&path, 1..=last);
        let whole = fs::read(&path).unwrap();
        let kept = at_checkpoint + cut.index(whole.len() - at_checkpoint + 1);
        fs::write(&path, &whole[..kept]).unwrap();
        let lines = read_log(&path).unwrap().len();
        prop_assert_eq!(lines, whole[..kept].iter().filter(|b| **b == b'\n').count());
        let mut log = JsonLog::resume(&path, checkpoint).unwrap();
        for step in checkpoint + 1..=last {
            append(&mut log, step);
        }
        prop_assert_eq!(fs::read(&path).unwrap(), whole);
    }

    #[test]
    fn metrics_read_back_to_the_same_bits(bits in prop::collection::vec(any::<u64>(), 0..8)) {
        let values: Vec<(String, f64)> = bits.iter().enumerate().map(|(i, b)| (format!("m{i}"), f64::from_bits(*b))).collect();
        let metrics = RunMetrics::new(RunMetadata::of(&config(&["seed=18446744073709551615"]), "x"), values.clone()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.json");
        write_atomic(&path, metrics.to_json().as_bytes()).unwrap();
        let read = RunMetrics::read(&path).unwrap();
        prop_assert_eq!(read.metadata(), metrics.metadata());
        for ((name, x), (read_name, y)) in values.iter().zip(read.values()) {
            prop_assert_eq!(name, read_name);
            let same = x.to_bits() == y.to_bits() || !x.is_finite() && y.is_nan();
            prop_assert!(same, "{} became {}", x, y);
        }
    }
}
