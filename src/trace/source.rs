//! The bytes of a file, plain or out of zstd or gzip, a buffer at a time.

use super::buffer::{BUFFER, Buffer, SourceError};
use super::error::Problem;
use super::gzip::{self, Gzip};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The first bytes of a zstd frame (RFC 8878, section 3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The uncompressed bytes of a file, from the front to the back.
pub(super) enum Source {
    Plain(Buffer),
    Zstd(Buffer, Zstd),
    Gzip(Gzip),
}

pub(super) struct Zstd {
    decoder: Box<FrameDecoder>,
    out: Vec<u8>,
    next: usize,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No frame has begun.
    Between,
    /// Blocks of a frame are to be decoded.
    Inside,
    /// They are, and the checksum is to be compared when all bytes are collected, because the
    /// decoder computes it as they leave.
    Decoded,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        let opened = std::fs::metadata(path).and_then(|about| {
            if about.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            File::open(path)
        });
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SourceError { problem: Problem::Missing, byte: None },
            io::ErrorKind::IsADirectory => {
                SourceError { problem: Problem::IsDirectory, byte: None }
            }
            _ => SourceError::unreadable(&error),
        })?;
        let mut file = Buffer::new(file);
        // A pipe may give a byte at a time, so four of them may need several reads.
        let magic = file.peek(MAGIC.len()).map_err(|error| SourceError::unreadable(&error))?;
        if magic.starts_with(&MAGIC) {
            let decoder = Box::new(FrameDecoder::new());
            let zstd = Zstd { decoder, out: Vec::new(), next: 0, phase: Phase::Between };
            return Ok(Self::Zstd(file, zstd));
        }
        if magic.starts_with(&gzip::MAGIC) {
            return Ok(Self::Gzip(Gzip::new(file)));
        }
        Ok(Self::Plain(file))
    }

    /// The bytes at hand; none only at the end.
    pub(super) fn fill(&mut self) -> Result<&[u8], SourceError> {
        match self {
            Self::Plain(file) => file.peek(1).map_err(|error| SourceError::unreadable(&error)),
            Self::Zstd(file, zstd) => zstd.fill(file),
            Self::Gzip(gzip) => gzip.fill(),
        }
    }

    /// Marks so many of the bytes at hand as used.
    pub(super) fn consume(&mut self, count: usize) {
        match self {
            Self::Plain(file) => file.consume(count),
            Self::Zstd(_, zstd) => zstd.next += count,
            Self::Gzip(gzip) => gzip.consume(count),
        }
    }
}

impl Zstd {
    fn fill(&mut self, file: &mut Buffer) -> Result<&[u8], SourceError> {
        while self.next >= self.out.len() {
            if self.decoder.can_collect() > 0 {
                self.out.resize(BUFFER, 0);
                let read = self.decoder.read(&mut self.out);
                let read = read.map_err(|error| SourceError::unreadable(&error))?;
                self.out.truncate(read);
                self.next = 0;
                continue;
            }
            match self.phase {
                Phase::Inside => self.decode(file)?,
                Phase::Decoded => self.check(file.used())?,
                Phase::Between => {
                    if !self.begin(file)? {
                        return Ok(&[]);
                    }
                }
            }
        }
        Ok(&self.out[self.next..])
    }

    /// Begins the next frame, or says that the file is over. Several frames in a row are legal, and
    /// so are skippable frames between them (RFC 8878, sections 3 and 3.1.2).
    fn begin(&mut self, file: &mut Buffer) -> Result<bool, SourceError> {
        let at = file.used();
        if file.peek(1).map_err(|error| SourceError::unreadable(&error))?.is_empty() {
            return Ok(false);
        }
        match self.decoder.reset(&mut *file) {
            Ok(()) => self.phase = Phase::Inside,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let skipped = io::copy(&mut file.by_ref().take(length.into()), &mut io::sink());
                if skipped.map_err(|error| SourceError::unreadable(&error))? < length.into() {
                    return Err(SourceError {
                        problem: Problem::TruncatedZstd,
                        byte: Some(file.used()),
                    });
                }
            }
            Err(error) => return Err(blame(&error, at, file)),
        }
        Ok(true)
    }

    /// Decodes one block: at most 128 KiB.
    fn decode(&mut self, file: &mut Buffer) -> Result<(), SourceError> {
        let at = file.used();
        let step = BlockDecodingStrategy::UptoBlocks(1);
        let decoded = self.decoder.decode_blocks(&mut *file, step);
        decoded.map_err(|error| blame(&error, at, file))?;
        if self.decoder.is_finished() {
            self.phase = Phase::Decoded;
        }
        Ok(())
    }

    /// Compares the frame's checksum, if it has one, and ends the frame.
    fn check(&mut self, end: u64) -> Result<(), SourceError> {
        self.phase = Phase::Between;
        match self.decoder.get_checksum_from_data() {
            Some(stored) if self.decoder.get_calculated_checksum() != Some(stored) => {
                let reason = "the checksum of the frame that ends here is wrong".to_owned();
                Err(SourceError { problem: Problem::CorruptZstd(reason), byte: Some(end) })
            }
            _ => Ok(()),
        }
    }
}

/// Tells a file that is cut off from one that cannot be read and from one that is damaged. `at` is
/// where the frame or block begins.
fn blame(error: &FrameDecoderError, at: u64, file: &mut Buffer) -> SourceError {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let system = cause.downcast_ref::<io::Error>();
    if let Some(system) = system.filter(|error| error.kind() != io::ErrorKind::UnexpectedEof) {
        return SourceError::unreadable(system);
    }
    // The decoder also runs out of bytes inside a damaged block; the file is over only if it is.
    if system.is_some() && file.peek(1).is_ok_and(<[u8]>::is_empty) {
        return SourceError { problem: Problem::TruncatedZstd, byte: Some(file.used()) };
    }
    SourceError { problem: Problem::CorruptZstd(cause.to_string()), byte: Some(at) }
}
