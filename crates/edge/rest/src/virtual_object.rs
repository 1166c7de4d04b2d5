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

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, OnceLock};

use landfall_engine::query::{Checked, Tables};
use landfall_engine::{Answer as Found, Engine, Question};
use landfall_model::{
    Capabilities, Catalog, ChildRelationship, DeleteRule, EntityDefinition, EntityName, Fault,
    FieldName, KeyPrefix, Row,
};

pub(crate) use column::Column;

use crate::call::Call;
use crate::describe;
use crate::face::{Face, Kind};
use crate::fault::refused;
use crate::respond::Answer;
use crate::template::Template;
use crate::tooling::{channel, channel_member, managed};
use crate::writer::Writer;

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
    /// How many of its columns a caller sees, from the first.
    seen: fn(&Call) -> usize,
    rows: Rows,
    asked: Option<Asked>,
}

impl fmt::Debug for VirtualObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.declared.name)
    }
}

type Rows = Box<dyn Fn(&Source<'_>) -> Vec<Row> + Send + Sync>;

/// Records that depend on what is asked of them; none if they do not, this time.
pub(crate) type Asked = for<'a> fn(&'a Source<'a>, &'a Checked) -> Answering<'a>;

pub(crate) type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Vec<Row>>, Fault>> + Send + 'a>>;

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
            seen: |_| usize::MAX,
            asked: None,
            rows: Box::new(move |source| all(source).iter().map(row).collect()),
        }
    }

    /// The same, of which a caller sees only the first columns, so many.
    pub(crate) fn seen_by(mut self, seen: fn(&Call) -> usize) -> Self {
        self.seen = seen;
        self
    }

    /// The same with records that depend on what is asked of them.
    pub(crate) fn asked_by(mut self, asked: Asked) -> Self {
        self.asked = Some(asked);
        self
    }

    /// The virtual object of a name in any letter case, if the call's version has it in this API.
    pub(crate) fn find(call: &Call, api: Api, name: &str) -> Option<&'static Self> {
        Self::named(api, name).filter(|object| object.is_in(call))
    }

    /// The virtual object of a name in any letter case that some version has in this API.
    pub(crate) fn named(api: Api, name: &str) -> Option<&'static Self> {
        let mut objects = REGISTRY.objects.iter();
        objects.find(|object| object.is_named(name) && object.declared.apis.contains(&api))
    }

    /// The virtual objects that the call's version has in this API, sorted by name.
    pub(crate) fn all(call: &Call, api: Api) -> impl Iterator<Item = &'static Self> {
        let objects = REGISTRY.objects.iter();
        objects.filter(move |object| object.declared.apis.contains(&api) && object.is_in(call))
    }

    /// Those of the list of all objects: what the Tooling API has as well is in its list alone.
    pub(crate) fn listed(call: &Call) -> impl Iterator<Item = &'static Self> {
        Self::all(call, Api::Plain).filter(|object| object.declared.apis == [Api::Plain])
    }

    fn is_named(&self, name: &str) -> bool {
        self.declared.name.eq_ignore_ascii_case(name)
    }

    /// Whether the call's version has it.
    pub(crate) fn is_in(&self, call: &Call) -> bool {
        call.version.number() >= self.declared.since
    }

    pub(crate) fn definition(&self) -> &Arc<EntityDefinition> {
        &self.definition
    }

    /// The definition as a caller sees it.
    pub(crate) fn definition_for(&self, call: &Call) -> Cow<'_, EntityDefinition> {
        let whole = &*self.definition;
        let count = (self.seen)(call);
        if count >= whole.fields.len() {
            return Cow::Borrowed(whole);
        }
        Cow::Owned(EntityDefinition::new(
            whole.name.clone(),
            (whole.label.clone(), whole.label_plural.clone()),
            whole.key_prefix,
            whole.custom,
            whole.capabilities,
            whole.fields.iter().take(count).cloned().collect(),
            whole.children.clone(),
            None,
        ))
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.declared.name
    }

    pub(crate) const fn changeable(&self) -> bool {
        self.declared.changeable
    }

    pub(crate) fn face(&self, api: Api) -> Face<'_> {
        Face {
            key_prefix: self.declared.key_prefix,
            kind: match api {
                Api::Plain => Kind::Records,
                Api::Tooling => Kind::Tooling,
            },
            layoutable: false,
            ..Face::of(&self.definition)
        }
    }

    /// All about it.
    pub(crate) fn describe(&self, call: &Call, api: Api) -> Answer {
        let definition = self.definition_for(call);
        let text = describe::full(&self.face(api), catalog(), &definition);
        Answer::json(Template::new(text).expand(call.version, &call.base_url))
    }

    /// The basic information about it.
    pub(crate) fn information(&self, call: &Call, api: Api) -> Answer {
        let mut w = Writer::new();
        w.object(|w| {
            let describe = describe::basic(&self.face(api), |_| ());
            w.name("objectDescribe")
                .raw(&describe.expand(call.version, &call.base_url));
            w.name("recentItems").array(|_| ());
        });
        Answer::json(w.finish())
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

/// The object that a query of this API asks, and what the query is checked against: nothing, if the object is not there.
fn known(
    call: &Call,
    api: Api,
    statement: &str,
) -> (Option<&'static VirtualObject>, Cow<'static, Catalog>) {
    let object = asked(statement).and_then(|name| VirtualObject::find(call, api, &name));
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
) -> Result<Found, Fault> {
    let engine = source.engine;
    let (object, catalog) = known(source.call, api, question.statement);
    let mut rows = None;
    if let Some(asked) = object.and_then(|object| object.asked) {
        let checked = engine.examine_of(question, &catalog).await;
        rows = asked(&source, &checked.map_err(refused)?).await?;
    }
    let made = Made::new(source);
    if let (Some(object), Some(rows)) = (object, rows) {
        made.put(object, rows);
    }
    let answer = engine.query_of(question, &catalog, &made).await;
    answer.map_err(refused)
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

    fn of(&self, name: &EntityName) -> Option<(&'static VirtualObject, &OnceLock<Vec<Row>>)> {
        let mut objects = REGISTRY.objects.iter().zip(&self.rows);
        objects.find(|(object, _)| object.definition.name == *name)
    }

    /// Rows that are made already.
    fn put(&self, object: &VirtualObject, rows: Vec<Row>) {
        if let Some((_, made)) = self.of(&object.definition.name) {
            made.get_or_init(|| rows);
        }
    }
}

impl Tables for Made<'_> {
    fn rows(&self, entity: &EntityDefinition) -> &[Row] {
        self.of(&entity.name).map_or(&[], |(object, rows)| {
            rows.get_or_init(|| object.rows(&self.source))
        })
    }
}
