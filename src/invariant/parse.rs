//! The grammar, and as many complaints at once as can be told apart.

use super::check::{self, Function};
use super::clauses::{self, Clauses};
use super::lex::{Kind, Token};
use super::parser::Parser;
use super::term::{Ask, Statement, Term};
use super::{Complaint, Names};
use crate::observe::MetricInfo;
use crate::units::Instant;
use std::ops::Range;

/// Reads an invariant: a term, a comparison and a quantity.
///
/// # Errors
/// Everything that is wrong with it, in the order of the sentence.
pub fn parse_invariant(text: &str, names: &Names<'_>) -> Result<Statement, Vec<Complaint>> {
    let mut parser = Parser::new(text, names);
    let term = parser.term();
    let test = parser.test(term.as_ref());
    parser.trailing(term.as_ref());
    let whole = term.and_then(|term| term.understood()).zip(test);
    parser.finish(whole.map(|(term, test)| Statement { term, test }))
}

/// Reads a watch: a term.
///
/// # Errors
/// Everything that is wrong with it, in the order of the sentence.
pub fn parse_watch(text: &str, names: &Names<'_>) -> Result<Term, Vec<Complaint>> {
    let mut parser = Parser::new(text, names);
    let term = parser.term();
    if let Some(token) = parser.peek().filter(|token| token.kind == Kind::Operator).cloned() {
        let rest = token.at.start..parser.end();
        let help = "leave the bound out, or move the sentence to the invariants".to_owned();
        parser.complain(rest, "a watch only shows what was seen: it has no bound", Some(help));
        parser.place = parser.tokens.len();
    }
    parser.trailing(None);
    let term = term.and_then(|term| term.understood());
    parser.finish(term)
}

/// A term as far as it was understood.
pub(super) struct Draft {
    pub(super) row: Option<&'static MetricInfo>,
    pub(super) ask: Option<Ask>,
    /// Its bytes.
    pub(super) at: Range<usize>,
    /// `None` when a clause is wrong.
    clauses: Option<Clauses>,
    pub(super) window: Option<(Instant, Instant)>,
}

impl Draft {
    fn understood(self) -> Option<Term> {
        let (row, clauses) = (self.row?, self.clauses?);
        Some(Term {
            name: row.name,
            metric: row.metric,
            form: row.form,
            metric_unit: row.unit,
            ask: self.ask?,
            from: clauses.from,
            at: clauses.at,
            class: clauses.class,
            when: clauses.when,
            window: self.window?,
        })
    }
}

/// The head of a term: the metric and what is asked of it, where understood.
type Head = (Option<&'static MetricInfo>, Option<Ask>);

impl<'a> Parser<'a> {
    fn term(&mut self) -> Option<Draft> {
        let Some(first) = self.peek_word() else {
            let message = if self.tokens.is_empty() {
                "the sentence is empty".to_owned()
            } else {
                "a sentence begins with a metric or a statistic".to_owned()
            };
            let help = "`availability`, or `p99(latency)`".to_owned();
            let at = self.here();
            self.complain(at, message, Some(help));
            self.place = self.tokens.len();
            return None;
        };
        self.place += 1;
        let (row, ask) = if self.peek_kind() == Some(Kind::Open) {
            self.call(&first)
        } else {
            self.bare(&first)
        };
        let (clauses, window) = clauses::read(self, row);
        Some(Draft { row, ask, at: first.at.start..self.read_to(), clauses, window })
    }

    /// A metric without a statistic.
    fn bare(&mut self, word: &Token<'a>) -> Head {
        if check::is_function(word.text) {
            let message = format!("`{}` is a statistic: it needs a metric", word.text);
            let inside = match word.text {
                "total" => "requests",
                "time_until" => "availability >= 99%",
                "share" => "latency < 300ms",
                _ => "latency",
            };
            self.complain(word.at.clone(), message, Some(format!("`{}({inside})`", word.text)));
            return (None, None);
        }
        let Some(row) = self.accept(word.at.clone(), check::metric(word.text)) else {
            return (None, None);
        };
        (Some(row), self.accept(word.at.clone(), check::alone(row)))
    }

    /// A statistic with its parenthesis.
    fn call(&mut self, word: &Token<'a>) -> Head {
        let open = self.here();
        self.place += 1;
        let closed = self.tokens[self.place..].iter().any(|token| token.kind == Kind::Close);
        if !closed {
            self.complain(open, "this parenthesis is not closed", None);
        }
        let function = self.accept(word.at.clone(), check::function(word.text));
        let Some(metric) = self.peek_word() else {
            let help = format!("`{}(latency)`", word.text);
            let at = word.at.start..self.here().end;
            self.complain(at, "a metric is missing in the parenthesis", Some(help));
            if closed {
                self.skip_parenthesis();
            }
            return (None, None);
        };
        self.place += 1;
        let row = self.accept(metric.at.clone(), check::metric(metric.text));
        let may_compare = matches!(function, Some(Function::Share | Function::TimeUntil));
        let asked = self.peek_kind() == Some(Kind::Operator) && (closed || may_compare);
        let before = self.complaints.len();
        let condition = if asked { self.condition(row) } else { None };
        let condition_is_wrong = self.complaints.len() > before;
        self.bound_inside = asked && !may_compare;
        if !closed {
            return (row, None);
        }
        self.close(word, &metric);
        let (Some(function), Some(row)) = (function, row) else {
            return (row, None);
        };
        if condition_is_wrong {
            return (Some(row), None);
        }
        let at = word.at.start..self.read_to();
        (Some(row), self.accept(at, check::ask(word.text, function, row, condition)))
    }

    /// The closing parenthesis and what wrongly stands before it.
    fn close(&mut self, word: &Token<'a>, metric: &Token<'a>) {
        let Some(first) = self.peek().cloned() else {
            return;
        };
        if first.kind == Kind::Close {
            self.place += 1;
            return;
        }
        let inside = self.skip_parenthesis();
        let at = first.at.start..inside.max(first.at.end);
        let extra = &self.text[at.clone()];
        let (message, help) = if clauses::is_keyword(first.text) {
            let help = format!("`{}({}) {extra}`", word.text, metric.text);
            (format!("`{extra}` stands inside the parenthesis: clauses follow it"), Some(help))
        } else if let Some(refusal) = clauses::not_a_language(extra) {
            refusal
        } else {
            (format!("`{extra}` is not expected inside the parenthesis"), None)
        };
        self.complain(at, message, help);
    }

    /// To behind the parenthesis that is open; says where its last token ends.
    fn skip_parenthesis(&mut self) -> usize {
        let mut depth = 1_usize;
        let mut inside = 0;
        while let Some(token) = self.peek() {
            let (kind, end) = (token.kind, token.at.end);
            self.place += 1;
            match kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            inside = end;
        }
        inside
    }

    /// What stands behind the end.
    fn trailing(&mut self, term: Option<&Draft>) {
        let Some(token) = self.peek().cloned() else {
            return;
        };
        let at = token.at.start..self.end();
        let rest = &self.text[at.clone()];
        let (message, help) = if let Some(refusal) = clauses::not_a_language(rest) {
            refusal
        } else if token.kind == Kind::Operator {
            let help = "two bounds are two invariants, with two names".to_owned();
            ("a sentence has one comparison".to_owned(), Some(help))
        } else if let (true, Some(term)) = (clauses::is_keyword(token.text), term) {
            let head = &self.text[term.at.clone()];
            let bound = self.text[term.at.end..at.start].trim();
            let message =
                format!("`{rest}` stands after the bound: clauses stand before the comparison");
            (message, Some(format!("`{head} {rest} {bound}`")))
        } else {
            (format!("`{rest}` is not expected here"), None)
        };
        self.complain(at, message, help);
    }
}
