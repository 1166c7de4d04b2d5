//! Laws of the files of jobs.

use std::io::ErrorKind;

use landfall_model::limits::JOB_FILE_CHUNK_BYTES;

use crate::JobFiles;

/// Bytes that tell where they are.
fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| u8::try_from(place % 251).expect("small"))
        .collect()
}

fn written(files: &dyn JobFiles, name: &str, content: &[u8], piece: usize) {
    files.create(name).expect("created");
    let mut at = 0;
    for piece in content.chunks(piece) {
        files.append(name, at, piece).expect("appended");
        at += u64::try_from(piece.len()).expect("small");
    }
    files.keep(name).expect("kept");
}

fn read(files: &dyn JobFiles, name: &str, from: u64, most: usize) -> Vec<u8> {
    let mut at = from;
    let mut all = Vec::new();
    loop {
        let piece = files.read(name, at, most).expect("readable");
        assert!(piece.len() <= most, "{} of {most}", piece.len());
        if piece.is_empty() {
            return all;
        }
        at += u64::try_from(piece.len()).expect("small");
        all.extend(piece);
    }
}

pub(super) fn written_and_read(files: &dyn JobFiles) {
    let whole = content(JOB_FILE_CHUNK_BYTES * 3 + 17);
    // Pieces smaller and larger than what a back end stores at a time.
    for piece in [100_000, JOB_FILE_CHUNK_BYTES, JOB_FILE_CHUNK_BYTES * 2 + 1] {
        written(files, "a.csv", &whole, piece);
        let bytes = u64::try_from(whole.len()).expect("small");
        assert_eq!(files.size("a.csv").expect("readable"), Some(bytes));
        for (from, most) in [(0, 65_536), (0, whole.len()), (1, 999_999), (bytes - 3, 2)] {
            let start = usize::try_from(from).expect("small");
            let expected = whole.get(start..).expect("within the file");
            assert!(read(files, "a.csv", from, most) == expected, "from {from}");
        }
        assert!(files.read("a.csv", bytes, 9).expect("readable").is_empty());
        assert!(
            files
                .read("a.csv", bytes + 9, 9)
                .expect("readable")
                .is_empty()
        );
    }
    written(files, "a.csv", b"", 1);
    assert_eq!(files.size("a.csv").expect("readable"), Some(0));
    assert!(files.remove("a.csv").expect("removed"));
    assert!(!files.remove("a.csv").expect("removed"));
    assert_eq!(files.size("a.csv").expect("readable"), None);
}

pub(super) fn named(files: &dyn JobFiles) {
    assert_eq!(files.list().expect("readable"), []);
    written(files, "b.part", b"new", 2);
    written(files, "b.csv", b"before", 6);
    written(files, "a.csv", b"", 1);
    let listed = |expected: &[(&str, u64)]| {
        let listed = files.list().expect("readable");
        let listed: Vec<(&str, u64)> = listed
            .iter()
            .map(|(name, bytes)| (name.as_str(), *bytes))
            .collect();
        assert_eq!(listed, expected);
    };
    listed(&[("a.csv", 0), ("b.csv", 6), ("b.part", 3)]);
    files.rename("b.part", "b.csv").expect("renamed");
    listed(&[("a.csv", 0), ("b.csv", 3)]);
    assert_eq!(read(files, "b.csv", 0, 9), b"new");
    for name in ["a.csv", "b.csv"] {
        assert!(files.remove(name).expect("removed"));
    }
    listed(&[]);
}

pub(super) fn refused(files: &dyn JobFiles) {
    let missing = |done: std::io::Result<()>| {
        assert_eq!(done.expect_err("refused").kind(), ErrorKind::NotFound);
    };
    missing(files.append("none", 0, b"x"));
    missing(files.rename("none", "other"));
    missing(files.read("none", 0, 1).map(drop));
    written(files, "a.csv", b"four", 4);
    for at in [3, 5] {
        let gap = files.append("a.csv", at, b"x").expect_err("refused");
        assert_eq!(gap.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(read(files, "a.csv", 0, 9), b"four");
    assert!(files.remove("a.csv").expect("removed"));
}
