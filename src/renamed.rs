//! Words of files that changed before the first release. Readers name the new word where they meet the
//! old one, and `squall check --fix` writes it. Knows only the table, `docs/renamed.tsv`.

use std::sync::LazyLock;

/// `what  files  inside  old  new`, a line each, behind two lines of explanation and a heading.
const TABLE: &str = include_str!("../docs/renamed.tsv");

static RENAMED: LazyLock<Vec<Renamed>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        Renamed {
            what: cell(),
            files: cell(),
            inside: cell().split(',').collect(),
            old: cell(),
            new: cell(),
        }
    };
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).map(row).collect()
});

/// A word that changed.
struct Renamed {
    /// `key`, `value` (of the key `kind`) or `metric`.
    what: &'static str,
    /// `scenario`, `study`, `runbook` or `any`.
    files: &'static str,
    /// The tables in which the word stood; `*` is any.
    inside: Vec<&'static str>,
    old: &'static str,
    new: &'static str,
}

/// The present word for a key that was renamed, inside a table of this schema (`fabric.database`,
/// `breaker`, `inject`).
#[must_use]
pub fn key(schema: &str, key: &str) -> Option<&'static str> {
    let inside = schema.split('[').next().unwrap_or_default().rsplit('.').next();
    word("key", |_| true, inside.unwrap_or_default(), key)
}

/// The present word for a metric or a kind of fault that was renamed.
#[must_use]
pub fn name(old: &str) -> Option<&'static str> {
    let found = RENAMED.iter().find(|word| word.what != "key" && word.old == old);
    found.map(|word| word.new)
}

/// The present word for one that was renamed: a `key`, a `value` of `kind` or a `metric`, in files of which
/// `takes` says whether their words may stand there, inside the table of this name.
#[must_use]
pub fn word(
    what: &str,
    takes: impl Fn(&str) -> bool,
    inside: &str,
    old: &str,
) -> Option<&'static str> {
    let fits = |word: &&Renamed| {
        word.what == what
            && word.old == old
            && takes(word.files)
            && word.inside.iter().any(|&table| table == "*" || table == inside)
    };
    RENAMED.iter().find(fits).map(|word| word.new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_old_word_has_one_new_word_that_is_no_old_word() {
        for word in RENAMED.iter() {
            assert!(matches!(word.what, "key" | "value" | "metric"), "{}", word.old);
            assert!(!word.new.is_empty() && word.new != word.old, "{}", word.old);
            let twice = |other: &&Renamed| {
                other.what == word.what
                    && other.new != word.new
                    && other.old == word.old
                    && other.inside.iter().any(|table| word.inside.contains(table))
            };
            assert!(RENAMED.iter().find(twice).is_none(), "{} has two new words", word.old);
        }
    }
}
