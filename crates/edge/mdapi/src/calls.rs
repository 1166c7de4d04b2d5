//! Components one by one, without a zip file: `createMetadata()` and its kin.
//!
//! Source: "CRUD-Based Development" (Metadata API Developer Guide).

use landfall_engine::{Amending, Definitions, Effect, Kind, Problem, Step};
use landfall_metadata::{Component, parts};
use landfall_model::limits::METADATA_CALL_COMPONENTS_MAX;
use landfall_model::{ComponentFault, Fault, MetadataFault};
use landfall_xml::{Element, Limits, Writer, parse};
use serde_json::{Value, json};

use crate::answer::NAMESPACE;
use crate::bundle::removal;
use crate::choice::{shipped, single};
use crate::error::Error;
use crate::serve::Call;

/// Types that are deployed only. Source: "`PlatformEventChannel`", "`PlatformEventChannelMember`" (Metadata API Developer
/// Guide).
const DEPLOYED_ONLY: [Kind; 2] = [Kind::Channel, Kind::ChannelMember];

/// What is done with the components of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saving {
    Create,
    Update,
    Upsert,
}

fn first(problems: Vec<Problem>) -> ComponentFault {
    let first = problems.into_iter().next();
    let reason = first.map_or_else(String::new, |problem| problem.reason);
    ComponentFault::Invalid { reason }
}

/// The result of one component, or what is wrong with it.
type Became = Result<Effect, ComponentFault>;

/// One component of a call.
struct Asked {
    name: String,
    steps: Result<Vec<Step>, ComponentFault>,
}

/// Creates or changes components.
pub(crate) async fn save(call: &Call<'_>, saving: Saving) -> Result<Vec<Value>, Error> {
    let given = call.envelope.operation.children.iter();
    let given: Vec<&Element> = given.filter(|child| child.name == "metadata").collect();
    check_count(given.len())?;
    for given in &given {
        changeable(given.kind.as_deref().unwrap_or_default())?;
    }
    let mut components = call.shared.engine.amending().await;
    let mut became = Vec::new();
    // Each sees what those before it have made; with all or none, what was there before the call.
    let at_once = if is_all_or_none(call) {
        METADATA_CALL_COMPONENTS_MAX
    } else {
        1
    };
    for given in given.chunks(at_once) {
        let definitions = components.definitions();
        let asked = given.iter().map(|given| put(&definitions, given, saving));
        let asked: Result<Vec<Asked>, Fault> = asked.collect();
        became.extend(done(call, &mut components, asked?).await?);
    }
    let results = became.into_iter().map(|(name, became)| {
        let created = became == Ok(Effect::Created);
        let mut result = rendered(&name, became);
        if let (Saving::Upsert, Some(members)) = (saving, result.as_object_mut()) {
            members.insert("created".to_owned(), created.into());
        }
        result
    });
    Ok(results.collect())
}

/// Removes components.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Vec<Value>, Error> {
    let kind = changeable(call.argument("type"))?;
    let names = names(call)?;
    let mut components = call.shared.engine.amending().await;
    let definitions = components.definitions();
    let asked = names.into_iter().map(|name| Asked {
        steps: match removal(kind.root(), name) {
            Ok(_) if definitions.components().get(kind, name).is_none() => Err(missing(kind, name)),
            Ok(step) => Ok(vec![step]),
            Err(reason) => Err(ComponentFault::Undeletable { reason }),
        },
        name: name.to_owned(),
    });
    let became = done(call, &mut components, asked.collect()).await?;
    let results = became
        .into_iter()
        .map(|(name, became)| rendered(&name, became));
    Ok(results.collect())
}

/// Writes components; one that is not there is nothing.
pub(crate) fn read(call: &Call<'_>, w: &mut Writer) -> Result<(), Error> {
    let kind = kind_of(call.argument("type"))?;
    let definitions = call.shared.engine.definitions();
    let mut records = Vec::new();
    for name in names(call)? {
        let kept = definitions.components().get(kind, name);
        let known = kept.map(|kept| kept.part.name.clone());
        let Some(name) = known.or_else(|| shipped(&definitions, kind, name)) else {
            records.push(None);
            continue;
        };
        let text = single(&definitions, kind, &name)?;
        let root = parse(&text, Limits::FILE).map_err(|error| {
            Error::Component(Problem {
                path: kind.path(&name),
                line: error.line,
                reason: error.to_string(),
            })
        })?;
        records.push(Some((name, root)));
    }
    w.element("result", |w| {
        for record in &records {
            match record {
                None => w.nil("records"),
                Some((name, root)) => {
                    let attributes = format!("xsi:type=\"{}\"", kind.element());
                    w.typed("records", &attributes, |w| {
                        w.text("fullName", name);
                        for child in root
                            .children
                            .iter()
                            .filter(|child| child.name != "fullName")
                        {
                            write(w, child);
                        }
                    });
                }
            }
        }
    });
    Ok(())
}

fn names<'r>(call: &Call<'r>) -> Result<Vec<&'r str>, Fault> {
    let given = call.envelope.operation.children.iter();
    let names = given.filter(|child| child.name == "fullNames");
    let names: Vec<&str> = names.map(|name| name.text.trim()).collect();
    check_count(names.len())?;
    Ok(names)
}

const fn check_count(count: usize) -> Result<(), Fault> {
    if count > METADATA_CALL_COMPONENTS_MAX {
        return Err(Fault::Metadata(MetadataFault::ComponentsTooMany {
            max: METADATA_CALL_COMPONENTS_MAX,
        }));
    }
    Ok(())
}

fn kind_of(name: &str) -> Result<Kind, Fault> {
    let unknown = || {
        Fault::Metadata(MetadataFault::TypeUnknown {
            name: name.to_owned(),
        })
    };
    let mut kinds = Kind::ALL.into_iter();
    kinds
        .find(|kind| kind.element() == name)
        .ok_or_else(unknown)
}

fn changeable(name: &str) -> Result<Kind, Fault> {
    let kind = kind_of(name)?;
    if DEPLOYED_ONLY.contains(&kind) {
        let name = name.to_owned();
        return Err(Fault::Metadata(MetadataFault::TypeNotForCalls { name }));
    }
    Ok(kind)
}

fn missing(kind: Kind, name: &str) -> ComponentFault {
    let (kind, name) = (kind.root(), name.to_owned());
    ComponentFault::Missing { kind, name }
}

/// What a call asks for with one component: with an object come its fields.
fn put(definitions: &Definitions, given: &Element, saving: Saving) -> Result<Asked, Fault> {
    let kind = changeable(given.kind.as_deref().unwrap_or_default())?;
    let name = given.value("fullName").unwrap_or_default().to_owned();
    let is_there = definitions.components().get(kind, &name).is_some()
        || shipped(definitions, kind, &name).is_some();
    let problem = match saving {
        _ if name.is_empty() => Some(ComponentFault::NameMissing),
        Saving::Create if is_there => Some(ComponentFault::Duplicate {
            kind: kind.root(),
            name: name.clone(),
        }),
        Saving::Update if !is_there => Some(missing(kind, &name)),
        Saving::Create | Saving::Update | Saving::Upsert => None,
    };
    if let Some(problem) = problem {
        let steps = Err(problem);
        return Ok(Asked { name, steps });
    }
    let mut w = Writer::new();
    let namespace = format!("xmlns=\"{NAMESPACE}\"");
    w.typed(kind.element(), &namespace, |w| {
        for child in given
            .children
            .iter()
            .filter(|child| child.name != "fullName")
        {
            write(w, child);
        }
    });
    let file = Component {
        path: kind.path(&name),
        content: w.finish(),
    };
    let steps = parts(&[file]).into_iter().map(|mut part| {
        part.path = part.kind.path(&part.name);
        Step::Put(part)
    });
    let steps: Vec<Step> = steps.collect();
    let steps = if steps.is_empty() {
        Err(ComponentFault::NameInvalid {
            kind: kind.root(),
            name: name.clone(),
        })
    } else {
        Ok(steps)
    };
    Ok(Asked { name, steps })
}

/// An element as it was given.
fn write(w: &mut Writer, element: &Element) {
    w.element(&element.name, |w| {
        if element.children.is_empty() {
            w.escaped(&element.text);
        }
        for child in &element.children {
            write(w, child);
        }
    });
}

fn is_all_or_none(call: &Call<'_>) -> bool {
    let said = call.envelope.option("AllOrNoneHeader", "allOrNone");
    matches!(said, Some("true" | "1"))
}

/// Makes the changes, each by itself unless all or none are asked for.
async fn done(
    call: &Call<'_>,
    components: &mut Amending<'_>,
    asked: Vec<Asked>,
) -> Result<Vec<(String, Became)>, Error> {
    if is_all_or_none(call) {
        return all_done(call, components, asked).await;
    }
    let mut all = Vec::new();
    for Asked { name, steps } in asked {
        let became = match steps {
            Ok(steps) => match amended(call, components, steps).await? {
                Ok(effects) => Ok(overall(&effects)),
                Err(problems) => Err(first(problems)),
            },
            Err(problem) => Err(problem),
        };
        all.push((name, became));
    }
    Ok(all)
}

async fn all_done(
    call: &Call<'_>,
    components: &mut Amending<'_>,
    asked: Vec<Asked>,
) -> Result<Vec<(String, Became)>, Error> {
    let good = asked.iter().filter_map(|asked| asked.steps.as_ref().ok());
    let steps: Vec<Step> = good.clone().flatten().cloned().collect();
    let is_wrong = good.count() < asked.len();
    let effects = if is_wrong {
        Err(Vec::new())
    } else {
        amended(call, components, steps).await?
    };
    let mut effects = effects.map(Vec::into_iter);
    let all = asked.into_iter().map(|Asked { name, steps }| {
        let became = match (steps, &mut effects) {
            (Err(problem), _) => Err(problem),
            (Ok(steps), Err(problems)) => Err(own_problem(&steps, problems)),
            (Ok(steps), Ok(effects)) => {
                let own: Vec<Effect> = effects.by_ref().take(steps.len()).collect();
                Ok(overall(&own))
            }
        };
        (name, became)
    });
    Ok(all.collect())
}

/// What is wrong with a component, or that something is wrong with another.
fn own_problem(steps: &[Step], problems: &[Problem]) -> ComponentFault {
    let is_own = |problem: &&Problem| {
        steps.iter().any(|step| match step {
            Step::Put(part) | Step::Rename(_, part) => part.path == problem.path,
            Step::Remove(kind, name) => kind.path(name) == problem.path,
        })
    };
    let own = problems.iter().find(is_own);
    own.map_or(ComponentFault::RolledBack, |problem| {
        let reason = problem.reason.clone();
        ComponentFault::Invalid { reason }
    })
}

/// The result of a component, from the results of its parts; its own comes last.
fn overall(effects: &[Effect]) -> Effect {
    match effects.last() {
        Some(Effect::Unchanged) if effects.iter().any(|effect| *effect != Effect::Unchanged) => {
            Effect::Changed
        }
        Some(effect) => *effect,
        None => Effect::Unchanged,
    }
}

async fn amended(
    call: &Call<'_>,
    components: &mut Amending<'_>,
    steps: Vec<Step>,
) -> Result<Result<Vec<Effect>, Vec<Problem>>, Error> {
    let amended = components.amend(steps, call.login.user_id, false).await;
    match amended {
        Ok(amended) => Ok(Ok(amended.effects)),
        Err(landfall_engine::Error::Invalid { problems }) => Ok(Err(problems)),
        Err(other) => Err(other.into()),
    }
}

fn rendered(name: &str, became: Became) -> Value {
    match became {
        Ok(_) => json!({ "fullName": name, "success": true }),
        Err(fault) => {
            let (code, message) = landfall_wire::component_error(&fault);
            json!({
                "errors": { "message": message, "statusCode": code },
                "fullName": name,
                "success": false,
            })
        }
    }
}
