//! The runs of a variant become a row: means with intervals, shares of runs, differences to the base.

use super::jobs::BLOCK;
use super::journal::{Header, Record};
use crate::stats::{Paired, Sample};
use std::collections::VecDeque;

/// The level of all intervals.
pub const LEVEL: f64 = 0.95;
/// Below this correlation the common seeds of two variants were in vain.
pub const PAIRING_LOST: f64 = 0.2;

/// All runs of one variant, in the order of their seeds.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// The variant.
    pub variant: u64,
    /// Its runs; never empty.
    pub runs: Vec<Record>,
}

/// How often an invariant held.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Held {
    /// Runs in which it held.
    pub held: u64,
    /// Runs in which it broke.
    pub broken: u64,
    /// Runs in which nothing was measured.
    pub unmeasured: u64,
}

/// A measure over the runs of a variant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measured {
    /// Mean and spread of the runs in which it was measured.
    pub sample: Sample,
    /// The least value.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// A measure's difference to the base variant, seed by seed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Contrast {
    /// This variant less the base.
    pub paired: Paired,
}

impl Contrast {
    /// Whether the two do not go together, so that the pairs are no better than strangers.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.paired.correlation.is_some_and(|correlation| correlation < PAIRING_LOST)
    }
}

/// A variant in a table.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The variant.
    pub variant: u64,
    /// How many runs.
    pub runs: u64,
    /// Runs in which every invariant held.
    pub all_held: u64,
    /// Requests of all runs.
    pub requests: u64,
    /// Of each invariant.
    pub held: Vec<Held>,
    /// Of each measure; `None` where it was never measured.
    pub measures: Vec<Option<Measured>>,
    /// The monthly cost in dollars.
    pub monthly: Sample,
    /// Of each measure; empty for the base itself, or where the base has not been run.
    pub contrasts: Vec<Option<Contrast>>,
}

impl Group {
    /// The row of a table, compared with the base.
    #[must_use]
    pub fn row(&self, header: &Header, base: Option<&Self>) -> Row {
        let value = |record: &Record, at: usize| record.seen.get(at).copied().flatten();
        let measured = |at: usize| {
            let values: Vec<f64> = self.runs.iter().filter_map(|run| value(run, at)).collect();
            let sample = Sample::of(&values)?;
            let min = values.iter().copied().fold(f64::INFINITY, f64::min);
            let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Some(Measured { sample, min, max })
        };
        let contrast = |base: &Self, at: usize| {
            let pair = |run: &Record| {
                let other = base.runs.iter().find(|other| other.seed == run.seed)?;
                Some((value(other, at)?, value(run, at)?))
            };
            let pairs: Vec<(f64, f64)> = self.runs.iter().filter_map(pair).collect();
            Paired::of(&pairs).map(|paired| Contrast { paired })
        };
        let measures = 0..header.measures.len();
        let base = base.filter(|base| base.variant != self.variant);
        let every: Vec<usize> = (0..header.invariants.len()).collect();
        let money: Vec<f64> = self.runs.iter().map(|run| run.monthly_usd).collect();
        Row {
            variant: self.variant,
            runs: self.runs.len() as u64,
            all_held: self.runs.iter().filter(|run| run.held(&every)).count() as u64,
            requests: self.runs.iter().map(|run| run.requests).sum(),
            held: every.iter().map(|&at| self.held(at)).collect(),
            measures: measures.clone().map(measured).collect(),
            monthly: Sample::of(&money).unwrap_or(Sample { n: 0, mean: 0.0, deviation: 0.0 }),
            contrasts: base
                .map_or_else(Vec::new, |base| measures.map(|at| contrast(base, at)).collect()),
        }
    }

    fn held(&self, at: usize) -> Held {
        let mut held = Held::default();
        for run in &self.runs {
            match run.verdicts.as_bytes().get(at) {
                Some(b'h') => held.held += 1,
                Some(b'b') => held.broken += 1,
                _ => held.unmeasured += 1,
            }
        }
        held
    }
}

impl Row {
    /// Whether each invariant that counts held in the share of runs that the scenario asks for. Of a
    /// variant that broke early no further runs are made, so all of them must have been.
    #[must_use]
    pub fn holds(&self, header: &Header) -> bool {
        let share = |held: &Held| {
            crate::units::count_to_f64(held.held) / crate::units::count_to_f64(self.runs.max(1))
        };
        header
            .holds
            .iter()
            .filter_map(|&at| self.held.get(at))
            .all(|held| share(held) >= header.holds_in - 1e-12)
    }
}

/// The runs of a journal, variant by variant.
pub struct Rows<I> {
    records: I,
    in_rounds: bool,
    ahead: Option<Record>,
    ready: VecDeque<Group>,
}

impl<I: Iterator<Item = Result<Record, String>>> Rows<I> {
    /// Of a journal's runs, in its order.
    pub fn new(header: &Header, records: I) -> Self {
        let in_rounds = header.in_rounds();
        Self { records, in_rounds, ahead: None, ready: VecDeque::new() }
    }

    /// The number under which runs stand together in the journal.
    const fn place(&self, record: &Record) -> u64 {
        if self.in_rounds { record.variant / BLOCK } else { record.variant }
    }

    fn fill(&mut self) -> Result<(), String> {
        let Some(first) = self.ahead.take().map(Ok).or_else(|| self.records.next()) else {
            return Ok(());
        };
        let first = first?;
        let place = self.place(&first);
        let mut runs = vec![first];
        for record in self.records.by_ref() {
            let record = record?;
            let other = if self.in_rounds { record.variant / BLOCK } else { record.variant };
            if other != place {
                self.ahead = Some(record);
                break;
            }
            runs.push(record);
        }
        runs.sort_by_key(|run| (run.variant, run.seed));
        for run in runs {
            match self.ready.back_mut() {
                Some(group) if group.variant == run.variant => group.runs.push(run),
                _ => self.ready.push_back(Group { variant: run.variant, runs: vec![run] }),
            }
        }
        Ok(())
    }
}

impl<I: Iterator<Item = Result<Record, String>>> Iterator for Rows<I> {
    type Item = Result<Group, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && let Err(told) = self.fill()
        {
            return Some(Err(told));
        }
        self.ready.pop_front().map(Ok)
    }
}
