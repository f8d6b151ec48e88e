//! One run, judged slice by slice.

use super::alerts::AlertEvaluator;
use super::hops::HopCounter;
use super::incident_timeline::IncidentTimeline;
use super::month::{budget_spent, judged_span, monthly_bill};
use super::{Alert, Control, Episode, Hops, Judged, Watched};
use crate::cost::Bill;
use crate::fabric::Plan;
use crate::invariant::{Figures, Judge, Statement, Term};
use crate::observe::{Counter, Layout, Metric, Scope, SliceView, Timeline, Timer, Totals};
use crate::scenario::{Invariant, Watch};
use crate::units::Span;

/// What is known of a run before it begins: the plan, what must hold, and what is only watched.
#[derive(Clone, Debug)]
pub struct Case {
    plan: Plan,
    invariants: Vec<Invariant>,
    watch: Vec<Watch>,
}

/// One run of a plan, judged. Nothing in it says how the observations were made.
#[derive(Clone, Debug)]
pub struct JudgedRun {
    /// How long the run was.
    pub length: Span,
    /// How many requests viewers made.
    pub requests: u64,
    /// The invariants in the file's order.
    pub invariants: Vec<Judged>,
    /// The watches in the file's order.
    pub watch: Vec<Watched>,
    /// The control; `None` when the file has none or it was not asked for.
    pub control: Option<Control>,
    /// The bill of a month with this run's traffic.
    pub bill: Bill,
    /// What the judged part of the run spends of a month's error budget, as a share of one; `None` if
    /// nothing was measured.
    pub error_budget_spent: Option<f64>,
    /// How long the judged part is.
    pub judged: Span,
    /// What went on, in the order in which it began.
    pub timeline: Vec<Episode>,
    /// Attempts a request at each hop.
    pub hops: Hops,
    /// What the breakers' alert rules would have made of it, in the order in which it began.
    pub alerts: Vec<Alert>,
}

impl Case {
    /// A run of this plan, judged by these invariants and looked at by these watches.
    #[must_use]
    pub fn new(plan: Plan, invariants: &[Invariant], watch: &[Watch]) -> Self {
        Self { plan, invariants: invariants.to_vec(), watch: watch.to_vec() }
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The layout in which the run must be counted so that every sentence can be judged exactly.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let invariants = self.invariants.iter().flat_map(|one| one.statement.bounds());
        let watch = self.watch.iter().flat_map(|one| one.term.bounds());
        Layout::new(invariants.chain(watch))
    }

    /// Whether a sentence asks for the age of data in answers, which costs memory to record.
    #[must_use]
    pub fn asks_staleness(&self) -> bool {
        self.terms().any(|term| term.metric() == Metric::Timer(Timer::Staleness))
    }

    fn terms(&self) -> impl Iterator<Item = &Term> {
        let invariants = self.invariants.iter().map(|one| one.statement.term());
        invariants.chain(self.watch.iter().map(|one| &one.term))
    }
}

/// Judges a run while it goes on: takes its slices in, then its totals.
#[derive(Debug)]
pub struct RunJudge<'a> {
    case: &'a Case,
    sentences: Judge,
    timeline: IncidentTimeline,
    alerts: AlertEvaluator,
    hops: HopCounter,
    requests: u64,
}

impl<'a> RunJudge<'a> {
    /// Nothing seen yet. The timeline must be cut at the plan's faults and changes, at the end of its
    /// warm-up and where its sentences ask for it.
    #[must_use]
    pub fn new(case: &'a Case, timeline: &Timeline) -> Self {
        let statements: Vec<Statement> =
            case.invariants.iter().map(|one| one.statement.clone()).collect();
        let terms: Vec<Term> = case.watch.iter().map(|one| one.term.clone()).collect();
        Self {
            case,
            sentences: Judge::new(&statements, &terms, timeline),
            timeline: IncidentTimeline::new(&case.plan),
            alerts: AlertEvaluator::new(&case.plan),
            hops: HopCounter::new(&case.plan),
            requests: 0,
        }
    }

    /// Takes a complete slice in. Slices come in their order, each once.
    pub fn slice(&mut self, view: &SliceView<'_>) {
        self.sentences.slice(view);
        self.timeline.slice(view);
        self.alerts.slice(view);
        self.hops.slice(view);
        self.requests += view.cell(Scope::default())[Counter::Requests.index()];
    }

    /// Requests of the slices so far.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// The verdicts. The totals must have taken in the same slices, and the histograms of all regions.
    ///
    /// # Errors
    /// When the bill is beyond what can be held.
    pub fn finish(self, totals: &Totals) -> Result<JudgedRun, String> {
        let plan = &self.case.plan;
        let bill = monthly_bill(plan, totals)?;
        let figures = Figures {
            error_budget_spent: budget_spent(plan, totals),
            monthly_cost: Some(bill.total()),
        };
        let (judgements, seen) = self.sentences.finish(totals, &figures);
        let alerts = self.alerts.finish(plan);
        let invariants = self.case.invariants.iter().zip(judgements);
        let watch = self.case.watch.iter().zip(seen);
        Ok(JudgedRun {
            length: plan.length,
            requests: totals.count(Counter::Requests, Scope::default()),
            invariants: invariants
                .map(|(invariant, judgement)| Judged {
                    name: invariant.name.clone(),
                    text: invariant.text.clone(),
                    judgement,
                })
                .collect(),
            watch: watch
                .map(|(watch, seen)| Watched {
                    name: watch.name.clone(),
                    text: watch.text.clone(),
                    seen,
                })
                .collect(),
            control: None,
            bill,
            error_budget_spent: figures.error_budget_spent,
            judged: judged_span(plan),
            timeline: self.timeline.finish(plan, &alerts),
            hops: self.hops.finish(),
            alerts,
        })
    }
}
