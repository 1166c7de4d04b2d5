//! The CORS allowlist as components.

use landfall_metadata::Origin;

use crate::org::{Org, file, manifest, told};

const PATH: &str = "corsWhitelistOrigins/Shop.corsWhitelistOrigin";

fn shop(pattern: &str) -> String {
    let pattern = format!("<urlPattern>{pattern}</urlPattern>");
    file("CorsWhitelistOrigin", &pattern)
}

fn is_listed(org: &Org, origin: &str) -> bool {
    let origin = Origin::parse(origin).expect("an origin");
    let definitions = org.base.engine.definitions();
    let mut patterns = definitions.cors_origins().iter();
    patterns.any(|pattern| pattern.matches(&origin))
}

#[tokio::test]
async fn a_deployed_origin_is_on_the_list_until_it_is_removed() {
    let org = Org::new().await;
    let package = manifest(&[("CorsWhitelistOrigin", &["Shop"])]);
    let origin = shop("https://*.example.com");
    let files = [("package.xml", package.as_str()), (PATH, &origin)];
    let result = org.deploy(&files, "").await;
    assert_eq!(
        told(&result),
        [
            "Successes|CorsWhitelistOrigin|Shop|corsWhitelistOrigins/Shop.corsWhitelistOrigin|created|||",
            "Successes||package.xml|package.xml|changed|||",
        ]
    );
    assert!(is_listed(&org, "https://shop.example.com"));
    assert!(!is_listed(&org, "https://example.com"));
    let wrong = shop("http://shop.example.com");
    let files = [("package.xml", package.as_str()), (PATH, &wrong)];
    let refused = told(&org.deploy(&files, "").await);
    let reason = "'http://shop.example.com' is not a URL pattern of an origin";
    assert!(refused[0].contains(reason), "{refused:?}");
    assert!(is_listed(&org, "https://shop.example.com"), "as before");
    let empty = manifest(&[]);
    let files = [
        ("package.xml", empty.as_str()),
        ("destructiveChanges.xml", &package),
    ];
    org.deploy(&files, "").await;
    assert!(!is_listed(&org, "https://shop.example.com"));
}
