use anyhow::Context as _;
use fsw_injector::{Manager, Settings};
use fsw_naming::{IdForm, Key, candidates};
use serde_json::json;

use crate::args::IdsArgs;
use crate::output::{json_line, line};
use crate::{Verdict, pod, setup};

/// The ids of each request, in look-up order, one a line.
pub(crate) fn ids(args: &IdsArgs) -> anyhow::Result<Verdict> {
    let config = setup::config(&args.config)?;
    let forms = forms(&fsw_app::injector_settings(&config));
    let editor = pod::editor(pod::read_or_make(&args.secret, "")?)?;
    let scope = pod::scope(&editor, config.secrets_webhook.default_organization.as_deref())?;
    for annotated in pod::requests(&editor)? {
        let of_request = || format!("request {}", annotated.short_name());
        let key = Key::parse(&annotated.request.key).with_context(of_request)?;
        for scope in candidates(&scope, &key, &forms).with_context(of_request)? {
            for id in &scope.ids {
                if args.json {
                    let (scope, id) = (scope.level.as_str(), id.as_str());
                    json_line(&json!({"request": annotated.short_name(), "scope": scope, "id": id}))?;
                } else {
                    line(id)?;
                }
            }
        }
    }
    Ok(Verdict::Good)
}

/// The configured forms; ids can be asked for where the embedded manager is off, too.
fn forms(settings: &Settings) -> Vec<IdForm> {
    let embedded = settings.managers.iter().find_map(|manager| match manager {
        Manager::Embedded(embedded) => Some(embedded.forms.clone()),
        Manager::Sidecar(_) => None,
    });
    embedded.unwrap_or_else(|| vec![IdForm::Documented, IdForm::Padded])
}
