//! How settings are read: places, types, precedence, suggestions.

use super::*;

fn parse(text: &str) -> Result<Settings, String> {
    Settings::parse(text, Path::new("landfall.toml")).map_err(|error| error.to_string())
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_one() {
    for (text, expected) in [
        (
            "listen = \"127.0.0.1:1\"\n[tls]\ncertificat = \"x\"\n",
            "landfall.toml:3:1: unknown key `tls.certificat`; did you mean `tls.certificate_file`?",
        ),
        (
            "[tsl]\nkey_file = \"x\"",
            "landfall.toml:1:2: unknown key `tsl.key_file`; did you mean `tls.key_file`?",
        ),
        (
            "capture_all = true",
            "landfall.toml:1:1: unknown key `capture_all`; did you mean `events.capture_all`?",
        ),
        ("zzz = 1", "landfall.toml:1:1: unknown key `zzz`"),
    ] {
        assert_eq!(parse(text).unwrap_err(), expected);
    }
}

#[test]
fn a_wrong_value_names_setting_place_and_what_is_allowed() {
    for (text, expected) in [
        (
            "listen = \"here\"",
            "landfall.toml:1:10: `listen`: `here` is not an address and a port, such as 127.0.0.1:7443",
        ),
        (
            "[proxies]\ntrusted = [\"10.0.0.0/8\", \"ten\"]",
            "landfall.toml:2:11: `proxies.trusted`: `ten` is not an address or a range, such as 10.0.0.0/8",
        ),
        (
            "[limits]\nconnections = \"many\"",
            "landfall.toml:2:15: `limits.connections`: expected a whole number",
        ),
        (
            "[limits]\nconnections = 0",
            "landfall.toml:2:15: `limits.connections`: `0` is not a whole number of 1 or more",
        ),
        (
            "[log]\nformat = \"xml\"",
            "landfall.toml:2:10: `log.format`: `xml` is not one of text and json",
        ),
        (
            "data = { folder = \"x\" }",
            "landfall.toml:1:8: `data`: expected a plain value",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err(), expected);
    }
    let mut settings = Settings::default();
    let flag = Origin::Flag("--listen".to_owned());
    let error = settings.set(&LISTEN, vec!["here".to_owned()], flag);
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("--listen: `listen`: `here`"), "{error}");
}

#[test]
fn flags_and_variables_take_precedence_over_the_file() {
    let mut first = Settings::default();
    let variable = Origin::Variable("LANDFALL_TLS_TERMINATED_BY_PROXY".to_owned());
    first
        .set(&TLS_TERMINATED_BY_PROXY, vec!["false".to_owned()], variable)
        .expect("valid");
    let file = parse("data = \"d\"\n[tls]\nterminated_by_proxy = true").expect("valid");
    let both = first.or(file);
    assert_eq!(
        both.get(&TLS_TERMINATED_BY_PROXY).expect("valid"),
        Some(false)
    );
    assert_eq!(both.get(&DATA).expect("valid"), Some("d".into()));
}

#[test]
fn relative_paths_are_resolved_from_the_folder_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("landfall.toml");
    std::fs::write(
        &path,
        "data = \"org\"\nseeds = [\"a\", \"/b\"]\n[admin]\npassword_file = \"/run/secret\"",
    )
    .expect("written");
    let settings = Settings::read(&path).expect("valid");
    let own = folder.path();
    assert_eq!(settings.get(&DATA).expect("valid"), Some(own.join("org")));
    assert_eq!(
        settings.get(&SEEDS).expect("valid"),
        Some(vec![own.join("a"), "/b".into()])
    );
    assert_eq!(
        settings.get(&ADMIN_PASSWORD_FILE).expect("valid"),
        Some("/run/secret".into())
    );
}

#[test]
fn every_default_and_every_example_is_allowed() {
    for setting in ALL {
        let about = setting.about();
        for program in [Program::Dev, Program::Serve] {
            let Some(default) = setting.default_text(program) else {
                continue;
            };
            if about.default_described.is_some() && !default.contains('"') {
                continue;
            }
            let text = format!("{} = {default}", about.key());
            assert!(parse(&text).is_ok(), "{text}");
        }
        if !about.example.is_empty() {
            let text = format!("{} = {}", about.key(), about.example);
            assert!(parse(&text).is_ok(), "{text}");
        }
    }
}

#[test]
fn names_are_unique_and_follow_from_the_key() {
    let mut names = std::collections::BTreeSet::new();
    for setting in ALL {
        let about = setting.about();
        assert!(names.insert(about.key().to_owned()), "{}", about.key());
        assert!(names.insert(about.variable()), "{}", about.variable());
    }
    assert_eq!(TLS_KEY_FILE.about().flag(), "tls-key-file");
    assert_eq!(TLS_KEY_FILE.about().variable(), "LANDFALL_TLS_KEY_FILE");
    assert_eq!(SEEDS.about().flag(), "seed");
}
