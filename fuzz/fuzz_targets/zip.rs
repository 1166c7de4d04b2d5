//! Zip files of deployments and the manifests in them: any bytes are files within the limits or a refusal, no path leads
//! out, and what is written again holds the same files.

#![no_main]

use std::collections::BTreeSet;

use landfall_mdapi::{Entry, Options, bundle, is_wanted, unzip, zip};
use landfall_model::limits::{
    METADATA_FILE_BYTES_MAX, METADATA_FILES_MAX, METADATA_UNZIPPED_BYTES_MAX, ZIP_NAME_BYTES_MAX,
};
use libfuzzer_sys::fuzz_target;

fn check(entries: &[Entry]) {
    assert!(entries.len() <= METADATA_FILES_MAX);
    let mut bytes = 0;
    for entry in entries {
        assert!(entry.path.len() <= ZIP_NAME_BYTES_MAX && !entry.path.starts_with('/'));
        assert!(
            entry
                .path
                .split('/')
                .all(|folder| !matches!(folder, "" | "." | ".."))
        );
        assert!(entry.content.len() <= METADATA_FILE_BYTES_MAX);
        bytes += entry.content.len();
    }
    assert!(bytes <= METADATA_UNZIPPED_BYTES_MAX);
}

fuzz_target!(|data: &[u8]| {
    let entries = match unzip(data, is_wanted) {
        Ok(entries) => entries,
        Err(reason) => {
            assert!(!reason.is_empty());
            // Without a zip file around it: the manifest alone.
            vec![Entry {
                path: "package.xml".to_owned(),
                content: data.to_vec(),
            }]
        }
    };
    check(&entries);
    for single_package in [true, false] {
        let options = Options {
            single_package,
            ..Options::default()
        };
        for (_, name) in bundle(&entries, &options).changes() {
            assert!(!name.contains('\0'));
        }
    }
    let names: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    if names.len() == entries.len() {
        let written = zip(&entries).expect("within the limits of the format");
        assert_eq!(unzip(&written, |_| true), Ok(entries));
    }
});
