//! The bytes out of a gzip file (RFC 1952), a buffer at a time.

use super::buffer::{BUFFER, Buffer, SourceError};
use super::error::Problem;
use flate2::bufread::GzDecoder;
use std::io::{self, Read};

/// The first bytes of a gzip member (RFC 1952, section 2.3.1): the two of the magic number and the
/// only method there is, deflate. With two bytes alone, one plain binary file in 65,536 would be
/// taken for one.
pub(super) const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// A gzip file under way.
pub(super) struct Gzip {
    phase: Phase,
    out: Vec<u8>,
    next: usize,
}

/// The decoder owns the file while it works on a member, and gives it back with the first byte
/// behind the member still unused.
enum Phase {
    /// No member has begun.
    Between(Buffer),
    /// A member is to be decoded.
    Inside(Box<GzDecoder<Buffer>>),
    /// The file is over, or nothing can be read any more.
    Over,
}

impl Gzip {
    pub(super) const fn new(file: Buffer) -> Self {
        Self { phase: Phase::Between(file), out: Vec::new(), next: 0 }
    }

    /// The bytes at hand; none only at the end.
    pub(super) fn fill(&mut self) -> Result<&[u8], SourceError> {
        while self.next >= self.out.len() {
            match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::Over => return Ok(&[]),
                Phase::Between(file) => self.phase = begin(file)?,
                Phase::Inside(member) => self.phase = self.decode(member)?,
            }
        }
        Ok(&self.out[self.next..])
    }

    /// Marks so many of the bytes at hand as used.
    pub(super) const fn consume(&mut self, count: usize) {
        self.next += count;
    }

    /// Decodes a buffer of the member. At its end the decoder compares the checksum and the length.
    fn decode(&mut self, mut member: Box<GzDecoder<Buffer>>) -> Result<Phase, SourceError> {
        self.out.resize(BUFFER, 0);
        self.next = 0;
        let read = loop {
            match member.read(&mut self.out) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.out.truncate(*read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Ok(Phase::Between(member.into_inner())),
            Ok(_) => Ok(Phase::Inside(member)),
            Err(error) => Err(blame(&error, member.get_ref().used())),
        }
    }
}

/// Begins the next member, or says that the file is over. Several members in a row are legal
/// (RFC 1952, section 2.2); anything else behind one is damage, as behind a zstd frame.
fn begin(mut file: Buffer) -> Result<Phase, SourceError> {
    let at = file.used();
    let held = file.peek(MAGIC.len()).map_err(|error| SourceError::unreadable(&error))?;
    if held.is_empty() {
        return Ok(Phase::Over);
    }
    if held.starts_with(&MAGIC) {
        return Ok(Phase::Inside(Box::new(GzDecoder::new(file))));
    }
    if MAGIC.starts_with(held) {
        let byte = Some(at + held.len() as u64);
        return Err(SourceError { problem: Problem::TruncatedGzip, byte });
    }
    let reason = "no gzip member begins here".to_owned();
    Err(SourceError { problem: Problem::CorruptGzip(reason), byte: Some(at) })
}

/// Tells a file that is cut off from one that cannot be read and from one that is damaged. `byte`
/// is how far the decoder has come.
fn blame(error: &io::Error, byte: u64) -> SourceError {
    // Complaints of the decoder have no number of the system's.
    if error.raw_os_error().is_some() {
        return SourceError::unreadable(error);
    }
    let problem = match error.kind() {
        io::ErrorKind::UnexpectedEof => Problem::TruncatedGzip,
        _ => Problem::CorruptGzip(error.to_string()),
    };
    SourceError { problem, byte: Some(byte) }
}

#[cfg(test)]
mod tests {
    use super::super::error::Place;
    use super::super::tests::{SECOND, csv, file, gzip, oracle, oracle_bytes};
    use super::super::{Columns, TraceError};
    use super::*;

    /// `gzip -9 -N` of a file `zz.csv` with the lines `1,7,5` and `2,8,6`: with its name and time.
    const MEMBER: [u8; 39] = [
        0x1f, 0x8b, 0x08, 0x08, 0x77, 0xda, 0x06, 0x6b, 0x02, 0x03, 0x7a, 0x7a, 0x2e, 0x63, 0x73,
        0x76, 0x00, 0x33, 0xd4, 0x31, 0xd7, 0x31, 0xe5, 0x32, 0xd2, 0xb1, 0xd0, 0x31, 0xe3, 0x02,
        0x00, 0xb7, 0x38, 0xea, 0xdf, 0x0c, 0x00, 0x00, 0x00,
    ];

    fn fails(read: Result<Vec<(u64, u64, u64)>, TraceError>) -> (Place, Problem) {
        let error = read.unwrap_err();
        (error.place(), error.problem().clone())
    }

    #[test]
    fn members_follow_each_other() {
        let records = oracle_bytes(&[(1, 7, 5), (2, 8, 6)]);
        let bytes = [gzip(&records[..30]), gzip(b""), gzip(&records[30..])].concat();
        assert_eq!(oracle(&bytes).unwrap(), [(0, 7, 5), (SECOND, 8, 6)]);
        for (tail, at, problem) in [
            (&b"garbage"[..], 0, Problem::CorruptGzip("no gzip member begins here".into())),
            (&[0; 512][..], 0, Problem::CorruptGzip("no gzip member begins here".into())),
            (&MAGIC[..2], 2, Problem::TruncatedGzip),
            (&MAGIC[..], 3, Problem::TruncatedGzip),
        ] {
            let place = Place::Byte((bytes.len() + at) as u64);
            assert_eq!(fails(oracle(&[&bytes, tail].concat())), (place, problem), "{tail:?}");
        }
    }

    #[test]
    fn damage_is_never_silent() {
        assert_eq!(csv(MEMBER, Columns::default()).unwrap(), [(0, 7, 5), (SECOND, 8, 6)]);
        for length in MAGIC.len()..MEMBER.len() {
            let end = Place::Byte(length as u64);
            let found = fails(csv(&MEMBER[..length], Columns::default()));
            assert_eq!(found, (end, Problem::TruncatedGzip), "{length}");
        }
        // The checksum, the length, and a digit, which only the checksum can tell; the reserved
        // block type stops where it stands.
        for (place, bits, byte) in
            [(31, 1, 39..40), (35, 1, 39..40), (18, 4, 39..40), (17, 6, 17..30)]
        {
            let mut hit = MEMBER;
            hit[place] ^= bits;
            let (found, problem) = fails(csv(hit, Columns::default()));
            assert!(matches!(problem, Problem::CorruptGzip(_)), "{place}: {problem:?}");
            assert!(matches!(found, Place::Byte(at) if byte.contains(&at)), "{place}: {found:?}");
        }
        let error = csv(&MEMBER[..20], Columns::default()).unwrap_err().to_string();
        assert!(error.ends_with(", byte 20: the compressed data end too early"), "{error}");
    }

    #[test]
    fn a_record_that_begins_like_gzip_is_a_record() {
        // A time of 0x8b1f s is gzip's magic number, but what follows it is no method.
        let records = oracle_bytes(&[(0x8b1f, 7, 5), (0x8b20, 8, 6)]);
        assert_eq!(oracle(&records).unwrap(), [(0, 7, 5), (SECOND, 8, 6)]);
    }

    #[test]
    fn memory_is_a_buffer_however_much_comes_out() {
        let packed = gzip(&vec![b'1'; 8 << 20]);
        let mut source = super::super::source::Source::open(file(&packed).path()).unwrap();
        let mut total = 0;
        loop {
            let held = source.fill().unwrap().len();
            assert!(held <= BUFFER, "{held}");
            if held == 0 {
                break;
            }
            total += held;
            source.consume(held);
        }
        assert_eq!(total, 8 << 20);
    }
}
