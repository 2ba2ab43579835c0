//! `egress-sim import`: an incident of production becomes a scenario that replays locally.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::import::{self, ImportError, ObjectsSource, Options, Report, Source};
use egress_sim_model::scenario::write::write;

use crate::arguments::Import;
use crate::exit::Exit;
use crate::{UserError, console, output, prose};

/// Where sentences stand behind their titles.
const INDENT: usize = 10;

/// Reads, infers, writes the scenario, and tells on stderr what it is made of.
///
/// # Errors
/// A file that cannot be read or is not what it should be; a place that cannot be written.
pub fn import(arguments: &Import) -> Result<Exit, UserError> {
    let webhooks = read(&arguments.webhooks)?;
    let objects = arguments.objects.iter().map(|listing| listed(listing)).collect::<Result<Vec<_>, _>>()?;
    let options = Options { skip_bad_lines: arguments.skip_bad_lines, anonymise: arguments.anonymise };
    let named_after = arguments.output.as_deref().unwrap_or(&arguments.webhooks);
    let name = console::escape(&named_after.file_stem().unwrap_or("incident".as_ref()).to_string_lossy());
    let refused = |error: ImportError| {
        let message = console::escape(&error.message);
        UserError(ImportError { message, ..error }.to_string())
    };
    let imported = import::import(&name, &webhooks, &objects, options).map_err(refused)?;
    let text = write(&imported.scenario);
    if let Err(error) = parse(&name, &text) {
        panic!("what was imported is no scenario: {}", error.render(&name));
    }
    match &arguments.output {
        None => console::print(&text).map(drop)?,
        Some(path) => output::write(path, &text)?,
    }
    console::error(told(&imported.report, arguments.output.as_deref()).trim_end());
    Ok(Exit::Held)
}

fn read(path: &Path) -> Result<Source, UserError> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| UserError(format!("{name} cannot be read: {error}")))?;
    Ok(Source { name, bytes })
}

/// `FILE`, or `BUCKET=FILE` where no file is called so.
fn listed(argument: &str) -> Result<ObjectsSource, UserError> {
    let (bucket, file) = match argument.split_once('=') {
        Some((bucket, file)) if !Path::new(argument).exists() => (Some(bucket.to_owned()), file),
        _ => (None, argument),
    };
    Ok(ObjectsSource { bucket, file: read(Path::new(file))? })
}

fn told(report: &Report, output: Option<&Path>) -> String {
    let mut text = String::new();
    for (title, sentences) in [("read", &report.read), ("inferred", &report.inferred), ("open", &report.open)] {
        for (place, sentence) in sentences.iter().enumerate() {
            let title = if place == 0 { title } else { "" };
            let _ = writeln!(text, "{title:<9} {}", prose::hang(&console::escape(sentence), INDENT));
        }
    }
    if let Some(path) = output {
        let _ = writeln!(text, "{:<9} egress-sim run {}", "replay", path.display());
    }
    text
}
