use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use fsw_config::setting_flags;

/// Shows which AWS secrets a Flyte task resolves to, and why.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the ids under which a secret is looked up, in order.
    Ids(IdsArgs),
    /// Read secret requests out of annotation values or a pod.
    Decode(DecodeArgs),
    /// Print the annotation value of a secret request.
    Encode(EncodeArgs),
    /// Show what each request of a pod means, without asking anybody.
    Plan(PlanArgs),
    /// Ask AWS, and show what it says about each id; never a value.
    Fetch(FetchArgs),
    /// Show the pod as it would come out, with values masked.
    Inject(InjectArgs),
    /// Answer an AdmissionReview on standard input as the webhook would.
    Review(ReviewArgs),
}

/// Where settings come from; a later one wins: defaults, files, FSW_… variables, --set.
#[derive(Debug, ClapArgs)]
pub(crate) struct ConfigArgs {
    /// The webhook's configuration file; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// A setting, for example secretsWebhook.defaultOrganization=flyte.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Read secrets from this YAML file in place of AWS.
    #[arg(long, value_name = "FILE")]
    pub(crate) secrets_file: Option<PathBuf>,
}

/// One secret, by where it is looked up and what it is called.
#[derive(Debug, ClapArgs)]
pub(crate) struct SecretArgs {
    /// The organization; `organization` label of the pod, or secretsWebhook.defaultOrganization.
    #[arg(long, value_name = "NAME")]
    pub(crate) org: Option<String>,
    /// The domain; `domain` label of the pod.
    #[arg(long, value_name = "NAME", required_unless_present = "pod")]
    pub(crate) domain: Option<String>,
    /// The project; `project` label of the pod.
    #[arg(long, value_name = "NAME", required_unless_present = "pod")]
    pub(crate) project: Option<String>,
    /// The key of the secret.
    #[arg(long, value_name = "KEY", required_unless_present = "pod")]
    pub(crate) key: Option<String>,
    /// A pod in YAML or JSON, - for standard input, in place of the four names.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["org", "domain", "project", "key"])]
    pub(crate) pod: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  secrets-probe ids --org flyte --domain development --project flytesnacks --key my_api_key
  kubectl get pod f1a2b3-n0-0 -o yaml | secrets-probe ids --pod -")]
pub(crate) struct IdsArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    /// One JSON object a line, with the scope of each id.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  secrets-probe decode nnsxsoraejwxsx2bobuv512fperau
  kubectl get pod f1a2b3-n0-0 -o yaml | secrets-probe decode --pod -")]
pub(crate) struct DecodeArgs {
    /// Values of annotations flyte.secrets/s0, s1, …
    #[arg(value_name = "VALUE", required_unless_present = "pod", allow_hyphen_values = true)]
    pub(crate) values: Vec<String>,
    /// A pod in YAML or JSON, - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "values")]
    pub(crate) pod: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  secrets-probe encode --key my_api_key --mount env-var")]
pub(crate) struct EncodeArgs {
    /// The key.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) key: String,
    /// The group.
    #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) group: String,
    /// The version: a version id or a staging label.
    #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) group_version: String,
    /// How the task sees the secret.
    #[arg(long, value_enum, default_value = "any")]
    pub(crate) mount: MountArg,
    /// The variable that holds the value, or the path of the file.
    #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) env_var: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum MountArg {
    Any,
    EnvVar,
    File,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  kubectl get pod f1a2b3-n0-0 -o yaml | secrets-probe plan --config flyte.yaml --pod -")]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// A pod in YAML or JSON, - for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) pod: PathBuf,
    /// One JSON object a request.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  secrets-probe fetch --org flyte --domain development --project flytesnacks --key my_api_key
  AWS_PROFILE=dev secrets-probe fetch --pod pod.yaml --config flyte.yaml")]
pub(crate) struct FetchArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
    /// The version: a version id or a staging label.
    #[arg(long, default_value = "", hide_default_value = true, conflicts_with = "pod")]
    pub(crate) group_version: String,
    /// One JSON object for each id that was tried.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  secrets-probe inject --pod pod.yaml -o diff
  secrets-probe inject --pod pod.yaml --secrets-file secrets.yaml -o patch --reveal")]
pub(crate) struct InjectArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// A pod in YAML or JSON, - for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) pod: PathBuf,
    /// What to print.
    #[arg(short, long, value_enum, default_value = "yaml")]
    pub(crate) output: Output,
    /// Print values instead of masks. They are secrets: mind your screen and your shell's history of it.
    #[arg(long)]
    pub(crate) reveal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// The pod.
    Yaml,
    /// The pod.
    Json,
    /// The JSON Patch.
    Patch,
    /// What changes, line by line.
    Diff,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  secrets-probe review --secrets-file secrets.yaml < review.json")]
pub(crate) struct ReviewArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

impl Args {
    /// Reads the command line; Flyte's way of writing settings as flags means `--set`.
    pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let (mut rest, settings) = setting_flags(args);
        // Behind the subcommand, where clap looks for them.
        let given = rest.split_off(rest.len().min(2));
        rest.extend(settings.iter().map(|setting| OsString::from(format!("--set={setting}"))));
        rest.extend(given);
        Self::try_parse_from(rest)
    }
}
