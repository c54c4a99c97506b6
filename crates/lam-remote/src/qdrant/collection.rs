use std::collections::HashMap;
use std::time::Duration;

use lam_retrieve::Found;
use lam_search::squared_distance;
use lam_search::store::{Fingerprint, ItemView, Spec};
use qdrant_client::QdrantError;
use qdrant_client::qdrant::{
    CountPoints, CreateCollection, DeletePoints, DenseVector, Distance, GetPoints, HnswConfigDiff,
    NamedVectors, PayloadIncludeSelector, PointStruct, PointsIdsList, PointsOperationResponse,
    PointsSelector, Query, QueryPoints, ScoredPoint, ScrollPoints, UpdateStatus, UpsertPoints,
    Vector, VectorInput, VectorOutput, VectorParams, VectorParamsMap, Vectors, VectorsConfig,
    VectorsOutput, VectorsSelector, WithPayloadSelector, WithVectorsSelector, points_selector,
    query, vector, vector_input, vector_output, vectors, vectors_config, vectors_output,
    with_payload_selector, with_vectors_selector,
};
use tokio::runtime::Runtime;

use super::status::{explain, is_not_found, is_race};
use super::{QdrantAddress, payload, point_id as ids};
use crate::database::{KeyPage, VectorDatabase, sort_by_distance};
use crate::{Digest, Nearest, RemoteError};

/// Names of a point's vectors.
const MEAN: &str = "mean";
const SIGMA: &str = "sigma";
/// Key of the collection's metadata.
const FINGERPRINT: &str = "lam_fingerprint";
const MOST_DIMENSIONS: usize = 65_535;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A batch is applied before the server answers.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A collection.
pub(crate) struct Qdrant {
    address: QdrantAddress,
    name: String,
    client: qdrant_client::Qdrant,
    runtime: Runtime,
    /// Whether points have a vector of deviations; known once the collection is.
    spread: bool,
}

impl Qdrant {
    pub(crate) fn new(address: QdrantAddress, name: &str) -> Result<Self, RemoteError> {
        if name.is_empty() {
            return Err(RemoteError::Name {
                name: name.into(),
                noun: "collection",
                reason: "it is empty".into(),
            });
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| RemoteError::Local(format!("no event loop: {error}")))?;
        // The client's own check of versions prints to standard output.
        let client = qdrant_client::Qdrant::from_url(&address.endpoint())
            .api_key(address.api_key.clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .skip_compatibility_check()
            .build()
            .map_err(|error| explain(&address, &error))?;
        Ok(Self {
            address,
            name: name.into(),
            client,
            runtime,
            spread: false,
        })
    }

    fn foreign(&self, reason: impl Into<String>) -> RemoteError {
        RemoteError::Foreign {
            place: self.place(),
            reason: reason.into(),
        }
    }

    fn unexpected(&self, reason: impl Into<String>) -> RemoteError {
        RemoteError::Unexpected {
            place: self.place(),
            reason: reason.into(),
        }
    }

    fn explain(&self, error: &QdrantError) -> RemoteError {
        explain(&self.address, error)
    }

    /// Takes a collection back that was made without what says whose it is.
    fn check_metadata(&mut self) -> Result<(), RemoteError> {
        let info = self
            .runtime
            .block_on(self.client.collection_info(&self.name));
        let info = info.map_err(|error| self.explain(&error))?.result;
        let metadata = info
            .and_then(|info| info.config)
            .map(|config| config.metadata);
        if metadata.is_some_and(|metadata| metadata.contains_key(FINGERPRINT)) {
            return Ok(());
        }
        let removed = self
            .runtime
            .block_on(self.client.delete_collection(&self.name));
        removed.map_err(|error| self.explain(&error))?;
        Err(RemoteError::Refused {
            place: self.address.to_string(),
            reason:
                "this server keeps no metadata of collections, and so not which model they are of: \
                     it takes Qdrant 1.16 or later"
                    .into(),
        })
    }

    /// Refuses an answer that does not say that all is done.
    fn check_done(&self, answer: &PointsOperationResponse) -> Result<(), RemoteError> {
        let status = answer.result.as_ref().map(|result| result.status());
        match status {
            Some(UpdateStatus::Completed) => Ok(()),
            Some(
                UpdateStatus::Acknowledged
                | UpdateStatus::WaitTimeout
                | UpdateStatus::ClockRejected,
            ) => Err(RemoteError::Unavailable {
                place: self.address.to_string(),
                reason: "the server took the change but has not applied it yet".into(),
            }),
            Some(UpdateStatus::UnknownUpdateStatus) | None => {
                Err(self.unexpected("the server does not say what became of a change"))
            }
        }
    }

    fn nearest_of(&self, point: ScoredPoint, query: &[f32]) -> Result<Nearest, RemoteError> {
        let content = payload::decode(point.id.as_ref(), &point.payload)
            .map_err(|reason| self.unexpected(reason))?;
        let mut vectors = named(point.vectors);
        // The score is a cosine of 32 bits, too coarse for the distance of what is nearly the same.
        let distance = match vectors.remove(MEAN).and_then(dense) {
            Some(mean) if mean.len() == query.len() => squared_distance(query, &mean).sqrt(),
            _ => {
                return Err(self.unexpected(format!(
                    "item {} came without its vector {MEAN:?} of dimension {}",
                    content.id,
                    query.len()
                )));
            }
        };
        Ok(Nearest {
            found: Found {
                slot: None,
                id: content.id,
                label: content.label,
                class: content.class,
                metadata: content.metadata,
                distance,
                expected: None,
                uncertainty: content.uncertainty,
            },
            sigma: vectors.remove(SIGMA).and_then(dense),
        })
    }

    fn vector_names(&self) -> Vec<String> {
        let sigma = self.spread.then(|| SIGMA.to_owned());
        std::iter::once(MEAN.to_owned()).chain(sigma).collect()
    }
}

impl VectorDatabase for Qdrant {
    fn place(&self) -> String {
        format!("collection {:?} at {}", self.name, self.address)
    }

    fn check(&self, spec: &Spec, graph: bool) -> Result<(), RemoteError> {
        if graph {
            return Err(RemoteError::Usage(
                "Qdrant builds its HNSW graph by itself: leave out --hnsw".into(),
            ));
        }
        if spec.dim > MOST_DIMENSIONS {
            return Err(RemoteError::Limit(format!(
                "the embeddings have {} dimensions; Qdrant holds at most {MOST_DIMENSIONS}",
                spec.dim
            )));
        }
        Ok(())
    }

    fn spec(&mut self) -> Result<Option<Spec>, RemoteError> {
        let info = self
            .runtime
            .block_on(self.client.collection_info(&self.name));
        let info = match info {
            Ok(info) => info.result,
            Err(error) if is_not_found(&error) => return Ok(None),
            Err(error) => return Err(self.explain(&error)),
        };
        let Some(config) = info.and_then(|info| info.config) else {
            return Err(self.unexpected("its configuration is missing"));
        };
        let Some(model) = payload::text(&config.metadata, FINGERPRINT) else {
            return Err(self.foreign(format!(
                "was not made by lam (its metadata has no {FINGERPRINT})"
            )));
        };
        let fingerprint: Fingerprint = model
            .parse()
            .map_err(|error| self.foreign(format!("its metadata is damaged: {error}")))?;
        let vectors = config.params.and_then(|params| params.vectors_config);
        let Some(vectors_config::Config::ParamsMap(vectors)) =
            vectors.and_then(|vectors| vectors.config)
        else {
            return Err(self.foreign("has no named vectors"));
        };
        let mean = vectors.map.get(MEAN);
        let Some(mean) = mean.filter(|mean| mean.distance() == Distance::Cosine) else {
            return Err(self.foreign(format!("has no vector {MEAN:?} compared by cosine")));
        };
        let dim = usize::try_from(mean.size)
            .map_err(|_| self.foreign(format!("its vectors have {} dimensions", mean.size)))?;
        self.spread = vectors.map.contains_key(SIGMA);
        Ok(Some(Spec {
            dim,
            spread: self.spread,
            fingerprint,
        }))
    }

    fn create(&mut self, spec: &Spec) -> Result<(), RemoteError> {
        let mean = VectorParams {
            size: spec.dim as u64,
            distance: Distance::Cosine.into(),
            ..VectorParams::default()
        };
        // Carried, not searched: without links there is no graph.
        let sigma = VectorParams {
            distance: Distance::Euclid.into(),
            hnsw_config: Some(HnswConfigDiff {
                m: Some(0),
                ..HnswConfigDiff::default()
            }),
            ..mean
        };
        let mut map = HashMap::from([(MEAN.to_owned(), mean)]);
        if spec.spread {
            map.insert(SIGMA.to_owned(), sigma);
        }
        let request = CreateCollection {
            collection_name: self.name.clone(),
            vectors_config: Some(VectorsConfig {
                config: Some(vectors_config::Config::ParamsMap(VectorParamsMap { map })),
            }),
            metadata: HashMap::from([(
                FINGERPRINT.to_owned(),
                spec.fingerprint.to_string().into(),
            )]),
            ..CreateCollection::default()
        };
        match self
            .runtime
            .block_on(self.client.create_collection(request))
        {
            Ok(answer) if answer.result => self.check_metadata(),
            Ok(_) => Err(RemoteError::Refused {
                place: self.address.to_string(),
                reason: format!("collection {:?} was not made", self.name),
            }),
            // Another program made it in the meantime; what it made is looked at next.
            Err(error) if is_race(&error) => Ok(()),
            Err(error) => Err(self.explain(&error)),
        }
    }

    fn digests(&mut self, keys: &[String]) -> Result<Vec<(String, Digest)>, RemoteError> {
        let request = GetPoints {
            collection_name: self.name.clone(),
            ids: keys.iter().map(|key| ids::of_key(key)).collect(),
            with_payload: Some(only(payload::DIGEST)),
            with_vectors: Some(no_vectors()),
            ..GetPoints::default()
        };
        let answer = self.runtime.block_on(self.client.get_points(request));
        let points = answer.map_err(|error| self.explain(&error))?.result;
        Ok(points
            .iter()
            .filter_map(|point| {
                let key = ids::to_key(point.id.as_ref()?)?;
                Some((key, payload::digest(&point.payload)?))
            })
            .collect())
    }

    fn upsert(&mut self, items: &[(ItemView<'_>, Digest)]) -> Result<(), RemoteError> {
        let points = items.iter().map(|(item, digest)| {
            let mut vectors = HashMap::from([(MEAN.to_owned(), vector_of(item.mean))]);
            if let Some(sigma) = item.sigma {
                vectors.insert(SIGMA.to_owned(), vector_of(sigma));
            }
            PointStruct {
                id: Some(ids::of_key(&ids::encode(&item.id))),
                payload: payload::encode(item, *digest),
                vectors: Some(Vectors {
                    vectors_options: Some(vectors::VectorsOptions::Vectors(NamedVectors {
                        vectors,
                    })),
                }),
            }
        });
        let request = UpsertPoints {
            collection_name: self.name.clone(),
            wait: Some(true),
            points: points.collect(),
            ..UpsertPoints::default()
        };
        let answer = self.runtime.block_on(self.client.upsert_points(request));
        self.check_done(&answer.map_err(|error| self.explain(&error))?)
    }

    fn delete(&mut self, keys: &[String]) -> Result<(), RemoteError> {
        let ids = keys.iter().map(|key| ids::of_key(key)).collect();
        let request = DeletePoints {
            collection_name: self.name.clone(),
            wait: Some(true),
            points: Some(PointsSelector {
                points_selector_one_of: Some(points_selector::PointsSelectorOneOf::Points(
                    PointsIdsList { ids },
                )),
            }),
            ..DeletePoints::default()
        };
        let answer = self.runtime.block_on(self.client.delete_points(request));
        self.check_done(&answer.map_err(|error| self.explain(&error))?)
    }

    fn keys(&mut self, from: Option<&str>, limit: usize) -> Result<KeyPage, RemoteError> {
        let request = ScrollPoints {
            collection_name: self.name.clone(),
            offset: from.map(ids::of_key),
            limit: Some(u32::try_from(limit).unwrap_or(u32::MAX)),
            with_payload: Some(WithPayloadSelector {
                selector_options: Some(with_payload_selector::SelectorOptions::Enable(false)),
            }),
            with_vectors: Some(no_vectors()),
            ..ScrollPoints::default()
        };
        let answer = self.runtime.block_on(self.client.scroll(request));
        let answer = answer.map_err(|error| self.explain(&error))?;
        let keys = answer.result.iter();
        Ok(KeyPage {
            keys: keys
                .filter_map(|point| ids::to_key(point.id.as_ref()?))
                .collect(),
            next: answer.next_page_offset.as_ref().and_then(ids::to_key),
        })
    }

    fn count(&mut self) -> Result<u64, RemoteError> {
        let request = CountPoints {
            collection_name: self.name.clone(),
            exact: Some(true),
            ..CountPoints::default()
        };
        let answer = self.runtime.block_on(self.client.count(request));
        let result = answer.map_err(|error| self.explain(&error))?.result;
        let result = result.ok_or_else(|| self.unexpected("the server does not say how many"))?;
        Ok(result.count)
    }

    fn build_graph(&mut self) -> Result<(), RemoteError> {
        Ok(())
    }

    fn nearest(&mut self, mean: &[f32], k: usize) -> Result<Vec<Nearest>, RemoteError> {
        let request = QueryPoints {
            collection_name: self.name.clone(),
            query: Some(Query {
                variant: Some(query::Variant::Nearest(VectorInput {
                    variant: Some(vector_input::Variant::Dense(DenseVector {
                        data: mean.to_vec(),
                    })),
                })),
            }),
            using: Some(MEAN.into()),
            limit: Some(k as u64),
            with_payload: Some(WithPayloadSelector {
                selector_options: Some(with_payload_selector::SelectorOptions::Enable(true)),
            }),
            with_vectors: Some(WithVectorsSelector {
                selector_options: Some(with_vectors_selector::SelectorOptions::Include(
                    VectorsSelector {
                        names: self.vector_names(),
                    },
                )),
            }),
            ..QueryPoints::default()
        };
        let answer = self.runtime.block_on(self.client.query(request));
        let points = answer.map_err(|error| self.explain(&error))?.result;
        let nearest: Result<Vec<Nearest>, RemoteError> = points
            .into_iter()
            .map(|point| self.nearest_of(point, mean))
            .collect();
        let mut nearest = nearest?;
        sort_by_distance(&mut nearest);
        Ok(nearest)
    }
}

fn vector_of(values: &[f32]) -> Vector {
    Vector {
        vector: Some(vector::Vector::Dense(DenseVector {
            data: values.to_vec(),
        })),
        ..Vector::default()
    }
}

fn named(vectors: Option<VectorsOutput>) -> HashMap<String, VectorOutput> {
    match vectors.and_then(|vectors| vectors.vectors_options) {
        Some(vectors_output::VectorsOptions::Vectors(named)) => named.vectors,
        _ => HashMap::new(),
    }
}

/// The values of a vector, which servers before 1.16 send in another field.
fn dense(vector: VectorOutput) -> Option<Vec<f32>> {
    match vector.vector {
        Some(vector_output::Vector::Dense(dense)) => Some(dense.data),
        Some(_) => None,
        #[allow(deprecated)]
        None => Some(vector.data),
    }
}

fn only(key: &str) -> WithPayloadSelector {
    WithPayloadSelector {
        selector_options: Some(with_payload_selector::SelectorOptions::Include(
            PayloadIncludeSelector {
                fields: vec![key.into()],
            },
        )),
    }
}

fn no_vectors() -> WithVectorsSelector {
    WithVectorsSelector {
        selector_options: Some(with_vectors_selector::SelectorOptions::Enable(false)),
    }
}
