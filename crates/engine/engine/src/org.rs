//! Who the org is, and how a new one begins.

use std::sync::Arc;

use landfall_model::limits::QUERIES_AT_ONCE_MAX;
use landfall_model::{Catalog, EntityDefinition, KeyPrefix, RecordId, Timestamp, Value};
use landfall_store::{Appended, Document, DocumentKind, RowWrite, WriteSet, Writer};

use crate::access::AllRights;
use crate::blueprint::Blueprints;
use crate::definitions::{Definitions, InForce, Issued};
use crate::deploy;
use crate::entropy::draw;
use crate::error::Error;
use crate::log::Log;
use crate::managed;
use crate::numbers::Numbers;
use crate::profiles::{ADMINISTRATOR, Founding, STANDARD_USER};
use crate::streams::StreamState;
use crate::usage::Usage;
use crate::view::Views;
use crate::writer::{self, Core, WriterThread};
use crate::{Engine, Parts, Shared};

/// Facts about the org itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// The organization record.
    pub id: RecordId,
    /// The profile of administrators: they see and change everything.
    pub administrators: RecordId,
    /// The profile of everybody else.
    pub standard_users: RecordId,
    /// When the org was made.
    pub created: Timestamp,
}

const DOCUMENT_KEY: &str = "identity";

/// See [`Engine::start`].
pub(crate) fn start(parts: Parts) -> Result<(Engine, WriterThread), Error> {
    let (store, clock, entropy) = (parts.store, parts.clock, parts.entropy);
    let mut writer = store.writer;
    let (compiled, components) = deploy::stored(&*writer)?;
    writer.prepare(compiled.catalog.entities())?;
    let mut numbers = Numbers::load(&*writer, parts.instance)?;
    let catalog = &compiled.catalog;
    let org = founded(&mut *writer, catalog, &mut numbers, &*clock, &*entropy)?;
    let issued = Arc::new(Issued::load(&*writer)?);
    let blueprints = Blueprints::new(catalog, &compiled.roll_ups, parts.streams);
    let views = Arc::new(Views::default());
    let definitions = Definitions::build(
        &mut *writer,
        compiled.catalog,
        org.created,
        &compiled.channels.capturing(parts.capture_all),
        (&issued, &views),
    );
    let (managed, _) = managed::deployed(compiled.managed, &[], &components, &mut numbers)?;
    let definitions = kept(definitions?, &mut *writer, &*clock)?
        .with_managed(managed)
        .with_connected_apps(compiled.connected_apps)
        .with_settings(compiled.settings)
        .with_components(components);
    let streams = StreamState::load(&mut *writer, &definitions, &issued, parts.streams, &*clock)?;
    let log = Arc::new(Log::open(Arc::clone(&store.reader))?);
    let (handle, inbox) = writer::handle::channel();
    let definitions = Arc::new(InForce::new(definitions));
    let usage = Usage::open(&*writer, &clock, &definitions, parts.allocations)?;
    let usage = Arc::new(usage);
    let standings = Arc::new(AllRights::default());
    let core = Core {
        store: writer,
        numbers,
        retention_hours: parts.retention_hours,
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        blueprints,
        capture_all: parts.capture_all,
        capture_rules: parts.capture_rules,
        definitions: Arc::clone(&definitions),
        standings: Arc::clone(&standings),
        issued: Arc::clone(&issued),
        views: Arc::clone(&views),
        log: Arc::clone(&log),
        usage: Arc::clone(&usage),
        last_now: org.created.max(store.reader.position()?.appended_at),
        streams: Arc::clone(&streams),
        owed: Vec::new(),
        is_refusing: false,
    };
    let thread = writer::spawn(core, inbox, &handle)?;
    let shared = Shared {
        reader: store.reader,
        clock,
        entropy,
        definitions,
        standings,
        issued,
        views,
        deploying: landfall_lock::Mutex::new(landfall_lock::Rank::Definitions, ()),
        cursors: std::sync::Mutex::default(),
        querying: tokio::sync::Semaphore::new(QUERIES_AT_ONCE_MAX),
        org,
        log,
        usage,
        writer: handle,
        streams,
    };
    Ok((Engine(Arc::new(shared)), thread))
}

/// The org of the store, which is set up if there is none yet.
fn founded(
    writer: &mut dyn Writer,
    catalog: &Catalog,
    numbers: &mut Numbers,
    clock: &dyn crate::Clock,
    entropy: &dyn crate::Entropy,
) -> Result<Org, Error> {
    let Some(content) = writer.document(DocumentKind::Org, DOCUMENT_KEY)? else {
        return create(writer, catalog, numbers, clock, entropy);
    };
    complete(writer, catalog, numbers, clock)?;
    read(&content)
}

/// What orgs have by now that one from an earlier version lacks.
fn complete(
    writer: &mut dyn Writer,
    catalog: &Catalog,
    numbers: &mut Numbers,
    clock: &dyn crate::Clock,
) -> Result<(), Error> {
    let at = clock.now().whole_second();
    let mut founding = Founding {
        catalog,
        numbers: &mut *numbers,
        at,
        rows: Vec::new(),
    };
    founding.complete(&*writer)?;
    let rows = founding.rows;
    if rows.is_empty() {
        return Ok(());
    }
    keep(writer, rows, numbers.take_moved(), at)
}

/// The definitions, once their new schemas are kept.
fn kept(
    (definitions, schemas): (Definitions, Vec<Document>),
    writer: &mut dyn Writer,
    clock: &dyn crate::Clock,
) -> Result<Definitions, Error> {
    if !schemas.is_empty() {
        keep(writer, Vec::new(), schemas, clock.now())?;
    }
    Ok(definitions)
}

fn create(
    writer: &mut dyn Writer,
    catalog: &Catalog,
    numbers: &mut Numbers,
    clock: &dyn crate::Clock,
    entropy: &dyn crate::Entropy,
) -> Result<Org, Error> {
    let created = clock.now().whole_second();
    let mut founding = Founding {
        catalog,
        numbers: &mut *numbers,
        at: created,
        rows: Vec::new(),
    };
    let administrators = founding.profile(&ADMINISTRATOR)?;
    let standard_users = founding.profile(&STANDARD_USER)?;
    founding.others()?;
    let mut rows = founding.rows;
    let organization = entity(catalog, "Organization")?;
    let id = organization_id(organization.key_prefix, numbers, entropy);
    rows.push(new_row(organization, id, created, |field| match field {
        "Name" => Some(Value::Text("Landfall".to_owned())),
        "OrganizationType" => Some(Value::Text("Developer Edition".to_owned())),
        "InstanceName" => Some(Value::Text("LANDFALL".to_owned())),
        "LanguageLocaleKey" | "DefaultLocaleSidKey" => Some(Value::Text("en_US".to_owned())),
        "TimeZoneSidKey" => Some(Value::Text("America/Los_Angeles".to_owned())),
        _ => None,
    }));
    let org = Org {
        id,
        administrators,
        standard_users,
        created,
    };
    let mut documents = numbers.take_moved();
    documents.push(Document {
        kind: DocumentKind::Org,
        key: DOCUMENT_KEY.to_owned(),
        content: Some(write(&org).into_bytes()),
    });
    keep(writer, rows, documents, created)?;
    Ok(org)
}

/// An org's number is drawn, so that two orgs can be told apart by their tokens.
fn organization_id(prefix: KeyPrefix, numbers: &Numbers, entropy: &dyn crate::Entropy) -> RecordId {
    let drawn = u64::from(u32::from_be_bytes(draw(entropy)));
    numbers.drawn_id(prefix, drawn)
}

pub(crate) fn entity<'c>(
    catalog: &'c Catalog,
    name: &str,
) -> Result<&'c Arc<EntityDefinition>, Error> {
    catalog.entity(name).ok_or_else(|| Error::Document {
        what: "catalogue",
        reason: format!("{name} is not in it"),
    })
}

pub(crate) fn new_row(
    entity: &Arc<EntityDefinition>,
    id: RecordId,
    created: Timestamp,
    value_of: impl Fn(&str) -> Option<Value>,
) -> RowWrite {
    let mut row = crate::defaults::blank(entity);
    for (slot, field) in row.iter_mut().zip(&entity.fields) {
        let given = match field.name.as_str() {
            "Id" => Some(Value::Id(id)),
            "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => Some(Value::DateTime(created)),
            name => value_of(name),
        };
        if let Some(value) = given {
            *slot = value;
        }
    }
    RowWrite {
        entity: Arc::clone(entity),
        id,
        row,
        changed: None,
    }
}

pub(crate) fn keep(
    writer: &mut dyn Writer,
    rows: Vec<RowWrite>,
    documents: Vec<Document>,
    at: Timestamp,
) -> Result<(), Error> {
    let write = WriteSet {
        rows,
        documents,
        ..WriteSet::default()
    };
    let outcome = writer.commit(&write, &mut |position| Appended {
        events: Vec::new(),
        at,
        commit_number: position.commit_number,
    })?;
    outcome.committed()?;
    Ok(())
}

/// `organization administrators standard-users created-millis`, separated by blanks.
fn write(org: &Org) -> String {
    format!(
        "{} {} {} {}",
        org.id,
        org.administrators,
        org.standard_users,
        org.created.as_millis()
    )
}

fn read(content: &[u8]) -> Result<Org, Error> {
    let unreadable = || Error::Document {
        what: "identity of the org",
        reason: "it is not four words".to_owned(),
    };
    let text = std::str::from_utf8(content).map_err(|_| unreadable())?;
    let mut words = text.split(' ');
    let mut id = || RecordId::parse(words.next()?).ok();
    let (id, administrators, standard_users) = (id(), id(), id());
    let created = words.next().and_then(|word| word.parse().ok());
    match (id, administrators, standard_users, created) {
        (Some(id), Some(administrators), Some(standard_users), Some(created)) => Ok(Org {
            id,
            administrators,
            standard_users,
            created: Timestamp::from_millis(created),
        }),
        _ => Err(unreadable()),
    }
}
