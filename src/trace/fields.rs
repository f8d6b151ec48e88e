//! Lines, their fields, and the numbers in them.

use super::Delimiter;
use super::buffer::SourceError;
use super::error::Problem;
use super::source::Source;

/// The longest line of a csv, in bytes without its end: 1 MiB, so that a file without line ends
/// cannot fill the memory.
pub const LONGEST_LINE: usize = 1 << 20;

/// Digits of a time behind the point that count; the rest is below 10^-18 ticks.
const PLACES: u32 = 18;

/// What came instead of a line.
pub(super) enum LineError {
    TooLong,
    Source(SourceError),
}

/// Reads the next line, without its end, into `line`. False at the end of the file.
pub(super) fn read_line(source: &mut Source, line: &mut Vec<u8>) -> Result<bool, LineError> {
    line.clear();
    loop {
        let held = source.fill().map_err(LineError::Source)?;
        if held.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = held.iter().position(|byte| *byte == b'\n');
        let part = &held[..end.unwrap_or(held.len())];
        if line.len() + part.len() > LONGEST_LINE {
            return Err(LineError::TooLong);
        }
        line.extend_from_slice(part);
        let count = part.len() + usize::from(end.is_some());
        source.consume(count);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// The fields of a line, trimmed and out of their quotes, in buffers that are used again.
#[derive(Default)]
pub(super) struct Fields {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    /// Splits the first `most` fields off the line.
    pub(super) fn split(
        &mut self,
        line: &[u8],
        delimiter: Delimiter,
        most: usize,
    ) -> Result<(), Problem> {
        self.text.clear();
        self.ends.clear();
        let mut rest = if delimiter == Delimiter::Blanks { line.trim_ascii() } else { line };
        while self.ends.len() < most {
            let (used, last) = self.take(rest, delimiter)?;
            if last {
                break;
            }
            rest = &rest[used..];
            if delimiter == Delimiter::Blanks {
                rest = rest.trim_ascii_start();
            }
        }
        Ok(())
    }

    /// Takes one field. Says how many bytes it and its delimiter have, and whether it is the last.
    fn take(&mut self, rest: &[u8], delimiter: Delimiter) -> Result<(usize, bool), Problem> {
        let ends = |byte: &u8| match delimiter {
            Delimiter::Comma => *byte == b',',
            Delimiter::Tab => *byte == b'\t',
            Delimiter::Semicolon => *byte == b';',
            Delimiter::Blanks => byte.is_ascii_whitespace(),
        };
        let skipped = match delimiter {
            // A tab is a blank to `is_ascii_whitespace` and must stay a delimiter here.
            Delimiter::Tab => rest.iter().take_while(|byte| **byte == b' ').count(),
            _ => rest.len() - rest.trim_ascii_start().len(),
        };
        let mut at = skipped;
        if rest.get(at) == Some(&b'"') {
            at = self.unquote(rest, at + 1)?;
            let end = rest[at..].iter().position(ends).map_or(rest.len(), |found| at + found);
            if !rest[at..end].trim_ascii().is_empty() {
                return Err(Problem::BadQuote);
            }
            at = end;
        } else {
            at = rest.iter().position(ends).unwrap_or(rest.len());
            self.text.extend_from_slice(rest[..at].trim_ascii());
        }
        self.ends.push(self.text.len());
        Ok((at + 1, at >= rest.len()))
    }

    /// Copies what stands from `from` to the closing quote, and says where it goes on behind that.
    /// Two quotes in a row are one that belongs to the text.
    fn unquote(&mut self, rest: &[u8], from: usize) -> Result<usize, Problem> {
        let mut at = from;
        loop {
            let length =
                rest[at..].iter().position(|byte| *byte == b'"').ok_or(Problem::BadQuote)?;
            self.text.extend_from_slice(&rest[at..at + length]);
            at += length + 1;
            if rest.get(at) != Some(&b'"') {
                return Ok(at);
            }
            self.text.push(b'"');
            at += 1;
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field at this place, from 0.
    pub(super) fn get(&self, place: usize) -> Option<&[u8]> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.text.get(start.unwrap_or(0)..end)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|place| self.get(place))
    }
}

/// A number of digits only, below 2^64.
pub(super) fn whole(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// A time of so many ticks as nanoseconds since the column's origin, rounded half to even.
///
/// `12`, `12.5`, `.5` and `5.` are times; whole ticks are below 2^64, so that nothing overflows.
pub(super) fn ticks(text: &[u8], tick_nanos: u64) -> Option<u128> {
    let point = text.iter().position(|byte| *byte == b'.');
    let (before, behind) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    let tick = u128::from(tick_nanos);
    let (mut digits, mut scale) = (0_u128, 1_u128);
    for (place, byte) in (0_u32..).zip(behind) {
        if !byte.is_ascii_digit() {
            return None;
        }
        if place < PLACES {
            digits = digits * 10 + u128::from(byte - b'0');
            scale *= 10;
        }
    }
    let ticks = match whole(before) {
        Some(ticks) => ticks,
        None if before.is_empty() && !behind.is_empty() => 0,
        None => return None,
    };
    // Below 10^18 * 2^64, which is below 2^124.
    let (quotient, remainder) = (digits * tick / scale, digits * tick % scale);
    let up = remainder * 2 > scale || (remainder * 2 == scale && quotient % 2 == 1);
    Some(u128::from(ticks) * tick + quotient + u128::from(up))
}

/// A key: the number that it is, or the 64-bit FNV-1a hash (Fowler, Noll, Vo) of its bytes.
pub(super) fn key(text: &[u8]) -> u64 {
    whole(text).unwrap_or_else(|| Fnv::default().with(text).0)
}

/// A 64-bit FNV-1a hash under way.
#[derive(Clone, Copy)]
pub(super) struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    #[must_use]
    pub(super) fn with(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str, delimiter: Delimiter) -> Result<Vec<String>, Problem> {
        let mut fields = Fields::default();
        fields.split(line.as_bytes(), delimiter, usize::MAX)?;
        Ok(fields.iter().map(|field| String::from_utf8(field.to_vec()).unwrap()).collect())
    }

    #[test]
    fn fields_are_trimmed_and_out_of_their_quotes() {
        for (line, delimiter, fields) in [
            ("0, 17 ,5\r", Delimiter::Comma, vec!["0", "17", "5"]),
            ("a,,b,", Delimiter::Comma, vec!["a", "", "b", ""]),
            ("", Delimiter::Comma, vec![""]),
            ("\t a\t\tb", Delimiter::Tab, vec!["", "a", "", "b"]),
            ("1;2,3;4", Delimiter::Semicolon, vec!["1", "2,3", "4"]),
            ("  1 \t 2  3 ", Delimiter::Blanks, vec!["1", "2", "3"]),
            ("1, \"a,\"\"b\"\"\" ,2", Delimiter::Comma, vec!["1", "a,\"b\"", "2"]),
            ("\"\",x", Delimiter::Comma, vec!["", "x"]),
            ("a\"b,c", Delimiter::Comma, vec!["a\"b", "c"]),
            ("\"a b\" c", Delimiter::Blanks, vec!["a b", "c"]),
            (" \"a\"\t\"b\"", Delimiter::Tab, vec!["a", "b"]),
        ] {
            assert_eq!(split(line, delimiter).unwrap(), fields, "{line}");
        }
        assert_eq!(split("1,\"a", Delimiter::Comma), Err(Problem::BadQuote));
        assert_eq!(split("1,\"a\"b", Delimiter::Comma), Err(Problem::BadQuote));
        assert_eq!(split("\"", Delimiter::Tab), Err(Problem::BadQuote));
    }

    #[test]
    fn only_the_fields_that_are_needed_are_split() {
        let mut fields = Fields::default();
        fields.split(b"1,2,\"open", Delimiter::Comma, 2).unwrap();
        assert_eq!((fields.len(), fields.get(1), fields.get(2)), (2, Some(&b"2"[..]), None));
    }

    #[test]
    fn times_are_exact_and_round_half_to_even() {
        const SECOND: u64 = 1_000_000_000;
        for (text, tick, nanos) in [
            ("12", SECOND, 12_000_000_000),
            ("1583020800.123456789", SECOND, 1_583_020_800_123_456_789),
            ("0.0000000005", SECOND, 0),
            ("0.0000000015", SECOND, 2),
            ("0.00000000050000001", SECOND, 1),
            (".5", SECOND, 500_000_000),
            ("5.", 1, 5),
            ("0.9999999999999999999999", 2, 2),
            ("18446744073709551615", u64::MAX, u128::from(u64::MAX) * u128::from(u64::MAX)),
            (
                "18446744073709551615.999999999999999999999",
                u64::MAX,
                u128::MAX - u128::from(u64::MAX) - 18,
            ),
        ] {
            assert_eq!(ticks(text.as_bytes(), tick), Some(nanos), "{text}");
        }
        for text in
            ["", ".", "-1", "+1", "1e3", "1.2.3", "1,5", "18446744073709551616", "1.x", " 1"]
        {
            assert_eq!(ticks(text.as_bytes(), 1), None, "{text}");
        }
    }

    #[test]
    fn keys_are_numbers_or_their_published_hash() {
        assert_eq!(key(b"18446744073709551615"), u64::MAX);
        assert_eq!(key(b"007"), 7);
        // From the authors' test suite.
        assert_eq!(key(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(key(b"foobar"), 0x8594_4171_f739_67e8);
        assert_ne!(key(b"18446744073709551616"), key(b"18446744073709551617"));
    }
}
