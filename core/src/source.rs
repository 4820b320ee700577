//! Where a router's spec comes from: a file that is read whole or not at all, and the copy of the
//! last good one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, ErrorKind};
use crate::limits::MAX_SPEC_BYTES;

/// How often a file that changes while it is read is tried again.
const TRIES: usize = 3;

/// Reads the whole spec file. A change while reading is noticed by its length or time and read
/// again; a half-written file that is not noticed so is not valid JSON.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    for _ in 0..TRIES {
        let (before, text, after) =
            read_once(path).map_err(|error| failed(path, "read", &error))?;
        if text.len() > MAX_SPEC_BYTES {
            return Err(Error::new(
                ErrorKind::SpecLimit,
                format!("the file is larger than {MAX_SPEC_BYTES} bytes, the most that is read"),
            )
            .in_file(path.display().to_string()));
        }
        if before == after && after.0 == text.len() as u64 {
            return Ok(text);
        }
    }
    Err(failed(
        path,
        "read",
        &io::Error::other("it changes while it is read; replace it by rename"),
    ))
}

type Stamp = (u64, Option<SystemTime>);

fn read_once(path: &Path) -> io::Result<(Stamp, Vec<u8>, Stamp)> {
    // Opening a FIFO would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let file = File::open(path)?;
    let stamp = |file: &File| {
        file.metadata()
            .map(|data| (data.len(), data.modified().ok()))
    };
    let before = stamp(&file)?;
    let mut text = Vec::new();
    (&file)
        .take(MAX_SPEC_BYTES as u64 + 1)
        .read_to_end(&mut text)?;
    let after = stamp(&file)?;
    Ok((before, text, after))
}

/// Writes the copy of the last good spec: beside it first, then renamed over it.
pub(crate) fn write_last_good(path: &Path, text: &[u8]) -> Result<(), Error> {
    let temporary = temporary(path);
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(text)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        failed(path, "written", &error)
    })
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Two processes may share the copy.
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the file cannot be {what}: {error}"))
        .in_file(path.display().to_string())
}
