//! Work that fails: exit code 1, a message that says what and where, and nothing good is lost.
use std::fs;
use std::path::Path;

use crate::common::{Background, World};
use lam_train::checkpoint::Checkpoint;

/// The weights of a checkpoint, all of them numbers.
fn weights(path: &Path) -> usize {
    let checkpoint = Checkpoint::load(path).unwrap();
    let tensors = checkpoint.state.tensors.values();
    tensors
        .map(|data| {
            let values = data.as_slice::<f32>().unwrap();
            assert!(values.iter().all(|x| x.is_finite()), "{}", path.display());
            values.len()
        })
        .sum()
}

/// Permissions do not bind an administrator; a folder below a file cannot be made by anyone.
#[test]
fn a_run_folder_that_cannot_be_made() {
    let world = World::new();
    world.small_config();
    world.write("file", "");
    world
        .run("train small.yaml --out file/run")
        .code(1)
        .says("error: cannot create the folder file/run: ");
    world
        .run("train small.yaml --set log_dir=file")
        .code(1)
        .says("error: cannot create the folder file/fashionmnist/small/seed-1: ");
}

#[test]
fn a_run_folder_with_files_of_someone_else() {
    let world = World::new();
    world.small_config();
    world.write("thesis/chapter.tex", "precious");
    for how in ["", "--resume", "--overwrite"] {
        world
            .run(&format!("train small.yaml --out thesis {how}"))
            .code(2)
            .says("thesis holds 'chapter.tex' and no run: choose an empty folder");
    }
    assert_eq!(
        fs::read(world.path("thesis/chapter.tex")).unwrap(),
        b"precious"
    );
    assert_eq!(fs::read_dir(world.path("thesis")).unwrap().count(), 1);
}

/// No learning rate that the configuration accepts gets there, so the weights of an interrupted run are
/// made so large that the network overflows.
#[test]
fn a_loss_that_is_not_a_number() {
    let world = World::new();
    world.small_config();
    let last = world.path("run/checkpoints/last.safetensors");
    let train = "train small.yaml --out run --epochs 1000";
    drop(Background::until_exists(&mut world.lam(train), &last));
    let mut checkpoint = Checkpoint::load(&last).unwrap();
    for (name, data) in &mut checkpoint.state.tensors {
        if name.starts_with("model.") {
            data.as_mut_slice::<f32>()
                .unwrap()
                .iter_mut()
                .for_each(|w| *w *= 1e30);
        }
    }
    checkpoint.save(&last).unwrap();
    let before = fs::read(&last).unwrap();
    world
        .run(&format!("{train} --resume"))
        .code(1)
        .says("error: the loss became NaN in epoch ")
        .says("lower the learning rate")
        .says("the last good checkpoint is kept in run/checkpoints");
    assert_eq!(fs::read(&last).unwrap(), before);
    assert!(weights(&last) > 0);
    assert!(!world.path("run/metrics.json").exists());
}

/// The largest accepted rate gives a useless model, and no panic.
#[test]
fn an_absurd_learning_rate_is_survived() {
    let world = World::new();
    world.small_config();
    let arguments = "train small.yaml --out run --set lr=10 --set batch_size=500 --epochs 2";
    let run = world.run(arguments);
    match run.code {
        Some(0) => assert!(run.stdout.contains("recall"), "{run:?}"),
        _ => drop(run.code(1).says("error: the loss became NaN")),
    }
    assert!(weights(&world.path("run/checkpoints/last.safetensors")) > 0);
}

#[test]
fn a_damaged_checkpoint() {
    let world = World::new();
    world.small_config();
    world.run("train small.yaml --epochs 1 --out run").code(0);
    let best = world.path("run/checkpoints/best.safetensors");
    let whole = fs::read(&best).unwrap();
    fs::write(&best, &whole[..whole.len() / 2]).unwrap();
    let metrics = fs::read(world.path("run/metrics.json")).unwrap();
    world
        .run("eval run")
        .code(1)
        .says("error: run/checkpoints/best.safetensors: not a complete checkpoint");
    assert_eq!(fs::read(world.path("run/metrics.json")).unwrap(), metrics);
}

/// In a file system of its own, for which Linux and the right to make a mount in a namespace are
/// needed; where that is denied the test says so and ends.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    const DISK: &str = "LAM_TEST_SMALL_DISK";
    if let Some(disk) = std::env::var_os(DISK) {
        train_on_a_full_disk(Path::new(&disk));
        println!("the small disk was filled");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$0\" || exit 77; exec \"$1\" --exact failures::a_full_disk --nocapture";
    let child = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .env(DISK, dir.path())
        .output();
    match child.map(|output| (output.status.success(), crate::common::Run::from(output))) {
        Ok((success, run)) if run.stdout.contains("running 1 test") => {
            assert!(
                success && run.stdout.contains("the small disk was filled"),
                "{run:#?}"
            );
        }
        _ => eprintln!("skipped: no right to mount a small file system here"),
    }
}

#[cfg(target_os = "linux")]
fn train_on_a_full_disk(disk: &Path) {
    let world = World::new();
    world.small_config();
    let run = disk.join("run");
    let arguments = format!("train small.yaml --out {}", run.display());
    // Room for the first checkpoint and no more.
    world.run("train small.yaml --epochs 0 --out sizes").code(0);
    let first = world.path("sizes/checkpoints/last.safetensors");
    let size = fs::metadata(first).unwrap().len();
    let ballast = (1u64 << 20).checked_sub(size + (48 << 10)).unwrap();
    fs::write(disk.join("ballast"), vec![0; ballast as usize]).unwrap();
    world
        .run(&arguments)
        .code(1)
        .says(&format!("error: cannot write {}", run.display()))
        .says("No space left on device");
    assert!(weights(&run.join("checkpoints/last.safetensors")) > 0);
    assert!(!run.join("metrics.json").exists());
    for folder in ["", "checkpoints", "figures"] {
        for entry in fs::read_dir(run.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.ends_with(".part"), "{name} was left");
        }
    }
}
