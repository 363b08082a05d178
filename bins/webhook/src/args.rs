use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use fsw_config::{Layers, setting_flags};

/// Gives Flyte tasks their AWS secrets, as Flyte's own webhook does.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve admission reviews until a SIGTERM.
    Run(RunArgs),
    /// Make the Secret of certificates where it is missing, renew it where it is due, and end.
    InitCerts(InitCertsArgs),
    /// Read the configuration, say what is odd about it, and print what it amounts to.
    CheckConfig(CheckConfigArgs),
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  webhook run --config /etc/flyte/config/*.yaml
  webhook run --self-signed --ca-out ca.crt --secrets-file secrets.yaml
  webhook run --config flyte.yaml --webhook.listenPort=8443")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Serve with a certificate made on the spot, for trying things out; good for localhost and the Service's names.
    #[arg(long)]
    pub(crate) self_signed: bool,
    /// Where to write the authority of that certificate (PEM), for clients to trust.
    #[arg(long, value_name = "FILE", requires = "self_signed")]
    pub(crate) ca_out: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  webhook init-certs --config /etc/flyte/config/*.yaml")]
pub(crate) struct InitCertsArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  webhook check-config --config flyte.yaml
  webhook check-config --strict --config flyte.yaml --set webhook.secretManagerTypes=[AWS]")]
pub(crate) struct CheckConfigArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Fail when there is a key that nobody knows.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Where settings come from; a later one wins: defaults, files, FSW_… variables, --set.
#[derive(Debug, ClapArgs)]
struct ConfigArgs {
    /// A configuration file of Flyte's; may be given several times, and may hold a * in its last part.
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// A setting, for example webhook.listenPort=9443; --webhook.listenPort=9443 is the same.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Read secrets from this YAML file in place of AWS, for trying things out.
    #[arg(long, value_name = "FILE")]
    secrets_file: Option<PathBuf>,
}

impl Args {
    /// Reads the command line; Flyte's way of writing settings as flags is taken out first.
    pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<(Self, Vec<String>), clap::Error> {
        let (rest, settings) = setting_flags(args);
        Ok((Self::try_parse_from(as_ours(rest))?, settings))
    }

    /// The layers of the configuration.
    pub(crate) fn layers(&self, flags: Vec<String>) -> anyhow::Result<Layers> {
        let config = match &self.command {
            Command::Run(args) => &args.config,
            Command::InitCerts(args) => &args.config,
            Command::CheckConfig(args) => &args.config,
        };
        let mut settings = [flags, config.set.clone()].concat();
        if let Some(file) = &config.secrets_file {
            settings.push(format!("secretsWebhook.secretsFile={}", file.display()));
        }
        Ok(Layers::from_process(config.config.clone(), settings))
    }
}

/// Flyte's Deployments start `flytepropeller webhook --config …` and `flytepropeller webhook init-certs --config …`: the
/// word `webhook` is dropped, and a command line without a command serves.
fn as_ours(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|arg| arg == "webhook") {
        args.remove(1);
        if args.get(1).is_none_or(|arg| arg.to_string_lossy().starts_with("--config")) {
            args.insert(1, "run".into());
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::as_ours;

    #[test]
    fn flytes_command_lines_are_understood() {
        for (theirs, ours) in [
            ("flytepropeller webhook --config /etc/*.yaml", "flytepropeller run --config /etc/*.yaml"),
            ("flytepropeller webhook init-certs --config a", "flytepropeller init-certs --config a"),
            ("flytepropeller webhook", "flytepropeller run"),
            ("webhook run --config a", "webhook run --config a"),
            ("webhook check-config --config webhook", "webhook check-config --config webhook"),
        ] {
            let words = |line: &str| line.split(' ').map(Into::into).collect::<Vec<std::ffi::OsString>>();
            assert_eq!(as_ours(words(theirs)), words(ours), "{theirs}");
        }
    }
}
