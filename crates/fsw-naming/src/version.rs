/// Which version of a secret is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// What AWS calls `AWSCURRENT`.
    Current,
    /// Another staging label.
    Stage(String),
    /// One version, by its id.
    Id(String),
}

impl Version {
    /// What a request's `group_version` means; none where it means nothing to AWS.
    ///
    /// A UUID is a version id, a text that begins with `AWS` a staging label. Anything else is a staging label only
    /// where `any_text_is_stage` says so.
    pub fn from_group_version(group_version: &str, any_text_is_stage: bool) -> Option<Self> {
        match group_version {
            "" | "AWSCURRENT" => Some(Self::Current),
            id if is_uuid(id) => Some(Self::Id(id.to_owned())),
            stage if any_text_is_stage || stage.starts_with("AWS") => Some(Self::Stage(stage.to_owned())),
            _ => None,
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => f.write_str("AWSCURRENT"),
            Self::Stage(name) | Self::Id(name) => f.write_str(name),
        }
    }
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_version_is_an_id_a_stage_or_nothing() {
        let uuid = "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111";
        let cases = [
            ("", Some(Version::Current)),
            ("AWSCURRENT", Some(Version::Current)),
            ("AWSPREVIOUS", Some(Version::Stage("AWSPREVIOUS".into()))),
            ("a1b2c3d4-5678-90ab-cdef-000000011111", Some(Version::Id("a1b2c3d4-5678-90ab-cdef-000000011111".into()))),
            (uuid, None),
            ("v2", None),
        ];
        for (text, version) in cases {
            assert_eq!(Version::from_group_version(text, false), version, "{text}");
        }
        assert_eq!(Version::from_group_version("v2", true), Some(Version::Stage("v2".into())));
    }
}
