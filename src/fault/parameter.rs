//! What a file says of a fault or a change: its keys, and how their values are asked for.

use crate::units::Span;

/// A key of a fault or a change.
#[derive(Debug)]
pub struct Parameter {
    /// Its name in files.
    pub name: &'static str,
    /// What may be written there.
    pub value: Value,
    /// What holds when it is not written.
    pub absent: Absent,
    /// An example, as it is written.
    pub example: &'static str,
    /// What it is: half a sentence.
    pub text: &'static str,
}

impl Parameter {
    /// Whether it must be written.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        matches!(self.absent, Absent::Wrong)
    }
}

/// What may be written, with its bounds (both included).
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// The name of a region.
    Region,
    /// The name of a region, or "all".
    RegionOrAll,
    /// A time, from the least that is allowed.
    Time(Span),
    /// A number from one bound to the other.
    Number(f64, f64),
    /// A share of one: from zero on, or with `true` above zero.
    Share(bool),
    /// Cores, as a number; read in thousandths.
    Cores,
    /// Cores, or "none".
    CoresOrNone,
    /// A volume of at least one byte.
    Bytes,
    /// A number of the manifest service's pods, from one to all that there are.
    Pods,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What an absent key means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absent {
    /// It must be written.
    Wrong,
    /// As if this had been written. The reader reads this text, so that what is explained is what holds.
    As(&'static str),
    /// No bound, which is explained by this word.
    Unbounded(&'static str),
}

/// Where the values of parameters come from: a file, or chance in tests. A method that returns `None`
/// has reported what is missing or wrong.
pub trait Arguments {
    /// The index of a region ([`Value::Region`]).
    fn region(&mut self, key: &Parameter) -> Option<usize>;
    /// The index of a region, or `None` for all ([`Value::RegionOrAll`]).
    fn region_or_all(&mut self, key: &Parameter) -> Option<Option<usize>>;
    /// The region that holds the origin.
    fn origin(&self) -> usize;
    /// Reports it when a region, if one is named, does not hold the origin.
    fn holds_origin(&mut self, region: Option<usize>) -> Option<()>;
    /// A time.
    fn time(&mut self, key: &Parameter) -> Option<Span>;
    /// A number.
    fn number(&mut self, key: &Parameter) -> Option<f64>;
    /// A share of one.
    fn share(&mut self, key: &Parameter) -> Option<f64>;
    /// Thousandths of a core.
    fn cores(&mut self, key: &Parameter) -> Option<u32>;
    /// Thousandths of a core, or no bound.
    fn cores_or_none(&mut self, key: &Parameter) -> Option<Option<u32>>;
    /// Bytes.
    fn bytes(&mut self, key: &Parameter) -> Option<u64>;
    /// How many pods, or `None` for all where the key may be absent.
    fn pods(&mut self, key: &Parameter) -> Option<Option<u32>>;
    /// The position of a word among those of [`Value::Word`].
    fn word(&mut self, key: &Parameter) -> Option<usize>;
    /// Reports it when a key is written that means nothing here.
    fn refuse(&mut self, key: &Parameter, message: &str, help: &str) -> Option<()>;
}

/// The region that a fault acts on, or "all".
pub(super) const fn everywhere(example: &'static str, text: &'static str) -> Parameter {
    let (value, absent) = (Value::RegionOrAll, Absent::Wrong);
    Parameter { name: "region", value, absent, example, text }
}

/// A word of a few, one of which holds when none is written.
pub(super) const fn word(
    name: &'static str,
    words: &'static [&'static str],
    absent: Absent,
    example: &'static str,
    text: &'static str,
) -> Parameter {
    Parameter { name, value: Value::Word(words), absent, example, text }
}

/// Only the first `n` pods.
pub(super) const fn first_pods(example: &'static str, text: &'static str) -> Parameter {
    let (value, absent) = (Value::Pods, Absent::Unbounded("all"));
    Parameter { name: "pods", value, absent, example, text }
}

/// How long a fault takes to rise and to fall.
pub(super) const fn ramp(text: &'static str) -> Parameter {
    let (value, absent) = (Value::Time(Span::ZERO), Absent::As("\"0s\""));
    Parameter { name: "ramp", value, absent, example: "\"30s\"", text }
}

/// Which service.
pub(super) const fn service(example: &'static str) -> Parameter {
    word("service", super::Service::NAMES, Absent::Wrong, example, "which service")
}
