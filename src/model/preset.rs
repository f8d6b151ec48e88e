//! Presets: fabrics whose every default has a source.
//!
//! "Measured" are figures that were seen in a public source, "usual" are figures that are common in
//! the field and that a user should replace with his own.

use crate::cache::Policy;
use crate::engine::{Law, LawError};
use crate::model::{
    AfterWait, Behind, BreakerRule, Budget, Call, ClientPolicy, Content, Cost, Database, Detect,
    Discipline, Fabric, Jitter, Lock, Manifest, Metadata, Origin, PodRules, Pooling, Rendition,
    Replication, Retry, Routing, SharedErrors, Slowdown, Store, TtlFrom, Viewers, WhenBehind,
    Window,
};
use crate::units::Span;

/// A preset, for `squall explain`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Preset {
    /// Its name in files.
    pub name: &'static str,
    /// What it is.
    pub text: &'static str,
}

/// All presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "five-regions",
        text: "the video CDN of the brief: us-east-1 (primary), eu-central-1, ap-northeast-1, \
               ap-southeast-1 and sa-east-1, anycast, a metadata cache at each edge, manifest pods \
               and a database in each region",
    },
    Preset {
        name: "single-pool",
        text: "one region, no network, no cache, no database: requests go straight into one pool, \
               as in the formulas of queueing theory",
    },
];

/// The regions of `five-regions`, the primary first.
pub const REGIONS: [&str; 5] =
    ["us-east-1", "eu-central-1", "ap-northeast-1", "ap-southeast-1", "sa-east-1"];

/// The name of the only region of `single-pool`.
pub const POOL: &str = "pool";

/// Longer than any run, and short enough to be added to an instant: a hundred years. It is how long
/// a request of `single-pool` waits when the file gives no time-out.
pub const PATIENCE: Span = Span::from_secs(36_525 * 86_400);

/// Median round trips in milliseconds, in the order of [`REGIONS`]: a public region-to-region ping
/// grid of about 2023, as kept in jvm-libp2p's simulator. The grid has two directions a pair that
/// differ by at most 1 ms; the larger one stands here, so that the matrix is symmetric. The diagonal
/// is the ping inside a region.
const PINGS_MS: [[u64; 5]; 5] = [
    [4, 92, 146, 212, 114],
    [92, 2, 223, 158, 204],
    [146, 223, 4, 69, 257],
    [212, 158, 69, 4, 322],
    [114, 204, 257, 322, 1],
];

/// The preset's laws have parameters that every constructor takes, which the tests below show; a
/// library does not panic over it.
fn sure(law: Result<Law, LawError>) -> Law {
    law.unwrap_or(Law::ZERO)
}

/// The video CDN of the brief, with the default of every key.
#[must_use]
pub fn five_regions() -> Fabric {
    let row = |row: &[u64; 5]| row.iter().map(|&ms| Span::from_millis(ms)).collect();
    Fabric {
        regions: REGIONS.iter().map(|&name| name.into()).collect(),
        round_trip: PINGS_MS.iter().map(row).collect(),
        primary: 0,
        routing: routing(),
        viewers: viewers(),
        metadata: Some(metadata()),
        manifest: manifest(),
        database: Some(database()),
        replication: replication(),
        content: content(),
        origin: origin(),
        cost: cost(),
    }
}

fn routing() -> Routing {
    Routing {
        // Enough that one network more or less is half a per cent of a region.
        networks: 200,
        // All networks alike; real weights are skewed, and a file can say so.
        skew: 0.0,
        // About 20 % of clients are not at their best site (Calder et al., IMC 2015, on Bing).
        misrouted: 0.2,
        // The detection time of BFD's usual 300 ms x 3 (RFC 5880 leaves the values open), by probes.
        detect: Detect::HealthCheck {
            every: Span::from_millis(300),
            failures: 3,
            timeout: Span::from_millis(300),
            successes: 3,
        },
        converge: converge(),
        failback: true,
    }
}

/// 80 % of networks follow within about ten seconds and the rest has a long tail (ANRW 2024, on
/// anycast convergence); old measurements of withdrawals reach three minutes (Labovitz et al.,
/// SIGCOMM 2000). The shape of the three parts is a model.
fn converge() -> Law {
    let part = |share, law| (share, sure(law));
    sure(Law::mixture(vec![
        part(0.80, Law::lognormal_median_p99(Span::from_secs(4), Span::from_secs(10))),
        part(0.18, Law::uniform(Span::from_secs(10), Span::from_secs(60))),
        part(0.02, Law::uniform(Span::from_secs(60), Span::from_secs(180))),
    ]))
}

fn viewers() -> Viewers {
    Viewers {
        // Fibre 2 to 10 ms, cable 10 to 20, mobile 25 to 50: usual figures; cv 0.5 to 1.
        last_mile: sure(Law::lognormal_mean_cv(Span::from_millis(20), 0.5)),
        timeout: Span::from_secs(3),
        retry: Retry {
            // Three attempts as in the standard mode of the AWS SDKs.
            attempts: 3,
            backoff: Span::from_millis(100),
            multiplier: 2.0,
            max_backoff: Span::from_secs(2),
            // "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
            jitter: Jitter::Full,
            budget: Budget::None,
        },
        // Nobody tells an edge that a viewer has gone, unless its products look for it.
        cancel: false,
        client_policy: ClientPolicy::NONE,
    }
}

/// The budget of Finagle and of tower: 20 % of the requests of the last ten seconds, and ten a
/// second in any case.
#[must_use]
pub const fn deposit_budget() -> Budget {
    Budget::DepositPerRequest { ttl: Span::from_secs(10), min_per_second: 10, ratio: 0.2 }
}

/// Envoy's default of `max_retries`: three at one time.
#[must_use]
pub const fn limit_budget() -> Budget {
    Budget::Limit { retries: 3 }
}

/// Envoy's defaults of `retry_budget`: 20 % of what is under way, and three in any case.
#[must_use]
pub const fn share_budget() -> Budget {
    Budget::ConcurrentShare { share: 0.2, at_least: 3 }
}

/// The example of gRPC's proposal A6, which has no defaults: ten tokens, a tenth for a success.
#[must_use]
pub const fn success_budget() -> Budget {
    Budget::DepositPerSuccess { max_tokens: 10, ratio: 100 }
}

/// Brooker's figures: five tokens, a tenth for a success.
#[must_use]
pub const fn small_bucket_budget() -> Budget {
    Budget::SmallBucket { tokens: 5, deposit: 100 }
}

/// The AWS SDKs' figures: 500 tokens, 5 a retry, 10 after a time-out.
#[must_use]
pub const fn standard_budget() -> Budget {
    Budget::Standard { tokens: 500, retry_cost: 5, timeout_cost: 10 }
}

/// The SRE book's figures: two requests for each that is accepted, over two minutes.
#[must_use]
pub const fn throttle_budget() -> Budget {
    Budget::AdaptiveThrottle { k: 2.0, window: Span::from_secs(120) }
}

/// Resilience4j's defaults: half of the last hundred calls failed, or all took more than a minute; a
/// minute open; ten trials.
#[must_use]
pub const fn breaker() -> BreakerRule {
    BreakerRule {
        window: Window::Calls(100),
        minimum: 100,
        failures: 0.5,
        slow: Span::from_secs(60),
        slow_share: 1.0,
        open: Span::from_secs(60),
        trials: 10,
    }
}

fn metadata() -> Metadata {
    Metadata {
        ttl: Span::from_secs(60),
        ttl_from: TtlFrom::Fill,
        hit: Span::from_millis(1),
        lock: Some(lock()),
        stale_while_revalidate: Span::ZERO,
        stale_if_error: Span::ZERO,
        entries: None,
    }
}

/// The read lock: one reader a title, as Go's `singleflight`, whose waiters share result and error;
/// with the bound of nginx's `proxy_cache_lock_timeout`, after which a waiter reads by itself.
#[must_use]
pub const fn lock() -> Lock {
    Lock { wait: Span::from_secs(1), after: AfterWait::Fetch, errors: SharedErrors::Shared }
}

fn manifest() -> Manifest {
    Manifest {
        pods: 20,
        slots: 32,
        // Every queue has a bound; this is 1.6 times the slots, 8 ms of work.
        queue: Some(1_000),
        discipline: Discipline::Fifo,
        wait: None,
        // "Fail at Scale" (Maurer 2015): 100 ms.
        standing: Span::from_millis(100),
        controlled_delay: None,
        high: 0.0,
        service: sure(Law::lognormal_mean_cv(Span::from_millis(5), 0.5)),
        call: Call::plain(),
        pod: PodRules::plain(),
        autoscale: None,
        pools: None,
        validations: 0.0,
    }
}

fn database() -> Database {
    Database {
        connections: 128,
        queue: Some(1_000),
        wait: Some(Span::from_secs(1)),
        // As variable as an exponential law, with a longer tail.
        service: sure(Law::lognormal_mean_cv(Span::from_millis(4), 1.0)),
        slowdown: Slowdown::None,
        pooling: Pooling::Transaction,
        down_to_primary: false,
        again_to_primary: false,
        behind: Behind { after: Span::from_secs(5), then: WhenBehind::Serve },
        primary_timeout: Span::from_secs(2),
        call: Call::plain(),
    }
}

fn replication() -> Replication {
    Replication {
        lag: sure(Law::lognormal_median_p99(Span::from_millis(200), Span::from_secs(1))),
        catch_up: 10.0,
        write_rate: 2_000_000,
        window: 4_000_000,
    }
}

/// Segments of six seconds, as HTTP Live Streaming asks for (Apple's authoring specification), of titles
/// of an hour, watched for half an hour on the mean: sessions last 20 to 40 minutes, a usual figure.
fn content() -> Content {
    const TB: u64 = 1_000_000_000_000;
    let rendition = |bits_per_second, share| Rendition { bits_per_second, share };
    Content {
        // A few machines full of disks: a usual figure.
        store: Some(Store { policy: Policy::Lru, bytes: 20 * TB }),
        hit: Span::from_millis(1),
        // nginx' `proxy_cache_lock_timeout` is five seconds.
        lock: Some(Lock { wait: Span::from_secs(5), ..lock() }),
        segment: Span::from_secs(6),
        segments: 600,
        watched: Span::from_secs(30 * 60),
        // 480p, 720p, 1080p and 4K at usual rates (H.264, HEVC for 4K); the shares are a model.
        ladder: vec![
            rendition(1_400_000, 0.15),
            rendition(3_000_000, 0.30),
            rendition(6_000_000, 0.45),
            rendition(16_000_000, 0.10),
        ],
    }
}

/// Amazon S3, as its documentation describes it: 5,500 reads a second of a prefix, 100 to 200 ms until the
/// first byte, 85 to 90 MB/s for a request. 5,500 a second of 150 ms are 825 at one time.
fn origin() -> Origin {
    Origin {
        region: None,
        slots: 825,
        queue: Some(1_000),
        wait: Some(Span::from_secs(1)),
        service: sure(Law::uniform(Span::from_millis(100), Span::from_millis(200))),
        rate: Some(85_000_000),
        call: Call::plain(),
    }
}

/// The brief's estimate, section 5.A.
fn cost() -> Cost {
    const TB: u64 = 1_000_000_000_000;
    Cost {
        library: 100 * TB,
        uploads: 20 * TB,
        egress: 500 * TB,
        nodes: 2,
        // A row with a title's rights and renditions: 2 to 20 kB is usual for a manifest.
        read_bytes: 4_000,
        as_printed: false,
        pods_per_node: None,
        caches: false,
        connections: None,
        // The brief's agreement: 99.99 %.
        sla: 999_900_000,
    }
}

/// One pool by itself: requests go straight into it and wait as long as it takes.
#[must_use]
pub fn single_pool(
    servers: u32,
    queue: Option<u32>,
    discipline: Discipline,
    service: Law,
    timeout: Option<Span>,
) -> Fabric {
    Fabric {
        regions: vec![POOL.into()],
        round_trip: vec![vec![Span::ZERO]],
        primary: 0,
        routing: Routing {
            networks: 1,
            misrouted: 0.0,
            converge: Law::ZERO,
            detect: Detect::Never,
            ..routing()
        },
        viewers: Viewers {
            last_mile: Law::ZERO,
            timeout: timeout.unwrap_or(PATIENCE),
            retry: Retry {
                attempts: 1,
                backoff: Span::ZERO,
                multiplier: 1.0,
                max_backoff: Span::ZERO,
                jitter: Jitter::None,
                budget: Budget::None,
            },
            cancel: false,
            client_policy: ClientPolicy::NONE,
        },
        metadata: None,
        manifest: Manifest {
            pods: 1,
            slots: servers,
            queue,
            discipline,
            wait: None,
            standing: Span::from_millis(100),
            controlled_delay: None,
            high: 0.0,
            service,
            call: Call::plain(),
            pod: PodRules::plain(),
            autoscale: None,
            pools: None,
            validations: 0.0,
        },
        database: None,
        replication: Replication { lag: Law::ZERO, ..replication() },
        content: content(),
        origin: origin(),
        // A pool is one machine: no library, no copies, nobody who watches.
        cost: Cost { library: 0, uploads: 0, egress: 0, nodes: 1, ..cost() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_of_the_preset_is_what_it_says() {
        let fabric = five_regions();
        let mean = |law: &Law| law.mean().unwrap();
        let near = |seen: f64, wanted: f64| assert!((seen / wanted - 1.0).abs() < 1e-6, "{seen}");
        near(mean(&fabric.viewers.last_mile), 0.020);
        near(mean(&fabric.manifest.service), 0.005);
        near(mean(&fabric.database.unwrap().service), 0.004);
        near(fabric.replication.lag.quantile(0.5), 0.2);
        near(fabric.replication.lag.quantile(0.99), 1.0);
        // Uniform parts: means 35 s and 120 s; lognormal: exp(mu + sigma^2 / 2).
        let sigma = libm::log(2.5) / 2.326_347_874_040_840_8;
        let first = 4.0 * libm::exp(sigma * sigma / 2.0);
        near(mean(&fabric.routing.converge), 0.8 * first + 0.18 * 35.0 + 0.02 * 120.0);
    }

    #[test]
    fn round_trips_are_symmetric_and_the_next_regions_are_those_of_the_brief() {
        let fabric = five_regions();
        let nearest = |from: usize| {
            let others = (0..5).filter(|&to| to != from);
            REGIONS[others.min_by_key(|&to| fabric.round_trip[from][to]).unwrap()]
        };
        for from in 0..5 {
            for to in 0..5 {
                assert_eq!(fabric.round_trip[from][to], fabric.round_trip[to][from]);
            }
        }
        let next: Vec<_> = (0..5).map(nearest).collect();
        let wanted = ["eu-central-1", "us-east-1", "ap-southeast-1", "ap-northeast-1", "us-east-1"];
        assert_eq!(next, wanted);
    }

    #[test]
    fn a_single_pool_never_gives_up_unless_it_is_told() {
        let pool = |timeout| single_pool(8, None, Discipline::Fifo, Law::ZERO, timeout);
        let end = crate::units::Instant::from_nanos(Span::from_secs(31 * 86_400).as_nanos());
        assert!((end + pool(None).viewers.timeout) < crate::units::Instant::NEVER);
        assert!(pool(None).viewers.timeout > end.since(crate::units::Instant::ZERO));
        assert_eq!(pool(Some(Span::from_secs(1))).viewers.timeout, Span::from_secs(1));
    }
    #[test]
    fn a_single_pool_has_no_network_and_nothing_to_pay_beside_a_machine() {
        let pool = single_pool(8, None, Discipline::Fifo, Law::ZERO, None);
        assert_eq!((pool.regions.len(), pool.routing.networks), (1, 1));
        assert_eq!(pool.routing.misrouted.to_bits(), 0.0_f64.to_bits());
        assert_eq!((pool.routing.converge, pool.replication.lag), (Law::ZERO, Law::ZERO));
        assert!(matches!(pool.routing.detect, Detect::Never), "its only site is never left");
        let cost = pool.cost;
        assert_eq!((cost.library, cost.uploads, cost.egress, cost.nodes), (0, 0, 0, 1));
    }

    #[test]
    fn titles_last_an_hour_and_half_of_it_is_watched() {
        let content = five_regions().content;
        let hour = content.segment.as_secs_f64() * f64::from(content.segments);
        assert_eq!((hour, content.watched.as_secs_f64()), (3_600.0, 1_800.0));
        let shares: f64 = content.ladder.iter().map(|rendition| rendition.share).sum();
        assert!((shares - 1.0).abs() < 1e-12, "{shares}");
    }
}
