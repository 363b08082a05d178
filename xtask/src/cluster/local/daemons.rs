//! The daemons, in the order in which they need each other.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use xshell::{Shell, cmd};

use super::super::wait;
use super::{NAME, STATE, containerd_socket, load, network, pki, place, state};
use fsw_testkit::say::{QUIET, say};

/// The names that Kubernetes' one program acts by.
pub(super) const PROGRAMS: &[&str] =
    &["etcd", "kubectl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"];

pub(super) fn start(shell: &Shell, pause: &Path) -> anyhow::Result<()> {
    let since = Instant::now();
    let bin = state().join("bin");
    let program = |name: &str| bin.join(name);
    spawn("etcd", &program("etcd"), etcd())?;
    spawn("containerd", Path::new("/usr/bin/containerd"), vec![format!("--config={STATE}/containerd.toml")])?;
    spawn("apiserver", &program("kube-apiserver"), apiserver())?;

    let socket = containerd_socket();
    let ask = || cmd!(shell, "ctr --address {socket} version").quiet().ignore_stdout().ignore_stderr().run();
    until("containerd", 30, || Ok(ask()?))?;
    load(shell, pause)?;
    until("apiserver", 60, || kubectl(shell, &["get", "--raw", "/readyz"]).map(drop))?;

    spawn("controllers", &program("kube-controller-manager"), controllers())?;
    spawn("scheduler", &program("kube-scheduler"), scheduler())?;
    super::teardown::make_cgroups()?;
    spawn("kubelet", &program("kubelet"), kubelet())?;
    spawn("proxy", &program("kube-proxy"), vec![format!("--config={STATE}/proxy.yaml")])?;
    spawn("dns", &program("kubernetes"), dns())?;

    until("kubelet", 60, || {
        let ready = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}"#;
        let said = kubectl(shell, &["get", "node", "node1", "--output", ready])?;
        ensure!(said == "True", "the node is not ready");
        Ok(())
    })?;
    until("controllers", 60, || {
        kubectl(shell, &["--namespace", "default", "get", "serviceaccount", "default"]).map(drop)
    })?;
    // Healthy long before its first rules are in place, so that its own word does not count.
    until("proxy", 60, || {
        let address = format!("{}/443", network::API_SERVICE);
        let connect = format!("exec 3<>/dev/tcp/{address}");
        Ok(cmd!(shell, "nsenter --net=/run/netns/{NAME} timeout 1 bash -c {connect}").quiet().ignore_stderr().run()?)
    })?;
    until("dns", 30, || {
        let log = std::fs::read_to_string(state().join("logs/dns.log"))?;
        ensure!(log.contains("serving"), "it does not serve yet");
        Ok(())
    })?;
    say(QUIET, format_args!("cluster up in {:.1} s", since.elapsed().as_secs_f64()));
    Ok(())
}

/// Starts a daemon in the namespace, by a program that becomes it, so that its pid is known.
fn spawn(name: &str, program: &Path, arguments: Vec<String>) -> anyhow::Result<()> {
    let log = File::create(state().join("logs").join(format!("{name}.log")))?;
    // `ip netns exec` would mount /sys anew, and the kubelet would not see its cgroups.
    let child = Command::new("nsenter")
        .arg(format!("--net=/run/netns/{NAME}"))
        .arg(program)
        .args(arguments)
        .current_dir(state())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    Ok(std::fs::write(state().join("pids").join(name), child.id().to_string())?)
}

/// Waits for a daemon, as long as it lives.
fn until(name: &str, seconds: u64, mut check: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut death = None;
    let waited = wait(name, seconds, || {
        if !super::teardown::is_alive(name) {
            death = Some(last_lines(name));
            return Ok(());
        }
        check()
    });
    match death {
        Some(lines) => bail!("{name} ended:\n{lines}"),
        None => waited.with_context(|| last_lines(name)),
    }
}

fn last_lines(name: &str) -> String {
    let log = std::fs::read_to_string(state().join("logs").join(format!("{name}.log"))).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

fn kubectl(shell: &Shell, arguments: &[&str]) -> anyhow::Result<String> {
    let (kubeconfig, kubectl) = place();
    let asked = cmd!(shell, "{kubectl} --kubeconfig {kubeconfig} --cache-dir {STATE}/discovery {arguments...}");
    Ok(asked.quiet().ignore_stderr().read()?)
}

fn etcd() -> Vec<String> {
    let (clients, peers) = ("http://127.0.0.1:23790", "http://127.0.0.1:23800");
    vec![
        "--name=local".to_owned(),
        format!("--data-dir={STATE}/etcd"),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls={clients}"),
        format!("--listen-peer-urls={peers}"),
        format!("--initial-advertise-peer-urls={peers}"),
        format!("--initial-cluster=local={peers}"),
        // Nothing here outlives the machine.
        "--unsafe-no-fsync".to_owned(),
    ]
}

fn apiserver() -> Vec<String> {
    let (port, node, services) = (pki::PORT, network::NODE, network::SERVICES);
    let pki = format!("{STATE}/pki");
    vec![
        "--etcd-servers=http://127.0.0.1:23790".to_owned(),
        format!("--secure-port={port}"),
        "--bind-address=0.0.0.0".to_owned(),
        format!("--advertise-address={node}"),
        format!("--client-ca-file={pki}/ca.crt"),
        format!("--tls-cert-file={pki}/apiserver.crt"),
        format!("--tls-private-key-file={pki}/apiserver.key"),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={pki}/tokens.pub"),
        format!("--service-account-signing-key-file={pki}/tokens.key"),
        format!("--service-cluster-ip-range={services}"),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        format!("--kubelet-client-certificate={pki}/apiserver-kubelet.crt"),
        format!("--kubelet-client-key={pki}/apiserver-kubelet.key"),
        format!("--kubelet-certificate-authority={pki}/ca.crt"),
    ]
}

/// The rates: with the defaults, its controllers alone take seconds to start.
fn controllers() -> Vec<String> {
    let pki = format!("{STATE}/pki");
    vec![
        format!("--kubeconfig={pki}/controllers.kubeconfig"),
        "--leader-elect=false".to_owned(),
        "--use-service-account-credentials=true".to_owned(),
        "--kube-api-qps=500".to_owned(),
        "--kube-api-burst=1000".to_owned(),
        format!("--service-account-private-key-file={pki}/tokens.key"),
        format!("--root-ca-file={pki}/ca.crt"),
        format!("--cluster-signing-cert-file={pki}/ca.crt"),
        format!("--cluster-signing-key-file={pki}/ca.key"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--flex-volume-plugin-dir={STATE}/volumeplugins"),
    ]
}

fn scheduler() -> Vec<String> {
    vec![
        format!("--kubeconfig={STATE}/pki/scheduler.kubeconfig"),
        "--leader-elect=false".to_owned(),
        "--bind-address=127.0.0.1".to_owned(),
    ]
}

fn kubelet() -> Vec<String> {
    let node = network::NODE;
    vec![
        format!("--config={STATE}/kubelet.yaml"),
        format!("--kubeconfig={STATE}/pki/kubelet.kubeconfig"),
        format!("--root-dir={STATE}/kubelet"),
        "--hostname-override=node1".to_owned(),
        format!("--node-ip={node}"),
        format!("--cert-dir={STATE}/pki"),
    ]
}

fn dns() -> Vec<String> {
    let node = network::NODE;
    vec!["dns".to_owned(), format!("--kubeconfig={STATE}/pki/proxy.kubeconfig"), format!("--listen={node}:53")]
}
