//! How a text for a terminal is laid out.

use super::Paint;
use crate::invariant::Verdict;
use std::fmt::Write as _;

/// The widest line that is written; a single longer word is not broken.
pub(super) const WIDTH: usize = 100;
/// Room for `unmeasured`.
pub(super) const MARK: usize = 10;

/// How a text looks.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Look {
    /// With colours or without.
    pub paint: Paint,
    /// With each invariant's sentence, the number of its samples, and the table of requests.
    pub verbose: bool,
}

/// The mark of a verdict, padded. A broken one shouts, so that it is found without colours.
pub(super) fn mark(verdict: Verdict, look: Look) -> String {
    let word = match verdict {
        Verdict::Holds => "holds",
        Verdict::Broken => "BROKEN",
        Verdict::Unmeasured => "unmeasured",
    };
    look.paint.verdict(verdict, &format!("{word:<MARK$}"))
}

/// Begins a section.
pub(super) fn heading(out: &mut String, text: &str, look: Look) {
    let _ = writeln!(out, "\n{}", look.paint.strong(text));
}

/// Breaks a text at blanks into lines of at most `width` characters; never no line at all.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
