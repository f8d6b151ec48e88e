//! Colour, or none.

use crate::invariant::Verdict;
use anstyle::{AnsiColor, Style};

/// Whether a text carries ANSI escape sequences. The decision belongs to whoever knows the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Paint {
    /// Plain text.
    #[default]
    Plain,
    /// With ANSI escape sequences.
    Ansi,
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("{style}{text}{style:#}"),
        }
    }

    /// A heading.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// Something of less weight.
    #[must_use]
    pub fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// The colour of a verdict: green holds, red is broken, yellow is unmeasured.
    #[must_use]
    pub fn verdict(self, verdict: Verdict, text: &str) -> String {
        let style = match verdict {
            Verdict::Holds => AnsiColor::Green.on_default(),
            Verdict::Broken => AnsiColor::Red.on_default().bold(),
            Verdict::Unmeasured => AnsiColor::Yellow.on_default().bold(),
        };
        self.with(style, text)
    }
}

/// The text without control characters: names and titles come from files, and a terminal obeys what
/// it is sent.
#[must_use]
pub fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_has_no_escapes_and_ansi_resets() {
        assert_eq!(Paint::Plain.verdict(Verdict::Broken, "x"), "x");
        let red = Paint::Ansi.verdict(Verdict::Broken, "x");
        assert!(red.starts_with("\u{1b}[") && red.ends_with("\u{1b}[0m"), "{red:?}");
    }

    #[test]
    fn a_title_cannot_drive_the_terminal() {
        assert_eq!(tame("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
