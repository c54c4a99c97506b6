//! A server that speaks Qdrant's protocol, written after its documentation: enough of it to hold points in memory,
//! to refuse what Qdrant refuses, and to fail when a test says so. It remembers what it was asked.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use ::qdrant_client::qdrant::collections_server::{Collections, CollectionsServer};
use ::qdrant_client::qdrant::point_id::PointIdOptions;
use ::qdrant_client::qdrant::points_server::{Points, PointsServer};
use ::qdrant_client::qdrant::*;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

/// Numbers before UUIDs, as Qdrant scrolls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Number(u64),
    Uuid(String),
}

#[derive(Debug, Default)]
pub struct Stored {
    pub vectors: HashMap<String, VectorParams>,
    pub metadata: HashMap<String, Value>,
    pub points: BTreeMap<Key, PointStruct>,
}

/// What goes wrong with the next call of a method.
#[derive(Debug, Clone)]
pub struct Failure {
    pub method: &'static str,
    pub code: Code,
    /// Whether the call does its work first: what is lost is the answer.
    pub after_work: bool,
}

#[derive(Debug, Default)]
pub struct State {
    pub collections: HashMap<String, Stored>,
    pub failures: VecDeque<Failure>,
    /// Methods called, in order.
    pub calls: Vec<&'static str>,
    pub upserts: Vec<UpsertPoints>,
    pub queries: Vec<QueryPoints>,
    pub api_keys: Vec<Option<String>>,
    /// As servers before 1.16 do: collections have no metadata, vectors come in a field of their own.
    pub is_old: bool,
}

impl State {
    pub fn count(&self, method: &str) -> usize {
        self.calls.iter().filter(|call| **call == method).count()
    }
}

pub type Shared = Arc<Mutex<State>>;

pub struct QdrantServer {
    pub state: Shared,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl QdrantServer {
    pub fn start() -> Self {
        Self::at("127.0.0.1:0", Shared::default())
    }

    /// With what another one held, and at its address.
    pub fn at(address: &str, state: Shared) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let (address, service) = (address.to_owned(), Service(state.clone()));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind(&address).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let serving = Server::builder()
                    .add_service(CollectionsServer::new(service.clone()))
                    .add_service(PointsServer::new(service).max_decoding_message_size(32 << 20))
                    .serve_with_incoming(TcpIncoming::from(listener));
                tokio::select! {
                    result = serving => result.unwrap(),
                    _ = stopped => {}
                }
            });
            // Connections end with the runtime.
        });
        Self {
            state,
            address: told.recv().unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("qdrant://{}", self.address)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for QdrantServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().unwrap().join();
    }
}

#[derive(Clone)]
struct Service(Shared);

type Answer<T> = Result<Response<T>, Status>;

impl Service {
    /// Writes the call down, does its work, and fails where a test wants it.
    fn call<Q, A>(
        &self,
        method: &'static str,
        request: Request<Q>,
        work: impl FnOnce(&mut State, Q) -> Result<A, Status>,
    ) -> Answer<A> {
        let mut state = self.0.lock().unwrap();
        let key = request.metadata().get("api-key");
        let key = key.map(|key| key.to_str().unwrap().to_owned());
        state.api_keys.push(key);
        state.calls.push(method);
        let is_next = state
            .failures
            .front()
            .is_some_and(|next| next.method == method);
        let failure = match is_next {
            true => state.failures.pop_front(),
            false => None,
        };
        let fail = |failure: &Failure| Status::new(failure.code, "as the test wants it");
        match failure {
            Some(failure) if failure.after_work => {
                work(&mut state, request.into_inner())?;
                Err(fail(&failure))
            }
            Some(failure) => Err(fail(&failure)),
            None => work(&mut state, request.into_inner()).map(Response::new),
        }
    }
}

fn stored<'s>(state: &'s mut State, name: &str) -> Result<&'s mut Stored, Status> {
    let missing = || Status::not_found(format!("Not found: Collection `{name}` doesn't exist!"));
    state.collections.get_mut(name).ok_or_else(missing)
}

fn key(id: &PointId) -> Result<Key, Status> {
    match id.point_id_options.as_ref().unwrap() {
        PointIdOptions::Num(number) => Ok(Key::Number(*number)),
        PointIdOptions::Uuid(text) => {
            let lengths: Vec<usize> = text.split('-').map(str::len).collect();
            let is_uuid = lengths == [8, 4, 4, 4, 12]
                && text
                    .bytes()
                    .all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
            match is_uuid {
                true => Ok(Key::Uuid(text.clone())),
                false => Err(Status::invalid_argument(format!(
                    "Unable to parse UUID: {text}"
                ))),
            }
        }
    }
}

fn id(key: &Key) -> PointId {
    match key {
        Key::Number(number) => (*number).into(),
        Key::Uuid(uuid) => uuid.clone().into(),
    }
}

fn named(point: &PointStruct) -> &HashMap<String, Vector> {
    match point
        .vectors
        .as_ref()
        .unwrap()
        .vectors_options
        .as_ref()
        .unwrap()
    {
        vectors::VectorsOptions::Vectors(named) => &named.vectors,
        vectors::VectorsOptions::Vector(_) => panic!("vectors have names here"),
    }
}

pub fn values(point: &PointStruct, name: &str) -> Option<Vec<f32>> {
    match named(point).get(name)?.vector.as_ref().unwrap() {
        vector::Vector::Dense(dense) => Some(dense.data.clone()),
        other => panic!("{other:?}"),
    }
}

/// The payload that is asked for.
fn payload(point: &PointStruct, selector: Option<&WithPayloadSelector>) -> HashMap<String, Value> {
    use with_payload_selector::SelectorOptions;
    match selector.and_then(|selector| selector.selector_options.as_ref()) {
        Some(SelectorOptions::Enable(true)) => point.payload.clone(),
        Some(SelectorOptions::Include(include)) => {
            let entries = point
                .payload
                .iter()
                .filter(|(key, _)| include.fields.contains(key));
            entries
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        }
        _ => HashMap::new(),
    }
}

/// The vectors that are asked for.
fn vectors_of(
    point: &PointStruct,
    selector: Option<&WithVectorsSelector>,
    is_old: bool,
) -> Option<VectorsOutput> {
    use with_vectors_selector::SelectorOptions;
    let names = match selector?.selector_options.as_ref()? {
        SelectorOptions::Include(include) => &include.names,
        SelectorOptions::Enable(false) => return None,
        SelectorOptions::Enable(true) => panic!("not asked for by this program"),
    };
    let vectors = names.iter().map(|name| {
        let data = values(point, name).unwrap();
        #[allow(deprecated)]
        let output = match is_old {
            true => VectorOutput {
                data,
                ..VectorOutput::default()
            },
            false => VectorOutput {
                vector: Some(vector_output::Vector::Dense(DenseVector { data })),
                ..VectorOutput::default()
            },
        };
        (name.clone(), output)
    });
    Some(VectorsOutput {
        vectors_options: Some(vectors_output::VectorsOptions::Vectors(
            NamedVectorsOutput {
                vectors: vectors.collect(),
            },
        )),
    })
}

fn completed() -> PointsOperationResponse {
    PointsOperationResponse {
        result: Some(UpdateResult {
            operation_id: Some(1),
            status: UpdateStatus::Completed.into(),
        }),
        ..PointsOperationResponse::default()
    }
}

/// Methods that this program has no use for.
macro_rules! unused {
    ($($method:ident: $request:ty => $answer:ty;)*) => {
        $(fn $method<'s, 'f>(
            &'s self,
            _: Request<$request>,
        ) -> Pin<Box<dyn Future<Output = Answer<$answer>> + Send + 'f>>
        where
            's: 'f,
            Self: 'f,
        {
            Box::pin(async { Err(Status::unimplemented(stringify!($method))) })
        })*
    };
}

#[tonic::async_trait]
impl Collections for Service {
    async fn get(
        &self,
        request: Request<GetCollectionInfoRequest>,
    ) -> Answer<GetCollectionInfoResponse> {
        self.call("info", request, |state, request| {
            let stored = stored(state, &request.collection_name)?;
            let map = stored.vectors.clone();
            let config = vectors_config::Config::ParamsMap(VectorParamsMap { map });
            Ok(GetCollectionInfoResponse {
                result: Some(CollectionInfo {
                    config: Some(CollectionConfig {
                        params: Some(CollectionParams {
                            vectors_config: Some(VectorsConfig {
                                config: Some(config),
                            }),
                            ..CollectionParams::default()
                        }),
                        metadata: stored.metadata.clone(),
                        ..CollectionConfig::default()
                    }),
                    ..CollectionInfo::default()
                }),
                time: 0.0,
            })
        })
    }

    async fn create(
        &self,
        request: Request<CreateCollection>,
    ) -> Answer<CollectionOperationResponse> {
        self.call("create", request, |state, request| {
            let name = request.collection_name;
            if state.collections.contains_key(&name) {
                let said = format!("Wrong input: Collection `{name}` already exists!");
                return Err(Status::already_exists(said));
            }
            if name.contains('/') {
                return Err(Status::invalid_argument(
                    "Wrong input: collection name cannot contain \"/\" char",
                ));
            }
            let Some(vectors_config::Config::ParamsMap(vectors)) =
                request.vectors_config.unwrap().config
            else {
                panic!("vectors have names here");
            };
            let metadata = match state.is_old {
                true => HashMap::new(),
                false => request.metadata,
            };
            let stored = Stored {
                vectors: vectors.map,
                metadata,
                points: BTreeMap::new(),
            };
            state.collections.insert(name, stored);
            Ok(CollectionOperationResponse {
                result: true,
                time: 0.0,
            })
        })
    }

    async fn delete(
        &self,
        request: Request<DeleteCollection>,
    ) -> Answer<CollectionOperationResponse> {
        self.call("drop", request, |state, request| {
            let result = state.collections.remove(&request.collection_name).is_some();
            Ok(CollectionOperationResponse { result, time: 0.0 })
        })
    }

    unused! {
        list: ListCollectionsRequest => ListCollectionsResponse;
        update: UpdateCollection => CollectionOperationResponse;
        update_aliases: ChangeAliases => CollectionOperationResponse;
        list_collection_aliases: ListCollectionAliasesRequest => ListAliasesResponse;
        list_aliases: ListAliasesRequest => ListAliasesResponse;
        collection_cluster_info: CollectionClusterInfoRequest => CollectionClusterInfoResponse;
        collection_exists: CollectionExistsRequest => CollectionExistsResponse;
        update_collection_cluster_setup: UpdateCollectionClusterSetupRequest => UpdateCollectionClusterSetupResponse;
        create_shard_key: CreateShardKeyRequest => CreateShardKeyResponse;
        delete_shard_key: DeleteShardKeyRequest => DeleteShardKeyResponse;
        list_shard_keys: ListShardKeysRequest => ListShardKeysResponse;
    }
}

#[tonic::async_trait]
impl Points for Service {
    async fn upsert(&self, request: Request<UpsertPoints>) -> Answer<PointsOperationResponse> {
        self.call("upsert", request, |state, request| {
            state.upserts.push(request.clone());
            let stored = stored(state, &request.collection_name)?;
            for mut point in request.points {
                let names: Vec<String> = named(&point).keys().cloned().collect();
                for (name, params) in &stored.vectors {
                    let Some(mut data) = values(&point, name) else {
                        return Err(Status::invalid_argument(format!(
                            "Wrong input: vector {name} is missing"
                        )));
                    };
                    if data.len() as u64 != params.size {
                        return Err(Status::invalid_argument(
                            "Wrong input: Vector dimension error",
                        ));
                    }
                    if params.distance() == Distance::Cosine {
                        // Qdrant keeps such vectors at length 1.
                        let length = data.iter().map(|x| x * x).sum::<f32>().sqrt();
                        data.iter_mut().for_each(|x| *x /= length);
                        let Some(vectors::VectorsOptions::Vectors(vectors)) =
                            point.vectors.as_mut().unwrap().vectors_options.as_mut()
                        else {
                            panic!("vectors have names here");
                        };
                        let dense = vector::Vector::Dense(DenseVector { data });
                        vectors.vectors.get_mut(name).unwrap().vector = Some(dense);
                    }
                }
                if let Some(name) = names
                    .iter()
                    .find(|name| !stored.vectors.contains_key(*name))
                {
                    return Err(Status::invalid_argument(format!(
                        "Wrong input: Not existing vector name error: {name}"
                    )));
                }
                stored
                    .points
                    .insert(key(point.id.as_ref().unwrap())?, point);
            }
            Ok(completed())
        })
    }

    async fn delete(&self, request: Request<DeletePoints>) -> Answer<PointsOperationResponse> {
        self.call("delete", request, |state, request| {
            assert_eq!(request.wait, Some(true));
            let stored = stored(state, &request.collection_name)?;
            let Some(points_selector::PointsSelectorOneOf::Points(list)) =
                request.points.unwrap().points_selector_one_of
            else {
                panic!("points are removed by their ids");
            };
            for id in &list.ids {
                stored.points.remove(&key(id)?);
            }
            Ok(completed())
        })
    }

    async fn get(&self, request: Request<GetPoints>) -> Answer<GetResponse> {
        self.call("get", request, |state, request| {
            let is_old = state.is_old;
            let stored = stored(state, &request.collection_name)?;
            let mut result = Vec::new();
            for id in &request.ids {
                if let Some(point) = stored.points.get(&key(id)?) {
                    result.push(RetrievedPoint {
                        id: Some(id.clone()),
                        payload: payload(point, request.with_payload.as_ref()),
                        vectors: vectors_of(point, request.with_vectors.as_ref(), is_old),
                        ..RetrievedPoint::default()
                    });
                }
            }
            Ok(GetResponse {
                result,
                ..GetResponse::default()
            })
        })
    }

    async fn scroll(&self, request: Request<ScrollPoints>) -> Answer<ScrollResponse> {
        self.call("scroll", request, |state, request| {
            let stored = stored(state, &request.collection_name)?;
            let from = match &request.offset {
                Some(id) => key(id)?,
                None => Key::Number(0),
            };
            let mut keys = stored.points.range(from..).map(|(key, _)| key);
            let result = keys.by_ref().take(request.limit.unwrap() as usize);
            let result = result.map(|key| RetrievedPoint {
                id: Some(id(key)),
                ..RetrievedPoint::default()
            });
            Ok(ScrollResponse {
                result: result.collect(),
                next_page_offset: keys.next().map(id),
                ..ScrollResponse::default()
            })
        })
    }

    async fn count(&self, request: Request<CountPoints>) -> Answer<CountResponse> {
        self.call("count", request, |state, request| {
            assert_eq!(request.exact, Some(true));
            let count = stored(state, &request.collection_name)?.points.len() as u64;
            Ok(CountResponse {
                result: Some(CountResult { count }),
                ..CountResponse::default()
            })
        })
    }

    async fn query(&self, request: Request<QueryPoints>) -> Answer<QueryResponse> {
        self.call("query", request, |state, request| {
            state.queries.push(request.clone());
            let is_old = state.is_old;
            let stored = stored(state, &request.collection_name)?;
            let using = request.using.unwrap();
            let Some(query::Variant::Nearest(input)) = request.query.unwrap().variant else {
                panic!("only the nearest are asked for");
            };
            let Some(vector_input::Variant::Dense(query)) = input.variant else {
                panic!("queries are dense");
            };
            if query.data.len() as u64 != stored.vectors[&using].size {
                return Err(Status::invalid_argument(
                    "Wrong input: Vector dimension error",
                ));
            }
            let score = |point: &PointStruct| -> f32 {
                let mean = values(point, &using).unwrap();
                mean.iter().zip(&query.data).map(|(a, b)| a * b).sum()
            };
            let mut scored: Vec<(f32, &Key, &PointStruct)> = stored
                .points
                .iter()
                .map(|(key, point)| (score(point), key, point))
                .collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0));
            scored.truncate(request.limit.unwrap() as usize);
            let result = scored.into_iter().map(|(score, key, point)| ScoredPoint {
                id: Some(id(key)),
                score,
                payload: payload(point, request.with_payload.as_ref()),
                vectors: vectors_of(point, request.with_vectors.as_ref(), is_old),
                ..ScoredPoint::default()
            });
            Ok(QueryResponse {
                result: result.collect(),
                ..QueryResponse::default()
            })
        })
    }

    unused! {
        update_vectors: UpdatePointVectors => PointsOperationResponse;
        delete_vectors: DeletePointVectors => PointsOperationResponse;
        set_payload: SetPayloadPoints => PointsOperationResponse;
        overwrite_payload: SetPayloadPoints => PointsOperationResponse;
        delete_payload: DeletePayloadPoints => PointsOperationResponse;
        clear_payload: ClearPayloadPoints => PointsOperationResponse;
        create_field_index: CreateFieldIndexCollection => PointsOperationResponse;
        delete_field_index: DeleteFieldIndexCollection => PointsOperationResponse;
        create_vector_name: CreateVectorNameRequest => PointsOperationResponse;
        delete_vector_name: DeleteVectorNameRequest => PointsOperationResponse;
        search: SearchPoints => SearchResponse;
        search_batch: SearchBatchPoints => SearchBatchResponse;
        search_groups: SearchPointGroups => SearchGroupsResponse;
        recommend: RecommendPoints => RecommendResponse;
        recommend_batch: RecommendBatchPoints => RecommendBatchResponse;
        recommend_groups: RecommendPointGroups => RecommendGroupsResponse;
        discover: DiscoverPoints => DiscoverResponse;
        discover_batch: DiscoverBatchPoints => DiscoverBatchResponse;
        update_batch: UpdateBatchPoints => UpdateBatchResponse;
        query_batch: QueryBatchPoints => QueryBatchResponse;
        query_groups: QueryPointGroups => QueryGroupsResponse;
        facet: FacetCounts => FacetResponse;
        search_matrix_pairs: SearchMatrixPoints => SearchMatrixPairsResponse;
        search_matrix_offsets: SearchMatrixPoints => SearchMatrixOffsetsResponse;
    }
}
