//! `convertLead`: up to 100 leads, each a transaction of its own.
//!
//! Source: `convertLead()`, `LeadConvertResult` (SOAP API Developer Guide).

use landfall_engine::{Conversion, Converted, ConvertedOpportunity};
use landfall_http::refused;
use landfall_model::limits::LEADS_CONVERTED_MAX;
use landfall_model::{ConversionFault, Fault, RecordId};
use landfall_xml::{Element, Writer};

use crate::call::Call;
use crate::commit::{check_access, id_of, write_error};
use crate::input::entity_named;

/// The objects that a conversion changes.
const OBJECTS: [&str; 4] = ["Lead", "Account", "Contact", "Opportunity"];

/// Answers with the result of each lead.
pub(crate) async fn convert(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let leads = call.arguments("leadConverts");
    let most = LEADS_CONVERTED_MAX;
    if leads.len() > most {
        return Err(Fault::Conversion(ConversionFault::LeadsTooMany { most }));
    }
    for object in OBJECTS {
        check_access(call, entity_named(call, object)?)?;
    }
    for lead in leads {
        let outcome = match conversion(lead) {
            Ok(conversion) => attempt(call, conversion).await?,
            Err(fault) => Err(fault),
        };
        let id = lead.value("leadId").and_then(|id| id_of(id).ok());
        w.element("result", |w| write_outcome(call, w, id, &outcome));
    }
    Ok(())
}

/// The conversion of one lead. An email about it is never sent.
fn conversion(lead: &Element) -> Result<Conversion, Fault> {
    let text = |name| lead.value(name).filter(|text| !text.is_empty());
    let id = |name| text(name).map(id_of).transpose();
    let flag = |name| matches!(text(name), Some("true" | "1"));
    let name = text("opportunityName").map(str::to_owned);
    let opportunity = match (flag("doNotCreateOpportunity"), id("opportunityId")?, name) {
        (true, None, None) => ConvertedOpportunity::Unwanted,
        (true, _, _) => return refusal(ConversionFault::OpportunityUnwanted),
        (false, Some(_), Some(_)) => return refusal(ConversionFault::OpportunityTwice),
        (false, Some(id), None) => ConvertedOpportunity::Existing(id),
        (false, None, name) => ConvertedOpportunity::New(name),
    };
    Ok(Conversion {
        lead: id_of(text("leadId").unwrap_or_default())?,
        status: text("convertedStatus").unwrap_or_default().to_owned(),
        account: id("accountId")?,
        contact: id("contactId")?,
        opportunity,
        overwrite_lead_source: flag("overwriteLeadSource"),
        owner: id("ownerId")?,
    })
}

fn refusal<T>(fault: ConversionFault) -> Result<T, Fault> {
    Err(Fault::Conversion(fault))
}

async fn attempt(
    call: &Call<'_>,
    conversion: Conversion,
) -> Result<Result<Converted, Fault>, Fault> {
    let engine = &call.state.engine;
    let transaction = engine.open(call.login.user_id, call.origin()).await;
    let transaction = transaction.map_err(refused)?;
    let converted = transaction.convert(conversion).await.map_err(refused)?;
    if converted.is_ok() {
        transaction.commit().await.map_err(refused)?;
    }
    Ok(converted)
}

/// `accountId`, `contactId`, `errors`, `leadId`, `opportunityId`, `success`: the order of the WSDL.
fn write_outcome(
    call: &Call<'_>,
    w: &mut Writer,
    lead: Option<RecordId>,
    outcome: &Result<Converted, Fault>,
) {
    let made = outcome.as_ref().ok();
    let id = |id: Option<RecordId>| id.map(|id| id.to_string());
    w.text_or_nil("accountId", id(made.map(|made| made.account)).as_deref());
    w.text_or_nil("contactId", id(made.map(|made| made.contact)).as_deref());
    if let Err(fault) = outcome {
        write_error(call, w, fault);
    }
    w.text_or_nil("leadId", id(lead).as_deref());
    let opportunity = made.and_then(|made| made.opportunity);
    w.text_or_nil("opportunityId", id(opportunity).as_deref());
    w.boolean("success", made.is_some());
}
