//! Where scenarios come from: files, and directories of files.

use std::fs;
use std::path::{Path, PathBuf};

use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::{FileError, parse};
use egress_sim_model::scenario::schema::schema as schema_value;
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::UserError;
use crate::console;

/// A scenario file, read or broken.
#[derive(Debug)]
pub struct Source {
    /// Where it lies, as it is shown.
    pub path: PathBuf,
    /// The scenario, or what is wrong with the file.
    pub scenario: Result<Scenario, Broken>,
}

/// Why a file is no scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// For the terminal: several lines, perhaps coloured.
    pub drawn: String,
    /// For a report: plain text.
    pub plain: String,
}

impl Source {
    /// The name of the scenario, or of the file that would be one.
    pub fn name(&self) -> String {
        self.scenario.as_ref().map_or_else(|_| stem(&self.path), |scenario| scenario.name.clone())
    }
}

/// Reads every scenario of the paths, in their order: a directory stands for the `*.toml` files below it, sorted.
///
/// # Errors
/// A directory without scenarios. What is wrong with a single file is in its [`Source`].
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Source>, UserError> {
    let mut sources = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut found = Vec::new();
            below(path, &mut found)?;
            if found.is_empty() {
                return Err(UserError(format!(
                    "no scenario below {}: a scenario is a file whose name ends with .toml",
                    path.display()
                )));
            }
            found.sort();
            sources.extend(found.into_iter().map(read));
        } else {
            sources.push(read(path.clone()));
        }
    }
    Ok(sources)
}

/// The JSON Schema of scenario files.
pub fn schema() -> String {
    format!("{:#}\n", schema_value())
}

fn below(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), UserError> {
    let unreadable = |error| UserError(format!("{} cannot be read: {error}", directory.display()));
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // Links to directories are not followed: they may lead in a circle.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            below(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    Ok(())
}

fn read(path: PathBuf) -> Source {
    let scenario = match fs::read(&path).map(String::from_utf8) {
        Ok(Ok(text)) => parse(&stem(&path), &text).map_err(|error| broken(&path, error)),
        Ok(Err(error)) => {
            let place = error.utf8_error().valid_up_to();
            Err(Broken::of(format!("{} is not UTF-8 from byte {place} on", path.display())))
        }
        Err(error) => Err(Broken::of(format!("{} cannot be read: {error}", path.display()))),
    };
    Source { path, scenario }
}

impl Broken {
    fn of(sentence: String) -> Broken {
        Broken { drawn: sentence.clone(), plain: sentence }
    }
}

fn broken(path: &Path, error: FileError) -> Broken {
    let path = path.display().to_string();
    let plain = error.render(&path);
    let mut drawn = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode());
    if !console::colour() || handler.render_report(&mut drawn, &error.with_path(&path)).is_err() {
        drawn.clone_from(&plain);
    }
    Broken { drawn, plain }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_its_files_sorted_and_one_broken_file_stops_no_other() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("deeper")).expect("writable");
        for name in ["b.toml", "a.toml", "deeper/c.toml", "notes.md"] {
            fs::write(at(name), "frmat = 1").expect("writable");
        }
        fs::write(at("z.toml"), [0x66, 0xff]).expect("writable");
        let sources = read_all(&[directory.path().to_owned(), at("missing.toml")]).expect("there are files");
        let paths: Vec<_> = sources.iter().map(|source| source.path.clone()).collect();
        let expected = ["a.toml", "b.toml", "deeper/c.toml", "z.toml", "missing.toml"].map(at);
        assert_eq!(paths, expected);
        assert!(sources.iter().all(|source| source.scenario.is_err()));
        let last = |back: usize| sources[sources.len() - back].scenario.as_ref().expect_err("broken").plain.clone();
        assert!(last(1).contains("missing.toml cannot be read: "), "{}", last(1));
        assert!(last(2).ends_with("z.toml is not UTF-8 from byte 1 on"), "{}", last(2));
        assert_eq!(sources[0].name(), "a");
    }

    #[test]
    fn a_directory_without_scenarios_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = read_all(&[directory.path().to_owned()]).expect_err("nothing is in it");
        assert!(error.0.contains("a scenario is a file whose name ends with .toml"), "{error}");
    }
}
