//! Calls of the Pub/Sub API: messages as JSON, over a connection of their own.
//!
//! The messages are read by the service's definition, payloads by their schema, so that nothing of the server's own
//! rendering is in it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use landfall_client::schema::EventSchema;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ReflectMessage, Value as Field,
};
use serde_json::{Map, Value};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const DEFINITION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../edge/pubsub/proto");
const SERVICE: &str = "eventbus.v1.PubSub";

/// How long a message may take.
const WITHIN: Duration = Duration::from_secs(30);

/// Names of the status codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The names of the methods of the service.
pub(crate) const METHODS: [&str; 6] = [
    "Subscribe",
    "GetSchema",
    "GetTopic",
    "Publish",
    "PublishStream",
    "ManagedSubscribe",
];

/// A connection to the Pub/Sub API.
pub(crate) struct Connection {
    sender: SendRequest<Messages>,
    pool: DescriptorPool,
    authority: String,
    schemas: HashMap<String, Arc<EventSchema>>,
}

/// One call.
pub(crate) struct Call {
    method: MethodDescriptor,
    requests: Option<mpsc::Sender<Bytes>>,
    response: Response,
    received: BytesMut,
    trailers: Option<HeaderMap>,
}

enum Response {
    Awaited(tokio::task::JoinHandle<Result<http::Response<Incoming>, String>>),
    Body(Incoming),
}

/// The body of a request: messages as they are sent.
struct Messages(mpsc::Receiver<Bytes>);

impl Body for Messages {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(context);
        next.map(|message| message.map(|message| Ok(Frame::data(message))))
    }
}

impl Connection {
    pub(crate) async fn open(authority: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(authority).await.map_err(text)?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(text)?;
        tokio::spawn(connection);
        let definition = protox::compile(["pubsub_api.proto"], [Path::new(DEFINITION)]);
        let pool = DescriptorPool::from_file_descriptor_set(definition.map_err(text)?);
        Ok(Self {
            sender,
            pool: pool.map_err(text)?,
            authority: authority.to_owned(),
            schemas: HashMap::new(),
        })
    }

    /// Begins a call with these headers.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        headers: &[(String, String)],
    ) -> Result<Call, String> {
        let service = self.pool.get_service_by_name(SERVICE);
        let described = service.and_then(|service| {
            let mut methods = service.methods();
            methods.find(|described| described.name() == method)
        });
        let (requests, messages) = mpsc::channel(16);
        let uri = format!("http://{}/{SERVICE}/{method}", self.authority);
        let mut request = Request::post(uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(name, value);
        }
        let request = request.body(Messages(messages)).map_err(text)?;
        self.sender.ready().await.map_err(text)?;
        let response = self.sender.send_request(request);
        Ok(Call {
            method: described.ok_or_else(|| format!("{method} is no method"))?,
            requests: Some(requests),
            response: Response::Awaited(tokio::spawn(async move { response.await.map_err(text) })),
            received: BytesMut::new(),
            trailers: None,
        })
    }

    /// Sends a message of a call.
    pub(crate) async fn send(
        &mut self,
        call: &mut Call,
        headers: &[(String, String)],
        json: &str,
    ) -> Result<(), String> {
        let json: Value = serde_json::from_str(json).map_err(text)?;
        self.know_schemas(&json, headers).await?;
        let message = self.message(&call.method.input(), &json)?;
        let requests = call.requests.as_ref();
        let requests = requests.ok_or("the call has no further requests")?;
        let sent = requests.send(framed(&message.encode_to_vec())).await;
        sent.map_err(|_| "the call has ended".to_owned())?;
        if !call.method.is_client_streaming() {
            call.requests = None;
        }
        Ok(())
    }

    /// The next message of a call, as JSON.
    pub(crate) async fn receive(
        &mut self,
        call: &mut Call,
        headers: &[(String, String)],
    ) -> Result<Value, String> {
        let bytes = tokio::time::timeout(WITHIN, call.next())
            .await
            .map_err(|_| format!("nothing comes within {WITHIN:?}"))??;
        let bytes = bytes.ok_or_else(|| format!("the call ends: {}", call.status()))?;
        self.decoded(call, bytes, headers).await
    }

    /// A message of a call as JSON.
    pub(crate) async fn decoded(
        &mut self,
        call: &Call,
        bytes: Bytes,
        headers: &[(String, String)],
    ) -> Result<Value, String> {
        let message = DynamicMessage::decode(call.method.output(), bytes).map_err(text)?;
        let mut ids = Vec::new();
        schema_ids(&message, &mut ids);
        for id in ids {
            self.know_schema(&id, headers).await?;
        }
        self.json(&message)
    }

    /// The status that a call ends with: the name of its code, and the `error-code` of a failure.
    pub(crate) async fn ended(&mut self, call: &mut Call) -> Result<String, String> {
        let next = tokio::time::timeout(WITHIN, call.next())
            .await
            .map_err(|_| format!("the call does not end within {WITHIN:?}"))??;
        match next {
            None => Ok(call.status()),
            Some(bytes) => {
                let message = DynamicMessage::decode(call.method.output(), bytes);
                let json = self.json(&message.map_err(text)?)?;
                Err(format!("the call goes on with {json}"))
            }
        }
    }

    /// Fetches the schemas of the payloads in a request.
    async fn know_schemas(
        &mut self,
        json: &Value,
        headers: &[(String, String)],
    ) -> Result<(), String> {
        let events = json.get("events").and_then(Value::as_array);
        let ids = events.into_iter().flatten().filter_map(|event| {
            let id = event.get("schema_id")?.as_str()?;
            event.get("payload")?.is_object().then(|| id.to_owned())
        });
        for id in ids.collect::<Vec<String>>() {
            self.know_schema(&id, headers).await?;
        }
        Ok(())
    }

    async fn know_schema(&mut self, id: &str, headers: &[(String, String)]) -> Result<(), String> {
        if id.is_empty() || self.schemas.contains_key(id) {
            return Ok(());
        }
        let mut call = self.call("GetSchema", headers).await?;
        let request = serde_json::json!({ "schema_id": id });
        let message = self.message(&call.method.input(), &request)?;
        let requests = call.requests.take().ok_or("no request")?;
        let sent = requests.send(framed(&message.encode_to_vec())).await;
        sent.map_err(text)?;
        drop(requests);
        let bytes = call.next().await?;
        let bytes = bytes.ok_or_else(|| format!("schema {id}: {}", call.status()))?;
        let schema = DynamicMessage::decode(call.method.output(), bytes).map_err(text)?;
        let schema = self.json(&schema)?;
        let schema = schema.get("schema_json").and_then(Value::as_str);
        let schema = EventSchema::parse(schema.unwrap_or_default()).map_err(text)?;
        self.schemas.insert(id.to_owned(), Arc::new(schema));
        Ok(())
    }

    fn message(&self, kind: &MessageDescriptor, json: &Value) -> Result<DynamicMessage, String> {
        let members = json.as_object().ok_or("a message is an object")?;
        let mut message = DynamicMessage::new(kind.clone());
        for (name, value) in members {
            let field = kind.get_field_by_name(name);
            let field = field.ok_or_else(|| format!("{} has no field {name}", kind.name()))?;
            let value = if field.is_list() {
                let all = value
                    .as_array()
                    .ok_or_else(|| format!("{name} is a list"))?;
                let all = all.iter().map(|one| self.field(&field, one, members));
                Field::List(all.collect::<Result<_, _>>()?)
            } else {
                self.field(&field, value, members)?
            };
            message.set_field(&field, value);
        }
        Ok(message)
    }

    fn field(
        &self,
        field: &FieldDescriptor,
        json: &Value,
        members: &Map<String, Value>,
    ) -> Result<Field, String> {
        let misfit = || format!("{json} is no value of {}", field.name());
        let number = || json.as_i64().ok_or_else(misfit);
        Ok(match field.kind() {
            Kind::String => Field::String(json.as_str().ok_or_else(misfit)?.to_owned()),
            Kind::Bool => Field::Bool(json.as_bool().ok_or_else(misfit)?),
            Kind::Int32 => Field::I32(i32::try_from(number()?).map_err(text)?),
            Kind::Int64 => Field::I64(number()?),
            Kind::Enum(kind) => {
                let value = json.as_str().and_then(|name| kind.get_value_by_name(name));
                Field::EnumNumber(value.ok_or_else(misfit)?.number())
            }
            Kind::Message(kind) => Field::Message(self.message(&kind, json)?),
            Kind::Bytes => Field::Bytes(match json {
                // A position: eight bytes, the highest first, and two of zero.
                Value::Number(_) => {
                    let mut bytes = number()?.to_be_bytes().to_vec();
                    bytes.extend([0, 0]);
                    bytes.into()
                }
                Value::Object(payload) => {
                    let id = members.get("schema_id").and_then(Value::as_str);
                    let schema = id.and_then(|id| self.schemas.get(id)).ok_or_else(misfit)?;
                    schema.encode_json(payload).map_err(text)?.into()
                }
                json => json.as_str().ok_or_else(misfit)?.to_owned().into(),
            }),
            _ => return Err(misfit()),
        })
    }

    /// A message as JSON: its fields that are set, positions as numbers, payloads as their events.
    fn json(&self, message: &DynamicMessage) -> Result<Value, String> {
        let mut members = Map::new();
        for (field, value) in message.fields() {
            let value = match value {
                Field::List(all) => {
                    let all = all.iter().map(|one| self.value(message, &field, one));
                    Value::Array(all.collect::<Result<_, _>>()?)
                }
                one => self.value(message, &field, one)?,
            };
            members.insert(field.name().to_owned(), value);
        }
        Ok(Value::Object(members))
    }

    fn value(
        &self,
        message: &DynamicMessage,
        field: &FieldDescriptor,
        value: &Field,
    ) -> Result<Value, String> {
        Ok(match value {
            Field::String(text) => text.as_str().into(),
            Field::Bool(truth) => (*truth).into(),
            Field::I32(number) => (*number).into(),
            Field::I64(number) => (*number).into(),
            Field::EnumNumber(number) => {
                let kind = field.kind();
                let value = kind.as_enum().and_then(|kind| kind.get_value(*number));
                value.map_or_else(|| (*number).into(), |value| value.name().into())
            }
            Field::Message(message) => self.json(message)?,
            Field::Bytes(bytes) if field.name() == "payload" => {
                let id = schema_id(message);
                let schema = self.schemas.get(&id);
                let schema = schema.ok_or_else(|| format!("the schema {id:?} is unknown"))?;
                let mut json = Vec::new();
                schema.render_pubsub(bytes, &mut json).map_err(text)?;
                serde_json::from_slice(&json).map_err(text)?
            }
            Field::Bytes(bytes) => match bytes.first_chunk::<8>() {
                Some(position) if bytes.len() == 10 && bytes.ends_with(&[0, 0]) => {
                    i64::from_be_bytes(*position).into()
                }
                _ => String::from_utf8_lossy(bytes).into(),
            },
            other => return Err(format!("{other:?} has no form in JSON")),
        })
    }
}

impl Call {
    /// Ends the requests of the call.
    pub(crate) fn finish(&mut self) {
        self.requests = None;
    }

    /// Whether it may still wait for something.
    pub(crate) const fn is_open(&self) -> bool {
        self.trailers.is_none()
    }

    /// The bytes of the next message; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            if let Some(head) = self.received.first_chunk::<5>() {
                let [_, length @ ..] = *head;
                let length = usize::try_from(u32::from_be_bytes(length)).map_err(text)?;
                if self.received.len() >= 5 + length {
                    self.received.advance(5);
                    return Ok(Some(self.received.split_to(length).freeze()));
                }
            }
            if self.trailers.is_some() {
                return Ok(None);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), String> {
        match &mut self.response {
            Response::Awaited(response) => {
                let response = response.await.map_err(text)??;
                if response.headers().contains_key("grpc-status") {
                    self.trailers = Some(response.headers().clone());
                }
                self.response = Response::Body(response.into_body());
            }
            Response::Body(body) => match body.frame().await {
                Some(frame) => match frame.map_err(text)?.into_data() {
                    Ok(data) => self.received.extend_from_slice(&data),
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
                None => return Err("the response ends without a status".to_owned()),
            },
        }
        Ok(())
    }

    pub(crate) fn status(&self) -> String {
        let trailers = self.trailers.as_ref();
        let trailer = |name| {
            let value = trailers.and_then(|trailers: &HeaderMap| trailers.get(name));
            value.and_then(|value| value.to_str().ok())
        };
        let code = trailer("grpc-status").and_then(|code| code.parse::<usize>().ok());
        let code = code
            .and_then(|code| CODES.get(code))
            .unwrap_or(&"no status");
        match trailer("error-code") {
            Some(error) => format!("{code} {error}"),
            None => (*code).to_owned(),
        }
    }
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut framed = vec![0];
    framed.extend(length.to_be_bytes());
    framed.extend_from_slice(message);
    framed.into()
}

fn schema_id(message: &DynamicMessage) -> String {
    let id = message.get_field_by_name("schema_id");
    let id = id.and_then(|id| id.as_str().map(str::to_owned));
    id.unwrap_or_default()
}

/// The schemas of all payloads in a message.
fn schema_ids(message: &DynamicMessage, ids: &mut Vec<String>) {
    if message.descriptor().get_field_by_name("payload").is_some() {
        ids.push(schema_id(message));
    }
    for (_, value) in message.fields() {
        match value {
            Field::Message(message) => schema_ids(message, ids),
            Field::List(all) => {
                for message in all.iter().filter_map(Field::as_message) {
                    schema_ids(message, ids);
                }
            }
            _ => {}
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
