//! The configuration: what is accepted, what is refused and how that is said.

use std::path::{Path, PathBuf};

use lam_train::config::{
    Allowed, Choice, Config, ConfigValue, DatasetChoice, DatasetName, Device, Distance,
    HessianApprox, Loaded, Loss, MAX_FILE_BYTES, Method, Origin, Override, Pool, Predictive,
    Pretrained, Selection, TripletType, key_specs,
};
use proptest::prelude::*;

const MINIMAL: &str = "model: deterministic\ndataset: fashionmnist\n";

fn parse(text: &str) -> Result<Loaded, String> {
    parse_with(text, &[])
}

fn parse_with(text: &str, overrides: &[Override]) -> Result<Loaded, String> {
    Config::parse(text, Path::new("c.yaml"), overrides).map_err(|error| error.to_string())
}

/// The message about a line added to a minimal file (it is line 3).
fn refused(line: &str) -> String {
    parse(&format!("{MINIMAL}{line}\n")).unwrap_err()
}

fn set(argument: &str) -> Override {
    Override::Set(argument.to_owned())
}

#[test]
fn defaults_are_those_of_the_released_code() {
    let config = parse(MINIMAL).unwrap().config;
    assert_eq!(config.model, Method::Deterministic);
    assert_eq!((config.margin, config.distance), (0.7, Distance::Euclidean));
    assert_eq!(config.type_of_triplets_hessian, TripletType::All);
    assert_eq!(config.loss_approx, HessianApprox::Full);
    assert_eq!((config.max_pairs, config.subsample_pairs), (5000, false));
    assert_eq!((config.weight_decay, config.kl_weight), (1e-5, 1e-6));
    let samples = (
        config.train_n_samples,
        config.val_n_samples,
        config.test_n_samples,
    );
    assert_eq!(samples, (1, 5, 100));
    assert_eq!((config.pos_dist_thr, config.neg_dist_thr), (10.0, 25.0));
    assert_eq!((config.init_hessian, config.scale_hessian), (None, None));
    assert_eq!(config.selection, Selection::HeldOut);
    assert_eq!(config.held_out_fraction, 0.1);
    assert_eq!(config.predictive, Predictive::Sampled);
    assert_eq!(config.device, Device::Auto);
    assert_eq!(config.log_dir, PathBuf::from("runs"));
}

#[test]
fn some_defaults_follow_from_the_data_set() {
    let of = |dataset: &str| {
        parse(&format!("model: pfe\ndataset: {dataset}\n"))
            .unwrap()
            .config
    };
    assert_eq!(of("msls").type_of_triplets, TripletType::Semihard);
    assert_eq!(of("dag").type_of_triplets, TripletType::Semihard);
    assert_eq!(of("cub200").type_of_triplets, TripletType::All);
    assert_eq!(of("fashionmnist").type_of_triplets, TripletType::All);
    assert_eq!(
        of("fashionmnist").ood_dataset,
        Some(DatasetChoice::Known(DatasetName::Mnist))
    );
    assert_eq!(
        of("cifar10").ood_dataset,
        Some(DatasetChoice::Known(DatasetName::Svhn))
    );
    assert_eq!(
        of("cub200").ood_dataset,
        Some(DatasetChoice::Known(DatasetName::Cars196))
    );
    assert_eq!(
        of("lfw").ood_dataset,
        Some(DatasetChoice::Known(DatasetName::Cub200))
    );
    assert_eq!(of("svhn").ood_dataset, None);
    let none = parse(&format!("{MINIMAL}ood_dataset: null\n"))
        .unwrap()
        .config;
    assert_eq!(none.ood_dataset, None);
}

#[test]
fn reads_what_python_writes() {
    let text = "model : \"online\"\ndataset : 'cub200'\nlr : 1e-05 # a comment\nwhitening : True\npretrained: False\nmargin: 1\ninit_hessian : 1.0e+6\npool: gem\nseeds:\n- 1\n- 2\nresume: None\narch: resnet50\n";
    let Loaded { config, warnings } = parse(text).unwrap();
    assert_eq!(config.model, Method::LaplaceOnline);
    assert_eq!((config.lr, config.margin), (1e-5, 1.0));
    assert_eq!(
        (config.whitening, config.pretrained),
        (true, Pretrained::No)
    );
    assert_eq!(config.init_hessian, Some(1e6));
    assert_eq!(config.pool, Some(Pool::Gem));
    assert_eq!(config.seeds, Some(vec![1, 2]));
    assert_eq!(config.resume, None);
    assert_eq!(warnings.len(), 1); // seeds without an ensemble
}

#[test]
fn a_network_of_a_trunk_has_defaults_of_its_own() {
    let of = |arch: &str| parse(&format!("{MINIMAL}arch: {arch}\n")).unwrap().config;
    let trunk = of("resnet50");
    assert_eq!((trunk.latent_dim, trunk.whitening), (None, true));
    assert_eq!(trunk.pool, Some(Pool::Gem));
    let small = of("linear");
    assert_eq!((small.latent_dim, small.whitening), (Some(3), false));
    assert_eq!(small.pool, None);
    for (lines, part) in [
        ("arch: vgg16\npool: null", "nearest valid: pool: gem"),
        (
            "arch: vgg16\nwhitening: false",
            "nearest valid: whitening: true",
        ),
        ("pretrained: true", "nearest valid: pretrained: false"),
        ("arch: vgg16\npool: gemm", "nearest valid: gem"),
    ] {
        let message = refused(lines);
        assert!(message.contains(part), "{message}");
    }
    let warnings = parse(&format!("{MINIMAL}pool: gem\n")).unwrap().warnings;
    assert!(warnings[0].to_string().contains("'pool' has no effect"));
}

#[test]
fn pretrained_is_a_switch_or_a_file() {
    for (text, value) in [
        ("true", Pretrained::Torchvision),
        ("false", Pretrained::No),
        (
            "resnet50-0676ba61.pth",
            Pretrained::File("resnet50-0676ba61.pth".into()),
        ),
        ("../a/b.ckpt", Pretrained::File("../a/b.ckpt".into())),
    ] {
        let text = format!("{MINIMAL}arch: resnet50\npretrained: {text}\n");
        let config = parse(&text).unwrap().config;
        assert_eq!(config.pretrained, value);
        let again = parse(&config.to_yaml()).unwrap().config;
        assert_eq!(again, config);
    }
    let message = refused("pretrained: imagenet");
    assert!(
        message.contains("true, false, or the path of a file"),
        "{message}"
    );
}

#[test]
fn a_misspelling_of_released_files_is_read_with_a_warning() {
    let loaded = parse(&format!("{MINIMAL}split_quesry_database: True\n")).unwrap();
    assert!(loaded.config.split_query_database);
    assert_eq!(
        loaded.warnings[0].to_string(),
        "c.yaml:3: 'split_quesry_database' is read as 'split_query_database'; write it so"
    );
    let both = "split_quesry_database: True\nsplit_query_database: True";
    assert_eq!(
        refused(both),
        "c.yaml:4: duplicate key 'split_query_database', already on line 3: keep one of the two"
    );
}

#[test]
fn every_message_names_place_key_expectation_and_nearest_valid() {
    for (line, message) in [
        (
            "lerning_rate: 1",
            "unknown key 'lerning_rate': did you mean 'lr'?",
        ),
        (
            "batchsize: 4",
            "unknown key 'batchsize': did you mean 'batch_size'?",
        ),
        (
            "protocol: paper",
            "unknown key 'protocol': did you mean 'selection'?",
        ),
        (
            "qwertz: 4",
            "unknown key 'qwertz': no key has a similar name; configs/README.md lists them all",
        ),
        (
            "batch_size: 1",
            "'batch_size' is 1: expected a whole number from 2 to 1048576; nearest valid: 2",
        ),
        (
            "epochs: -3",
            "'epochs' is -3: expected a whole number from 0 to 100000; nearest valid: 0",
        ),
        (
            "epochs: 2.6",
            "'epochs' is 2.6: expected a whole number from 0 to 100000; nearest valid: 3",
        ),
        (
            "epochs: 99999999999999999999999",
            "'epochs' is 99999999999999999999999: expected a whole number from 0 to 100000; nearest valid: 100000",
        ),
        (
            "epochs: '5'",
            "'epochs' is the text \"5\": expected a whole number from 0 to 100000; nearest valid: 5",
        ),
        (
            "epochs: many",
            "'epochs' is many: expected a whole number from 0 to 100000",
        ),
        (
            "epochs:",
            "'epochs' is empty: expected a whole number from 0 to 100000",
        ),
        (
            "epochs: [1]",
            "'epochs' is a list of 1: expected a whole number from 0 to 100000",
        ),
        (
            "epochs: {a: 1}",
            "'epochs' is a mapping: expected a whole number from 0 to 100000",
        ),
        (
            "seed: -1",
            "'seed' is -1: expected a whole number; nearest valid: 0",
        ),
        (
            "latent_dim: 0",
            "'latent_dim' is 0: expected a whole number from 1 to 65536, or null; nearest valid: 1",
        ),
        (
            "lr: 0",
            "'lr' is 0: expected a number greater than 0, at most 10",
        ),
        (
            "lr: .nan",
            "'lr' is .nan: expected a number greater than 0, at most 10",
        ),
        (
            "lr: 1e999",
            "'lr' is 1e999: expected a number greater than 0, at most 10; nearest valid: 10.0",
        ),
        (
            "lr: \"1e-3\"",
            "'lr' is the text \"1e-3\": expected a number greater than 0, at most 10; nearest valid: 0.001",
        ),
        ("train: maybe", "'train' is maybe: expected true or false"),
        (
            "train: 1",
            "'train' is 1: expected true or false; nearest valid: true",
        ),
        (
            "distance: l2",
            "'distance' is l2: expected one of euclidean, cosine; nearest valid: euclidean",
        ),
        (
            "selection: paper",
            "'selection' is paper: expected one of held_out, test; nearest valid: test",
        ),
        (
            "loss: contrastve",
            "'loss' is contrastve: expected one of contrastive, arccos, triplet; nearest valid: contrastive",
        ),
        (
            "optimizer: adam",
            "'optimizer' is adam: expected rmsprop; nearest valid: rmsprop",
        ),
        (
            "data_dir: 2024",
            "'data_dir' is 2024: expected the path of a folder, or null; nearest valid: \"2024\"",
        ),
        (
            "seeds: 3",
            "'seeds' is 3: expected a list of different whole numbers, as in [1, 2, 3], or null; nearest valid: [3]",
        ),
        (
            "seeds: [1, 1]",
            "'seeds' is a list of 2: expected a list of different whole numbers, as in [1, 2, 3], or null; nearest valid: [1]",
        ),
        (
            "ood_dataset: fashionmnist",
            "'ood_dataset' is fashionmnist, the data set itself: expected another one, or null",
        ),
        (
            "negDistThr: 3",
            "'posDistThr' is 10 and 'negDistThr' 3: a positive must be nearer than a negative; nearest valid: posDistThr: 3",
        ),
        ("lr: [1", "not valid YAML: "),
        (
            "\tlr: 1",
            "a tab in the indentation: YAML indents with spaces, and keys of a configuration are not indented",
        ),
    ] {
        let said = refused(line);
        let start = format!("c.yaml:3: {message}");
        assert!(
            said == start || message.ends_with(": ") && said.contains(message),
            "{line}\n{said}\n{start}"
        );
        assert!(!said.contains('\n'), "one problem, one line: {said}");
    }
}

#[test]
fn all_problems_are_reported_in_the_order_of_the_file() {
    let error = parse_with(
        "dataset: fashonmnist\nfoo_bar_baz: 1\nlr: -1\nlr: 2\n",
        &[set("epochs=x"), set("nonsense")],
    );
    assert_eq!(
        error.unwrap_err().lines().collect::<Vec<_>>(),
        [
            "c.yaml:1: 'dataset' is fashonmnist: expected one of sample, sample_mnist, mnist, fashionmnist, cifar10, svhn, cub200, cars196, lfw, msls, dag; or the path of a folder of classes or of a CSV table, with a / in it or .csv at its end; or files of vectors, with .npy, .safetensors or .parquet at their end; nearest valid: fashionmnist",
            "c.yaml:2: unknown key 'foo_bar_baz': no key has a similar name; configs/README.md lists them all",
            "c.yaml:3: 'lr' is -1: expected a number greater than 0, at most 10",
            "c.yaml:4: duplicate key 'lr', already on line 3: keep one of the two",
            "--set nonsense: expected --set key=value",
            "--set epochs=x: 'epochs' is x: expected a whole number from 0 to 100000",
            "c.yaml: 'model' is missing: expected one of deterministic, mc_dropout, deep_ensemble, pfe, hib, laplace_online, laplace_posthoc",
        ]
    );
}

#[test]
fn files_that_are_no_configuration() {
    for (text, message) in [
        ("", "c.yaml: the file is empty"),
        ("# only a comment\n", "c.yaml: the file is empty"),
        ("---\n", "c.yaml: the file is empty"),
        ("{}", "c.yaml: the file is empty"),
        ("- a\n- b\n", "c.yaml:1: not a mapping: found a list of 2"),
        ("\nhello\n", "c.yaml:2: not a mapping: found hello"),
        (
            "model: pfe\n---\nmodel: pfe\n",
            "c.yaml:2: not valid YAML: a second document",
        ),
        (
            "model: pfe\n? [a]\n: 1\n",
            "c.yaml:2: not valid YAML: a key must be a single word",
        ),
    ] {
        let said = parse(text).unwrap_err();
        assert!(said.starts_with(message), "{text:?}: {said}");
    }
}

#[test]
fn files_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Config::load(&path, &[]).unwrap_err().to_string()
    };
    let said = load("latin1.yaml", b"model: pfe\ndata_dir: caf\xe9\n");
    assert!(
        said.ends_with("latin1.yaml: not UTF-8 text (byte 24): save the file as UTF-8"),
        "{said}"
    );
    let said = load("big.yaml", &vec![b'#'; MAX_FILE_BYTES as usize + 1]);
    assert!(
        said.ends_with("big.yaml: more than 262144 bytes: too large for a configuration file"),
        "{said}"
    );
    let said = Config::load(&dir.path().join("missing.yaml"), &[])
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("missing.yaml: cannot read the file: No such file"),
        "{said}"
    );
    let said = Config::load(dir.path(), &[]).unwrap_err().to_string();
    assert!(said.contains("cannot read the file"), "{said}");
}

#[test]
fn overrides_win_and_every_value_knows_its_origin() {
    let overrides = [
        set("epochs=3"),
        set("epochs = 4"),
        set("seeds=[7, 8]"),
        set("resume="),
        Override::flag("--seed", "seed", &9u64),
        Override::flag("--out", "log_dir", &PathBuf::from("12: [a] #b")),
    ];
    let text = "model: deep_ensemble\ndataset: mnist\nresume: r\nlr: 0.1\n";
    let config = parse_with(text, &overrides).unwrap().config;
    assert_eq!((config.epochs, config.seed), (4, 9));
    assert_eq!(config.seeds, Some(vec![7, 8]));
    assert_eq!(config.resume, None);
    assert_eq!(config.log_dir, PathBuf::from("12: [a] #b"));
    let origins = ["lr", "epochs", "seed", "margin"].map(|key| config.origin(key).to_string());
    assert_eq!(origins, ["c.yaml:4", "--set", "--seed", "default"]);
    assert_eq!(config.origin("resume"), Origin::Set);
    // A misspelt value of the file is no obstacle where it is overridden.
    assert!(parse_with(&format!("{MINIMAL}epochs: x\n"), &[set("epochs=1")]).is_ok());
    let said = parse_with(MINIMAL, &[set("epoch=1"), set("lr=[")]).unwrap_err();
    assert!(
        said.starts_with(
            "--set epoch=1: unknown key 'epoch': did you mean 'epochs'?\n--set lr=[: not valid YAML"
        ),
        "{said}"
    );
}

#[test]
fn keys_without_effect_are_warned_about() {
    let lines = "hessian_memory_factor: 0.9\nkl_weight: 1\nheld_out_fraction: 0.2\nheld_out_seed: 2\nselection: test\npredictive: analytic\nuncertainty: output";
    let loaded = parse(&format!("{MINIMAL}{lines}\n")).unwrap();
    let said: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "c.yaml:3: 'hessian_memory_factor' has no effect: only laplace_online reads it, 'model' is deterministic",
            "c.yaml:4: 'kl_weight' has no effect: only hib reads it, 'model' is deterministic",
            "c.yaml:5: 'held_out_fraction' has no effect: 'selection' is test, which holds nothing out",
            "c.yaml:6: 'held_out_seed' has no effect: 'selection' is test, which holds nothing out",
            "c.yaml:8: 'predictive' has no effect: 'model' deterministic has no posterior over weights",
            "c.yaml:9: 'uncertainty' has no effect: 'model' deterministic has no posterior over weights",
        ]
    );
    // A written configuration states every key: no warnings from it.
    let again = parse(&loaded.config.to_yaml()).unwrap();
    assert_eq!(again.warnings, []);
}

#[test]
fn contradictions_are_refused() {
    let said = parse("model: laplace_online\ndataset: mnist\nloss: triplet\n").unwrap_err();
    assert_eq!(
        said,
        "c.yaml:3: 'loss' is triplet, which has no Hessian for 'model' laplace_online: expected one of contrastive, arccos; nearest valid: contrastive"
    );
    let said = parse("model: deep_ensemble\ndataset: mnist\n").unwrap_err();
    assert!(
        said.starts_with("c.yaml:1: 'model' deep_ensemble needs 'seeds'"),
        "{said}"
    );
    let said = parse("model: mc_dropout\ndataset: mnist\n").unwrap_err();
    assert!(
        said.starts_with("c.yaml:1: 'model' mc_dropout needs a 'dropout_rate' above 0"),
        "{said}"
    );
    assert!(parse("model: deterministic\ndataset: mnist\nloss: triplet\n").is_ok());
    let said = parse("model: deterministic\ndataset: mnist\nranking: expected\n").unwrap_err();
    assert!(
        said.starts_with("c.yaml:3: 'ranking' is expected and 'model' deterministic, whose embeddings have no spread"),
        "{said}"
    );
}

#[test]
fn the_rate_scales_with_the_batch_and_decays() {
    let config = parse("model: pfe\ndataset: mnist\nlr: 0.001\nbatch_size: 256\n")
        .unwrap()
        .config;
    assert!((config.learning_rate(0, 1) - 0.256).abs() < 1e-15);
    assert!((config.learning_rate(0, 2) - 0.512).abs() < 1e-15);
    let by_steps = (0..20).fold(0.256, |rate, _| rate * (-0.01f64).exp());
    assert!((config.learning_rate(20, 1) - by_steps).abs() < 1e-12);
}

#[test]
fn identity_leaves_out_where_and_how_it_runs() {
    let config = parse(MINIMAL).unwrap().config;
    let elsewhere = [
        set("device=cpu"),
        set("data_dir=/x"),
        set("log_dir=/y"),
        set("log_every_n_steps=1"),
    ];
    let moved = parse_with(MINIMAL, &elsewhere).unwrap().config;
    assert_eq!(config.identity_hash(), moved.identity_hash());
    assert_ne!(config, moved);
    assert_eq!(config.differences(&moved), []);
    let other = parse_with(MINIMAL, &[set("margin=0.5")]).unwrap().config;
    assert_ne!(config.identity_hash(), other.identity_hash());
    let said: Vec<String> = other
        .differences(&config)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(said, ["margin: 0.7 there, 0.5 now"]);
    assert_eq!(config.identity_hash().len(), 64);
}

#[test]
fn deep_nesting_and_aliases_do_no_harm() {
    let deep = format!("{MINIMAL}lr: {}\n", "[".repeat(50_000));
    assert!(parse(&deep).is_err());
    let closed = format!("{MINIMAL}lr: {}{}\n", "[".repeat(200), "]".repeat(200));
    assert!(parse(&closed).unwrap_err().contains("'lr' is a list of 1"));
    let laughs = "model: &a pfe\ndataset: *a\n";
    assert!(parse(laughs).unwrap_err().contains("'dataset' is an alias"));
}

#[test]
fn every_default_in_the_table_is_accepted_by_its_key() {
    for spec in key_specs() {
        let in_words = spec.default == "required" || spec.default.contains([' ', ';']);
        if !in_words {
            let line = format!("{}: {}", spec.key, spec.default);
            let required = matches!(spec.key, "model" | "dataset");
            assert!(
                !required && parse(&format!("{MINIMAL}{line}\n")).is_ok(),
                "{line}"
            );
        }
        assert!(
            spec.doc.ends_with('.') && !spec.expected.is_empty(),
            "{}",
            spec.key
        );
    }
}

fn choice<T: Choice + std::fmt::Debug + std::fmt::Display>() -> impl Strategy<Value = String> {
    prop::sample::select(T::ALL).prop_map(|(value, _)| value.to_string())
}

fn number(low: f64, high: f64) -> impl Strategy<Value = String> {
    (low..high).prop_map(|x| x.write())
}

/// A value for some keys of every type, as it is written.
fn some_settings() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let key = |key: &'static str, value: BoxedStrategy<String>| {
        prop::option::of(value).prop_map(move |value| value.map(|value| (key, value)))
    };
    let path =
        any::<String>().prop_filter("a path", |text| !text.is_empty() && !text.contains('\0'));
    let seeds = prop::collection::btree_set(any::<u64>(), 1..6)
        .prop_map(|seeds| seeds.into_iter().collect::<Vec<u64>>().write());
    (
        key("loss_approx", choice::<HessianApprox>().boxed()),
        key("type_of_triplets", choice::<TripletType>().boxed()),
        key("distance", choice::<Distance>().boxed()),
        key("pool", choice::<Pool>().boxed()),
        key("seed", any::<u64>().prop_map(|x| x.to_string()).boxed()),
        key(
            "batch_size",
            (2usize..=1 << 20).prop_map(|x| x.to_string()).boxed(),
        ),
        key(
            "lr",
            (-300.0..1.0)
                .prop_map(|x: f64| 10f64.powf(x).write())
                .boxed(),
        ),
        key("margin", number(0.0, 100.0).boxed()),
        key(
            "scale_hessian",
            (-300.0..30.0)
                .prop_map(|x: f64| 10f64.powf(x).write())
                .boxed(),
        ),
        key("train", any::<bool>().prop_map(|x| x.write()).boxed()),
        key(
            "data_dir",
            path.prop_map(|text| PathBuf::from(text).write()).boxed(),
        ),
        key("seeds", seeds.boxed()),
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i, j, k, l)| {
            [a, b, c, d, e, f, g, h, i, j, k, l]
                .into_iter()
                .flatten()
                .collect()
        })
}

proptest! {
    #[test]
    fn valid_configurations_round_trip(
        settings in some_settings(),
        loss in prop::sample::select(vec![Loss::Contrastive, Loss::Arccos]),
        dataset in choice::<DatasetName>(),
    ) {
        let mut text = format!("model: laplace_posthoc\nloss: {loss}\ndataset: {dataset}\n");
        for (key, value) in &settings {
            text.push_str(&format!("{key}: {value}\n"));
        }
        let config = parse(&text).map_err(TestCaseError::fail)?.config;
        // What was written is what was read: the values stand unchanged in the resolved file.
        let resolved = config.to_yaml();
        for (key, value) in &settings {
            let line = format!("\n{key}: {value}\n");
            prop_assert!(resolved.contains(&line), "{line} not in {resolved}");
        }
        let again = parse(&resolved).map_err(TestCaseError::fail)?.config;
        prop_assert_eq!(&again, &config);
        prop_assert_eq!(again.to_yaml(), resolved);
        prop_assert_eq!(again.identity_hash(), config.identity_hash());
    }

    #[test]
    fn any_text_survives_as_a_path(text in any::<String>()) {
        prop_assume!(!text.is_empty() && !text.contains('\0'));
        let path = PathBuf::from(&text);
        let config = parse_with(MINIMAL, &[Override::flag("--data-dir", "data_dir", &path)]).map_err(TestCaseError::fail)?.config;
        prop_assert_eq!(config.data_dir.as_ref(), Some(&path));
        let again = parse(&config.to_yaml()).map_err(TestCaseError::fail)?.config;
        prop_assert_eq!(again.data_dir.as_ref(), Some(&path));
    }

    #[test]
    fn any_finite_number_survives(bits in 1..=1e30f64.to_bits()) {
        let x = f64::from_bits(bits); // from the smallest positive number on
        let config = parse(&format!("{MINIMAL}prior_prec: {}\n", x.write())).map_err(TestCaseError::fail)?.config;
        prop_assert_eq!(config.prior_prec.to_bits(), x.to_bits());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.yaml");
        std::fs::write(&path, &bytes).unwrap();
        if let Err(error) = Config::load(&path, &[]) {
            prop_assert!(!error.problems.is_empty());
        }
    }

    #[test]
    fn random_yaml_never_panics(text in "[a-z:\\- \\[\\]{}\"'#&*!|>%@`0-9.,\\n\\t?~é_e+]{0,120}", argument in ".{0,40}") {
        let _ = parse_with(&text, &[set(&argument)]);
        let _ = parse_with(MINIMAL, &[set(&format!("lr={text}")), set(&argument)]);
    }

    #[test]
    fn suggested_values_are_accepted(
        key in prop::sample::select(key_specs().iter().map(|spec| spec.key).collect::<Vec<_>>()),
        value in prop_oneof!["-?[0-9]{1,20}", "-?[0-9]{1,3}\\.[0-9]{1,3}", "[a-z_]{1,12}", "'[0-9]{1,3}'", "\\[[0-9](, [0-9]){0,3}\\]"],
    ) {
        let text = format!("model: laplace_online\ndataset: sample\n{key}: {value}\n");
        let text = if matches!(key, "model" | "dataset") { MINIMAL.replace(": ", ": x") } else { text };
        let Err(error) = Config::parse(&text, Path::new("c.yaml"), &[]) else { return Ok(()) };
        let nearest = error.problems.iter().find_map(|problem| match &problem.fault {
            lam_train::config::Fault::BadValue { key, nearest: Some(nearest), .. } => Some((key, nearest)),
            _ => None,
        });
        if let Some((key, nearest)) = nearest {
            let fixed = parse_with(MINIMAL, &[set(&format!("{key}={nearest}"))]);
            let still_bad = fixed.err().is_some_and(|said| said.contains(&format!("'{key}' is {nearest}: expected")));
            prop_assert!(!still_bad, "{} {}", key, nearest);
        }
    }
}

#[test]
fn ranges_are_said_in_words() {
    assert_eq!(usize::describe(&Allowed::ANY), "a whole number");
    assert_eq!(
        f64::describe(&Allowed::above(0.0, 1e30)),
        "a number greater than 0, at most 1e30"
    );
}

#[test]
fn structures_of_the_posterior_are_checked_against_the_rest() {
    let problem = |text: &str| parse(text).unwrap_err();
    let base = "dataset: sample\nmodel: ";
    for model in ["laplace_online", "laplace_posthoc"] {
        for posterior in ["diag", "kron", "block", "full"] {
            let loaded = parse(&format!("{base}{model}\nposterior: {posterior}\n")).unwrap();
            assert_eq!(loaded.warnings, []);
        }
    }
    let said = problem(&format!(
        "{base}laplace_posthoc\nposterior: kron\nhead: [6]\n"
    ));
    assert!(
        said.contains("'head' [6]") && said.contains("posterior: diag"),
        "{said}"
    );
    let said = problem(&format!(
        "{base}laplace_posthoc\nposterior: kron\npredictive: analytic\n"
    ));
    assert!(said.contains("predictive: sampled"), "{said}");
    let said = problem(&format!("{base}laplace_online\nhead: [0]\n"));
    assert!(said.contains("from 1 to 65536"), "{said}");
    let said = problem(&format!("{base}laplace_online\nhead: 6\n"));
    assert!(said.contains("nearest valid: [6]"), "{said}");
    let good = format!("{base}laplace_posthoc\nposterior: block\npredictive: analytic\nhead: []\n");
    let loaded = parse(&good).unwrap();
    assert_eq!(loaded.warnings, []);
    let deep = format!("{base}laplace_online\nhead: [6, 4]\nhead_activation: relu\n");
    let loaded = parse(&deep).unwrap();
    assert_eq!((loaded.config.head, loaded.warnings), (vec![6, 4], vec![]));
    let flat = format!("{base}laplace_online\nhead_activation: relu\n");
    let loaded = parse(&flat).unwrap();
    assert_eq!(loaded.warnings.len(), 1);
}
