//! The copy of the last good spec: replaced as a whole, and believed only if it is whole.
//!
//! It holds the spec's text as it was read, a line feed, and a last line with the digest of that text.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::hash;
use crate::limits::MAX_SPEC_BYTES;
use crate::source::{SpecFile, failed};

/// Begins the last line. It is no JSON, so that nobody takes a copy for a spec.
const MARK: &[u8] = b"\n#ringshift last good spec, digest ";

/// Digits of a digest.
const DIGITS: usize = 32;

/// Where the copy is kept.
#[derive(Debug, Clone)]
pub(crate) struct LastGood {
    file: SpecFile,
    /// The spec file, if there is one: the copy has its permission bits.
    spec: Option<SpecFile>,
}

impl LastGood {
    pub(crate) fn new(path: &Path, spec: Option<&SpecFile>) -> Result<Self, Error> {
        let spec = spec.cloned();
        SpecFile::new(path).map(|file| Self { file, spec })
    }

    /// Whether this would overwrite a spec file.
    pub(crate) fn is(&self, spec: &SpecFile) -> bool {
        self.file.is(spec)
    }

    /// The error with the copy's name in it.
    pub(crate) fn name(&self, error: Error) -> Error {
        self.file.name(error)
    }

    /// The text of the spec, if the copy is whole.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Error> {
        let mut text = self
            .file
            .read_at_most(MAX_SPEC_BYTES + MARK.len() + DIGITS + 1)?;
        let refuse = |why: String| Err(Error::new(ErrorKind::Io, why));
        let Some((end, said)) = last_line(&text) else {
            return refuse(
                "the last line is not that of a last good copy: it was cut off, or is another file"
                    .to_owned(),
            );
        };
        let said = String::from_utf8_lossy(said).into_owned();
        text.truncate(end);
        let digest = hash::digest(&text);
        if digest != said {
            return refuse(format!(
                "the digest of the copy is {digest}, but its last line says {said}: it was changed or damaged"
            ));
        }
        Ok(text)
    }

    /// Replaces the copy at once and for good: written beside it, flushed to the disk, and renamed over it. One
    /// that says the same to the same readers is left alone.
    pub(crate) fn write(&self, text: &[u8]) -> Result<(), Error> {
        if self.is_for_its_readers() && self.read().is_ok_and(|known| known == text) {
            return Ok(());
        }
        let path = self.file.path();
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            // To be replaced by a file would be the end of a device.
            let why = "something else than a file is in its place; give the path of a file, or of none yet";
            return Err(self.name(Error::new(ErrorKind::Io, why)));
        }
        let temporary = temporary(path);
        let write = || {
            let mut file = self.options().open(&temporary)?;
            file.write_all(text)?;
            file.write_all(MARK)?;
            file.write_all(hash::digest(text).as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&temporary, path)?;
            flush_directory(path)
        };
        write().map_err(|error| {
            let _ = std::fs::remove_file(&temporary);
            self.name(failed("written", &error))
        })
    }
}

impl LastGood {
    /// For a new file with the permission bits of the spec file; while that is gone, with those that the copy had so far.
    /// Without either nobody else may read it: a spec may hold a secret seed.
    fn options(&self) -> OpenOptions {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, self.mode());
        options
    }

    /// Whether nobody may read the copy that is there who may not read a new one.
    fn is_for_its_readers(&self) -> bool {
        #[cfg(unix)]
        return mode(&self.file).is_none_or(|mode| mode & !self.mode() == 0);
        #[cfg(not(unix))]
        true
    }

    #[cfg(unix)]
    fn mode(&self) -> u32 {
        let mut files = self.spec.iter().chain([&self.file]);
        // Whatever the spec file is, the process has to read what it wrote.
        files.find_map(mode).map_or(0o600, |mode| mode | 0o600)
    }
}

/// Who may read and write a file, if it is there.
#[cfg(unix)]
fn mode(file: &SpecFile) -> Option<u32> {
    let found = std::fs::metadata(file.path()).ok()?;
    Some(std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o666)
}

/// Where the text ends, and the digest that the last line gives.
fn last_line(copy: &[u8]) -> Option<(usize, &[u8])> {
    let line = copy.strip_suffix(b"\n")?;
    let (rest, digest) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    let text = rest.strip_suffix(MARK)?;
    Some((text.len(), digest))
}

/// A name that no other router uses: processes in containers may all have the same id.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(
        ".{:016x}.tmp",
        RandomState::new().hash_one(std::process::id())
    ));
    path.with_file_name(name)
}

/// Makes the rename last through a loss of power, where the system has that.
fn flush_directory(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let Some(directory) = path.parent() else {
        return Ok(());
    };
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // Some file systems cannot flush a directory; some directories may be written and not read.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}
