//! What the requests want in the pod, and who gets it.

use std::sync::Arc;

use fsw_embedded::{Delivery, variable_value, writer};
use fsw_naming::{FilePath, SECRETS_DIRECTORY};
use fsw_pod::variable;
use fsw_sidecar::Pull;
use fsw_source::SecretValue;
use serde_json::Value;

use super::{Injection, LARGEST_POD};
use crate::claims::{self, Claim, Clash, Collision, LeftOut, Rank, Why};
use crate::refusal::named;
use crate::{Refusal, Source};

/// What a variable would hold. A secret may be there under many names.
pub(super) enum VariableContent {
    Secret(Arc<SecretValue>),
    Path(String),
}

impl VariableContent {
    fn text(&self) -> &str {
        match self {
            Self::Secret(value) => value.text().unwrap_or_default(),
            Self::Path(path) => path,
        }
    }
}

/// Whether two values are one. Most that are were found once.
fn is_same_value(a: &Arc<SecretValue>, b: &Arc<SecretValue>) -> bool {
    Arc::ptr_eq(a, b) || a.bytes() == b.bytes()
}

/// What a file would hold.
pub(super) enum FileContent {
    Pulled(Pull),
    Written(Arc<SecretValue>),
}

/// The files of a pod, by who makes them.
pub(super) struct Files {
    pub(super) pulled: Vec<Pull>,
    pub(super) written: Vec<writer::File>,
}

impl Files {
    pub(super) fn is_empty(&self) -> bool {
        self.pulled.is_empty() && self.written.is_empty()
    }

    /// One volume serves both managers: two could not be mounted at one path.
    pub(super) fn volume(&self) -> &'static str {
        if self.pulled.is_empty() { writer::VOLUME } else { fsw_sidecar::VOLUME }
    }
}

/// The variables of a pod, the further names last, so that they can be left out.
pub(super) struct Variables {
    pub(super) needed: Vec<Value>,
    pub(super) aliases: Vec<Value>,
    /// Whether the further names could be in a pod at all; if not, they are without their values.
    pub(super) aliases_fit: bool,
}

pub(super) type VariableClaim = Claim<String, VariableContent>;
pub(super) type FileClaim = Claim<FilePath, FileContent>;

impl Injection<'_> {
    /// All names that a request wants.
    pub(super) fn claim(
        &mut self,
        owner: usize,
        source: &Source<'_>,
        variables: &mut Vec<VariableClaim>,
        files: &mut Vec<FileClaim>,
    ) -> Result<(), Refusal> {
        let path_variable = |name: &Option<String>, path: &FilePath| {
            let content = VariableContent::Path(path.absolute());
            name.clone().map(|name| Claim { name, content, owner, rank: Rank::Primary })
        };
        match source {
            Source::Pull(pull) => {
                self.warnings.extend(pull.warnings.iter().cloned());
                files.extend(file_claims(&pull.paths, owner, || FileContent::Pulled((*pull).clone())));
                let first = pull.paths.first();
                variables.extend(first.and_then(|path| path_variable(&pull.path_variable, path)));
            }
            Source::Found(planned, found) => {
                self.warnings.extend(planned.warnings.iter().cloned());
                self.warnings.extend(found.stale.map(|age| {
                    let seconds = age.as_secs();
                    format!("secret {} is served from cache, {seconds} s old, because AWS is unavailable", found.id)
                }));
                match &planned.delivery {
                    Delivery::Variables(names) => {
                        // Where Kubernetes would refuse Flyte's name, the first alias stands in for it.
                        let main = usize::from(names.primary.is_none());
                        let primary = names.primary.iter().chain(names.aliases.iter().take(main));
                        let ranked = primary.map(|name| (name, Rank::Primary));
                        let ranked = ranked.chain(names.aliases.iter().skip(main).map(|name| (name, Rank::Alias)));
                        for (name, rank) in ranked {
                            let value = &found.secret.value;
                            variable_value(name, value)
                                .map_err(|error| self.refuse(owner, &format!("secret {}: {error}", found.id)))?;
                            let content = VariableContent::Secret(Arc::clone(value));
                            variables.push(Claim { name: name.clone(), content, owner, rank });
                        }
                    }
                    Delivery::File { path, aliases, path_variable: name } => {
                        writer::check_content(&found.secret.value)
                            .map_err(|error| self.refuse(owner, &error.to_string()))?;
                        variables.extend(path_variable(name, path));
                        let paths = std::iter::once(path).chain(aliases);
                        files.extend(file_claims(paths, owner, || {
                            FileContent::Written(Arc::clone(&found.secret.value))
                        }));
                    }
                }
            }
        }
        Ok(())
    }

    /// Settles who gets which path and groups what is left by file.
    pub(super) fn files(&mut self, claims: Vec<FileClaim>) -> Result<Files, Refusal> {
        let clash = |a: &FilePath, b: &FilePath| match () {
            () if a == b => Some(Clash::Same),
            () if a.is_parent_of(b) => Some(Clash::FirstIsFolder),
            () if b.is_parent_of(a) => Some(Clash::SecondIsFolder),
            () => None,
        };
        let same = |a: &FileClaim, b: &FileClaim| match (&a.content, &b.content) {
            (FileContent::Pulled(a), FileContent::Pulled(b)) => a.secret == b.secret,
            (FileContent::Written(a), FileContent::Written(b)) => is_same_value(a, b),
            _ => false,
        };
        let claims::Settled { kept, left_out } =
            claims::settle(claims, clash, same).map_err(|collision| self.collision("file", &collision))?;
        self.warn_of("file", &left_out);
        let mut files = Files { pulled: Vec::new(), written: Vec::new() };
        let mut owners: Vec<usize> = Vec::new();
        for claim in kept {
            match claim.content {
                FileContent::Pulled(pull) => match files.pulled.iter_mut().find(|other| other.index == pull.index) {
                    Some(earlier) => earlier.paths.push(claim.name),
                    None => files.pulled.push(Pull { paths: vec![claim.name], ..pull }),
                },
                FileContent::Written(content) => match owners.iter().position(|owner| *owner == claim.owner) {
                    Some(index) => files.written[index].paths.push(claim.name),
                    None => {
                        owners.push(claim.owner);
                        files.written.push(writer::File { content, paths: vec![claim.name] });
                    }
                },
            }
        }
        Ok(files)
    }

    /// Settles who gets which variable and adds those that tell flytekit where to look.
    pub(super) fn variables(&mut self, claims: Vec<VariableClaim>, files: &Files) -> Result<Variables, Refusal> {
        let has_secrets = claims.iter().any(|claim| matches!(claim.content, VariableContent::Secret(_)));
        let same = |a: &VariableClaim, b: &VariableClaim| match (&a.content, &b.content) {
            (VariableContent::Secret(a), VariableContent::Secret(b)) => is_same_value(a, b),
            (a, b) => a.text() == b.text(),
        };
        let clash = |a: &String, b: &String| (a == b).then_some(Clash::Same);
        let claims::Settled { kept, left_out } =
            claims::settle(claims, clash, same).map_err(|collision| self.collision("variable", &collision))?;
        self.warn_of("variable", &left_out);
        let mut variables = Variables { needed: Vec::new(), aliases: Vec::new(), aliases_fit: true };
        let (mut needed, mut further) = (0, 0);
        for claim in kept {
            let text = claim.content.text();
            if claim.rank == Rank::Primary {
                needed += text.len();
                if needed > LARGEST_POD {
                    return Err(self.too_large(needed));
                }
                variables.needed.push(variable(&claim.name, text));
            } else {
                // What does not fit into any pod is not built.
                further += text.len();
                variables.aliases_fit &= further <= LARGEST_POD;
                variables.aliases.push(variable(&claim.name, if variables.aliases_fit { text } else { "" }));
            }
        }
        let prefix = self.settings.embedded().map_or("", |embedded| embedded.variable_prefix.as_str());
        if has_secrets && !prefix.is_empty() {
            variables.needed.push(variable("FLYTE_SECRETS_ENV_PREFIX", prefix));
        }
        if !files.is_empty() {
            variables.needed.push(variable("FLYTE_SECRETS_DEFAULT_DIR", SECRETS_DIRECTORY));
            variables.needed.push(variable("FLYTE_SECRETS_FILE_PREFIX", ""));
        }
        Ok(variables)
    }

    fn collision(&self, what: &str, Collision { name, owners: [first, second] }: &Collision) -> Refusal {
        let text = format!(
            "{what} {name} would also hold another secret, [{}]; give one of them another env_var or key",
            self.requests[*first]
        );
        self.refuse(*second, &text)
    }

    fn warn_of(&mut self, what: &str, left_out: &[LeftOut]) {
        for LeftOut { name, owners, why } in left_out {
            let [first, second] = owners.map(|owner| format!("[{}]", named(self.requests[owner])));
            let both = if first == second { first } else { format!("{first} and {second}") };
            let why = match why {
                Why::Taken => format!("{both} would both be in it"),
                Why::IsFolder => format!("it has to be a folder, for {both}"),
                Why::NeedsFolder => format!("a file is where it needs a folder, for {both}"),
            };
            self.warnings.push(format!("{what} {name} is left out as a further name, since {why}"));
        }
    }
}

/// The claims of one secret's paths, of which the first is Flyte's own.
fn file_claims<'p>(
    paths: impl IntoIterator<Item = &'p FilePath>,
    owner: usize,
    content: impl Fn() -> FileContent,
) -> impl Iterator<Item = FileClaim> {
    let ranks = std::iter::once(Rank::Primary).chain(std::iter::repeat(Rank::Alias));
    let claims = paths.into_iter().zip(ranks);
    claims.map(move |(path, rank)| Claim { name: path.clone(), content: content(), owner, rank })
}
