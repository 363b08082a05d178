use crate::load::{Mount, Pods, Scope, Sets};

/// One line of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) story: &'static str,
    pub(crate) secrets: usize,
    scope: Scope,
    mount: Mount,
    sets: Sets,
    pub(crate) settings: Settings,
    pub(crate) shape: Shape,
    pub(crate) go: Go,
}

/// The manager that serves the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    Embedded,
    Sidecar,
}

impl Manager {
    /// As the configuration calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "Embedded",
            Self::Sidecar => "AWS",
        }
    }
}

/// What differs between runs of one server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) manager: Manager,
    /// Further settings of this project's webhook, `KEY=VALUE`.
    pub(crate) ours: &'static [&'static str],
}

/// How the pods come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One after the other on 1, then on 32 connections.
    Steady,
    /// 500 at once, each on a connection of its own.
    Burst,
}

/// What Flyte's Go webhook (v2.0.43) was measured at, on two processors shared with the fake AWS and the generator.
pub(crate) struct Go {
    /// p50 and p99 at 1 connection, in ms; the wall time of a burst in s.
    pub(crate) latency: &'static str,
    pub(crate) per_second: Option<u32>,
    pub(crate) cpu: Option<f64>,
    pub(crate) calls: &'static str,
}

const fn go(latency: &'static str, per_second: u32, cpu: f64, calls: &'static str) -> Go {
    Go { latency, per_second: Some(per_second), cpu: Some(cpu), calls }
}

const fn warm(name: &'static str, story: &'static str, go: Go) -> Case {
    let (secrets, scope, mount, sets) = (1, Scope::Project, Mount::EnvVar, Sets::One);
    let settings = Settings { manager: Manager::Embedded, ours: &[] };
    Case { name, story, secrets, scope, mount, sets, settings, shape: Shape::Steady, go }
}

/// In the order of the table.
pub(crate) const CASES: &[Case] = &[
    warm("W1", "warm, 1 project secret, ENV", go("0.56 / 1.6", 3151, 0.52, "0")),
    Case {
        secrets: 5,
        scope: Scope::Organization,
        ..warm("W5o", "warm, 5 organization secrets, ENV", go("67.7 / 108", 412, 2.32, "10"))
    },
    Case { secrets: 5, mount: Mount::File, ..warm("W5f", "warm, 5 files", go("0.62 / 1.6", 2426, 0.60, "0")) },
    Case {
        secrets: 5,
        sets: Sets::OneForEachPod,
        ..warm("C5p", "cold, 5 project secrets", go("34 / 51", 742, 1.26, "5"))
    },
    Case {
        secrets: 5,
        scope: Scope::Organization,
        sets: Sets::OneForEachPod,
        ..warm("C5o", "cold, 5 organization secrets", go("102 / 135", 268, 2.84, "15"))
    },
    Case {
        secrets: 5,
        scope: Scope::Organization,
        sets: Sets::OneForEachPod,
        settings: Settings { manager: Manager::Embedded, ours: &["secretsWebhook.lookup=eager"] },
        ..warm("C5e", "the same with `lookup: eager`", go("102 / 135", 268, 2.84, "15"))
    },
    Case {
        secrets: 5,
        mount: Mount::File,
        settings: Settings { manager: Manager::Sidecar, ours: &[] },
        ..warm("S5", "sidecar, 5 secrets", go("0.74 / 4.2", 1601, 0.96, "0"))
    },
    Case {
        secrets: 5,
        shape: Shape::Burst,
        ..warm(
            "B5p",
            "500 at once, the same 5 cold project secrets",
            Go { latency: "wall 0.33 s", per_second: None, cpu: None, calls: "482 to 517 in all" },
        )
    },
    Case {
        secrets: 5,
        scope: Scope::Organization,
        shape: Shape::Burst,
        ..warm(
            "B5o",
            "500 at once, the same 5 cold organization secrets",
            Go { latency: "wall 0.92 s", per_second: None, cpu: None, calls: "5,070 to 5,336 in all" },
        )
    },
];

/// What the Go webhook's memory was, idle and at its peak.
pub(crate) const GO_MEMORY: &str = "68 → 191 MiB";

impl Case {
    /// Pods whose secrets nobody asked for before.
    pub(crate) fn pods(&self) -> Pods {
        let mut pods = Pods::new(self.secrets, self.scope, self.mount, self.sets);
        if self.settings.manager == Manager::Sidecar {
            pods.group = "arn:aws:secretsmanager:us-west-2:123456789012:secret";
        }
        pods
    }

    pub(crate) fn is_warm(&self) -> bool {
        self.sets == Sets::One && self.shape == Shape::Steady
    }
}
