//! Small fabrics at random, with everything that can be done to one.

#[path = "chance.rs"]
mod chance;
#[path = "segments.rs"]
mod segments;

use proptest::bool::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::{collection, option};
use squall::cache::Policy;
use squall::change::Planned;
use squall::engine::{Law, Profile};
use squall::fault::{Fault, Injection, Label};
use squall::model::*;
use squall::units::{Instant, Span};

use chance::{change, fault};
use segments::{content, origin};

/// Requests of one run, about.
const REQUESTS: f64 = 3_000.0;

/// A time of whole milliseconds, so that things happen at one instant, or of any nanosecond.
fn span(from_ms: u64, to_ms: u64) -> impl Strategy<Value = Span> {
    let fine = (from_ms * 1_000_000..=to_ms * 1_000_000).prop_map(Span::from_nanos);
    prop_oneof![(from_ms..=to_ms).prop_map(Span::from_millis), fine]
}

/// A law with a mean up to this.
fn law(to_ms: u64) -> impl Strategy<Value = Law> {
    let mean = || span(1, to_ms);
    prop_oneof![
        Just(Law::ZERO),
        mean().prop_map(Law::Constant),
        mean().prop_map(|mean| Law::exponential(mean).unwrap()),
        mean().prop_map(|mean| Law::uniform(Span::ZERO, mean).unwrap()),
        (mean(), 0.1..2.0).prop_map(|(mean, cv)| Law::lognormal_mean_cv(mean, cv).unwrap()),
    ]
}

fn detect() -> impl Strategy<Value = Detect> {
    let check = (span(1, 1_000), 1_u32..4, 0.0..=1.0, 1_u32..4);
    prop_oneof![
        3 => check.prop_map(|(every, failures, part, successes)| Detect::HealthCheck {
            every,
            failures,
            timeout: every.scaled(part),
            successes,
        }),
        1 => span(3, 3_000).prop_map(|hold| Detect::HoldTimer { hold }),
        1 => Just(Detect::Never),
    ]
}

fn routing() -> impl Strategy<Value = Routing> {
    (1_u32..=20, 0.0..1.5, 0.0..=1.0, detect(), law(3_000), any::<bool>()).prop_map(
        |(networks, skew, misrouted, detect, converge, failback)| Routing {
            networks,
            skew,
            misrouted,
            detect,
            converge,
            failback,
        },
    )
}

/// Every budget, with so little in it that it soon refuses.
fn budget() -> impl Strategy<Value = Budget> {
    let deposits = (1_u64..=60, 0_u32..10, 0.0..1.0);
    let success = (1_u32..30, 1_u32..1_000);
    let small = (1_u32..6, 1_u32..1_000);
    let prices = (1_u32..100, 1_u8..20, 1_u8..20);
    prop_oneof![
        1 => Just(Budget::None),
        2 => deposits.prop_map(|(secs, min_per_second, ratio)| Budget::DepositPerRequest {
            ttl: Span::from_secs(secs),
            min_per_second,
            ratio,
        }),
        1 => (0_u32..10).prop_map(|retries| Budget::Limit { retries }),
        1 => success.prop_map(|(max_tokens, ratio)| Budget::DepositPerSuccess {
            max_tokens,
            ratio,
        }),
        1 => small.prop_map(|(tokens, deposit)| Budget::SmallBucket { tokens, deposit }),
        1 => (0.0..=1.0, 0_u32..4)
            .prop_map(|(share, at_least)| Budget::ConcurrentShare { share, at_least }),
        1 => prices.prop_map(|(tokens, retry_cost, timeout_cost)| Budget::Standard {
            tokens,
            retry_cost,
            timeout_cost,
        }),
        1 => (1.0..3.0, span(1_000, 5_000))
            .prop_map(|(k, window)| Budget::AdaptiveThrottle { k, window }),
        1 => Just(Budget::Decorator),
        1 => Just(Budget::DecoratorRepaired),
    ]
}

fn retry() -> impl Strategy<Value = Retry> {
    let jitters = vec![Jitter::None, Jitter::Full, Jitter::Equal];
    (1_u32..=5, span(0, 500), 1.0..3.0, span(0, 1_000), select(jitters), budget()).prop_map(
        |(attempts, backoff, multiplier, more, jitter, budget)| Retry {
            attempts,
            backoff,
            multiplier,
            max_backoff: backoff.saturating_add(more),
            jitter,
            budget,
        },
    )
}

fn viewers() -> impl Strategy<Value = Viewers> {
    (law(50), span(5, 1_500), retry(), any::<bool>(), client_policy()).prop_map(
        |(last_mile, timeout, retry, cancel, client_policy)| Viewers {
            last_mile,
            timeout,
            retry,
            cancel,
            client_policy,
        },
    )
}

fn breaker() -> impl Strategy<Value = BreakerRule> {
    let window =
        prop_oneof![(1_u32..30).prop_map(Window::Calls), (1_u32..4).prop_map(Window::Seconds)];
    let shares = (0.1..=1.0, 0.1..=1.0);
    (window, 1_u32..20, shares, span(1, 100), span(10, 2_000), 1_u32..5).prop_map(
        |(window, minimum, (failures, slow_share), slow, open, trials)| BreakerRule {
            window,
            minimum: if let Window::Calls(calls) = window { minimum.min(calls) } else { minimum },
            failures,
            slow,
            slow_share,
            open,
            trials,
        },
    )
}

fn hedge() -> impl Strategy<Value = Hedge> {
    let budget = budget().prop_filter("hedges", |budget| !budget.refuses_first_attempts());
    (span(1, 50), option::of(0.0..1.0), budget).prop_map(|(after, percentile, budget)| Hedge {
        after,
        percentile,
        budget,
    })
}

/// Each protection of viewers in some of the plans, none in most.
fn client_policy() -> BoxedStrategy<ClientPolicy> {
    let hedge = (hedge(), span(1, 300)).prop_map(|(hedge, after)| Hedge { after, ..hedge });
    let parts = (
        option::weighted(0.4, 1_u32..6),
        option::weighted(0.4, breaker()),
        option::weighted(0.4, 0.0..=1.0),
        option::weighted(0.6, hedge),
    );
    let some = parts.prop_map(|(bulkhead, breaker, failing, hedge)| ClientPolicy {
        bulkhead,
        breaker,
        fallback: failing.map(|failing| Fallback { failing }),
        hedge,
    });
    prop_oneof![3 => Just(ClientPolicy::NONE), 2 => some].boxed()
}

/// A hop that does nothing of its own, or that does much. Boxed, as large parts are here: trees of values lie
/// on the stack.
fn call() -> BoxedStrategy<Call> {
    let flags = (weighted(0.3), weighted(0.7));
    let last = (option::of(breaker()), option::of(0.0..=1.0), option::weighted(0.3, 1_u32..6));
    let last = (last, option::of(hedge()));
    let much = (option::weighted(0.7, span(1, 200)), retry(), 1_u32..4, flags, last).prop_map(
        |(timeout, retry, clients, (cancel, deadline), ((breaker, failing, bulkhead), hedge))| {
            Call {
                timeout,
                // Three hops multiply: more would make a run of thousands one of a hundred thousand.
                retry: Retry { attempts: retry.attempts.min(2), ..retry },
                clients,
                cancel,
                deadline,
                bulkhead,
                breaker,
                fallback: failing.map(|failing| Fallback { failing }),
                hedge,
            }
        },
    );
    prop_oneof![1 => Just(Call::plain()), 2 => much].boxed()
}

fn lock() -> impl Strategy<Value = Lock> {
    let after = vec![AfterWait::Fetch, AfterWait::Fail];
    let errors = vec![SharedErrors::Shared, SharedErrors::Alone];
    (span(1, 1_000), select(after), select(errors)).prop_map(|(wait, after, errors)| Lock {
        wait,
        after,
        errors,
    })
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let bound = || prop_oneof![Just(Span::ZERO), span(1, 3_000)];
    let ttl = (span(1, 3_000), select(vec![TtlFrom::Fill, TtlFrom::Fill, TtlFrom::Hit]));
    let entries = (select(Policy::ALL.to_vec()), 1_u32..200)
        .prop_map(|(policy, most)| Entries { policy, most });
    let entries = option::weighted(0.3, entries);
    (ttl, span(0, 50), option::of(lock()), bound(), bound(), entries).prop_map(
        |((ttl, ttl_from), hit, lock, stale_while_revalidate, stale_if_error, entries)| Metadata {
            ttl,
            ttl_from,
            hit,
            lock,
            stale_while_revalidate,
            stale_if_error,
            entries,
        },
    )
}

/// How pods are chosen and ejected; what of it matters depends on the faults.
fn pod_rules() -> BoxedStrategy<PodRules> {
    let balances = vec![Balance::LeastRequests, Balance::RoundRobin, Balance::Random];
    let ejection = (1_u32..6, span(1, 500), span(0, 1_000), 0.0..=1.0)
        .prop_map(|(failures, every, base, most)| Ejection { failures, every, base, most });
    let limit = option::weighted(0.7, 50_u32..3_000);
    let cpu = (limit, span(10, 200), 1_u32..5, 100_u32..4_000, 1_u32..2_000).prop_map(
        |(limit, period, threads, node, request)| CpuRules {
            limit,
            period,
            threads,
            node,
            request,
        },
    );
    // Room for no call, for a few, or for all.
    let memory = (0_u64..1_000, 0_u64..8, 0_u64..1_000).prop_map(|(base, calls, request)| {
        MemoryRules { limit: base + calls * request, base, request }
    });
    let bounds = (option::weighted(0.3, cpu), option::weighted(0.3, memory));
    (select(balances), span(0, 500), span(0, 500), option::weighted(0.4, ejection), bounds)
        .prop_map(|(balance, start, image_pull, ejection, (cpu, memory))| PodRules {
            balance,
            start,
            image_pull,
            ejection,
            cpu,
            memory,
        })
        .boxed()
}

fn pace() -> impl Strategy<Value = ScalePace> {
    (span(0, 3_000), 0_u32..5, 0.0..2.0, span(1_000, 3_000))
        .prop_map(|(window, pods, share, period)| ScalePace { window, pods, share, period })
}

/// An autoscaler that looks often. What it may look at depends on the pods.
fn autoscale() -> BoxedStrategy<AutoscaleRules> {
    let target = prop_oneof![
        2 => (0.1..1.0).prop_map(ScaleTarget::Saturation),
        1 => (0.1..1.0).prop_map(ScaleTarget::Cpu),
        1 => (1.0..50.0).prop_map(ScaleTarget::Requests),
    ];
    let pace = (pace(), pace(), 0.0..0.3);
    let times = (span(100, 1_500), span(0, 1_000), span(0, 2_000));
    (target, 0_u32..4, times, pace, 1_u32..4)
        .prop_map(|(target, more, (every, age, node_start), (up, down, tolerance), per_node)| {
            AutoscaleRules {
                target,
                min: 1,
                max: 3 + more,
                every,
                tolerance,
                age,
                up,
                down,
                pods_per_node: per_node,
                node_start,
            }
        })
        .boxed()
}

/// Slots for each kind of fetch; the longest wait and the queue of one of them are bounded more.
const fn apart(slots: u32, queue: Option<u32>, wait: Option<Span>) -> ClassPools {
    let own = slots / 2;
    ClassPools {
        manifests: ClassPool { slots: slots - own, queue, wait },
        validations: ClassPool { slots: own, queue: Some(3), wait: Some(Span::from_millis(40)) },
    }
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let disciplines = vec![
        Discipline::Fifo,
        Discipline::Lifo,
        Discipline::AdaptiveLifo,
        Discipline::ProcessorSharing,
        Discipline::Priority,
    ];
    let delays = (span(1, 200), option::weighted(0.3, span(1, 50)));
    let scaled = option::weighted(0.3, autoscale());
    let order = (select(disciplines), option::weighted(0.3, span(1, 300)), 0.0..=1.0, delays);
    (1_u32..4, 1_u32..6, option::of(0_u32..40), order, (law(30), call(), pod_rules(), scaled))
        .prop_map(
            |(
                pods,
                slots,
                queue,
                (discipline, wait, high, delays),
                (service, call, pod, scaled),
            )| Manifest {
                pods,
                slots,
                queue,
                discipline,
                wait,
                standing: delays.0,
                controlled_delay: delays.1.filter(|_| discipline != Discipline::ProcessorSharing),
                high,
                service,
                call,
                pod,
                validations: if high < 0.3 { high } else { 0.0 },
                autoscale: scaled.filter(|_| discipline != Discipline::ProcessorSharing),
                pools: (high < 0.3 && high > 0.1 && slots > 1)
                    .then(|| apart(slots, queue, wait))
                    .filter(|_| discipline != Discipline::ProcessorSharing),
            },
        )
}

fn slowdown() -> impl Strategy<Value = Slowdown> {
    let points = collection::vec((0_u32..20, 1.0..8.0), 1..4);
    let curve = points.prop_map(|mut points| {
        points.sort_unstable_by_key(|&(load, _)| load);
        Curve::new(points.into_iter().map(|(load, factor)| (load.into(), factor)).collect())
            .unwrap()
    });
    (0..4, span(10, 1_000), curve).prop_map(|(kind, over, curve)| match kind {
        0 => Slowdown::Concurrency(curve),
        1 => Slowdown::Rate { over, curve },
        _ => Slowdown::None,
    })
}

fn database() -> impl Strategy<Value = Database> {
    let then = vec![WhenBehind::Serve, WhenBehind::Refuse, WhenBehind::Primary];
    let behind = (span(0, 2_000), select(then)).prop_map(|(after, then)| Behind { after, then });
    let queue = option::of(0_u32..40);
    let service = (law(30), slowdown(), call());
    let pooling = prop_oneof![
        2 => Just(Pooling::Transaction),
        1 => Just(Pooling::Session),
        1 => span(0, 20).prop_map(|connect| Pooling::None { connect }),
    ];
    let more = (span(1, 1_000), pooling, any::<bool>(), any::<bool>());
    (1_u32..8, queue, option::of(span(1, 500)), service, behind, more).prop_map(
        |(connections, queue, wait, (service, slowdown, call), behind, more)| Database {
            connections,
            queue,
            wait,
            service,
            slowdown,
            behind,
            primary_timeout: more.0,
            call,
            pooling: more.1,
            down_to_primary: more.2,
            again_to_primary: more.3,
        },
    )
}

fn replication() -> impl Strategy<Value = Replication> {
    (law(500), 1.1..20.0, 0_u64..4_000_000, 1_000_u64..4_000_000).prop_map(
        |(lag, catch_up, write_rate, window)| Replication { lag, catch_up, write_rate, window },
    )
}

/// The matrix of a number of regions: symmetric or not, alike or not.
fn round_trips(regions: usize) -> impl Strategy<Value = Vec<Vec<Span>>> {
    let row = collection::vec(span(2, 400), regions);
    let any = collection::vec(row, regions);
    let same = span(2, 200).prop_map(move |trip| vec![vec![trip; regions]; regions]);
    prop_oneof![3 => any, 1 => same]
}

fn fabric(regions: usize) -> impl Strategy<Value = Fabric> {
    let elements = (routing(), viewers(), option::of(metadata()), manifest()).boxed();
    let behind = (option::of(database()), replication(), content(), origin(regions)).boxed();
    (round_trips(regions), 0..regions, elements, behind).prop_map(
        move |(round_trip, primary, elements, behind)| {
            let (routing, viewers, metadata, manifest) = elements;
            let (database, replication, content, origin) = behind;
            Fabric {
                regions: (0..regions).map(|region| format!("r{region}")).collect(),
                round_trip,
                primary,
                routing,
                viewers,
                metadata,
                manifest,
                database,
                replication,
                content,
                origin,
                cost: preset::five_regions().cost,
            }
        },
    )
}

/// From when to when, in a run of this length: whole seconds, its ends and anything between.
fn time(length: Span) -> impl Strategy<Value = (Instant, Option<Instant>)> {
    let end = length.as_nanos();
    let begin = prop_oneof![
        1 => Just(0),
        1 => Just(end - 1),
        2 => (0..end.div_ceil(1_000_000_000)).prop_map(|second| second * 1_000_000_000),
        4 => 0..end,
    ];
    (begin, option::weighted(0.8, 0.0..1.0)).prop_map(move |(at, part)| {
        let lasts = |part| Span::from_nanos(end - at).scaled(part).max(Span::from_nanos(1));
        let at = Instant::from_nanos(at);
        (at, part.map(|part| at + lasts(part)))
    })
}

fn injections(regions: usize, length: Span) -> impl Strategy<Value = Vec<Injection>> {
    collection::vec((time(length), fault(regions)), 0..=5).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        let injection = |(number, ((at, until), fault)): (usize, (_, Fault))| Injection {
            label: Label(format!("fault {number}")),
            at,
            until: if fault.is_instant() { None } else { until },
            fault,
        };
        numbered.map(injection).collect()
    })
}

fn changes(regions: usize, length: Span) -> impl Strategy<Value = Vec<Planned>> {
    collection::vec((time(length), change(regions)), 0..=2).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        let planned = |(number, ((at, until), change))| Planned {
            label: Label(format!("change {number}")),
            at,
            until,
            change,
        };
        numbered.map(planned).collect()
    })
}

/// Viewers of each region, with a surge in the middle of the run or without one.
fn load(regions: usize, length: Span) -> impl Strategy<Value = Load> {
    let weights = collection::vec(prop_oneof![1 => Just(0.0), 4 => 0.1..1.0], regions);
    let titles = prop_oneof![1_u32..5, 5_u32..500];
    // Half of the plans have segments, as many as manifests.
    let other = collection::vec(prop_oneof![1 => Just(0.0), 4 => 0.1..1.0], regions);
    let segments = option::of(other);
    (weights, titles, 0.0..1.2, option::of(0.0..4.0), segments).prop_map(
        move |(weights, titles, zipf, surge, segments)| {
            let all: f64 = weights.iter().sum::<f64>().max(0.1);
            let both = if segments.is_some() { 2.0 } else { 1.0 };
            let rate = REQUESTS / both / length.as_secs_f64() / all;
            let middle = Instant::ZERO + length.half();
            let points = |factor| [(Instant::ZERO, 1.0), (middle, 1.0), (middle, factor)];
            let profile =
                surge.map_or_else(Profile::flat, |factor| Profile::new(&points(factor)).unwrap());
            Load {
                titles,
                zipf,
                rates: weights.iter().map(|weight| weight * rate).collect(),
                segments: segments
                    .map(|weights| weights.iter().map(|weight| weight * rate).collect())
                    .unwrap_or_default(),
                profiles: vec![profile; regions],
                interarrival: None,
                trace: None,
                closed: None,
            }
        },
    )
}

/// A plan: one to four regions, a few seconds, a few thousand requests, and up to seven things that
/// happen to it.
pub fn plan() -> impl Strategy<Value = Plan> {
    (1_usize..=4, span(1_000, 8_000)).prop_flat_map(|(regions, length)| {
        let parts = (fabric(regions), load(regions, length));
        let harm = (injections(regions, length), changes(regions, length));
        (any::<u64>(), 0.0..0.9, parts, harm).prop_map(move |(seed, warmup, parts, harm)| Plan {
            seed,
            length,
            warmup: length.scaled(warmup),
            cuts: Vec::new(),
            fabric: parts.0,
            load: parts.1,
            injections: harm.0,
            changes: harm.1,
        })
    })
}
