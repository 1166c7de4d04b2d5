//! Data of bulk jobs, as CSV and as the JSON and XML of batches: any bytes are records within the limits or a refusal, and
//! a job that goes on at an offset reads the same records there.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use landfall_bulk::{Chunk, Delimiter, JobFile, Records, from_json, from_xml};
use landfall_model::limits::{BULK_CHUNK_RECORDS_MAX, BULK_RECORD_FIELDS_MAX};
use landfall_store_embedded::JobFolder;
use libfuzzer_sys::fuzz_target;

/// Where the data is: jobs read it from a file.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let temporary = std::env::temp_dir();
    let folder = if memory.is_dir() { memory } else { &temporary };
    folder.join(format!("landfall-fuzz-{}.csv", std::process::id()))
});

/// The same as a file of a job.
static JOB_FILE: LazyLock<JobFile> = LazyLock::new(|| {
    let folder = FILE.parent().expect("it is in a folder");
    let name = FILE.file_name().expect("it has a name").to_string_lossy();
    let files = JobFolder::open(folder).expect("the folder is there");
    JobFile::new(Arc::new(files), name)
});

/// How many records there are up to the end, or up to the first that is invalid.
fn read(data: &[u8], delimiter: Delimiter) -> Option<usize> {
    fs::write(&*FILE, data).expect("the folder can be written to");
    let mut records = Records::open(JOB_FILE.clone(), delimiter).ok()?;
    let end = data.len() as u64;
    let mut at = records.first;
    let mut count = 0;
    while let Ok(chunk) = records.chunk() {
        if chunk.records.is_empty() {
            break;
        }
        assert!(at == chunk.start && chunk.start < chunk.end && chunk.end <= end);
        check(&chunk, records.header.len());
        let mut again = Records::open(JOB_FILE.clone(), delimiter).expect("it was opened before");
        again.seek(chunk.start).expect("within the data");
        let reread = again.chunk().expect("it was read before");
        assert_eq!((reread.end, &reread.records), (chunk.end, &chunk.records));
        at = chunk.end;
        count += chunk.records.len();
    }
    Some(count)
}

fn check(chunk: &Chunk, columns: usize) {
    assert!(chunk.records.len() <= BULK_CHUNK_RECORDS_MAX);
    for record in &chunk.records {
        assert!(record.len() <= BULK_RECORD_FIELDS_MAX);
        assert!(columns == 0 || record.len() == columns);
    }
}

fuzz_target!(|data: &[u8]| {
    let other = usize::from(data.last().copied().unwrap_or_default());
    read(data, Delimiter::Comma);
    read(data, Delimiter::ALL[other % Delimiter::ALL.len()]);
    for converted in [from_json(data), from_xml(data)].into_iter().flatten() {
        let header = converted.iter().position(|byte| *byte == b'\n');
        let lines = if header == Some(0) { None } else { header };
        let count = read(&converted, Delimiter::Comma);
        assert!(
            lines.is_none() || count.is_some(),
            "what was written can be read"
        );
    }
    let _ = fs::remove_file(&*FILE);
});
