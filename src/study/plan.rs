//! Which runs a study makes, and in which order.

use super::finding::Finding;
use super::jobs::{Job, Jobs, Shard, next_block};
use super::journal::{Header, Record, Search};
use super::search::Searches;
use crate::stats::Sample;
use std::collections::BTreeMap;
use std::ops::Range;

/// Says round by round which runs are to be made. What it says depends on the study and on the runs
/// before, in their order, and on nothing else.
#[derive(Debug)]
pub struct Planner {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Every variant with every seed.
    Table(Option<Jobs>),
    /// Variants in blocks, each with as many seeds as it takes.
    Rounds(Box<Rounds>),
    /// A search along an axis.
    Search(Box<Searches>),
}

impl Planner {
    /// The plan of a study, or of a part of it.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        let shard = header.shard.map_or(Shard::WHOLE, |(part, parts)| Shard { part, parts });
        let kind = match header.find {
            Some(Search::Largest { .. } | Search::Recovery { .. }) => {
                Kind::Search(Box::new(Searches::new(header, shard)))
            }
            _ if header.in_rounds() => Kind::Rounds(Box::new(Rounds::new(header, shard))),
            _ => {
                let numbers = shard.of(header.variants() * header.most_seeds);
                Kind::Table(Some(Jobs::Table(numbers, header.most_seeds, header.first_seed)))
            }
        };
        Self { kind }
    }

    /// The runs to be made now; `None` when there are no more. All of them are to be taken before the
    /// next are asked for.
    pub fn next_round(&mut self) -> Option<Jobs> {
        match &mut self.kind {
            Kind::Table(jobs) => jobs.take(),
            Kind::Rounds(rounds) => rounds.next_round(),
            Kind::Search(searches) => searches.next_round(),
        }
    }

    /// Hears of a run of the round.
    pub fn take(&mut self, record: &Record) {
        match &mut self.kind {
            Kind::Table(_) => {}
            Kind::Rounds(rounds) => rounds.take(record),
            Kind::Search(searches) => searches.take(record),
        }
    }

    /// What the searches found, once there is no further round; empty of anything else.
    pub(super) fn findings(&self) -> Vec<Finding> {
        match &self.kind {
            Kind::Search(searches) => searches.findings(),
            _ => Vec::new(),
        }
    }

    /// How many runs there may be in all, at least and at most; a part counts its own.
    #[must_use]
    pub fn bounds(header: &Header) -> (u64, u64) {
        let shard = header.shard.map_or(Shard::WHOLE, |(part, parts)| Shard { part, parts });
        let units = shard.of(Self::units(header));
        let units = units.end - units.start;
        match header.find {
            Some(Search::Largest { .. } | Search::Recovery { .. }) => {
                let (least, most) = Searches::bounds(header);
                (units * least, units * most)
            }
            _ if header.in_rounds() => {
                let least = if header.precision.is_some() { header.least_seeds } else { 1 };
                (units * least, units * header.most_seeds)
            }
            _ => (units, units),
        }
    }

    /// How many things a study can be cut into: the runs of a table, the variants of one whose runs are
    /// decided upon as they come, and the searches of a search. [`Shard::of`] says which are a part's.
    #[must_use]
    pub fn units(header: &Header) -> u64 {
        match header.find {
            Some(Search::Largest { .. } | Search::Recovery { .. }) => Searches::count(header),
            _ if header.in_rounds() => header.variants(),
            _ => header.variants() * header.most_seeds,
        }
    }

    /// The number of that thing to which a run belongs, counted from 0.
    #[must_use]
    pub fn unit(header: &Header, job: Job) -> u64 {
        match header.find {
            Some(Search::Largest { .. } | Search::Recovery { .. }) => {
                Searches::number(header, job.variant)
            }
            _ if header.in_rounds() => job.variant,
            _ => job.variant * header.most_seeds + (job.seed - header.first_seed),
        }
    }
}

/// Rounds over blocks of variants.
#[derive(Debug)]
struct Rounds {
    /// What has not been begun. Blocks begin at the same variants whatever part this is, so that its runs
    /// come in the order of the whole.
    variants: Range<u64>,
    first: u64,
    least: u64,
    most: u64,
    /// How wide an interval may be; `None` when a variant's runs end with the first that breaks.
    precision: Option<f64>,
    holds: Vec<usize>,
    /// Whether an invariant must hold in all runs.
    strict: bool,
    /// Of each variant of the block that is not decided: how many runs were made, and what they saw.
    open: BTreeMap<u64, Open>,
    measures: usize,
}

#[derive(Debug, Default)]
struct Open {
    made: u64,
    seen: Vec<Vec<f64>>,
    broke: bool,
}

impl Rounds {
    fn new(header: &Header, shard: Shard) -> Self {
        Self {
            variants: shard.of(header.variants()),
            first: header.first_seed,
            least: header.least_seeds,
            most: header.most_seeds,
            precision: header.precision,
            holds: header.holds.clone(),
            strict: header.holds_in >= 1.0,
            open: BTreeMap::new(),
            measures: header.measures.len(),
        }
    }

    fn next_round(&mut self) -> Option<Jobs> {
        let (precision, most) = (self.precision, self.most);
        self.open.retain(|_, open| open.wants_more(precision, most));
        while self.open.is_empty() {
            let variants = next_block(&mut self.variants)?;
            let measures = self.measures;
            let fresh = || Open { seen: vec![Vec::new(); measures], ..Open::default() };
            self.open = variants.map(|variant| (variant, fresh())).collect();
        }
        let mut jobs = Vec::new();
        for (&variant, open) in &mut self.open {
            // First what is asked for at least, then half as many again: precision grows with the root.
            let many = match (self.precision, open.made) {
                (None, 0) => 1,
                (None, _) => self.most,
                (Some(_), 0) => self.least,
                (Some(_), made) => (made / 2).max(1),
            };
            let until = (open.made + many).min(self.most);
            let seeds = open.made..until;
            jobs.extend(seeds.map(|at| Job { variant, seed: self.first + at }));
            open.made = until;
        }
        Some(Jobs::List(jobs.into_iter()))
    }

    fn take(&mut self, record: &Record) {
        let Some(open) = self.open.get_mut(&record.variant) else {
            return;
        };
        // Where not all runs must hold, one that broke decides nothing.
        open.broke |= self.strict && !record.held(&self.holds);
        if self.precision.is_some() {
            for (values, seen) in open.seen.iter_mut().zip(&record.seen) {
                values.extend(seen);
            }
        }
    }
}

impl Open {
    fn wants_more(&self, precision: Option<f64>, most: u64) -> bool {
        if self.made >= most {
            return false;
        }
        let Some(precision) = precision else {
            // What broke once cannot hold in all runs any more.
            return !self.broke;
        };
        self.seen.iter().any(|values| {
            Sample::of(values)
                .is_some_and(|sample| sample.half_width(0.95) > precision * sample.mean.abs())
        })
    }
}
