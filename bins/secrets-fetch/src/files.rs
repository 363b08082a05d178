//! Secret files: exact, whole or not there, and no wider readable than asked for.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use fsw_naming::FilePath;

use crate::Failure;

/// Writes one file and its links below a folder. Each appears whole, in the place of what was there before.
pub(crate) fn write(folder: &Path, paths: &[FilePath], content: &[u8], mode: u32) -> Result<(), Failure> {
    let Some((first, links)) = paths.split_first() else { return Ok(()) };
    let first = folder.join(first.relative());
    put(folder, &first, |new| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
        file.write_all(content)?;
        file.set_permissions(Permissions::from_mode(mode))
    })?;
    for link in links {
        put(folder, &folder.join(link.relative()), |new| fs::hard_link(&first, new))?;
    }
    Ok(())
}

/// Makes something under a name of its own and moves it to where it belongs.
fn put(folder: &Path, path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Work(format!("cannot write {}: {}", path.display(), explain(&error)));
    if let Some(parent) = path.parent() {
        // Others of the pod pass through these.
        DirBuilder::new().recursive(true).mode(0o755).create(parent).map_err(failed)?;
    }
    let new = Unfinished(folder.join(".fsw-new"));
    // Left over from a run that was killed.
    let _ = fs::remove_file(&new.0);
    make(&new.0).map_err(failed)?;
    fs::rename(&new.0, path).map_err(failed)
}

/// A file that is removed unless it was moved away.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull => "the volume is full".to_owned(),
        ErrorKind::PermissionDenied => "not allowed; is the volume mounted writable for this user?".to_owned(),
        ErrorKind::NotFound => "no such folder; is the volume mounted?".to_owned(),
        ErrorKind::IsADirectory | ErrorKind::DirectoryNotEmpty => "a folder is in the way".to_owned(),
        ErrorKind::NotADirectory => "a file is where a folder should be".to_owned(),
        _ => error.to_string(),
    }
}

/// The permission bits that were asked for. Otherwise those that every reader of this volume needs: with an fsGroup the
/// volume's folder passes its group on to what is made in it.
pub(crate) fn mode(requested: Option<&String>, folder: &Path) -> Result<u32, Failure> {
    const PASSES_GROUP_ON: u32 = 0o2000;
    match requested {
        Some(octal) => match u32::from_str_radix(octal, 8) {
            Ok(mode) if mode & !0o777 == 0 && mode & 0o400 != 0 => Ok(mode),
            _ => Err(Failure::Input(format!("FSW_MODE is {octal:?}; expected permission bits in octal, such as 0440"))),
        },
        None => {
            let has_group = fs::metadata(folder).is_ok_and(|folder| folder.mode() & PASSES_GROUP_ON != 0);
            Ok(if has_group { 0o440 } else { 0o444 })
        }
    }
}
