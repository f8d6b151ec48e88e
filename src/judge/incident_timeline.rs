//! What went on in a run, in the order in which it began: the chain that leads to a failure.
//!
//! It is read from the same complete slices of a second as invariants are, so whatever is observed can
//! be told like this. Faults and changes have the plan's own instants; everything else has those of the
//! slices in which it was seen.

use super::Alert;
use crate::fabric::{Budget, Plan};
use crate::fault::Injection;
use crate::observe::{Counter, Gauge, Hop, HopEvent, Scope, SliceView};
use crate::units::{Instant, Span, count_to_f64};

/// What is seen again after less than this went on meanwhile.
const PAUSE: Span = Span::from_secs(5);
/// A failure that lasts to the end and for at least this long after the last fault sustains itself.
const SUSTAINED: Span = Span::from_secs(10);
/// Attempts a request from which on they are told of.
const AMPLIFIED: f64 = 1.5;
/// The share of requests or attempts from which on failures and time-outs are told of.
const SOME: f64 = 0.01;

/// Something that went on for a while.
#[derive(Clone, PartialEq, Debug)]
pub struct Episode {
    /// What, in a word that programs can rely on: `fault`, `change`, `alert`, or a sign such as
    /// `viewer-timeouts`.
    pub what: &'static str,
    /// The same in words.
    pub text: String,
    /// When it began.
    pub from: Instant,
    /// When it was over; `None` if it lasted to the end of the run.
    pub until: Option<Instant>,
    /// The most that was seen of it in a second, and of what, where it has an amount.
    pub most: Option<(f64, &'static str)>,
}

/// A sign of trouble: how it is called, in a word and in words, its unit, and how it is seen.
#[derive(Debug)]
struct Sign {
    what: &'static str,
    text: &'static str,
    unit: &'static str,
    /// Whether it is looked for in each region that does the work, or in all of them at once.
    by_region: bool,
    seen: fn(&Observation<'_, '_>) -> Option<f64>,
}

/// A slice, as far as one region has to do with it.
struct Observation<'a, 'b> {
    view: &'a SliceView<'b>,
    cell: &'a [u64],
    scope: Scope,
}

impl Observation<'_, '_> {
    /// How many, if that is measured.
    fn count(&self, counter: Counter) -> Option<f64> {
        let measured = self.view.layout.measured().counter(counter);
        measured.then(|| count_to_f64(self.cell[counter.index()]))
    }

    /// Events a second, if there were any.
    fn rate(&self, counter: Counter) -> Option<f64> {
        let count = self.count(counter)?;
        let length = self.view.end.since(self.view.start).as_secs_f64();
        (count > 0.0).then(|| count / length)
    }

    fn is_open(&self, gauge: Gauge) -> Option<f64> {
        (self.view.peak(gauge, self.scope) == 2).then_some(2.0)
    }

    fn failed(&self) -> Option<f64> {
        Some(self.count(Counter::Failed)? + self.count(Counter::GivenUp)?)
    }
}

const fn counted(
    what: &'static str,
    text: &'static str,
    seen: fn(&Observation<'_, '_>) -> Option<f64>,
) -> Sign {
    Sign { what, text, unit: "/s", by_region: true, seen }
}

const fn state(
    what: &'static str,
    text: &'static str,
    seen: fn(&Observation<'_, '_>) -> Option<f64>,
) -> Sign {
    Sign { what, text, unit: "", by_region: true, seen }
}

static SIGNS: [Sign; 24] = [
    counted("manifest-rejected", "the manifest service turns calls away", |g| {
        g.rate(Counter::Hop(Hop::Manifest, HopEvent::Rejected))
    }),
    counted("database-refused", "the database turns reads away", |g| {
        g.rate(Counter::Hop(Hop::Database, HopEvent::Rejected))
    }),
    counted("manifest-timeouts", "the edge waits in vain for the manifest service", |g| {
        g.rate(Counter::Hop(Hop::Manifest, HopEvent::Timeout))
    }),
    counted("database-timeouts", "the manifest service waits in vain for its database", |g| {
        g.rate(Counter::Hop(Hop::Database, HopEvent::Timeout))
    }),
    counted("manifest-wasted", "manifests are made for nobody", |g| {
        g.rate(Counter::Hop(Hop::Manifest, HopEvent::Wasted))
    }),
    counted("database-wasted", "reads are made for nobody", |g| {
        g.rate(Counter::Hop(Hop::Database, HopEvent::Wasted))
    }),
    counted("pods-ejected", "pods are taken out of service", |g| g.rate(Counter::PodsEjected)),
    counted("oom-kills", "pods are killed for want of memory", |g| g.rate(Counter::OomKills)),
    counted("cpu-throttles", "pods stand, their quota of processor time used up", |g| {
        g.rate(Counter::CpuThrottles)
    }),
    state("manifest-breaker", "the edge's breaker is open", |g| g.is_open(Gauge::ManifestBreaker)),
    state("database-breaker", "the breaker before the database is open", |g| {
        g.is_open(Gauge::DatabaseBreaker)
    }),
    state("viewer-breaker", "a breaker of viewers is open", |g| g.is_open(Gauge::ViewerBreaker)),
    counted("viewer-bulkhead", "viewers have as many attempts out as they may", |g| {
        g.rate(Counter::ViewerBulkheadFull)
    }),
    counted("manifest-budget", "the edge's retry budget is used up", |g| {
        g.rate(Counter::Hop(Hop::Manifest, HopEvent::RetryDenied))
    }),
    counted("database-budget", "the manifest service's retry budget is used up", |g| {
        g.rate(Counter::Hop(Hop::Database, HopEvent::RetryDenied))
    }),
    counted("origin-rejected", "the origin turns requests away", |g| {
        g.rate(Counter::Hop(Hop::Origin, HopEvent::Rejected))
    }),
    counted("origin-timeouts", "the edge waits in vain for the origin", |g| {
        g.rate(Counter::Hop(Hop::Origin, HopEvent::Timeout))
    }),
    counted("origin-wasted", "the origin answers for nobody", |g| {
        g.rate(Counter::Hop(Hop::Origin, HopEvent::Wasted))
    }),
    state("origin-breaker", "the breaker before the origin is open", |g| {
        g.is_open(Gauge::OriginBreaker)
    }),
    counted("origin-budget", "the edge's retry budget before the origin is used up", |g| {
        g.rate(Counter::Hop(Hop::Origin, HopEvent::RetryDenied))
    }),
    Sign {
        what: "viewer-timeouts",
        text: "viewers wait in vain",
        unit: "/s",
        by_region: false,
        seen: |g| {
            let some = SOME * g.count(Counter::Attempts)?;
            let timed_out = g.count(Counter::TimedOut)?;
            g.rate(Counter::TimedOut).filter(|_| timed_out >= some)
        },
    },
    Sign {
        what: "viewer-budget",
        text: "the viewers' retry budget is used up",
        unit: "/s",
        by_region: false,
        seen: |g| g.rate(Counter::RetriesDenied),
    },
    Sign {
        what: AMPLIFICATION,
        text: "attempts multiply",
        unit: "for each new request",
        by_region: false,
        seen: |g| {
            let requests = g.count(Counter::Requests)?;
            let attempts = g.count(Counter::Attempts)? / requests;
            (requests > 0.0 && attempts >= AMPLIFIED).then_some(attempts)
        },
    },
    Sign {
        what: FAILURES,
        text: "requests fail",
        unit: "of 1",
        by_region: false,
        seen: |g| {
            let failed = g.failed()?;
            let ended = failed + g.count(Counter::Served)?;
            (failed > SOME * ended).then(|| failed / ended)
        },
    },
];

const AMPLIFICATION: &str = "amplification";
const FAILURES: &str = "failures";

/// One sign in one place.
#[derive(Debug)]
struct Track {
    sign: &'static Sign,
    region: Option<usize>,
    episodes: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    from: Instant,
    until: Instant,
    most: f64,
}

/// Takes slices in and tells what went on.
#[derive(Debug)]
pub struct IncidentTimeline {
    tracks: Vec<Track>,
    warmup: Instant,
    end: Instant,
    /// Since when first attempts have been refused and nobody has been served.
    locked: Option<Instant>,
}

impl IncidentTimeline {
    /// Nothing seen yet of a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut tracks = Vec::new();
        for sign in &SIGNS {
            let regions = if sign.by_region { plan.fabric.regions.len() } else { 1 };
            for region in 0..regions {
                let region = sign.by_region.then_some(region);
                tracks.push(Track { sign, region, episodes: Vec::new() });
            }
        }
        let start = Instant::ZERO;
        Self { tracks, warmup: start + plan.warmup, end: start + plan.length, locked: None }
    }

    /// A complete slice; they come in their order. What is within the warm-up is not told of.
    pub fn slice(&mut self, view: &SliceView<'_>) {
        if view.start < self.warmup {
            return;
        }
        let all = view.cell(Scope::default());
        let there: Vec<Vec<u64>> = (0..view.regions)
            .map(|region| view.cell(Scope { from: None, at: Some(region) }))
            .collect();
        for track in &mut self.tracks {
            let scope = Scope { from: None, at: track.region };
            let cell = track.region.map_or(&all, |region| &there[region]);
            if let Some(level) = (track.sign.seen)(&Observation { view, cell, scope }) {
                track.see(view, level);
            }
        }
        let refused = all[Counter::RefusedByBudget.index()] > 0;
        let served =
            !view.layout.measured().counter(Counter::Served) || all[Counter::Served.index()] > 0;
        self.locked = self.locked.or(Some(view.start)).filter(|_| refused && !served);
    }

    /// Everything that went on, in the order in which it began.
    #[must_use]
    pub fn finish(self, plan: &Plan, alerts: &[Alert]) -> Vec<Episode> {
        let end = self.end;
        let until = |until: Instant| (until < end).then_some(until);
        let mut episodes = planned(plan);
        for track in &self.tracks {
            let place = track.region.map(|region| format!(" in {}", plan.fabric.regions[region]));
            for seen in &track.episodes {
                let from = if track.sign.what == FAILURES {
                    not_before_its_cause(plan, seen.from)
                } else {
                    seen.from
                };
                let amount = (!track.sign.unit.is_empty()).then_some((seen.most, track.sign.unit));
                episodes.push(Episode {
                    what: track.sign.what,
                    text: format!("{}{}", track.sign.text, place.as_deref().unwrap_or_default()),
                    from,
                    until: until(seen.until),
                    most: amount,
                });
            }
        }
        episodes.extend(alerts.iter().filter_map(|alert| paged(plan, alert)));
        episodes.sort_by_key(|episode| episode.from);
        episodes.extend(self.verdict(plan, &episodes));
        episodes
    }

    /// What keeps a failure alive whose cause is over, if that is so.
    fn verdict(&self, plan: &Plan, episodes: &[Episode]) -> Option<Episode> {
        let over = plan.injections.iter().map(|injection| {
            if injection.fault.is_instant() {
                injection.at
            } else {
                injection.until.unwrap_or(self.end)
            }
        });
        let over = over.max()?;
        let goes_on = |what| episodes.iter().any(|s| s.what == what && s.until.is_none());
        if self.end.since(over) < SUSTAINED || !goes_on(FAILURES) {
            return None;
        }
        let episode = |what, text: &str, from: Instant| {
            Some(Episode { what, text: text.to_owned(), from, until: None, most: None })
        };
        if let Some(since) = self.locked {
            return episode(
                "budget-locked",
                lock(plan.fabric.viewers.retry.budget),
                since.max(over),
            );
        }
        let text = if goes_on(AMPLIFICATION) {
            "all faults are over and it goes on, with attempts that multiply. What may end it: fewer \
             attempts, a retry budget, cancelled work, a shorter queue"
        } else {
            "all faults are over and it goes on without them"
        };
        episode("sustained", text, over)
    }
}

/// What is said of a budget that refuses everything when nothing else is wrong any more.
fn lock(budget: Budget) -> &'static str {
    match budget {
        Budget::Decorator => {
            "the retry budget is locked: it refuses first attempts, too, so that nothing can succeed and \
             refill it. `decorator-repaired`, which charges and refuses retries alone, would have \
             prevented it"
        }
        _ => {
            "the retry budget refuses first attempts, too, and nobody is served. A budget that refuses \
             retries alone would have prevented it"
        }
    }
}

/// Requests belong to the instant at which they were first made: those that a fault fails are older than
/// it by what their viewers bear. Failures that begin so shortly before a fault, while there is no
/// other, are told of at its beginning.
fn not_before_its_cause(plan: &Plan, from: Instant) -> Instant {
    let viewers = &plan.fabric.viewers;
    let each = viewers.timeout.saturating_add(viewers.retry.max_backoff);
    let borne = from.saturating_add(each.saturating_mul(viewers.retry.attempts.into()));
    let goes_on = |injection: &Injection| {
        injection.at <= from && injection.until.is_none_or(|until| from < until)
    };
    if plan.injections.iter().any(goes_on) {
        return from;
    }
    let begin = plan.injections.iter().map(|injection| injection.at);
    begin.filter(|&at| from < at && at <= borne).min().unwrap_or(from)
}

/// Faults and changes.
fn planned(plan: &Plan) -> Vec<Episode> {
    let end = Instant::ZERO + plan.length;
    let episode = |what, text, from, until: Option<Instant>| Episode {
        what,
        text,
        from,
        until: until.filter(|&until| until < end),
        most: None,
    };
    let faults = plan.injections.iter().map(|injection| {
        let until = if injection.fault.is_instant() { Some(injection.at) } else { injection.until };
        let text = format!("fault `{}` ({})", injection.label.0, injection.fault.kind());
        episode("fault", text, injection.at, until)
    });
    let changes = plan.changes.iter().map(|planned| {
        let text = format!("change `{}`", planned.label.0);
        episode("change", text, planned.at, planned.until)
    });
    faults.chain(changes).collect()
}

/// What is told of an alert: nothing if it did not fire.
fn paged(plan: &Plan, alert: &Alert) -> Option<Episode> {
    let end = Instant::ZERO + plan.length;
    let text = format!("would page: {} ({} in {})", alert.name, alert.hop.name(), alert.region);
    let until = alert.resolved.filter(|&resolved| resolved < end);
    Some(Episode { what: "alert", text, from: alert.firing?, until, most: None })
}

impl Track {
    fn see(&mut self, view: &SliceView<'_>, level: f64) {
        match self.episodes.last_mut() {
            Some(last) if view.start.since(last.until) < PAUSE => {
                last.until = view.end;
                last.most = last.most.max(level);
            }
            _ => self.episodes.push(Seen { from: view.start, until: view.end, most: level }),
        }
    }
}
