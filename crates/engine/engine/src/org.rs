//! Who the org is, and how a new one begins.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use landfall_model::{Catalog, EntityDefinition, KeyPrefix, RecordId, Timestamp, Value};
use landfall_store::{Appended, Document, DocumentKind, RowWrite, WriteSet, Writer};
use serde::{Deserialize, Serialize};

use crate::compiled;
use crate::definitions::{self, Modified, Options};
use crate::entropy::draw;
use crate::error::Error;
use crate::faults::Faults;
use crate::numbers::Numbers;
use crate::presence::Presence;
use crate::price_book;
use crate::profiles::{ADMINISTRATOR, ProfileSetup, STANDARD_USER};
use crate::query::lanes::Lanes;
use crate::record_types;
use crate::schemas::Schemas;
use crate::state::{OrgState, generic_schema};
use crate::stored;
use crate::topics;
use crate::touched::{self, Scope};
use crate::usage::Usage;
use crate::view::ViewCache;
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

/// Key of the document that says who the org is.
pub(crate) const DOCUMENT_KEY: &str = "identity";

/// See [`Engine::start`].
pub(crate) fn start(parts: Parts) -> Result<(Engine, WriterThread), Error> {
    let (store, clock, entropy) = (parts.store, parts.clock, parts.entropy);
    let mut writer = store.writer;
    writer.report_records_of(&touched::followed());
    let (compiled, components) = compiled::stored(&*writer)?;
    let catalog = compiled.catalog;
    writer.prepare(catalog.entities())?;
    let mut numbers = Numbers::load(&*writer, parts.instance)?;
    let org = founded(&mut *writer, &catalog, &mut numbers, &*clock, &*entropy)?;
    let id_of = |kind, name: &str| components.get(kind, name).map(|known| known.id);
    let (types, now) = (&compiled.record_types, clock.now());
    let rows = record_types::rows(&*writer, &catalog, types, id_of, now)?;
    if !rows.is_empty() {
        keep(&mut *writer, rows, Vec::new(), now)?;
    }
    complete_documents(&mut *writer, &catalog, &org, clock.now())?;
    let options = Options {
        capture_all: parts.capture_all,
        streams: parts.streams,
    };
    let state = Arc::new(OrgState::load(&store.reader, options, Arc::clone(&clock))?);
    // The state has compiled them anew, and the store knows the objects of its tables by their address.
    writer.prepare(state.definitions().catalog().entities())?;
    let (handle, inbox) = writer::handle::channel();
    let faults = Faults::on(Arc::clone(&clock));
    let usage = Usage::open(
        &*writer,
        &clock,
        &state,
        (parts.allocations, faults.clone()),
    )?;
    let usage = Arc::new(usage);
    let core = Core {
        store: writer,
        numbers,
        retention_hours: parts.retention_hours,
        clock: Arc::clone(&clock),
        reader: Arc::clone(&store.reader),
        entropy: Arc::clone(&entropy),
        capture_rules: parts.capture_rules,
        state: Arc::clone(&state),
        usage: Arc::clone(&usage),
        faults: faults.clone(),
        last_now: org.created.max(store.reader.position()?.appended_at),
        alone: 0,
    };
    let thread = writer::spawn(core, inbox, &handle)?;
    let shared = Shared {
        reader: store.reader,
        clock,
        entropy,
        state,
        views: ViewCache::default(),
        presence: Presence::default(),
        deploying: landfall_lock::Mutex::new(landfall_lock::Rank::Definitions, ()),
        cursors: std::sync::Mutex::default(),
        lanes: Lanes::default(),
        org,
        retention_hours: parts.retention_hours,
        usage,
        faults,
        reserve_bytes: parts.reserve_bytes,
        is_low: AtomicBool::new(false),
        writer: handle,
    };
    Ok((Engine(Arc::new(shared)), thread))
}

/// Keeps what the state is loaded from and is not stored yet: in a new org, and in one that another release has left. The
/// topics are numbered here, too.
fn complete_documents(
    writer: &mut dyn Writer,
    catalog: &Catalog,
    org: &Org,
    now: Timestamp,
) -> Result<(), Error> {
    let schemas = Schemas::default();
    schemas.apply(&*writer, &Scope::All)?;
    let mut documents = definitions::required(writer, catalog, &schemas)?;
    documents.extend(topics::all_required(writer, catalog, &schemas, now)?);
    documents.extend(schemas.document_of_new(&generic_schema()?));
    let modified = match definitions::modified(&*writer)? {
        Some(known) if known.is_by_this_release() => None,
        // What another release has compiled may have been something else.
        Some(known) => Some(now.whole_second().max(known.at().plus_millis(1_000))),
        None => Some(now.whole_second().max(org.created)),
    };
    documents.extend(modified.map(|modified| Modified::now(modified).document()));
    if documents.is_empty() {
        return Ok(());
    }
    keep(writer, Vec::new(), documents, now)
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
    let mut setup = ProfileSetup {
        catalog,
        numbers: &mut *numbers,
        at,
        rows: Vec::new(),
    };
    setup.complete(&*writer)?;
    let mut rows = setup.rows;
    rows.extend(price_book::missing(&*writer, catalog, numbers, at)?);
    if rows.is_empty() {
        return Ok(());
    }
    keep(writer, rows, numbers.take_moved(), at)
}

fn create(
    writer: &mut dyn Writer,
    catalog: &Catalog,
    numbers: &mut Numbers,
    clock: &dyn crate::Clock,
    entropy: &dyn crate::Entropy,
) -> Result<Org, Error> {
    let created = clock.now().whole_second();
    let mut setup = ProfileSetup {
        catalog,
        numbers: &mut *numbers,
        at: created,
        rows: Vec::new(),
    };
    let administrators = setup.profile(&ADMINISTRATOR)?;
    let standard_users = setup.profile(&STANDARD_USER)?;
    setup.others()?;
    let mut rows = setup.rows;
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
    rows.extend(price_book::missing(&*writer, catalog, numbers, created)?);
    let mut documents = numbers.take_moved();
    documents.push(identity(&org));
    keep(writer, rows, documents, created)?;
    Ok(org)
}

/// An org's number is drawn, so that tokens distinguish two orgs.
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

const WHAT: &str = "identity of the org";

/// The stored form. The time is in milliseconds since the epoch.
#[derive(Serialize, Deserialize)]
struct Identity {
    organization: String,
    administrators: String,
    standard_users: String,
    created: i64,
}

fn identity(org: &Org) -> Document {
    let identity = Identity {
        organization: org.id.to_string(),
        administrators: org.administrators.to_string(),
        standard_users: org.standard_users.to_string(),
        created: org.created.as_millis(),
    };
    stored::document(DocumentKind::Org, DOCUMENT_KEY, &identity)
}

/// The id of the org; none before it was founded.
///
/// # Errors
/// [`Error`] if the store cannot be read.
pub(crate) fn id(reads: &dyn landfall_store::Reads) -> Result<Option<RecordId>, Error> {
    let content = reads.document(DocumentKind::Org, DOCUMENT_KEY)?;
    let org = content.map(|content| read(&content)).transpose()?;
    Ok(org.map(|org| org.id))
}

fn read(content: &[u8]) -> Result<Org, Error> {
    let identity: Identity = if stored::is_versioned(content) {
        stored::read(WHAT, content)?
    } else {
        unversioned(content).ok_or_else(|| unreadable("it is not four words"))?
    };
    let id = |text: &str| RecordId::parse(text).map_err(|_| unreadable("an id is none"));
    Ok(Org {
        id: id(&identity.organization)?,
        administrators: id(&identity.administrators)?,
        standard_users: id(&identity.standard_users)?,
        created: Timestamp::from_millis(identity.created),
    })
}

/// The form before version 1: four words, separated by blanks.
fn unversioned(content: &[u8]) -> Option<Identity> {
    let mut words = std::str::from_utf8(content).ok()?.split(' ');
    let mut word = || words.next().map(str::to_owned);
    Some(Identity {
        organization: word()?,
        administrators: word()?,
        standard_users: word()?,
        created: word()?.parse().ok()?,
    })
}

fn unreadable(reason: &str) -> Error {
    Error::Document {
        what: WHAT,
        reason: reason.to_owned(),
    }
}
