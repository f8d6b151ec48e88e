//! `[[inject]]` and `[[change]]`: what is done to the fabric, and when.

use super::arguments::FileArguments;
use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::reader::Reader;
use super::section::Section;
use super::tree::{Node, Origin};
use crate::change::{self, Change, Planned};
use crate::engine::Profile;
use crate::fault::{self, Fault, Injection, Label, Need, Surge};
use crate::model::Manifest;
use crate::units::{Instant, Span};

pub(super) const KEYS: &[Row] = &[
    row("inject", "list", Is("none"), "[]", "what harm is done"),
    row("change", "list", Is("none"), "[]", "what people do on purpose"),
    row("inject.label", "text", Required, "\"outage\"", "what invariants call it"),
    row("inject.at", "time", Required, "\"5m\"", "when it begins"),
    row(
        "inject.lasts",
        "time",
        Is("to the end"),
        "\"5m\"",
        "how long; not for what happens at an instant",
    ),
    row(
        "inject.times",
        "count",
        Is("1"),
        "3",
        "how often it happens; the repeats are called `LABEL-2`, `LABEL-3` and so on",
    ),
    row(
        "inject.every",
        "time",
        Is("none"),
        "\"5m\"",
        "how long after the last time it begins again",
    ),
    row(
        "inject.fault",
        "table",
        Required,
        "{ kind = \"evict-cache\", region = \"us-east-1\", share = \"50%\" }",
        "what is done",
    ),
    row("change.label", "text", Required, "\"drain\"", "what invariants call it"),
    row("change.at", "time", Required, "\"5m\"", "when it begins"),
    row(
        "change.lasts",
        "time",
        Is("to the end"),
        "\"5m\"",
        "when it is taken back, after this long",
    ),
    row(
        "change.do",
        "table",
        Required,
        "{ kind = \"drain\", region = \"sa-east-1\" }",
        "what is done",
    ),
];

/// The most faults or changes of a file.
const MAX_ITEMS: usize = 1_000;

/// The most times that one fault is repeated.
const MAX_TIMES: u32 = 100;

/// What is known of the run while faults and changes are read.
#[derive(Clone, Copy)]
pub(super) struct ReadContext<'a> {
    pub regions: &'a [String],
    pub manifest: &'a Manifest,
    /// The region that holds the origin.
    pub origin: usize,
    /// Whether viewers ask for segments.
    pub segments: bool,
    pub end: Instant,
}

/// What the file does to the fabric.
#[derive(Default)]
pub(super) struct Injections {
    pub injections: Vec<Injection>,
    pub changes: Vec<Planned>,
    /// Where each begins in the file, injections first.
    places: Vec<Origin>,
    /// Labels of what has problems, so that sentences that name them are not blamed.
    pub broken: Vec<String>,
}

/// When something happens, and what it is called.
struct Schedule {
    label: Label,
    at: Instant,
    until: Option<Instant>,
}

/// How often something happens, in which time again, and where the file says so.
struct Again {
    count: u32,
    apart: Span,
    at: Origin,
}

impl Reader<'_> {
    /// All injections and changes.
    pub fn injections(
        &mut self,
        inject: Option<&Node>,
        change: Option<&Node>,
        context: ReadContext<'_>,
    ) -> Injections {
        let mut all = Injections::default();
        let mut labels: Vec<String> = Vec::new();
        for item in self.items(inject, "[[inject]]") {
            let Some(mut section) = self.section(item, "inject") else {
                continue;
            };
            let node = section.require(self, "fault");
            let fault = node.and_then(|node| self.fault(node, context));
            let is_instant = fault.is_some_and(|fault| fault.is_instant());
            let again = self.again(&mut section);
            let schedule = self.schedule(&mut section, context, is_instant, &mut labels);
            section.finish(self);
            match (schedule, fault) {
                (Ok(Schedule { label, at, until }), Some(fault)) => {
                    self.ramp_fits(item, fault, at, until.unwrap_or(context.end));
                    let first = Injection { label, at, until, fault };
                    for injection in self.repeated(first, again, context, &mut labels) {
                        all.injections.push(injection);
                        all.places.push(item.at.clone());
                    }
                }
                (Ok(Schedule { label, .. }), None) => all.broken.push(label.0),
                (Err(label), _) => all.broken.extend(label),
            }
        }
        self.overlapping_faults(&all, context.end);
        let injections = all.places.len();
        for item in self.items(change, "[[change]]") {
            let Some(mut section) = self.section(item, "change") else {
                continue;
            };
            let node = section.require(self, "do");
            let change = node.and_then(|node| self.change(node, context));
            let schedule = self.schedule(&mut section, context, false, &mut labels);
            section.finish(self);
            match (schedule, change) {
                (Ok(Schedule { label, at, until }), Some(change)) => {
                    all.changes.push(Planned { label, at, until, change });
                    all.places.push(item.at.clone());
                }
                (Ok(Schedule { label, .. }), None) => all.broken.push(label.0),
                (Err(label), _) => all.broken.extend(label),
            }
        }
        self.overlapping_changes(&all, injections, context.end);
        all
    }

    fn items<'t>(&mut self, node: Option<&'t Node>, section: &str) -> &'t [Node] {
        let Some(node) = node else { return &[] };
        let items =
            self.list(node, &format!("write `{section}`, once for each")).unwrap_or_default();
        if items.len() > MAX_ITEMS {
            let message = format!("{} times `{section}` is too often", items.len());
            self.say(&node.at, message, "at most 1,000");
            return &[];
        }
        items
    }

    /// How often something happens, the first time included, and in which time again.
    fn again(&mut self, section: &mut Section<'_>) -> Option<Again> {
        let (times, every) = (section.take("times"), section.take("every"));
        let (times, every) = match (times, every) {
            (Some(times), Some(every)) => (times, every),
            (Some(one), None) | (None, Some(one)) => {
                let help = "`times = 3` and `every = \"5m\"`, or neither";
                self.say(&one.key_at, "`times` and `every` belong together", help);
                return None;
            }
            (None, None) => return None,
        };
        let count = self.count(&times.node, 2..=MAX_TIMES)?;
        let apart = self.some_time(&every.node)?;
        Some(Again { count, apart, at: every.node.at.clone() })
    }

    /// Something and all its repeats: `storm`, `storm-2`, `storm-3`.
    fn repeated(
        &mut self,
        first: Injection,
        again: Option<Again>,
        context: ReadContext<'_>,
        labels: &mut Vec<String>,
    ) -> Vec<Injection> {
        let Some(Again { count, apart, at }) = again else {
            return vec![first];
        };
        let lasts = first.until.map(|until| until.since(first.at));
        if lasts.is_some_and(|lasts| lasts > apart) || lasts.is_none() && !first.fault.is_instant()
        {
            let help = "`lasts` is at most `every`";
            self.say(&at, "this begins again before it has ended", help);
            return vec![first];
        }
        let mut all = vec![first.clone()];
        for number in 2..=count {
            let shift = apart.saturating_mul(u64::from(number) - 1);
            let label = format!("{}-{number}", first.label.0);
            let (from, until) = (
                first.at.saturating_add(shift),
                first.until.map(|until| until.saturating_add(shift)),
            );
            if until.unwrap_or(from) > context.end || from >= context.end {
                let message = format!("`{label}` is not over when the run ends at {}", context.end);
                self.say(&at, message, format!("fewer `times`, or `run.length` above {from}"));
                break;
            }
            if labels.contains(&label) {
                let message = format!("the label `{label}` is used twice");
                self.say(&at, message, "repeats are called `label-2`, `label-3` and so on");
            }
            labels.push(label.clone());
            all.push(Injection { label: Label(label), at: from, until, ..first.clone() });
        }
        all
    }

    /// Label and time; on a problem the label, if there is one.
    fn schedule(
        &mut self,
        section: &mut Section<'_>,
        context: ReadContext<'_>,
        is_instant: bool,
        labels: &mut Vec<String>,
    ) -> Result<Schedule, Option<String>> {
        let before = self.problems.len();
        let node = section.require(self, "label");
        let label = node.and_then(|node| self.name(node));
        if let (Some(node), Some(label)) = (node, &label) {
            if labels.contains(label) {
                let message = format!("the label `{label}` is used twice");
                self.say(&node.at, message, format!("`{label}-2`, for example"));
            }
            labels.push(label.clone());
        }
        let at = self.begin(section, context);
        let lasts = section.take("lasts");
        let until = match lasts {
            Some(entry) if is_instant => {
                let message = "this happens at an instant and does not last";
                self.say(&entry.key_at, message, "remove `lasts`");
                None
            }
            Some(entry) => self.end(&entry.node, at, context),
            None => None,
        };
        match (label, at) {
            (Some(label), Some(at)) if self.problems.len() == before => {
                Ok(Schedule { label: Label(label), at, until })
            }
            (label, _) => Err(label),
        }
    }

    fn begin(&mut self, section: &mut Section<'_>, context: ReadContext<'_>) -> Option<Instant> {
        let node = section.require(self, "at")?;
        let at = Instant::ZERO + self.time(node)?;
        if at >= context.end {
            let message = format!("this begins at {at}, and the run ends at {}", context.end);
            self.say(&node.at, message, "begin earlier, or make `run.length` longer");
            return None;
        }
        Some(at)
    }

    fn end(
        &mut self,
        node: &Node,
        at: Option<Instant>,
        context: ReadContext<'_>,
    ) -> Option<Instant> {
        let lasts = self.some_time(node)?;
        let at = at?;
        let until = at + lasts;
        if until > context.end {
            let message = format!("this ends at {until}, after the run's end at {}", context.end);
            let most = context.end.since(at);
            let help = format!("`lasts = \"{most}\"` at most, or without `lasts` to the end");
            self.say(&node.at, message, help);
            return None;
        }
        Some(until)
    }

    /// Folds surges into the profiles of the regions that they come from.
    pub fn fold_surges(&mut self, all: &Injections, profiles: &mut [Profile]) {
        for (injection, place) in all.injections.iter().zip(&all.places) {
            let Fault::Surge(Surge { region, factor, ramp }) = injection.fault else {
                continue;
            };
            for (at, profile) in profiles.iter_mut().enumerate() {
                if region.is_some_and(|region| region != at) {
                    continue;
                }
                let folded = match injection.until {
                    Some(until) => profile.scaled_between(injection.at, until, factor, ramp),
                    // To the end of the run and beyond: there is a rise and no fall.
                    None => rise(injection.at, factor, ramp).map(|rise| profile.times(&rise)),
                };
                match folded {
                    Ok(folded) => *profile = folded,
                    Err(error) => {
                        self.say(place, error, "`squall explain fault` has what a surge may be");
                        return;
                    }
                }
            }
        }
    }

    fn ramp_fits(&mut self, item: &Node, fault: Fault, at: Instant, until: Instant) {
        let ramp = fault.ramp();
        let longest = until.since(at).half();
        if ramp > longest {
            let place = item.get("fault").and_then(|entry| entry.node.get("ramp"));
            let origin = place.map_or(&item.at, |entry| &entry.node.at);
            let message =
                format!("rise and fall take {ramp} each, and the fault lasts {}", until.since(at));
            self.say(origin, message, format!("`ramp = \"{longest}\"` at most"));
        }
    }

    fn fault(&mut self, node: &Node, context: ReadContext<'_>) -> Option<Fault> {
        let mut section = self.section(node, "inject.fault")?;
        let kinds: Vec<_> = fault::KINDS.iter().map(|kind| (kind.name, kind)).collect();
        let kind = self.kind(&mut section, &kinds)?;
        let fault =
            (kind.read)(&mut FileArguments { reader: self, section: &mut section, context });
        section.finish(self);
        self.needs_are_met(node, fault, context);
        fault
    }

    fn change(&mut self, node: &Node, context: ReadContext<'_>) -> Option<Change> {
        let mut section = self.section(node, "change.do")?;
        let kinds: Vec<_> = change::KINDS.iter().map(|kind| (kind.name, kind)).collect();
        let kind = self.kind(&mut section, &kinds)?;
        let change =
            (kind.read)(&mut FileArguments { reader: self, section: &mut section, context });
        section.finish(self);
        change
    }

    /// Which of these kinds a table is of. When that is wrong, none of its keys is.
    fn kind<T: Copy>(&mut self, section: &mut Section<'_>, kinds: &[(&str, T)]) -> Option<T> {
        let node = section.require(self, "kind");
        let kind = node.and_then(|node| self.choice(node, kinds));
        match (kind, node.and_then(Node::text)) {
            (Some(kind), Some(name)) => {
                section.narrow(name);
                Some(kind)
            }
            _ => {
                section.rest();
                None
            }
        }
    }

    /// A fault that nothing in this fabric would notice is a mistake.
    fn needs_are_met(&mut self, node: &Node, fault: Option<Fault>, context: ReadContext<'_>) {
        let pod = &context.manifest.pod;
        let (met, message, help) = match fault.map_or(Need::Nothing, |f| f.behaviour().needs()) {
            Need::Nothing => return,
            Need::Segments => (
                context.segments,
                "nobody asks for segments, so that this fault meets nobody",
                "`[load.segments-per-second]`, with a rate for a region",
            ),
            Need::BoundedCpu => (
                pod.cpu.is_some(),
                "a neighbour takes processors, and the pods' are not bounded",
                "`cpu = { threads = 1 }` in `[fabric.manifest]`, for example",
            ),
            Need::BoundedMemory => (
                pod.memory.is_some(),
                "this leaks memory, and the pods' is not bounded",
                "`memory = { limit = \"1GB\" }` in `[fabric.manifest]`, for example",
            ),
        };
        if !met {
            self.say(&node.at, message, help);
        }
    }

    /// Two of one kind at one place and time would leave open which of them holds.
    fn overlapping_faults(&mut self, all: &Injections, end: Instant) {
        let mut told = None;
        for (later, two) in all.injections.iter().enumerate() {
            let clash = all.injections[..later].iter().find(|one| {
                let times = one.at < two.until.unwrap_or(end) && two.at < one.until.unwrap_or(end);
                times && one.fault.excludes(&two.fault)
            });
            if let (Some(one), Some(place)) = (clash, all.places.get(later))
                && told != Some(place)
            {
                told = Some(place); // repeats clash as often as they come
                let kind = two.fault.kind();
                let (one, two) = (&one.label.0, &two.label.0);
                let message =
                    format!("`{one}` and `{two}` are both `{kind}` at one place and time");
                self.say(place, message, "let one end before the other begins");
            }
        }
    }

    fn overlapping_changes(&mut self, all: &Injections, injections: usize, end: Instant) {
        for (later, two) in all.changes.iter().enumerate() {
            let clash = all.changes[..later].iter().find(|one| {
                let times = one.at < two.until.unwrap_or(end) && two.at < one.until.unwrap_or(end);
                times && one.change.excludes(&two.change)
            });
            if let (Some(one), Some(place)) = (clash, all.places.get(injections + later)) {
                let kind = two.change.kind();
                let (one, two) = (&one.label.0, &two.label.0);
                let message =
                    format!("`{one}` and `{two}` are both `{kind}` at one place and time");
                self.say(place, message, "let one end before the other begins");
            }
        }
    }
}

fn rise(at: Instant, factor: f64, ramp: Span) -> Result<Profile, crate::engine::ArrivalsError> {
    let mut points = vec![(at, 1.0), (at + ramp, factor)];
    if at > Instant::ZERO {
        points.insert(0, (Instant::ZERO, 1.0));
    }
    Profile::new(&points)
}
