//! One comparison a row, and the page that all rows make.

use crate::stats::estimate;
use std::fmt::Write as _;

/// One comparison of Squall with a formula or another independent source.
pub struct Row {
    /// What was configured and looked at.
    what: String,
    /// Where the expected value comes from.
    source: &'static str,
    unit: &'static str,
    expected: f64,
    seen: Seen,
}

/// What Squall gave, and what agreement means.
enum Seen {
    /// A value a run: the mean lies within four standard errors of the expected value, and the
    /// standard error is at most this share of it, or the row would say nothing.
    Runs(Vec<f64>, f64),
    /// The very value.
    Exact(f64),
    /// At most the expected value, which is a critical value of this kind.
    AtMost(f64, &'static str),
}

impl Row {
    /// A value a run, with a standard error of at most `grain` of the expected value.
    pub fn runs(
        what: impl Into<String>,
        source: &'static str,
        unit: &'static str,
        expected: f64,
        values: Vec<f64>,
        grain: f64,
    ) -> Self {
        Self { what: what.into(), source, unit, expected, seen: Seen::Runs(values, grain) }
    }

    /// A value that must be met exactly.
    pub fn exact(
        what: impl Into<String>,
        source: &'static str,
        unit: &'static str,
        expected: f64,
        seen: f64,
    ) -> Self {
        Self { what: what.into(), source, unit, expected, seen: Seen::Exact(seen) }
    }

    /// A test's statistic against its critical value.
    pub fn at_most(
        what: impl Into<String>,
        source: &'static str,
        critical: f64,
        level: &'static str,
        seen: f64,
    ) -> Self {
        let seen = Seen::AtMost(seen, level);
        Self { what: what.into(), source, unit: "", expected: critical, seen }
    }

    /// Whether Squall agrees; in words, if not.
    pub fn verdict(&self) -> Result<(), String> {
        let wrong = |why: &str| Err(format!("{why}: {}", self.line()));
        match &self.seen {
            Seen::Runs(values, grain) => {
                let (mean, error) = estimate(values);
                if !(error > 0.0 && error <= grain * self.expected.abs()) {
                    return wrong("too coarse to say anything");
                }
                let agrees = (mean - self.expected).abs() <= 4.0 * error;
                if agrees { Ok(()) } else { wrong("more than four standard errors off") }
            }
            Seen::Exact(seen) if *seen == self.expected => Ok(()),
            Seen::Exact(_) => wrong("not the very value"),
            Seen::AtMost(seen, _) if *seen <= self.expected => Ok(()),
            Seen::AtMost(..) => wrong("above the critical value"),
        }
    }

    fn line(&self) -> String {
        let Self { what, source, unit, expected, seen } = self;
        let (seen, error, off) = match seen {
            Seen::Runs(values, _) => {
                let (mean, error) = estimate(values);
                let off = format!("{:+.2} errors", (mean - expected) / error);
                (number(mean), number(error), off)
            }
            Seen::Exact(seen) => (number(*seen), "exact".into(), "0".into()),
            Seen::AtMost(seen, level) => (number(*seen), (*level).into(), "below".into()),
        };
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        format!(
            "| {what} | {source} | {}{unit} | {seen}{unit} | {error} | {off} |",
            number(*expected)
        )
    }
}

/// Six digits that mean something.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: 0 to 10 digits
fn number(value: f64) -> String {
    let size = value.abs();
    let before = if size >= 1.0 { libm::floor(libm::log10(size)) + 1.0 } else { 0.0 };
    if size == 0.0 || size >= 1e-4 {
        let zeros =
            if size > 0.0 && size < 1.0 { -libm::floor(libm::log10(size)) - 1.0 } else { 0.0 };
        let after = (6.0 - before + zeros).max(0.0);
        let text = format!("{value:.*}", after as usize);
        if text.contains('.') {
            return text.trim_end_matches('0').trim_end_matches('.').to_owned();
        }
        return text;
    }
    format!("{value:.3e}")
}

/// The page that these sections make.
pub fn page(sections: &[(&str, &[Row])]) -> String {
    let rows: usize = sections.iter().map(|(_, rows)| rows.len()).sum();
    let mut page = format!(
        "# Squall against theory and independent sources\n\n\
         Written by `SQUALL_BLESS=1 cargo test --test theory`; do not edit. Without `SQUALL_BLESS`\n\
         the same command computes each of the {rows} rows again, fails on one that does not agree,\n\
         and fails when this page is not what they say.\n\n\
         A value with a standard error is the mean of runs with the seeds 1, 2, 3 and so on, 20\n\
         unless the row says otherwise, and the error comes from their spread. A row agrees when\n\
         the mean lies within four errors of the expected value *and* the error is small enough for\n\
         that to mean something; how small is in the tests. A statistic agrees when it is below its\n\
         critical value.\n"
    );
    for (title, rows) in sections {
        let _ = write!(
            page,
            "\n## {title}\n\n| what | source | expected | Squall | standard error | off |\n\
             | --- | --- | ---: | ---: | ---: | ---: |\n"
        );
        for row in *rows {
            let _ = writeln!(page, "{}", row.line());
        }
    }
    page
}

#[test]
fn numbers_have_six_digits() {
    let cases = [
        (0.0, "0"),
        (1.0, "1"),
        (0.701_533_0, "0.701533"),
        (0.012_345_678, "0.0123457"),
        (460.517_018, "460.517"),
        (45_239.2, "45239.2"),
        (1_234_567.8, "1234568"),
        (-2.5, "-2.5"),
        (0.000_012, "1.200e-5"),
        (100.0, "100"),
    ];
    for (value, text) in cases {
        assert_eq!(number(value), text, "{value}");
    }
}

#[test]
fn a_row_that_is_off_says_so() {
    let row =
        |values: &[f64], grain| Row::runs("a", "b", "s", 1.0, values.to_vec(), grain).verdict();
    assert!(row(&[0.9, 1.1, 1.05, 0.97], 0.1).is_ok());
    assert!(row(&[0.8, 0.81, 0.79, 0.8], 0.1).unwrap_err().contains("four standard errors"));
    assert!(row(&[0.2, 1.9, 1.4, 0.5], 0.1).unwrap_err().contains("too coarse"));
    assert!(row(&[1.0, 1.0], 0.1).unwrap_err().contains("too coarse"), "no spread, no error");
    assert!(Row::exact("a", "b", "s", 1.0, 1.0 + 1e-12).verdict().is_err());
    assert!(Row::at_most("a", "b", 1.0, "1 %", 1.1).verdict().is_err());
    assert!(Row::at_most("a", "b", 1.0, "1 %", f64::NAN).verdict().is_err());
}
