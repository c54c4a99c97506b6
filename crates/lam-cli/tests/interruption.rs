//! Killed at any moment and resumed, a run ends as if nothing had happened.
#![cfg(unix)]
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::World;

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// After so much of the time that a whole run takes.
    Time(f64),
    /// Once the log has so many lines.
    Log(usize),
    /// Once this file is there.
    File(&'static str),
}

struct Interrupted<'a> {
    world: &'a World,
    arguments: &'static str,
    whole: Duration,
    /// How many processes went on in the middle of training.
    resumed: usize,
}

impl Interrupted<'_> {
    fn folder(&self) -> PathBuf {
        self.world.path("interrupted")
    }

    fn start(&self) -> Child {
        let arguments = format!("{} --out interrupted --resume", self.arguments);
        let mut command = self.world.lam(&arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts a process and kills it; false if it came to its end before.
    fn kill_at(&mut self, moment: Moment) -> bool {
        let mut child = self.start();
        let begun = Instant::now();
        let reached = || match moment {
            Moment::Time(share) => begun.elapsed() >= self.whole.mul_f64(share),
            Moment::Log(lines) => {
                let log = fs::read(self.folder().join("log.jsonl")).unwrap_or_default();
                log.iter().filter(|&&byte| byte == b'\n').count() >= lines
            }
            Moment::File(name) => self.folder().join(name).exists(),
        };
        while !reached() && child.try_wait().unwrap().is_none() {
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "{moment:?} never came"
            );
            sleep(Duration::from_micros(500));
        }
        let _ = child.kill(); // SIGKILL
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("error"), "{moment:?}: {said}");
        self.resumed += usize::from(said.contains("going on after"));
        !output.status.success()
    }

    fn finish(&mut self) {
        let output = self.start().wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        self.resumed += usize::from(said.contains("going on after"));
    }
}

fn same(name: &str, one: &Path, other: &Path) {
    let read = |folder: &Path| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read(one), read(other), "{name} differs");
}

fn left_over(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(left_over(&path));
        } else if path.to_string_lossy().ends_with(".part") {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found
}

/// Trains once without interruption and once with, and compares what is left.
fn interrupted_equals_uninterrupted(arguments: &'static str, moments: &[Moment]) {
    let world = World::new();
    world.small_config();
    // What pfe begins with; nothing to the others.
    if arguments.contains("resume=begun") {
        world
            .run("train small.yaml --set model=deterministic --epochs 1 --out begun")
            .code(0);
    }
    let begun = Instant::now();
    world.run(&format!("{arguments} --out whole")).code(0);
    let mut run = Interrupted {
        world: &world,
        arguments,
        whole: begun.elapsed(),
        resumed: 0,
    };
    let killed = moments
        .iter()
        .filter(|&&moment| run.kill_at(moment))
        .count();
    run.finish();
    // Otherwise nothing was tested.
    assert!(killed >= moments.len() / 2, "only {killed} were killed");
    assert!(
        run.resumed >= 2,
        "only {} went on in the middle",
        run.resumed
    );
    let (whole, interrupted) = (world.path("whole"), run.folder());
    for name in ["metrics.json", "metrics.csv", "log.jsonl", "config.yaml"] {
        same(name, &whole, &interrupted);
    }
    assert_eq!(left_over(&interrupted), Vec::<String>::new());
}

/// Different moments at each run of the test, since "any moment" is the promise; the name of a
/// failing one is in its message.
fn random_shares() -> [f64; 3] {
    let clock = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let mut state = clock.as_nanos() as u64 | 1;
    std::array::from_fn(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f64 / (1u64 << 24) as f64
    })
}

/// 18 steps an epoch; each is a line of the log, and epochs and validations one each.
#[test]
fn with_a_checkpoint_after_every_step() {
    let [a, b, c] = random_shares();
    interrupted_equals_uninterrupted(
        "train small.yaml --set checkpoint_every_n_seconds=0",
        &[
            Moment::File("config.yaml"),
            Moment::Time(0.3 * a),
            Moment::Log(5),
            Moment::Log(14),
            Moment::Log(19),
            Moment::Log(30),
            Moment::Time(b),
            Moment::Time(c),
            Moment::File("metrics.csv"),
        ],
    );
}

#[test]
fn with_a_checkpoint_after_every_epoch() {
    let [a, b, _] = random_shares();
    interrupted_equals_uninterrupted(
        "train small.yaml --set epochs=3",
        &[
            Moment::Log(12),
            Moment::Log(25),
            Moment::Log(45),
            Moment::Time(a),
            Moment::Time(b),
            Moment::File("report.html"),
        ],
    );
}

/// The methods that keep more than weights: batch statistics, learnt criteria, noise in a step.
#[test]
fn of_mc_dropout() {
    interrupted_equals_uninterrupted(
        "train small.yaml --set model=mc_dropout --set dropout_rate=0.1 --set checkpoint_every_n_seconds=0",
        &[Moment::Log(5), Moment::Log(19), Moment::Log(30)],
    );
}

#[test]
fn of_hib() {
    interrupted_equals_uninterrupted(
        "train small.yaml --set model=hib --set checkpoint_every_n_seconds=0",
        &[Moment::Log(5), Moment::Log(19), Moment::Log(30)],
    );
}

#[test]
fn of_pfe() {
    interrupted_equals_uninterrupted(
        "train small.yaml --set model=pfe --set resume=begun --set checkpoint_every_n_seconds=0",
        &[Moment::Log(5), Moment::Log(19), Moment::Log(30)],
    );
}
