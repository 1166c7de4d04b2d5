//! The binary as scripts see it: exit codes, streams, signals.

mod colours;
mod contexts;
mod control;
mod env;
mod exec;
mod explain;
mod fault;
mod logins;
mod moving;
mod orphans;
mod pages;
mod records;
mod requests;
mod seed;
mod tail;
mod top;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use landfall_client::{Grant, Method, Trust};
use landfall_server::config::{DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME};

/// A script in an org of its own; the binary is `$0`.
fn script(options: &[&str], script: &str) -> Output {
    let own = env!("CARGO_BIN_EXE_landfall");
    let arguments = [&["exec"], options, &["--", "sh", "-c", script, own]].concat();
    landfall(&arguments).output().expect("the binary runs")
}

/// A command without the caller's settings.
fn landfall(arguments: &[&str]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_landfall"));
    command.args(arguments);
    command
}

fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LANDFALL_") {
            command.env_remove(name);
        }
    }
    command
        // The contexts of the user who runs the tests.
        .env("XDG_CONFIG_HOME", "/dev/null/none")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    landfall(arguments).output().expect("the binary runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it exits")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A developer org as a process; killed when dropped.
struct Org {
    child: Child,
    url: String,
    said: String,
    stderr: BufReader<ChildStderr>,
}

impl Org {
    fn start(arguments: &[&str]) -> Self {
        let mut all = vec!["dev", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        Self::ready(landfall(&all))
    }

    /// Reads what it says until the last line of its start.
    fn ready(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary runs");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut said = String::new();
        let url = loop {
            let mut line = String::new();
            let read = stderr.read_line(&mut line).expect("readable");
            assert!(read > 0, "it ended before it was ready: {said}");
            said.push_str(&line);
            if let Some(after) = line.split("landfall ready ").nth(1) {
                break after.split(' ').next().expect("a URL").to_owned();
            }
            let logged: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if logged.pointer("/fields/message") == Some(&"ready".into()) {
                let url = logged.pointer("/fields/url").and_then(|url| url.as_str());
                break url.expect("a URL").to_owned();
            }
        };
        Self {
            child,
            url,
            said,
            stderr,
        }
    }

    fn tail(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["tail", "--target", &self.url];
        all.extend(arguments);
        // Nothing here waits for more than this: a hang becomes a failure.
        landfall(&all)
            .env("LANDFALL_COUNT", "1")
            .env("LANDFALL_TIMEOUT", "20")
            .output()
            .expect("the binary runs")
    }

    /// A command against this org, with this on stdin.
    fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut child = landfall(arguments)
            .env("LANDFALL_TARGET", &self.url)
            .stdin(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut input = child.stdin.take().expect("piped");
        input.write_all(stdin.as_bytes()).expect("written");
        drop(input);
        child.wait_with_output().expect("it ends")
    }

    fn create_account(&self) {
        self.create("Account", &serde_json::json!({ "Name": "Acme" }));
    }

    fn create(&self, object: &str, values: &serde_json::Value) {
        let target = self.url.parse().expect("an address");
        let grant = Grant::Password {
            username: DEVELOPER_USERNAME.to_owned(),
            password: DEVELOPER_PASSWORD.to_owned(),
            client_id: DEVELOPER_CLIENT.to_owned(),
            client_secret: DEVELOPER_CLIENT.to_owned(),
        };
        let path = format!("/services/data/v59.0/sobjects/{object}");
        let created = async {
            let org = landfall_client::Org::login(target, &Trust::nobody(), &grant).await?;
            org.call(Method::POST, &path, Some(values)).await
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let answer = runtime.block_on(created).expect("an answer");
        assert_eq!(answer.status, 201);
    }

    /// Asks it to stop and gives its exit code and what it said meanwhile.
    fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("kill exists").success());
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).expect("readable");
        let status = self.child.wait().expect("it ends");
        (status.code(), rest)
    }
}

impl Drop for Org {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The data folder of a test, as an argument.
fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["tial"][..],
        &["tail"],
        &["dev", "--listen", "here"],
        &["tail", "--replay", "soon", "/data/AccountChangeEvent"],
        &["tail", "--target", "ftp://x", "/data/AccountChangeEvent"],
        &[
            "tail",
            "--target",
            "http://192.0.2.1",
            "/data/AccountChangeEvent",
        ],
        &["dev", "--ephemeral", "--log", "=="],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_developer_org_stays_on_this_machine() {
    let output = run(&["dev", "--ephemeral", "--listen", "0.0.0.0:0"]);
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    assert!(said.starts_with("error: refusing to start: "), "{said}");
    assert!(said.contains("\nhint: "), "{said}");
}

#[test]
fn an_org_reports_readiness_and_stops_on_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let ready_file = folder.path().join("ready");
    let org = Org::start(&["--ephemeral", "--ready-file", text(&ready_file)]);
    assert!(
        org.said.contains("admin@landfall.test / landfall"),
        "{}",
        org.said
    );
    assert!(
        org.said.contains(&format!("{}/cometd/59.0", org.url)),
        "{}",
        org.said
    );
    let written = std::fs::read_to_string(&ready_file).expect("written");
    assert_eq!(written.trim_end(), org.url);
    assert_eq!(org.stop(), (Some(0), String::new()));
    assert!(!ready_file.exists());
}

#[test]
fn json_logs_are_json_to_the_last_line() {
    let org = Org::start(&["--ephemeral", "--log-format", "json", "--log", "info"]);
    let said = org.said.clone();
    let (status, rest) = org.stop();
    assert_eq!(status, Some(0));
    for line in said.lines().chain(rest.lines()) {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn a_port_and_a_folder_belong_to_one_org() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("org");
    let org = Org::start(&["--data", text(&data)]);
    let address = org.url.trim_start_matches("http://").to_owned();
    let second = run(&["dev", "--ephemeral", "--listen", &address]);
    assert_eq!(code(&second), 1);
    let said = stderr(&second);
    assert!(
        said.starts_with(&format!("error: {address} is already in use by landfall ")),
        "{said}"
    );
    let second = run(&["dev", "--listen", "127.0.0.1:0", "--data", text(&data)]);
    assert_eq!(code(&second), 1);
    let said = stderr(&second);
    assert!(
        said.contains("cause: ") && said.contains("hint: "),
        "{said}"
    );
    assert_eq!(org.stop().0, Some(0));
}

#[test]
fn tail_prints_one_object_a_line() {
    let org = Org::start(&["--ephemeral"]);
    org.create_account();
    let output = org.tail(&["--replay", "earliest", "/data/AccountChangeEvent"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let lines = String::from_utf8(output.stdout).expect("text");
    let event: serde_json::Value = serde_json::from_str(&lines).expect("one object");
    let mut keys: Vec<&str> = event
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["payload", "replayId", "schema", "topic"]);
    assert_eq!(event["payload"]["Name"], "Acme");
    assert!(event["replayId"].is_u64());
}

/// The lines of stdout as JSON.
fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON")
}

/// An org with the platform events of a project.
fn org_of_project() -> Org {
    let project = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../core/metadata/tests/project"
    );
    Org::start(&["--ephemeral", "--project", project])
}

const FREED: &str = "/event/Berth_Freed__e";

#[test]
fn tail_prints_the_same_over_both_protocols() {
    let org = org_of_project();
    org.create_account();
    let event =
        r#"{"Berth_Code__c":"A-1","Fee__c":12.5,"Free_Day__c":"2024-04-09","Urgent__c":true}"#;
    let published = org.run(&["publish", FREED, event], "");
    assert_eq!(code(&published), 0, "{}", stderr(&published));
    for topic in ["/data/AccountChangeEvent", "/data/ChangeEvents", FREED] {
        let told = ["pubsub", "cometd"].map(|protocol| {
            let output = org.tail(&["--replay", "earliest", "--protocol", protocol, topic]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            lines(&output).remove(0)
        });
        let [mut pubsub, cometd] = told;
        let header = pubsub.pointer_mut("/payload/ChangeEventHeader");
        if let Some(header) = header.and_then(|header| header.as_object_mut()) {
            // The Streaming API does not have these.
            for name in ["nulledFields", "diffFields"] {
                assert_eq!(header.remove(name), Some(serde_json::json!([])));
            }
        }
        assert_eq!(pubsub, cometd);
    }
}

#[test]
fn tail_speaks_the_protocol_that_its_topics_need() {
    let org = Org::start(&["--ephemeral"]);
    let topic = serde_json::json!({
        "Name": "Accounts", "Query": "SELECT Id, Name FROM Account", "ApiVersion": 59.0,
    });
    org.create("PushTopic", &topic);
    org.create_account();
    let output = org.tail(&["--replay", "earliest", "/topic/Accounts"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = lines(&output).remove(0);
    assert_eq!(told["payload"]["Name"], "Acme", "{told}");
}

#[test]
fn tail_follows_over_tls() {
    let org = Org::start(&["--ephemeral"]);
    org.create_account();
    let target = org.url.parse().expect("an address");
    let within = std::time::Duration::from_secs(20);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let authority = runtime
        .block_on(landfall_client::get(target, "/_landfall/ca.pem", within))
        .expect("an answer");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &authority.body).expect("written");
    let url = org.url.replace("http://", "https://");
    let output = run(&[
        "tail",
        "--target",
        &url,
        "--ca-file",
        text(&file),
        "--count",
        "1",
        "--timeout",
        "20",
        "--replay",
        "earliest",
        "/data/AccountChangeEvent",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(lines(&output).len(), 1);
}

#[test]
fn publish_reports_the_result_of_each_event() {
    let org = org_of_project();
    let events = "{\"Berth_Code__c\":\"A\"}\n{\"Berth_Code__c\":1}\n\n{\"Berth_Code__c\":\"C\"}";
    let output = org.run(&["publish", FREED, "-"], events);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).starts_with("error: 1 of 3 events were not published"),
        "{}",
        stderr(&output)
    );
    let results = lines(&output);
    assert_eq!(results.len(), 3);
    assert_eq!(
        results[1]["error"],
        "the value of `Berth_Code__c` is not a text"
    );
    assert!(results[0]["replayId"].as_u64() < results[2]["replayId"].as_u64());
    assert!(results[2]["id"].is_string());
    let tailed = org.tail(&["--replay", "earliest", "--count", "2", FREED]);
    let codes: Vec<_> = lines(&tailed)
        .iter()
        .map(|event| event["payload"]["Berth_Code__c"].clone())
        .collect();
    assert_eq!(codes, ["A", "C"]);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("event.json");
    std::fs::write(&file, "{\n  \"Berth_Code__c\": \"D\"\n}\n").expect("written");
    let output = org.run(&["publish", FREED, "--file", text(&file)], "");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(lines(&output).len(), 1);
}

#[test]
fn the_exit_code_of_publish_names_the_failure() {
    let org = org_of_project();
    for (expected, arguments) in [
        (1, &["publish", "/data/AccountChangeEvent", "{}"][..]),
        (1, &["publish", FREED, "--file", "/nowhere"]),
        (2, &["publish", FREED, "[]"]),
        (
            4,
            &["publish", FREED, "{}", "--username", "nobody@landfall.test"],
        ),
        (6, &["publish", "/event/None__e", "{}"]),
        (6, &["schema", "/event/None__e"]),
    ] {
        let output = org.run(arguments, "");
        assert_eq!(
            code(&output),
            expected,
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn schema_shows_fields_and_explains_bitmaps() {
    let org = org_of_project();
    let topic = "/data/AccountChangeEvent";
    let output = org.run(&["schema", topic], "");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = |name: &str| {
        let columns = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut found = columns.filter(|columns| columns.get(1) == Some(&name));
        found
            .next()
            .expect(name)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        row("ChangeEventHeader"),
        ["0", "ChangeEventHeader", "header"]
    );
    let position = row("BillingAddress")[0].clone();
    assert_eq!(
        row("BillingAddress.Street"),
        [&format!("{position}-0"), "BillingAddress.Street", "text"]
    );

    let nested = format!("{position}-0x01");
    let output = org.run(
        &[
            "schema", topic, "--bitmap", "0x02", "--bitmap", &nested, "--json",
        ],
        "",
    );
    assert_eq!(
        lines(&output)[0]["data"]["names"],
        serde_json::json!([
            { "position": "1", "name": "Name" },
            { "position": format!("{position}-0"), "name": "BillingAddress.Street" },
        ])
    );

    let avro = lines(&org.run(&["schema", topic, "--json"], "")).remove(0);
    assert_eq!(avro["data"]["schema"]["name"], "AccountChangeEvent");
    org.create_account();
    let id = lines(&org.tail(&["--replay", "earliest", topic]))[0]["schema"].clone();
    let by_id = org.run(&["schema", id.as_str().expect("an id"), "--json"], "");
    assert_eq!(lines(&by_id), [avro]);
    let wrong = org.run(&["schema", topic, "--bitmap", "7"], "");
    assert_eq!(code(&wrong), 2, "{}", stderr(&wrong));
}

#[test]
fn the_exit_code_of_tail_names_the_failure() {
    for protocol in ["pubsub", "cometd"] {
        tail_reports_failures_over(protocol);
    }
}

fn tail_reports_failures_over(protocol: &str) {
    let org = Org::start(&["--ephemeral"]);
    let topic = "/data/AccountChangeEvent";
    for (expected, arguments) in [
        (
            4,
            &[
                "--username",
                "admin@landfall.test",
                "--password",
                "wrong",
                topic,
            ][..],
        ),
        (4, &["--access-token", "00D000000000000!none", topic]),
        (6, &["/data/Invoice__cChangeEvent"]),
        (7, &["--replay", "12", topic]),
        (8, &["--count", "1", "--timeout", "1", topic]),
    ] {
        let output = org.tail(&[&["--protocol", protocol], arguments].concat());
        assert_eq!(
            code(&output),
            expected,
            "{protocol} {arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).starts_with("error: "),
            "{}",
            stderr(&output)
        );
        assert!(!stderr(&output).contains("00D000000000000!none"));
    }
    let url = org.url.clone();
    assert_eq!(org.stop().0, Some(0));
    let output = run(&["tail", "--target", &url, topic]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert!(stderr(&output).contains("hint: start an org with `landfall dev`"));
}

#[test]
fn flags_take_precedence_over_variables_and_variables_over_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("landfall.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\ndata = \"of-file\"\n").expect("written");
    for (variable, flag, used) in [
        (None, None, "of-file"),
        (Some("of-variable"), None, "of-variable"),
        (Some("of-variable"), Some("of-flag"), "of-flag"),
    ] {
        let mut command = landfall(&["dev", "--config", text(&file)]);
        let path = |name: &str| folder.path().join(name);
        command.envs(variable.map(|name| ("LANDFALL_DATA", path(name))));
        if let Some(flag) = flag {
            command.arg("--data").arg(path(flag));
        }
        let org = Org::ready(command);
        assert!(path(used).join("landfall.db").exists(), "{used}");
        assert_eq!(org.stop().0, Some(0));
        std::fs::remove_dir_all(path(used)).expect("removed");
    }
}

#[test]
fn a_configuration_error_is_shown_with_its_position() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("landfall.toml");
    std::fs::write(&file, "data = \"org\"\n[tls]\ncertificat_file = \"x\"\n").expect("written");
    let output = run(&["serve", "--config", text(&file)]);
    assert_eq!(code(&output), 1);
    let place = format!(
        "error: {}:3:1: unknown key `tls.certificat_file`; did you mean `tls.certificate_file`?",
        file.display()
    );
    assert!(stderr(&output).starts_with(&place), "{}", stderr(&output));
    std::fs::write(&file, "data = \"org\"\nlisten = \"0.0.0.0:0\"\n").expect("written");
    let output = run(&["serve", "--config", text(&file)]);
    assert!(
        stderr(&output).contains("there is no TLS"),
        "{}",
        stderr(&output)
    );
    let output = run(&["serve", "--as-salesforce", "--config", text(&file)]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("`as_salesforce` is set"),
        "{}",
        stderr(&output)
    );
    assert!(!folder.path().join("org").exists());
}

#[test]
fn a_wrong_value_names_the_flag_or_the_variable() {
    let output = run(&["dev", "--events-overflow-after", "0"]);
    assert_eq!(code(&output), 2);
    let expected = "error: --events-overflow-after: `events.overflow_after`: `0` is not a whole number from 1 to 100000\n";
    assert!(stderr(&output).starts_with(expected), "{}", stderr(&output));
    let output = landfall(&["serve"])
        .env("LANDFALL_LISTEN", "here")
        .output()
        .expect("the binary runs");
    assert_eq!(code(&output), 2);
    let expected = "error: LANDFALL_LISTEN: `listen`: `here` is not an address and a port, such as 127.0.0.1:7443\n";
    assert!(stderr(&output).starts_with(expected), "{}", stderr(&output));
    let output = landfall(&["dev", "--ephemeral"])
        .env("LANDFALL_ADMIN_USERNAME", "ops@example.com")
        .output()
        .expect("the binary runs");
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    assert!(
        said.contains(
            "`admin.username` is set (LANDFALL_ADMIN_USERNAME), but it is for `landfall serve`"
        ),
        "{said}"
    );
}

#[test]
fn help_lists_the_daily_options_first_and_the_others_by_group() {
    let help = run(&["serve", "--help"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let at = |text: &str| {
        help.find(text)
            .unwrap_or_else(|| panic!("no {text} in {help}"))
    };
    let order = [
        "--config <FILE>",
        "--listen <ADDRESS:PORT>",
        "--data <DIR>",
        "Listening:",
        "--tls-certificate-file",
        "Data:",
        "Events:",
        "--events-retention-hours",
        "Login:",
        "--oauth-session-timeout-seconds",
        "Allocations:",
        "--limits-push-topics",
        "Logging and metrics:",
        "--log-format",
    ];
    let places: Vec<usize> = order
        .iter()
        .filter(|text| **text != "Data:")
        .map(|text| at(text))
        .collect();
    assert!(places.is_sorted(), "{help}");
    assert!(!help.contains("--as-salesforce"), "{help}");
}

#[cfg(unix)]
#[test]
fn connections_leave_files_to_the_store() {
    use std::net::TcpStream;

    let limited = "ulimit -Sn 300 && ulimit -Hn 600 && exec \"$0\" \"$@\"";
    let mut command = program("sh");
    command
        .args(["-c", limited, env!("CARGO_BIN_EXE_landfall")])
        .args([
            "dev",
            "--ephemeral",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "info",
        ]);
    let org = Org::ready(command);
    assert!(
        org.said.contains("fewer connections than configured") && org.said.contains("files=600"),
        "{}",
        org.said
    );
    let address = org.url.trim_start_matches("http://");
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(TcpStream::connect(address).expect("the backlog has space"));
    }
    // The first connections are served, the last ones wait; files are left for the store.
    let mut first = idle.swap_remove(0);
    first
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    first.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(idle);
    org.create_account();
    let (status, rest) = org.stop();
    assert_eq!(status, Some(0));
    assert!(!rest.contains("connections not accepted"), "{rest}");
    assert_eq!(
        rest.matches("connections wait: all are in use").count(),
        1,
        "{rest}"
    );
}

#[cfg(unix)]
#[test]
fn what_an_org_stores_is_private() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("org");
    let org = Org::start(&["--data", text(&data)]);
    org.create_account();
    let mode = |path: &Path| {
        let metadata = std::fs::metadata(path).expect("it exists");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&data), 0o700);
    for name in ["landfall.db", "landfall.db-wal", "tls/ca-key.pem"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    assert_eq!(org.stop().0, Some(0));
}

#[test]
fn a_developer_org_answers_to_its_own_host_names_only() {
    let org = Org::start(&["--ephemeral", "--hosts", "landfall.internal"]);
    let address = org.url.trim_start_matches("http://").to_owned();
    let status = |head: &str| {
        let mut stream = std::net::TcpStream::connect(&address).expect("connected");
        let request = format!("GET /services/data HTTP/1.1\r\n{head}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer.split(' ').nth(1).expect("a status").to_owned()
    };
    assert_eq!(status(&format!("Host: {address}\r\n")), "200");
    assert_eq!(status("Host: landfall.internal\r\n"), "200");
    assert_eq!(status("Host: rebound.example\r\n"), "403");
    assert_eq!(status("Host: login.salesforce.com\r\n"), "403");
    let foreign = format!("Host: {address}\r\nOrigin: https://evil.example\r\n");
    assert_eq!(status(&foreign), "403");
}

#[test]
fn a_data_folder_is_checked_beside_its_server_and_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("org");
    let org = Org::start(&["--data", text(&data)]);
    org.create_account();
    let in_use = run(&["check", text(&data), "--json"]);
    assert_eq!(code(&in_use), 0, "{}", stderr(&in_use));
    let report: serde_json::Value = serde_json::from_slice(&in_use.stdout).expect("JSON");
    assert_eq!(report["data"]["inUse"], true, "{report}");
    assert_eq!(report["data"]["whole"], true, "{report}");
    assert_eq!(report["data"]["events"], 1, "{report}");
    org.create_account();
    assert_eq!(org.stop().0, Some(0));

    let whole = run(&["check", text(&data), "--json"]);
    assert_eq!(code(&whole), 0, "{}", stderr(&whole));
    let report: serde_json::Value = serde_json::from_slice(&whole.stdout).expect("JSON");
    assert_eq!(report["data"]["inUse"], false, "{report}");
    assert_eq!(report["data"]["whole"], true, "{report}");
    assert_eq!(report["data"]["events"], 2, "{report}");

    let file = data.join("landfall.db");
    let mut bytes = std::fs::read(&file).expect("readable");
    let name = bytes.windows(4).position(|bytes| bytes == b"Acme");
    bytes[name.expect("the event or the record")] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    let damaged = run(&["check", text(&data), "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&damaged.stdout).expect("JSON");
    assert_eq!(report["error"]["code"], "damaged", "{report}");
    assert_eq!(report["data"]["whole"], false, "{report}");
    let damaged = run(&["check", text(&data)]);
    assert_eq!(code(&damaged), 1, "{}", stderr(&damaged));
    let said = String::from_utf8_lossy(&damaged.stdout).into_owned();
    assert!(said.contains("damaged"), "{said}");

    std::fs::remove_file(&file).expect("removed");
    let lost = run(&["check", text(&data)]);
    assert_eq!(code(&lost), 1, "{}", stderr(&lost));
    assert_eq!(code(&run(&["check", text(folder.path())])), 2);
}
