//! Who the user is: the identity URL and the user info endpoint.
//!
//! Source: "Identity URLs", "Query for User Information" (Salesforce Help).

use std::collections::BTreeMap;

use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use landfall_auth::{Login, bearer};
use landfall_model::{Fault, RecordId, Row};
use serde::{Serialize, Serializer};

use crate::OauthState;
use crate::answer::{self, Format, refusal};
use crate::person::Person;

/// The identity URL of a user: answers name the user by it.
///
/// Clients: camel takes 18 characters after `id/` for the org id.
pub(crate) fn identity_url(base: &str, org: RecordId, user: RecordId) -> String {
    format!("{base}/id/{org}/{user}")
}

/// Why an identity is not returned. Wire: plain text; 403, an unknown user 404.
enum Refusal {
    MissingToken,
    BadToken,
    WrongOrg,
    BadId,
    Unknown,
    Inactive,
    NoAccess,
    Failed(Fault),
}

impl Refusal {
    fn answer(&self) -> Response {
        let text = match self {
            Self::MissingToken => "Missing_OAuth_Token",
            Self::BadToken => "Bad_OAuth_Token",
            Self::WrongOrg => "Wrong_Org",
            Self::BadId => "Bad_Id",
            Self::Inactive => "Inactive",
            Self::NoAccess => "No_Access",
            Self::Unknown => return answer::text(StatusCode::NOT_FOUND, "Not Found"),
            Self::Failed(fault) => return refusal(fault, Format::Json),
        };
        answer::text(StatusCode::FORBIDDEN, text)
    }
}

/// `GET /id/<org>/<user>`, the token in the header or as `?oauth_token=`.
///
/// Clients: jsforce sends both.
pub(crate) async fn identity(
    State(state): State<OauthState>,
    Path((org, user)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let in_query = query.get("oauth_token").map(String::as_str);
    let login = login(&state, &parts, in_query);
    let row = match &login {
        Ok(login) => match named(login, &org, &user) {
            Ok(user) => row(&state, login, user).await,
            Err(refusal) => Err(refusal),
        },
        Err(refusal) => return refusal.answer(),
    };
    match row {
        Ok((id, row)) => {
            let described = Described::new(&state, state.base_url.of(&parts), id, &row);
            written(&described.identity(), &query, &parts.headers)
        }
        Err(refusal) => refusal.answer(),
    }
}

/// An identity in the form that is asked for: by `format`, or else by `Accept`.
fn written(
    identity: &Identity<'_>,
    query: &BTreeMap<String, String>,
    headers: &HeaderMap,
) -> Response {
    let parameter = |name: &str| query.get(name).map(String::as_str);
    let format = parameter("format");
    match (format, parameter("callback")) {
        (Some("jsonp"), Some(function)) => answer::script_document(function, identity),
        _ if Format::of(format, headers) == Format::Xml => answer::xml_document("user", identity),
        _ => answer::document(identity),
    }
}

/// `GET` or `POST /services/oauth2/userinfo`.
///
/// Clients: @salesforce/core reads `user_id`, `preferred_username` and `organization_id`.
pub(crate) async fn user_info(State(state): State<OauthState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let row = match login(&state, &parts, None) {
        Ok(login) => row(&state, &login, login.user_id).await,
        Err(refusal) => Err(refusal),
    };
    match row {
        Ok((id, row)) => {
            let described = Described::new(&state, state.base_url.of(&parts), id, &row);
            answer::document(&described.user_info())
        }
        Err(refusal) => refusal.answer(),
    }
}

fn login(
    state: &OauthState,
    parts: &Parts,
    in_query: Option<&str>,
) -> Result<std::sync::Arc<Login>, Refusal> {
    let token = match parts.headers.get(AUTHORIZATION) {
        Some(value) => {
            let header = value.to_str().map_err(|_| Refusal::BadToken)?;
            bearer(Some(header)).map_err(|_| Refusal::BadToken)?
        }
        None => in_query.ok_or(Refusal::MissingToken)?,
    };
    let login = state
        .auth
        .authenticate(token)
        .map_err(|_| Refusal::BadToken)?;
    login.identify(parts.extensions.get());
    if login.scopes.cover_identity() {
        Ok(login)
    } else {
        Err(Refusal::NoAccess)
    }
}

/// The user whom the path names, if the login may know of them.
fn named(login: &Login, org: &str, user: &str) -> Result<RecordId, Refusal> {
    if RecordId::parse(org) != Ok(login.org_id) {
        return Err(Refusal::WrongOrg);
    }
    let user = RecordId::parse(user).map_err(|_| Refusal::BadId)?;
    let permissions = login.permissions();
    if user == login.user_id || permissions.view_all_users || permissions.view_all_data {
        Ok(user)
    } else {
        Err(Refusal::NoAccess)
    }
}

async fn row(
    state: &OauthState,
    login: &Login,
    user: RecordId,
) -> Result<(RecordId, Row), Refusal> {
    let engine = state.auth.engine();
    let entity = state.auth.user_entity();
    let row = engine.row(entity, user).await;
    let row = row
        .map_err(|error| Refusal::Failed(answer::fault_of(error.into(), "identity")))?
        .ok_or(Refusal::Unknown)?;
    if user != login.user_id && !Person::new(user, entity, &row).is_active() {
        return Err(Refusal::Inactive);
    }
    Ok((user, row))
}

/// Texts under fixed names, in a fixed order.
struct Members(Vec<(&'static str, String)>);

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A user, and what the addresses about them begin with.
struct Described<'r> {
    base: String,
    org: RecordId,
    person: Person<'r>,
}

#[derive(Serialize)]
struct Status {
    created_date: Option<String>,
    body: Option<String>,
}

/// Keys as in recorded answers, in their order.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the vendor's answer consists of flags among texts"
)]
struct Identity<'p> {
    id: String,
    asserted_user: bool,
    user_id: &'p str,
    organization_id: &'p str,
    username: &'p str,
    nick_name: &'p str,
    display_name: String,
    email: &'p str,
    email_verified: bool,
    first_name: Option<&'p str>,
    last_name: &'p str,
    timezone: &'p str,
    photos: Members,
    addr_street: Option<&'p str>,
    addr_city: Option<&'p str>,
    addr_state: Option<&'p str>,
    addr_country: Option<&'p str>,
    addr_zip: Option<&'p str>,
    mobile_phone: Option<&'p str>,
    mobile_phone_verified: bool,
    is_lightning_login_user: bool,
    status: Status,
    urls: Members,
    active: bool,
    user_type: String,
    language: &'p str,
    locale: &'p str,
    #[serde(rename = "utcOffset")]
    utc_offset: i32,
    last_modified_date: String,
    is_app_installed: bool,
}

#[derive(Serialize)]
struct UserInfo<'p> {
    sub: String,
    user_id: &'p str,
    organization_id: &'p str,
    preferred_username: &'p str,
    nickname: &'p str,
    name: String,
    email: &'p str,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'p str>,
    family_name: &'p str,
    zoneinfo: &'p str,
    photos: Members,
    profile: String,
    picture: String,
    address: Members,
    urls: Members,
    active: bool,
    user_type: String,
    language: &'p str,
    locale: &'p str,
    #[serde(rename = "utcOffset")]
    utc_offset: i32,
    updated_at: String,
    is_app_installed: bool,
}

impl<'r> Described<'r> {
    fn new(state: &'r OauthState, base: String, id: RecordId, row: &'r Row) -> Self {
        let engine = state.auth.engine();
        Self {
            base,
            org: engine.org().id,
            person: Person::new(id, state.auth.user_entity(), row),
        }
    }

    fn identity(&self) -> Identity<'_> {
        let person = &self.person;
        Identity {
            id: identity_url(&self.base, self.org, person.id),
            asserted_user: true,
            user_id: person.id.as_str(),
            organization_id: self.org.as_str(),
            username: person.known("Username"),
            nick_name: person.known("CommunityNickname"),
            display_name: person.name(),
            email: person.known("Email"),
            email_verified: true,
            first_name: person.text("FirstName"),
            last_name: person.known("LastName"),
            timezone: person.known("TimeZoneSidKey"),
            photos: self.photos(),
            addr_street: person.text("Street"),
            addr_city: person.text("City"),
            addr_state: person.text("State"),
            addr_country: person.text("Country"),
            addr_zip: person.text("PostalCode"),
            mobile_phone: person.text("MobilePhone"),
            mobile_phone_verified: false,
            is_lightning_login_user: false,
            status: Status {
                created_date: None,
                body: None,
            },
            urls: self.urls(),
            active: person.is_active(),
            user_type: person.user_type(),
            language: person.known("LanguageLocaleKey"),
            locale: person.known("LocaleSidKey"),
            utc_offset: person.utc_offset(),
            last_modified_date: person.modified("+0000"),
            is_app_installed: true,
        }
    }

    fn user_info(&self) -> UserInfo<'_> {
        let person = &self.person;
        UserInfo {
            sub: identity_url(&self.base, self.org, person.id),
            user_id: person.id.as_str(),
            organization_id: self.org.as_str(),
            preferred_username: person.known("Username"),
            nickname: person.known("CommunityNickname"),
            name: person.name(),
            email: person.known("Email"),
            email_verified: true,
            given_name: person.text("FirstName"),
            family_name: person.known("LastName"),
            zoneinfo: person.known("TimeZoneSidKey"),
            photos: self.photos(),
            profile: format!("{}/{}", self.base, person.id),
            picture: self.photo("F"),
            address: self.address(),
            urls: self.urls(),
            active: person.is_active(),
            user_type: person.user_type(),
            language: person.known("LanguageLocaleKey"),
            locale: person.known("LocaleSidKey"),
            utc_offset: person.utc_offset(),
            updated_at: person.modified("Z"),
            is_app_installed: true,
        }
    }

    fn photo(&self, size: &str) -> String {
        format!("{}/profilephoto/005/{size}", self.base)
    }

    fn photos(&self) -> Members {
        Members(vec![
            ("picture", self.photo("F")),
            ("thumbnail", self.photo("T")),
        ])
    }

    fn address(&self) -> Members {
        let fields = [
            ("street_address", "Street"),
            ("locality", "City"),
            ("region", "State"),
            ("postal_code", "PostalCode"),
            ("country", "Country"),
        ];
        let known = |(name, field)| Some((name, self.person.text(field)?.to_owned()));
        Members(fields.into_iter().filter_map(known).collect())
    }

    /// Where the APIs are. Wire: clients put the version in place of the literal `{version}`.
    fn urls(&self) -> Members {
        let Self { base, org, person } = self;
        let soap = |api| format!("{base}/services/Soap/{api}/{{version}}/{}", org.short());
        let rest = |path| format!("{base}/services/data/v{{version}}/{path}");
        Members(vec![
            ("enterprise", soap("c")),
            ("metadata", soap("m")),
            ("partner", soap("u")),
            ("rest", rest("")),
            ("sobjects", rest("sobjects/")),
            ("search", rest("search/")),
            ("query", rest("query/")),
            ("recent", rest("recent/")),
            ("tooling_soap", soap("T")),
            ("tooling_rest", rest("tooling/")),
            ("profile", format!("{base}/{}", person.id)),
            ("feeds", rest("chatter/feeds")),
            ("groups", rest("chatter/groups")),
            ("users", rest("chatter/users")),
            ("feed_items", rest("chatter/feed-items")),
            ("feed_elements", rest("chatter/feed-elements")),
            ("custom_domain", base.clone()),
        ])
    }
}
