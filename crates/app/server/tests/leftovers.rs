//! What is left of orgs that were opened and closed while a server ran: nothing. Alone in its process, so that it can count.

use std::path::Path;

use landfall_server::config::{Config, Data};
use landfall_server::{Environment, Server, Settings};

const ORGS: usize = 20;

fn dev(data: Data) -> Config {
    let place = match data {
        Data::Folder(folder) => format!("data = \"{}\"", folder.display()),
        Data::Ephemeral => "ephemeral = true".to_owned(),
    };
    let text = format!("listen = \"127.0.0.1:0\"\n{place}");
    let settings = Settings::parse(&text, Path::new("landfall.toml")).expect("valid settings");
    Config::dev(&settings).expect("a safe configuration")
}

/// The threads of this process that write.
fn writers() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux");
    let name = |thread: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(thread.ok()?.path().join("comm")).ok()
    };
    threads
        .filter_map(name)
        // The kernel keeps 15 letters of a name.
        .filter(|name| name.trim() == "landfall-writer")
        .count()
}

/// The open files of this process below a folder.
fn open_files(folder: &Path) -> usize {
    let files = std::fs::read_dir("/proc/self/fd").expect("Linux");
    let target =
        |file: std::io::Result<std::fs::DirEntry>| std::fs::read_link(file.ok()?.path()).ok();
    files
        .filter_map(target)
        .filter(|target| target.starts_with(folder))
        .count()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orgs_that_are_closed_leave_no_thread_and_no_file_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Server::start(dev(Data::Ephemeral)).await.expect("starts");
    assert_eq!(writers(), 1);
    for round in 0..ORGS {
        let config = dev(Data::Folder(folder.path().join(round.to_string())));
        let opened = running.orgs().open(&config, Environment::default()).await;
        let org = opened.expect("opened");
        assert_eq!((running.orgs().list().len(), writers()), (2, 2));
        assert!(open_files(folder.path()) > 0);
        running.orgs().close(org).await.expect("closes");
        assert_eq!(writers(), 1, "round {round}");
        assert_eq!(open_files(folder.path()), 0, "round {round}");
    }
    running.stop().await.expect("stops");
    assert_eq!(writers(), 0);
}
