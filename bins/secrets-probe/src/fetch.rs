use fsw_embedded::{Attempt, Outcome};
use fsw_injector::{ManagerPlan, PodPlan, Source};
use serde_json::{Value, json};

use crate::args::FetchArgs;
use crate::digest::digest;
use crate::output::{self, BAD, GOOD, QUIET, STRONG, json_line, line, styled};
use crate::{Verdict, pod, setup};

/// Asks the source, and shows what it said about each id.
pub(crate) fn fetch(args: &FetchArgs) -> anyhow::Result<Verdict> {
    let config = setup::config(&args.config)?;
    let settings = fsw_app::injector_settings(&config);
    let editor = pod::editor(pod::read_or_make(&args.secret, &args.group_version)?)?;
    let plan = fsw_injector::plan(&editor, &settings).map_err(|refusal| anyhow::anyhow!(refusal.full))?;
    let settled = setup::runtime()?.block_on(async {
        let source = setup::source(&config).await?;
        anyhow::Ok(fsw_injector::settle(&plan, &settings, &*source).await)
    })?;
    warn_of(&plan);
    let mut all_good = true;
    for (planned, settled) in plan.requests.iter().zip(&settled) {
        let request = planned.annotated.short_name();
        let attempts = settled.look_up.as_ref().map_or(&[][..], |look_up| &look_up.attempts);
        if args.json {
            for attempt in attempts {
                json_line(&as_json(&request, attempt))?;
            }
        } else {
            line(styled(STRONG, format!("{request}  {}", planned.annotated.request)))?;
            output::table(&attempts.iter().map(row).collect::<Vec<_>>())?;
        }
        match &settled.end {
            Ok(Source::Found(..)) => {}
            Ok(Source::Pull(pull)) if args.json => {
                json_line(&json!({"request": request, "id": pull.secret.to_string(), "outcome": "pulled by the pod"}))?;
            }
            Ok(Source::Pull(pull)) => line(format!("  pulled by the pod itself: {}", pull.secret))?,
            Err(reasons) => {
                all_good = false;
                for reason in reasons {
                    setup::warn(format_args!("{request}: {}: {}", reason.manager, reason.text));
                }
            }
        }
    }
    Ok(all_good.into())
}

fn warn_of(plan: &PodPlan) {
    let of_request = plan.requests.iter().flat_map(|request| &request.managers).filter_map(|manager| match manager {
        Ok(ManagerPlan::Embedded(embedded)) => Some(&embedded.warnings),
        Ok(ManagerPlan::Sidecar(pull)) => Some(&pull.warnings),
        Err(_) => None,
    });
    plan.warnings.iter().chain(of_request.flatten()).for_each(setup::warn);
}

fn row(Attempt { level, id, outcome, .. }: &Attempt) -> Vec<(anstyle::Style, String)> {
    let (style, text) = match outcome {
        Outcome::Found(secret) => {
            let bytes = secret.value.bytes();
            (GOOD, format!("found: version {}, {} bytes, sha256 {}…", secret.version_id, bytes.len(), digest(bytes)))
        }
        Outcome::NotFound => (QUIET, "not found".to_owned()),
        Outcome::MarkedForDeletion => (BAD, "marked for deletion".to_owned()),
        Outcome::Failed(error) => (BAD, error.to_string()),
    };
    vec![(QUIET, format!("  {level}")), (anstyle::Style::new(), id.to_string()), (style, text)]
}

fn as_json(request: &str, Attempt { level, id, outcome, .. }: &Attempt) -> Value {
    let mut json = json!({"request": request, "scope": level.as_str(), "id": id.as_str()});
    match outcome {
        Outcome::Found(secret) => {
            json["outcome"] = "found".into();
            json["version_id"] = secret.version_id.to_string().into();
            json["length"] = secret.value.bytes().len().into();
            json["sha256_prefix"] = digest(secret.value.bytes()).into();
        }
        Outcome::NotFound => json["outcome"] = "not found".into(),
        Outcome::MarkedForDeletion => json["outcome"] = "marked for deletion".into(),
        Outcome::Failed(error) => {
            json["outcome"] = "failed".into();
            json["code"] = error.failure().code.as_str().into();
            json["error"] = error.to_string().into();
        }
    }
    json
}
