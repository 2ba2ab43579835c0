//! Files that appear whole or not at all: written beside their place, brought to the disk, and moved there.
//!
//! Whoever is killed, and whoever runs out of disk, leaves what was there before. An error is a text for the user: the path
//! and why.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file in the making. Until [`Whole::finish`] what was there before is untouched, and it stays so if anything fails.
#[derive(Debug)]
pub struct Whole {
    path: PathBuf,
    to: BufWriter<To>,
}

#[derive(Debug)]
enum To {
    /// Beside the target, to be renamed.
    Beside(NamedTempFile, PathBuf),
    /// A device or a pipe, which cannot be replaced.
    Straight(File),
}

impl Whole {
    /// Begins one.
    ///
    /// # Errors
    /// Where its folder cannot be written.
    pub fn create(path: &Path) -> Result<Whole, String> {
        let failed = |error: io::Error| problem(path, &error);
        // A link stays a link: what it leads to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let to = match fs::metadata(&target) {
            Ok(found) if found.is_dir() => {
                return Err(format!("{} is a directory; name a file", path.display()));
            }
            Ok(found) if !found.is_file() => To::Straight(File::options().write(true).open(&target).map_err(failed)?),
            _ => {
                let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty());
                let file = builder().tempfile_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
                To::Beside(file, target)
            }
        };
        Ok(Whole { path: path.to_owned(), to: BufWriter::new(to) })
    }

    /// Puts it in its place, once all of it is on the disk.
    ///
    /// # Errors
    /// Where not all of it could be written, such as on a full disk.
    pub fn finish(mut self) -> Result<(), String> {
        self.to.flush().map_err(|error| problem(&self.path, &error))?;
        let to = self.to.into_inner().map_err(|error| problem(&self.path, error.error()))?;
        match to {
            To::Straight(_) => Ok(()),
            To::Beside(file, target) => {
                // A name that is on the disk before its bytes would be an empty file after a power cut.
                file.as_file().sync_all().map_err(|error| problem(&self.path, &error))?;
                file.persist(target).map(drop).map_err(|failed| problem(&self.path, &failed.error))
            }
        }
    }

    /// What to tell the user of an error while writing to it.
    pub fn problem(&self, error: &io::Error) -> String {
        problem(&self.path, error)
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Write for To {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            To::Beside(file, _) => file.write(bytes),
            To::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            To::Beside(file, _) => file.flush(),
            To::Straight(file) => file.flush(),
        }
    }
}

/// Writes a whole file.
///
/// # Errors
/// As [`Whole::create`] and [`Whole::finish`].
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    let mut file = Whole::create(path)?;
    file.write_all(text.as_bytes()).map_err(|error| file.problem(&error))?;
    file.finish()
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".egress-sim-");
    // The umask still applies: readable as any other new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

fn problem(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_is_replaced_only_by_all_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.json");
        fs::write(&path, "old").expect("writable");
        let mut file = Whole::create(&path).expect("writable");
        file.write_all(b"new").expect("writable");
        assert_eq!(fs::read_to_string(&path).expect("there"), "old");
        file.finish().expect("writable");
        assert_eq!(fs::read_to_string(&path).expect("there"), "new");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = write(Path::new("/nonexistent/report.json"), "text").expect_err("no such folder");
        assert!(error.starts_with("/nonexistent/report.json cannot be written: "), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let error = write(Path::new("/dev/full"), "text").expect_err("always full");
        assert!(error.contains("/dev/full cannot be written: No space left"), "{error}");
    }
}
