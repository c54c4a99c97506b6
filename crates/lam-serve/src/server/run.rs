//! From a service to answers.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use lam_retrieve::Classes;
use lam_search::retrieval::Method;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::Gate;
use super::connections::Connections;
use crate::metrics::Metrics;
use crate::queue::{Changes, Encodings, Searches};
use crate::routes::router;
use crate::state::{MapCell, State};
use crate::upkeep::{Upkeep, WriterCell, wake};
use crate::{ServeError, ServeOptions, Service};

/// A connection without an answer ends so long after every request on it must have been answered.
const SPARE: Duration = Duration::from_secs(5);

/// Serves until the process gets SIGINT or SIGTERM (Ctrl-C elsewhere): blocks, on threads of its own. `ready` hears of the
/// address when connections are accepted. Requests that are being answered then still are.
///
/// # Errors
/// The address cannot be had, the options ask for what the index does not have, or there are no threads.
pub fn run(
    service: Service,
    options: ServeOptions,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Start)?;
    let served = runtime.block_on(async {
        let end = end_of_process().map_err(ServeError::Start)?;
        serve(service, options, end, ready).await
    });
    // What still runs was given up by its peer.
    runtime.shutdown_background();
    served
}

/// Serves until `end` is ready, then answers what has been asked, and closes the index. Takes a runtime with several
/// threads.
///
/// # Errors
/// As [`run`].
pub async fn serve(
    service: Service,
    options: ServeOptions,
    end: impl Future<Output = ()> + Send + 'static,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let view = service.writer.view();
    options.check(view.spec().spread)?;
    let address = options.address();
    let failed = |error| ServeError::Bind { address, error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let limits = options.limits;
    let graph = matches!(options.search.method, Method::Approximate { .. });

    let metrics = Metrics::new();
    let store = service.writer.store().clone();
    let writer = WriterCell::new(service.writer);
    let (wake, woken) = wake();
    let changed = Arc::new(AtomicU64::new(0));
    let map = MapCell::default();
    let upkeep = Upkeep {
        writer: writer.clone(),
        store: store.clone(),
        map: map.clone(),
        changed: changed.clone(),
        graph,
    };
    let encodings = service
        .encoder
        .map(|encoder| Encodings::start(encoder, metrics.clone()));
    let classes = Classes::of(&view);
    drop(view);
    let changes = Changes::start(writer.clone(), classes, changed, wake, metrics.clone());
    let searches = Searches::start(&store, &service.retriever, &metrics);
    let state = Arc::new(State {
        name: service.name,
        store,
        writer: writer.clone(),
        retriever: service.retriever,
        pictures: service.pictures,
        encodings: encodings.transpose().map_err(ServeError::Start)?,
        searches: searches.map_err(ServeError::Start)?,
        changes: changes.map_err(ServeError::Start)?,
        gate: Gate::new(&limits),
        decoding: Arc::new(Semaphore::new(limits.pictures.min(Semaphore::MAX_PERMITS))),
        metrics,
        map,
        options,
    });
    upkeep.start(woken).map_err(ServeError::Start)?;

    let connections = Connections::new(listener, limits.connections, limits.timeout + SPARE);
    let server = axum::serve(connections, router(state.clone()));
    ready(bound);
    let served = server.with_graceful_shutdown(end).await;
    // Not on a thread of the runtime: changes that nobody waits for any more are written, and the index is closed.
    let closed = tokio::task::spawn_blocking(move || {
        drop(state);
        writer.lock().take();
    });
    let closed = closed.await.map_err(io::Error::other);
    served.and(closed).map_err(ServeError::Start)
}

/// Ready when the process is told to end.
#[cfg(unix)]
fn end_of_process() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready when the process is told to end.
#[cfg(not(unix))]
fn end_of_process() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        // Without signals it ends as every process does.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
