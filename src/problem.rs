//! What is wrong with what the user wrote: place, message and help, and the one form in which people read
//! it.

use annotate_snippets::normalize_untrusted_str as plain;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// One thing that is wrong with what the user wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The file, as it was named, or `the command line`.
    pub file: String,
    /// The text that `at` counts in, when it is not the file's: an option of the command line.
    pub text: Option<String>,
    /// The bytes that are wrong; `None` when it is the whole.
    pub at: Option<Range<usize>>,
    /// What is wrong: a sentence without a full stop.
    pub message: String,
    /// A word under the marked bytes.
    pub label: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

/// The name under which problems with options are reported.
pub const COMMAND_LINE: &str = "the command line";

impl Problem {
    /// A problem of a whole file.
    #[must_use]
    pub fn about(file: &str, message: &str, help: &str) -> Self {
        Self {
            file: file.into(),
            text: None,
            at: None,
            message: message.into(),
            label: None,
            help: Some(help.into()),
        }
    }

    /// The same where nothing is known that would help.
    #[must_use]
    pub fn without_help(file: &str, message: &str) -> Self {
        Self { help: None, ..Self::about(file, message, "") }
    }
}

impl fmt::Display for Problem {
    /// File, message and help on one line, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)?;
        self.help.iter().try_for_each(|help| write!(f, " (help: {help})"))
    }
}

impl std::error::Error for Problem {}

/// Problems as people read them, each with its line of the file, an empty line between two.
///
/// `text` is that of the file that they were found in; it may be empty where no problem has a place in it.
/// `colored` adds ANSI colours.
#[must_use]
pub fn render(problems: &[Problem], text: &str, colored: bool) -> String {
    let texts: Vec<String> = problems.iter().map(|one| render_one(one, text, colored)).collect();
    texts.join("\n")
}

fn render_one(problem: &Problem, text: &str, colored: bool) -> String {
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let level = Level::ERROR.with_name("problem");
    let group = Group::with_title(level.primary_title(bounded(&problem.message)));
    let text = problem.text.as_deref().unwrap_or(text);
    let group = match &problem.at {
        Some(at) => {
            // Only the line goes in: a file of a megabyte with a hundred problems stays cheap.
            let line = Line::of(text, at);
            let mut mark = AnnotationKind::Primary.span(line.mark);
            if let Some(label) = &problem.label {
                mark = mark.label(label.as_str());
            }
            group.element(
                Snippet::source(line.text)
                    .path(problem.file.as_str())
                    .line_start(line.number)
                    .annotation(mark),
            )
        }
        None => group.element(Origin::path(problem.file.as_str())),
    };
    let mut out = renderer.render(&[group]);
    if let Some(help) = &problem.help {
        let title = Level::HELP.secondary_title(plain(&bounded(help)));
        out.push('\n');
        out.push_str(&renderer.render(&[Group::with_title(title)]));
    }
    out.push('\n');
    out
}

/// A sentence in which no word, and not the whole either, is longer than people read: it may quote
/// what was written. Ends are kept, because a sentence ends in what to do and a word in a quote.
fn bounded(sentence: &str) -> String {
    const LONGEST: usize = 2_000;
    let words = sentence.split(' ').map(|word| middle_out(word, MOST_SHOWN));
    middle_out(&words.collect::<Vec<_>>().join(" "), LONGEST)
}

/// A text of at most so many characters, and three dots where some were taken out.
fn middle_out(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let tail = most / 8;
    let head = text.chars().take(most - tail);
    head.chain("...".chars()).chain(text.chars().skip(count - tail)).collect()
}

/// More characters than this are neither marked nor shown behind the mark: one value of a hundred
/// thousand would bury what is said of it. The renderer cuts what is before a mark by itself.
const MOST_SHOWN: usize = 200;

/// A place in a text file, as editors and code hosts count: lines and columns from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column of its first character.
    pub column: usize,
    /// The column behind its last one, or behind its line's end.
    pub end: usize,
}

impl Place {
    /// Where these bytes of a text stand; `None` when they are not all in it, or begin or end within a
    /// character.
    #[must_use]
    pub fn of(text: &str, at: &Range<usize>) -> Option<Self> {
        let before = text.get(..at.start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let inside = text.get(at.clone())?.lines().next().unwrap_or_default();
        let column = before.get(line_start..)?.chars().count() + 1;
        Some(Self {
            line: before.matches('\n').count() + 1,
            column,
            end: column + inside.chars().count(),
        })
    }
}

/// The line in which a range begins, and the part of the range that lies in it.
struct Line<'t> {
    text: Cow<'t, str>,
    number: usize,
    mark: Range<usize>,
}

impl<'t> Line<'t> {
    fn of(text: &'t str, at: &Range<usize>) -> Self {
        let start = boundary(text, at.start);
        let begin = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line = text[begin..end].trim_end_matches('\r');
        let number = text[..begin].matches('\n').count() + 1;
        let from = (start - begin).min(line.len());
        let to = boundary(line, at.end.max(at.start).saturating_sub(begin)).max(from);
        let (marked, rest) = (&line[from..to], &line[to..]);
        let (to, end) = match (past_most(marked), past_most(rest)) {
            (Some(cut), _) => (from + cut, Some(from + cut)),
            (None, Some(cut)) => (to, Some(to + cut)),
            (None, None) => (to, None),
        };
        Self {
            text: end.map_or(line.into(), |end| format!("{}...", &line[..end]).into()),
            number,
            mark: from..to,
        }
    }
}

/// Where the characters begin that are too many to be shown.
fn past_most(text: &str) -> Option<usize> {
    text.char_indices().nth(MOST_SHOWN).map(|(at, _)| at)
}

/// The last place between two characters that is not after `at`.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, at: Range<usize>) -> String {
        let mut problem = Problem::about("a.toml", "this is wrong", "write something else");
        problem.at = Some(at);
        render(&[problem], text, false)
    }

    #[test]
    fn the_form_is_that_of_the_design() {
        assert_eq!(
            shown("one = 1\ntwo = 2\n", 14..15),
            "problem: this is wrong\n --> a.toml:2:7\n  |\n2 | two = 2\n  |       ^\n\
             help: write something else\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides_of_its_mark_and_in_it() {
        let long = "\u{e9}".repeat(100_000);
        let whole = format!("{long} WRONG {long}");
        for at in [0..whole.len(), 0..1, 200_001..200_006, 200_007..whole.len()] {
            let text = shown(&whole, at.clone());
            assert!(text.len() < 2_000, "{at:?}: {} bytes", text.len());
            assert!(text.contains("..."), "{text}");
        }
        let text = shown(&whole, 200_001..200_006);
        assert!(text.contains("a.toml:1:100002"), "{text}");
        assert!(text.contains("WRONG"), "{text}");
        // As it was for what people write.
        let whole = "x".repeat(200);
        assert!(shown(&whole, 0..200).contains(&whole));
    }

    #[test]
    fn what_a_sentence_quotes_is_bounded_and_its_end_is_kept() {
        let word = format!("`{}` is no word", "\u{e9}".repeat(100_000));
        let said = bounded(&word);
        assert!(said.starts_with("`\u{e9}\u{e9}"), "{said}");
        assert!(said.contains("\u{e9}...\u{e9}") && said.ends_with("\u{e9}` is no word"));
        assert_eq!(said.chars().count(), 203 + " is no word".len());
        assert_eq!(bounded(&"a ".repeat(100_000)).chars().count(), 2_003);
        let list = "`failover_time`, ".repeat(100);
        assert_eq!(bounded(&list), list);
    }

    #[test]
    fn every_range_of_every_text_can_be_shown() {
        for text in ["", "\n", "a\r\nb", "é\u{0}\tß\n\n", "x = \"日本\"\n"] {
            for start in 0..=text.len() + 2 {
                for end in 0..=text.len() + 2 {
                    assert!(shown(text, start..end).contains("help:"));
                }
            }
        }
    }
}
