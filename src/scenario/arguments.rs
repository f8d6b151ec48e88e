//! The arguments of faults and changes, as a file gives them. Which keys a kind has, and what may stand
//! there, is said by the kind ([`crate::fault::KINDS`], [`crate::change::KINDS`]).

use super::inject::ReadContext;
use super::reader::Reader;
use super::section::Section;
use super::tree::{Node, parse_value};
use crate::fault::{Absent, Arguments, Parameter, Value};
use crate::units::{Span, count_to_f64};
use std::ops::RangeInclusive;

/// The table of a fault or a change while it is read.
pub(super) struct FileArguments<'f, 'r, 't> {
    pub reader: &'f mut Reader<'r>,
    pub section: &'f mut Section<'t>,
    pub context: ReadContext<'f>,
}

impl<'r> FileArguments<'_, 'r, '_> {
    /// What is written, or what the absent key stands for. A wrong value of a key that may be absent is
    /// reported, and then taken as absent, so that the rest of the fault is judged, too.
    fn value<T>(
        &mut self,
        key: &Parameter,
        read: impl Fn(&mut Reader<'r>, &Node) -> Option<T>,
    ) -> Option<T> {
        let written = match key.absent {
            Absent::Wrong => Some(self.section.require(self.reader, key.name)?),
            Absent::As(_) | Absent::Unbounded(_) => self.section.node(key.name),
        };
        let value = written.and_then(|node| read(self.reader, node));
        match key.absent {
            Absent::As(text) if value.is_none() => {
                read(self.reader, &parse_value(text, usize::MAX)?)
            }
            Absent::As(_) | Absent::Wrong | Absent::Unbounded(_) => value,
        }
    }

    /// What is written, or no bound where the key may be absent.
    fn bound<T>(
        &mut self,
        key: &Parameter,
        read: impl Fn(&mut Reader<'r>, &Node) -> Option<Option<T>>,
    ) -> Option<Option<T>> {
        let value = self.value(key, read);
        match key.absent {
            Absent::Unbounded(_) => Some(value.flatten()),
            Absent::As(_) | Absent::Wrong => value,
        }
    }
}

impl Arguments for FileArguments<'_, '_, '_> {
    fn region(&mut self, key: &Parameter) -> Option<usize> {
        let regions = self.context.regions;
        self.value(key, |r, n| r.region(n, regions))
    }

    fn region_or_all(&mut self, key: &Parameter) -> Option<Option<usize>> {
        let regions = self.context.regions;
        self.value(key, |r, n| r.region_or_all(n, regions))
    }

    fn origin(&self) -> usize {
        self.context.origin
    }

    fn holds_origin(&mut self, region: Option<usize>) -> Option<()> {
        let ReadContext { origin, regions, .. } = self.context;
        if !self.reader.regions_known || region.is_none_or(|region| region == origin) {
            return Some(());
        }
        let here = regions.get(origin).map_or("", String::as_str);
        let message = format!("the origin is in `{here}`");
        self.reader.say(self.section.at(), message, format!("`region = \"{here}\"`, or \"all\""));
        None
    }

    fn time(&mut self, key: &Parameter) -> Option<Span> {
        let within = span_range(key.value);
        self.value(key, |r, n| r.time_in(n, within.clone()))
    }

    fn number(&mut self, key: &Parameter) -> Option<f64> {
        let within = match key.value {
            Value::Number(least, most) => least..=most,
            _ => f64::MIN..=f64::MAX,
        };
        self.value(key, |r, n| r.number(n, within.clone()))
    }

    fn share(&mut self, key: &Parameter) -> Option<f64> {
        let least = u64::from(key.value == Value::Share(true));
        self.value(key, |r, n| r.share_grains(n, least)).map(|grains| count_to_f64(grains) / 1e9)
    }

    fn cores(&mut self, key: &Parameter) -> Option<u32> {
        self.value(key, Reader::thousandths)
    }

    fn cores_or_none(&mut self, key: &Parameter) -> Option<Option<u32>> {
        self.bound(key, Reader::cores_or_none)
    }

    fn bytes(&mut self, key: &Parameter) -> Option<u64> {
        self.value(key, |r, n| r.bytes(n, 1))
    }

    fn pods(&mut self, key: &Parameter) -> Option<Option<u32>> {
        let manifest = self.context.manifest;
        self.bound(key, |r, n| r.some_pods(n, manifest).map(Some))
    }

    fn word(&mut self, key: &Parameter) -> Option<usize> {
        let Value::Word(words) = key.value else { return None };
        let numbered: Vec<(&str, usize)> =
            words.iter().enumerate().map(|(at, word)| (*word, at)).collect();
        self.value(key, |r, n| r.choice(n, &numbered))
    }

    fn refuse(&mut self, key: &Parameter, message: &str, help: &str) -> Option<()> {
        match self.section.take(key.name) {
            Some(entry) => {
                self.reader.say(&entry.key_at, message, help);
                None
            }
            None => Some(()),
        }
    }
}

fn span_range(value: Value) -> RangeInclusive<Span> {
    match value {
        Value::Time(least) => least..=super::reader::CENTURY,
        _ => Span::ZERO..=super::reader::CENTURY,
    }
}
