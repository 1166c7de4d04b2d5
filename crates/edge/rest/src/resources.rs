//! The resources of the REST API. Each is one declaration: the router, the list of resources, the lists below `composite` and
//! `event`, the roots of answers in XML and the `OpenAPI` document follow from it.
//!
//! To add a resource, add its declaration. Source: "REST API Resources" (REST API Developer Guide).

use axum::body::Body;
use landfall_apidoc::{Described, Operation, Parameter, Shape};
use landfall_http::{Answer, Pending};
use landfall_model::{Fault, RecordFault};

use crate::call::Call;
use crate::path::Path;
use crate::resource::{ANY, Resource, RootElement, described};
use crate::state::Shared;
use crate::{
    collections, composite, empty, event_schema, objects, org_limits, push, query, record, related,
    replication, retrieve, search, user, versions,
};

const READ: &str = "HEAD,GET";
const READ_AND_POST: &str = "HEAD,GET,POST";
const RECORD: &str = "HEAD,GET,PATCH,DELETE";

const URLS: RootElement = RootElement::Named("urls", "url");
const QUERY_RESULT: RootElement = RootElement::Named("QueryResult", "records");
const SEARCH_RESULT: RootElement = RootElement::Named("SearchResult", "searchRecords");
const DESCRIBE: RootElement = RootElement::Named("DescribeSObject", "field");

/// Every resource.
pub(crate) const RESOURCES: &[Resource<Shared>] = &[
    Resource::new("", READ, |shared, call, _, _| {
        Box::pin(async move { Ok(Answer::json(versions::resources(shared, call))) })
    })
    .root(URLS)
    .operations(&[get("resources", "Org", "The resources")]),
    Resource::new("composite", READ_AND_POST, |shared, call, _, body| {
        Box::pin(composite::parts(shared, call, body))
    })
    .since(38)
    .listed()
    .operations(&[post(
        "composite",
        "Requests that refer to each other",
        "compositeRequest",
    )]),
    Resource::new(
        "composite/tree/{records}",
        "POST",
        |shared, call, path, body| {
            Box::pin(
                async move { composite::tree::answer(shared, call, path.entity()?, body).await },
            )
        },
    )
    .since(34)
    .root(RootElement::Named("SObjectTreeResponse", "results")),
    Resource::new("composite/batch", "POST", |shared, call, _, body| {
        Box::pin(composite::batch::answer(shared, call, body))
    })
    .since(34)
    .operations(&[post("batch", "Requests of their own", "batchRequests")]),
    Resource::new(
        "composite/sobjects",
        "POST,PATCH,DELETE",
        |shared, call, _, body| Box::pin(collections::of_any(shared, call, body)),
    )
    .since(42)
    .operations(&[Operation {
        answers: Shape::List,
        ..post("createRecords", "New records", "records")
    }]),
    Resource::new(
        "composite/sobjects/{records}",
        READ_AND_POST,
        |shared, call, path, body| {
            Box::pin(async move { retrieve::retrieve(shared, call, path.entity()?, body).await })
        },
    )
    .since(42),
    Resource::new(
        "composite/sobjects/{records}/{field}",
        "PATCH",
        |shared, call, path, body| {
            Box::pin(async move {
                collections::upsert(shared, call, path.entity()?, path.text(0), body).await
            })
        },
    )
    .since(46),
    Resource::new("composite/graph", "POST", |shared, call, _, body| {
        Box::pin(composite::graph::answer(shared, call, body))
    })
    .since(composite::graph::VERSION),
    Resource::new("event", READ, |shared, call, _, _| {
        Box::pin(async move { Ok(Answer::json(versions::below(shared, call, "event"))) })
    })
    .root(URLS)
    .listed(),
    Resource::new(
        "event/eventSchema/{schemaId}",
        READ,
        |shared: &Shared, call, path, _| {
            Box::pin(async move { event_schema::by_id(&shared.engine, call, path.text(0)) })
        },
    )
    .operations(&[Operation {
        parameters: &[
            Parameter::in_path("schemaId", "The schema id of an event"),
            landfall_apidoc::PAYLOAD_FORMAT,
        ],
        ..get(
            "getEventSchemaById",
            "Event Schema",
            "The Avro schema of an event",
        )
    }]),
    Resource::new("sobjects", READ, |shared, call, _, _| {
        Box::pin(async move { objects::all(shared, call) })
    })
    .root(RootElement::Named("DescribeGlobal", "sobject"))
    .listed()
    .operations(&[get("sobjects", "Org", "All objects")]),
    Resource::new(
        "sobjects/{object}",
        READ_AND_POST,
        |shared, call, path, body| {
            Box::pin(async move { objects::object(shared, call, path.object()?, body).await })
        },
    )
    .root(RootElement::Object)
    .described(Described::Object),
    Resource::new(
        "sobjects/{virtual}",
        READ,
        |shared: &Shared, call, path, _| {
            Box::pin(async move { shared.virtual_objects.information(call, path.text(0)) })
        },
    ),
    Resource::new(
        "sobjects/{object}/describe",
        READ,
        |shared: &Shared, call, path, _| {
            Box::pin(async move { objects::describe(shared, call, path.object()?) })
        },
    )
    .root(DESCRIBE)
    .described(Described::Describe),
    Resource::new(
        "sobjects/{virtual}/describe",
        READ,
        |shared: &Shared, call, path, _| {
            Box::pin(async move { shared.virtual_objects.describe(call, path.text(0)) })
        },
    )
    .root(DESCRIBE),
    Resource::new(
        "sobjects/{event}/eventSchema",
        READ,
        |shared: &Shared, call, path, _| {
            Box::pin(async move { event_schema::of(&shared.engine, call, path.object()?) })
        },
    )
    .described(Described::EventSchema),
    // What is published is delivered and forgotten: it is no record.
    Resource::new("sobjects/{platformEvent}/{id}", READ, |_, _, _, _| {
        Box::pin(async move { Err(Fault::Record(RecordFault::NotFound)) })
    }),
    Resource::new(
        "sobjects/{records}/Id",
        "POST",
        |shared, call, path, body| {
            Box::pin(async move { record::create(shared, call, path.entity()?, body, true).await })
        },
    ),
    Resource::new(
        "sobjects/{records}/updated",
        READ,
        |shared, call, path, _| {
            Box::pin(async move { replication::updated(shared, call, path.entity()?).await })
        },
    )
    .root(RootElement::Object),
    Resource::new(
        "sobjects/{records}/deleted",
        READ,
        |shared, call, path, _| {
            Box::pin(async move { replication::deleted(shared, call, path.entity()?).await })
        },
    )
    .root(RootElement::Object),
    Resource::new("sobjects/{records}/listviews", READ, |_, _, path, _| {
        Box::pin(async move { Ok(empty::list_views(path.entity()?)) })
    })
    .since(32),
    Resource::new("sobjects/{records}/quickActions", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::list()) })
    }),
    Resource::new(
        "sobjects/{records}/{id}",
        RECORD,
        |shared, call, path, body| {
            Box::pin(
                async move { record::row(shared, call, path.entity()?, path.text(0), body).await },
            )
        },
    )
    .root(RootElement::Object)
    .described(Described::Row),
    Resource::new(
        "sobjects/{records}/Id/{id}",
        RECORD,
        |shared, call, path, body| {
            Box::pin(
                async move { record::row(shared, call, path.entity()?, path.text(0), body).await },
            )
        },
    )
    .root(RootElement::Object),
    Resource::new(
        "sobjects/{records}/describe/approvalLayouts",
        READ,
        |_, _, _, _| Box::pin(async move { Ok(empty::approval_layouts()) }),
    ),
    Resource::nothing("sobjects/{records}/describe/{part}"),
    Resource::new(
        "sobjects/{records:User}/{record}/password",
        READ_AND_POST,
        |shared, call, path, body| {
            Box::pin(async move { user::password(shared, call, path.id()?, body).await })
        },
    ),
    Resource::new(
        "sobjects/{records:StreamingChannel}/{record}/push",
        READ_AND_POST,
        |shared, call, path, body| {
            Box::pin(async move { push::push(shared, call, path.id()?, body).await })
        },
    ),
    Resource::new(
        "sobjects/{records}/{record}/{relationship}",
        RECORD,
        |shared, call, path, body| {
            Box::pin(async move {
                let (entity, id) = (path.entity()?, path.id()?);
                related::related(shared, call, entity, id, path.text(1), body).await
            })
        },
    ),
    Resource::new(
        "sobjects/{records}/{field}/{value}",
        RECORD,
        |shared, call, path, body| {
            Box::pin(async move {
                let key = (path.text(0), path.text(1));
                record::external(shared, call, path.entity()?, key, body).await
            })
        },
    )
    .root(RootElement::Object),
    Resource::new("query", READ, |shared, call, _, _| {
        Box::pin(query::query(shared, call, false))
    })
    .root(QUERY_RESULT)
    .listed()
    .operations(&[soql("query", "Records that a query finds")]),
    Resource::new("query/{locator}", READ, |shared, call, path, _| {
        Box::pin(query::more(shared, call, path.text(0)))
    })
    .root(QUERY_RESULT)
    .operations(&[page("queryMore")]),
    Resource::new("queryAll", READ, |shared, call, _, _| {
        Box::pin(query::query(shared, call, true))
    })
    .root(QUERY_RESULT)
    .listed()
    .operations(&[soql("queryAll", "The same with deleted records")]),
    Resource::new("queryAll/{locator}", READ, |shared, call, path, _| {
        Box::pin(query::more(shared, call, path.text(0)))
    })
    .root(QUERY_RESULT)
    .operations(&[page("queryAllMore")]),
    Resource::new("limits", READ, |shared, call, _, _| {
        Box::pin(org_limits::limits(shared, call))
    })
    .root(RootElement::Named("LimitsSnapshot", "limit"))
    .listed()
    .operations(&[get(
        "limits",
        "Org",
        "Allocations, and what is left of them",
    )]),
    Resource::new("limits/recordCount", READ, |shared, call, _, _| {
        Box::pin(org_limits::counts(shared, call))
    })
    .since(40)
    .operations(&[Operation {
        parameters: &[Parameter::in_query(
            "sObjects",
            "Objects, separated by commas",
        )],
        ..get("recordCount", "Org", "How many records there are")
    }]),
    Resource::new("recent", READ, |shared, call, _, _| {
        Box::pin(org_limits::recent(shared, call))
    })
    .listed()
    .operations(&[Operation {
        parameters: &[Parameter::in_query("limit", "How many")],
        answers: Shape::List,
        ..get("recent", "Org", "Records that were changed last")
    }]),
    Resource::nothing("jobs").listed(),
    Resource::new("tooling", ANY, tooling)
        .root(RootElement::Tooling)
        .permission(|granted| granted.view_setup)
        .listed(),
    Resource::new(
        "tooling/composite",
        READ_AND_POST,
        |shared, call, _, body| Box::pin(composite::tooling::parts(shared, call, body)),
    )
    .since(40)
    .permission(|granted| granted.view_setup),
    Resource::new("tooling/{rest...}", ANY, tooling)
        .root(RootElement::Tooling)
        .permission(|granted| granted.view_setup),
    Resource::new("search", READ, |shared, call, _, _| {
        Box::pin(search::search(shared, call))
    })
    .root(SEARCH_RESULT)
    .listed(),
    Resource::new(
        "parameterizedSearch",
        READ_AND_POST,
        |shared, call, _, body| Box::pin(search::parameterized(shared, call, body)),
    )
    .since(36)
    .root(SEARCH_RESULT)
    .listed(),
    Resource::new("tabs", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::list()) })
    })
    .listed(),
    Resource::new("theme", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::theme()) })
    })
    .listed(),
    Resource::new("appMenu", READ, |_, call, _, _| {
        Box::pin(async move { Ok(empty::menus(call)) })
    })
    .listed(),
    Resource::new("appMenu/AppSwitcher", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::menu()) })
    }),
    Resource::new("appMenu/Salesforce1", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::menu()) })
    }),
    Resource::new("quickActions", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::list()) })
    })
    .listed(),
    Resource::new("process", READ, |shared, call, _, _| {
        Box::pin(async move { Ok(Answer::json(versions::below(shared, call, "process"))) })
    })
    .root(URLS)
    .listed(),
    Resource::new("process/rules", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::rules()) })
    }),
    Resource::new("process/rules/{records}", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::rules()) })
    }),
    Resource::new("process/approvals", READ, |_, _, _, _| {
        Box::pin(async move { Ok(empty::approvals()) })
    }),
];

/// Answers for the Tooling API, which declares its own resources.
fn tooling<'a>(shared: &'a Shared, call: &'a Call, path: &'a Path, body: Body) -> Pending<'a> {
    Box::pin(async move {
        let below: Vec<&str> = path.texts().collect();
        let staging = call.scope.staging();
        shared
            .virtual_objects
            .answer(call, &below, body, staging)
            .await
    })
}

const fn get(id: &'static str, tag: &'static str, summary: &'static str) -> Operation {
    Operation {
        method: "get",
        id,
        tag,
        summary,
        parameters: &[],
        reads: None,
        answers: Shape::Object,
    }
}

const fn post(id: &'static str, summary: &'static str, reads: &'static str) -> Operation {
    Operation {
        method: "post",
        reads: Some(reads),
        ..get(id, "Composite", summary)
    }
}

const SOQL: &[Parameter] = &[Parameter {
    required: true,
    ..Parameter::in_query("q", "A SOQL query")
}];

const LOCATOR: &[Parameter] = &[Parameter::in_path("locator", "The end of nextRecordsUrl")];

const fn soql(id: &'static str, summary: &'static str) -> Operation {
    Operation {
        parameters: SOQL,
        answers: Shape::QueryResult,
        ..get(id, "Query", summary)
    }
}

const fn page(id: &'static str) -> Operation {
    Operation {
        parameters: LOCATOR,
        ..soql(id, "The next page of a query")
    }
}

/// The resources for the `OpenAPI` document.
pub fn resources() -> Vec<landfall_apidoc::Resource> {
    described(RESOURCES)
}

/// Every resource with its methods: `GET sobjects/{records}/{id}`.
pub fn methods() -> impl Iterator<Item = String> {
    RESOURCES.iter().flat_map(|resource| {
        let methods = resource.methods.split(',');
        methods.map(|method| format!("{method} {}", resource.path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{below, listed};

    #[test]
    fn lists_follow_from_the_declarations() {
        let names: Vec<&str> = listed(RESOURCES, 59).collect();
        for name in [
            "sobjects",
            "query",
            "jobs",
            "tooling",
            "parameterizedSearch",
        ] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert!(!listed(RESOURCES, 35).any(|name| name == "parameterizedSearch"));
        assert_eq!(
            below(RESOURCES, "composite", 59),
            ["tree", "batch", "sobjects", "graph"]
        );
        assert_eq!(below(RESOURCES, "composite", 41), ["tree", "batch"]);
        assert_eq!(below(RESOURCES, "event", 59), ["eventSchema"]);
        assert_eq!(below(RESOURCES, "process", 59), ["rules", "approvals"]);
    }

    #[test]
    fn a_path_is_declared_once() {
        for (index, resource) in RESOURCES.iter().enumerate() {
            let mut before = RESOURCES.iter().take(index);
            assert!(
                before.all(|other| other.path != resource.path),
                "{}",
                resource.path
            );
        }
    }

    #[test]
    fn methods_are_listed_in_the_order_of_the_service() {
        for resource in RESOURCES {
            let all = ANY.split(',');
            let own: Vec<&str> = all
                .filter(|method| resource.methods.split(',').any(|own| own == *method))
                .collect();
            assert_eq!(own.join(","), resource.methods, "{}", resource.path);
        }
    }
}
