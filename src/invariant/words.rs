//! The nearest known name, or all of them.

/// The known name nearest to what was written, if one lies within a third of its length (distance
/// of Damerau and Levenshtein, letter case ignored). Of equals the first.
pub(super) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // The distance takes time in proportion to both lengths, and no known name is that long.
    if written.len() > 80 {
        return None;
    }
    let written = written.to_lowercase();
    let length = written.chars().count();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&written, &name.to_lowercase()), name))
        .filter(|(distance, name)| distance * 3 <= length.max(name.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `` `a`, `b` or `c` ``.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// Help for an unknown name: the nearest, or all; `None` if there are none.
pub(super) fn suggestion<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(name) = nearest(written, known.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let all = list(known);
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["latency", "wait", "lock_wait", "served"];
        assert_eq!(nearest("latecny", known), Some("latency"));
        assert_eq!(nearest("Latency", known), Some("latency"));
        assert_eq!(nearest("lockwait", known), Some("lock_wait"));
        assert_eq!(nearest("throughput", known), None);
        assert_eq!(suggestion("xyz", ["a", "b", "c"]).as_deref(), Some("`a`, `b` or `c`"));
        assert_eq!(suggestion("xyz", []), None);
    }
}
