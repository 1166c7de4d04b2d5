//! `UserLicense`: the one license that every user has.
//!
//! Clients: `CumulusCI` reads the keys of the licenses before it runs a flow.
//! Source: "`UserLicense`" (Object Reference); a Developer Edition has two Salesforce licenses ("Salesforce Editions and
//! Allocations", Salesforce Help).

use landfall_engine::{Engine, PageSize, Question};
use landfall_http::{Call, refused};
use landfall_model::limits::USER_LICENSES;
use landfall_model::{Fault, KeyPrefix, RecordId, Timestamp};

use super::rows::Ids;
use super::{Answering, Api, Checked, Column, Declared, Source, VirtualObject};

const OBJECT: &str = "UserLicense";
const KEY_PREFIX: &str = "100";

/// The statement that counts the users who have the license.
const USERS: &str = "SELECT COUNT() FROM User WHERE IsActive = TRUE";

/// The license.
struct License {
    id: RecordId,
    created: Timestamp,
    now: Timestamp,
    used: u32,
}

/// A field of a license.
type Of = Column<License>;

/// In the order in which versions brought them.
const COLUMNS: &[Of] = &[
    Of::id("Id", |license| Some(license.id)),
    Of::text("LicenseDefinitionKey", |_| Some("SFDC".to_owned())),
    Of::text("Name", |_| Some("Salesforce".to_owned())),
    Of::moment("CreatedDate", |license| Some(license.created)),
    Of::moment("LastModifiedDate", |license| Some(license.created)),
    Of::moment("SystemModstamp", |license| Some(license.created)),
    Of::text("MasterLabel", |_| Some("Salesforce".to_owned())),
    Of::choice("Status", &["Active", "Disabled"], |_| Some("Active")),
    Of::number("TotalLicenses", |license| {
        Some(license.used.max(USER_LICENSES))
    }),
    Of::number("UsedLicenses", |license| Some(license.used)),
    Of::moment("UsedLicensesLastUpdated", |license| Some(license.now)),
];

/// How many of the columns a version has.
fn seen(call: &Call) -> usize {
    match call.version.number() {
        ..32 => 6,
        32..41 => 10,
        41.. => COLUMNS.len(),
    }
}

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: OBJECT,
        label: "User License",
        label_plural: "User Licenses",
        key_prefix: Some(KEY_PREFIX),
        since: 31,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |_| Vec::new())
        .seen_by(seen)
        .with_rows_by_query(rows)
        .of_setup()
        .listed()
}

fn rows<'a>(source: &'a Source<'a>, _: &'a Checked) -> Answering<'a> {
    Box::pin(async move {
        let prefix = KeyPrefix::parse(KEY_PREFIX).expect("three letters and digits");
        let license = License {
            id: Ids::of(source).first(prefix),
            created: source.engine.org().created,
            now: source.engine.clock().now(),
            used: users(source.engine, source.call).await?,
        };
        let row = COLUMNS.iter().map(|column| column.value(&license));
        Ok(Some(vec![row.collect()]))
    })
}

/// The number of active users.
async fn users(engine: &Engine, call: &Call) -> Result<u32, Fault> {
    let view = call.login.view();
    let question = Question {
        statement: USERS,
        view: &view,
        deleted: false,
        page: PageSize::of_rows(1),
    };
    let answer = engine.query(question).await.map_err(refused)?;
    Ok(u32::try_from(answer.page.total).unwrap_or(u32::MAX))
}
