//! The clauses of a term: where, which requests, and when.

use super::check::{self, Refusal};
use super::lex::{Kind, Token};
use super::parser::{Parser, whole_window};
use super::term::{Class, Place, When};
use super::{LabelInfo, window, words};
use crate::observe::{Metric, MetricInfo};
use crate::units::{Instant, Span, Unit};
use std::ops::Range;

/// The words that begin a clause.
const KEYWORDS: [&str; 7] = ["from", "in", "of", "before", "during", "after", "within"];

/// What the clauses of a term say.
#[derive(Default)]
pub(super) struct Clauses {
    pub(super) from: Option<Place>,
    pub(super) at: Option<Place>,
    pub(super) class: Option<Class>,
    pub(super) when: Option<When>,
}

/// Whether a word begins a clause.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// The message for what other languages have and this one has not: connectives and arithmetic.
pub(super) fn not_a_language(rest: &str) -> Option<Refusal> {
    let first = rest.split_whitespace().next()?;
    let connectives = ["and", "or", "not", "but", "&&", "||", "&", "|"];
    if connectives.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        let message = format!("there is no `{first}`: two sentences are two invariants");
        return Some((
            message,
            Some("write each as an invariant of its own, with its own name".into()),
        ));
    }
    if first.starts_with(['+', '-', '*', '/', '×', '÷', '^']) {
        let message = "there is no arithmetic: a sentence compares one term with one quantity";
        return Some((
            message.to_owned(),
            Some("two sentences are two invariants, with two names".into()),
        ));
    }
    None
}

/// Reads all clauses up to a comparison or the end, and finds the time that they leave to judge.
pub(super) fn read(
    parser: &mut Parser<'_>,
    row: Option<&'static MetricInfo>,
) -> (Option<Clauses>, Option<(Instant, Instant)>) {
    let first = parser.place;
    let mut reader = Reader::default();
    while let Some(token) = parser.peek().filter(|token| token.kind != Kind::Operator).cloned() {
        match (token.kind, token.text) {
            (Kind::Word, "from") => reader.region(parser, &token, row),
            (Kind::Word, "in") => reader.region(parser, &token, row),
            (Kind::Word, "of") => reader.class(parser, &token, row),
            (Kind::Word, word) if is_keyword(word) => reader.time(parser, &token),
            _ => reader.stray(parser, &token),
        }
    }
    if let Some(MetricInfo { metric: Metric::RunFigure(_), name, .. }) = row {
        if let Some(start) = parser.tokens.get(first).filter(|_| parser.place > first) {
            let at = start.at.start..parser.read_to();
            let message = format!("`{name}` is one figure of the whole run: it takes no clauses");
            parser.complain(at, message, Some(format!("`{name}`")));
        }
        return (Some(reader.clauses), Some((Instant::ZERO, Instant::ZERO)));
    }
    let window = if reader.time.is_some() { reader.window } else { whole_window(parser) };
    (Some(reader.clauses).filter(|_| !reader.wrong), window)
}

/// What is wrong with a metric of a class, if it is not of that.
fn not_of(row: &MetricInfo, class: Class) -> Option<String> {
    let (name, metric) = (row.name, row.metric);
    match class {
        _ if metric.has_no_class() => {
            Some(format!("`{name}` is told of all requests together: it has no class"))
        }
        Class::Manifest if metric.is_of_segments_alone() => {
            Some(format!("`{name}` is of segments: no manifest has it"))
        }
        Class::Segment if !metric.is_of_segments() => {
            Some(format!("`{name}` is of manifests and what is behind them: no segment has it"))
        }
        _ => None,
    }
}

#[derive(Default)]
struct Reader {
    clauses: Clauses,
    window: Option<(Instant, Instant)>,
    /// Where `from`, `in` and `of` stand.
    from: Option<Range<usize>>,
    at: Option<Range<usize>>,
    class: Option<Range<usize>>,
    /// Where the clause of time stands.
    time: Option<Range<usize>>,
    /// Whether something was not understood.
    wrong: bool,
}

/// The word after a keyword; complains if there is none.
fn operand<'a>(
    parser: &mut Parser<'a>,
    keyword: &Token<'a>,
    what: &str,
    known: &[&str],
) -> Option<Token<'a>> {
    match parser.peek_word() {
        Some(word) if !is_keyword(word.text) || known.contains(&word.text) => {
            parser.place += 1;
            Some(word)
        }
        _ => {
            let help = words::list(known.iter().copied());
            let help = (!help.is_empty()).then_some(help);
            parser.complain(keyword.at.clone(), format!("`{}` needs {what}", keyword.text), help);
            None
        }
    }
}

/// Complains when a clause stands twice.
fn once(
    parser: &mut Parser<'_>,
    place: &mut Option<Range<usize>>,
    at: Range<usize>,
    what: &str,
) -> bool {
    if let Some(before) = place {
        let (one, two) = (&parser.text[before.clone()], &parser.text[at.clone()]);
        let message = format!("a second {what}: `{two}` after `{one}`");
        parser.complain(
            at,
            message,
            Some("two sentences are two invariants, with two names".into()),
        );
        return false;
    }
    *place = Some(at);
    true
}

impl Reader {
    fn region<'a>(
        &mut self,
        parser: &mut Parser<'a>,
        keyword: &Token<'a>,
        row: Option<&'static MetricInfo>,
    ) {
        parser.place += 1;
        let regions: Vec<&str> = parser.names.regions.iter().map(String::as_str).collect();
        let is_from = keyword.text == "from";
        let name = operand(parser, keyword, "a region", &regions);
        let at = keyword.at.start..parser.read_to();
        let place = if is_from { &mut self.from } else { &mut self.at };
        let what = if is_from { "`from`" } else { "`in`" };
        let is_first = once(parser, place, at.clone(), what);
        let found = name.and_then(|name| {
            let index = regions.iter().position(|region| *region == name.text);
            if index.is_none() {
                let help = words::suggestion(name.text, regions.iter().copied());
                parser.complain(name.at, format!("`{}` is no region here", name.text), help);
            }
            index.map(|index| Place { index, name: regions[index].to_owned() })
        });
        if let (true, Some(row @ MetricInfo { metric: Metric::Gauge(_), .. })) = (is_from, row) {
            let message = format!("`{}` is a level in a region: it has no `from`", row.name);
            let help = found.as_ref().map(|place| format!("`in {}`", place.name));
            parser.complain(at, message, help);
        }
        self.wrong |= found.is_none() || !is_first;
        let clause = if is_from { &mut self.clauses.from } else { &mut self.clauses.at };
        *clause = found;
    }

    fn class<'a>(
        &mut self,
        parser: &mut Parser<'a>,
        keyword: &Token<'a>,
        row: Option<&'static MetricInfo>,
    ) {
        parser.place += 1;
        let known = Class::ALL.map(Class::name);
        let name = operand(parser, keyword, "a class of requests", &known);
        let at = keyword.at.start..parser.read_to();
        let is_first = once(parser, &mut self.class, at.clone(), "`of`");
        let found = name.and_then(|name| {
            let found = Class::ALL.into_iter().find(|class| class.name() == name.text);
            if found.is_none() {
                let message = format!("`{}` is no class of requests", name.text);
                parser.complain(name.at, message, words::suggestion(name.text, known));
            }
            found
        });
        if let Some(row @ MetricInfo { metric: Metric::Gauge(_), .. }) = row {
            let message = format!("`{}` is a level in a region: it has no class", row.name);
            parser.complain(at, message, None);
        } else if let (Some(row), Some(class)) = (row, found)
            && let Some(message) = not_of(row, class)
        {
            parser.complain(at, message, None);
        }
        self.wrong |= found.is_none() || !is_first;
        self.clauses.class = found;
    }

    fn time<'a>(&mut self, parser: &mut Parser<'a>, keyword: &Token<'a>) {
        parser.place += 1;
        let span =
            if keyword.text == "within" { within(parser, keyword) } else { Some(Span::ZERO) };
        let names = parser.names;
        let labels: Vec<&str> = names.labels.iter().map(|label| label.name.as_str()).collect();
        // After a broken `within` the label may be missing for the same reason.
        let name = match span {
            Some(_) => operand(parser, keyword, "the label of a fault or change", &labels),
            None => parser.peek_word().filter(|word| labels.contains(&word.text)).inspect(|_| {
                parser.place += 1;
            }),
        };
        let at = keyword.at.start..parser.read_to();
        let is_first = once(parser, &mut self.time, at.clone(), "clause of time");
        let label = name.and_then(|name| {
            let label = names.labels.iter().find(|label| label.name == name.text);
            if label.is_none() {
                let message = format!("`{}` is no label of a fault or change here", name.text);
                let help = words::suggestion(name.text, labels.iter().copied());
                let none =
                    || Some("the file injects and changes nothing that has a label".to_owned());
                parser.complain(name.at, message, help.or_else(none));
            }
            label
        });
        let found = label.zip(span).map(|(label, span)| {
            let name = label.name.clone();
            let when = match keyword.text {
                "before" => When::Before(name),
                "during" => When::During(name),
                "after" => When::After(name),
                _ => When::Within(span, name),
            };
            (when, label)
        });
        self.wrong |= found.is_none() || !is_first;
        if let Some((when, label)) = found {
            self.window = resolve(parser, at, &when, label);
            self.clauses.when = Some(when);
        }
    }

    /// A word that begins no clause, or a parenthesis.
    fn stray(&mut self, parser: &mut Parser<'_>, token: &Token<'_>) {
        self.wrong = true;
        let names = parser.names;
        let rest = &parser.text[token.at.start..];
        if let Some((message, help)) = not_a_language(rest) {
            while parser.peek().is_some_and(|token| token.kind != Kind::Operator) {
                parser.place += 1;
            }
            parser.complain(token.at.start..parser.read_to(), message, help);
            return;
        }
        parser.place += 1;
        let word = token.text;
        let (message, help) = if token.kind != Kind::Word {
            (format!("`{word}` is not expected here"), None)
        } else if names.regions.iter().any(|region| region == word) {
            let help = format!(
                "`from {word}` (the viewers' region), or `in {word}` (where the work is done)"
            );
            (format!("`{word}` stands without a preposition"), Some(help))
        } else if names.labels.iter().any(|label| label.name == word) {
            let help = format!("`before`, `during` or `after {word}`, or `within 60s of {word}`");
            (format!("`{word}` stands without a preposition"), Some(help))
        } else {
            let help = words::nearest(word, KEYWORDS).map_or_else(
                || {
                    "`from` and `in REGION`, `of CLASS`, `before`, `during` and `after LABEL`, \
                `within SPAN of LABEL`"
                        .to_owned()
                },
                |keyword| format!("did you mean `{keyword}`?"),
            );
            (format!("`{word}` begins no clause"), Some(help))
        };
        parser.complain(token.at.clone(), message, help);
        // What follows an unknown word belongs to it, and would only be complained about again.
        if token.kind == Kind::Word
            && parser.peek_word().is_some_and(|next| !is_keyword(next.text))
            && not_a_language(parser.peek_word().map_or("", |next| next.text)).is_none()
        {
            parser.place += 1;
        }
    }
}

/// The span of `within SPAN of`.
fn within(parser: &mut Parser<'_>, keyword: &Token<'_>) -> Option<Span> {
    let example = Some("`within 60s of LABEL`".to_owned());
    let word = match parser.peek_word() {
        Some(word) if !is_keyword(word.text) => word,
        other => {
            parser.complain(keyword.at.clone(), "`within` needs a span of time", example);
            parser.place += usize::from(other.is_some_and(|word| word.text == "of"));
            return None;
        }
    };
    parser.place += 1;
    let read = parser.number(&word, example.clone());
    let span = read.and_then(|(quantity, written)| {
        let fits = check::bound("within", Unit::Time, &written, quantity, false);
        let fits = fits
            .map_err(|(message, help)| (message.replace("`within` is", "`within` takes"), help));
        parser.accept(word.at.clone(), fits)?;
        quantity.as_span()
    });
    if parser.peek_word().is_some_and(|word| word.text == "of") {
        parser.place += 1;
    } else if span.is_some() {
        let at = keyword.at.start..parser.read_to();
        parser.complain(at, "`of` and a label are missing after `within`", example);
        return None;
    }
    span
}

/// The window of a clause of time; complains if there is nothing to judge in it.
fn resolve(
    parser: &mut Parser<'_>,
    at: Range<usize>,
    when: &When,
    label: &LabelInfo,
) -> Option<(Instant, Instant)> {
    if let (When::During(name), true) = (when, label.instant) {
        let message = format!("nothing is `during {name}`: it happens at an instant");
        let help = format!("`after {name}`, or `within 60s of {name}`");
        parser.complain(at, message, Some(help));
        return None;
    }
    match window::of(when, label, parser.names) {
        Ok(window) => Some(window),
        Err(message) => {
            let (start, end) = window::whole(parser.names);
            let help = (start < end).then(|| format!("judged is the time from {start} to {end}"));
            parser.complain(at, message, help);
            None
        }
    }
}
