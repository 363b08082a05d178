use thiserror::Error;

/// The pod is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PodError {
    /// It is no JSON.
    #[error("the pod cannot be read: it is not JSON")]
    Json,
    /// A field does not have the shape that Kubernetes gives it.
    #[error("the pod cannot be read: {path} is not {expected}")]
    Shape {
        /// Where, for example `spec.containers[0].env`.
        path: String,
        /// What belongs there, with its article.
        expected: &'static str,
    },
}
