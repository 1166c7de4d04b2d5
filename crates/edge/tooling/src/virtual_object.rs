//! Virtual objects: their records are not stored but computed from the definitions of the org whenever they are read.
//!
//! They are queried with the whole query language, over the Tooling API and, where it has them, over the REST API: a checked
//! plan is carried out on the rows in memory. To add one, write a module with
//! 1. what is shown (any `T`), as a list of [`Column`]s, each with its name and where its value comes from,
//! 2. a function that returns a [`VirtualObject`]: its names, versions and ways to children, and how to get every `T`,
//!
//! and add that function to the list in `registry`. Lists, describes, reads by id and queries follow from the declaration; what clients may
//! change is for `tooling` to lead to. A record is identified by its `DurableId` if it has one, else by its `Id`.
//! Source: "Tooling API Objects", "REST Resources" (Tooling API Developer Guide), on virtual entities.

mod column;
pub(crate) mod custom_object;
mod data_type;
pub(crate) mod entity_definition;
pub(crate) mod entity_particle;
pub(crate) mod event_bus_subscriber;
pub(crate) mod field_definition;
pub(crate) mod installed_package;
pub(crate) mod permission_set_license;
pub(crate) mod picklist_value_info;
pub(crate) mod platform_event_usage_metric;
pub(crate) mod publisher;
pub(crate) mod relationship_domain;
pub(crate) mod rows;
pub(crate) mod tab_definition;
pub(crate) mod user_entity_access;
pub(crate) mod user_license;

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use landfall_engine::Engine;
use landfall_engine::query::Checked;
use landfall_http::{Answer, Call, Writer};
use landfall_model::{
    Capabilities, Catalog, ChildRelationship, DeleteRule, EntityDefinition, EntityName, Fault,
    FieldName, KeyPrefix, Row,
};
use landfall_sobject::object_describe::{Kind, ObjectDescribe};
use landfall_sobject::template::Template;
use landfall_sobject::{Api, describe};

pub(crate) use column::Column;

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
    by_query: Option<ByQuery>,
    /// The version from which only users see it who see how the org is set up.
    setup_since: u16,
    /// Whether the REST API lists it among all objects.
    listed: bool,
}

impl fmt::Debug for VirtualObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.declared.name)
    }
}

type Rows = Box<dyn Fn(&Source<'_>) -> Vec<Row> + Send + Sync>;

/// Records that depend on the query; none if they do not, this time.
pub(crate) type ByQuery = for<'a> fn(&'a Source<'a>, &'a Checked) -> Answering<'a>;

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
            setup_since: u16::MAX,
            listed: declared.apis == [Api::Plain],
            declared,
            definition: Arc::new(definition),
            seen: |_| usize::MAX,
            by_query: None,
            rows: Box::new(move |source| all(source).iter().map(row).collect()),
        }
    }

    /// The same, of which a caller sees only the first columns, so many.
    pub(crate) fn seen_by(mut self, seen: fn(&Call) -> usize) -> Self {
        self.seen = seen;
        self
    }

    /// The same with records that depend on the query.
    pub(crate) fn with_rows_by_query(mut self, rows: ByQuery) -> Self {
        self.by_query = Some(rows);
        self
    }

    /// The same for users who see how the org is set up.
    pub(crate) const fn of_setup(self) -> Self {
        self.of_setup_since(0)
    }

    /// The same, from a version on for users who see how the org is set up.
    pub(crate) const fn of_setup_since(mut self, version: u16) -> Self {
        self.setup_since = version;
        self
    }

    /// The same, which the REST API lists although the Tooling API has it too.
    pub(crate) const fn listed(mut self) -> Self {
        self.listed = true;
        self
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.declared.name.eq_ignore_ascii_case(name)
    }

    /// Whether the call's version has it, for its user.
    pub(crate) fn is_in(&self, call: &Call) -> bool {
        let version = call.version.number();
        let hidden = version >= self.setup_since && !call.login.permissions().view_setup;
        version >= self.declared.since && !hidden
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
            whole.fields.iter().take(count).cloned().collect::<Vec<_>>(),
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

    pub(crate) fn summary(&self, api: Api) -> ObjectDescribe<'_> {
        ObjectDescribe {
            key_prefix: self.declared.key_prefix,
            kind: match api {
                Api::Plain => Kind::Records,
                Api::Tooling => Kind::Tooling,
            },
            layoutable: false,
            ..ObjectDescribe::of(&self.definition)
        }
    }

    /// All about it.
    pub(crate) fn describe(&self, call: &Call, api: Api, catalog: &Catalog) -> Answer {
        let definition = self.definition_for(call);
        let text = describe::full(&self.summary(api), catalog, &definition);
        Answer::json(Template::new(text).expand(call.version, &call.base_url))
    }

    /// The basic information about it.
    pub(crate) fn information(&self, call: &Call, api: Api) -> Answer {
        let mut w = Writer::new();
        w.object(|w| {
            let describe = landfall_sobject::describe_members::basic(&self.summary(api), |_| ());
            w.name("objectDescribe")
                .raw(&describe.expand(call.version, &call.base_url));
            w.name("recentItems").array(|_| ());
        });
        Answer::json(w.finish())
    }

    /// Whether an API has it.
    pub(crate) fn is_of(&self, api: Api) -> bool {
        self.declared.apis.contains(&api)
    }

    /// Whether it is in the list of all objects: most of what the Tooling API has as well is in its list alone.
    pub(crate) const fn is_listed(&self) -> bool {
        self.listed
    }

    /// How its records depend on the query; none if they do not.
    pub(crate) const fn by_query(&self) -> Option<ByQuery> {
        self.by_query
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
    let prefix = declared.key_prefix.map_or(KeyPrefix::NONE, |prefix| {
        KeyPrefix::parse(prefix).expect("three letters and digits")
    });
    EntityDefinition::new(
        EntityName::new(declared.name),
        (declared.label.to_owned(), declared.label_plural.to_owned()),
        prefix,
        false,
        capabilities,
        columns.iter().map(Column::definition).collect::<Vec<_>>(),
        children.collect(),
        None,
    )
}
