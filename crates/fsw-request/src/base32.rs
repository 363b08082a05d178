//! Base32 as Flyte writes it: its own alphabet, no padding, and the leniency of Go's decoder.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

use crate::DecodeError;

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz123456";

/// Characters in a whole group of five bytes.
const QUANTUM: usize = 8;

static FLYTE: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str(ALPHABET);
    specification.check_trailing_bits = false;
    #[expect(clippy::expect_used, reason = "a constant; the tests would fail")]
    specification.encoding().expect("thirty-two different symbols")
});

pub(crate) fn encode(bytes: &[u8]) -> String {
    FLYTE.encode(bytes)
}

/// Line breaks are skipped, and a last group that no encoder could have written (1, 3 or 6 characters) counts as
/// absent: Go's decoder does both, so such annotations work with Flyte's own webhook.
pub(crate) fn decode(value: &str) -> Result<Vec<u8>, DecodeError> {
    // Nearly every value is as an encoder writes it.
    FLYTE.decode(value.as_bytes()).or_else(|_| decode_leniently(value))
}

fn decode_leniently(value: &str) -> Result<Vec<u8>, DecodeError> {
    let mut symbols = Vec::with_capacity(value.len());
    for (position, found) in value.chars().enumerate() {
        match found {
            '\r' | '\n' => {}
            'a'..='z' | '1'..='6' => symbols.push(found as u8),
            _ => return Err(DecodeError::Base32 { position, found }),
        }
    }
    let rest = symbols.len() % QUANTUM;
    if matches!(rest, 1 | 3 | 6) {
        symbols.truncate(symbols.len() - rest);
    }
    // Every symbol was checked above and the length is one that an encoder writes, so this cannot fail.
    Ok(FLYTE.decode(&symbols).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    #[test]
    fn values_decode_to_the_bytes_that_flyte_reads() {
        for vector in fsw_testkit::annotation_vectors().base32_decode {
            let decoded = super::decode(&vector.r#in).ok().map(|bytes| BASE64.encode(&bytes));
            assert_eq!(decoded, vector.ok.then_some(vector.out_base64), "{:?}", vector.r#in);
        }
    }
}
