//! Where a sentence stands in its file, for those who point at it from outside.

use super::source::Source;
use super::tree::{self, Origin};

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

/// Where the sentence of this name stands, an invariant or a watch: its value. `None` when the file has
/// none of this name.
#[must_use]
pub fn place_of(source: &Source, name: &str) -> Option<Place> {
    let (tree, _) = tree::parse(source);
    let tree = tree?;
    let entry = ["invariants", "watch"]
        .iter()
        .find_map(|section| tree.get(section).and_then(|section| section.node.get(name)))?;
    let Origin::File(span) = &entry.node.at else {
        return None;
    };
    let text = source.text();
    let before = text.get(..span.start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let inside = text.get(span.clone())?.lines().next().unwrap_or_default();
    let column = text.get(line_start..span.start)?.chars().count() + 1;
    Some(Place {
        line: before.matches('\n').count() + 1,
        column,
        end: column + inside.chars().count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_found_in_its_section() {
        let text =
            "title = \"x\"\n[watch]\n\"é b\" = 'p99(latency)'\n[invariants]\n\"é\" = \"a >= 1%\"\n";
        let source = Source::from_text("x.toml", text);
        assert_eq!(place_of(&source, "é"), Some(Place { line: 5, column: 7, end: 16 }));
        assert_eq!(place_of(&source, "é b"), Some(Place { line: 3, column: 9, end: 23 }));
        assert_eq!(place_of(&source, "title"), None);
    }
}
