//! The command that repeats a run.

use crate::rehearse::Rehearsal;

/// `squall run PATH --seed N ...`: repeats one run of a rehearsal.
#[must_use]
pub fn run(rehearsal: &Rehearsal, seed: u64) -> String {
    let mut words = vec!["--seed".to_owned(), seed.to_string()];
    words.extend(without_seeds(&rehearsal.options));
    command(&rehearsal.scenario.path, &words)
}

/// `squall run PATH --seeds A..B ...`: repeats all runs of a rehearsal.
#[must_use]
pub fn all(rehearsal: &Rehearsal) -> String {
    let (Some(first), Some(last)) = (rehearsal.runs.first(), rehearsal.runs.last()) else {
        return command(&rehearsal.scenario.path, &rehearsal.options);
    };
    let mut words = vec!["--seeds".to_owned(), format!("{}..{}", first.seed, last.seed)];
    words.extend(without_seeds(&rehearsal.options));
    command(&rehearsal.scenario.path, &words)
}

/// The options that do not choose seeds.
fn without_seeds(options: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = options.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seed" | "--seeds" => {
                words.next();
            }
            // What follows these is a value, even when it looks like an option.
            "--set" | "--threads" => {
                kept.push(word.clone());
                kept.extend(words.next().cloned());
            }
            other if other.starts_with("--seed=") || other.starts_with("--seeds=") => {}
            _ => kept.push(word.clone()),
        }
    }
    kept
}

fn command(path: &str, options: &[String]) -> String {
    let mut out = "squall run".to_owned();
    // A path that starts with a dash must not be read as an option.
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    for word in std::iter::once(&path).chain(options) {
        out.push(' ');
        out.push_str(&quoted(word));
    }
    out
}

/// A word as a POSIX shell takes it (Shell Command Language, 2.2.2 Single-Quotes).
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.chars().any(char::is_control) {
        // A terminal would obey it, and a line break would end the line that is to be pasted.
        let bytes: String = word.bytes().map(|byte| format!("\\{byte:03o}")).collect();
        return format!("\"$(printf '{bytes}')\"");
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn seeds_are_replaced_and_the_rest_is_kept() {
        let options = words(&[
            "--seeds",
            "1..20",
            "--set",
            "--seed",
            "--no-control",
            "--seed=4",
            "--seed",
            "9",
        ]);
        assert_eq!(without_seeds(&options), words(&["--set", "--seed", "--no-control"]));
    }

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        assert_eq!(
            command("a b/it's.toml", &words(&["--set", "load.titles=5", "--set", "x=\"1 s\""])),
            r#"squall run 'a b/it'\''s.toml' --set load.titles=5 --set 'x="1 s"'"#
        );
        assert_eq!(command("-x.toml", &[]), "squall run ./-x.toml");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a\u{1b}\n%"), r#""$(printf '\141\033\012\045')""#);
    }
}
