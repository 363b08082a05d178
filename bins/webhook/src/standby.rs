//! Two processes for one address: one serves, the other stands by. A lock on a file says which; the kernel lets go of it
//! the moment its holder ends, however it ends. Both have reserved the address, so that all that is left to do then is to
//! listen: a killed process leaves no gap that its clients would notice.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use anyhow::Context as _;
use tokio::sync::oneshot;

/// The right to serve, until dropped.
pub(crate) struct Turn {
    _lock: Option<File>,
}

/// Whose turn it is.
pub(crate) enum Place {
    /// This process serves.
    Serving(Turn),
    /// Another one does; this file's lock is to be waited for.
    StandingBy(File),
}

/// Serves, unless another process does; without a lock file there is none.
pub(crate) fn place(lock: Option<&Path>) -> anyhow::Result<Place> {
    let Some(path) = lock else { return Ok(Place::Serving(Turn { _lock: None })) };
    let open = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    let file = open.with_context(|| format!("cannot open secretsWebhook.standbyLock {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Place::Serving(Turn { _lock: Some(file) })),
        Err(TryLockError::WouldBlock) => Ok(Place::StandingBy(file)),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// Waits for the turn. On a thread of its own, which ends with the process: nothing else can interrupt the wait.
pub(crate) async fn turn(file: File) -> anyhow::Result<Turn> {
    let (locked, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let result = file.lock().map(|()| file);
        let _ = locked.send(result);
    });
    Ok(Turn { _lock: Some(wait.await?.context("cannot lock secretsWebhook.standbyLock")?) })
}
