//! Products, prices and campaigns.

use landfall_model::{ChangeType, Date, Fault, FieldFault, RecordId, Value, ValueFault};

use crate::org::{FieldValueOf, Org, text};

fn number(field: &str, number: f64) -> FieldValueOf<'_> {
    (field, Value::Double(number))
}

fn id(field: &str, id: RecordId) -> FieldValueOf<'_> {
    (field, Value::Id(id))
}

async fn opportunity(org: &Org) -> RecordId {
    let given = [
        text("Name", "Fleet"),
        text("StageName", "Value Proposition"),
        ("CloseDate", Value::Date(Date::from_days(19_874))),
        number("Amount", 5.0),
    ];
    org.created("Opportunity", &given).await
}

/// The standard price book, and another active one.
async fn books(org: &Org) -> (RecordId, RecordId) {
    let books = org.entity("Pricebook2");
    let rows = org.engine.recent_rows(&books, 10).await.expect("readable");
    let [standard] = rows.as_slice() else {
        panic!("one price book");
    };
    let place = books.index_of("Id");
    let standard = place.and_then(|place| standard.get(place)?.as_id());
    let standard = standard.expect("it has an id");
    let given = [text("Name", "Harbours"), ("IsActive", Value::Boolean(true))];
    (standard, org.created("Pricebook2", &given).await)
}

async fn price(org: &Org, book: RecordId, product: RecordId, price: f64) -> RecordId {
    let given = [
        id("Pricebook2Id", book),
        id("Product2Id", product),
        number("UnitPrice", price),
    ];
    org.created("PricebookEntry", &given).await
}

async fn product(org: &Org) -> RecordId {
    let given = [text("Name", "Buoy"), text("ProductCode", "B-1")];
    org.created("Product2", &given).await
}

/// An opportunity, a product, its prices in two books, and the second book.
struct Shop {
    org: Org,
    opportunity: RecordId,
    product: RecordId,
    price: RecordId,
    book: RecordId,
}

impl Shop {
    async fn new() -> Self {
        let org = Org::new().await;
        let (standard, book) = books(&org).await;
        let product = product(&org).await;
        price(&org, standard, product, 80.0).await;
        let price = price(&org, book, product, 100.0).await;
        Self {
            opportunity: opportunity(&org).await,
            org,
            product,
            price,
            book,
        }
    }

    fn line<'a>(&self, given: &[FieldValueOf<'a>]) -> Vec<FieldValueOf<'a>> {
        let mut line = vec![
            id("OpportunityId", self.opportunity),
            id("PricebookEntryId", self.price),
            number("Quantity", 3.0),
        ];
        line.extend_from_slice(given);
        line
    }

    async fn values<const N: usize>(&self, record: RecordId, fields: [&str; N]) -> [Value; N] {
        let mut values = Vec::new();
        for field in fields {
            values.push(self.org.value(record, field).await);
        }
        values.try_into().expect("as many as fields")
    }

    async fn refused(&self, entity: &str, given: &[FieldValueOf<'_>]) -> String {
        match self.org.refused(self.org.create(entity, given)).await {
            Fault::Value(ValueFault::Refused { field, .. }) => field.name.to_string(),
            other => format!("{other:?}"),
        }
    }
}

const PRICES: [&str; 4] = ["UnitPrice", "TotalPrice", "Subtotal", "ListPrice"];

fn doubles<const N: usize>(numbers: [f64; N]) -> [Value; N] {
    numbers.map(Value::Double)
}

/// Source: "`PricebookEntry`" (Object Reference).
#[tokio::test]
async fn a_price_has_the_name_of_its_product_and_needs_a_standard_price() {
    let org = Org::new().await;
    let (standard, book) = books(&org).await;
    let product = product(&org).await;
    let own = [
        id("Pricebook2Id", book),
        id("Product2Id", product),
        number("UnitPrice", 9.0),
    ];
    let refused = org.refused(org.create("PricebookEntry", &own)).await;
    assert!(
        matches!(
            refused,
            Fault::Value(ValueFault::StandardPriceMissing { .. })
        ),
        "{refused:?}"
    );
    let first = price(&org, standard, product, 80.0).await;
    assert_eq!(org.value(first, "Name").await, Value::Text("Buoy".into()));
    let code = org.value(first, "ProductCode").await;
    assert_eq!(code, Value::Text("B-1".into()));
    let mut as_standard = own.to_vec();
    as_standard.push(("UseStandardPrice", Value::Boolean(true)));
    let entry = org.created("PricebookEntry", &as_standard).await;
    assert_eq!(org.value(entry, "UnitPrice").await, Value::Double(80.0));
    let again = org.refused(org.create("PricebookEntry", &own)).await;
    assert!(
        matches!(again, Fault::Value(ValueFault::Duplicate { record, .. }) if record == entry),
        "{again:?}"
    );
}

/// Source: "`OpportunityLineItem`" (Object Reference), the fields and "Effects on Opportunities".
#[tokio::test]
async fn a_line_is_priced_and_adds_up_in_its_opportunity() {
    let shop = Shop::new().await;
    let tail = shop.org.tail();
    let line = shop
        .org
        .created("OpportunityLineItem", &shop.line(&[]))
        .await;
    let prices = doubles([100.0, 300.0, 300.0, 100.0]);
    assert_eq!(shop.values(line, PRICES).await, prices);
    let taken = ["Product2Id", "ProductCode", "Name"];
    let expected = [
        Value::Id(shop.product),
        Value::Text("B-1".into()),
        Value::Text("Fleet Buoy".into()),
    ];
    assert_eq!(shop.values(line, taken).await, expected);
    let whole = [
        "Amount",
        "ExpectedRevenue",
        "TotalOpportunityQuantity",
        "HasOpportunityLineItem",
        "Pricebook2Id",
    ];
    let [amount, revenue, quantity] = doubles([300.0, 150.0, 3.0]);
    let expected = [
        amount,
        revenue,
        quantity,
        Value::Boolean(true),
        Value::Id(shop.book),
    ];
    assert_eq!(shop.values(shop.opportunity, whole).await, expected);
    let events = shop.org.events_after(tail).await;
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.header.entity_name.as_str(), event.what().0))
        .collect();
    let expected = [
        ("OpportunityLineItem", ChangeType::Create),
        ("Opportunity", ChangeType::Update),
    ];
    assert_eq!(told, expected);
    let discounted = shop.line(&[number("UnitPrice", 50.0), number("Discount", 10.0)]);
    let second = shop.org.created("OpportunityLineItem", &discounted).await;
    let prices = doubles([50.0, 135.0, 150.0, 100.0]);
    assert_eq!(shop.values(second, PRICES).await, prices);
    let amount = shop.org.value(shop.opportunity, "Amount").await;
    assert_eq!(amount, Value::Double(435.0));
    // What follows from the products is not set by hand.
    let by_hand = [number("Amount", 1.0), text("NextStep", "Call")];
    shop.org
        .change(shop.org.update(shop.opportunity, &by_hand))
        .await;
    let kept = shop.values(shop.opportunity, ["Amount", "NextStep"]).await;
    assert_eq!(kept, [Value::Double(435.0), Value::Text("Call".into())]);
    shop.org.change(shop.org.delete(line)).await;
    let amount = shop.org.value(shop.opportunity, "Amount").await;
    assert_eq!(amount, Value::Double(135.0));
    shop.org.change(shop.org.delete(second)).await;
    let left = ["Amount", "HasOpportunityLineItem"];
    let left = shop.values(shop.opportunity, left).await;
    assert_eq!(left, [Value::Double(135.0), Value::Boolean(false)]);
}

/// Source: the same page, `Quantity`, `Discount`, `TotalPrice`, `UnitPrice`.
#[tokio::test]
async fn of_price_quantity_and_total_one_follows_from_the_others() {
    let shop = Shop::new().await;
    let by_total = shop.line(&[number("TotalPrice", 270.0), number("Discount", 10.0)]);
    let line = shop.org.created("OpportunityLineItem", &by_total).await;
    let check = async |given: &[FieldValueOf<'_>], prices: [f64; 2]| {
        shop.org.change(shop.org.update(line, given)).await;
        let found = shop.values(line, ["UnitPrice", "TotalPrice"]).await;
        assert_eq!(found, doubles(prices), "{given:?}");
    };
    check(&[], [100.0, 270.0]).await;
    check(&[number("Quantity", 6.0)], [50.0, 270.0]).await;
    check(&[number("Discount", 0.0)], [50.0, 300.0]).await;
    check(&[number("TotalPrice", 600.0)], [100.0, 600.0]).await;
    check(&[number("UnitPrice", 10.0)], [10.0, 60.0]).await;
    let both = [number("Quantity", 1.0), number("Discount", 5.0)];
    let refused = shop.org.refused(shop.org.update(line, &both)).await;
    assert!(
        matches!(refused, Fault::Value(ValueFault::Refused { .. })),
        "{refused:?}"
    );
    let both = shop.line(&[number("UnitPrice", 1.0), number("TotalPrice", 3.0)]);
    let refused = shop.refused("OpportunityLineItem", &both).await;
    assert_eq!(refused, "UnitPrice");
}

/// Source: the same page, "Effects on Opportunities".
#[tokio::test]
async fn lines_are_of_the_price_book_of_their_opportunity() {
    let shop = Shop::new().await;
    let (line, org) = (shop.line(&[]), &shop.org);
    let given = [
        id("OpportunityId", shop.opportunity),
        number("Quantity", 1.0),
    ];
    let refused = org.refused(org.create("OpportunityLineItem", &given)).await;
    assert!(
        matches!(&refused, Fault::Field(FieldFault::Required { fields })
            if fields.iter().any(|field| field.as_str() == "PricebookEntryId")),
        "{refused:?}"
    );
    let inactive = [("IsActive", Value::Boolean(false))];
    org.change(org.update(shop.book, &inactive)).await;
    let refused = shop.refused("OpportunityLineItem", &line).await;
    assert_eq!(refused, "PricebookEntryId");
    let chosen = [id("Pricebook2Id", shop.book)];
    org.change(org.update(shop.opportunity, &chosen)).await;
    // Its product names the price as well.
    let by_product = [
        id("OpportunityId", shop.opportunity),
        id("Product2Id", shop.product),
        number("Quantity", 1.0),
    ];
    let made = org.created("OpportunityLineItem", &by_product).await;
    let entry = org.value(made, "PricebookEntryId").await;
    assert_eq!(entry, Value::Id(shop.price));
    let other = [text("Name", "Other"), ("IsActive", Value::Boolean(true))];
    let other = org.created("Pricebook2", &other).await;
    let elsewhere = price(org, other, shop.product, 7.0).await;
    let mut foreign = shop.line(&[]);
    foreign[1] = id("PricebookEntryId", elsewhere);
    let refused = shop.refused("OpportunityLineItem", &foreign).await;
    assert_eq!(refused, "PricebookEntryId");
    let moved = org.update(shop.opportunity, &[id("Pricebook2Id", other)]);
    let refused = org.refused(moved).await;
    assert!(
        matches!(refused, Fault::Value(ValueFault::Refused { .. })),
        "{refused:?}"
    );
}

/// Source: "`OrderItem`", "Order" (Object Reference), `TotalPrice`, `TotalAmount`.
#[tokio::test]
async fn an_order_is_worth_its_lines() {
    let shop = Shop::new().await;
    let org = &shop.org;
    let account = org.created("Account", &[text("Name", "Acme")]).await;
    let given = [
        id("AccountId", account),
        text("Status", "Draft"),
        ("EffectiveDate", Value::Date(Date::from_days(19_874))),
        id("Pricebook2Id", shop.book),
    ];
    let order = org.created("Order", &given).await;
    for (given, price) in [(vec![], 100.0), (vec![number("UnitPrice", 40.0)], 40.0)] {
        let mut line = vec![
            id("OrderId", order),
            id("PricebookEntryId", shop.price),
            number("Quantity", 2.0),
        ];
        line.extend(given);
        let line = org.created("OrderItem", &line).await;
        let fields = ["UnitPrice", "TotalPrice", "ListPrice"];
        let expected = doubles([price, 2.0 * price, 100.0]);
        assert_eq!(shop.values(line, fields).await, expected);
    }
    let total = org.value(order, "TotalAmount").await;
    assert_eq!(total, Value::Double(280.0));
}

/// Source: "`CampaignMember`" (Object Reference).
#[tokio::test]
async fn a_campaign_counts_its_members_and_their_responses() {
    let org = Org::new().await;
    let campaign = org.created("Campaign", &[text("Name", "Spring")]).await;
    let lead = [text("LastName", "Boyle"), text("Company", "Acme")];
    let lead = org.created("Lead", &lead).await;
    let contact = org.created("Contact", &[text("LastName", "Curie")]).await;
    let counts = async || {
        let mut counts = Vec::new();
        for field in ["NumberOfLeads", "NumberOfContacts", "NumberOfResponses"] {
            counts.push(match org.value(campaign, field).await {
                Value::Integer(count) => count,
                _ => 0,
            });
        }
        counts
    };
    let given = [id("CampaignId", campaign), id("LeadId", lead)];
    let first = org.created("CampaignMember", &given).await;
    assert_eq!(counts().await, [1, 0, 0]);
    let status = org.value(first, "Status").await;
    assert_eq!(status, Value::Text("Sent".into()));
    assert_eq!(org.value(first, "LeadOrContactId").await, Value::Id(lead));
    assert_eq!(org.value(first, "Type").await, Value::Text("Lead".into()));
    let again = org.refused(org.create("CampaignMember", &given)).await;
    assert!(
        matches!(again, Fault::Value(ValueFault::Duplicate { record, .. }) if record == first),
        "{again:?}"
    );
    let given = [
        id("CampaignId", campaign),
        id("ContactId", contact),
        text("Status", "Responded"),
    ];
    let second = org.created("CampaignMember", &given).await;
    assert_eq!(counts().await, [1, 1, 1]);
    let responded = org.value(second, "HasResponded").await;
    assert_eq!(responded, Value::Boolean(true));
    assert_ne!(org.value(second, "FirstRespondedDate").await, Value::Null);
    // A status that the campaign lacks becomes the default one.
    let unknown = [text("Status", "Perhaps")];
    org.change(org.update(second, &unknown)).await;
    let status = org.value(second, "Status").await;
    assert_eq!(status, Value::Text("Sent".into()));
    assert_eq!(counts().await, [1, 1, 0]);
    org.change(org.delete(first)).await;
    assert_eq!(counts().await, [0, 1, 0]);
    let nobody = [id("CampaignId", campaign)];
    let refused = org.refused(org.create("CampaignMember", &nobody)).await;
    assert!(
        matches!(refused, Fault::Value(ValueFault::Refused { .. })),
        "{refused:?}"
    );
}

/// Source: "`OpportunityContactRole`" (Object Reference), `IsPrimary`.
#[tokio::test]
async fn an_opportunity_has_one_primary_contact() {
    let org = Org::new().await;
    let opportunity = opportunity(&org).await;
    let mut roles = Vec::new();
    for name in ["Boyle", "Curie"] {
        let contact = org.created("Contact", &[text("LastName", name)]).await;
        let given = [
            id("OpportunityId", opportunity),
            id("ContactId", contact),
            ("IsPrimary", Value::Boolean(true)),
        ];
        roles.push(org.created("OpportunityContactRole", &given).await);
    }
    let marks = async || {
        let mut marks = Vec::new();
        for role in &roles {
            marks.push(org.value(*role, "IsPrimary").await == Value::Boolean(true));
        }
        marks
    };
    assert_eq!(marks().await, [false, true]);
    let first = *roles.first().expect("two roles");
    let tail = org.tail();
    let mark = [("IsPrimary", Value::Boolean(true))];
    org.change(org.update(first, &mark)).await;
    assert_eq!(marks().await, [true, false]);
    assert_eq!(org.events_after(tail).await.len(), 2);
    org.change(org.update(first, &mark)).await;
    assert_eq!(marks().await, [true, false]);
}
