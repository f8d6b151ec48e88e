//! The place in a sentence up to which it has been read, and what is wrong with it so far.

use super::check::Refusal;
use super::lex::{self, Kind, Token};
use super::{Complaint, Names, window};
use crate::units::Instant;
use std::ops::Range;

/// A sentence on its way: the parts of the grammar read it, each in a file of its own.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) names: &'a Names<'a>,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) place: usize,
    pub(super) complaints: Vec<Complaint>,
    /// Whether the bound stands inside a parenthesis where none may.
    pub(super) bound_inside: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, names: &'a Names<'a>) -> Self {
        Self {
            text,
            names,
            tokens: lex::tokens(text),
            place: 0,
            complaints: Vec::new(),
            bound_inside: false,
        }
    }

    pub(super) fn finish<T>(mut self, read: Option<T>) -> Result<T, Vec<Complaint>> {
        if self.complaints.is_empty() {
            if let Some(read) = read {
                return Ok(read);
            }
            self.complain(0..self.text.len(), "this sentence is not understood", None);
        }
        self.complaints.sort_by_key(|complaint| (complaint.at.start, complaint.at.end));
        Err(self.complaints)
    }

    pub(super) fn complain(
        &mut self,
        at: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.complaints.push(Complaint { at, message: message.into(), help });
    }

    /// Takes a result's value, or complains at this place.
    pub(super) fn accept<T>(&mut self, at: Range<usize>, result: Result<T, Refusal>) -> Option<T> {
        result.map_err(|(message, help)| self.complain(at, message, help)).ok()
    }

    pub(super) fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.place)
    }

    pub(super) fn peek_word(&self) -> Option<Token<'a>> {
        self.peek().filter(|token| token.kind == Kind::Word).cloned()
    }

    pub(super) fn peek_kind(&self) -> Option<Kind> {
        self.peek().map(|token| token.kind)
    }

    /// Where the last token ends.
    pub(super) fn end(&self) -> usize {
        self.tokens.last().map_or(0, |token| token.at.end)
    }

    /// Where the last token that was read ends.
    pub(super) fn read_to(&self) -> usize {
        self.place
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(0, |token| token.at.end)
    }

    /// The next token's place, or an empty one at the end.
    pub(super) fn here(&self) -> Range<usize> {
        self.peek().map_or(self.end()..self.end(), |token| token.at.clone())
    }
}

/// The window of a term without a clause of time; complains if nothing is left to judge.
pub(super) fn whole_window(parser: &mut Parser<'_>) -> Option<(Instant, Instant)> {
    let (start, end) = window::whole(parser.names);
    if start < end {
        return Some((start, end));
    }
    let message = window::nothing_is_judged(parser.names);
    parser.complain(0..parser.text.len(), message, None);
    None
}
