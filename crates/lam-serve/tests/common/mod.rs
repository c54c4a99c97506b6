//! A server in the test's own process, and what it is asked.

pub mod chromium;
pub mod encoders;
pub mod pictures;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use lam_retrieve::{Encoder, Input, RetrieveError};
use lam_search::store::{Fingerprint, Item, ItemId, Spec, Writer};
use lam_serve::{ServeError, ServeOptions, Service, serve};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::http::Response;

pub use encoders::{Colours, MODEL};

/// A server that ends with the test.
pub struct Server {
    pub address: SocketAddr,
    agent: Agent,
    token: Option<String>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The JSON of an answer that must be one.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.text()
        );
        self.json()
    }

    /// The message of an answer that must be this error: one JSON object with one sentence.
    #[track_caller]
    pub fn error(self, status: u16) -> String {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        let json = self.json();
        let object = json.as_object().unwrap();
        assert_eq!(object.len(), 1, "{json}");
        let message = object["error"].as_str().unwrap().to_owned();
        assert!(message.len() > 10 && !message.contains('\n'), "{message}");
        message
    }
}

impl Server {
    pub fn start(service: Service, options: ServeOptions) -> Self {
        Self::try_start(service, options).unwrap()
    }

    pub fn try_start(service: Service, options: ServeOptions) -> Result<Self, ServeError> {
        let (end, ended) = oneshot::channel::<()>();
        let (ready, bound) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let ended = async {
                let _ = ended.await;
            };
            runtime.block_on(serve(service, options, ended, |address| {
                ready.send(address).unwrap();
            }))
        });
        match bound.recv() {
            Ok(address) => Ok(Self {
                address,
                agent: agent(),
                token: None,
                end: Some(end),
                thread: Some(thread),
            }),
            Err(_) => match thread.join().unwrap() {
                Err(error) => Err(error),
                Ok(()) => panic!("it ended before it began"),
            },
        }
    }

    /// Another client of a server, which goes on without it.
    pub fn client(address: SocketAddr) -> Self {
        Self {
            address,
            agent: agent(),
            token: None,
            end: None,
            thread: None,
        }
    }

    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.agent.get(self.url(path));
        for (name, value) in self.own_headers().into_iter().chain(own(headers)) {
            request = request.header(name, value);
        }
        reply(request.call().unwrap())
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.try_delete(path).unwrap()
    }

    pub fn try_delete(&self, path: &str) -> Result<Reply, ureq::Error> {
        let mut request = self.agent.delete(self.url(path));
        for (name, value) in self.own_headers() {
            request = request.header(name, value);
        }
        Ok(reply(request.call()?))
    }

    pub fn post(&self, path: &str, kind: &str, body: &[u8]) -> Reply {
        self.post_with(path, &[("content-type", kind)], body)
    }

    pub fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.try_post(path, headers, body).unwrap()
    }

    pub fn try_post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, ureq::Error> {
        let mut request = self.agent.post(self.url(path));
        for (name, value) in self.own_headers().into_iter().chain(own(headers)) {
            request = request.header(name, value);
        }
        Ok(reply(request.send(body)?))
    }

    pub fn json(&self, path: &str, body: &Value) -> Reply {
        self.post(path, "application/json", body.to_string().as_bytes())
    }

    pub fn png(&self, path: &str, png: &[u8]) -> Reply {
        self.post(path, "image/png", png)
    }

    fn own_headers(&self) -> Vec<(String, String)> {
        let token = self.token.iter();
        token
            .map(|token| ("authorization".into(), format!("Bearer {token}")))
            .collect()
    }

    /// The value of a metric.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics");
        let line = text.text().lines().find(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(' '))
        });
        line.map_or(0.0, |line| {
            line.rsplit(' ').next().unwrap().parse().unwrap()
        })
    }

    /// Tells it to end and waits until it has.
    pub fn end(mut self) {
        self.stop().unwrap();
    }

    /// Tells it to end.
    pub fn tell_to_end(&mut self) {
        drop(self.end.take());
    }

    fn stop(&mut self) -> Result<(), ServeError> {
        self.tell_to_end();
        self.thread
            .take()
            .map_or(Ok(()), |thread| thread.join().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.stop()
            && !std::thread::panicking()
        {
            panic!("{error}");
        }
    }
}

fn own(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn reply(mut response: Response<ureq::Body>) -> Reply {
    let headers = response.headers().iter();
    Reply {
        status: response.status().as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()
            .unwrap(),
    }
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

/// An index of another process' or of nobody's model.
pub fn create(folder: &Path, dim: usize, spread: bool, model: Fingerprint) -> Writer {
    let spec = Spec {
        dim,
        spread,
        fingerprint: model,
    };
    Writer::create(folder, spec).unwrap()
}

/// An index of vectors without a model: four items in the plane.
pub fn plane() -> (TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = create(folder.path(), 2, false, Fingerprint([0; 32]));
    let classes = ["east", "north", "west", "south"];
    let items: Vec<Item> = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]
        .into_iter()
        .enumerate()
        .map(|(i, mean)| Item {
            label: Some(i as u32),
            class: Some(classes[i].into()),
            metadata: format!("number {i}"),
            ..Item::new(i as u64, mean.to_vec())
        })
        .collect();
    writer.add(&items).unwrap();
    (folder, Service::new(writer, None).unwrap())
}

/// An index of one-coloured pictures, with the model of colours: six a class.
pub fn colours(encoder: Arc<dyn Encoder>) -> (TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = create(&folder.path().join("colours"), 3, true, MODEL);
    let mut items = Vec::new();
    for (label, (class, rgb)) in pictures::CLASSES.into_iter().enumerate() {
        for i in 0..6_u8 {
            let picture = pictures::one_colour(rgb.map(|c| c.saturating_sub(i * 9).max(12)));
            let embedded = embed_one(&*encoder, Input::Image(&picture)).unwrap();
            items.push(Item {
                label: Some(label as u32),
                class: Some(class.into()),
                sigma: embedded.sigmas,
                uncertainty: embedded.uncertainties.map(|all| all[0]),
                ..Item::new(format!("{class}/{i}.png"), embedded.means)
            });
        }
    }
    writer.add(&items).unwrap();
    // What varies more than any of them by half is unlike all of them.
    writer.set_threshold(Some(0.1)).unwrap();
    (folder, Service::new(writer, Some(encoder)).unwrap())
}

pub fn embed_one(
    encoder: &dyn Encoder,
    input: Input<'_>,
) -> Result<lam_retrieve::Embeddings, RetrieveError> {
    encoder.embed(&[input])
}

/// Ids in a JSON list of neighbours.
pub fn ids(answer: &Value) -> Vec<Value> {
    let neighbours = answer["neighbours"].as_array().unwrap();
    neighbours.iter().map(|n| n["id"].clone()).collect()
}

/// All ids of an index on the disk.
pub fn stored(folder: &Path) -> Vec<ItemId> {
    let writer = Writer::open(folder).unwrap();
    writer.view().items().map(|item| item.id).collect()
}
