//! The orgs of the process: listed, opened, closed.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_http::Writer;
use landfall_model::limits::CONTROL_ORGS_MAX;

use crate::refusal::Refusal;
use crate::{CloseError, Credentials, Made, Named, OpenError};

const ID: Member = Member {
    name: "id",
    kind: Kind::Text,
    required: true,
    description: "The id of the org",
};

const USERNAME: Member = Member {
    name: "username",
    kind: Kind::Text,
    required: true,
    description: "The user name of its administrator",
};

const CLIENT_ID: Member = Member {
    name: "clientId",
    kind: Kind::Text,
    required: true,
    description: "The consumer key of its connected app",
};

const TARGET: Member = Member {
    name: "instanceUrl",
    kind: Kind::Text,
    required: true,
    description: "URL of the org, the same for all orgs of the process",
};

const NAMED: &[Member] = &[ID, USERNAME, CLIENT_ID];

pub(crate) const CREDENTIALS: &[Member] = &[
    ID,
    TARGET,
    USERNAME,
    Member {
        name: "password",
        kind: Kind::Text,
        required: true,
        description: "The password of its administrator",
    },
    CLIENT_ID,
    Member {
        name: "clientSecret",
        kind: Kind::Text,
        required: true,
        description: "The consumer secret of its connected app",
    },
    Member {
        name: "accessToken",
        kind: Kind::Text,
        required: true,
        description: "An access token of its administrator",
    },
];

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "orgs",
    id: "listOrgs",
    summary: "The open orgs, in the order in which they were opened",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: &[Member {
        name: "orgs",
        kind: Kind::List(NAMED),
        required: true,
        description: "The open orgs",
    }],
    refusals: &[],
};

pub(crate) const OPEN: Call = Call {
    method: "post",
    path: "orgs",
    id: "openOrg",
    summary: "Opens an isolated org with the project and the seeds of the first one; it is removed when it closes",
    parameters: &[],
    reads: &[],
    status: 201,
    answers: CREDENTIALS,
    refusals: &[
        (409, "As many orgs are open as are allowed"),
        (500, "The org could not be set up"),
    ],
};

pub(crate) const CLOSE: Call = Call {
    method: "delete",
    path: "orgs/{id}",
    id: "closeOrg",
    summary: "Closes an org and removes it: its streams end, its access tokens are no longer valid",
    parameters: &[Parameter::in_path("id", "The id of the org")],
    reads: &[],
    status: 204,
    answers: &[],
    refusals: &[
        (409, "The process was started with this org"),
        (
            500,
            "The org is closed, but could not be removed as a whole",
        ),
    ],
};

pub(crate) fn list(made: &Made<'_>) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("orgs").array(|w| {
            for org in made.orgs.list() {
                w.object(|w| write_named(w, &org));
            }
        });
    });
    w.finish()
}

fn write_named(w: &mut Writer, org: &Named) {
    w.name("id").string(org.id.as_str());
    w.name("username").string(&org.username);
    w.name("clientId").string(&org.client_id);
}

pub(crate) async fn open(made: &Made<'_>) -> Result<String, Refusal> {
    let opened = made.orgs.open().await.map_err(not_opened)?;
    Ok(rendered(made, &opened))
}

/// The refusal of an org that was not opened, or not logged in to.
pub(crate) fn not_opened(error: OpenError) -> Refusal {
    match error {
        OpenError::TooMany => Refusal::new(
            StatusCode::CONFLICT,
            "too-many-orgs",
            format!("{CONTROL_ORGS_MAX} orgs are open; close some"),
        ),
        OpenError::Failed(reason) => {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", reason)
        }
    }
}

/// An org with a login to it.
pub(crate) fn rendered(made: &Made<'_>, credentials: &Credentials) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        write_named(w, &credentials.org);
        w.name("instanceUrl").string(&made.base_url);
        w.name("password").string(&credentials.password);
        w.name("clientSecret").string(&credentials.client_secret);
        w.name("accessToken").string(&credentials.access_token);
    });
    w.finish()
}

pub(crate) async fn close(made: &Made<'_>) -> Result<String, Refusal> {
    let id = made.input.text("id").unwrap_or_default();
    made.orgs.close(id).await.map_err(|error| match error {
        CloseError::Unknown => Refusal::new(
            StatusCode::NOT_FOUND,
            "org-not-found",
            "no org with this id is open",
        ),
        CloseError::First => Refusal::new(
            StatusCode::CONFLICT,
            "first-org",
            "the process was started with this org; it closes with the process",
        ),
        CloseError::Failed(reason) => {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", reason)
        }
    })?;
    Ok(String::new())
}
