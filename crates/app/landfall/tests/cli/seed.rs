//! `landfall seed`.

use std::path::Path;

use crate::{Org, code, lines, stderr, text};

fn write(folder: &Path, name: &str, content: &str) {
    std::fs::write(folder.join(name), content).expect("written");
}

#[test]
fn a_plan_is_loaded_with_its_references_and_children() {
    let org = Org::start(&["--ephemeral"]);
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(
        folder,
        "accounts.json",
        r#"{"records": [
            {"attributes": {"type": "Account", "referenceId": "B"}, "Name": "Branch", "ParentId": "@A"},
            {"attributes": {"type": "Account", "referenceId": "A"}, "Name": "@Acme", "Contacts": {"records": [
                {"attributes": {"type": "Contact", "referenceId": "C"}, "LastName": "Ames"}]}}]}"#,
    );
    write(
        folder,
        "more.json",
        r#"{"records": [{"attributes": {"type": "Contact"}, "LastName": "Bell", "AccountId": "@B"}]}"#,
    );
    let plan = r#"[{"sobject": "Account", "files": ["accounts.json"]}, {"sobject": "Contact", "files": ["more.json"]}]"#;
    write(folder, "plan.json", plan);
    let plan = folder.join("plan.json");
    let seeded = org.run(&["seed", text(&plan), "--json"], "");
    assert_eq!(code(&seeded), 0, "{}", stderr(&seeded));
    let printed = lines(&seeded);
    let data = printed
        .first()
        .and_then(|line| line.get("data"))
        .expect("data");
    assert_eq!(data["records"][0]["count"], 2);
    assert_eq!(data["records"][1]["count"], 2);
    assert_eq!(data["ids"]["A"].as_str().map(str::len), Some(18));
    let query = "SELECT LastName, Account.Name, Account.Parent.Name FROM Contact ORDER BY LastName";
    let queried = org.run(&["record", "query", query, "--json"], "");
    let printed = lines(&queried);
    let records = printed
        .first()
        .and_then(|line| line.pointer("/data/records"))
        .expect("records");
    assert_eq!(records[0]["Account"]["Name"], "@Acme");
    assert_eq!(records[1]["Account"]["Parent"]["Name"], "@Acme");
}

#[test]
fn what_cannot_be_loaded_is_named() {
    let org = Org::start(&["--ephemeral"]);
    let folder = tempfile::tempdir().expect("a folder");
    let record = |fields: &str| {
        format!(
            "{{\"records\": [{{\"attributes\": {{\"type\": \"Contact\", \"referenceId\": \"R1\"}}{fields}}}]}}"
        )
    };
    for (content, expected, message) in [
        ("{", 1, "cannot read"),
        ("{}", 1, "has no records, and is not a plan"),
        ("[{\"files\": 1}]", 1, "is not a plan"),
        ("{\"records\": [{}]}", 1, "record 1 names no object"),
        (
            "{\"records\": [{\"attributes\": {\"type\": \"Contcat\"}}]}",
            6,
            "did you mean Contact?",
        ),
        (
            &record(", \"AccountId\": \"@X\""),
            1,
            "R1: @X is not a record",
        ),
        (&record(""), 1, "R1: REQUIRED_FIELD_MISSING: "),
        (
            &record(", \"Things\": {\"records\": []}"),
            1,
            "Contact has no children Things",
        ),
    ] {
        write(folder.path(), "data.json", content);
        let path = folder.path().join("data.json");
        let output = org.run(&["seed", text(&path)], "");
        let said = stderr(&output);
        assert_eq!(code(&output), expected, "{content}: {said}");
        assert!(said.contains(message), "{content}: {said}");
    }
}
