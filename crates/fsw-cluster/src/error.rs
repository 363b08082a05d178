use thiserror::Error;

use crate::identity::IdentityError;

/// Why something could not be done in the cluster.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// This program does not run in a pod.
    #[error("this is no pod of a cluster, or its service account's token is not mounted ({0})")]
    NotInCluster(String),
    /// The API server refused.
    #[error("the API server refused to {what}: {message}{}", hint(*code, what))]
    Refused {
        /// What was tried.
        what: String,
        /// The HTTP status.
        code: u16,
        /// What the API server says.
        message: String,
    },
    /// The API server did not answer.
    #[error("cannot {what}: no answer from the API server ({reason})")]
    NoAnswer {
        /// What was tried.
        what: String,
        /// Why.
        reason: String,
    },
    /// Someone else was faster; the next look sees what they did.
    #[error("another program changed {what} at the same time")]
    Raced {
        /// The object.
        what: String,
    },
    /// The configuration is not ours.
    #[error(
        "the MutatingWebhookConfiguration {name} belongs to {owner}, so it is left alone; delete it, or set \
         webhook.serviceName to another name, or take it over with secretsWebhook.registration.adopt: true"
    )]
    ForeignConfiguration {
        /// Its name.
        name: String,
        /// Whose it is, as far as it says.
        owner: String,
    },
    /// The Secret is another program's.
    #[error(
        "the Secret {name} is kept by {owner}; set secretsWebhook.certificates.source: files to serve with it, or \
         webhook.secretName to another name"
    )]
    ForeignSecret {
        /// Its name.
        name: String,
        /// Whose it is.
        owner: String,
    },
    /// Nobody can write it.
    #[error("the Secret {name} is immutable and nobody can be served with it; delete it, and it is made anew")]
    ImmutableSecret {
        /// Its name.
        name: String,
    },
    /// A certificate could not be made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The authority that clients must trust cannot be read.
    #[error("cannot read {path}, which holds the authority that the API server must trust ({reason})")]
    Authority {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

fn hint(code: u16, what: &str) -> String {
    match code {
        403 => format!("; the service account of this pod needs a role that lets it {what}"),
        _ => String::new(),
    }
}

impl ClusterError {
    pub(crate) fn of(what: &str, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 409 => Self::Raced { what: what.to_owned() },
            kube::Error::Api(status) => {
                Self::Refused { what: what.to_owned(), code: status.code, message: status.message.clone() }
            }
            // Some of these hold what was read, so only their kind is told.
            kube::Error::SerdeError(_) => Self::no_answer(what, "its answer is not understood"),
            kube::Error::Service(source) => Self::no_answer(what, &source.to_string()),
            kube::Error::HyperError(source) => Self::no_answer(what, &source.to_string()),
            kube::Error::Auth(source) => Self::no_answer(what, &source.to_string()),
            _ => Self::no_answer(what, "the connection failed"),
        }
    }

    fn no_answer(what: &str, reason: &str) -> Self {
        Self::NoAnswer { what: what.to_owned(), reason: reason.to_owned() }
    }
}
