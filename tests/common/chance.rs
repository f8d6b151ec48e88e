//! Faults and changes at random, of every kind that there is: their arguments come from chance.

use proptest::collection;
use proptest::prelude::*;
use proptest::sample::select;
use squall::change::{self, Change};
use squall::fault::{Arguments, Fault, KINDS, Kind, Parameter, Value};
use squall::units::Span;

/// Arguments of a fault or a change, by chance: each is made of one number. Values are such that a run of
/// seconds feels them.
struct Chance<'a> {
    numbers: &'a [u32],
    next: usize,
    regions: u32,
}

impl Chance<'_> {
    fn number(&mut self) -> u32 {
        self.next += 1;
        self.numbers[(self.next - 1) % self.numbers.len()]
    }

    fn below(&mut self, most: u32) -> u32 {
        self.number() % most
    }

    /// From zero to one, both included.
    fn unit(&mut self) -> f64 {
        f64::from(self.below(1_001)) / 1e3
    }
}

impl Arguments for Chance<'_> {
    fn region(&mut self, _: &Parameter) -> Option<usize> {
        Some(self.below(self.regions) as usize)
    }

    fn region_or_all(&mut self, _: &Parameter) -> Option<Option<usize>> {
        let place = self.below(2 * self.regions);
        Some((place < self.regions).then_some(place as usize))
    }

    fn origin(&self) -> usize {
        // The plan's own origin may be elsewhere: then the fault meets nothing.
        (self.numbers[0] % self.regions) as usize
    }

    fn holds_origin(&mut self, _: Option<usize>) -> Option<()> {
        Some(())
    }

    /// Whole milliseconds or any nanosecond, up to five seconds, or none where that is allowed.
    fn time(&mut self, key: &Parameter) -> Option<Span> {
        let Value::Time(least) = key.value else { panic!("{key:?}") };
        let span = match self.below(3) {
            0 => least,
            1 => Span::from_millis(self.below(5_001).into()),
            _ => Span::from_nanos(self.below(4_000_000_001).into()),
        };
        Some(span.max(least))
    }

    fn number(&mut self, key: &Parameter) -> Option<f64> {
        let Value::Number(least, most) = key.value else { panic!("{key:?}") };
        let most = most.min(10.0);
        Some(least + (most - least) * self.unit())
    }

    fn share(&mut self, key: &Parameter) -> Option<f64> {
        let least = if key.value == Value::Share(true) { 1e-9 } else { 0.0 };
        Some(self.unit().max(least))
    }

    fn cores(&mut self, _: &Parameter) -> Option<u32> {
        Some(1 + self.below(8_000))
    }

    fn cores_or_none(&mut self, key: &Parameter) -> Option<Option<u32>> {
        if self.below(2) == 0 { Some(None) } else { self.cores(key).map(Some) }
    }

    fn bytes(&mut self, _: &Parameter) -> Option<u64> {
        Some(1 + u64::from(self.below(3_000)))
    }

    /// Some pods, or all, or more than there are.
    fn pods(&mut self, key: &Parameter) -> Option<Option<u32>> {
        let all = !key.is_required() && self.below(5) < 3;
        Some(if all { None } else { Some(1 + self.below(4)) })
    }

    fn word(&mut self, key: &Parameter) -> Option<usize> {
        let Value::Word(words) = key.value else { panic!("{key:?}") };
        Some(self.below(u32::try_from(words.len()).unwrap()) as usize)
    }

    fn refuse(&mut self, _: &Parameter, _: &str, _: &str) -> Option<()> {
        Some(())
    }
}

/// Every kind of fault; those that change most are drawn more often.
pub fn fault(regions: usize) -> impl Strategy<Value = Fault> {
    let regions = u32::try_from(regions).unwrap();
    let often = ["region-down", "evict-cache", "evict-cache", "stop-pods"];
    let often = often.into_iter().flat_map(|name| KINDS.iter().filter(move |k| k.name == name));
    let kinds: Vec<&'static Kind> = KINDS.iter().chain(often).collect();
    (select(kinds), collection::vec(any::<u32>(), 12)).prop_map(move |(kind, numbers)| {
        (kind.read)(&mut Chance { numbers: &numbers, next: 0, regions }).unwrap()
    })
}

/// Every kind of change.
pub fn change(regions: usize) -> impl Strategy<Value = Change> {
    let regions = u32::try_from(regions).unwrap();
    let kinds: Vec<&'static change::Kind> = change::KINDS.iter().collect();
    (select(kinds), collection::vec(any::<u32>(), 12)).prop_map(move |(kind, numbers)| {
        (kind.read)(&mut Chance { numbers: &numbers, next: 0, regions }).unwrap()
    })
}
