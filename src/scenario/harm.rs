//! `[[inject]]` and `[[change]]`: what is done to the fabric, and when.

use super::load::LARGEST_FACTOR;
use super::reader::Reader;
use super::section::Section;
use super::tree::{Node, Origin};
use crate::change::{Change, Planned};
use crate::engine::Profile;
use crate::fabric::Manifest;
use crate::fault::{Delay, Fault, Injection, Label, Reach, Routes, Service};
use crate::units::{Instant, Span};

/// The most faults or changes of a file.
const MOST: usize = 1_000;

const SERVICES: &[(&str, Service)] =
    &[("manifest", Service::Manifest), ("database", Service::Database)];

/// What is known of the run while harm is read.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    pub regions: &'a [String],
    pub manifest: &'a Manifest,
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
            let moment = self.moment(&mut section, stage, is_instant, &mut labels);
            section.finish(self);
            match (moment, fault) {
                (Ok(Moment { label, at, until }), Some(fault)) => {
                    self.ramp_fits(item, fault, at, until.unwrap_or(stage.end));
                    harm.injections.push(Injection { label, at, until, fault });
                    harm.places.push(item.at.clone());
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
        let lasts = section.take("lasts");
        let until = match lasts {
            Some(entry) if is_instant => {
                let message = "this happens at an instant and does not last";
                self.say(&entry.key_at, message, "remove `lasts`");
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
            let help = format!("`lasts = \"{most}\"` at most, or without `lasts` to the end");
            self.say(&node.at, message, help);
            return None;
        }
        Some(until)
    }

    fn fault(&mut self, node: &Node, stage: Stage<'_>) -> Option<Fault> {
        const KINDS: &[(&str, Kind)] = &[
            ("region-down", Kind::RegionDown),
            ("evict-cache", Kind::EvictCache),
            ("delay-replication", Kind::DelayReplication),
            ("slow", Kind::Slow),
            ("errors", Kind::Errors),
            ("stop-pods", Kind::StopPods),
            ("noisy-neighbour", Kind::NoisyNeighbour),
            ("leak", Kind::Leak),
            ("surge", Kind::Surge),
        ];
        let mut section = self.section(node, "inject.fault")?;
        let kind_node = section.require(self, "kind");
        let kind = kind_node.and_then(|node| self.choice(node, KINDS));
        let (Some(kind), Some(name)) = (kind, kind_node.and_then(Node::text)) else {
            section.rest();
            return None;
        };
        section.narrow(name);
        let regions = stage.regions;
        let fault = match kind {
            Kind::RegionDown => self.region_down(&mut section, regions),
            Kind::EvictCache => {
                let region = section.need(self, "region", |r, n| r.region(n, regions));
                let share = section.need(self, "share", |r, n| r.share_grains(n, 1));
                region.zip(share).map(|(region, grains)| Fault::EvictCache {
                    region,
                    share: crate::units::count_to_f64(grains) / 1e9,
                })
            }
            Kind::DelayReplication => self.delay_replication(&mut section, regions),
            Kind::Slow => {
                let place = self.place(&mut section, stage);
                let factor = section.need(self, "factor", |r, n| r.number(n, 0.001..=1_000_000.0));
                place.zip(factor).map(|((region, service, pods), factor)| Fault::Slow {
                    region,
                    service,
                    factor,
                    pods,
                })
            }
            Kind::Errors => {
                let place = self.place(&mut section, stage);
                let share = section.need(self, "share", Self::share);
                place.zip(share).map(|((region, service, pods), share)| Fault::Errors {
                    region,
                    service,
                    share,
                    pods,
                })
            }
            Kind::StopPods => self.stop_pods(&mut section, stage),
            Kind::NoisyNeighbour => self.noisy_neighbour(&mut section, stage),
            Kind::Leak => self.leak(&mut section, stage),
            Kind::Surge => self.surge(&mut section, regions),
        };
        section.finish(self);
        fault
    }

    fn region_down(&mut self, section: &mut Section<'_>, regions: &[String]) -> Option<Fault> {
        let routes = [("withdrawn", Routes::Withdrawn), ("silent", Routes::Silent)];
        let reaches = [("all", Reach::All), ("data-plane", Reach::DataPlane)];
        let region = section.need(self, "region", |r, n| r.region(n, regions));
        let routes = section.need(self, "routes", |r, n| r.choice(n, &routes));
        let mut scope = Reach::All;
        section.set(self, "scope", &mut scope, |r, n| r.choice(n, &reaches));
        Some(Fault::RegionDown { region: region?, routes: routes?, scope })
    }

    fn delay_replication(
        &mut self,
        section: &mut Section<'_>,
        regions: &[String],
    ) -> Option<Fault> {
        let ways = [("apply", Delay::Apply), ("tcp-stall", Delay::TcpStall)];
        let region = section.need(self, "region", |r, n| r.region_or_all(n, regions));
        let delay = section.need(self, "delay", Self::some_time);
        let by = section.need(self, "by", |r, n| r.choice(n, &ways));
        Some(Fault::DelayReplication { region: region?, delay: delay?, by: by? })
    }

    fn place(
        &mut self,
        section: &mut Section<'_>,
        stage: Stage<'_>,
    ) -> Option<(Option<usize>, Service, Option<u32>)> {
        let region = section.need(self, "region", |r, n| r.region_or_all(n, stage.regions));
        let service = section.need(self, "service", |r, n| r.choice(n, SERVICES));
        let mut pods = None;
        if let Some(entry) = section.take("pods") {
            if service == Some(Service::Database) {
                let help = "`service = \"manifest\"`, or remove this key";
                self.say(&entry.key_at, "the database has no pods", help);
                return None;
            }
            pods = Some(self.some_pods(&entry.node, stage.manifest)?);
        }
        Some((region?, service?, pods))
    }

    fn surge(&mut self, section: &mut Section<'_>, regions: &[String]) -> Option<Fault> {
        let region = section.need(self, "region", |r, n| r.region_or_all(n, regions));
        let factor = section.need(self, "factor", |r, n| r.number(n, 0.0..=LARGEST_FACTOR));
        let mut ramp = Span::ZERO;
        section.set(self, "ramp", &mut ramp, Self::time);
        Some(Fault::Surge { region: region?, factor: factor?, ramp })
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
        let Fault::Surge { ramp, .. } = fault else {
            return;
        };
        let longest = until.since(at).half();
        if ramp > longest {
            let place = item.get("fault").and_then(|entry| entry.node.get("ramp"));
            let origin = place.map_or(&item.at, |entry| &entry.node.at);
            let message =
                format!("rise and fall take {ramp} each, and the surge lasts {}", until.since(at));
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
        for (later, two) in harm.injections.iter().enumerate() {
            let clash = harm.injections[..later].iter().find(|one| {
                let times = one.at < two.until.unwrap_or(end) && two.at < one.until.unwrap_or(end);
                times && same_target(one.fault, two.fault)
            });
            if let (Some(one), Some(place)) = (clash, harm.places.get(later)) {
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

#[derive(Clone, Copy)]
enum Kind {
    RegionDown,
    EvictCache,
    DelayReplication,
    Slow,
    Errors,
    StopPods,
    NoisyNeighbour,
    Leak,
    Surge,
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
