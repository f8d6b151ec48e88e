//! Words that stand in messages: the known word that was probably meant, and lists of words.

/// A longer word than this, in bytes, is no typing error: comparing takes time in proportion to the
/// lengths of both words, and what was written may be a megabyte.
const LONGEST: usize = 200;

/// The known word nearest to what was written, when at most a third of the letters of the longer of the
/// two differ. Two swapped letters are one difference (optimal string alignment), upper and lower case
/// are none. Of equally near words the first.
#[must_use]
pub fn nearest<'a, S: AsRef<str> + ?Sized + 'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str> {
    if written.len() > LONGEST {
        return None;
    }
    let written = written.to_lowercase();
    let letters = written.chars().count();
    known
        .into_iter()
        .map(AsRef::as_ref)
        .filter(|word| word.len() <= LONGEST)
        .map(|word| (strsim::osa_distance(&written, &word.to_lowercase()), word))
        .filter(|(distance, word)| distance * 3 <= letters.max(word.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The phrase in which a nearest word is proposed.
#[must_use]
pub fn did_you_mean(word: &str) -> String {
    format!("did you mean `{word}`?")
}

/// Help for an unknown word: the nearest known one, or else all of them; empty if there are none.
#[must_use]
pub fn help_for<'a, S: AsRef<str> + ?Sized + 'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a S> + Clone,
) -> String {
    nearest(written, known.clone()).map_or_else(|| any_of(known), did_you_mean)
}

/// "`a`, `b` or `c`".
#[must_use]
pub fn any_of<'a, S: AsRef<str> + ?Sized + 'a>(words: impl IntoIterator<Item = &'a S>) -> String {
    joined(words, "or")
}

/// "`a`, `b` and `c`".
#[must_use]
pub fn all_of<'a, S: AsRef<str> + ?Sized + 'a>(words: impl IntoIterator<Item = &'a S>) -> String {
    joined(words, "and")
}

fn joined<'a, S: AsRef<str> + ?Sized + 'a>(
    words: impl IntoIterator<Item = &'a S>,
    last: &str,
) -> String {
    let mut quoted: Vec<String> =
        words.into_iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.pop() {
        None => String::new(),
        Some(only) if quoted.is_empty() => only,
        Some(end) => format!("{} {last} {end}", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_near_and_another_word_is_not() {
        let known = ["every", "failures", "timeout", "successes", "lock_wait", "at", "kind"];
        for (written, meant) in [
            ("failres", "failures"),
            ("tiemout", "timeout"),
            ("EVERY", "every"),
            ("lockwait", "lock_wait"),
            ("att", "at"),
            ("knid", "kind"),
        ] {
            assert_eq!(nearest(written, &known), Some(meant));
        }
        for other in ["discipline", "throughput", "it", "", &"x".repeat(100_000)] {
            assert_eq!(nearest(other, &known), None, "{other}");
        }
        assert_eq!(nearest("xx", &["x".repeat(100_000)]), None);
    }

    #[test]
    fn of_equally_near_words_the_first_is_proposed() {
        assert_eq!(nearest("b-east-1", ["a-east-1", "c-east-1"]), Some("a-east-1"));
    }

    #[test]
    fn help_is_the_nearest_word_or_all_of_them() {
        assert_eq!(help_for("evrey", &["every", "never"]), "did you mean `every`?");
        assert_eq!(help_for("xyz", ["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(help_for::<str>("xyz", []), "");
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(any_of(["a"]), "`a`");
        assert_eq!(any_of(["a", "b"]), "`a` or `b`");
        assert_eq!(all_of(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(any_of::<str>([]), "");
    }
}
