//! Virtual objects: their records are not kept but made, whenever they are asked for, from what the org consists of.
//!
//! They are asked by the whole language of queries, over the Tooling API and, where it has them, over the plain API: a
//! checked plan is carried out on the rows in memory. To add one, write a module with
//! 1. what is shown (any `T`), as a list of [`Column`]s, each with its name and where its value comes from,
//! 2. a function that returns a [`VirtualObject`]: its names, versions and ways to children, and how to get every `T`,
//!
//! and add that function to [`ALL`]. Lists, describes, reads by id and queries follow from the declaration; what clients may
//! change is for `tooling` to lead to. A record is identified by its `DurableId` if it has one, else by its `Id`.
//! Source: "Tooling API Objects", "REST Resources" (Tooling API Developer Guide), on virtual entities.

mod column;
mod custom_object;
mod data_type;
mod entity_definition;
mod entity_particle;
mod event_bus_subscriber;
mod field_definition;
mod picklist_value_info;
mod platform_event_usage_metric;
mod publisher;
mod relationship_domain;
pub(crate) mod shown;
mod user_entity_access;

use std::sync::{Arc, LazyLock, OnceLock};

use landfall_engine::{Answer, Engine, Question};
use landfall_model::{
    Capabilities, Catalog, ChildRelationship, DeleteRule, EntityDefinition, EntityName, Fault,
    FieldName, KeyPrefix, Row,
};
use landfall_query::{Checked, Tables};

pub(crate) use column::Column;

use crate::call::Call;
use crate::face::{Face, Kind};
use crate::fault::refused;
use crate::tooling::{channel, channel_member, managed};

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
    managed::object,
    picklist_value_info::object,
    platform_event_usage_metric::object,
    publisher::object,
    relationship_domain::object,
    user_entity_access::object,
];

/// By which API an object is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// Below `/services/data/vNN.0`.
    Plain,
    /// Below `/services/data/vNN.0/tooling`.
    Tooling,
}

impl Api {
    /// What its paths have after the version.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Tooling => "tooling/",
        }
    }
}

/// What rows are made from.
pub(crate) struct Source<'c> {
    pub(crate) engine: &'c Engine,
    pub(crate) call: &'c Call,
}

/// Names and traits of a virtual object.
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) label_plural: &'static str,
    /// First characters of its ids, if it has ids of its own.
    pub(crate) key_prefix: Option<&'static str>,
    /// The version that brought it.
    pub(crate) since: u16,
    pub(crate) apis: &'static [Api],
    /// Whether clients may create, change and delete records.
    pub(crate) changeable: bool,
    /// Ways to children: the way's name, the children's object, and their field that leads here.
    pub(crate) children: &'static [(&'static str, &'static str, &'static str)],
}

/// An object whose records are made.
pub(crate) struct VirtualObject {
    declared: Declared,
    definition: Arc<EntityDefinition>,
    rows: Rows,
}

type Rows = Box<dyn Fn(&Source<'_>) -> Vec<Row> + Send + Sync>;

impl VirtualObject {
    /// An object that shows what `all` gives, by these columns.
    pub(crate) fn new<T: 'static>(
        declared: Declared,
        columns: &'static [Column<T>],
        all: fn(&Source<'_>) -> Vec<T>,
    ) -> Self {
        let definition = definition(&declared, columns);
        let row = |of: &T| columns.iter().map(|column| column.value(of)).collect();
        Self {
            declared,
            definition: Arc::new(definition),
            rows: Box::new(move |source| all(source).iter().map(row).collect()),
        }
    }

    /// The virtual object of a name in any letter case, if the call's version has it in this API.
    pub(crate) fn find(call: &Call, api: Api, name: &str) -> Option<&'static Self> {
        let object = REGISTRY
            .objects
            .iter()
            .find(|object| object.is_named(name))?;
        object.is_in(call, api).then_some(object)
    }

    /// The virtual objects that the call's version has in this API, sorted by name.
    pub(crate) fn all(call: &Call, api: Api) -> impl Iterator<Item = &'static Self> {
        let objects = REGISTRY.objects.iter();
        objects.filter(move |object| object.is_in(call, api))
    }

    fn is_named(&self, name: &str) -> bool {
        self.declared.name.eq_ignore_ascii_case(name)
    }

    fn is_in(&self, call: &Call, api: Api) -> bool {
        call.version.number() >= self.declared.since && self.declared.apis.contains(&api)
    }

    pub(crate) fn definition(&self) -> &Arc<EntityDefinition> {
        &self.definition
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.declared.name
    }

    pub(crate) const fn changeable(&self) -> bool {
        self.declared.changeable
    }

    pub(crate) fn face(&self) -> Face<'_> {
        Face {
            key_prefix: self.declared.key_prefix,
            kind: Kind::Tooling,
            layoutable: false,
            ..Face::of(&self.definition)
        }
    }

    /// All records.
    pub(crate) fn rows(&self, source: &Source<'_>) -> Vec<Row> {
        (self.rows)(source)
    }
}

fn definition<T>(declared: &Declared, columns: &[Column<T>]) -> EntityDefinition {
    let changeable = declared.changeable;
    let capabilities = Capabilities {
        createable: changeable,
        updateable: changeable,
        deletable: changeable,
        queryable: true,
        retrieveable: true,
        ..Capabilities::default()
    };
    let children = declared.children.iter();
    let children = children.map(|(name, child, field)| ChildRelationship {
        child: EntityName::new(*child),
        field: FieldName::new(*field),
        relationship_name: Some((*name).to_owned()),
        delete_rule: DeleteRule::Clear,
    });
    // No id begins so: those without a prefix have no ids of their own.
    let prefix = declared.key_prefix.unwrap_or("000");
    EntityDefinition::new(
        EntityName::new(declared.name),
        (declared.label.to_owned(), declared.label_plural.to_owned()),
        KeyPrefix::parse(prefix).expect("three letters and digits"),
        false,
        capabilities,
        columns.iter().map(Column::definition).collect(),
        children.collect(),
        None,
    )
}

/// The virtual objects, sorted by name, and the same as a catalogue.
struct Registry {
    objects: Vec<VirtualObject>,
    catalog: Catalog,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut objects: Vec<_> = ALL.iter().map(|object| object()).collect();
    objects.sort_by_key(VirtualObject::name);
    let definitions = objects.iter().map(|object| (*object.definition).clone());
    Registry {
        catalog: Catalog::new(definitions),
        objects,
    }
});

/// The virtual objects as a catalogue: what one says of another.
pub(crate) fn catalog() -> &'static Catalog {
    &REGISTRY.catalog
}

/// Whether a statement asks a virtual object of this API; one that cannot be read asks none.
pub(crate) fn is_asked(call: &Call, api: Api, statement: &str) -> bool {
    asked(statement).is_some_and(|name| VirtualObject::find(call, api, &name).is_some())
}

/// The object that a statement asks, if it can be read.
pub(crate) fn asked(statement: &str) -> Option<String> {
    let query = landfall_soql::parse(statement).ok()?;
    let from = query.from.into_iter().next()?;
    Some(from.path.to_string())
}

/// What a query of this API is checked against: nothing, if it asks for what is not there.
fn known(call: &Call, api: Api, statement: &str) -> &'static Catalog {
    static NOTHING: LazyLock<Catalog> = LazyLock::new(Catalog::default);
    if is_asked(call, api, statement) {
        catalog()
    } else {
        &NOTHING
    }
}

/// Answers a query of virtual objects.
pub(crate) async fn query(
    source: Source<'_>,
    api: Api,
    question: Question<'_>,
) -> Result<Answer, Fault> {
    let engine = source.engine;
    let catalog = known(source.call, api, question.statement);
    let made = Made::new(source);
    let answer = engine.query_of(question, catalog, &made).await;
    answer.map_err(refused)
}

/// What a query of virtual objects would answer with.
pub(crate) async fn examine(
    source: Source<'_>,
    api: Api,
    question: Question<'_>,
) -> Result<Checked, Fault> {
    let catalog = known(source.call, api, question.statement);
    let checked = source.engine.examine_of(question, catalog).await;
    checked.map_err(refused)
}

/// The rows of virtual objects, each made when it is first looked at.
struct Made<'c> {
    source: Source<'c>,
    /// In the order of [`Registry::objects`].
    rows: Vec<OnceLock<Vec<Row>>>,
}

impl<'c> Made<'c> {
    fn new(source: Source<'c>) -> Self {
        let rows = REGISTRY.objects.iter().map(|_| OnceLock::new()).collect();
        Self { source, rows }
    }
}

impl Tables for Made<'_> {
    fn rows(&self, entity: &EntityDefinition) -> &[Row] {
        let mut objects = REGISTRY.objects.iter().zip(&self.rows);
        objects
            .find(|(object, _)| object.definition.name == entity.name)
            .map_or(&[], |(object, rows)| {
                rows.get_or_init(|| object.rows(&self.source))
            })
    }
}
