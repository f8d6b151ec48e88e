//! The words of `squall replay`.

use super::utf8;
use crate::cache::Policy;
use crate::cli::inputs;
use crate::replay::Rule;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use std::path::PathBuf;

/// A trace's layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(in crate::cli) enum TraceFormat {
    /// One request a line; columns by name or number.
    Csv,
    /// libCacheSim's binary layout.
    OracleGeneral,
    /// `time id size`, blanks between.
    Webcachesim,
    /// The caching data sets of the Wikimedia Foundation, with tabs between.
    Wikimedia,
}

/// How a result is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(in crate::cli) enum ReplayFormat {
    /// For people.
    Text,
    /// For programs: an object, or an array of several.
    Json,
}

/// What a curve's sizes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(in crate::cli) enum CurveBy {
    /// Numbers of objects.
    Slots,
    /// Bytes.
    Bytes,
}

/// What stands between two fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(in crate::cli) enum Between {
    /// `,`
    Comma,
    /// A tab.
    Tab,
    /// `;`
    Semicolon,
    /// Blanks and tabs, any number of them.
    Blanks,
}

/// A cache policy by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) struct PolicyName(pub Rule);

impl ValueEnum for PolicyName {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [PolicyName; Policy::ALL.len() + 1] = {
            let mut all = [PolicyName(Rule::Belady); Policy::ALL.len() + 1];
            let mut at = 0;
            while at < Policy::ALL.len() {
                all[at] = PolicyName(Rule::Online(Policy::ALL[at]));
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}

/// Send a real trace through cache policies: what do they miss?
///
/// The trace is read once (plain, gzip or zstd) and held in memory, 12 bytes a request. Every policy
/// meets every size, each cache empty at first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall replay twitter.csv.zst --policy lru,sieve,s3-fifo --slots 1_000,10_000
  squall replay twitter.csv.zst --policy lru --bytes 10MB --format json
  squall replay cloud.csv --policy fifo --slots 489 --object-column lbn
  squall replay trace.oracleGeneral.zst --policy sieve --curve --html curve.html")]
pub(in crate::cli) struct ReplayArgs {
    /// The trace
    #[arg(value_name = "TRACE", value_hint = clap::ValueHint::FilePath)]
    pub trace: PathBuf,
    /// The trace's layout; guessed from the name when not given
    #[arg(long, value_enum, value_name = "LAYOUT")]
    pub trace_format: Option<TraceFormat>,
    /// Who leaves a full cache; several with commas between them
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    pub policy: Vec<PolicyName>,
    /// Size in objects, whatever theirs; several with commas between them
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = inputs::slots)]
    #[arg(required_unless_present_any = ["bytes", "curve"], allow_negative_numbers = true)]
    pub slots: Vec<u32>,
    /// Size in bytes, such as 10MB or 1GiB; several with commas between them
    #[arg(long, value_name = "SIZE", value_delimiter = ',', value_parser = inputs::bytes)]
    #[arg(allow_negative_numbers = true)]
    pub bytes: Vec<u64>,
    /// The miss-ratio curve instead of single sizes: exact for LRU in slots, from samples with their
    /// error for the others
    #[arg(long, conflicts_with_all = ["slots", "bytes"])]
    pub curve: bool,
    /// What the curve's sizes are
    #[arg(long, value_enum, default_value_t = CurveBy::Slots, requires = "curve")]
    pub curve_by: CurveBy,
    /// How many sizes the curve has
    #[arg(long, value_name = "N", default_value_t = 20, requires = "curve")]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub points: u32,
    /// The column of a csv that has the time, by name or number
    #[arg(long, value_name = "COLUMN", value_parser = utf8())]
    pub time_column: Option<String>,
    /// The column that has the object
    #[arg(long, value_name = "COLUMN", value_parser = utf8())]
    pub object_column: Option<String>,
    /// The column that has the size in bytes; `none`: every object has one byte
    #[arg(long, value_name = "COLUMN", value_parser = utf8())]
    pub size_column: Option<String>,
    /// What stands between two columns; guessed when not given
    #[arg(long, value_enum, value_name = "MARK")]
    pub delimiter: Option<Between>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = ReplayFormat::Text)]
    pub format: ReplayFormat,
    /// Write a page with plots into this file: what each policy misses as the cache grows
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub html: Option<PathBuf>,
}
