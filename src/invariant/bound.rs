//! Comparisons and the quantities that they compare with.

use super::check;
use super::clauses;
use super::exact;
use super::lex::{Kind, Token};
use super::parse::Draft;
use super::parser::Parser;
use super::term::{Ask, Compare, Condition, unit_of};
use crate::observe::{Metric, MetricInfo, MetricKind};
use crate::units::{Quantity, Unit};

/// What a bound is compared with.
struct Subject {
    name: String,
    unit: Unit,
    /// Whether it is a part of a whole, so at most 100 %.
    is_part: bool,
}

impl Subject {
    /// A metric's own values.
    fn values(row: &MetricInfo) -> Self {
        let is_part = matches!(row.metric, Metric::Availability | Metric::ByteHits);
        Self { name: row.name.to_owned(), unit: row.unit, is_part }
    }

    /// A term's value.
    fn term(row: &MetricInfo, ask: Ask) -> Self {
        let own = row.form == MetricKind::Valued
            && matches!(ask, Ask::Mean | Ask::Min | Ask::Max | Ask::Percentile(_));
        if own || ask == Ask::Alone {
            return Self::values(row);
        }
        let is_part = matches!(ask, Ask::Share | Ask::ShareWhere(_));
        Self { name: ask.head(row.name), unit: unit_of(ask, row.form, row.unit), is_part }
    }
}

impl<'a> Parser<'a> {
    /// A comparison and a quantity inside a parenthesis.
    pub(super) fn condition(&mut self, row: Option<&MetricInfo>) -> Option<Condition> {
        let subject = row.filter(|row| row.form != MetricKind::Flag).map(Subject::values);
        let at = self.here();
        let compare = self.compare();
        let bound = self.quantity(subject.as_ref());
        if let (Some(row), Some(compare)) = (row, compare) {
            self.accept(at, check::comparison(row, row.unit, compare))?;
        }
        Some(Condition { compare: compare?, bound: bound? })
    }

    /// The sentence's comparison and bound.
    pub(super) fn test(&mut self, term: Option<&Draft>) -> Option<Condition> {
        let term = term?;
        let asked = term.row.zip(term.ask);
        let subject = asked.map(|(row, ask)| Subject::term(row, ask));
        let at = self.here();
        if self.peek_kind() != Some(Kind::Operator) {
            if self.peek().is_none() && !self.bound_inside {
                let unit = subject.as_ref().map_or(Unit::Time, |subject| subject.unit);
                let example = check::example(unit);
                let written = &self.text[term.at.clone()];
                let help = asked.map(|_| format!("`{written} < {example}`"));
                self.complain(at, "a comparison with a bound is missing", help);
            }
            return None;
        }
        let compare = self.compare();
        let bound = self.quantity(subject.as_ref());
        if let (Some((row, _)), Some(subject), Some(compare)) = (asked, &subject, compare)
            && subject.name == row.name
        {
            self.accept(at.clone(), check::comparison(row, subject.unit, compare))?;
        }
        let test = Condition { compare: compare?, bound: bound? };
        self.can_break(term, test, at.start)?;
        Some(test)
    }

    /// Refuses a bound on `time_until` that even a condition which never comes true would satisfy,
    /// because the window is not longer.
    fn can_break(&mut self, term: &Draft, test: Condition, start_of_test: usize) -> Option<()> {
        let (Some(Ask::TimeUntil(_)), Some((start, end)), Some(bound)) =
            (term.ask, term.window, test.bound.as_span())
        else {
            return Some(());
        };
        let window = end.since(start);
        let never_breaks = match test.compare {
            Compare::Less => bound > window,
            Compare::AtMost => bound >= window,
            _ => false,
        };
        if !never_breaks {
            return Some(());
        }
        let message = format!(
            "`{test}` cannot be broken: the window is {} long, and `time_until` is no longer",
            exact::span(window)
        );
        let help = Some("a shorter bound, or a longer window".to_owned());
        self.complain(start_of_test..self.read_to(), message, help);
        None
    }

    /// A comparison sign, which is known to come.
    fn compare(&mut self) -> Option<Compare> {
        let token = self.peek().cloned()?;
        self.place += 1;
        if let Some(compare) = Compare::ALL.into_iter().find(|c| c.symbol() == token.text) {
            return Some(compare);
        }
        let meant = match token.text {
            "=" | "===" => Some("=="),
            "=<" | "≤" | "<==" => Some("<="),
            "=>" | "≥" | ">==" => Some(">="),
            "<<" => Some("<"),
            ">>" => Some(">"),
            _ => None,
        };
        let help = match meant {
            Some(symbol) => format!("did you mean `{symbol}`?"),
            None => "`<`, `<=`, `==`, `>=` or `>`".to_owned(),
        };
        self.complain(token.at, format!("`{}` is no comparison", token.text), Some(help));
        None
    }

    /// A quantity for what it is compared with.
    fn quantity(&mut self, subject: Option<&Subject>) -> Option<Quantity> {
        let example = subject.map(|subject| subject.unit.example().to_owned());
        let Some(word) = self.peek_word() else {
            let at = self.here();
            self.complain(at, "a quantity is missing after the comparison", example);
            return None;
        };
        if clauses::is_keyword(word.text) {
            self.complain(word.at, "a quantity is missing before this clause", example);
            return None;
        }
        self.place += 1;
        let (bound, written) = self.number(&word, example)?;
        let at = word.at.start..self.read_to();
        match subject {
            Some(Subject { name, unit, is_part }) => {
                self.accept(at, check::bound(name, *unit, &written, bound, *is_part))?;
            }
            None if bound.grains() < 0 => {
                self.complain(at, format!("`{written}` is negative"), None);
                return None;
            }
            None => {}
        }
        Some(bound)
    }

    /// A number with its unit, which must not be apart.
    pub(super) fn number(
        &mut self,
        word: &Token<'a>,
        example: Option<String>,
    ) -> Option<(Quantity, String)> {
        if self.peek_kind() == Some(Kind::Open) || check::is_metric(word.text) {
            let message = "a bound is a quantity; two terms are not compared with each other";
            let end = self.end();
            self.complain(word.at.start..end, message, example);
            self.place = self.tokens.len();
            return None;
        }
        let quantity = match Quantity::parse(word.text) {
            Ok(quantity) => quantity,
            Err(error) => {
                self.complain(word.at.clone(), error.to_string(), example);
                return None;
            }
        };
        let joined = self.peek_word().map(|next| (format!("{}{}", word.text, next.text), next.at));
        if let (Unit::Count, Some((joined, next))) = (quantity.unit(), joined)
            && let Ok(meant) = Quantity::parse(&joined)
            && meant.unit() != Unit::Count
        {
            self.place += 1;
            let at = word.at.start..next.end;
            let message = "a number and its unit are written as one word";
            self.complain(at, message, Some(format!("`{joined}`")));
            return None;
        }
        Some((quantity, word.text.to_owned()))
    }
}
