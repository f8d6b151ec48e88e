//! What README.md and results/*.md show: commands that exist, and transcripts that are true.
//!
//! A transcript is a fenced `console` block: `$ command`, then what it printed. Transcripts of this
//! program are run and compared to the letter; blocks after a line `<!-- slow -->` only when
//! `SQUALL_README_SLOW=1`, and then by the program in `SQUALL_BIN` if that is set.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// How this program is called in what people read.
const OURS: [&str; 2] = ["cargo run --release -- ", "target/release/squall "];

/// Programs that a page may show beside ours, and files of the repository.
const OTHERS: [&str; 9] = ["bash", "cargo", "cat", "cd", "echo", "git", "head", "jq", "rustup"];

/// The fewest transcripts that README.md has.
const FEWEST: usize = 4;

/// One command of a transcript.
#[derive(PartialEq, Eq, Debug)]
struct Shown {
    /// The line of the page, from 1.
    line: usize,
    command: String,
    /// Every line up to the next command.
    output: String,
    slow: bool,
}

/// A fenced `console` block.
type Block = Vec<Shown>;

/// The `console` blocks of a page.
fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut marked = false;
    for (number, text) in (1..).zip(page.lines()) {
        match &mut open {
            None if text.trim_end() == "```console" => open = Some(Vec::new()),
            None if !text.trim().is_empty() => marked = text.trim() == "<!-- slow -->",
            None => {}
            Some(_) if text.trim_end() == "```" => {
                found.extend(open.take());
                marked = false;
            }
            Some(block) => match (text.strip_prefix("$ "), block.last_mut()) {
                (Some(command), _) => block.push(Shown {
                    line: number,
                    command: command.to_owned(),
                    output: String::new(),
                    slow: marked,
                }),
                (None, Some(shown)) => {
                    shown.output.push_str(text);
                    shown.output.push('\n');
                }
                (None, None) => panic!("line {number}: output before any command: {text}"),
            },
        }
    }
    assert!(open.is_none(), "a console block does not end");
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &Path) -> String {
    fs::read_to_string(root().join(name))
        .unwrap_or_else(|error| panic!("{}: {error}", name.display()))
}

/// README.md and every page in results/.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("README.md")];
    for entry in fs::read_dir(root().join("results")).unwrap() {
        let path = PathBuf::from("results").join(entry.unwrap().file_name());
        if path.extension().is_some_and(|end| end == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

/// The program, in a surrounding that changes nothing.
fn tame(mut command: Command) -> Output {
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.current_dir(root()).stdin(Stdio::null()).output().unwrap()
}

/// The help of each command, by its name.
struct Helps(BTreeMap<String, Option<String>>);

impl Helps {
    fn of(&mut self, verb: &str) -> Option<&str> {
        let ask = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
            command.args([verb, "--help"]);
            let output = tame(command);
            let text = String::from_utf8(output.stdout).unwrap();
            output.status.success().then_some(text)
        };
        let help = self.0.entry(verb.to_owned()).or_insert_with(ask);
        help.as_deref()
    }
}

fn is_option_letter(letter: char) -> bool {
    letter == '-' || letter.is_ascii_alphanumeric()
}

/// What is wrong with a call of this program, its name left out.
fn wrong_call(words: &[&str], helps: &mut Helps) -> Vec<String> {
    let Some((&verb, rest)) = words.split_first() else {
        return vec!["there is no command".into()];
    };
    if verb == "--help" || verb == "--version" {
        return Vec::new();
    }
    let Some(help) = helps.of(verb) else {
        return vec![format!("there is no `squall {verb}`")];
    };
    let known: Vec<&str> = help.split(|c| !is_option_letter(c)).collect();
    rest.iter()
        .filter(|word| word.starts_with('-'))
        .map(|word| word.split('=').next().unwrap_or(word))
        .filter(|option| !known.contains(option))
        .map(|option| format!("`squall {verb}` has no {option}"))
        .collect()
}

/// Words that name files of the repository and are not there.
fn missing_files(words: &[&str]) -> Vec<String> {
    let mut missing = Vec::new();
    let mut written = false;
    for word in words {
        let is_file = word.contains('/') || word.ends_with(".toml") || word.ends_with(".md");
        let elsewhere = ["target/", "/", "~", "-", ">"].iter().any(|start| word.starts_with(start))
            || ["://", "=", "{"].iter().any(|part| word.contains(part));
        if is_file && !elsewhere && !written && !root().join(word).exists() {
            missing.push(format!("{word} does not exist"));
        }
        // Output goes where nothing is yet.
        written = matches!(*word, ">" | ">>" | "--out" | "clone");
    }
    missing
}

/// A line without its quotes; blanks and signs of the shell inside them are no such signs any more.
fn unquoted(line: &str) -> String {
    let mut quote = None;
    let mut bare = String::new();
    for letter in line.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (Some(_), ' ' | '|' | ';' | '&' | '>') => bare.push('_'),
            _ => bare.push(letter),
        }
    }
    bare.replace("2>&1", "")
}

/// Everything that is wrong with a command line, by its look alone.
fn wrong_line(line: &str, helps: &mut Helps) -> Vec<String> {
    let mut wrong = Vec::new();
    for part in unquoted(line).split(['|', ';', '&']).map(str::trim) {
        let is_setting = |word: &&str| {
            word.split_once('=')
                .is_some_and(|(name, _)| name.chars().all(|c| c == '_' || c.is_ascii_uppercase()))
        };
        let mut words: Vec<&str> = part.split_whitespace().skip_while(is_setting).collect();
        if words.first() == Some(&"/usr/bin/time") {
            words.drain(..1 + usize::from(words.get(1) == Some(&"-v")));
        }
        wrong.extend(missing_files(&words));
        let ours = OURS
            .iter()
            .map(|call| call.split_whitespace().collect::<Vec<_>>())
            .find(|call| words.starts_with(call));
        match (ours, words.first()) {
            (Some(call), _) => wrong.extend(wrong_call(&words[call.len()..], helps)),
            (None, Some(first)) if !OTHERS.contains(first) && !first.contains('/') => {
                wrong.push(format!("`{first}` is not known here"));
            }
            (None, _) => {}
        }
    }
    wrong
}

/// Runs a command line of ours with the shell, our program in its place.
fn run(line: &str, binary: &Path) -> Output {
    let called = OURS.iter().find_map(|call| line.strip_prefix(call)).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("\"$SQUALL\" {called}")]).env("SQUALL", binary);
    tame(command)
}

/// Everything in a block that is not as it is shown.
fn untrue(block: &Block, binary: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut status = None;
    for shown in block {
        if shown.command == "echo $?" {
            let seen = status.take().map(|code| format!("{code}\n"));
            if seen.as_ref().is_some_and(|seen| *seen != shown.output) {
                wrong.push(format!("line {}: the status is {seen:?}", shown.line));
            }
            continue;
        }
        status = None;
        if !OURS.iter().any(|call| shown.command.starts_with(call)) {
            continue;
        }
        // What writes a file is not run here, and has nothing to show.
        if unquoted(&shown.command).contains('>') {
            if !shown.output.is_empty() {
                wrong.push(format!("line {}: it prints into a file", shown.line));
            }
            continue;
        }
        let output = run(&shown.command, binary);
        status = output.status.code();
        // Problems and help for wrong words go to standard error, and then nothing else is printed.
        let printed = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        let printed = String::from_utf8_lossy(printed);
        if printed != shown.output {
            let differs = first_difference(&shown.output, &printed);
            wrong.push(format!("line {}: `{}` {differs}", shown.line, shown.command));
        }
    }
    wrong
}

fn first_difference(shown: &str, printed: &str) -> String {
    let (mut ours, mut theirs) = (shown.lines(), printed.lines());
    for number in 1.. {
        match (ours.next(), theirs.next()) {
            (None, None) => break,
            (one, two) if one != two => {
                return format!("differs in line {number}:\n  shown   {one:?}\n  printed {two:?}");
            }
            _ => {}
        }
    }
    "differs in its last line's end".into()
}

#[test]
fn the_readme_has_transcripts() {
    let found = blocks(&read(Path::new("README.md")));
    assert!(
        found.len() >= FEWEST,
        "README.md has {} console blocks, and {FEWEST} are the fewest",
        found.len()
    );
    assert!(found.iter().all(|block| !block.is_empty()), "an empty one");
}

#[test]
fn every_command_that_is_shown_exists() {
    let mut helps = Helps(BTreeMap::new());
    let mut wrong = Vec::new();
    for page in pages() {
        for shown in blocks(&read(&page)).iter().flatten() {
            for what in wrong_line(&shown.command, &mut helps) {
                wrong.push(format!("{}:{}: {what}", page.display(), shown.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_transcripts_of_the_readme_are_what_is_printed() {
    let slow = std::env::var_os("SQUALL_README_SLOW").is_some_and(|value| value == "1");
    let built = PathBuf::from(env!("CARGO_BIN_EXE_squall"));
    let given = std::env::var_os("SQUALL_BIN").map(|path| root().join(path));
    let binary = given.filter(|_| slow).unwrap_or(built);
    let mut wrong = Vec::new();
    let mut ran = 0;
    for block in blocks(&read(Path::new("README.md"))) {
        if slow || !block.iter().any(|shown| shown.slow) {
            wrong.extend(untrue(&block, &binary));
            ran += 1;
        }
    }
    assert!(wrong.is_empty(), "README.md:\n{}", wrong.join("\n"));
    assert!(ran > 0, "every transcript of README.md is marked as slow");
}

// The checks themselves, on pages that are right or wrong on purpose.

const PAGE: &str = "\
Text.

```console
$ target/release/squall explain exit-code 4
exit-code 4

$ echo $?
0
```

<!-- slow -->
```console
$ cargo run --release -- run scenarios/monthly
```

```sh
$ this is no transcript
```
";

#[test]
fn blocks_are_found_with_their_commands_output_and_mark() {
    let found = blocks(PAGE);
    let seen: Vec<Vec<_>> = found
        .iter()
        .map(|block| {
            block
                .iter()
                .map(|shown| {
                    (shown.line, shown.command.as_str(), shown.output.as_str(), shown.slow)
                })
                .collect()
        })
        .collect();
    let explain = "target/release/squall explain exit-code 4";
    let monthly = "cargo run --release -- run scenarios/monthly";
    assert_eq!(
        seen,
        [
            vec![(4, explain, "exit-code 4\n\n", false), (7, "echo $?", "0\n", false)],
            vec![(13, monthly, "", true)],
        ]
    );
}

#[test]
fn what_does_not_exist_is_told() {
    let mut helps = Helps(BTreeMap::new());
    let mut wrong = |line: &str| wrong_line(line, &mut helps);
    for line in [
        "git clone https://example.org/squall && cd squall",
        "bash tests/all",
        "cargo run --release -- run scenarios/monthly",
        "target/release/squall run scenarios/monthly --set 'run.length=5m' -v --seed=3",
        "target/release/squall run scenarios/monthly --format json > report.json",
        "target/release/squall run scenarios/monthly --format json | jq .",
        "/usr/bin/time -v target/release/squall bill --as-printed",
        "RUSTFLAGS='-C target-cpu=native' cargo build --release",
        "target/release/squall check scenarios 2>&1 | head -n 3",
        "echo $?",
    ] {
        assert_eq!(wrong(line), Vec::<String>::new(), "{line}");
    }
    for (line, what) in [
        ("target/release/squall fly", "there is no `squall fly`"),
        ("cargo run --release -- run --fast x", "has no --fast"),
        ("target/release/squall run --see 1", "has no --see"),
        ("target/release/squall check no/such", "no/such does not"),
        ("target/release/squall check gone.toml", "gone.toml does not"),
        ("bash tests/none", "tests/none does not exist"),
        ("sqall bill", "`sqall` is not known"),
        ("echo | sqall", "`sqall` is not known"),
    ] {
        let told = wrong(line);
        assert!(told.iter().any(|told| told.contains(what)), "{line}: {told:?}");
    }
}

#[test]
fn what_is_not_printed_is_told() {
    let binary = Path::new(env!("CARGO_BIN_EXE_squall"));
    let version = concat!("squall ", env!("CARGO_PKG_VERSION"), "\n");
    let page = |output: &str, code: &str| {
        format!("```console\n$ target/release/squall --version\n{output}$ echo $?\n{code}\n```\n")
    };
    let told = |page: &str| -> Vec<String> {
        blocks(page).iter().flat_map(|block| untrue(block, binary)).collect()
    };
    assert_eq!(told(&page(version, "0")), Vec::<String>::new());
    let cases =
        [(page("squall 9.9.9\n", "0"), "squall 9.9.9"), (page(version, "1"), "the status is")];
    for (page, what) in cases {
        let told = told(&page);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(what), "{told:?}");
    }
    let into = "```console\n$ target/release/squall bill > bill.txt\ntotal\n```\n";
    assert_eq!(untrue(&blocks(into)[0], binary).len(), 1);
    let refused = "```console\n$ target/release/squall fly\n$ echo $?\n2\n```\n";
    let told = untrue(&blocks(refused)[0], binary);
    assert!(told.len() == 1 && told[0].contains("fly"), "{told:?}");
}
