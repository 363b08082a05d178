//! Kubernetes resource quantities, as far as telling two apart needs.

/// An amount, exact to a billionth (Kubernetes rounds there too).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    nano: i128,
}

impl Quantity {
    /// Reads `100m`, `0.1`, `500Mi`, `1e3`; none where the text is no quantity or beyond what Kubernetes holds.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '-' | '.')).unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (negative, number) = match number.as_bytes().first()? {
            b'-' => (true, &number[1..]),
            b'+' => (false, &number[1..]),
            _ => (false, number),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (base, exponent) = scale(suffix)?;
        let decimal = if base == 10 { exponent } else { 0 } + 9 - i32::try_from(fraction.len()).ok()?;
        let binary = if base == 2 { u32::try_from(exponent).ok()? } else { 0 };
        let mut nano = digits.parse::<i128>().ok()?.checked_mul(1_i128.checked_shl(binary)?)?;
        let power = 10_i128.checked_pow(decimal.unsigned_abs())?;
        nano = if decimal >= 0 { nano.checked_mul(power)? } else { nano / power };
        Some(Self { nano: if negative { -nano } else { nano } })
    }
}

/// Base and exponent of a suffix.
fn scale(suffix: &str) -> Option<(u32, i32)> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [(&str, i32); 10] =
        [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
    if let Some(index) = BINARY.iter().position(|name| *name == suffix) {
        return Some((2, 10 * (i32::try_from(index).ok()? + 1)));
    }
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((10, *exponent));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?;
    (-30..=30).contains(&exponent).then_some((10, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_spellings_of_one_amount_are_equal() {
        for (a, b) in [
            ("0.2", "200m"),
            ("1024Mi", "1Gi"),
            ("1", "1000m"),
            ("1e3", "1k"),
            ("1.5Gi", "1536Mi"),
            ("-1", "-1000m"),
            ("+1.", "1"),
        ] {
            assert!(Quantity::parse(a).is_some(), "{a}");
            assert_eq!(Quantity::parse(a), Quantity::parse(b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in ["", "x", "1x", "Mi", "1 Mi", "--1", "1.2.3", "1-2", "1e", "1e99", "1Mib", "."] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
