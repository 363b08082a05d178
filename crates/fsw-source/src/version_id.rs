use std::fmt;

use uuid::Uuid;

/// The id of a version of a secret. AWS gives UUIDs, and a cache may hold thousands, so those are kept as numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct VersionId(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Uuid(Uuid),
    Text(Box<str>),
}

impl VersionId {
    /// The bytes that it takes beside itself.
    pub fn size(&self) -> usize {
        match &self.0 {
            Form::Uuid(_) => 0,
            Form::Text(text) => text.len(),
        }
    }
}

impl From<&str> for VersionId {
    fn from(text: &str) -> Self {
        // A UUID can be written in other ways, too; what comes out is what came in.
        let uuid = Uuid::try_parse(text).ok().filter(|uuid| {
            let mut written = Uuid::encode_buffer();
            uuid.hyphenated().encode_lower(&mut written) == text
        });
        Self(uuid.map_or_else(|| Form::Text(text.into()), Form::Uuid))
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Uuid(uuid) => f.write_str(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer())),
            Form::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::VersionId;

    #[test]
    fn what_comes_out_is_what_came_in() {
        let uuid = "61a55ea0-0000-4000-8000-5ea00296ec17";
        for (text, size) in [
            (uuid, 0),
            (&uuid.to_uppercase(), 36),
            (&uuid.replace('-', ""), 32),
            (&format!("{{{uuid}}}"), 38),
            (&format!("urn:uuid:{uuid}"), 45),
            ("terraform-20250101000000000000000001", 36),
            ("", 0),
        ] {
            let id = VersionId::from(text);
            assert_eq!((id.to_string(), id.size()), (text.to_owned(), size));
        }
    }
}
