//! `egress-sim merge`: the results of several machines, judged as one.

use std::fs;
use std::path::Path;

use egress_sim_campaign::result::{Document, merge as put_together};

use crate::arguments::Merge;
use crate::console::{self, Paint};
use crate::exit::Exit;
use crate::fuzz::{exit, published};
use crate::report::campaign;
use crate::{UserError, output};

/// Merges, reports, and gives the exit code.
///
/// # Errors
/// A file that is no result, results that do not belong together.
pub fn merge(arguments: &Merge) -> Result<Exit, UserError> {
    let mut documents = Vec::new();
    for path in &arguments.results {
        documents.push(read(path)?);
    }
    let mut whole = put_together(&documents).map_err(|error| UserError(error.to_string()))?;
    if let Some(folder) = &arguments.found {
        for finding in &mut whole.findings {
            let name = Path::new(&finding.scenario).file_name().map_or_else(Default::default, ToOwned::to_owned);
            let path = folder.join(name);
            fs::create_dir_all(folder)
                .map_err(|error| UserError(format!("{} cannot be made: {error}", folder.display())))?;
            output::write(&path, &finding.text)?;
            finding.scenario = path.display().to_string();
        }
    }
    let paint = Paint(console::colour() && arguments.output.is_none());
    let human = campaign::summary(paint, &whole);
    published(arguments.output.as_deref(), arguments.format, &human, &whole)?;
    Ok(exit(&whole))
}

fn read(path: &Path) -> Result<Document, UserError> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| UserError(format!("{shown} cannot be read: {error}")))?;
    let document: Document = serde_json::from_str(&text).map_err(|error| {
        UserError(format!("{shown} is no result of a campaign: {error}; expected what `fuzz --format json` writes"))
    })?;
    if document.format != 1 {
        return Err(UserError(format!("{shown} has format {}, but this build reads 1", document.format)));
    }
    Ok(document.in_full())
}
