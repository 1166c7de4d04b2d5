//! The virtual objects, and queries of them.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use landfall_engine::query::{Checked, Tables};
use landfall_engine::{Answer as Matches, PageSize, Question};
use landfall_http::{Call, refused};
use landfall_model::limits::QUERY_PAGE_ROWS_MAX;
use landfall_model::{Catalog, EntityDefinition, EntityName, Fault, Row};
use landfall_sobject::Api;

use crate::virtual_object::{
    Source, VirtualObject, custom_object, entity_definition, entity_particle, event_bus_subscriber,
    field_definition, installed_package, permission_set_license, picklist_value_info,
    platform_event_usage_metric, publisher, relationship_domain, tab_definition,
    user_entity_access, user_license,
};
use crate::{channel, channel_member, managed};

/// Every virtual object.
const ALL: &[fn() -> VirtualObject] = &[
    channel::object,
    channel_member::enriched_field,
    channel_member::object,
    custom_object::field,
    custom_object::object,
    entity_definition::object,
    entity_particle::object,
    event_bus_subscriber::object,
    field_definition::object,
    installed_package::installed,
    installed_package::package,
    installed_package::version,
    managed::object,
    permission_set_license::object,
    picklist_value_info::object,
    platform_event_usage_metric::object,
    publisher::object,
    relationship_domain::object,
    tab_definition::object,
    user_entity_access::object,
    user_license::object,
];

/// The virtual objects, sorted by name, and the same as a catalogue.
struct Registry {
    objects: Vec<VirtualObject>,
    catalog: Catalog,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut objects: Vec<_> = ALL.iter().map(|object| object()).collect();
    objects.sort_by_key(VirtualObject::name);
    let definitions = objects.iter().map(|object| (**object.definition()).clone());
    Registry {
        catalog: Catalog::new(definitions),
        objects,
    }
});

/// The names of all virtual objects, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.objects.iter().map(VirtualObject::name)
}

/// The virtual object of a name in any letter case, if the call's version has it in this API.
pub(crate) fn find(call: &Call, api: Api, name: &str) -> Option<&'static VirtualObject> {
    named(api, name).filter(|object| object.is_in(call))
}

/// The virtual object of a name in any letter case that some version has in this API.
pub(crate) fn named(api: Api, name: &str) -> Option<&'static VirtualObject> {
    let mut objects = REGISTRY.objects.iter();
    objects.find(|object| object.is_named(name) && object.is_of(api))
}

/// The virtual objects that the call's version has in this API, sorted by name.
pub(crate) fn all(call: &Call, api: Api) -> impl Iterator<Item = &'static VirtualObject> {
    let objects = REGISTRY.objects.iter();
    objects.filter(move |object| object.is_of(api) && object.is_in(call))
}

/// The virtual objects as a catalogue: what one says of another.
pub(crate) fn catalog() -> &'static Catalog {
    &REGISTRY.catalog
}

/// Whether a statement asks a virtual object of this API; one that cannot be read asks none.
pub(crate) fn is_queried(call: &Call, api: Api, statement: &str) -> bool {
    queried(statement).is_some_and(|name| find(call, api, &name).is_some())
}

/// The object that a statement asks, if it can be read.
pub(crate) fn queried(statement: &str) -> Option<String> {
    let query = landfall_soql::parse(statement).ok()?;
    let from = query.from.into_iter().next()?;
    Some(from.path.to_string())
}

/// The object that a query of this API asks, and what the query is checked against: nothing, if the object is not there.
fn known(
    call: &Call,
    api: Api,
    statement: &str,
) -> (Option<&'static VirtualObject>, Cow<'static, Catalog>) {
    let object = queried(statement).and_then(|name| find(call, api, &name));
    let catalog = match object.map(|object| object.definition_for(call)) {
        None => Cow::Owned(Catalog::default()),
        Some(Cow::Borrowed(_)) => Cow::Borrowed(catalog()),
        Some(Cow::Owned(seen)) => Cow::Owned(Catalog::new([seen])),
    };
    (object, catalog)
}

/// Answers a query of virtual objects.
pub(crate) async fn query(
    source: Source<'_>,
    api: Api,
    question: Question<'_>,
) -> Result<Matches, Fault> {
    let engine = source.engine;
    let (object, catalog) = known(source.call, api, question.statement);
    let mut rows = None;
    if let Some(rows_of) = object.and_then(VirtualObject::by_query) {
        let checked = engine.examine_of(question, &catalog).await;
        rows = rows_of(&source, &checked.map_err(refused)?).await?;
    }
    let computed = Computed::new(source);
    if let (Some(object), Some(rows)) = (object, rows) {
        computed.put(object, rows);
    }
    let answer = engine.query_of(question, &catalog, &computed).await;
    answer.map_err(refused)
}

/// All records of an object.
pub(crate) async fn rows(source: &Source<'_>, object: &VirtualObject) -> Result<Vec<Row>, Fault> {
    let Some(rows_of) = object.by_query() else {
        return Ok(object.rows(source));
    };
    let view = source.call.login.view();
    let statement = format!("SELECT Id FROM {}", object.name());
    let question = Question {
        statement: &statement,
        view: &view,
        deleted: false,
        page: PageSize::of_rows(QUERY_PAGE_ROWS_MAX),
    };
    let checked = source.engine.examine_of(question, catalog()).await;
    let rows = rows_of(source, &checked.map_err(refused)?).await?;
    Ok(rows.unwrap_or_else(|| object.rows(source)))
}

/// What a query of virtual objects would answer with.
pub(crate) async fn examine(
    source: Source<'_>,
    api: Api,
    question: Question<'_>,
) -> Result<Checked, Fault> {
    let (_, catalog) = known(source.call, api, question.statement);
    let checked = source.engine.examine_of(question, &catalog).await;
    checked.map_err(refused)
}

/// The rows of virtual objects, each made when it is first looked at.
struct Computed<'c> {
    source: Source<'c>,
    /// In the order of [`Registry::objects`].
    rows: Vec<OnceLock<Vec<Row>>>,
}

impl<'c> Computed<'c> {
    fn new(source: Source<'c>) -> Self {
        let rows = REGISTRY.objects.iter().map(|_| OnceLock::new()).collect();
        Self { source, rows }
    }

    fn of(&self, name: &EntityName) -> Option<(&'static VirtualObject, &OnceLock<Vec<Row>>)> {
        let mut objects = REGISTRY.objects.iter().zip(&self.rows);
        objects.find(|(object, _)| object.definition().name == *name)
    }

    /// Rows that are made already.
    fn put(&self, object: &VirtualObject, rows: Vec<Row>) {
        if let Some((_, made)) = self.of(&object.definition().name) {
            made.get_or_init(|| rows);
        }
    }
}

impl Tables for Computed<'_> {
    fn rows(&self, entity: &EntityDefinition) -> &[Row] {
        self.of(&entity.name).map_or(&[], |(object, rows)| {
            rows.get_or_init(|| object.rows(&self.source))
        })
    }
}
