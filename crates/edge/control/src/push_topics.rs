//! What a `PushTopic` would watch, before it is saved.

use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::PushTopicDraft;
use landfall_http::Writer;
use landfall_model::FieldName;

use crate::Made;
use crate::refusal::{Refusal, invalid};

/// The API version of a topic that names none.
const API_VERSION: f64 = 62.0;

const FIELDS: &[&str] = &["Referenced", "All", "Select", "Where"];

pub(crate) const CHECK: Call = Call {
    method: "post",
    path: "pushtopics/check",
    id: "checkPushTopic",
    summary: "What a PushTopic with a query would watch. Nothing is saved",
    parameters: &[],
    reads: &[
        Member::required("query", Kind::Text, "Its Query"),
        Member::optional(
            "notifyForFields",
            Kind::OneOf(FIELDS),
            "Its NotifyForFields: Referenced unless given",
        ),
    ],
    status: 200,
    answers: &[
        Member::required("entity", Kind::Text, "The object"),
        Member::required("selected", Kind::Texts, "The fields of a notification"),
        Member::required("condition", Kind::Texts, "The fields in the condition"),
        Member::required(
            "tracked",
            Kind::Texts,
            "An update notifies if one of these changes and the record meets the condition",
        ),
    ],
    refusals: &[],
};

pub(crate) fn check(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let draft = PushTopicDraft {
        query: made.input.text("query").unwrap_or_default(),
        api_version: API_VERSION,
        notify_for_fields: made.input.text("notifyForFields").unwrap_or("Referenced"),
    };
    let outline = org.engine.outline_push_topic(&draft);
    // The words of the REST API, which refuses the record.
    let outline = outline.map_err(|fault| invalid(landfall_wire::rest(&fault).message))?;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("entity").string(outline.entity.name.as_str());
        for (name, fields) in [
            ("selected", &outline.selected),
            ("condition", &outline.condition),
            ("tracked", &outline.tracked),
        ] {
            w.name(name).strings(fields.iter().map(FieldName::as_str));
        }
    });
    Ok(w.finish())
}
