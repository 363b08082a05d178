use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use fsw_injector::Injected;
use fsw_source::{Answer, Secret, SecretId, SecretSource, SecretValue, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::args::{InjectArgs, Output};
use crate::mask::{mask, mask_injected};
use crate::output::{BAD, GOOD, QUIET, line, styled};
use crate::{Verdict, pod, setup};

/// The pod as it would come out. Values are masked by injecting masks in their place, so that none can slip through.
pub(crate) fn inject(args: &InjectArgs) -> anyhow::Result<Verdict> {
    let config = setup::config(&args.config)?;
    let settings = fsw_app::injector_settings(&config);
    let mut pod = pod::read(&args.pod)?;
    if !args.reveal && mask_injected(&mut pod) {
        setup::warn("the pod has secrets already: the values of all its variables are masked");
    }
    let outcome = setup::runtime()?.block_on(async {
        let source = Remembering { inner: setup::source(&config).await?, answers: Mutex::default() };
        let revealed = fsw_injector::inject(pod.clone(), &settings, &source).await;
        // What is refused because of a value is refused here; the masks are plain text.
        if args.reveal || revealed.is_err() {
            return anyhow::Ok(revealed);
        }
        Ok(fsw_injector::inject(pod.clone(), &settings, &Masking(source)).await)
    })?;
    match outcome {
        Ok(injected) => {
            injected.warnings.iter().for_each(setup::warn);
            show(args.output, &pod, &injected)?;
            Ok(Verdict::Good)
        }
        Err(refusal) => {
            writeln!(anstream::stderr(), "refused ({}): {}", refusal.class.as_str(), refusal.full)?;
            Ok(Verdict::Bad)
        }
    }
}

fn show(output: Output, before: &Value, injected: &Injected) -> anyhow::Result<()> {
    let after = injected.pod.pod();
    match output {
        Output::Yaml => write!(anstream::stdout(), "{}", yaml(after)?)?,
        Output::Json => line(serde_json::to_string_pretty(after)?)?,
        Output::Patch => {
            let patch: Value = serde_json::from_slice(&injected.pod.patch().to_json())?;
            line(serde_json::to_string_pretty(&patch)?)?;
        }
        Output::Diff => diff(&yaml(before)?, &yaml(after)?)?,
    }
    Ok(())
}

fn yaml(value: &Value) -> anyhow::Result<String> {
    let text = serde_saphyr::to_string(value)?;
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}

fn diff(before: &str, after: &str) -> anyhow::Result<()> {
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        line(styled(QUIET, hunk.header()))?;
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("-", BAD),
                ChangeTag::Insert => ("+", GOOD),
                ChangeTag::Equal => (" ", anstyle::Style::new()),
            };
            line(styled(style, format!("{sign}{}", change.value().trim_end_matches('\n'))))?;
        }
    }
    Ok(())
}

/// Keeps what the source said, so that it is asked once.
struct Remembering {
    inner: Arc<dyn SecretSource>,
    answers: Mutex<HashMap<(SecretId, Version), Answer>>,
}

impl SecretSource for Remembering {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        async move {
            let key = (id.clone(), version.clone());
            let known = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            if let Some(answer) = known {
                return Ok(answer);
            }
            let answer = self.inner.get(id, version).await?;
            self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer.clone());
            Ok(answer)
        }
        .boxed()
    }

    fn place(&self) -> &str {
        self.inner.place()
    }
}

/// Gives a mask for each value; the same mask for the same value.
struct Masking(Remembering);

impl SecretSource for Masking {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        async move {
            Ok(match self.0.get(id, version).await? {
                Answer::Found(secret) => {
                    let bytes = secret.value.bytes();
                    let value = SecretValue::Text(mask(bytes).into()).into();
                    Answer::Found(Secret { value, version_id: secret.version_id })
                }
                other => other,
            })
        }
        .boxed()
    }

    fn place(&self) -> &str {
        self.0.place()
    }
}
