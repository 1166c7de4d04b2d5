//! From the components of a project to new definitions, and back from what was stored.
//!
//! What is kept is what was deployed, word for word: the definitions are compiled from it again at every start.

use landfall_metadata::{
    Component, ManagedSubscription, PrefixBook, Problem, RollUp, StartingNumber,
};
use landfall_model::{Catalog, KeyPrefix};
use landfall_store::{Document, DocumentKind, Reads};

use crate::Engine;
use crate::error::Error;

/// Key of the document that says which key prefix each object and event has.
const PREFIXES: &str = "prefixes";

/// New definitions, and what has to be kept with them.
pub(crate) struct Deployment {
    pub(crate) catalog: Catalog,
    pub(crate) managed: Vec<ManagedSubscription>,
    pub(crate) roll_ups: Vec<RollUp>,
    pub(crate) starting_numbers: Vec<StartingNumber>,
    pub(crate) documents: Vec<Document>,
}

/// What was deployed last: the shipped objects, if nothing was.
pub(crate) fn stored(reads: &dyn Reads) -> Result<Compiled, Error> {
    let components = components(reads.documents(DocumentKind::Component)?)?;
    let mut book = book(reads.document(DocumentKind::Org, PREFIXES)?)?;
    compiled(&components, &mut book)
}

/// See [`Engine::deploy`].
pub(crate) async fn deploy(
    engine: &Engine,
    components: Vec<Component>,
) -> Result<Vec<Problem>, Error> {
    let stored = engine.documents(DocumentKind::Component).await?;
    let mut book = book(
        engine
            .document(DocumentKind::Org, PREFIXES.to_owned())
            .await?,
    )?;
    let compiled = compiled(&components, &mut book)?;
    let removed = stored
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !components.iter().any(|component| component.path == *path))
        .map(|path| (path, None));
    let kept = components.iter().map(|component| {
        (
            component.path.clone(),
            Some(component.content.clone().into_bytes()),
        )
    });
    let mut documents: Vec<Document> = removed
        .chain(kept)
        .map(|(key, content)| Document {
            kind: DocumentKind::Component,
            key,
            content,
        })
        .collect();
    documents.push(Document {
        kind: DocumentKind::Org,
        key: PREFIXES.to_owned(),
        content: Some(written(&book).into_bytes()),
    });
    let deployment = Deployment {
        catalog: compiled.catalog,
        managed: compiled.managed,
        roll_ups: compiled.roll_ups,
        starting_numbers: compiled.starting_numbers,
        documents,
    };
    let deployed = engine.0.writer.deploy(deployment).await;
    deployed.map_err(|error| told(error, &components))?;
    Ok(compiled.warnings)
}

/// A field that cannot become what the project says is a problem of the file that says it.
fn told(error: Error, components: &[Component]) -> Error {
    let Error::Store(kept) = &error else {
        return error;
    };
    let landfall_store::Error::FieldKept { entity, field, .. } = kept else {
        return error;
    };
    let own = format!("{entity}/fields/{field}.field-meta.xml");
    let of_object = format!("{entity}.object");
    let file = components
        .iter()
        .find(|component| component.path.ends_with(&own))
        .or_else(|| {
            let mut components = components.iter();
            components.find(|component| component.path.contains(&of_object))
        });
    Error::Invalid {
        problems: vec![Problem {
            path: file.map_or(own, |component| component.path.clone()),
            line: 1,
            reason: format!(
                "{kept}: values of another kind are here from an earlier definition; name the field otherwise, or begin \
                 with another data folder"
            ),
        }],
    }
}

/// What the components of a project come to.
pub(crate) struct Compiled {
    pub(crate) catalog: Catalog,
    pub(crate) roll_ups: Vec<RollUp>,
    managed: Vec<ManagedSubscription>,
    starting_numbers: Vec<StartingNumber>,
    warnings: Vec<Problem>,
}

fn compiled(components: &[Component], book: &mut PrefixBook) -> Result<Compiled, Error> {
    let standard = landfall_standard::entities()?;
    let events = landfall_standard::platform_events()?;
    if components.is_empty() {
        return Ok(Compiled {
            catalog: Catalog::new(standard).with_platform_events(events),
            managed: Vec::new(),
            roll_ups: Vec::new(),
            starting_numbers: Vec::new(),
            warnings: Vec::new(),
        });
    }
    let org = landfall_metadata::compile(standard, events, components, book)
        .map_err(|problems| Error::Invalid { problems })?;
    Ok(Compiled {
        catalog: Catalog::new(org.entities).with_platform_events(org.platform_events),
        managed: org.managed_subscriptions,
        roll_ups: org.roll_ups,
        starting_numbers: org.starting_numbers,
        warnings: org.warnings,
    })
}

fn components(stored: Vec<(String, Vec<u8>)>) -> Result<Vec<Component>, Error> {
    stored
        .into_iter()
        .map(|(path, content)| {
            let content = String::from_utf8(content).map_err(|_| Error::Document {
                what: "component",
                reason: format!("{path} is not UTF-8"),
            })?;
            Ok(Component { path, content })
        })
        .collect()
}

/// `name prefix`, a line each.
fn written(book: &PrefixBook) -> String {
    let lines: Vec<String> = book
        .entries()
        .map(|(name, prefix)| format!("{name} {prefix}"))
        .collect();
    lines.join("\n")
}

fn book(content: Option<Vec<u8>>) -> Result<PrefixBook, Error> {
    let unreadable = || Error::Document {
        what: "book of key prefixes",
        reason: "a line is not a name and a prefix".to_owned(),
    };
    let content = String::from_utf8(content.unwrap_or_default()).map_err(|_| unreadable())?;
    let entries: Option<Vec<(String, KeyPrefix)>> = content
        .lines()
        .map(|line| {
            let (name, prefix) = line.split_once(' ')?;
            Some((name.to_owned(), KeyPrefix::parse(prefix)?))
        })
        .collect();
    entries.map(PrefixBook::new).ok_or_else(unreadable)
}
