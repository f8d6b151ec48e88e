//! Every key that a scenario may have: the reader's list of what is known, and the reference of
//! `squall explain`, so that the two cannot drift apart.

use crate::change;
use crate::fault::{self, Absent, Parameter, Value};
use std::sync::LazyLock;

/// One key of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Where it stands: `fabric.routing.networks`. A part in square brackets is the kind of table
    /// that it belongs to (`inject.fault[surge].factor`, `law[uniform].from`); `*` is a name that the
    /// file chooses. Elements of `[[inject]]` and `[[change]]` stand under `inject` and `change`.
    pub path: String,
    /// What is written there: `time`, `share`, `count`, `law`, `"on" or "off"` and so on.
    pub kind: String,
    /// What holds when it is not written: a value, `required`, or `none`.
    pub default: String,
    /// An example, as it is written.
    pub example: String,
    /// What it is: half a sentence.
    pub text: &'static str,
}

/// All keys in the order in which a file is read.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let mut keys = rows(TABLE);
    let faults = fault::KINDS.iter().map(|kind| (kind.name, kind.parameters));
    insert(&mut keys, "inject.fault", "which fault", &faults.collect::<Vec<_>>());
    let changes = change::KINDS.iter().map(|kind| (kind.name, kind.parameters));
    insert(&mut keys, "change.do", "which change", &changes.collect::<Vec<_>>());
    keys
});

/// All keys of a study, each behind `study.`.
pub static STUDY_KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| rows(super::study::keys::TABLE));

fn rows(table: &'static str) -> Vec<Key> {
    let row = |line: &'static str| {
        let mut cells = line.split(" | ").map(str::trim);
        let mut cell = || cells.next().unwrap_or_default();
        let (path, kind, default) = (cell().into(), cell().into(), cell().into());
        Key { path, kind, default, example: cell().into(), text: cell() }
    };
    table.lines().filter(|line| !line.is_empty()).map(row).collect()
}

/// Puts the keys of all kinds of a table behind the table's own key.
fn insert(
    keys: &mut Vec<Key>,
    table: &str,
    text: &'static str,
    kinds: &[(&'static str, &'static [Parameter])],
) {
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let kind = Key {
        path: format!("{table}.kind"),
        kind: quoted(&names),
        default: "required".into(),
        example: format!("\"{}\"", names.last().copied().unwrap_or_default()),
        text,
    };
    let parameters = kinds.iter().flat_map(|(name, parameters)| {
        parameters.iter().map(move |parameter| Key {
            path: format!("{table}[{name}].{}", parameter.name),
            kind: words_of(parameter.value),
            default: match parameter.absent {
                Absent::Wrong => "required".into(),
                Absent::As(text) => text.trim_matches('"').into(),
                Absent::Unbounded(word) => word.into(),
            },
            example: parameter.example.into(),
            text: parameter.text,
        })
    });
    let all: Vec<Key> = std::iter::once(kind).chain(parameters).collect();
    let at = keys.iter().position(|key| key.path == table).map_or(keys.len(), |at| at + 1);
    keys.splice(at..at, all);
}

/// `"a", "b" or "c"`, as kinds of keys list the words that may stand there.
fn quoted(words: &[&str]) -> String {
    let all: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => String::new(),
    }
}

fn words_of(value: Value) -> String {
    match value {
        Value::Region | Value::RegionOrAll => "text".into(),
        Value::Time(_) => "time".into(),
        Value::Number(..) | Value::Cores => "number".into(),
        Value::Share(_) => "share".into(),
        Value::CoresOrNone => "number or \"none\"".into(),
        Value::Bytes => "volume".into(),
        Value::Pods => "count".into(),
        Value::Word(words) => quoted(words),
    }
}

/// `path | kind | default | example | text`. Defaults under `fabric` are those of `five-regions`
/// ([`crate::model::preset`] has their sources), except those of `fabric.pool`.
const TABLE: &str = r#"
title | text | required | "Sao Paulo goes dark" | what reports call it
question | text | required | "Does anybody notice?" | what the run answers
run | table | required | { seed = 7, length = "15m" } | how long, and which chance
fabric | table | required | { preset = "five-regions" } | a preset, and what differs from it
load | table | required | { requests-per-second = 360 } | who asks for what, and how often
inject | list | none | [] | what harm is done
change | list | none | [] | what people do on purpose
invariants | table | required | { "most are served" = "availability >= 99%" } | what must hold
watch | table | none | { "latency" = "p99(latency)" } | what is only watched
control | table | none | {} | what is taken away, and what breaks then
run.seed | count | required | 7 | the seed of every random stream, 0 to 2^63 - 1
run.length | time | required | "15m" | how long the run lasts, 1 s to 31 d
run.warmup | time | 0s | "2m" | the part from the start that is not judged
run.holds-in | share | 100% | "95%" | the share of runs in which an invariant must hold, with several seeds
fabric.preset | "five-regions" or "single-pool" | required | "five-regions" | what the rest differs from
fabric.regions | list | the preset's five | ["us-east-1", "eu-central-1"] | names of 1 to 64 regions
fabric.primary | text | us-east-1 | "us-east-1" | the region with the primary database
fabric.round-trip | table | median pings | { us-east-1 = { sa-east-1 = "113ms" } } | round trips between regions, each pair once
fabric.round-trip.* | table | median pings | { sa-east-1 = "113ms" } | round trips from this region
fabric.round-trip.*.* | time | 1ms inside a region | "113ms" | the round trip between the two, 0.1 ms to 10 s
fabric.routing | table | preset | {} | how viewers find a region (anycast)
fabric.routing.networks | count | 200 | 200 | networks of viewers in each region
fabric.routing.skew | number | 0 | 0.8 | exponent of the networks' weights by rank; 0 makes all alike
fabric.routing.misrouted | share | 20% | "20%" | networks that reach their second best region
fabric.routing.detect | table | health check | { by = "never" } | what ends a dead region's announcement
fabric.routing.detect.by | "health-check", "hold-timer" or "never" | required | "health-check" | who notices
fabric.routing.detect[health-check].every | time | 300ms | "300ms" | time between probes
fabric.routing.detect[health-check].failures | count | 3 | 3 | failed probes in a row that withdraw the route
fabric.routing.detect[health-check].timeout | time | 300ms | "300ms" | how long a probe waits, at most `every`
fabric.routing.detect[health-check].successes | count | 3 | 3 | good probes in a row that announce it again
fabric.routing.detect[hold-timer].hold | time | 90s | "90s" | BGP's hold time (RFC 4271)
fabric.routing.converge | law | 80% lognormal 4s/10s, 18% to 60s, 2% to 180s | { law = "constant", value = "5s" } | how long a network takes to follow a withdrawal or an announcement
fabric.routing.failback | true or false | true | true | whether networks go back to their better region
fabric.viewers | table | preset | {} | how viewers behave
fabric.viewers.last-mile | law | lognormal, mean 20ms, cv 0.5 | { law = "constant", value = "20ms" } | round trip to the edge of the network
fabric.viewers.timeout | time | 3s | "3s" | how long a viewer waits for one attempt
fabric.viewers.attempts | count | 3 | 3 | attempts in all; 1 means no retries
fabric.viewers.backoff | time | 100ms | "100ms" | the wait before the first retry
fabric.viewers.multiplier | number | 2 | 2 | what each further wait is multiplied by
fabric.viewers.max-backoff | time | 2s | "2s" | the longest wait
fabric.viewers.jitter | "none", "full" or "equal" | full | "full" | how a wait is spread
fabric.viewers.budget | "none" or budget | none | { kind = "deposit-per-request" } | what limits retries beyond the attempts; one for each network
fabric.viewers.cancel | "on" or "off" | off | "on" | on: a fetch that no viewer waits for any more is given up
fabric.viewers.bulkhead | count or "none" | none | 64 | attempts that the viewers of each network have under way at one time; one more has failed at once
fabric.viewers.breaker | "none" or breaker | none | { window = 20, open = "10s" } | each network's circuit breaker, which every attempt has to pass; one that may not has failed at once
fabric.viewers.fallback | "none" or fallback | none | { failing = "1%" } | what answers when a request has failed for good; it counts as served
fabric.viewers.hedge | "none" or hedge | none | { after = "500ms" } | a second attempt beside one that is not answered soon, the ways to the edge and back included
fabric.metadata | table | preset | {} | the cache of manifests and rights beside each edge
fabric.metadata.cache | "on" or "off" | on | "on" | off: every request is a miss
fabric.metadata.ttl | time | 60s | "60s" | how long a copy is fresh
fabric.metadata.ttl-from | "fill" or "hit" | fill | "hit" | whether its time counts from its fill, or begins anew with each hit
fabric.metadata.hit | time | 1ms | "1ms" | what a hit takes
fabric.metadata.lock | "on" or "off" | on | "on" | one reader a title, the others wait
fabric.metadata.lock-wait | time | 1s | "1s" | the longest wait for another's read
fabric.metadata.after-lock-wait | "fetch" or "fail" | fetch | "fetch" | what a waiter does then
fabric.metadata.lock-errors | "shared" or "alone" | shared | "shared" | whether waiters get the reader's error
fabric.metadata.stale-while-revalidate | time or "off" | off | "30s" | how old beyond its TTL a copy may be while it is refreshed (RFC 5861)
fabric.metadata.stale-if-error | time or "off" | off | "5m" | how old beyond its TTL a copy may be when the fetch fails (RFC 5861)
fabric.metadata.entries | count or "unbounded" | unbounded | 20_000 | copies that there is room for in each region, fresh and stale ones
fabric.metadata.policy | "lru", "fifo", "clock", "sieve", "s3-fifo", "lfu" or "w-tinylfu" | lru | "sieve" | which copy leaves when there is no room
fabric.manifest | table | preset | {} | the pods that validate requests and make manifests
fabric.manifest.pods | count | 20 | 20 | pods in each region
fabric.manifest.slots | count | 32 | 32 | requests that a pod works on at once
fabric.manifest.queue | count or "unbounded" | 1000 | 1_000 | fetches that may wait
fabric.manifest.discipline | "fifo", "lifo", "adaptive-lifo", "processor-sharing" or "priority" | fifo | "fifo" | in which order they are taken, or that all are worked on at once
fabric.manifest.high-priority | share | required | "30%" | the share of fetches that is taken first, with priorities
fabric.manifest.standing | time | 100ms | "100ms" | a queue that has not been empty for so long stands: `adaptive-lifo` and `controlled-delay` act then
fabric.manifest.controlled-delay | time or "off" | off | "5ms" | the longest wait in a queue that stands; who has waited longer is turned away at its turn
fabric.manifest.max-wait | time or "unbounded" | unbounded | "1s" | the longest wait; who has waited so long is rejected
fabric.manifest.service | law | lognormal, mean 5ms, cv 0.5 | { law = "constant", value = "5ms" } | what one takes, beside its read
fabric.manifest.validations | share | 0% | "40%" | the share of fetches that only validate a request, and so need no read
fabric.manifest.pools | table or "shared" | shared | { manifests = { slots = 24 }, validations = { slots = 8 } } | slots for each kind of fetch, so that one that is slow holds none of the other's
fabric.manifest.pools.manifests | pool | required | { slots = 24, queue = 100, wait = "200ms" } | the slots of fetches that make a manifest
fabric.manifest.pools.validations | pool | required | { slots = 8 } | the slots of fetches that only validate a request
fabric.manifest.call | call | one attempt | { timeout = "200ms", attempts = 3 } | how the edge calls it
fabric.manifest.balance | "least-requests", "round-robin" or "random" | least-requests | "random" | which pod gets a call, where something makes them differ
fabric.manifest.pod-start | time | 5s | "5s" | from the start of a pod until it takes calls
fabric.manifest.image-pull | time | 0s | "20s" | what a new pod takes before that to get its image
fabric.manifest.ejection | table or "none" | none | { failures = 5 } | what takes a pod out of service that fails (Envoy's outlier detection)
fabric.manifest.ejection.failures | count | 5 | 5 | failed answers and time-outs in a row that eject a pod
fabric.manifest.ejection.every | time | 10s | "10s" | time between the sweeps that bring pods back
fabric.manifest.ejection.base | time | 30s | "30s" | how long the first ejection lasts; the second twice as long, and so on up to 5m
fabric.manifest.ejection.most | share | 10% | "10%" | the share of pods that may be out at one time; always one, never so many that less than half are left
fabric.manifest.cpu | table or "unlimited" | unlimited | { limit = 1, threads = 4 } | the processors of a pod: what a call takes is the processor time of its threads then
fabric.manifest.cpu.limit | number or "none" | none | 0.5 | cores that a pod may use on average over a period; all its threads stand when that is used up
fabric.manifest.cpu.period | time | 100ms | "100ms" | the period, 1 ms to 1 s
fabric.manifest.cpu.threads | count | 1 | 4 | threads of each call, which share its work evenly
fabric.manifest.cpu.node | number | 4 | 16 | cores of the node on which a pod runs, each on its own
fabric.manifest.cpu.request | number | 0.25 | 0.25 | cores that a pod has requested: its weight against a noisy neighbour
fabric.manifest.memory | table or "unlimited" | unlimited | { limit = "1GB" } | the memory of a pod; one that needs more is killed and started again
fabric.manifest.memory.limit | volume | required | "1GB" | how much it may have
fabric.manifest.memory.base | volume | 256MB | "256MB" | what it needs without a call
fabric.manifest.memory.request | volume | 2MB | "2MB" | what it needs for each call under way
fabric.manifest.autoscale | table or "none" | none | { saturation = "70%", max = 60 } | what changes the number of pods: Kubernetes' horizontal pod autoscaler
fabric.manifest.autoscale.saturation | share | none | "70%" | the target for calls inside, those that wait included, as a share of the slots; one of the three
fabric.manifest.autoscale.cpu | share | none | "60%" | the target for processor time used, as a share of `cpu.request`; one of the three
fabric.manifest.autoscale.requests-per-second | number | none | 50 | the target for calls a second for each pod; one of the three
fabric.manifest.autoscale.max | count | required | 60 | the most pods
fabric.manifest.autoscale.min | count | the pods that there are | 10 | the fewest pods
fabric.manifest.autoscale.every | time | 15s | "15s" | how often it looks
fabric.manifest.autoscale.tolerance | share | 10% | "10%" | how far from the target is near enough
fabric.manifest.autoscale.metric-age | time | 15s | "30s" | how old what it sees is
fabric.manifest.autoscale.up | pace | window 0s, 4 pods or 100% in 15s | { window = "30s" } | how pods come
fabric.manifest.autoscale.down | pace | window 5m, 100% in 15s | { percent = 10, period = "1m" } | how pods go
fabric.manifest.autoscale.pods-per-node | count | 10 | 10 | pods that a node has room for
fabric.manifest.autoscale.node-start | time | 3m | "60s" | what a new node takes before pods can start on it
fabric.database | table | preset | {} | the database of each region
fabric.database.use | "on" or "off" | on | "on" | off: a manifest needs no read
fabric.database.connections | count | 128 | 128 | connections in each region
fabric.database.queue | count or "unbounded" | 1000 | 1_000 | reads that may wait for one
fabric.database.wait | time or "unbounded" | 1s | "1s" | the longest wait for one
fabric.database.service | law | lognormal, mean 4ms, cv 1 | { law = "constant", value = "4ms" } | what a read takes
fabric.database.slowdown | table or "none" | none | { by = "concurrency", points = [[32, 1], [128, 4]] } | how reads slow each other
fabric.database.slowdown.by | "concurrency" or "rate" | required | "concurrency" | by how many are under way, or by how many begin
fabric.database.slowdown[concurrency].points | list | required | [[32, 1], [128, 4]] | reads under way, and how many times as long each takes then; straight lines between points
fabric.database.slowdown[rate].points | list | required | [[300, 1], [300, 10]] | reads a second, and how many times as long one takes that begins then; two points at one load are a jump above it
fabric.database.slowdown[rate].over | time | 1s | "1s" | the time over which reads are counted, 1 ms to 1 h
fabric.database.call | call | one attempt | { timeout = "50ms", attempts = 2 } | how the manifest service calls it
fabric.database.pooling | "transaction", "session" or "none" | transaction | "session" | whether a connection is lent for each read, kept from a call's first read to its end, or opened for each call, without waiting for one
fabric.database.connect | time | 5ms | "5ms" | what opening a connection takes, where there is no pooler
fabric.database.again-at | "replica" or "primary" | replica | "primary" | where second attempts to read go, retries and hedges
fabric.database.when-down | "fail" or "primary" | fail | "primary" | what reads do while the region's database refuses connections
fabric.database.too-far-behind | table | { after = "5s", then = "serve" } | { after = "5s", then = "serve" } | what a read does on a replica that lags
fabric.database.too-far-behind.after | time | 5s | "5s" | the lag that is too much
fabric.database.too-far-behind.then | "serve", "refuse" or "primary" | serve | "serve" | old data, an error, or a read over the wide area
fabric.database.primary-timeout | time | 2s | "2s" | how long a read over the wide area may take
fabric.replication | table | preset | {} | the channel from the primary to the replicas
fabric.replication.lag | law | lognormal, median 200ms, p99 1s | { law = "constant", value = "200ms" } | the usual lag
fabric.replication.catch-up | number | 10 | 10 | seconds of changes that a replica applies in a second when it is behind, above 1
fabric.replication.write-per-second | volume | 2MB | "2MB" | changes in one second
fabric.replication.window | volume | 4MB | "4MB" | what may be under way unacknowledged
fabric.content | table | preset | {} | video segments and the cache of them beside each edge; of no meaning without `load.segments-per-second`
fabric.content.cache | "on" or "off" | on | "on" | off: every request for a segment goes to the origin
fabric.content.policy | "lru", "fifo", "clock", "sieve", "s3-fifo", "lfu" or "w-tinylfu" | lru | "s3-fifo" | which segment leaves a full cache
fabric.content.bytes | volume | 20TB | "500GB" | the room of the cache in each region
fabric.content.hit | time | 1ms | "1ms" | what a hit takes until its first byte
fabric.content.lock | "on" or "off" | on | "on" | one request to the origin for a segment, the others wait
fabric.content.lock-wait | time | 5s | "5s" | the longest wait for another's request
fabric.content.after-lock-wait | "fetch" or "fail" | fetch | "fetch" | what a waiter does then
fabric.content.lock-errors | "shared" or "alone" | shared | "shared" | whether waiters get the error of the one that asked
fabric.content.segment | time | 6s | "6s" | how long a segment plays, 1 ms to 1 h
fabric.content.segments-per-title | count | 600 | 600 | segments of each title; titles times renditions times these are below 2^32
fabric.content.watched | time | 30m | "30m" | how long viewers watch on the mean: the segment at t is asked for in proportion to exp(-t / watched)
fabric.content.ladder | list | 1.4, 3, 6 and 16 Mbit/s | [{ mbit-per-second = 6, share = "100%" }] | the renditions of each title
fabric.content.ladder.mbit-per-second | number | required | 6 | its rate, from which the bytes of its segments follow
fabric.content.ladder.share | share | required | "45%" | the share of requests that ask for it
fabric.origin | table | preset | {} | the store in one region that holds all segments
fabric.origin.region | text | the primary's | "us-east-1" | where it is
fabric.origin.slots | count | 825 | 825 | requests that it works on at once
fabric.origin.queue | count or "unbounded" | 1000 | 1_000 | requests that may wait
fabric.origin.wait | time or "unbounded" | 1s | "1s" | the longest wait
fabric.origin.service | law | uniform, 100ms to 200ms | { law = "constant", value = "150ms" } | what it takes until the first byte
fabric.origin.bytes-per-second | volume or "unbounded" | 85MB | "85MB" | bytes of an answer in one second, each by itself
fabric.origin.call | call | one attempt | { timeout = "1s", attempts = 2 } | how each edge calls it; without a time-out it waits for 30s
fabric.cost | table | preset | {} | what is paid for, where the run does not say
fabric.cost.library | volume | 100TB | "100TB" | the master library
fabric.cost.uploads | volume | 20TB | "20TB" | new videos a month
fabric.cost.egress-per-month | volume | 500TB | "500TB" | bytes to viewers in a month
fabric.cost.nodes-per-region | count | 2 | 2 | worker nodes in each region
fabric.cost.read-size | volume | 4kB | "4kB" | bytes of one read that crosses regions
fabric.cost.book | "exact" or "as-printed" | exact | "exact" | the corrected bill, or the brief's
fabric.cost.pods-per-node | count or "none" | none | 2 | pods that a node has room for: as many nodes are paid for in each region as its pods need, instead of `nodes-per-region`
fabric.cost.caches | "on" or "off" | off | "on" | on: the caches are on the exact bill, by their room: the memory of `fabric.metadata.entries` (of all titles, where they are unbounded) of `read-size` each, and the disks of `fabric.content.bytes` where anybody asks for segments
fabric.cost.connection-memory | volume or "off" | off | "8MB" | the memory of one connection of a region's database, which is then on the exact bill; Postgres takes 5 to 10 MB
fabric.cost.sla | share | 99.99% | "99.99%" | the availability that the error budget is counted from
fabric.pool | table | required | { servers = 8, service = { law = "exponential", mean = "20ms" } } | the pool of `single-pool`
fabric.pool.servers | count | required | 8 | requests that are worked on at once
fabric.pool.queue | count or "unbounded" | unbounded | "unbounded" | requests that may wait; what does not fit is rejected
fabric.pool.discipline | "fifo", "lifo", "adaptive-lifo", "processor-sharing" or "priority" | fifo | "fifo" | in which order they are taken, or that all are worked on at once
fabric.pool.high-priority | share | required | "30%" | the share of requests that is taken first, with priorities
fabric.pool.standing | time | 100ms | "100ms" | a queue that has not been empty for so long stands: `adaptive-lifo` and `controlled-delay` act then
fabric.pool.controlled-delay | time or "off" | off | "5ms" | the longest wait in a queue that stands; who has waited longer is turned away at its turn
fabric.pool.max-wait | time or "unbounded" | unbounded | "1s" | the longest wait; who has waited so long is rejected
fabric.pool.service | law | required | { law = "exponential", mean = "20ms" } | what one takes
fabric.pool.timeout | time | never | "10s" | how long a request waits before it gives up
load.titles | count | required | 200_000 | how many titles there are, without a trace
load.popularity | table | required | { law = "zipf", exponent = 0.9 } | how often each is asked for, without a trace
load.popularity.law | "zipf" | required | "zipf" | the law of popularity
load.popularity.exponent | number | required | 0.9 | its exponent, 0 to 10; 0 makes all alike
load.manifests-per-second | table | required | { us-east-1 = 60_000 } | requests a second from each region, without a trace
load.manifests-per-second.* | number | 0 | 60_000 | requests a second from this region
load.segments-per-second | table | none | { us-east-1 = 5_000 } | requests for video segments a second from each region; they follow the curve and surges, too
load.segments-per-second.* | number | 0 | 5_000 | requests for segments a second from this region
load.requests-per-second | number | required | 360 | Poisson arrivals at the single pool
load.viewers | count | none | 100 | viewers of the single pool who each wait for their answer, instead of arrivals
load.think | law | required | { law = "exponential", mean = "1s" } | how long each of them thinks before it asks
load.arrivals | law | none | { law = "constant", value = "3ms" } | time between arrivals at the single pool, instead of Poisson
load.curve | list | always 1 | [{ at = "0s", factor = 1.0 }] | how all rates change with time; straight lines between points
load.curve.at | time | required | "0s" | when
load.curve.factor | number | required | 1.0 | how many times the rate, 0 to 1000
load.trace | table | none | { file = "a.csv", format = "csv", region = "us-east-1" } | a real trace instead of drawn arrivals and titles
load.trace.file | text | required | "a.csv" | the trace, relative to the scenario
load.trace.format | "csv", "oracle-general", "webcachesim" or "wikimedia" | required | "csv" | its layout, compressed with zstd or gzip or not
load.trace.columns | table | columns 1, 2 and 3 | { time = 1, key = 2 } | where a csv has its fields
load.trace.columns.time | text or count | required | 1 | when: a name, or a number from 1
load.trace.columns.key | text or count | required | 2 | what: a name, or a number from 1
load.trace.columns.size | text or count | none | 3 | how large: a name, or a number from 1
load.trace.time-unit | time | 1s | "1s" | one tick of the trace's clock
load.trace.region | text | required | "us-east-1" | where its viewers sit
load.trace.speed | number | 1 | 2 | how many times as fast as it was recorded
inject.label | text | required | "outage" | what invariants call it
inject.at | time | required | "5m" | when it begins
inject.lasts | time | to the end | "5m" | how long; not for what happens at an instant
inject.times | count | 1 | 3 | how often it happens; the repeats are called `LABEL-2`, `LABEL-3` and so on
inject.every | time | none | "5m" | how long after the last time it begins again
inject.fault | table | required | { kind = "evict-cache", region = "us-east-1", share = "50%" } | what is done
change.label | text | required | "drain" | what invariants call it
change.at | time | required | "5m" | when it begins
change.lasts | time | to the end | "5m" | when it is taken back, after this long
change.do | table | required | { kind = "drain", region = "sa-east-1" } | what is done
invariants.* | sentence | none | "availability >= 99%" | a name, and what must hold
watch.* | term | none | "p99(latency)" | a name, and what is watched
control.change | table | required | { "inject.outage.fault.routes" = "silent" } | paths, and what stands there without the protection
control.change.* | any | none | "silent" | a path, and what stands there without the protection
control.breaks | list | required | ["most are served"] | names of the invariants that must break then
law.law | "constant", "uniform", "exponential", "lognormal", "pareto" or "empirical" | required | "constant" | the law of a time; a list of laws with shares is a mixture
law.share | share | required | "80%" | the share of this law in a mixture
law[constant].value | time | required | "5ms" | always this
law[uniform].from | time | required | "10s" | the shortest
law[uniform].to | time | required | "60s" | the longest
law[exponential].mean | time | required | "20ms" | the mean
law[lognormal].median | time | none | "4s" | the median, with `p99`
law[lognormal].p99 | time | none | "10s" | the 99th percentile, with `median`
law[lognormal].mean | time | none | "20ms" | the mean, with `cv`
law[lognormal].cv | number | none | 0.5 | standard deviation over mean, with `mean`
law[pareto].scale | time | required | "1ms" | the shortest
law[pareto].shape | number | required | 1.5 | the exponent of the tail
law[empirical].points | list | required | [["0%", "1ms"], ["50%", "4ms"], ["100%", "1s"]] | shares with the times below which they lie
call.timeout | time or "none" | none | "200ms" | how long the caller waits for one attempt
call.attempts | count | 1 | 3 | attempts in all, the first included
call.backoff | time | 25ms | "25ms" | the wait before the first retry
call.multiplier | number | 2 | 2 | what each further wait is multiplied by
call.max-backoff | time | 250ms | "250ms" | the longest wait
call.jitter | "none", "full" or "equal" | full | "full" | how a wait is spread
call.budget | "none" or budget | none | { kind = "deposit-per-request" } | what limits retries beyond the attempts; one for each client
call.clients | count | 1 | 10 | how many clients in each region make the calls; which one makes a call is drawn
call.cancel | "on" or "off" | off | "on" | on: a caller that gives up takes its work back; off: it goes on for nobody
call.deadline | "on" or "off" | off | "on" | on: the deadline travels along, and what gets its turn after it is dropped
call.bulkhead | count or "none" | none | 64 | attempts that each client has under way at one time; more are refused at once
call.breaker | "none" or breaker | none | { window = 20, open = "10s" } | each client's circuit breaker, which every attempt has to pass
call.fallback | "none" or fallback | none | { failing = "1%" } | what answers when a call has failed for good
call.hedge | "none" or hedge | none | { after = "50ms" } | a second attempt beside one that is not answered soon
hedge.after | time | required | "50ms" | how long the first is waited for
hedge.percentile | share or "none" | none | "95%" | wait as long as this share of calls took in the last ten seconds instead, once there are a hundred of them
hedge.budget | "none" or budget | none | { kind = "deposit-per-request", ratio = "5%" } | what limits hedges: any kind that refuses retries alone; one for each client
pool.slots | count | required | 24 | slots of each pod; those of all pools are its `slots`
pool.queue | count or "unbounded" | `fabric.manifest.queue` | 100 | fetches of this kind that may wait in a region
pool.wait | time or "unbounded" | `fabric.manifest.max-wait` | "200ms" | the longest wait; who has waited so long is rejected
breaker.window | count | 100 | 20 | the calls that it looks at: the last so many
breaker.window-time | time | none | "10s" | instead: the calls of so many last whole seconds, 1 s to 1 h
breaker.minimum | count | 100 | 20 | fewer calls in the window say nothing; at most the window's
breaker.failures | share | 50% | "50%" | it opens when so many of them have failed
breaker.slow | time | 60s | "2s" | a call that takes longer is slow
breaker.slow-share | share | 100% | "80%" | it opens when so many of them are slow
breaker.open | time | 60s | "10s" | how long it stays open
breaker.trials | count | 10 | 5 | calls that pass when it is half open; what they say closes or opens it
fallback.failing | share | 0% | "1%" | the share of fallbacks that fail, too
pace.window | time | 0s up, 5m down | "5m" | the most cautious recommendation of so long counts
pace.pods | count | 4 up, 0 down | 4 | pods that may come or go in a period
pace.percent | count | 100 | 50 | or so many per cent of those that were there, if that is more
pace.period | time | 15s | "1m" | the period, 1 s to 30 min
budget.kind | "limit", "deposit-per-request", "deposit-per-success", "small-bucket", "concurrent-share", "standard", "adaptive-throttle", "decorator" or "decorator-repaired" | required | "deposit-per-request" | which rule; tokens that a retry took stay taken when a breaker or a bulkhead refuses it
budget[limit].retries | count | 3 | 3 | retries at one time, their backoff included
budget[deposit-per-request].ttl | time | 10s | "10s" | how long a deposit counts, 1 s to 60 s
budget[deposit-per-request].min-per-second | count | 10 | 10 | retries a second that are always allowed, to each network or client: with 200 networks 10 are 2,000
budget[deposit-per-request].ratio | share | 20% | "20%" | retries allowed for each request
budget[deposit-per-success].max-tokens | count | 10 | 10 | tokens of a full bucket, 1 to 1000; retries go while more than half are left
budget[deposit-per-success].token-ratio | number | 0.1 | 0.1 | what a success adds, in whole thousandths; a failed attempt takes 1
budget[small-bucket].tokens | count | 5 | 5 | tokens of a full bucket; a retry takes 1
budget[small-bucket].deposit | number | 0.1 | 0.1 | what a success adds, in whole thousandths
budget[concurrent-share].share | share | 20% | "20%" | retries at one time, of the attempts under way
budget[concurrent-share].at-least | count | 3 | 3 | retries at one time that are always allowed
budget[standard].tokens | count | 500 | 500 | tokens of a full bucket
budget[standard].retry-cost | count | 5 | 5 | what a retry takes and its answer gives back, 1 to 255
budget[standard].timeout-cost | count | 10 | 10 | the same for a retry after a time-out
budget[adaptive-throttle].k | number | 2 | 2 | requests for each accepted one below which nothing is refused, at least 1
budget[adaptive-throttle].window | time | 2m | "2m" | over how long both are counted, 1 s to 1 h
"#;

/// The key of this name in a section of this path.
pub(super) fn find(schema: &str, name: &str) -> Option<&'static Key> {
    all().find(|key| split_last(&key.path) == (schema, name))
}

/// Names of the keys that stand directly in a section; none when the file chooses them.
pub(super) fn under(schema: &str) -> Vec<&'static str> {
    let name = |key: &'static Key| {
        let (section, name) = split_last(&key.path);
        (section == schema && name != "*").then_some(name)
    };
    all().filter_map(name).collect()
}

/// Keys of scenarios and of studies.
fn all() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(STUDY_KEYS.iter())
}

/// Paths without a name that the file chooses.
pub(super) fn plain_paths() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.path.as_str()).filter(|path| !path.contains(['*', '[']))
}

/// Whether a file may have something at a path.
pub(super) fn is_known(segments: &[String]) -> bool {
    let mut wanted: Vec<&str> = segments.iter().map(String::as_str).collect();
    if matches!(wanted.first(), Some(&("inject" | "change"))) && wanted.len() > 1 {
        wanted.remove(1);
    }
    is_path(&wanted)
}

/// Tables that may stand in several places, by the last word of such a place's kind.
const SHARED: [&str; 8] = ["pace", "law", "call", "budget", "breaker", "fallback", "hedge", "pool"];

/// Whether a path leads to a key, be it through a table that is described by itself.
fn is_path(wanted: &[&str]) -> bool {
    let ends_in = |key: &Key, rest: &[&str]| {
        let shared =
            SHARED.into_iter().find(|shared| key.kind.split(' ').next_back() == Some(shared));
        shared.is_some_and(|shared| is_path(&[&[shared], rest].concat()))
    };
    KEYS.iter().any(|key| matches(&key.path, wanted))
        || (1..wanted.len()).any(|at| {
            let (before, rest) = wanted.split_at(at);
            KEYS.iter().any(|key| matches(&key.path, before) && ends_in(key, rest))
        })
}

fn matches(path: &str, wanted: &[&str]) -> bool {
    let mut parts = path.split('.');
    let fits = |wanted: &&str| {
        parts.next().is_some_and(|part| part == "*" || part.split('[').next() == Some(wanted))
    };
    wanted.iter().all(fits) && parts.next().is_none()
}

fn split_last(path: &'static str) -> (&'static str, &'static str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole_and_stands_once() {
        let mut paths: Vec<_> = KEYS.iter().map(|key| &key.path).collect();
        assert!(TABLE.lines().skip(1).all(|line| line.split(" | ").count() == 5));
        for key in KEYS.iter() {
            assert!(!key.text.is_empty() && !key.default.is_empty(), "{key:?}");
            assert!(toml::de::DeValue::parse(&key.example).is_ok(), "{key:?}");
        }
        paths.sort_unstable();
        let all = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), all);
    }

    #[test]
    fn paths_are_known_with_labels_names_and_laws() {
        let known = |path: &str| is_known(&path.split('.').map(str::to_owned).collect::<Vec<_>>());
        assert!(known("fabric.routing.networks"));
        assert!(known("inject.outage.fault.routes"));
        assert!(known("inject.outage"));
        assert!(known("load.manifests-per-second.sa-east-1"));
        assert!(known("fabric.manifest.service.mean"));
        assert!(known("fabric.viewers.budget.kind"));
        assert!(known("fabric.database.call.budget.min-per-second"));
        assert!(known("fabric.database.call.breaker.window"));
        assert!(!known("fabric.database.call.buget"));
        assert!(!known("fabric.database.call.budget.attempts"));
        assert!(!known("fabric.manifest.servce"));
        assert!(!known("fabric.manifest.pods.mean"));
    }
}
