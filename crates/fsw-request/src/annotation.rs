use crate::{AnnotationError, SecretRequest, decode};

/// What the names of Flyte's secret annotations begin with.
pub const ANNOTATION_PREFIX: &str = "flyte.secrets/";

/// A request and the annotation it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotated {
    /// N of `flyte.secrets/s<N>`; what the names of injected containers are made of.
    pub index: u64,
    /// The request itself.
    pub request: SecretRequest,
}

impl Annotated {
    /// The annotation's name without Flyte's prefix, for example `s0`.
    pub fn short_name(&self) -> String {
        ["s", &*self.index.to_string()].concat()
    }
}

/// All requests of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests {
    /// In the order of their numbers.
    pub requests: Vec<Annotated>,
    /// Names under Flyte's prefix that are not requests, sorted.
    pub ignored: Vec<String>,
}

/// Reads the requests out of a pod's annotations, in any order of the map.
///
/// # Errors
/// The first annotation, by number, whose value cannot be read.
pub fn from_annotations<'a>(
    annotations: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Requests, AnnotationError> {
    let mut numbered = Vec::new();
    let mut ignored = Vec::new();
    for (name, value) in annotations {
        let Some(short) = name.strip_prefix(ANNOTATION_PREFIX) else { continue };
        match index(short) {
            Some(index) => numbered.push((index, name, value)),
            None => ignored.push(name.to_owned()),
        }
    }
    numbered.sort_unstable_by_key(|(index, ..)| *index);
    ignored.sort_unstable();
    let requests = numbered
        .into_iter()
        .map(|(index, name, value)| match decode(value) {
            Ok(request) => Ok(Annotated { index, request }),
            Err(problem) => Err(AnnotationError { name: name.to_owned(), problem }),
        })
        .collect::<Result<_, _>>()?;
    Ok(Requests { requests, ignored })
}

/// `s` and a decimal number without padding: `s0`, `s10`, but not `s01`.
fn index(short: &str) -> Option<u64> {
    let digits = short.strip_prefix('s')?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}
