//! What can be counted.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictOf {
    verdict: &'static str,
}

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Request, Counter>,
    latency: Family<Route, Histogram, fn() -> Histogram>,
    verdicts: Family<VerdictOf, Counter>,
    items: Gauge,
    pub(crate) in_flight: Gauge,
    pub(crate) rejected: Counter,
    pub(crate) panics: Counter,
    pub(crate) embedded: Counter,
    pub(crate) searched_together: Histogram,
    pub(crate) written_together: Histogram,
}

/// 0.25 ms to 32 s.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 18))
}

/// 1 to 8192.
fn sizes() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 14))
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("lam");
        let requests = Family::default();
        let latency = Family::new_with_constructor(latencies as fn() -> Histogram);
        let verdicts = Family::default();
        let (items, in_flight) = (Gauge::default(), Gauge::default());
        let (rejected, panics, embedded) =
            (Counter::default(), Counter::default(), Counter::default());
        let (searched_together, written_together) = (sizes(), sizes());
        registry.register("requests", "Answered requests", requests.clone());
        registry.register(
            "request_duration_seconds",
            "From a request's header to the answer's",
            latency.clone(),
        );
        registry.register("answers", "Queries answered, by verdict", verdicts.clone());
        registry.register("items", "Items in the index", items.clone());
        registry.register(
            "in_flight_requests",
            "Requests being answered",
            in_flight.clone(),
        );
        registry.register(
            "rejected_requests",
            "Requests sent away because too many were waiting",
            rejected.clone(),
        );
        registry.register(
            "panics",
            "Requests that made a handler panic",
            panics.clone(),
        );
        registry.register(
            "embedded_inputs",
            "Inputs that the model embedded",
            embedded.clone(),
        );
        registry.register(
            "queries_searched_together",
            "Queries that shared a search",
            searched_together.clone(),
        );
        registry.register(
            "items_changed_together",
            "Items that shared a write",
            written_together.clone(),
        );
        Self {
            registry: Arc::new(registry),
            requests,
            latency,
            verdicts,
            items,
            in_flight,
            rejected,
            panics,
            embedded,
            searched_together,
            written_together,
        }
    }

    pub(crate) fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        let request = Request {
            method,
            route: route.clone(),
            status,
        };
        self.requests.get_or_create(&request).inc();
        let latency = self.latency.get_or_create(&Route { route });
        latency.observe(took.as_secs_f64());
    }

    pub(crate) fn verdict(&self, verdict: &'static str) {
        self.verdicts.get_or_create(&VerdictOf { verdict }).inc();
    }

    /// All in Prometheus' text format.
    pub(crate) fn text(&self, items: usize) -> Result<String, std::fmt::Error> {
        self.items.set(items as i64);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
