//! A network namespace without a way out: what a pod asks of the outside fails at once.

use xshell::{Shell, cmd};

use super::NAME;

/// The node's address.
pub(super) const NODE: &str = "10.77.0.1";
/// Pods are here.
pub(super) const PODS: &str = "10.244.7.0/24";
/// Services are here, the API server's first of all.
pub(super) const SERVICES: &str = "10.96.0.0/24";
pub(super) const API_SERVICE: &str = "10.96.0.1";
/// The API server, as this machine sees it from outside of the namespace.
pub(super) const OUTSIDE: &str = "100.127.77.2";
/// This machine's end of the cable to it.
const HERE: &str = "100.127.77.1";
const CABLE: &str = "fsw-local0";

pub(super) fn make(shell: &Shell) -> anyhow::Result<()> {
    cmd!(shell, "ip netns add {NAME}").quiet().run()?;
    let inside = ["netns", "exec", NAME, "ip"];
    let run = |arguments: &str| -> anyhow::Result<()> {
        let arguments = arguments.split_whitespace();
        Ok(cmd!(shell, "ip {inside...} {arguments...}").quiet().run()?)
    };
    run("link set lo up")?;
    // The node's address is on one end of a cable whose other end leads nowhere.
    run("link add node0 type veth peer name node1")?;
    run("link set node1 up")?;
    run(&format!("addr add {NODE}/24 dev node0"))?;
    run("link set node0 up")?;
    // Without a route, connecting to a Service fails before kube-proxy's rules see it.
    run(&format!("route add {SERVICES} dev node0"))?;
    run(&format!("link add api0 type veth peer name {CABLE} netns 1"))?;
    run(&format!("addr add {OUTSIDE}/30 dev api0"))?;
    run("link set api0 up")?;
    cmd!(shell, "ip addr add {HERE}/30 dev {CABLE}").quiet().run()?;
    cmd!(shell, "ip link set {CABLE} up").quiet().run()?;
    cmd!(shell, "ip netns exec {NAME} sysctl --quiet --write net.ipv4.ip_forward=1").quiet().run()?;
    Ok(())
}

pub(super) fn remove(shell: &Shell) {
    let _ = cmd!(shell, "ip link delete {CABLE}").quiet().ignore_stderr().run();
    let _ = cmd!(shell, "ip netns delete {NAME}").quiet().ignore_stderr().run();
}
