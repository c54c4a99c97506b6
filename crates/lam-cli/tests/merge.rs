//! `lam merge`: that it adds up is tested where the numbers are at hand.

use std::fs;

use crate::common::World;
use crate::fit::vectors;

#[test]
fn shards_become_one_run() {
    let world = World::new();
    vectors(&world, "x", 160, 1);
    vectors(&world, "y", 120, 2);
    let settings = "--identity-head --batch-size 16";
    world
        .run(&format!("fit x.npy x.txt -o rx {settings}"))
        .code(0);
    world
        .run(&format!("fit y.npy y.txt -o ry {settings}"))
        .code(0);
    let run = world.run("merge rx ry -o both").code(0);
    assert!(run.stdout.contains("recall"), "{run:#?}");
    world
        .run(&format!("fit x.npy y.npy x.txt y.txt -o all {settings}"))
        .code(0);
    let config = |run: &str| fs::read_to_string(world.path(run).join("config.yaml")).unwrap();
    assert_eq!(config("both"), config("all"));
    world.run("eval both").code(0);
    world.run("merge rx ry -o both").code(2).says("both");
    world.run("merge rx ry -o both --overwrite").code(0);
}

#[test]
fn what_does_not_add_up_is_said() {
    let world = World::new();
    vectors(&world, "x", 160, 1);
    vectors(&world, "y", 120, 2);
    world
        .run("fit x.npy x.txt -o rx --identity-head --batch-size 16 --no-calibrate")
        .code(0);
    world
        .run("fit y.npy y.txt -o ry --identity-head --batch-size 8 --no-calibrate")
        .code(0);
    world
        .run("merge rx ry -o both")
        .code(2)
        .says("batch_size: 16 there, 8 now");
    world.run("merge rx rx -o both").code(2).says("count twice");
    world
        .run("merge rx nothing -o both")
        .code(2)
        .says("nothing");
    world.run("merge rx -o both").code(2);
    assert!(!world.path("both").exists());
}
