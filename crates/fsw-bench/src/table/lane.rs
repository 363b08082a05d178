//! The servers that are measured.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::Bench;
use super::case::Settings;
use crate::load::Target;
use crate::process::{Process, free_port};

/// One column of the table.
pub(crate) enum Lane {
    /// This project's webhook.
    Ours(PathBuf),
    /// Another server, by the command that starts it.
    Other(String),
    /// The body is read, the uid found, the answer fixed.
    Floor,
    /// The same, with the body read as JSON.
    ParsingFloor,
}

/// A server that listens.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) target: Target,
}

impl Lane {
    pub(crate) fn all(webhook: &Path, against: Option<&str>) -> Vec<Self> {
        let mut lanes = Self::webhooks(webhook, against);
        lanes.extend([Self::Floor, Self::ParsingFloor]);
        lanes
    }

    pub(crate) fn webhooks(webhook: &Path, against: Option<&str>) -> Vec<Self> {
        let other = against.map(|command| Self::Other(command.to_owned()));
        std::iter::once(Self::Ours(webhook.to_owned())).chain(other).collect()
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => "this webhook",
            Self::Other(_) => "the other one",
            Self::Floor => "floor",
            Self::ParsingFloor => "floor, parsing",
        }
    }

    pub(crate) async fn start(&self, settings: Settings, bench: &Bench) -> anyhow::Result<Server> {
        let (port, folder) = (free_port()?, tempfile::tempdir_in(bench.folder.path())?.keep());
        let authority = folder.join("ca.crt");
        let aws = format!("http://127.0.0.1:{}", bench.aws.port);
        let mut command = self.command(settings, port, &authority, &aws)?;
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "made-up");
        command.env("AWS_REGION", "us-west-2").env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &aws);
        let mut process = Process::start(&mut command, &folder.join("log"))?;
        process.listens(port).await?;
        Ok(Server { process, target: Target::new(port, &authority)? })
    }

    fn command(&self, settings: Settings, port: u16, authority: &Path, aws: &str) -> anyhow::Result<Command> {
        Ok(match self {
            Self::Ours(program) => {
                let mut command = Command::new(program);
                command.args(["run", "--self-signed", "--ca-out"]).arg(authority);
                command.arg(format!("--webhook.secretManagerTypes=[{}]", settings.manager.name()));
                command.arg(format!("--webhook.listenPort={port}")).arg("--webhook.cacheInvalidationPort=0");
                command.arg(format!("--set=secretsWebhook.adminPort={}", free_port()?));
                command.arg("--set=secretsWebhook.listenAddress=127.0.0.1");
                command.arg(format!("--set=secretsWebhook.aws.endpointUrl={aws}"));
                command.args(settings.ours.iter().map(|setting| format!("--set={setting}")));
                command
            }
            Self::Other(line) => {
                let line = line.replace("{port}", &port.to_string()).replace("{aws}", aws);
                let line = line.replace("{ca}", &authority.display().to_string());
                let line = line.replace("{manager}", settings.manager.name());
                let mut command = Command::new("sh");
                // In place of the shell: it is the server that is measured.
                command.args(["-c", &format!("exec {line}")]);
                command
            }
            Self::Floor | Self::ParsingFloor => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["floor", "--port", &port.to_string(), "--ca-out"]).arg(authority);
                command.args(matches!(self, Self::ParsingFloor).then_some("--parse"));
                command
            }
        })
    }
}
