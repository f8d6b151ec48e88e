//! The journals of all parts become the runs of the whole, in its order.
//!
//! Must not know where a journal lies.

use super::jobs::{Jobs, Shard};
use super::journal::{Header, Record};
use super::plan::Planner;
use std::collections::BTreeMap;
use std::iter::Peekable;

/// The runs of all parts, in the order in which the whole would have made them.
///
/// It plans the whole and takes each run from the part that has it. Parts are opened when they are needed
/// and closed at their end: a block of the plan needs few at once, however many there are. It ends where
/// a run is missing; a run that no plan asks for comes last.
pub struct Joined<I: Iterator, O> {
    header: Header,
    planner: Planner,
    jobs: Option<Jobs>,
    units: u64,
    parts: u64,
    open: O,
    /// Of each part that was needed: what is left of it, or nothing at its end.
    streams: BTreeMap<u64, Option<Peekable<I>>>,
}

impl<I, O> Joined<I, O>
where
    I: Iterator<Item = Result<Record, String>>,
    O: FnMut(u64) -> I,
{
    /// Of a study that was cut into so many parts; `open` gives the runs of a part, counted from 1.
    pub fn new(header: &Header, parts: u64, open: O) -> Self {
        let header = Header { shard: None, ..header.clone() };
        let planner = Planner::new(&header);
        let (units, streams) = (Planner::units(&header), BTreeMap::new());
        Self { header, planner, jobs: None, units, parts, open, streams }
    }

    /// The part that has a unit of the plan.
    fn part_of(&self, unit: u64) -> u64 {
        let (mut low, mut high) = (1, self.parts);
        while low < high {
            let middle = low.midpoint(high);
            if (Shard { part: middle, parts: self.parts }).of(self.units).end > unit {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    fn take_from(&mut self, part: u64) -> Option<Result<Record, String>> {
        let open = &mut self.open;
        let stream = self.streams.entry(part).or_insert_with(|| Some(open(part).peekable()));
        let taken = stream.as_mut().and_then(Iterator::next);
        if stream.as_mut().is_some_and(|stream| stream.peek().is_none()) {
            *stream = None;
        }
        taken
    }
}

impl<I, O> Iterator for Joined<I, O>
where
    I: Iterator<Item = Result<Record, String>>,
    O: FnMut(u64) -> I,
{
    type Item = Result<Record, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let job = loop {
            if let Some(job) = self.jobs.as_mut().and_then(Iterator::next) {
                break job;
            }
            self.jobs = self.planner.next_round();
            if self.jobs.is_none() {
                return (1..=self.parts).find_map(|part| self.take_from(part));
            }
        };
        let part = self.part_of(Planner::unit(&self.header, job));
        let taken = self.take_from(part);
        if let Some(Ok(record)) = &taken {
            self.planner.take(record);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::Search;
    use super::super::search::tests::{header, record};
    use super::*;

    /// The runs that a study makes, or a part of it.
    fn made(header: &Header) -> Vec<Record> {
        let mut planner = Planner::new(header);
        let mut records = Vec::new();
        while let Some(jobs) = planner.next_round() {
            for job in jobs {
                // Each search ends elsewhere, so that they take different numbers of steps.
                let one = record(
                    header,
                    job,
                    |knob, without| {
                        if without { 97 } else { (knob * 37 + 11) % 101 }
                    },
                );
                planner.take(&one);
                records.push(one);
            }
        }
        records
    }

    fn cut(header: &Header, parts: u64) -> Vec<Vec<Record>> {
        let part = |part| Header { shard: Some((part, parts)), ..header.clone() };
        (1..=parts).map(|number| made(&part(number))).collect()
    }

    fn joined(header: &Header, cut: &[Vec<Record>]) -> Vec<Record> {
        let open = |part: u64| {
            let part = usize::try_from(part).unwrap() - 1;
            cut[part].iter().cloned().map(Ok)
        };
        Joined::new(header, cut.len() as u64, open).map(Result::unwrap).collect()
    }

    fn kinds() -> Vec<Header> {
        let largest = Header { ..header(Search::Largest { axis: 1 }) };
        let mut kinds = vec![
            largest.clone(),
            header(Search::Recovery { axis: 1 }),
            header(Search::Cheapest),
            Header { find: None, ..largest.clone() },
            Header { find: None, least_seeds: 1, precision: Some(0.1), ..largest },
        ];
        for kind in &mut kinds {
            // More searches than one block has.
            kind.axes[0].values = (0..23).map(|n| n.to_string()).collect();
        }
        kinds
    }

    #[test]
    fn parts_in_any_number_are_the_whole() {
        for header in kinds() {
            let whole = made(&header);
            let (least, most) = Planner::bounds(&header);
            assert!((least..=most).contains(&(whole.len() as u64)));
            for parts in [1, 2, 3, 7, 23, 46, 50] {
                let cut = cut(&header, parts);
                assert_eq!(cut.iter().map(Vec::len).sum::<usize>(), whole.len());
                assert!(joined(&header, &cut) == whole, "{:?} in {parts} parts", header.find);
            }
        }
    }

    #[test]
    fn searches_are_cut_evenly_and_some_parts_may_be_empty() {
        let header = header(Search::Recovery { axis: 1 });
        let empty = cut(&header, 8).iter().filter(|part| part.is_empty()).count();
        assert_eq!(empty, 8 - 6, "three knobs, each with its trigger and without");
    }

    #[test]
    fn what_is_missing_ends_it_and_what_is_too_much_comes_last() {
        let header = header(Search::Largest { axis: 1 });
        let whole = made(&header);
        let mut cut = cut(&header, 4);
        let part = cut.iter().position(|part| !part.is_empty()).unwrap();
        let last = cut[part].pop().unwrap();
        assert!(joined(&header, &cut).len() < whole.len());
        cut[part].push(last.clone());
        cut[0].push(last.clone());
        let all = joined(&header, &cut);
        assert!(all[..whole.len()] == whole && all[whole.len()..] == [last]);
    }
}
