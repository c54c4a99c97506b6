//! Help, versions, wrong arguments, and what becomes of the output.
use std::process::{Command, Stdio};

use crate::common::{Run, World, has_escapes};

const VERBS: [&str; 19] = [
    "embed",
    "index create",
    "index add",
    "index remove",
    "index build",
    "index calibrate",
    "index info",
    "search",
    "export",
    "train",
    "eval",
    "bench",
    "sweep",
    "data list",
    "data check",
    "data fetch",
    "config check",
    "config show",
    "config keys",
];

#[test]
fn version_and_help_go_to_standard_output() {
    let world = World::new();
    let version = world.run("--version").code(0);
    assert_eq!(
        version.stdout,
        format!("lam {}\n", env!("CARGO_PKG_VERSION"))
    );
    let help = world.run("--help").code(0);
    for verb in [
        "train", "eval", "bench", "sweep", "data", "config", "--quiet",
    ] {
        assert!(help.stdout.contains(verb), "{verb}: {}", help.stdout);
    }
    assert_eq!(help.stderr, "");
}

#[test]
fn every_verb_has_help_with_examples_of_itself() {
    let world = World::new();
    for verb in VERBS {
        let help = world.run(&format!("{verb} --help")).code(0).stdout;
        let (_, examples) = help.split_once("Examples:").expect(verb);
        assert!(examples.contains(&format!("lam {verb}")), "{verb}: {help}");
        assert!(!has_escapes(&help), "{verb}");
    }
}

/// An example that the program itself refuses would be worse than none.
#[test]
fn arguments_of_the_examples_are_accepted() {
    let world = World::new();
    for verb in VERBS {
        let help = world.run(&format!("{verb} --help")).code(0).stdout;
        let (_, examples) = help.split_once("Examples:").unwrap();
        let mut tried = 0;
        for line in examples.lines().map(str::trim_start) {
            let Some(arguments) = line.strip_prefix("lam ") else {
                continue;
            };
            let arguments = arguments.split("   ").next().unwrap();
            let arguments = arguments.split('|').next().unwrap();
            // Files of examples are not there; only the arguments' own faults say "Usage".
            if !arguments.starts_with("data fetch") {
                let run = world.run(arguments);
                assert!(!run.stderr.contains("Usage:"), "{arguments}: {run:?}");
            }
            tried += 1;
        }
        assert!(tried > 0, "{verb}");
    }
}

#[test]
fn wrong_arguments_are_wrong_use() {
    let world = World::new();
    world.run("").code(2).says("Usage:");
    world.run("trian").code(2).says("train");
    world.run("train").code(2).says("<CONFIG>");
    world.run("train a.yaml --epochs many").code(2).says("many");
    world.run("train a.yaml --device gpu").code(2).says("cuda");
    let both = "train a.yaml --resume --overwrite";
    world.run(both).code(2).says("cannot be used with");
    world.run("config check").code(2).says("<FILE>");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_not_an_error() {
    let world = World::new();
    for verb in ["config keys", "data list", "--help", "--version"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = Run::of(world.lam(verb).stdout(writer)).code(0);
        assert_eq!(run.stderr, "", "{verb}");
    }
}

#[cfg(unix)]
#[test]
fn as_piped_into_head() {
    let world = World::new();
    let script = format!("{} config keys | head -n 1", env!("CARGO_BIN_EXE_lam"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(world.path(""));
    let run = Run::of(&mut shell).code(0);
    assert_eq!(run.stdout.lines().count(), 1);
    assert_eq!(run.stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let world = World::new();
    let mut command = world.lam("config keys");
    command.stdout(Stdio::from(full.unwrap()));
    let run = Run::of(&mut command);
    run.code(1)
        .says("error: cannot write to standard output: No space left on device");
}

#[test]
fn piped_output_has_no_escape_codes() {
    let world = World::new();
    for verb in ["config keys", "data list", "config check none.yaml"] {
        let run = world.run(verb);
        assert!(
            !has_escapes(&run.stdout) && !has_escapes(&run.stderr),
            "{verb}"
        );
    }
}
