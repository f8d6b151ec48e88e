//! Searches along an axis by halving: what holds at the lower end and not at the upper end changes
//! somewhere between.

use super::finding::{Finding, GaveWay, Side};
use super::jobs::{Job, Jobs, Shard, next_block};
use super::journal::{Header, Record, Search};
use std::collections::BTreeMap;
use std::ops::Range;

/// All searches of a study or of a part of it: one for each combination of the other axes, of a recovery
/// two. Each is independent of the others, so a part takes whole searches; and blocks begin at the same
/// searches whatever part this is, so that its runs come in the order of the whole.
#[derive(Debug)]
pub(super) struct Searches {
    header: Header,
    axis: usize,
    /// Whether the runs without the trigger come first.
    two: bool,
    /// Those that have not been begun.
    left: Range<u64>,
    open: Vec<Halving>,
    done: Vec<Halving>,
}

/// One search.
#[derive(Debug)]
struct Halving {
    number: u64,
    /// The variant with the axis at its first value.
    origin: Vec<usize>,
    without_trigger: bool,
    tested: BTreeMap<usize, Tested>,
}

/// One value of the axis.
#[derive(Clone, Debug, Default)]
struct Tested {
    runs: u64,
    /// Of each invariant: how often it did not hold, and when it first broke.
    fell: Vec<(u64, Option<f64>)>,
}

impl Tested {
    fn holds(&self, header: &Header) -> bool {
        let share = |fell: u64| {
            let (held, runs) = (self.runs - fell, self.runs.max(1));
            crate::units::count_to_f64(held) / crate::units::count_to_f64(runs)
        };
        header.holds.iter().all(|&at| {
            self.fell.get(at).is_none_or(|&(fell, _)| share(fell) >= header.holds_in - 1e-12)
        })
    }

    /// The invariant that gave way first: the earliest in simulated time of those that do not hold.
    fn gave_way(&self, header: &Header) -> Option<GaveWay> {
        let fallen = header.holds.iter().filter_map(|&invariant| {
            let &(runs, at_s) = self.fell.get(invariant)?;
            (runs > 0).then_some(GaveWay { invariant, runs, of: self.runs, at_s })
        });
        fallen.min_by(|a, b| {
            let when = |one: &GaveWay| one.at_s.unwrap_or(f64::INFINITY);
            when(a).total_cmp(&when(b))
        })
    }
}

impl Halving {
    /// The values to be looked at now.
    fn wants(&self, header: &Header, steps: usize) -> Vec<usize> {
        if self.tested.is_empty() {
            return if steps > 1 { vec![0, steps - 1] } else { vec![0] };
        }
        let (holds, fails) = self.ends(header);
        match (holds, fails) {
            (Some(holds), Some(fails)) if holds + 1 < fails => vec![holds.midpoint(fails)],
            _ => Vec::new(),
        }
    }

    /// The last value with which it holds and the first with which it does not, as far as looked at.
    fn ends(&self, header: &Header) -> (Option<usize>, Option<usize>) {
        let fails = self.tested.iter().find(|(_, tested)| !tested.holds(header)).map(|(&at, _)| at);
        let below = self.tested.range(..fails.unwrap_or(usize::MAX));
        (below.last().map(|(&at, _)| at), fails)
    }
}

/// The axis that is searched, and whether twice.
const fn along(header: &Header) -> (usize, bool) {
    match header.find {
        Some(Search::Recovery { axis }) => (axis, true),
        Some(Search::Largest { axis }) => (axis, false),
        _ => (0, false),
    }
}

fn steps(header: &Header, axis: usize) -> usize {
    header.axes.get(axis).map_or(1, |axis| axis.values.len())
}

impl Searches {
    pub(super) fn new(header: &Header, shard: Shard) -> Self {
        let (axis, two) = along(header);
        let left = shard.of(Self::count(header));
        Self { header: header.clone(), axis, two, left, open: Vec::new(), done: Vec::new() }
    }

    /// How many searches a study is.
    pub(super) fn count(header: &Header) -> u64 {
        let (axis, two) = along(header);
        header.variants() / steps(header, axis).max(1) as u64 * if two { 2 } else { 1 }
    }

    /// The number of the search to which a variant's runs belong, counted from 0: [`Self::search`] the
    /// other way round.
    pub(super) fn number(header: &Header, variant: u64) -> u64 {
        let (axis, two) = along(header);
        let variants = header.variants().max(1);
        let choice = header.choice(variant % variants);
        let others = header.axes.iter().zip(choice).enumerate().filter(|&(place, _)| place != axis);
        let number =
            others.fold(0, |number, (_, (axis, at))| number * axis.values.len() as u64 + at as u64);
        if two { number * 2 + u64::from(variant < variants) } else { number }
    }

    /// How many runs one search may be, at least and at most.
    pub(super) fn bounds(header: &Header) -> (u64, u64) {
        let steps = steps(header, along(header).0) as u64;
        let halvings = u64::from(steps.saturating_sub(1).max(1).next_power_of_two().ilog2());
        let least = steps.min(2);
        (header.most_seeds * least, header.most_seeds * (least + halvings).min(steps))
    }

    fn steps(&self) -> usize {
        steps(&self.header, self.axis)
    }

    /// The search of a number.
    fn search(&self, number: u64) -> Halving {
        let arms = if self.two { 2 } else { 1 };
        let (mut rest, without) = (number / arms, self.two && number.is_multiple_of(2));
        let mut origin = vec![0; self.header.axes.len()];
        for (place, axis) in self.header.axes.iter().enumerate().rev() {
            if place != self.axis {
                let base = axis.values.len().max(1) as u64;
                origin[place] = usize::try_from(rest % base).unwrap_or(0);
                rest /= base;
            }
        }
        Halving { number, origin, without_trigger: without, tested: BTreeMap::new() }
    }

    fn variant(&self, halving: &Halving, step: usize) -> u64 {
        let mut choice = halving.origin.clone();
        if let Some(place) = choice.get_mut(self.axis) {
            *place = step;
        }
        let behind = if halving.without_trigger { self.header.variants() } else { 0 };
        behind + self.header.number(&choice)
    }

    pub(super) fn next_round(&mut self) -> Option<Jobs> {
        let steps = self.steps();
        let header = &self.header;
        let (open, over): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|halving| !halving.wants(header, steps).is_empty());
        self.open = open;
        self.done.extend(over);
        if self.open.is_empty() {
            let block = next_block(&mut self.left)?;
            self.open = block.map(|number| self.search(number)).collect();
        }
        let mut jobs = Vec::new();
        for halving in &self.open {
            for step in halving.wants(&self.header, steps) {
                let variant = self.variant(halving, step);
                let seeds = (0..self.header.most_seeds).map(|at| self.header.first_seed + at);
                jobs.extend(seeds.map(|seed| Job { variant, seed }));
            }
        }
        Some(Jobs::List(jobs.into_iter()))
    }

    pub(super) fn take(&mut self, record: &Record) {
        let variants = self.header.variants();
        let mut origin = self.header.choice(record.variant % variants);
        let step = origin.get_mut(self.axis).map_or(0, std::mem::take);
        let without = record.variant >= variants;
        let found =
            self.open.iter_mut().find(|one| one.origin == origin && one.without_trigger == without);
        let Some(halving) = found else {
            return;
        };
        let tested = halving.tested.entry(step).or_default();
        tested.runs += 1;
        tested.fell.resize(self.header.invariants.len(), (0, None));
        for (at, fell) in tested.fell.iter_mut().enumerate() {
            if record.verdicts.as_bytes().get(at) != Some(&b'h') {
                fell.0 += 1;
                let when = record.first_broken_s.get(at).copied().flatten();
                fell.1 = match (fell.1, when) {
                    (Some(old), Some(new)) => Some(f64::min(old, new)),
                    (old, new) => old.or(new),
                };
            }
        }
    }

    /// What was found, once there is no further round.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        // Those that need fewer steps are over sooner.
        let mut done: Vec<&Halving> = self.done.iter().collect();
        done.sort_by_key(|halving| halving.number);
        for halving in done {
            let (holds, fails) = halving.ends(&self.header);
            let gave_way = fails
                .and_then(|at| halving.tested.get(&at))
                .and_then(|tested| tested.gave_way(&self.header));
            let side = Side { holds, fails, gave_way };
            match findings.last_mut() {
                Some(last) if self.two && last.choice == halving.origin => last.sides.push(side),
                _ => findings.push(Finding { choice: halving.origin.clone(), sides: vec![side] }),
            }
        }
        findings
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::journal::{Axis, Named, SCHEMA};
    use super::*;

    pub fn header(find: Search) -> Header {
        let axis = |name: &str, n: usize| Axis {
            name: name.into(),
            values: (0..n).map(|n| n.to_string()).collect(),
        };
        let named =
            |name: &str| Named { name: name.into(), text: String::new(), unit: "ms".into() };
        Header {
            schema: SCHEMA.into(),
            version: String::new(),
            streams: 0,
            title: String::new(),
            question: String::new(),
            hash: String::new(),
            scenario: String::new(),
            scenario_hash: String::new(),
            axes: vec![axis("knob", 3), axis("load-factor", 100)],
            base: vec![0, 0],
            first_seed: 4,
            least_seeds: 2,
            most_seeds: 2,
            precision: None,
            find: Some(find),
            invariants: vec![named("late"), named("early")],
            holds: vec![0, 1],
            holds_in: 1.0,
            measures: Vec::new(),
            shard: None,
        }
    }

    /// A run in a world where a variant breaks from a step on that `edge` says.
    pub fn record(header: &Header, job: Job, edge: impl Fn(usize, bool) -> usize) -> Record {
        let variants = header.variants();
        let choice = header.choice(job.variant % variants);
        let holds = choice[1] < edge(choice[0], job.variant >= variants);
        Record {
            variant: job.variant,
            seed: job.seed,
            digest: String::new(),
            requests: 0,
            verdicts: if holds { "hh" } else { "bb" }.into(),
            first_broken_s: if holds { vec![None; 2] } else { vec![Some(9.0), Some(4.0)] },
            seen: Vec::new(),
            monthly_usd: 0.0,
        }
    }

    /// Searches in such a world.
    fn searched(header: &Header, edge: impl Fn(usize, bool) -> usize) -> (Vec<Finding>, u64) {
        let mut searches = Searches::new(header, Shard::WHOLE);
        let mut runs = 0;
        while let Some(jobs) = searches.next_round() {
            for job in jobs {
                runs += 1;
                searches.take(&record(header, job, &edge));
            }
        }
        (searches.findings(), runs)
    }

    #[test]
    fn every_edge_is_found_in_few_runs() {
        let header = header(Search::Largest { axis: 1 });
        for edge in 0..=100 {
            let (findings, runs) = searched(&header, |knob, _| edge.max(knob * 30));
            assert_eq!(findings.len(), 3);
            for (knob, finding) in findings.iter().enumerate() {
                let edge = edge.max(knob * 30);
                assert_eq!(finding.choice, [knob, 0]);
                assert_eq!(finding.sides[0].holds, edge.checked_sub(1));
                assert_eq!(finding.sides[0].fails, (edge < 100).then_some(edge));
                let gave_way = finding.sides[0].gave_way;
                assert_eq!(
                    gave_way.map(|one| (one.invariant, one.runs)),
                    (edge < 100).then_some((1, 2))
                );
            }
            let (least, most) = Searches::bounds(&header);
            assert!((3 * least..=3 * most).contains(&runs), "{runs} in {least}..{most}");
        }
        assert!(Searches::bounds(&header).1 <= 2 * 9);
    }

    #[test]
    fn a_recovery_is_two_searches() {
        let header = header(Search::Recovery { axis: 1 });
        let (findings, _) = searched(&header, |knob, without| if without { 80 } else { 20 + knob });
        assert_eq!(findings.len(), 3);
        for (knob, finding) in findings.iter().enumerate() {
            let fails: Vec<_> = finding.sides.iter().map(|side| side.fails).collect();
            assert_eq!(fails, [Some(80), Some(20 + knob)]);
        }
    }

    #[test]
    fn a_variant_knows_its_search() {
        for find in [Search::Largest { axis: 1 }, Search::Recovery { axis: 1 }] {
            let header = header(find);
            let searches = Searches::new(&header, Shard::WHOLE);
            for number in 0..Searches::count(&header) {
                let halving = searches.search(number);
                for step in [0, 57, 99] {
                    let variant = searches.variant(&halving, step);
                    assert_eq!(Searches::number(&header, variant), number);
                }
            }
        }
    }
}
