//! The file that a spec comes from: read whole or not at all, without waiting for anybody.

use std::fs::{File, FileType};
use std::io::{self, Read};
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

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether both are the same file, by whatever names. A file that is not there yet is known by its directory.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.resolved() == other.resolved()
    }

    fn resolved(&self) -> PathBuf {
        let in_directory = || {
            let directory = std::fs::canonicalize(self.path.parent()?).ok()?;
            Some(directory.join(self.path.file_name()?))
        };
        std::fs::canonicalize(&self.path)
            .ok()
            .or_else(in_directory)
            .unwrap_or_else(|| self.path.clone())
    }

    /// The error with the file's name in it, if it is about the file.
    pub(crate) fn name(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::InvalidArgument => error,
            _ => error.in_file(&*self.shown),
        }
    }

    /// Reads the whole spec.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Error> {
        self.read_at_most(MAX_SPEC_BYTES)
    }

    /// Reads the whole file. A change while reading is noticed by its length or time and read
    /// again; a half-written file that is not noticed so is not valid JSON.
    pub(crate) fn read_at_most(&self, most: usize) -> Result<Vec<u8>, Error> {
        for _ in 0..TRIES {
            match self
                .read_once(most)
                .map_err(|error| failed("read", &error))?
            {
                Reading::Whole(text) => return Ok(text),
                Reading::Changed => {}
                Reading::TooLong => {
                    return Err(Error::new(
                        ErrorKind::SpecLimit,
                        format!("the file is larger than {most} bytes, the most that is read"),
                    ));
                }
            }
        }
        Err(failed(
            "read",
            &io::Error::other("it changes while it is read; replace it by rename"),
        ))
    }

    fn read_once(&self, most: usize) -> io::Result<Reading> {
        // Asked before opening, since opening a device may do something.
        check_type(std::fs::metadata(&self.path)?.file_type())?;
        let file = open_at_once(&self.path)?;
        let before = Stamp::of(&file)?;
        if before.length > most as u64 {
            return Ok(Reading::TooLong);
        }
        let mut text = Vec::new();
        // It may grow as fast as it is read.
        (&file).take(most as u64 + 1).read_to_end(&mut text)?;
        if text.len() > most {
            return Ok(Reading::TooLong);
        }
        let after = Stamp::of(&file)?;
        if before == after && after.length == text.len() as u64 {
            return Ok(Reading::Whole(text));
        }
        Ok(Reading::Changed)
    }
}

/// How one reading of a file ended.
enum Reading {
    Whole(Vec<u8>),
    Changed,
    TooLong,
}

/// What shows that a file was changed.
#[derive(PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// Of an open file, which is still what it was when its path was looked at.
    fn of(file: &File) -> io::Result<Self> {
        let data = file.metadata()?;
        check_type(data.file_type())?;
        Ok(Self {
            length: data.len(),
            modified: data.modified().ok(),
        })
    }
}

fn check_type(found: FileType) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    let what = if found.is_dir() {
        "a directory"
    } else {
        "a device, FIFO or socket"
    };
    Err(io::Error::other(format!(
        "it is {what}, not a regular file"
    )))
}

/// Opens without waiting for a writer, in case the file became a FIFO since it was looked at.
fn open_at_once(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.open(path)
}

/// The error of a file that cannot be read or written.
pub(crate) fn failed(what: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the file cannot be {what}: {error}"))
}
