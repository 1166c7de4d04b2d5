//! Files in a data folder that no org and no job owns.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{Org, code, run, stderr, text};

#[test]
fn a_file_that_no_org_owns_is_named_at_the_start_and_by_a_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("org");
    assert_eq!(Org::start(&["--data", text(&data)]).stop().0, Some(0));
    let orphans = ["landfall.db-wal.old", "landfall.db.2026-11-01"];
    for name in orphans {
        std::fs::write(data.join(name), "left").expect("written");
    }
    let org = Org::start(&["--data", text(&data)]);
    for name in orphans {
        let named = org
            .said
            .lines()
            .filter(|line| line.contains("belongs to no org") && line.contains(name));
        assert_eq!(named.count(), 1, "{name}: {}", org.said);
    }
    assert_eq!(org.stop().0, Some(0));

    let checked = run(&["check", text(&data), "--json"]);
    assert_eq!(code(&checked), 0, "{}", stderr(&checked));
    let report: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    assert_eq!(report["data"]["orphans"], serde_json::json!(orphans));
    assert_eq!(report["data"]["furtherOrphans"], 0);
    let checked = run(&["check", text(&data)]);
    let words = String::from_utf8_lossy(&checked.stdout).into_owned();
    for name in orphans {
        let line = format!("{name} belongs to no org");
        assert!(words.contains(&line), "{words}");
        assert!(data.join(name).exists(), "it stays");
    }
}

/// Sends a request to an org; the connection, which is still open.
fn sent(org: &Org, head: &str, body: &str) -> TcpStream {
    let address = org.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connected");
    let request = format!("{head}\r\nHost: {address}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("sent");
    stream
}

fn json(org: &Org, path: &str, head: &str, body: &serde_json::Value) -> serde_json::Value {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}{head}",
        body.len()
    );
    let mut answer = String::new();
    let mut stream = sent(org, &head, &body);
    stream.read_to_string(&mut answer).expect("answered");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    serde_json::from_str(body).expect("JSON")
}

/// The file of an upload, once some of it has arrived.
fn begun(folder: &Path) -> PathBuf {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let files = std::fs::read_dir(folder).expect("a folder");
        let mut files = files.map(|file| file.expect("readable"));
        let part = files.find(|file| file.metadata().is_ok_and(|file| file.len() > 0));
        if let Some(part) = part {
            return part.path();
        }
        assert!(Instant::now() < until, "nothing arrives");
        std::thread::yield_now();
    }
}

#[test]
fn what_a_crash_leaves_of_an_upload_is_named_and_removed_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("org");
    let org = Org::start(&["--data", text(&data)]);
    let login = json(&org, "/_landfall/v1/logins", "", &serde_json::json!({}));
    let token = login["accessToken"].as_str().expect("a token");
    let login = format!("\r\nAuthorization: Bearer {token}");
    let job = serde_json::json!({"object": "Account", "operation": "insert"});
    let job = json(&org, "/services/data/v59.0/jobs/ingest", &login, &job);
    let job = job["id"].as_str().expect("an id");
    let head = format!(
        "PUT /services/data/v59.0/jobs/ingest/{job}/batches HTTP/1.1\r\nContent-Type: text/csv\r\n\
         Content-Length: 1000000{login}"
    );
    let upload = sent(&org, &head, &format!("Name\n{}", "Acme\n".repeat(100_000)));
    let part = begun(&data.join("bulk"));
    // Killed: nothing is tidied up.
    drop(org);
    drop(upload);
    let name = part.file_name().expect("a name").to_string_lossy();
    assert_eq!(name, format!("{job}.part"));
    assert!(part.exists(), "the crash left it");
    std::fs::write(data.join("bulk/notes.txt"), "mine").expect("written");

    let org = Org::start(&["--data", text(&data)]);
    for words in [
        format!("a file of no bulk job was removed file=\"{job}.part\""),
        "belongs to no job file=\"notes.txt\"".to_owned(),
    ] {
        let named = org.said.lines().filter(|line| line.contains(&words));
        assert_eq!(named.count(), 1, "{words}: {}", org.said);
    }
    assert!(!part.exists());
    assert!(data.join("bulk/notes.txt").exists(), "it stays");
    assert_eq!(org.stop().0, Some(0));
}
