//! The daemons' configuration files.

use anyhow::Context as _;

use super::{NAME, PAUSE, STATE, network, state};

pub(super) fn write() -> anyhow::Result<()> {
    let files = [
        ("containerd.toml", containerd()),
        ("cni/10-local.conflist", cni()),
        ("kubelet.yaml", kubelet()),
        ("proxy.yaml", proxy()),
        ("resolv.conf", String::new()),
    ];
    for (name, content) in files {
        std::fs::write(state().join(name), content).with_context(|| format!("cannot write {STATE}/{name}"))?;
    }
    Ok(())
}

/// `restrict_oom_score_adj`: without CAP_SYS_RESOURCE no process may be made less likely to be killed.
/// `netns_mounts_under_state_dir`: the pods' network namespaces stay out of /run/netns.
fn containerd() -> String {
    format!(
        r#"version = 2
root = "{STATE}/containerd"
state = "{STATE}/containerd-state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.nri.v1.nri",
]
[grpc]
  address = "{STATE}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{STATE}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  sandbox_image = "{PAUSE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{STATE}/cni"
"#
    )
}

/// `ptp`: the node routes every packet, so that the answers of a Service pass its rules too.
fn cni() -> String {
    let pods = network::PODS;
    format!(
        r#"{{
  "cniVersion": "0.4.0",
  "name": "local",
  "plugins": [{{
    "type": "ptp",
    "ipMasq": false,
    "ipam": {{
      "type": "host-local",
      "dataDir": "{STATE}/cni-ipam",
      "ranges": [[{{ "subnet": "{pods}" }}]],
      "routes": [{{ "dst": "0.0.0.0/0" }}]
    }}
  }}]
}}
"#
    )
}

/// `cgroupRoot`: a kubelet removes pods below its root that it does not know, so it has a root of its own.
/// `imageGCHighThresholdPercent`: images are loaded, not pulled; one that is collected does not come back.
fn kubelet() -> String {
    let dns = network::NODE;
    format!(
        "apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true}}
  x509: {{clientCAFile: {STATE}/pki/ca.crt}}
authorization: {{mode: Webhook}}
tlsCertFile: {STATE}/pki/kubelet.crt
tlsPrivateKeyFile: {STATE}/pki/kubelet.key
containerRuntimeEndpoint: unix://{STATE}/containerd.sock
podLogsDir: {STATE}/podlogs
volumePluginDir: {STATE}/volumeplugins
cgroupDriver: cgroupfs
cgroupRoot: /{NAME}
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
makeIPTablesUtilChains: false
readOnlyPort: 0
enforceNodeAllocatable: []
evictionHard: {{memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}}
imageGCHighThresholdPercent: 100
maxPods: 200
resolvConf: {STATE}/resolv.conf
clusterDNS: [{dns}]
clusterDomain: cluster.local
syncFrequency: 5s
nodeStatusUpdateFrequency: 1s
"
    )
}

/// `conntrack`: zeros, so that it changes no setting of the whole machine.
fn proxy() -> String {
    let (node, pods) = (network::NODE, network::PODS);
    format!(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {{kubeconfig: {STATE}/pki/proxy.kubeconfig}}
hostnameOverride: node1
clusterCIDR: {pods}
bindAddress: {node}
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {{maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
nftables: {{minSyncPeriod: 100ms}}
"
    )
}
