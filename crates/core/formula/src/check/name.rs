//! Names: fields of the record, of records that it refers to, and globals.

use landfall_model::limits::FORMULA_PATH_STEPS_MAX;
use landfall_model::{CustomKind, EntityDefinition, FieldDefinition, FieldType, Timestamp};

use super::{Checker, Scope, Typed, Usage, constant, key, kind_of};
use crate::datum::Datum;
use crate::error::Error;
use crate::function::Function;
use crate::kind::Kind;
use crate::node::{Call, Node, Reference, Step};
use crate::number::Number;
use crate::parse::parse;

/// Globals that are records: of the user, and of what belongs to them.
const RECORDS: &[(&str, &str)] = &[
    ("$user", "User"),
    ("$profile", "Profile"),
    ("$userrole", "UserRole"),
    ("$organization", "Organization"),
];

/// Globals about the pages that a user sees, in small letters.
///
/// Source: "Global Variables" (Visualforce Developer Guide), `$User`.
const THEMES: [&str; 2] = ["uitheme", "uithemedisplayed"];

/// The theme of Lightning Experience. Source: none for calls of an API, which have no pages.
const THEME: &str = "Theme4d";

/// `$System.OriginDateTime`: 1900-01-01 00:00:00 GMT.
const ORIGIN: Timestamp = Timestamp::from_millis(-2_208_988_800_000);

/// Fields of a queue as formulas call them, and as `Group` does.
///
/// Source: "Building Cross-Object Formulas" (Salesforce Help), `Owner:Queue.QueueEmail`; public projects, `QueueName`.
const QUEUE_FIELDS: [(&str, &str); 2] = [("QueueName", "Name"), ("QueueEmail", "Email")];

impl Checker<'_> {
    pub(super) fn name(&mut self, path: &str, scope: Scope<'_>) -> Result<Typed, Error> {
        let mut typed = if path.starts_with('$') {
            self.global(path, scope)?
        } else {
            self.path(path, scope)?
        };
        typed.field = Some(path.to_owned());
        Ok(typed)
    }

    /// A field at the end of a path.
    fn path(&mut self, path: &str, scope: Scope<'_>) -> Result<Typed, Error> {
        let unknown = || Error::FieldUnknown(path.to_owned());
        if self.subject.usage == Usage::Default {
            return Err(unknown());
        }
        let catalog = self.subject.catalog;
        let (ways, last) = match path.rsplit_once('.') {
            Some((ways, last)) => (Some(ways), last),
            None => (None, path),
        };
        let mut entity = scope.entity;
        let mut steps = scope.steps.to_vec();
        for way in ways.into_iter().flat_map(|ways| ways.split('.')) {
            if is_untyped(entity, way) {
                return self.record_type_field(last, path);
            }
            let step = step(entity, way, path)?;
            entity = catalog.entity(step.target.as_str()).ok_or_else(unknown)?;
            steps.push(step);
            if steps.len() > FORMULA_PATH_STEPS_MAX {
                return Err(unknown());
            }
        }
        let Some((_, field)) = entity.field(queue_field(ways, last)) else {
            return is_task(entity, last).ok_or_else(unknown);
        };
        let at = Scope {
            entity,
            steps: &steps,
            ..scope
        };
        self.field(field, at, path)
    }

    fn field(
        &mut self,
        field: &FieldDefinition,
        scope: Scope<'_>,
        path: &str,
    ) -> Result<Typed, Error> {
        if let Some(formula) = &field.formula {
            return self.formula(field, &formula.text, formula.blanks_as_zero, scope);
        }
        let unsupported = |kind| Error::FieldType {
            kind,
            field: path.to_owned(),
        };
        if field.is_long_text() && self.subject.usage != Usage::Rule {
            let rich = field.extra_type_info.as_deref() == Some("richtextarea");
            return Err(unsupported(if rich {
                "Rich Text Area"
            } else {
                "Long Text Area"
            }));
        }
        let kind = kind_of(field.field_type).ok_or_else(|| unsupported("Encrypted Text"))?;
        if matches!(kind, Kind::Compound | Kind::Location) {
            return self.compound(field, kind, scope, path);
        }
        let node = self.input(field, kind, scope);
        Ok(Typed::new(node, kind))
    }

    /// The value of a field that is stored.
    fn input(&mut self, field: &FieldDefinition, kind: Kind, scope: Scope<'_>) -> Node {
        let blank = blank(kind, scope.zero);
        if !field.stored() {
            return Node::Constant(blank);
        }
        let reference = Reference {
            steps: scope.steps.to_vec(),
            field: field.name.clone(),
            field_type: field.field_type,
            prior: scope.prior,
        };
        let known = self.references.iter().position(|known| *known == reference);
        let at = known.unwrap_or_else(|| {
            self.references.push(reference);
            self.references.len() - 1
        });
        Node::Input { at, blank }
    }

    fn compound(
        &mut self,
        field: &FieldDefinition,
        kind: Kind,
        scope: Scope<'_>,
        path: &str,
    ) -> Result<Typed, Error> {
        let parts: Vec<FieldDefinition> = scope
            .entity
            .components(field.name.as_str())
            .map(|(_, part)| part.clone())
            .collect();
        let mut nodes = Vec::with_capacity(parts.len());
        for part in &parts {
            let kind = kind_of(part.field_type).unwrap_or(Kind::Text);
            // A location counts as zero as a whole; the parts of an address are no numbers.
            nodes.push(self.input(part, kind, scope));
        }
        if kind == Kind::Compound {
            return Ok(Typed::new(Node::Compound(nodes), kind));
        }
        if nodes.len() != 2 {
            return Err(Error::FieldUnknown(path.to_owned()));
        }
        let call = Call {
            function: Function::Geolocation,
            kind: Kind::Location,
            arguments: nodes,
            regex: None,
        };
        Ok(Typed::new(Node::Call(call), Kind::Location))
    }

    /// Another formula field: its formula takes its place, about the record that the path leads to.
    fn formula(
        &mut self,
        field: &FieldDefinition,
        text: &str,
        blanks_as_zero: bool,
        scope: Scope<'_>,
    ) -> Result<Typed, Error> {
        let key = key(scope.entity, &field.name);
        if self.within.contains(&key) {
            return Err(Error::Cycle);
        }
        self.within.push(key);
        let inner = Scope {
            zero: blanks_as_zero,
            ..scope
        };
        let checked = parse(text).and_then(|parsed| {
            let typed = self.expr(&parsed.root, inner)?;
            typed.plain()?;
            super::fits(typed.kind, field.field_type)?;
            Ok(typed)
        });
        self.within.pop();
        let typed = checked.map_err(|error| match error {
            Error::Cycle | Error::TooBig { .. } | Error::TooDeep => error,
            error => Error::Referenced {
                field: field.name.to_string(),
                error: Box::new(error),
            },
        })?;
        let kind = kind_of(field.field_type).unwrap_or(Kind::Text);
        let node = Node::Formula {
            root: Box::new(typed.node),
            blank: blank(kind, scope.zero),
            day: kind == Kind::Date,
        };
        Ok(Typed::new(node, kind))
    }

    /// A field of the record itself, of which a function of rules compares or gives the stored value.
    pub(super) fn own_field(
        &mut self,
        function: &'static str,
        path: &str,
        scope: Scope<'_>,
        prior: bool,
    ) -> Result<Typed, Error> {
        let refused = || Error::FieldInFunction {
            function,
            field: path.to_owned(),
        };
        if path.contains('.') || path.starts_with('$') || !scope.steps.is_empty() {
            return Err(refused());
        }
        // Source: none for formula fields: similarweb/salesforce has active rules with their former values.
        let bare = Scope {
            zero: false,
            prior,
            ..scope
        };
        let mut typed = self.path(path, bare)?;
        typed.field = Some(path.to_owned());
        Ok(typed)
    }

    fn global(&mut self, path: &str, scope: Scope<'_>) -> Result<Typed, Error> {
        let unknown = || Error::FieldUnknown(path.to_owned());
        let small = path.to_ascii_lowercase();
        if let Some(known) = self.subject.constants.get(&small) {
            let kind = kind_of(known.field_type)
                .filter(|kind| !matches!(kind, Kind::Compound | Kind::Location))
                .ok_or_else(unknown)?;
            return Ok(constant(known.value.clone(), kind));
        }
        let (group, name) = small.split_once('.').ok_or_else(unknown)?;
        if group == "$user" && THEMES.contains(&name) {
            let theme = Datum::Text(THEME.to_owned());
            return Ok(constant(theme, Kind::Text));
        }
        if let Some((_, object)) = RECORDS.iter().find(|(known, _)| *known == group) {
            let entity = self.subject.catalog.entity(object).ok_or_else(unknown)?;
            let (_, field) = entity.field(name).ok_or_else(unknown)?;
            let kind = kind_of(field.field_type)
                .filter(|kind| !matches!(kind, Kind::Compound | Kind::Location))
                .ok_or_else(unknown)?;
            return Ok(Typed::new(self.by_name(&small), kind));
        }
        match (group, name) {
            ("$setup", name) => {
                let (object, field) = name.split_once('.').ok_or_else(unknown)?;
                let entity = self.subject.catalog.entity(object).ok_or_else(unknown)?;
                if entity.traits.custom_kind != CustomKind::HierarchySetting {
                    return Err(unknown());
                }
                let (_, field) = entity.field(field).ok_or_else(unknown)?;
                let kind = kind_of(field.field_type).ok_or_else(unknown)?;
                Ok(Typed::new(self.by_name(&small), kind))
            }
            ("$permission", _) => Ok(Typed::new(self.by_name(&small), Kind::Boolean)),
            ("$recordtype", _) => self.record_type(path, scope),
            ("$system", "origindatetime") => Ok(constant(Datum::DateTime(ORIGIN), Kind::DateTime)),
            ("$api", name)
                if name.starts_with("partner_server_url_")
                    || name.starts_with("enterprise_server_url_") =>
            {
                Ok(Typed::new(self.by_name(&small), Kind::Text))
            }
            _ => Err(unknown()),
        }
    }

    /// `$RecordType.Name`: null where records have no types.
    fn record_type(&mut self, path: &str, scope: Scope<'_>) -> Result<Typed, Error> {
        if self.subject.usage != Usage::Default && scope.entity.field("RecordTypeId").is_some() {
            let name = path.split_once('.').map_or("", |(_, name)| name);
            return self.path(&format!("RecordType.{name}"), scope);
        }
        Ok(constant(Datum::Null, Kind::Text))
    }

    /// A field of the type of records that have none: blank.
    fn record_type_field(&self, field: &str, path: &str) -> Result<Typed, Error> {
        let types = self.subject.catalog.entity(RECORD_TYPE);
        let kind = types
            .and_then(|types| types.field(field))
            .and_then(|(_, field)| kind_of(field.field_type))
            .ok_or_else(|| Error::FieldUnknown(path.to_owned()))?;
        Ok(constant(blank(kind, false), kind))
    }

    fn by_name(&mut self, global: &str) -> Node {
        Node::Global(self.surroundings.add_global(global))
    }
}

const RECORD_TYPE: &str = "RecordType";

/// Whether a path asks for the type of records that have none here.
///
/// Source: none: SalesforceFoundation/EDA has such a formula, and deploys record types after it.
fn is_untyped(entity: &EntityDefinition, way: &str) -> bool {
    way.eq_ignore_ascii_case(RECORD_TYPE) && entity.field("RecordTypeId").is_none()
}

/// Whether an activity is a task, which formulas of activities ask by a name that neither tasks nor events have a field of.
///
/// Source: "`OpenActivity`" (Object Reference), `IsTask`; public projects.
fn is_task(entity: &EntityDefinition, name: &str) -> Option<Typed> {
    let is_task = entity.name.as_str() == "Task";
    let is_activity = is_task || entity.name.as_str() == "Event";
    let is_asked = is_activity && name.eq_ignore_ascii_case("IsTask");
    is_asked.then(|| constant(Datum::Boolean(is_task), Kind::Boolean))
}

/// What a missing value is: a checkbox is never null, and a number is zero where blanks are treated so.
pub(super) fn blank(kind: Kind, zero: bool) -> Datum {
    match kind {
        Kind::Number if zero => Datum::Number(Number::zero()),
        Kind::Boolean => Datum::Boolean(false),
        _ => Datum::Null,
    }
}

/// The name of a field at the end of these ways: queues have names of their own for some.
fn queue_field<'n>(ways: Option<&str>, name: &'n str) -> &'n str {
    let object = ways.and_then(|ways| ways.rsplit_once(':'));
    let is_queue = object.is_some_and(|(_, object)| object.eq_ignore_ascii_case("Queue"));
    let mut known = QUEUE_FIELDS.iter();
    let known = known.find(|(called, _)| is_queue && called.eq_ignore_ascii_case(name));
    known.map_or(name, |(_, field)| field)
}

/// The way over a relationship, `Owner` or `Owner:User`.
fn step(entity: &EntityDefinition, way: &str, path: &str) -> Result<Step, Error> {
    let (name, object) = match way.split_once(':') {
        Some((name, object)) => (name, Some(object)),
        None => (way, None),
    };
    let is_way = |field: &&FieldDefinition| {
        let known = field.relationship_name.as_ref();
        field.field_type == FieldType::Reference
            && known.is_some_and(|known| known.eq_ignore_ascii_case(name))
    };
    let unknown = || Error::FieldUnknown(path.to_owned());
    let field = entity.fields.iter().find(is_way).ok_or_else(unknown)?;
    let target = match (object, field.reference_to.as_slice()) {
        (None, [target]) => target.clone(),
        (None, _) => return Err(unknown()),
        (Some(object), targets) => {
            let wanted = if object.eq_ignore_ascii_case("Queue") {
                "Group"
            } else {
                object
            };
            targets
                .iter()
                .find(|target| target.as_str().eq_ignore_ascii_case(wanted))
                .cloned()
                .ok_or_else(|| Error::ObjectInvalid {
                    object: object.to_owned(),
                    relationship: name.to_owned(),
                })?
        }
    };
    Ok(Step {
        field: field.name.clone(),
        target,
    })
}
