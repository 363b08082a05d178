//! Reading single settings. As lenient about types as Flyte (a port may be a string), as strict about values as Kubernetes.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, SeqAccess, Unexpected, Visitor};

use crate::{duration, quantity, syntax};

/// A single value of any type, as its text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D, expected: &str) -> Result<String, D::Error> {
    struct TextVisitor<'a>(&'a str);

    impl Visitor<'_> for TextVisitor<'_> {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
        fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
            Ok(value.to_string())
        }
        fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
            Ok(value.to_string())
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
            Ok(value.to_string())
        }
        fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
            Ok(value.to_string())
        }
    }

    deserializer.deserialize_any(TextVisitor(expected))
}

/// The text, lowered by `parse`, or the error that says what was expected.
fn parsed<'de, D, T>(deserializer: D, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    let text = text(deserializer, expected)?;
    parse(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &expected))
}

/// As [`parsed`], where an empty text means that nothing is set (charts write `""`).
fn some<'de, D, T>(deserializer: D, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
{
    parsed(deserializer, expected, |text| if text.is_empty() { Some(None) } else { parse(text).map(Some) })
}

fn valid(is_valid: fn(&str) -> bool) -> impl Fn(&str) -> Option<String> {
    move |text| is_valid(text).then(|| text.to_owned())
}

pub(crate) fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    parsed(deserializer, "a port from 1 to 65535", |text| text.parse().ok().filter(|port| *port != 0))
}

pub(crate) fn port_or_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    parsed(deserializer, "a port from 1 to 65535, or 0 for off", |text| text.parse().ok())
}

pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    parsed(deserializer, "a whole number, at least 1", |text| text.parse().ok().filter(|count| *count != 0))
}

/// What Go's `strconv.ParseBool` takes, and YAML 1.1's words, which Go's YAML takes.
pub(crate) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    parsed(deserializer, "true or false", |text| match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "on" => Some(true),
        "false" | "f" | "0" | "no" | "n" | "off" => Some(false),
        _ => None,
    })
}

pub(crate) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    parsed(deserializer, "a path", |text| (!text.is_empty()).then(|| text.into()))
}

pub(crate) fn some_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    some(deserializer, "a path", |text| Some(text.into()))
}

pub(crate) fn some_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    some(deserializer, "a text", |text| Some(text.to_owned()))
}

pub(crate) fn some_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    some(deserializer, "a URL that begins with http:// or https://", valid(syntax::is_url))
}

pub(crate) fn env_var_prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let expected = "the beginning of a variable's name: letters, digits, '-', '.' and '_', no digit first";
    parsed(deserializer, expected, valid(syntax::is_env_var_prefix))
}

pub(crate) fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_region = |text: &str| text.is_empty() || syntax::is_region(text);
    parsed(deserializer, "an AWS region, or nothing for what the AWS SDK finds", valid(is_region))
}

pub(crate) fn image<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, "a container image", valid(syntax::is_image))
}

pub(crate) fn log_level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(
        deserializer,
        "a level (off, error, warn, info, debug, trace), and target=level for parts, comma-separated",
        valid(syntax::is_log_filter),
    )
}

const DNS_LABEL: &str = "a name of at most 63 characters a-z, 0-9 and '-', no '-' at either end";

pub(crate) fn dns_label<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    parsed(deserializer, DNS_LABEL, valid(syntax::is_dns_label))
}

pub(crate) fn dns_subdomain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let expected =
        "a name of at most 253 characters a-z, 0-9, '-' and '.', no '-' or '.' next to a '.' or at either end";
    parsed(deserializer, expected, valid(syntax::is_dns_subdomain))
}

pub(crate) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    parsed(deserializer, "an IP address (0.0.0.0 or :: for all)", |text| text.parse().ok())
}

pub(crate) fn some_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    some(deserializer, "a whole number of bytes", quantity::bytes)
}

pub(crate) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    parsed(deserializer, "a whole number of bytes", quantity::bytes)
}

pub(crate) fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    parsed(deserializer, "a whole number of percent, 0 to 100", |text| {
        text.parse().ok().filter(|percent| *percent <= 100)
    })
}

pub(crate) fn some_room<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    parsed(deserializer, "a whole number of bytes, at least 1", |text| {
        quantity::bytes(text).filter(|bytes| *bytes != 0)
    })
}

/// A bare number counts nanoseconds in Go, so `10` for ten seconds is a likely mistake; nothing here needs less than 1 ms.
const SHORTEST: Duration = Duration::from_millis(1);

fn any_duration(text: &str) -> Option<Duration> {
    let found = text.parse().ok().map(Duration::from_nanos).or_else(|| duration::parse(text))?;
    (found.is_zero() || found >= SHORTEST).then_some(found)
}

pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parsed(deserializer, "a duration with a unit (ms, s, m, h), 0 or at least 1ms", any_duration)
}

pub(crate) fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    some(deserializer, "a duration with a unit (ms, s, m, h), 0 or at least 1ms", any_duration)
}

pub(crate) fn timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let expected = "a duration with a unit (ms, s, m, h), at least 1ms";
    parsed(deserializer, expected, |text| any_duration(text).filter(|found| !found.is_zero()))
}

pub(crate) fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parsed(deserializer, "a duration of whole seconds, at least 1s", |text| any_duration(text).filter(is_whole_seconds))
}

/// Flyte's type is a number of seconds; a duration is taken too.
pub(crate) fn webhook_timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parsed(deserializer, "whole seconds, 1 to 30", |text| {
        let seconds = text.parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()));
        seconds.or_else(|| duration::parse(text)).filter(is_whole_seconds)
    })
}

fn is_whole_seconds(duration: &Duration) -> bool {
    duration.as_secs() >= 1 && duration.subsec_nanos() == 0
}

/// A list, a single value, or values with commas between them, as Flyte takes them.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct ListVisitor<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(|part| T::deserialize::<StrDeserializer<'_, E>>(part.into_deserializer())).collect()
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                list.push(item);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
}

/// A list with at least one entry.
pub(crate) fn some_of<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = list(deserializer)?;
    if list.is_empty() { Err(D::Error::invalid_length(0, &"a list of at least one")) } else { Ok(list) }
}

struct ContainerName(String);

impl<'de> Deserialize<'de> for ContainerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        dns_label(deserializer).map(Self)
    }
}

pub(crate) fn container_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(list::<D, ContainerName>(deserializer)?.into_iter().map(|ContainerName(name)| name).collect())
}

struct Quantity(String);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a Kubernetes quantity", valid(quantity::is_quantity)).map(Self)
    }
}

pub(crate) fn quantities<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let amounts = BTreeMap::<String, Quantity>::deserialize(deserializer)?;
    Ok(amounts.into_iter().map(|(resource, Quantity(amount))| (resource, amount)).collect())
}
