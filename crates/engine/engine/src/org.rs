//! How an org is opened, and how a new one begins.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use landfall_model::{
    Catalog, EntityDefinition, EntityName, KeyPrefix, RecordId, Timestamp, Value,
};
use landfall_store::{
    Appended, Document, DocumentKind, Reader, RowRemoval, RowWrite, WriteSet, Writer,
};

use crate::compiled::Compilation;
use crate::currencies;
use crate::definitions::{self, Modified, Options};
use crate::entropy::draw;
use crate::error::Error;
use crate::faults::Faults;
use crate::following::{self, Follower};
use crate::identity::{self, Org};
use crate::lagging::Lagging;
use crate::numbers::Numbers;
use crate::price_book;
use crate::profiles::{ADMINISTRATOR, ProfileSetup, STANDARD_USER};
use crate::query::lanes::Lanes;
use crate::record_types;
use crate::rows::{entity, new_row};
use crate::schemas::Schemas;
use crate::state::{OrgState, generic_schema};
use crate::topics;
use crate::touched::{self, Scope};
use crate::usage::Usage;
use crate::view::ViewCache;
use crate::writer::{self, Core, WriterThread};
use crate::{Engine, Parts, Shared};

/// Name of the object that the org is a record of.
const ORGANIZATION: &str = "Organization";

/// See [`Engine::start`] and [`Engine::start_on_copy`].
pub(crate) fn start(parts: Parts, is_copy: bool) -> Result<(Engine, WriterThread), Error> {
    let (store, clock, entropy) = (parts.store, parts.clock, parts.entropy);
    let mut writer = store.writer;
    writer.report_records_of(&touched::followed());
    let (compilation, components) = Compilation::stored(&*writer, None)?;
    let catalog = compilation.compiled.with_types(&components);
    writer.prepare(catalog.entities())?;
    let mut numbers = Numbers::load(&*writer, parts.instance)?;
    let mut org = founded(&mut *writer, &catalog, &mut numbers, &*clock, &*entropy)?;
    if is_copy {
        org = renewed(&mut *writer, &catalog, &numbers, &org, (&*clock, &*entropy))?;
    }
    let id_of = |kind, name: &str| components.get(kind, name).map(|known| known.id);
    let (types, now) = (&compilation.compiled.record_types, clock.now());
    let rows = record_types::rows(&*writer, &catalog, types, id_of, now)?;
    if !rows.is_empty() {
        keep(&mut *writer, rows, Vec::new(), now)?;
    }
    complete_documents(&mut *writer, &catalog, &org, clock.now())?;
    let options = Options {
        capture_all: parts.capture_all,
        streams: parts.streams,
    };
    let state = OrgState::load(&store.reader, options, Arc::clone(&clock), compilation)?;
    let state = Arc::new(state);
    // Objects with record types have new addresses, by which the store knows the objects of its tables.
    writer.prepare(state.definitions().catalog().entities())?;
    let (handle, inbox) = writer::handle::channel();
    let faults = Faults::on(Arc::clone(&clock));
    let allocations = (parts.allocations, faults.clone());
    let usage = Arc::new(Usage::open(&*writer, &clock, &state, allocations, false)?);
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
        presence: usage.presence.clone(),
        deploying: landfall_lock::Mutex::new(landfall_lock::Rank::Definitions, ()),
        cursors: std::sync::Mutex::default(),
        lanes: Lanes::default(),
        org,
        retention_hours: parts.retention_hours,
        usage,
        faults,
        lagging: Lagging::default(),
        reserve_bytes: parts.reserve_bytes,
        is_low: AtomicBool::new(false),
        writer: handle,
        lease: parts.lease,
        follows: false,
    };
    Ok((Engine(Arc::new(shared)), thread))
}

/// See [`Engine::follow`].
pub(crate) fn follow(parts: Parts<Arc<dyn Reader>>) -> Result<(Engine, WriterThread), Error> {
    let (reader, clock) = (Arc::clone(&parts.store), Arc::clone(&parts.clock));
    let Some(content) = reader.document(DocumentKind::Org, identity::DOCUMENT_KEY)? else {
        return Err(landfall_store::Error::Open {
            reason: "the store has no org yet".to_owned(),
        }
        .into());
    };
    let org = identity::read(&content)?;
    let (compilation, _) = Compilation::stored(&*reader, None)?;
    let options = Options {
        capture_all: parts.capture_all,
        streams: parts.streams,
    };
    let state = OrgState::load(&reader, options, Arc::clone(&clock), compilation)?;
    let state = Arc::new(state);
    let (handle, inbox) = writer::handle::channel();
    let faults = Faults::on(Arc::clone(&clock));
    let allocations = (parts.allocations, faults.clone());
    let usage = Arc::new(Usage::open(&*reader, &clock, &state, allocations, true)?);
    let follower = Follower {
        reader: Arc::clone(&reader),
        state: Arc::clone(&state),
        lease: parts.lease.clone(),
        loaded: None,
    };
    let thread = following::spawn(follower, inbox, &handle)?;
    let shared = Shared {
        reader,
        clock,
        entropy: parts.entropy,
        state,
        views: ViewCache::default(),
        presence: usage.presence.clone(),
        deploying: landfall_lock::Mutex::new(landfall_lock::Rank::Definitions, ()),
        cursors: std::sync::Mutex::default(),
        lanes: Lanes::default(),
        org,
        retention_hours: parts.retention_hours,
        usage,
        faults,
        lagging: Lagging::default(),
        reserve_bytes: parts.reserve_bytes,
        is_low: AtomicBool::new(false),
        writer: handle,
        lease: parts.lease,
        follows: true,
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
    let Some(content) = writer.document(DocumentKind::Org, identity::DOCUMENT_KEY)? else {
        return create(writer, catalog, numbers, clock, entropy);
    };
    complete(writer, catalog, numbers, clock)?;
    identity::read(&content)
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
    rows.extend(currencies::missing(&*writer, catalog, numbers, at)?);
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
    let organization = entity(catalog, ORGANIZATION)?;
    let id = organization_id(organization.key_prefix, numbers, entropy);
    rows.push(organization_row(organization, id, created));
    let org = Org {
        id,
        administrators,
        standard_users,
        created,
    };
    rows.extend(price_book::missing(&*writer, catalog, numbers, created)?);
    let mut documents = numbers.take_moved();
    documents.push(identity::document(&org));
    let write = WriteSet {
        // Every org gets users, and one that begins as a copy of this one does not make their table again.
        tables: vec![EntityName::new(touched::USER)],
        rows,
        documents,
        ..WriteSet::default()
    };
    write_whole(writer, &write, created)?;
    Ok(org)
}

/// The org of a store that is a copy of another one's: everything that is stored stays, but who it is and since when.
fn renewed(
    writer: &mut dyn Writer,
    catalog: &Catalog,
    numbers: &Numbers,
    copied: &Org,
    (clock, entropy): (&dyn crate::Clock, &dyn crate::Entropy),
) -> Result<Org, Error> {
    let created = clock.now().whole_second();
    let organization = entity(catalog, ORGANIZATION)?;
    let org = Org {
        id: organization_id(organization.key_prefix, numbers, entropy),
        created,
        ..copied.clone()
    };
    let write = WriteSet {
        rows: vec![organization_row(organization, org.id, created)],
        removals: vec![RowRemoval {
            entity: Arc::clone(organization),
            id: copied.id,
        }],
        documents: vec![identity::document(&org), Modified::now(created).document()],
        ..WriteSet::default()
    };
    write_whole(writer, &write, created)?;
    Ok(org)
}

fn organization_row(
    organization: &Arc<EntityDefinition>,
    id: RecordId,
    created: Timestamp,
) -> RowWrite {
    new_row(organization, id, created, |field| match field {
        "Name" => Some(Value::Text("Landfall".to_owned())),
        "OrganizationType" => Some(Value::Text("Developer Edition".to_owned())),
        "InstanceName" => Some(Value::Text("LANDFALL".to_owned())),
        "LanguageLocaleKey" | "DefaultLocaleSidKey" => Some(Value::Text("en_US".to_owned())),
        "TimeZoneSidKey" => Some(Value::Text("America/Los_Angeles".to_owned())),
        _ => None,
    })
}

/// An org's number is drawn, so that tokens distinguish two orgs.
fn organization_id(prefix: KeyPrefix, numbers: &Numbers, entropy: &dyn crate::Entropy) -> RecordId {
    let drawn = u64::from(u32::from_be_bytes(draw(entropy)));
    numbers.drawn_id(prefix, drawn)
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
    write_whole(writer, &write, at)
}

fn write_whole(writer: &mut dyn Writer, write: &WriteSet, at: Timestamp) -> Result<(), Error> {
    let outcome = writer.commit(write, &mut |position| Appended {
        events: Vec::new(),
        at,
        commit_number: position.commit_number,
    })?;
    outcome.committed()?;
    Ok(())
}
