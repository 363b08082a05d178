//! Kubernetes quantities: the grammar, and whole bytes.

/// Whether Kubernetes would take this as a resource quantity: `200m`, `500Mi`, `1.5`, `2e3`.
pub fn is_quantity(text: &str) -> bool {
    split(text).is_some_and(|(_, _, suffix)| is_suffix(suffix))
}

/// A quantity as a number of bytes: `6Mi`, `100M`, `1.5Gi`, `6291456`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let (whole, fraction, suffix) = split(text)?;
    if text.starts_with('-') {
        return None;
    }
    let unit = unit(suffix)?;
    let decimals = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = digits.checked_mul(unit)?;
    if scaled % decimals == 0 { u64::try_from(scaled / decimals).ok() } else { None }
}

/// Digits before the point, digits after it, and the suffix.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() { None } else { Some((whole, fraction, suffix)) }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn is_suffix(suffix: &str) -> bool {
    if unit(suffix).is_some() || matches!(suffix, "n" | "u" | "m") {
        return true;
    }
    suffix.strip_prefix(['e', 'E']).is_some_and(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && exponent.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn unit(suffix: &str) -> Option<u128> {
    let thousands = |power| 1_000_u128.pow(power);
    let kibis = |power: u32| 1_u128 << (10 * power);
    Some(match suffix {
        "" => 1,
        "k" => thousands(1),
        "M" => thousands(2),
        "G" => thousands(3),
        "T" => thousands(4),
        "P" => thousands(5),
        "E" => thousands(6),
        "Ki" => kibis(1),
        "Mi" => kibis(2),
        "Gi" => kibis(3),
        "Ti" => kibis(4),
        "Pi" => kibis(5),
        "Ei" => kibis(6),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_that_of_kubernetes() {
        for text in
            ["1", "0", "1.5", ".5", "1.", "+1", "-1", "200m", "100n", "7u", "5k", "500Mi", "1Ki", "2e3", "2E+3", "1E"]
        {
            assert!(is_quantity(text), "{text}");
        }
        for text in ["", ".", "m", "1 Gi", "1gi", "1K", "1mi", "1e", "1e+", "0x10", "1,5", "--1", "1MiB", "five"] {
            assert!(!is_quantity(text), "{text}");
        }
    }

    #[test]
    fn bytes_are_whole_and_not_negative() {
        for (text, expected) in [
            ("6Mi", Some(6_291_456)),
            ("100M", Some(100_000_000)),
            ("1.5Ki", Some(1_536)),
            ("6291456", Some(6_291_456)),
            ("0", Some(0)),
            ("0.5", None),
            ("100m", None),
            ("-1", None),
            ("16Ei", None),
            ("1e3", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
