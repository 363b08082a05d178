//! What a cluster leaves on a machine, and its removal.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use super::super::pause;
use super::{NAME, STATE, containerd_socket, network, state};

/// Settings of the whole machine that a kubelet changes.
const SETTINGS: &[&str] = &[
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];
const CGROUPS: &str = "/sys/fs/cgroup";

/// Writes down the settings of the machine as they are now.
pub(super) fn remember_machine() -> anyhow::Result<()> {
    let read = |name: &&str| Some(format!("{name} {}", fs::read_to_string(setting(name)).ok()?.trim()));
    let settings: Vec<_> = SETTINGS.iter().filter_map(read).collect();
    Ok(fs::write(state().join("settings"), settings.join("\n"))?)
}

/// A root for the pods' cgroups, in every hierarchy.
pub(super) fn make_cgroups() -> anyhow::Result<()> {
    for hierarchy in hierarchies() {
        let ours = hierarchy.join(NAME);
        fs::create_dir_all(&ours)?;
        // In an old cpuset hierarchy a new cgroup has no processors.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(all) = fs::read_to_string(hierarchy.join(file)) {
                let _ = fs::write(ours.join(file), all);
            }
        }
    }
    Ok(())
}

pub(super) fn teardown(shell: &Shell) -> anyhow::Result<()> {
    if !state().exists() {
        network::remove(shell);
        return Ok(());
    }
    end(&["kubelet", "scheduler", "controllers", "proxy", "dns", "apiserver"]);
    end_containers(shell);
    end(&["containerd", "etcd"]);
    for pid in shims() {
        kill(pid, "KILL");
    }
    unmount(shell);
    network::remove(shell);
    remove_cgroups();
    remove_log_links();
    restore_machine();
    // Never through what is still mounted.
    ensure!(mounts().is_empty(), "something is still mounted below {STATE}; it is not removed");
    fs::remove_dir_all(state()).with_context(|| format!("cannot remove {STATE}"))
}

/// Whether a daemon that was started runs.
pub(super) fn is_alive(name: &str) -> bool {
    pid(name).is_some()
}

/// Whether any daemon still runs of those that were started.
pub(super) fn is_any_alive() -> bool {
    let started = fs::read_dir(state().join("pids")).into_iter().flatten().flatten();
    started.filter_map(|entry| entry.file_name().into_string().ok()).any(|name| is_alive(&name))
}

/// The pid of a daemon, if it is still that daemon's: it works in our folder.
fn pid(name: &str) -> Option<u32> {
    let pid = fs::read_to_string(state().join("pids").join(name)).ok()?.parse().ok()?;
    let is_zombie = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.contains(") Z ");
    let works_in = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (works_in == state() && !is_zombie).then_some(pid)
}

fn end(names: &[&str]) {
    for name in names {
        pid(name).into_iter().for_each(|pid| kill(pid, "TERM"));
    }
    for name in names {
        for attempt in 0..100 {
            let Some(pid) = pid(name) else { break };
            if attempt == 60 {
                kill(pid, "KILL");
            }
            pause();
        }
    }
}

fn kill(pid: u32, signal: &str) {
    let _ = std::process::Command::new("kill").args(["-s", signal, &pid.to_string()]).status();
}

fn end_containers(shell: &Shell) {
    let socket = containerd_socket();
    let ctr = ["--address", &socket.to_string_lossy(), "--namespace", "k8s.io"];
    let tasks = || cmd!(shell, "ctr {ctr...} tasks list --quiet").quiet().ignore_stderr().read().unwrap_or_default();
    for task in tasks().lines() {
        let _ = cmd!(shell, "ctr {ctr...} tasks kill --signal KILL {task}").quiet().ignore_stderr().run();
    }
    for task in tasks().lines() {
        let remove = cmd!(shell, "ctr {ctr...} tasks delete --force {task}");
        let _ = remove.quiet().ignore_stdout().ignore_stderr().run();
    }
}

/// The processes that hold containers for our containerd.
fn shims() -> Vec<u32> {
    let socket = containerd_socket();
    let is_shim = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains("containerd-shim") && line.contains(&*socket.to_string_lossy())
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_shim).collect()
}

fn mounts() -> Vec<String> {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let below = format!("{STATE}/");
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let mut places: Vec<_> =
        places.filter(|place| place.starts_with(&below)).map(|place| place.replace("\\040", " ")).collect();
    places.sort();
    places.reverse();
    places
}

fn unmount(shell: &Shell) {
    for _ in 0..3 {
        for place in mounts() {
            let _ = cmd!(shell, "umount --lazy {place}").quiet().ignore_stderr().run();
        }
    }
}

fn hierarchies() -> Vec<PathBuf> {
    let below = fs::read_dir(CGROUPS).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_hierarchy = |path: &PathBuf| path.join("cgroup.procs").exists();
    let unified = Path::new(CGROUPS).to_owned();
    // In a unified hierarchy the folders below are cgroups of others.
    if is_hierarchy(&unified) { vec![unified] } else { below.filter(is_hierarchy).collect() }
}

/// A cgroup can be removed once its last process is gone, the innermost first.
fn remove_cgroups() {
    for _ in 0..10 {
        let ours: Vec<_> = hierarchies().into_iter().map(|path| path.join(NAME)).filter(|path| path.exists()).collect();
        if ours.is_empty() {
            return;
        }
        ours.iter().for_each(|path| remove_cgroup(path));
        pause();
    }
}

fn remove_cgroup(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_cgroup(&entry.path());
        }
    }
    let _ = fs::remove_dir(path);
}

/// The kubelet links the containers' logs from a fixed place.
fn remove_log_links() {
    for entry in fs::read_dir("/var/log/containers").into_iter().flatten().flatten() {
        if fs::read_link(entry.path()).is_ok_and(|target| target.starts_with(STATE)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn restore_machine() {
    let settings = fs::read_to_string(state().join("settings")).unwrap_or_default();
    for (name, value) in settings.lines().filter_map(|line| line.split_once(' ')) {
        let _ = fs::write(setting(name), value);
    }
}

fn setting(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name)
}
