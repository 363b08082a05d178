use fsw_embedded::Delivery;
use fsw_injector::{ManagerPlan, RequestPlan};
use fsw_naming::FilePath;
use fsw_source::{Answer, Secret, SecretId, SecretSource, SecretValue, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};

use crate::args::PlanArgs;
use crate::output::{self, BAD, GOOD, QUIET, STRONG, json_line, line, styled};
use crate::{Verdict, pod, setup};

/// What each request means to each manager, and what would be refused whatever AWS says.
pub(crate) fn plan(args: &PlanArgs) -> anyhow::Result<Verdict> {
    let config = setup::config(&args.config)?;
    let settings = fsw_app::injector_settings(&config);
    let pod = pod::read(&args.pod)?;
    let editor = pod::editor(pod.clone())?;
    let plan = fsw_injector::plan(&editor, &settings).map_err(|refusal| anyhow::anyhow!(refusal.full))?;
    for request in &plan.requests {
        if args.json {
            json_line(&as_json(request))?;
        } else {
            show(request)?;
        }
    }
    // Every secret is there and differs from every other: what is refused now is refused for sure.
    let outcome = setup::runtime()?.block_on(fsw_injector::inject(pod, &settings, &Pretend));
    match outcome {
        Ok(injected) => {
            injected.warnings.iter().for_each(setup::warn);
            Ok(Verdict::Good)
        }
        Err(refusal) => {
            setup::warn(format_args!("the pod would be refused: {}", refusal.full));
            Ok(Verdict::Bad)
        }
    }
}

fn show(request: &RequestPlan) -> anyhow::Result<()> {
    line(styled(STRONG, format!("{}  {}", request.annotated.short_name(), request.annotated.request)))?;
    let plain = anstyle::Style::new();
    let mut rows = Vec::new();
    for manager in &request.managers {
        match manager {
            Err(reason) => rows.push(vec![
                (BAD, format!("  {}", reason.manager)),
                (BAD, "refused".into()),
                (plain, reason.text.clone()),
            ]),
            Ok(ManagerPlan::Sidecar(pull)) => {
                rows.push(vec![(GOOD, "  AWS".into()), (QUIET, "secret".into()), (plain, pull.secret.to_string())]);
                for path in &pull.paths {
                    rows.push(vec![(plain, String::new()), (QUIET, "file".into()), (plain, path.to_string())]);
                }
                rows.extend(path_variable(pull.path_variable.as_ref()));
            }
            Ok(ManagerPlan::Embedded(embedded)) => {
                let mut first = "  Embedded";
                for scope in &embedded.scopes {
                    for id in &scope.ids {
                        rows.push(vec![
                            (GOOD, std::mem::take(&mut first).into()),
                            (QUIET, scope.level.to_string()),
                            (plain, id.to_string()),
                        ]);
                    }
                }
                rows.push(vec![
                    (plain, String::new()),
                    (QUIET, "version".into()),
                    (plain, embedded.version.to_string()),
                ]);
                rows.extend(
                    deliveries(&embedded.delivery)
                        .into_iter()
                        .map(|(what, name)| vec![(plain, String::new()), (QUIET, what.into()), (plain, name)]),
                );
            }
        }
    }
    Ok(output::table(&rows)?)
}

fn path_variable(name: Option<&String>) -> Option<Vec<(anstyle::Style, String)>> {
    let plain = anstyle::Style::new();
    name.map(|name| vec![(plain, String::new()), (QUIET, "path in".into()), (plain, name.clone())])
}

/// Every name that the task can use, with what it is.
fn deliveries(delivery: &Delivery) -> Vec<(&'static str, String)> {
    match delivery {
        Delivery::Variables(names) => {
            names.primary.iter().chain(&names.aliases).map(|name| ("variable", name.clone())).collect()
        }
        Delivery::File { path, aliases, path_variable } => {
            let files = std::iter::once(path).chain(aliases).map(|path| ("file", path.to_string()));
            files.chain(path_variable.iter().map(|name| ("path in", name.clone()))).collect()
        }
    }
}

fn as_json(request: &RequestPlan) -> Value {
    let managers: Vec<_> = request
        .managers
        .iter()
        .map(|manager| match manager {
            Err(reason) => json!({"manager": reason.manager, "refused": reason.text}),
            Ok(ManagerPlan::Sidecar(pull)) => json!({
                "manager": "AWS", "ids": [pull.secret.to_string()], "variables": [],
                "files": pull.paths.iter().map(FilePath::absolute).collect::<Vec<_>>(), "path_variable": pull.path_variable,
            }),
            Ok(ManagerPlan::Embedded(embedded)) => {
                let ids: Vec<_> = embedded
                    .scopes
                    .iter()
                    .flat_map(|scope| {
                        scope.ids.iter().map(|id| json!({"scope": scope.level.as_str(), "id": id.as_str()}))
                    })
                    .collect();
                let deliveries = deliveries(&embedded.delivery);
                let of = |kind: &str| {
                    deliveries
                        .iter()
                        .filter(|(what, _)| *what == kind)
                        .map(|(_, name)| name.clone())
                        .collect::<Vec<_>>()
                };
                json!({
                    "manager": "Embedded", "ids": ids, "version": embedded.version.to_string(),
                    "variables": of("variable"), "files": of("file"), "path_variable": of("path in").first(),
                })
            }
        })
        .collect();
    json!({
        "request": request.annotated.short_name(),
        "secret": request.annotated.request.to_string(),
        "managers": managers,
    })
}

/// Has every secret, each with its id as its value.
struct Pretend;

impl SecretSource for Pretend {
    fn get<'a>(&'a self, id: &'a SecretId, _: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        let value = SecretValue::Text(id.as_str().into()).into();
        ready(Ok(Answer::Found(Secret { value, version_id: "pretended".into() }))).boxed()
    }

    fn place(&self) -> &str {
        "pretence"
    }
}
