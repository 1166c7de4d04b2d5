//! Which components of a type there are, and who made them.
//!
//! Source: "`listMetadata()`", "`FileProperties`" (Metadata API Developer Guide); recorded answers have the beginning of
//! 1970 for what nobody made.

use landfall_engine::{KeptComponent, Kind, Stamp};
use landfall_model::limits::LIST_METADATA_TYPES_MAX;
use landfall_model::{Fault, MetadataFault, RecordId, Timestamp};
use serde_json::{Value, json};

use crate::deployment::date;
use crate::error::Error;
use crate::people::People;
use crate::serve::Call;

/// Answers a call.
pub(crate) async fn list(call: &Call<'_>) -> Result<Vec<Value>, Error> {
    let queries = call.envelope.operation.children.iter();
    let queries: Vec<_> = queries.filter(|child| child.name == "queries").collect();
    if queries.len() > LIST_METADATA_TYPES_MAX {
        let max = LIST_METADATA_TYPES_MAX;
        return Err(Fault::Metadata(MetadataFault::ComponentsTooMany { max }).into());
    }
    let definitions = call.shared.engine.definitions();
    let mut people = People::new(&call.shared.engine);
    let mut all = Vec::new();
    for query in queries {
        let name = query.value("type").unwrap_or_default();
        let kind = Kind::of_root(name).ok_or_else(|| {
            Fault::Metadata(MetadataFault::TypeUnknown {
                name: name.to_owned(),
            })
        })?;
        for component in definitions.components().of(kind) {
            let file = file_of(kind, &component.part.name);
            all.push(
                properties(
                    &mut people,
                    kind,
                    Some(component),
                    &component.part.name,
                    &file,
                )
                .await?,
            );
        }
        if let Some(name) = kind
            .only()
            .filter(|name| definitions.components().get(kind, name).is_none())
        {
            let file = file_of(kind, name);
            all.push(properties(&mut people, kind, None, name, &file).await?);
        }
        if kind == Kind::Object {
            for entity in definitions.catalog().entities() {
                let name = entity.name.as_str();
                if definitions.components().get(kind, name).is_none() {
                    all.push(
                        properties(&mut people, kind, None, name, &file_of(kind, name)).await?,
                    );
                }
            }
        }
    }
    Ok(all)
}

/// Where a component lies in a zip file.
pub(crate) fn file_of(kind: Kind, name: &str) -> String {
    let object = name.split('.').next().unwrap_or(name);
    match kind.inline() {
        Some(_) => file_of(Kind::Object, object),
        None => format!("{}/{name}.{}", kind.folder(), kind.suffix()),
    }
}

/// The properties of a component; of one that is part of every org, if it is not kept.
pub(crate) async fn properties(
    people: &mut People<'_>,
    kind: Kind,
    component: Option<&KeptComponent>,
    name: &str,
    file: &str,
) -> Result<Value, Error> {
    let nobody = Stamp {
        by: RecordId::EMPTY,
        at: Timestamp::from_millis(0),
    };
    let (created, modified) =
        component.map_or((nobody, nobody), |kept| (kept.created, kept.modified));
    let is_standard = kind.only().is_some() || (kind == Kind::Object && !name.contains("__"));
    let id = component.filter(|_| !is_standard).map(|kept| kept.id);
    let (author, changer) = (
        people.find(created.by).await?,
        people.find(modified.by).await?,
    );
    let mut properties = json!({
        "createdById": author.id,
        "createdByName": author.name,
        "createdDate": date(created.at.as_millis()),
        "fileName": file,
        "fullName": name,
        "id": id.map_or_else(String::new, |id| id.to_string()),
        "lastModifiedById": changer.id,
        "lastModifiedByName": changer.name,
        "lastModifiedDate": date(modified.at.as_millis()),
        "type": kind.root(),
    });
    if let (false, Some(members)) = (is_standard, properties.as_object_mut()) {
        members.insert("manageableState".to_owned(), "unmanaged".into());
    }
    Ok(properties)
}
