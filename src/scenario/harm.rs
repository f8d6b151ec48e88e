//! `[[inject]]` and `[[change]]`: what is done to the fabric, and when.

use super::reader::Reader;
use super::section::Section;
use super::tree::{Node, Origin};
use crate::change::{Change, Planned};
use crate::engine::Profile;
use crate::fault::{Fault, Injection, Label};
use crate::model::Manifest;
use crate::units::{Instant, Span};

/// The most faults or changes of a file.
const MOST: usize = 1_000;

/// The most times that one fault comes.
const MOST_TIMES: u32 = 100;

/// What is known of the run while harm is read.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    pub regions: &'a [String],
    pub manifest: &'a Manifest,
    /// The region that holds the origin.
    pub origin: usize,
    /// Whether anybody asks for segments.
    pub segments: bool,
    pub end: Instant,
}

/// What the file does to the fabric.
#[derive(Default)]
pub(super) struct Harm {
    pub injections: Vec<Injection>,
    pub changes: Vec<Planned>,
    /// Where each begins in the file, injections first.
    places: Vec<Origin>,
    /// Labels of what has problems, so that sentences that name them are not blamed.
    pub broken: Vec<String>,
}

/// When something happens, and what it is called.
struct Moment {
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
    pub fn harm(&mut self, inject: Option<&Node>, change: Option<&Node>, stage: Stage<'_>) -> Harm {
        let mut harm = Harm::default();
        let mut labels: Vec<String> = Vec::new();
        for item in self.items(inject, "[[inject]]") {
            let Some(mut section) = self.section(item, "inject") else {
                continue;
            };
            let node = section.require(self, "fault");
            let fault = node.and_then(|node| self.fault(node, stage));
            let is_instant = fault.is_some_and(|fault| fault.is_instant());
            let again = self.again(&mut section);
            let moment = self.moment(&mut section, stage, is_instant, &mut labels);
            section.finish(self);
            match (moment, fault) {
                (Ok(Moment { label, at, until }), Some(fault)) => {
                    self.ramp_fits(item, fault, at, until.unwrap_or(stage.end));
                    let first = Injection { label, at, until, fault };
                    for injection in self.repeated(first, again, stage, &mut labels) {
                        harm.injections.push(injection);
                        harm.places.push(item.at.clone());
                    }
                }
                (Ok(Moment { label, .. }), None) => harm.broken.push(label.0),
                (Err(label), _) => harm.broken.extend(label),
            }
        }
        self.overlapping_faults(&harm, stage.end);
        let injections = harm.places.len();
        for item in self.items(change, "[[change]]") {
            let Some(mut section) = self.section(item, "change") else {
                continue;
            };
            let node = section.require(self, "do");
            let change = node.and_then(|node| self.change(node, stage));
            let moment = self.moment(&mut section, stage, false, &mut labels);
            section.finish(self);
            match (moment, change) {
                (Ok(Moment { label, at, until }), Some(change)) => {
                    harm.changes.push(Planned { label, at, until, change });
                    harm.places.push(item.at.clone());
                }
                (Ok(Moment { label, .. }), None) => harm.broken.push(label.0),
                (Err(label), _) => harm.broken.extend(label),
            }
        }
        self.overlapping_changes(&harm, injections, stage.end);
        harm
    }

    fn items<'t>(&mut self, node: Option<&'t Node>, section: &str) -> &'t [Node] {
        let Some(node) = node else { return &[] };
        let items =
            self.list(node, &format!("write `{section}`, once for each")).unwrap_or_default();
        if items.len() > MOST {
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
        let count = self.count(&times.node, 2..=MOST_TIMES)?;
        let apart = self.some_time(&every.node)?;
        Some(Again { count, apart, at: every.node.at.clone() })
    }

    /// Something and all its repeats: `storm`, `storm-2`, `storm-3`.
    fn repeated(
        &mut self,
        first: Injection,
        again: Option<Again>,
        stage: Stage<'_>,
        labels: &mut Vec<String>,
    ) -> Vec<Injection> {
        let Some(Again { count, apart, at }) = again else {
            return vec![first];
        };
        let lasts = first.until.map(|until| until.since(first.at));
        if lasts.is_some_and(|lasts| lasts > apart) || lasts.is_none() && !first.fault.is_instant()
        {
            let help = "`duration` is at most `every`";
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
            if until.unwrap_or(from) > stage.end || from >= stage.end {
                let message = format!("`{label}` is not over when the run ends at {}", stage.end);
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
    fn moment(
        &mut self,
        section: &mut Section<'_>,
        stage: Stage<'_>,
        is_instant: bool,
        labels: &mut Vec<String>,
    ) -> Result<Moment, Option<String>> {
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
        let at = self.begin(section, stage);
        let lasts = section.take("duration");
        let until = match lasts {
            Some(entry) if is_instant => {
                let message = "this happens at an instant and does not last";
                self.say(&entry.key_at, message, "remove `duration`");
                None
            }
            Some(entry) => self.end(&entry.node, at, stage),
            None => None,
        };
        match (label, at) {
            (Some(label), Some(at)) if self.problems.len() == before => {
                Ok(Moment { label: Label(label), at, until })
            }
            (label, _) => Err(label),
        }
    }

    fn begin(&mut self, section: &mut Section<'_>, stage: Stage<'_>) -> Option<Instant> {
        let node = section.require(self, "at")?;
        let at = Instant::ZERO + self.time(node)?;
        if at >= stage.end {
            let message = format!("this begins at {at}, and the run ends at {}", stage.end);
            self.say(&node.at, message, "begin earlier, or make `run.length` longer");
            return None;
        }
        Some(at)
    }

    fn end(&mut self, node: &Node, at: Option<Instant>, stage: Stage<'_>) -> Option<Instant> {
        let lasts = self.some_time(node)?;
        let at = at?;
        let until = at + lasts;
        if until > stage.end {
            let message = format!("this ends at {until}, after the run's end at {}", stage.end);
            let most = stage.end.since(at);
            let help = format!("`duration = \"{most}\"` at most, or without `duration` to the end");
            self.say(&node.at, message, help);
            return None;
        }
        Some(until)
    }

    /// Folds surges into the profiles of the regions that they come from.
    pub fn fold_surges(&mut self, harm: &Harm, profiles: &mut [Profile]) {
        for (injection, place) in harm.injections.iter().zip(&harm.places) {
            let Fault::Surge { region, factor, ramp } = injection.fault else {
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

    fn change(&mut self, node: &Node, stage: Stage<'_>) -> Option<Change> {
        let mut section = self.section(node, "change.do")?;
        let kind = section.require(self, "kind")?;
        let Some(()) = self.choice(kind, &[("drain", ())]) else {
            section.rest();
            return None;
        };
        section.narrow("drain");
        let region = section.need(self, "region", |r, n| r.region(n, stage.regions));
        section.finish(self);
        region.map(|region| Change::Drain { region })
    }

    /// Two of one kind at one place and time would leave open which of them holds.
    fn overlapping_faults(&mut self, harm: &Harm, end: Instant) {
        let mut told = None;
        for (later, two) in harm.injections.iter().enumerate() {
            let clash = harm.injections[..later].iter().find(|one| {
                let times = one.at < two.until.unwrap_or(end) && two.at < one.until.unwrap_or(end);
                times && same_target(one.fault, two.fault)
            });
            if let (Some(one), Some(place)) = (clash, harm.places.get(later))
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

    fn overlapping_changes(&mut self, harm: &Harm, injections: usize, end: Instant) {
        for (later, two) in harm.changes.iter().enumerate() {
            let clash = harm.changes[..later].iter().find(|one| {
                let times = one.at < two.until.unwrap_or(end) && two.at < one.until.unwrap_or(end);
                times && one.change == two.change
            });
            if let (Some(one), Some(place)) = (clash, harm.places.get(injections + later)) {
                let (one, two) = (&one.label.0, &two.label.0);
                let message = format!("`{one}` and `{two}` drain one region at one time");
                self.say(place, message, "let one end before the other begins");
            }
        }
    }
}

/// Whether two faults, were they to last at one time, would contradict each other. Surges multiply,
/// and what happens at an instant does not last.
fn same_target(one: Fault, two: Fault) -> bool {
    let meet = |a: Option<usize>, b: Option<usize>| a.is_none() || b.is_none() || a == b;
    match (one, two) {
        (Fault::RegionDown { region: a, .. }, Fault::RegionDown { region: b, .. }) => a == b,
        (Fault::DelayReplication { region: a, .. }, Fault::DelayReplication { region: b, .. }) => {
            meet(a, b)
        }
        (Fault::Slow { region: a, service: s, .. }, Fault::Slow { region: b, service: t, .. })
        | (
            Fault::Errors { region: a, service: s, .. },
            Fault::Errors { region: b, service: t, .. },
        ) => s == t && meet(a, b),
        (Fault::DatabaseDown { region: a, .. }, Fault::DatabaseDown { region: b, .. })
        | (Fault::OriginDown { region: a, .. }, Fault::OriginDown { region: b, .. }) => a == b,
        (Fault::LockTable { region: a }, Fault::LockTable { region: b })
        | (Fault::ClockSkew { region: a, .. }, Fault::ClockSkew { region: b, .. })
        | (Fault::PacketLoss { region: a, .. }, Fault::PacketLoss { region: b, .. }) => meet(a, b),
        (Fault::StopPods { region: a, .. }, Fault::StopPods { region: b, .. })
        | (Fault::NoisyNeighbour { region: a, .. }, Fault::NoisyNeighbour { region: b, .. })
        | (Fault::Leak { region: a, .. }, Fault::Leak { region: b, .. }) => meet(a, b),
        _ => false,
    }
}

fn rise(at: Instant, factor: f64, ramp: Span) -> Result<Profile, crate::engine::ArrivalsError> {
    let mut points = vec![(at, 1.0), (at + ramp, factor)];
    if at > Instant::ZERO {
        points.insert(0, (Instant::ZERO, 1.0));
    }
    Profile::new(&points)
}
