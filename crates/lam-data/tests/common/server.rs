//! A web server that answers as a test tells it to.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses some of it

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A request: path, and where its range starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub path: String,
    pub from: Option<usize>,
}

/// An answer.
pub enum Reply {
    /// Status line, headers and body as they are; then the connection is closed.
    Raw(Vec<u8>),
    /// The same, but silence for a while before it is closed.
    Stall(Vec<u8>, Duration),
}

/// All of `content`, whatever range is asked for.
pub fn whole(content: &[u8]) -> Reply {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        content.len()
    );
    Reply::Raw([head.as_bytes(), content].concat())
}

/// Only the first `sent` bytes of `content`, though all are announced.
pub fn cut_off(content: &[u8], sent: usize) -> Reply {
    let Reply::Raw(mut answer) = whole(content) else {
        unreachable!()
    };
    answer.truncate(answer.len() - content.len() + sent);
    Reply::Raw(answer)
}

/// What is asked for: the rest from where the range starts, else all.
pub fn ranged(content: &[u8], request: &Request) -> Reply {
    let Some(from) = request.from else {
        return whole(content);
    };
    if from >= content.len() {
        return status("416 Range Not Satisfiable");
    }
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{}\r\nContent-Length: {}\r\n\r\n",
        content.len() - 1,
        content.len(),
        content.len() - from,
    );
    Reply::Raw([head.as_bytes(), &content[from..]].concat())
}

/// No more than a status.
pub fn status(line: &str) -> Reply {
    Reply::Raw(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into_bytes())
}

/// Stops when dropped.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// `answer` gets the request and how many came before it.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (requests, stop) = (Arc::clone(&requests), Arc::clone(&stop));
            thread::spawn(move || {
                // Bounded, so that a client that never gives up cannot hang the tests.
                for stream in listener.incoming().take(100) {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    serve(stream.unwrap(), &requests, &answer);
                }
            })
        };
        Self {
            address,
            requests,
            stop,
            thread: Some(thread),
        }
    }

    /// Address of its top folder.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes it up
        let _ = self.thread.take().unwrap().join();
    }
}

fn serve(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Request>>,
    answer: &impl Fn(&Request, usize) -> Reply,
) {
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    let mut request = Request {
        path: first.split(' ').nth(1).unwrap().to_owned(),
        from: None,
    };
    for line in lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
    {
        let (name, value) = line.split_once(": ").unwrap();
        if name.eq_ignore_ascii_case("range") {
            let from = value
                .strip_prefix("bytes=")
                .unwrap()
                .strip_suffix('-')
                .unwrap();
            request.from = Some(from.parse().unwrap());
        }
    }
    let before = {
        let mut requests = requests.lock().unwrap();
        requests.push(request.clone());
        requests.len() - 1
    };
    // The client may have hung up.
    match answer(&request, before) {
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Reply::Stall(bytes, silence) => {
            let _ = stream.write_all(&bytes);
            // Other requests are answered meanwhile.
            thread::spawn(move || {
                thread::sleep(silence);
                drop(stream);
            });
        }
    }
}
