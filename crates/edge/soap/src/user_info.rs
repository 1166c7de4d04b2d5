//! Information about the logged-in user.
//!
//! Source: `getUserInfo()`, "`GetUserInfoResult`" (SOAP API Developer Guide); the Partner WSDL for the order.

use std::sync::Arc;

use landfall_auth::Login;
use landfall_engine::Engine;
use landfall_http::refused;
use landfall_model::{EntityDefinition, Fault, RecordId, RequestFault, Row, Value};
use landfall_xml::Writer;

use crate::SoapState;

/// Bytes of an attachment that the org takes. Source: recorded answers.
const ATTACHMENT_BYTES: &str = "5242880";

/// The records that the answer is made of.
pub(crate) struct UserInfo {
    user: Record,
    org: Record,
    /// Unit: seconds without a call.
    idle: i64,
    /// Whether accounts can be persons.
    has_persons: bool,
    /// Whether there are several currencies.
    has_currencies: bool,
    /// The corporate currency.
    currency: String,
}

/// The corporate currency, which records have by default.
fn corporate(account: &Arc<EntityDefinition>) -> Option<String> {
    let (_, field) = account.field("CurrencyIsoCode")?;
    let mut values = field.picklist.iter();
    let corporate = values.find(|value| value.default)?;
    Some(corporate.value.clone())
}

/// A record, read by field names.
struct Record {
    id: RecordId,
    values: Vec<(String, Value)>,
}

/// Reads the information about the user of a login.
pub(crate) async fn of(state: &SoapState, login: &Login) -> Result<UserInfo, Fault> {
    let engine = &state.engine;
    let catalog = engine.catalog();
    let account = catalog.entity("Account");
    Ok(UserInfo {
        has_persons: account.is_some_and(|account| account.field("IsPersonAccount").is_some()),
        has_currencies: catalog.entity("CurrencyType").is_some(),
        currency: account
            .and_then(corporate)
            .unwrap_or_else(|| "USD".to_owned()),
        user: record(engine, "User", login.user_id).await?,
        org: record(engine, "Organization", login.org_id).await?,
        idle: login.expires().since(login.used()) / 1_000,
    })
}

async fn record(engine: &Engine, object: &str, id: RecordId) -> Result<Record, Fault> {
    let catalog = engine.catalog();
    let entity = catalog
        .entity(object)
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let row: Option<Row> = engine.row(entity, id).await.map_err(refused)?;
    let fields = entity.fields.iter().map(|field| field.name.to_string());
    Ok(Record {
        id,
        values: fields.zip(row.unwrap_or_default()).collect(),
    })
}

impl Record {
    fn text(&self, field: &str) -> Option<&str> {
        let (_, value) = self.values.iter().find(|(name, _)| name == field)?;
        match value {
            Value::Id(id) => Some(id.as_str()),
            value => value.as_text(),
        }
    }

    /// First and last name, or the one name.
    fn name(&self) -> String {
        if let Some(name) = self.text("Name") {
            return name.to_owned();
        }
        let parts = [self.text("FirstName"), self.text("LastName")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl UserInfo {
    /// Writes the elements of `userInfo`. What a record does not say is as in an org of one currency, the dollar.
    pub(crate) fn write(&self, w: &mut Writer) {
        let Self { user, org, .. } = self;
        w.boolean("accessibilityMode", false);
        w.boolean("chatterExternal", false);
        w.text("currencySymbol", "$");
        w.text("orgAttachmentFileSizeLimit", ATTACHMENT_BYTES);
        w.text("orgDefaultCurrencyIsoCode", &self.currency);
        w.text(
            "orgDefaultCurrencyLocale",
            org.text("DefaultLocaleSidKey").unwrap_or("en_US"),
        );
        w.boolean("orgDisallowHtmlAttachments", false);
        w.boolean("orgHasPersonAccounts", self.has_persons);
        w.text("organizationId", org.id.as_str());
        w.boolean("organizationMultiCurrency", self.has_currencies);
        w.text("organizationName", &org.name());
        w.text_or_nil("profileId", user.text("ProfileId"));
        w.text_or_nil("roleId", user.text("UserRoleId"));
        w.text("sessionSecondsValid", &self.idle.to_string());
        w.text_or_nil(
            "userDefaultCurrencyIsoCode",
            user.text("DefaultCurrencyIsoCode"),
        );
        w.text("userEmail", user.text("Email").unwrap_or_default());
        w.text("userFullName", &user.name());
        w.text("userId", user.id.as_str());
        w.text(
            "userLanguage",
            user.text("LanguageLocaleKey").unwrap_or("en_US"),
        );
        w.text("userLocale", user.text("LocaleSidKey").unwrap_or("en_US"));
        w.text("userName", user.text("Username").unwrap_or_default());
        w.text(
            "userTimeZone",
            user.text("TimeZoneSidKey").unwrap_or("America/Los_Angeles"),
        );
        w.text("userType", user.text("UserType").unwrap_or("Standard"));
        w.text("userUiSkin", "Theme3");
    }
}
