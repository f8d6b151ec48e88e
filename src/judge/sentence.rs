//! Sentences with what became of them.

use crate::invariant::{Judgement, Seen};

/// An invariant and what became of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Its sentence.
    pub text: String,
    /// The judgement.
    pub judgement: Judgement,
}

/// Something that is only watched.
#[derive(Clone, PartialEq, Debug)]
pub struct Watched {
    /// Its name.
    pub name: String,
    /// Its term.
    pub text: String,
    /// What was seen.
    pub seen: Seen,
}
