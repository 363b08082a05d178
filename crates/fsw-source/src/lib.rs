//! The port through which secrets are read, and what stands behind it when AWS does not.
//!
//! [`SecretSource`] is what an embedded secret is looked up through. [`FileStore`] serves secrets from a YAML text, for
//! trying things out. [`Patient`] is a source for one review, with the review's [`Patience`]: while the source is only
//! briefly out of service it is asked again, until the review that waits for the answer has to be answered.

mod error;
mod file_store;
mod json_key;
mod patience;
mod patient;
mod secret;
mod version_id;
mod waiting_room;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub use error::{Failure, SourceError};
pub use file_store::{FileStore, FileStoreError};
pub use fsw_naming::{SecretId, Version};
pub use json_key::{JsonKeyError, json_key};
pub use patience::{Patience, moment, pause};
pub use patient::Patient;
pub use secret::{Secret, SecretValue};
pub use version_id::VersionId;
pub use waiting_room::{Seat, WaitingRoom};

/// Where secrets are read.
pub trait SecretSource: Send + Sync + 'static {
    /// Asks for one version of a secret, once.
    ///
    /// # Errors
    /// The source could not say: see [`SourceError`]. That there is no such secret is an [`Answer`].
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>>;

    /// What is known without asking anybody, so that an answer from memory costs no future.
    fn peek(&self, _id: &SecretId, _version: &Version) -> Option<Answer> {
        None
    }

    /// Asks again and again for as long as the patience lasts.
    ///
    /// # Errors
    /// As for [`get`](Self::get), once asking again would not help or may not be waited for.
    fn get_patiently<'a>(
        &'a self,
        id: &'a SecretId,
        version: &'a Version,
        patience: &'a Patience,
    ) -> BoxFuture<'a, Result<Answer, SourceError>> {
        patience::ask(self, id, version, patience).boxed()
    }

    /// Where it looks, for messages, for example `AWS Secrets Manager in us-west-2`.
    fn place(&self) -> &str;
}

/// What a source says about an id.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Here it is.
    Found(Secret),
    /// There is no such secret, or not in that version.
    NotFound,
    /// The secret is there, but marked for deletion: nobody can read it.
    MarkedForDeletion,
    /// The source is out of service; this is what it said last.
    Stale(Stale),
}

/// What a source said some time ago.
#[derive(Debug, Clone)]
pub struct Stale {
    /// What it said.
    pub answer: Box<Answer>,
    /// How long ago.
    pub age: Duration,
}
