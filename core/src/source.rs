//! Where a router's spec comes from: a file that is read whole or not at all, and the copy of the
//! last good one.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, ErrorKind};
use crate::limits::MAX_SPEC_BYTES;

/// How often a file that changes while it is read is tried again.
const TRIES: usize = 3;

/// A file that holds a spec.
#[derive(Debug, Clone)]
pub(crate) struct SpecFile {
    /// Absolute, so that a process that changes its directory goes on reading the same file; not
    /// resolved further, since a symlink on the way may be the thing that changes.
    path: PathBuf,
    /// As the caller named it.
    shown: String,
}

impl SpecFile {
    pub(crate) fn new(path: &Path) -> Result<Self, Error> {
        let shown = path.display().to_string();
        match std::path::absolute(path) {
            Ok(path) => Ok(Self { path, shown }),
            Err(error) => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "\"{}\" is not a path: {error}; give that of a file",
                    shown.escape_debug()
                ),
            )),
        }
    }

    /// Whether both are the same path.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.path == other.path
    }

    /// The error with the file's name in it, if it is about the file.
    pub(crate) fn name(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::InvalidArgument => error,
            _ => error.in_file(&*self.shown),
        }
    }

    /// Reads the whole file. A change while reading is noticed by its length or time and read
    /// again; a half-written file that is not noticed so is not valid JSON.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Error> {
        for _ in 0..TRIES {
            let (before, text, after) = self.read_once().map_err(|error| failed("read", &error))?;
            if text.len() > MAX_SPEC_BYTES {
                return Err(Error::new(
                    ErrorKind::SpecLimit,
                    format!(
                        "the file is larger than {MAX_SPEC_BYTES} bytes, the most that is read"
                    ),
                ));
            }
            if before == after && after.0 == text.len() as u64 {
                return Ok(text);
            }
        }
        Err(failed(
            "read",
            &io::Error::other("it changes while it is read; replace it by rename"),
        ))
    }

    fn read_once(&self) -> io::Result<(Stamp, Vec<u8>, Stamp)> {
        // Opening a FIFO would wait for a writer.
        if !std::fs::metadata(&self.path)?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let file = File::open(&self.path)?;
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

    /// Replaces the file at once: written beside it first, then renamed over it.
    pub(crate) fn write(&self, text: &[u8]) -> Result<(), Error> {
        let temporary = self.temporary();
        let write = || {
            let mut file = File::options()
                .write(true)
                .create_new(true)
                .open(&temporary)?;
            file.write_all(text)?;
            file.sync_all()?;
            std::fs::rename(&temporary, &self.path)
        };
        write().map_err(|error| {
            let _ = std::fs::remove_file(&temporary);
            self.name(failed("written", &error))
        })
    }

    /// A name that no other router uses: processes in containers may all have the same id.
    fn temporary(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(
            ".{:016x}.tmp",
            RandomState::new().hash_one(std::process::id())
        ));
        self.path.with_file_name(name)
    }
}

type Stamp = (u64, Option<SystemTime>);

fn failed(what: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the file cannot be {what}: {error}"))
}
