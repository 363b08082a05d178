/// How a task wants to see a secret (`flyteidl.core.Secret.MountType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mount {
    /// Whatever the manager does best.
    #[default]
    Any,
    /// As an environment variable.
    EnvVar,
    /// As a file.
    File,
    /// A number that Flyte has given no name yet: kept, since a newer producer may write it, and refused later.
    Unknown(i32),
}

impl Mount {
    /// The mount of a protobuf enum number.
    pub fn from_number(number: i32) -> Self {
        match number {
            0 => Self::Any,
            1 => Self::EnvVar,
            2 => Self::File,
            other => Self::Unknown(other),
        }
    }

    /// The mount of a protobuf enum name; names are case-sensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "ANY" => Some(Self::Any),
            "ENV_VAR" => Some(Self::EnvVar),
            "FILE" => Some(Self::File),
            _ => None,
        }
    }

    /// The protobuf enum number.
    pub fn number(self) -> i32 {
        match self {
            Self::Any => 0,
            Self::EnvVar => 1,
            Self::File => 2,
            Self::Unknown(number) => number,
        }
    }
}

impl std::fmt::Display for Mount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("ANY"),
            Self::EnvVar => f.write_str("ENV_VAR"),
            Self::File => f.write_str("FILE"),
            Self::Unknown(number) => write!(f, "{number}"),
        }
    }
}
