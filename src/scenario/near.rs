//! The word that was probably meant.

/// The nearest of the known words, when it is near enough to be worth saying: at most a third of
/// its letters differ (optimal string alignment, so that two swapped letters are one difference).
/// The first of equally near ones.
pub(super) fn nearest<'a, S: AsRef<str>>(word: &str, known: &'a [S]) -> Option<&'a str> {
    /// Longer words than this are no typing errors, and comparing them would take long.
    const LONGEST: usize = 200;
    if word.len() > LONGEST {
        return None;
    }
    let folded = word.to_lowercase();
    let distance = |candidate: &str| strsim::osa_distance(&folded, &candidate.to_lowercase());
    known
        .iter()
        .map(AsRef::as_ref)
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(far, candidate)| *far <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// "`a`, `b` or `c`".
pub(super) fn any_of<S: AsRef<str>>(words: &[S]) -> String {
    joined(words, "or")
}

/// "`a`, `b` and `c`".
pub(super) fn all_of<S: AsRef<str>>(words: &[S]) -> String {
    joined(words, "and")
}

fn joined<S: AsRef<str>>(words: &[S], last: &str) -> String {
    let mut quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.pop() {
        None => String::new(),
        Some(only) if quoted.is_empty() => only,
        Some(end) => format!("{} {last} {end}", quoted.join(", ")),
    }
}

/// A help that names the nearest known word, or else all of them.
pub(super) fn help_for<S: AsRef<str>>(word: &str, known: &[S]) -> String {
    match nearest(word, known) {
        Some(near) => format!("`{near}` is the nearest"),
        None => any_of(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_near_and_another_word_is_not() {
        let known = ["every", "failures", "timeout", "successes"];
        assert_eq!(nearest("failres", &known), Some("failures"));
        assert_eq!(nearest("tiemout", &known), Some("timeout"));
        assert_eq!(nearest("EVERY", &known), Some("every"));
        assert_eq!(nearest("discipline", &known), None);
        assert_eq!(nearest(&"x".repeat(100_000), &known), None);
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(any_of(&["a"]), "`a`");
        assert_eq!(any_of(&["a", "b"]), "`a` or `b`");
        assert_eq!(all_of(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(any_of::<&str>(&[]), "");
    }
}
