//! Which combinations of settings are complete and safe.

use super::*;

fn settings(text: &str) -> Settings {
    Settings::parse(text, Path::new("landfall.toml")).expect("valid settings")
}

fn refusal(text: &str) -> String {
    match Settings::parse(text, Path::new("landfall.toml")) {
        Ok(settings) => Config::serve(&settings).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;

    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).expect("a mode");
}

#[test]
fn secrets_that_other_users_can_replace_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, "correct horse battery staple").expect("written");
    let path = path.to_str().expect("plain");
    for text in [
        format!("[admin]\nusername = \"a@b\"\npassword_file = \"{path}\""),
        format!("[connected_app]\nclient_id = \"a\"\nclient_secret_file = \"{path}\""),
        format!("[tls]\ncertificate_file = \"{path}\"\nkey_file = \"{path}\""),
        format!("[metrics]\ntoken_file = \"{path}\""),
    ] {
        let text = format!("data = \"d\"\n{text}");
        set_mode(Path::new(path), 0o622);
        assert!(refusal(&text).contains("other users can replace"), "{text}");
        set_mode(Path::new(path), 0o600);
        assert!(Config::serve(&settings(&text)).is_ok(), "{text}");
    }
}

#[test]
fn logins_over_cleartext_are_for_proxies_that_terminate_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    std::fs::write(&key, "x").expect("written");
    set_mode(&key, 0o600);
    let files = format!("[tls]\ncertificate_file = {key:?}\nkey_file = {key:?}\n");
    let config = |text: &str| {
        let text = format!("data = \"d\"\n{files}{text}");
        Config::serve(&settings(&text)).expect("safe")
    };
    assert!(!config("").cleartext_logins);
    let by_proxy = "terminated_by_proxy = true\n[proxies]\ntrusted = [\"10.0.0.1\"]";
    assert!(config(by_proxy).cleartext_logins);
    assert!(config("").hsts);
    assert!(!Config::dev(&settings("")).expect("safe").hsts);
}

#[test]
fn a_developer_org_listens_on_loopback_only() {
    assert!(Config::dev(&settings("")).is_ok());
    assert!(Config::dev(&settings("listen = \"[::1]:0\"")).is_ok());
    let error = Config::dev(&settings("listen = \"0.0.0.0:7443\"")).unwrap_err();
    assert!(matches!(error, Error::Unsafe { .. }), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn a_developer_org_takes_no_credentials() {
    let error = Config::dev(&settings("[admin]\nusername = \"a@b\"")).unwrap_err();
    assert!(
        error.to_string().contains("it is for `landfall serve`"),
        "{error}"
    );
}

#[test]
fn a_production_node_is_never_ephemeral() {
    assert!(refusal("data = \"d\"\nephemeral = true").contains("`ephemeral` is set"));
}

#[test]
fn a_production_node_never_approves_by_itself() {
    let text = "data = \"d\"\n[oauth]\nauto_approve = \"a@b\"";
    assert!(refusal(text).contains("`oauth.auto_approve` is set"));
    let dev = Config::dev(&settings("[oauth]\nauto_approve = \"a@b\"")).expect("safe");
    assert_eq!(dev.logins.auto_approve.as_deref(), Some("a@b"));
}

#[test]
fn only_a_developer_org_answers_as_the_service() {
    assert!(refusal("data = \"d\"\nas_salesforce = true").contains("`as_salesforce` is set"));
    let dev = |text| Config::dev(&settings(text)).expect("safe").tls;
    assert_eq!(dev("as_salesforce = true"), Tls::AsSalesforce);
    assert_eq!(dev(""), Tls::DeveloperAuthority);
}

#[test]
fn only_a_developer_org_has_reflection_by_default() {
    let dev = |text| Config::dev(&settings(text)).expect("safe").reflection;
    let serve = |text| Config::serve(&settings(text)).expect("safe").reflection;
    let (off, on) = (
        "[pubsub]\nreflection = false",
        "data = \"d\"\n[pubsub]\nreflection = true",
    );
    assert_eq!((dev(""), dev(off)), (true, false));
    assert_eq!((serve("data = \"d\""), serve(on)), (false, true));
}

#[test]
fn only_a_developer_org_follows_a_jump_of_the_clock_by_default() {
    let dev = Config::dev(&settings("")).expect("safe");
    let serve = |text| Config::serve(&settings(text)).expect("safe").trust_clock;
    assert!(dev.trust_clock);
    let on = "data = \"d\"\n[clock]\ntrust = true";
    assert_eq!((serve("data = \"d\""), serve(on)), (false, true));
}

#[test]
fn settings_of_logins_override_the_defaults() {
    let own = "data = \"d\"\n[oauth]\nsession_timeout_seconds = 2\npassword_grant = false\n\
        [limits]\nlogins_an_hour = 0\n[connected_app]\nscopes = [\"api\", \"id\"]";
    let config = Config::serve(&settings(own)).expect("safe");
    assert_eq!(config.logins.session_idle, Duration::from_secs(2));
    assert_eq!(
        (config.logins.password_grant, config.logins.logins_an_hour),
        (false, None)
    );
    assert_eq!(config.app_scopes, Some(Scopes::parse("api id")));
    let config = Config::serve(&settings("data = \"d\"")).expect("safe");
    assert_eq!(config.logins.session_idle, Duration::from_hours(2));
    assert_eq!(
        (config.logins.password_grant, config.logins.logins_an_hour),
        (true, Some(3_600))
    );
    let made_up = "data = \"d\"\n[connected_app]\nscopes = [\"api\", \"made_up\"]";
    assert!(refusal(made_up).contains("`made_up` is not a scope"));
    let never = "data = \"d\"\n[oauth]\nsession_timeout_seconds = 0";
    assert!(
        refusal(never)
            .contains("`oauth.session_timeout_seconds`: `0` is not a whole number of 1 or more")
    );
}

#[test]
fn transactions_overflow_at_the_documented_number_of_changes_or_before() {
    let text = |after: u64| format!("data = \"d\"\n[events]\noverflow_after = {after}");
    let config = Config::serve(&settings(&text(3))).expect("safe");
    assert_eq!(config.capture_rules.overflow_after, 3);
    let config = Config::serve(&settings("data = \"d\"")).expect("safe");
    assert_eq!(config.capture_rules, CaptureRules::default());
    assert!(refusal(&text(0)).contains("`0` is not a whole number from 1 to 100000"));
    assert!(refusal(&text(100_001)).contains("`100001` is not a whole number from 1 to 100000"));
}

#[test]
fn a_production_node_needs_a_folder() {
    assert!(
        refusal("")
            .contains("`data` is not set: set it in the file, or use --data or LANDFALL_DATA")
    );
}

#[test]
fn cleartext_on_a_reachable_address_is_refused() {
    assert!(refusal("data = \"d\"\nlisten = \"0.0.0.0:80\"").contains("there is no TLS"));
    let behind_proxy = "data = \"d\"\nlisten = \"0.0.0.0:80\"\n[tls]\nterminated_by_proxy = true\n";
    assert!(refusal(behind_proxy).contains("proxies.trusted"));
    let trusted = format!("{behind_proxy}[proxies]\ntrusted = [\"10.0.0.0/8\"]");
    assert_eq!(
        Config::serve(&settings(&trusted)).expect("safe").tls,
        Tls::Off
    );
}

#[test]
fn half_a_pair_is_refused() {
    for (text, missing) in [
        ("[tls]\ncertificate_file = \"c\"", "tls.key_file"),
        ("[tls]\nkey_file = \"k\"", "tls.certificate_file"),
        ("[admin]\nusername = \"a@b\"", "admin.password_file"),
        (
            "[connected_app]\nclient_secret_file = \"s\"",
            "connected_app.client_id",
        ),
    ] {
        assert!(
            refusal(&format!("data = \"d\"\n{text}")).contains(missing),
            "{text}"
        );
    }
}

#[test]
fn known_and_short_secrets_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (secret, reason) in [("landfall\n", "known secret"), ("short", "5 characters")] {
        let path = folder.path().join("password");
        std::fs::write(&path, secret).expect("written");
        set_mode(&path, 0o600);
        let text = format!("data = \"d\"\n[admin]\nusername = \"a@b\"\npassword_file = {path:?}");
        assert!(refusal(&text).contains(reason), "{secret}");
    }
}

#[test]
fn a_secret_is_read_without_its_line_end_and_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, "correct horse\r\n").expect("written");
    let secret = read_secret(&path).expect("readable");
    assert_eq!(secret.expose(), "correct horse");
    assert_eq!(format!("{secret:?}"), "Secret(..)");
}

#[test]
fn a_node_of_a_cluster_has_a_database_and_a_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "correct horse battery staple").expect("written");
    set_mode(&secret, 0o600);
    let store = "store = \"postgres://landfall@db/landfall\"";
    let file = format!("secret_file = {secret:?}");
    let advertise = "advertise = \"node-1.internal:7443\"";
    let node = |store: &str, own: &str| format!("data = \"d\"\n{store}\n[cluster]\n{own}");
    for (text, missing) in [
        (node(store, advertise), "cluster.secret_file"),
        (node(store, &file), "cluster.advertise"),
        (node("", &format!("{advertise}\n{file}")), "store"),
    ] {
        let refusal = refusal(&text);
        assert!(refusal.contains(missing), "{text}: {refusal}");
    }
    for wrong in ["node-1", "http://node-1:1", "a@b:1", ":1", "node-1:x"] {
        let text = node(store, &format!("advertise = {wrong:?}\n{file}"));
        assert!(refusal(&text).contains("a host and a port"), "{wrong}");
    }
    let whole = settings(&node(store, &format!("{advertise}\n{file}")));
    let config = Config::serve(&whole).expect("complete");
    let cluster = config.cluster.expect("a cluster");
    assert_eq!(cluster.advertise.to_string(), "node-1.internal:7443");
    std::fs::write(&secret, "short").expect("written");
    let weak = refusal(&node(store, &format!("{advertise}\n{file}")));
    assert!(weak.contains("5 characters"), "{weak}");
}

#[test]
fn operators_need_a_token_and_a_network_that_cannot_read_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    std::fs::write(&path, "operators-token-0001").expect("written");
    set_mode(&path, 0o600);
    let token = format!("token_file = {path:?}\n");
    let text = |lines: &str| format!("data = \"d\"\n[operations]\n{lines}");
    let listen = "listen = \"127.0.0.1:7444\"\n";
    let both = text(&format!("{listen}{token}"));
    let config = Config::serve(&settings(&both)).expect("safe");
    let operations = config.operations.expect("configured");
    assert_eq!(operations.listen.port(), 7444);
    assert_eq!(operations.token.expose(), "operators-token-0001");
    assert!(refusal(&text(listen)).contains("is set without"));
    assert!(refusal(&text(&token)).contains("is set without"));
    let public = text(&format!("listen = \"0.0.0.0:7444\"\n{token}"));
    assert!(refusal(&public).contains("no TLS"));
    set_mode(&path, 0o622);
    assert!(refusal(&both).contains("other users can replace"));
    set_mode(&path, 0o600);
    std::fs::write(&path, "short").expect("written");
    assert!(refusal(&both).contains("16"), "{}", refusal(&both));
    let dev = Config::dev(&settings(&format!("[operations]\n{listen}")));
    assert!(dev.is_err());
}
