//! Reading only what matters of a JSON text.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What to read of a value.
#[derive(Clone, Copy)]
pub(crate) enum Outline {
    All,
    /// Of an object, these fields.
    Fields(&'static [(&'static str, Outline)]),
    /// Of a list, so much of each item.
    Items(&'static Outline),
}

use Outline::{All, Fields, Items};

/// All that the managers and the editor read of a pod, and all that they may change. An init container may be one that
/// was injected before, and then every field of it is compared with what it should be.
pub(crate) const POD: Outline = Fields(&[
    ("metadata", Fields(&[("name", All), ("generateName", All), ("labels", All), ("annotations", All)])),
    (
        "spec",
        Fields(&[
            ("volumes", Items(&Fields(&[("name", All), ("emptyDir", All)]))),
            ("initContainers", All),
            ("containers", Items(&CONTAINER)),
            ("ephemeralContainers", Items(&CONTAINER)),
            ("securityContext", All),
        ]),
    ),
]);

const CONTAINER: Outline = Fields(&[("name", All), ("env", All), ("volumeMounts", All), ("securityContext", All)]);

/// So many values are read at most: each takes about 200 bytes of memory, up to thirty times what it takes in a text. The
/// largest pods that people have are far from it.
const MOST_VALUES: u32 = 100_000;
/// In a shorter text they are not counted, which makes reading slower.
const SHORT: usize = 128 * 1024;

/// Reads so much of a value.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'b> {
    outline: Outline,
    /// How many values may still be read, where that matters.
    left: Option<&'b Cell<u32>>,
}

/// Reads an outline of a JSON text.
///
/// # Errors
/// It is no JSON, or has too many values.
pub(crate) fn read(outline: Outline, text: &str) -> serde_json::Result<Value> {
    let left = Cell::new(MOST_VALUES);
    let left = (text.len() > SHORT).then_some(&left);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Reading { outline, left }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

impl Reading<'_> {
    fn of<E: Error>(self, outline: Outline) -> Result<Self, E> {
        if let Some(left) = self.left {
            let fewer = left.get().checked_sub(1);
            left.set(fewer.ok_or_else(|| E::custom(format_args!("more than {MOST_VALUES} values")))?);
        }
        Ok(Self { outline, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match (self.outline, self.left) {
            (All, None) => Value::deserialize(deserializer),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(Name(name)) = map.next_key()? {
            let outline = match self.outline {
                All | Items(_) => Some(All),
                Fields(fields) => fields.iter().find(|(field, _)| *field == name).map(|(_, outline)| *outline),
            };
            match outline {
                Some(outline) => drop(object.insert(name.into_owned(), map.next_value_seed(self.of(outline)?)?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let outline = match self.outline {
            All | Fields(_) => All,
            Items(outline) => *outline,
        };
        let mut list = Vec::new();
        while let Some(item) = seq.next_element_seed(self.of(outline)?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
}

/// A field's name, borrowed where it holds no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfName;

        impl<'de> Visitor<'de> for OfName {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(OfName)
    }
}
