//! `POST /composite/graph`: several series of parts, each of them one transaction.
//!
//! Source: "Composite Graph", "Using Composite Graphs", "Composite Graph Limits" (REST API Developer Guide).

use std::collections::{HashMap, HashSet};

use axum::body::Body;
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Writer, json_body};
use landfall_model::limits::{
    REST_GRAPH_DEPTH_MAX, REST_GRAPH_FAILURES_MAX, REST_GRAPH_KINDS_MAX, REST_GRAPH_NODES_MAX,
    REST_GRAPHS_MAX,
};
use landfall_model::{Fault, ManyFault};

use super::part::{Changes, Rules};
use super::series::{self, Item};
use crate::call::Call;
use crate::state::Shared;

/// The version that brought graphs.
pub(crate) const VERSION: u16 = 50;

/// Letters of a graph's id, one less than this at most.
const ID_LETTERS: usize = 40;

const RULES: Rules = Rules {
    takes: |path| match path {
        [sobjects, rest @ ..] => {
            sobjects.eq_ignore_ascii_case("sobjects") && (1..=3).contains(&rest.len())
        }
        [] => false,
    },
    takes_version: |_, version| version.number() >= VERSION,
    changes: Changes::Records,
};

struct Graph<'b> {
    id: &'b str,
    items: Vec<Item<'b>>,
}

/// Answers the graphs one after the other.
pub(crate) async fn answer(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    let bytes = json_body(&call.headers, body).await?;
    let body = json::Body::parse(&bytes)?;
    let graphs = graphs(&body, call)?;
    check_limits(&graphs)?;
    let mut w = Writer::new();
    w.open('{');
    w.name("graphs").open('[');
    let mut failures = 0;
    let mut faults = Vec::new();
    for graph in graphs {
        let (answered, good) = if failures > REST_GRAPH_FAILURES_MAX {
            let halted = Fault::Many(ManyFault::GraphsHalted);
            (series::untried(&graph.items, &halted), false)
        } else {
            series::answer(shared, call, graph.items, true, &RULES).await?
        };
        failures += usize::from(!good);
        faults.extend(series::faults(&answered));
        w.object(|w| {
            w.name("graphId").string(graph.id);
            w.name("graphResponse")
                .object(|w| series::write(w, answered));
            w.name("isSuccessful").boolean(good);
        });
    }
    w.close(']');
    w.close('}');
    Ok(Answer::json(w.finish()).reporting(faults))
}

fn graphs<'b>(body: &'b json::Body<'_>, call: &Call) -> Result<Vec<Graph<'b>>, Fault> {
    let mut list: Option<&[Json]> = None;
    for (name, value) in body.members()? {
        match (name.as_str(), &value.content) {
            ("graphs", Content::Array(items)) => list = Some(items),
            ("graphs", _) => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    let list = list.ok_or_else(|| body.refuse(&body.root, "Missing required field \"graphs\""))?;
    let mut seen = HashSet::new();
    let mut graphs = Vec::with_capacity(list.len());
    for json in list {
        let graph = graph(body, json, call)?;
        if !is_graph_id(graph.id) || !seen.insert(graph.id) {
            return Err(Fault::Many(ManyFault::GraphIdInvalid {
                id: graph.id.to_owned(),
            }));
        }
        graphs.push(graph);
    }
    Ok(graphs)
}

fn graph<'b>(body: &'b json::Body<'_>, json: &'b Json, call: &Call) -> Result<Graph<'b>, Fault> {
    let Content::Object(members) = &json.content else {
        return Err(body.unexpected(json).into());
    };
    let (mut id, mut items) = (None, None);
    for (name, value) in members {
        match (name.as_str(), &value.content) {
            ("graphId", Content::Text(text)) => id = Some(text.as_str()),
            ("compositeRequest", _) => items = Some(series::items(body, value, call.version)?),
            ("graphId", _) => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    let missing = |name| body.refuse(json, format!("Missing required field \"{name}\""));
    Ok(Graph {
        id: id.ok_or_else(|| missing("graphId"))?,
        items: items.ok_or_else(|| missing("compositeRequest"))?,
    })
}

fn is_graph_id(id: &str) -> bool {
    id.chars()
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric())
        && id.chars().count() < ID_LETTERS
        && !id.contains('.')
}

fn check_limits(graphs: &[Graph<'_>]) -> Result<(), Fault> {
    let nodes = || graphs.iter().flat_map(|graph| &graph.items);
    let kinds: HashSet<_> = nodes().map(kind).collect();
    let depth = graphs.iter().map(|graph| depth(&graph.items)).max();
    for (count, most, what) in [
        (graphs.len(), REST_GRAPHS_MAX, "graphs"),
        (nodes().count(), REST_GRAPH_NODES_MAX, "nodes"),
        (kinds.len(), REST_GRAPH_KINDS_MAX, "different nodes"),
        (
            depth.unwrap_or(0),
            REST_GRAPH_DEPTH_MAX,
            "levels in a graph",
        ),
    ] {
        if count > most {
            return Err(Fault::Many(ManyFault::GraphTooLarge { what, most }));
        }
    }
    Ok(())
}

/// What makes a node different from another one: version, method and object.
fn kind(item: &Item<'_>) -> String {
    let version = item.url.split('/').next().unwrap_or_default();
    let path = item.path();
    let object = path.split('/').nth(1).unwrap_or_default();
    format!("{version} {} {object}", item.method)
}

/// How many nodes the longest chain of references has.
fn depth(items: &[Item<'_>]) -> usize {
    let mut depths: HashMap<&str, usize> = HashMap::new();
    for item in items {
        let mut deepest = 0;
        item.references(&mut |reference| {
            deepest = deepest.max(depths.get(reference).copied().unwrap_or(0));
        });
        depths.insert(item.reference, deepest + 1);
    }
    depths.into_values().max().unwrap_or(0)
}
