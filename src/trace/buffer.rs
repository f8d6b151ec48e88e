//! A file, and what has been read of it but not used.

use super::error::Problem;
use std::fs::File;
use std::io::{self, BufRead, Read};

/// How many bytes are held at once.
pub(super) const BUFFER: usize = 64 * 1024;

/// What is wrong, and at which byte of the file on disk if that is known.
#[derive(Debug)]
pub(super) struct SourceError {
    pub problem: Problem,
    pub byte: Option<u64>,
}

/// A file and what has been read of it but not used.
pub(super) struct Buffer {
    file: File,
    bytes: Vec<u8>,
    next: usize,
    /// How many bytes have been used, since the beginning of the file.
    used: u64,
}

impl SourceError {
    pub(super) fn unreadable(error: &io::Error) -> Self {
        Self { problem: Problem::Unreadable(error.to_string()), byte: None }
    }
}

impl Buffer {
    pub(super) const fn new(file: File) -> Self {
        Self { file, bytes: Vec::new(), next: 0, used: 0 }
    }

    /// At least `count` bytes (at most [`BUFFER`]), or all that are left.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.bytes.len() - self.next < count {
            self.bytes.drain(..self.next);
            self.next = 0;
            let held = self.bytes.len();
            self.bytes.resize(BUFFER, 0);
            let read = loop {
                match self.file.read(&mut self.bytes[held..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            self.bytes.truncate(held + *read.as_ref().unwrap_or(&0));
            if read? == 0 {
                break;
            }
        }
        Ok(&self.bytes[self.next..])
    }

    pub(super) const fn consume(&mut self, count: usize) {
        self.next += count;
        self.used += count as u64;
    }

    /// How many bytes have been used, since the beginning of the file.
    pub(super) const fn used(&self) -> u64 {
        self.used
    }
}

impl BufRead for Buffer {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, count: usize) {
        Self::consume(self, count);
    }
}

impl Read for Buffer {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let held = self.peek(1)?;
        let count = held.len().min(into.len());
        into[..count].copy_from_slice(&held[..count]);
        self.consume(count);
        Ok(count)
    }
}
