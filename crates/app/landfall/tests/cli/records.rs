//! `landfall record`.

use serde_json::Value;

use crate::{Org, code, lines, run, stderr};

fn text(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

#[test]
fn a_record_lives_from_creation_to_restoration() {
    let org = Org::start(&["--ephemeral"]);
    let done = |arguments: &[&str]| {
        let output = org.run(&[&["record"], arguments].concat(), "");
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        text(&output)
    };
    let id = done(&[
        "create",
        "Account",
        "Name=Acme",
        "Phone=555",
        "NumberOfEmployees=7",
    ]);
    assert_eq!(id.len(), 18, "{id}");
    assert_eq!(
        done(&["update", "Account", &id, "Industry=Banking", "Phone=null"]),
        ""
    );
    let fields = [
        "--field",
        "Industry",
        "--field",
        "phone",
        "--field",
        "NumberOfEmployees",
    ];
    let shown = done(&[&["get", "Account", &id], &fields[..]].concat());
    assert_eq!(
        shown,
        "Industry           Banking\nNumberOfEmployees  7\nPhone"
    );
    let table = done(&[
        "query",
        "SELECT Name, Owner.Alias, NumberOfEmployees FROM Account",
    ]);
    let titles: Vec<&str> = table
        .lines()
        .next()
        .expect("titles")
        .split_whitespace()
        .collect();
    assert_eq!(titles, ["Name", "Owner.Alias", "NumberOfEmployees"]);
    assert!(table.contains("Acme  admin"), "{table}");
    assert_eq!(done(&["delete", "Account", &id]), "");
    let gone = org.run(&["record", "get", "Account", &id, "--json"], "");
    assert_eq!(code(&gone), 6);
    let answer = lines(&gone);
    let error = answer.first().and_then(|line| line.pointer("/error/code"));
    assert_eq!(error, Some(&"ENTITY_IS_DELETED".into()));
    assert_eq!(done(&["undelete", &id]), id);
    let again = org.run(&["record", "undelete", &id], "");
    assert_eq!(code(&again), 1, "{}", stderr(&again));
    assert!(
        text(&again).starts_with("error: UNDELETE_FAILED: "),
        "{}",
        text(&again)
    );
}

#[test]
fn many_records_come_from_stdin_and_go_out_as_json() {
    let org = Org::start(&["--ephemeral"]);
    let many: Vec<String> = (0..250)
        .map(|number| format!("{{\"Name\": \"A {number:03}\"}}"))
        .collect();
    let many = many.join("\n");
    let created = org.run(&["record", "create", "Account"], &many);
    assert_eq!(code(&created), 0, "{}", stderr(&created));
    assert_eq!(text(&created).lines().count(), 250);
    let partial = org.run(
        &["record", "create", "Account", "--file", "-"],
        "{\"Name\": \"Good\"} {\"Phone\": \"5\"}",
    );
    assert_eq!(code(&partial), 1);
    assert!(
        text(&partial).contains("\nerror: REQUIRED_FIELD_MISSING: "),
        "{}",
        text(&partial)
    );
    let queried = org.run(
        &[
            "record",
            "query",
            "--json",
            "SELECT Name FROM Account ORDER BY Name",
        ],
        "",
    );
    let printed = lines(&queried);
    let answer = printed.first().expect("an object");
    assert_eq!(answer.pointer("/data/totalSize"), Some(&251.into()));
    assert_eq!(
        answer.pointer("/data/records/7/Name"),
        Some(&"A 007".into())
    );
}

#[test]
fn records_are_created_or_changed_by_a_field() {
    let org = Org::start(&["--ephemeral"]);
    let upsert = |arguments: &[&str], input: &str| {
        let command = ["record", "upsert", "Contact", "--by", "Email"];
        org.run(&[&command[..], arguments].concat(), input)
    };
    let created = upsert(&["Email=a@example.com", "LastName=Bell"], "");
    assert_eq!(code(&created), 0, "{}", stderr(&created));
    let id = text(&created).trim().to_owned();
    let changed = upsert(&["email=a@example.com", "LastName=Byrne", "--json"], "");
    let changed = lines(&changed).remove(0);
    assert_eq!(changed["command"], "record upsert");
    assert_eq!(changed["data"]["id"], id.as_str());
    assert_eq!(changed["data"]["created"], false);
    let several = r#"{"Email": "a@example.com", "LastName": "Doe"} {"Email": "b@example.com", "LastName": "Fox"}
        {"LastName": "Nobody"}"#;
    let several = upsert(&[], several);
    assert_eq!(code(&several), 1, "{}", text(&several));
    let several = text(&several);
    let several: Vec<&str> = several.lines().collect();
    assert_eq!((several.len(), several[0]), (3, id.as_str()));
    assert!(several[2].starts_with("error: "), "{}", several[2]);
    let names = "SELECT LastName FROM Contact ORDER BY Email";
    let names = text(&org.run(&["record", "query", names], ""));
    assert!(names.contains("Doe") && names.contains("Fox"), "{names}");
    let unknown = upsert(&["Emial=a@example.com"], "");
    assert_eq!(code(&unknown), 6, "{}", stderr(&unknown));
}

#[test]
fn wrong_names_and_values_have_suggestions_and_codes() {
    let org = Org::start(&["--ephemeral"]);
    for (arguments, expected, hint) in [
        (
            &["create", "Acount", "Name=x"][..],
            6,
            "did you mean Account?",
        ),
        (&["create", "Account", "Nme=x"], 6, "did you mean Name?"),
        (
            &["create", "Account", "Name"],
            2,
            "not of the form NAME=VALUE",
        ),
        (
            &["create", "Account", "NumberOfEmployees=many"],
            2,
            "of the type int",
        ),
        (
            &["create", "Account", "Phone=5"],
            1,
            "landfall explain REQUIRED_FIELD_MISSING",
        ),
        (
            &["query", "SELECT Nme FROM Account"],
            1,
            "landfall explain INVALID_FIELD",
        ),
        (
            &["get", "Account", "0015f0000000999AAA"],
            6,
            "landfall explain NOT_FOUND",
        ),
        (
            &["get", "Account", "x", "--access-token", "x"],
            4,
            "INVALID_SESSION_ID",
        ),
        (
            &["get", "Account", "x", "--api-version", "../x"],
            2,
            "not a version",
        ),
    ] {
        let output = org.run(&[&["record"], arguments].concat(), "");
        let said = stderr(&output);
        assert_eq!(code(&output), expected, "{arguments:?}: {said}");
        assert!(said.contains(hint), "{arguments:?}: {said}");
    }
    let far = ["--target", "http://192.0.2.1", "--access-token", "x"];
    let unconfirmed = run(&[&["record", "delete", "Account", "x", "--json"], &far[..]].concat());
    assert_eq!(code(&unconfirmed), 3, "{}", stderr(&unconfirmed));
    let printed = lines(&unconfirmed);
    let category = printed
        .first()
        .and_then(|line| line.pointer("/error/category"));
    assert_eq!(category, Some(&Value::from("unconfirmed")));
}

#[test]
fn limits_are_a_table_with_what_is_used() {
    let org = Org::start(&["--ephemeral"]);
    org.create_account();
    let all = org.run(&["limits"], "");
    assert_eq!(code(&all), 0, "{}", stderr(&all));
    let shown = text(&all);
    assert!(shown.starts_with("LIMIT "), "{shown}");
    let one = org.run(&["limits", "dailyapirequests", "--json"], "");
    let printed = lines(&one);
    let limits = printed.first().and_then(|line| line.pointer("/data"));
    let limits = limits.and_then(Value::as_object).expect("an object");
    assert_eq!(limits.len(), 1);
    let used = |name: &str| limits["DailyApiRequests"][name].as_i64();
    assert!(used("Remaining") < used("Max"), "{limits:?}");
    let unknown = org.run(&["limits", "DailyApiRequest"], "");
    assert_eq!(code(&unknown), 6);
    assert!(stderr(&unknown).contains("did you mean DailyApiRequests?"));
}

#[test]
fn the_console_of_a_developer_org_has_an_address() {
    let org = Org::start(&["--ephemeral"]);
    let opened = org.run(&["open"], "");
    assert_eq!(code(&opened), 0, "{}", stderr(&opened));
    assert_eq!(text(&opened), format!("{}/console", org.url));
    assert_eq!(
        code(&run(&[
            "open",
            "--target",
            "https://acme.my.salesforce.com"
        ])),
        6
    );
    assert_eq!(code(&run(&["open", "--target", "http://127.0.0.1:1"])), 5);
}
