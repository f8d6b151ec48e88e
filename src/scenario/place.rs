//! Where a sentence stands in its file, for those who point at it from outside.

use super::source::Source;
use super::tree::{self, Origin};
use crate::problem::Place;

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
    Place::of(source.text(), span)
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
