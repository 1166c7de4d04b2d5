//! Further pages of a query after a right was revoked.

use crate::org::{Org, texts};

const ONE: &str = "<QueryOptions><batchSize>1</batchSize></QueryOptions>";

#[tokio::test]
async fn query_more_asks_again_what_the_caller_may_see() {
    for (object, field, value, code) in [
        (
            "FieldPermissions",
            "Field",
            "Account.Phone",
            "INVALID_FIELD",
        ),
        (
            "ObjectPermissions",
            "SobjectType",
            "Account",
            "INVALID_TYPE",
        ),
    ] {
        let org = Org::new().await;
        for name in ["A", "B", "C"] {
            let account = format!(
                "<create><sObjects><type>Account</type><Name>{name}</Name><Phone>1</Phone></sObjects></create>"
            );
            org.done(&account).await;
        }
        let ann = org
            .inner
            .granted_user(
                "ann@landfall.test",
                &[("Account", &["Read"])],
                &["Account.Phone"],
            )
            .await;
        let query = "<query><queryString>SELECT Id, Phone FROM Account</queryString></query>";
        let (status, first) = org.call_as(&ann, ONE, query).await;
        assert_eq!(status, 200, "{first}");
        let locators = texts(&first, "queryLocator");
        let more = format!(
            "<queryMore><queryLocator>{}</queryLocator></queryMore>",
            locators.first().expect("a locator")
        );
        let (status, page) = org.call_as(&ann, ONE, &more).await;
        assert_eq!(status, 200, "{page}");
        org.inner.revoke(object, field, value).await;
        let (status, refused) = org.call_as(&ann, ONE, &more).await;
        assert_eq!(status, 500, "{refused}");
        assert!(refused.contains(code), "{refused}");
    }
}
