//! A site as it is before anything has happened.

use super::protect::PolicyNeeds;
use super::scaling::Scaling;
use super::server::Server;
use super::{Key, Site, Streams};
use crate::engine::Seed;
use crate::model::{Call, Database, Discipline, Manifest, Plan, Pooling};
use crate::observe::Recorder;
use crate::sim::client::networks::NetworkSet;
use crate::sim::edge::metadata::MetadataCache;
use crate::sim::faults::active_faults::ActiveFaults;
use crate::sim::hop::client::HopClient;
use crate::sim::network::replication::ReplicationLag;
use crate::sim::run::slab::Slab;
use crate::sim::server::cpu::Cpus;
use crate::sim::server::memory::Memory;

use crate::sim::server::pods::{self, Pods};
use crate::sim::server::pool::Pool;
use crate::sim::server::processor_sharing::ProcessorSharing;
use crate::sim::server::slot_classes::SlotPools;
use crate::sim::server::slowdown::{self, RateMeter};
use crate::units::{Instant, Span};
use std::collections::VecDeque;
use std::sync::Arc;

impl Site {
    /// The site of a region at instant zero. What all sites share is empty yet.
    pub fn new(me: usize, plan: &Arc<Plan>, network_set: NetworkSet, recorder: Recorder) -> Self {
        let fabric = &plan.fabric;
        let (database, regions) = (fabric.database.as_ref(), fabric.regions.len());
        let networks = regions * fabric.routing.networks as usize;
        let name = &fabric.regions[me];
        let (pods, cpus, memory) = machines_of(plan, name);
        let (manifest_caller, database_caller) = callers_of(plan, name);
        Self {
            me,
            plan: Arc::clone(plan),
            steps: Arc::new([]),
            rankings: Arc::new([]),
            homes: Arc::new([]),
            trips: fabric.round_trip.iter().map(|row| row[me]).collect(),
            hit_takes: fabric.metadata.as_ref().map_or(Span::ZERO, |metadata| metadata.hit),
            handover: Arc::new(Vec::new()),
            network_set,
            trace_arrivals: None,
            forward: vec![me; networks],
            leaving: vec![Instant::ZERO; networks],
            recorder,
            requests: Slab::default(),
            fetches: Slab::default(),
            calls: Slab::default(),
            starting: VecDeque::new(),
            cache: cache_of(plan),
            manifest_caller,
            database_caller,
            manifest: SlotPools::new(&fabric.manifest),
            pods,
            cpus,
            memory,
            scaling: fabric.manifest.autoscale.map(|rules| Scaling::new(rules, &fabric.manifest)),
            sharing: sharing_of(&fabric.manifest),
            database: Server::new(database.map(connections_of)),
            reading: database.and_then(|config| slowdown::sharing(&config.slowdown)),
            blocked_reads: Vec::new(),
            read_rate: RateMeter::default(),
            replication_lag: ReplicationLag::new(
                &fabric.replication,
                fabric.round_trip[me][fabric.primary],
            ),
            active_faults: ActiveFaults::default(),
            outage: None,
            loss: 0,
            withdrawn: false,
            drains: 0,
            announced: vec![true; regions],
            reachable: true,
            next_change: Instant::ZERO,
            probe_phase: Seed(plan.seed).stream(&format!("{name}/probe")).unit(),
            streams: Streams::new(Seed(plan.seed), name),
            under_way: vec![0; regions],
            staleness: false,
            all_events: false,
            client_policy: PolicyNeeds::new(&fabric.viewers),
            hits_are_events: false,
            next_queued: Instant::NEVER,
            patience: VecDeque::new(),
            content: None,
            tracer: None,
            parked: 0,
        }
    }
}

/// Who calls the manifest service, and who its database.
fn callers_of(plan: &Plan, region: &str) -> (HopClient, HopClient) {
    let caller =
        |call: &Call, what| HopClient::new(call, Seed(plan.seed), &format!("{region}/{what}"));
    let off = Call::plain();
    let reads = plan.fabric.database.as_ref().map_or(&off, |database| &database.call);
    (caller(&plan.fabric.manifest.call, "manifest"), caller(reads, "database"))
}

/// The cache of manifests and rights, where there is one.
fn cache_of(plan: &Plan) -> Option<MetadataCache> {
    let config = plan.fabric.metadata.as_ref()?;
    Some(MetadataCache::new(config, plan.load.titles))
}

/// The connections of a region's database. Without a pooler nobody waits for one.
fn connections_of(config: &Database) -> Pool<Key> {
    let queue = if let Pooling::None { .. } = config.pooling { Some(0) } else { config.queue };
    Pool::new(config.connections, queue, Discipline::Fifo)
}

/// The pods of a region's manifest service, with those that an autoscaler may add, and their
/// processors and memory.
fn machines_of(
    plan: &Plan,
    region: &str,
) -> (Option<Pods<Key>>, Option<Cpus<Key>>, Option<Memory>) {
    let config = &plan.fabric.manifest;
    if !pods::are_needed(plan) {
        return (None, None, None);
    }
    let most = config.autoscale.map_or(config.pods, |rules| rules.max.max(config.pods));
    let stream = Seed(plan.seed).stream(&format!("{region}/pods"));
    let pods = Pods::new(config.pods, most, config.lanes(), &config.pod, stream);
    let cpus = config.pod.cpu.map(|rules| Cpus::new(&rules, most));
    (Some(pods), cpus, config.pod.memory.map(|rules| Memory::new(rules, most)))
}

/// The work of the manifest service, where all share it.
fn sharing_of(config: &Manifest) -> Option<ProcessorSharing<Key>> {
    let all_share = config.discipline == Discipline::ProcessorSharing;
    all_share.then(|| ProcessorSharing::new(config.all_slots()))
}
