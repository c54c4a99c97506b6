//! `lam serve`: a run and its index over HTTP.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::common::World;
use crate::common::retrieval::{picture, trained};

/// A server that ends with the test.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(world: &World, arguments: &str) -> Self {
        let mut process = world
            .lam(&format!("serve {arguments} --port 0"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut url).unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{url:?}");
        Self {
            process,
            url: url.trim().to_owned(),
        }
    }

    /// Status and body of an answer.
    fn answer(
        &self,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> (u16, Vec<u8>) {
        let mut response = response.unwrap();
        (
            response.status().as_u16(),
            response.body_mut().read_to_vec().unwrap(),
        )
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into()
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.answer(Self::agent().get(format!("{}{path}", self.url)).call())
    }

    fn post(&self, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
        let request = Self::agent()
            .post(format!("{}{path}", self.url))
            .header("Content-Type", kind);
        let (status, body) = self.answer(request.send(body));
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn world() -> World {
    let world = trained();
    for (number, colour) in [[200, 10, 10], [10, 200, 10], [10, 10, 200]]
        .into_iter()
        .enumerate()
    {
        world.write(&format!("pictures/c{number}/a.png"), picture(colour));
    }
    world.write("elsewhere/secret.png", picture([1, 2, 3]));
    world.run("index create i run pictures").code(0);
    world
}

#[test]
fn a_picture_is_answered_as_on_the_command_line() {
    let world = world();
    let line = world
        .run("search i pictures/c1/a.png -k 2 --json")
        .code(0)
        .stdout;
    let line: Value = serde_json::from_str(line.trim()).unwrap();
    let server = Server::start(&world, "run i");
    let (status, answer) = server.post("/search?k=2", "image/png", &picture([10, 200, 10]));
    assert_eq!(status, 200, "{answer}");
    let text = answer.to_string();
    assert!(text.contains("c1/a.png"), "{text}");
    // The same query has the same uncertainty, wherever it is asked.
    let uncertainty = line["uncertainty"].as_f64().unwrap();
    let answered = &answer["answers"][0]["uncertainty"];
    let answered = answered
        .as_f64()
        .or(answer["uncertainty"].as_f64())
        .unwrap();
    assert!((answered - uncertainty).abs() < 1e-5, "{text}");
}

#[test]
fn pictures_are_shown_from_indexed_folders_and_nowhere_else() {
    let world = world();
    let server = Server::start(&world, "i");
    let (status, shown) = server.get("/items/c0%2Fa.png/image");
    assert_eq!((status, shown), (200, picture([200, 10, 10])));
    // An item that names a file of its own choosing.
    let secret = world.path("elsewhere/secret.png");
    let body =
        json!({"items": [{"id": "thief", "vector": [1.0, 0.0, 0.0, 0.0], "metadata": secret}]});
    let (status, answer) = server.post("/items", "application/json", body.to_string().as_bytes());
    if status < 300 {
        assert_eq!(server.get("/items/thief/image").0, 404);
    } else {
        // A run of pictures takes no vectors as items; then as a picture with such metadata.
        assert!(status < 500, "{answer}");
        let path = format!(
            "/items?id=thief&metadata={}",
            secret.display().to_string().replace('/', "%2F")
        );
        let (status, answer) = server.post(&path, "image/png", &picture([9, 9, 9]));
        assert!(status < 300, "{answer}");
        assert_eq!(server.get("/items/thief/image").0, 404);
    }
}

#[test]
fn images_of_a_data_set_are_shown_by_their_names() {
    let world = trained();
    world.run("index create i run fashionmnist:test").code(0);
    let server = Server::start(&world, "i");
    let (status, shown) = server.get("/items/fashionmnist%2Ftest%2F003/image");
    assert_eq!(status, 200);
    assert_eq!(shown[..8], *b"\x89PNG\r\n\x1a\n");
    assert_eq!(server.get("/items/fashionmnist%2Ftest%2F999/image").0, 404);
}

#[cfg(unix)]
#[test]
fn a_server_that_is_told_to_end_ends_well() {
    let world = world();
    let mut server = Server::start(&world, "i");
    let added = server.post("/items?id=new", "image/png", &picture([7, 100, 7]));
    assert!(added.0 < 300, "{added:?}");
    let id = server.process.id().to_string();
    Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let info = world.run("index info i --json").code(0).stdout;
    assert!(info.contains("\"items\":4"), "{info}");
}

#[test]
fn other_machines_are_served_with_a_token_only() {
    let world = world();
    world
        .run("serve i --address 0.0.0.0 --port 0")
        .code(2)
        .says("token");
    let mut command = world.lam("serve i --address 0.0.0.0 --port 0");
    let run = crate::common::Run::of(command.env("LAM_TOKEN", "short"));
    run.code(2).says("16");
    world
        .run("serve i --risk 0.1")
        .code(2)
        .says("lam index calibrate");
    world.run("serve none --port 0").code(2).says("none");
    world
        .run("serve plain i --port 0")
        .code(2)
        .says("another model");
}
