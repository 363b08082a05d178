use std::path::Path;

use fsw_embedded::writer;
use fsw_naming::SECRETS_DIRECTORY;

use crate::{Environment, Failure, files};

/// Writes the files that the webhook put into the environment.
pub(crate) fn write(environment: &Environment) -> Result<(), Failure> {
    let input = writer::read_input(|name| environment.get(name).cloned()).map_err(Failure::Input)?;
    let folder = environment.get("FLYTE_SECRETS_DEFAULT_DIR").map_or(SECRETS_DIRECTORY, String::as_str);
    let folder = Path::new(folder);
    let mode = files::mode(environment.get("FSW_MODE"), folder)?;
    for file in &input {
        files::write(folder, &file.paths, file.content.bytes(), mode)?;
    }
    Ok(())
}
