//! A site as it is before anything has happened.

use super::client::ClientTier;
use super::database::DatabaseTier;
use super::edge::EdgeTier;
use super::failover::RouteTable;
use super::protect::PolicyNeeds;
use super::scaling::Scaling;
use super::server::Server;
use super::service::ManifestTier;
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
        let (fabric, name) = (&plan.fabric, &plan.fabric.regions[me]);
        let (manifest_client, database_client) = clients_of(plan, name);
        Self {
            me,
            plan: Arc::clone(plan),
            steps: Arc::new([]),
            next_change: Instant::ZERO,
            all_events: false,
            active_faults: ActiveFaults::default(),
            streams: Streams::new(Seed(plan.seed), name),
            recorder,
            tracer: None,
            client: viewers_of(me, plan, network_set),
            edge: EdgeTier {
                metadata: cache_of(plan),
                hit_takes: fabric.metadata.as_ref().map_or(Span::ZERO, |metadata| metadata.hit),
                fills: Slab::default(),
                manifest_client,
                keeps_ages: false,
                content: None,
            },
            manifest: manifest_of(plan, name, database_client),
            database: database_of(me, plan),
            origin: None,
            routes: RouteTable::new(me, plan),
        }
    }
}

fn viewers_of(me: usize, plan: &Plan, networks: NetworkSet) -> ClientTier {
    let fabric = &plan.fabric;
    ClientTier {
        networks,
        segments: None,
        trace_arrivals: None,
        homes: Arc::new([]),
        trips: fabric.round_trip.iter().map(|row| row[me]).collect(),
        requests: Slab::default(),
        under_way: vec![0; fabric.regions.len()],
        parked: 0,
        patience: VecDeque::new(),
        policy: PolicyNeeds::new(&fabric.viewers),
        hits_are_events: false,
        next_queued: Instant::NEVER,
    }
}

fn manifest_of(plan: &Plan, region: &str, database_client: HopClient) -> ManifestTier {
    let config = &plan.fabric.manifest;
    let (pods, cpus, memory) = machines_of(plan, region);
    ManifestTier {
        calls: Slab::default(),
        starting: VecDeque::new(),
        slots: SlotPools::new(config),
        pods,
        cpus,
        memory,
        sharing: sharing_of(config),
        scaling: config.autoscale.map(|rules| Scaling::new(rules, config)),
        database_client,
    }
}

fn database_of(me: usize, plan: &Plan) -> DatabaseTier {
    let (fabric, config) = (&plan.fabric, plan.fabric.database.as_ref());
    let trip = fabric.round_trip[me][fabric.primary];
    DatabaseTier {
        server: Server::new(config.map(connections_of)),
        sharing: config.and_then(|config| slowdown::sharing(&config.slowdown)),
        blocked: Vec::new(),
        read_rate: RateMeter::default(),
        replication_lag: ReplicationLag::new(&fabric.replication, trip),
    }
}

/// What calls the manifest service, and what its database.
fn clients_of(plan: &Plan, region: &str) -> (HopClient, HopClient) {
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

/// The connections of a region's database. Without a pooler no read waits for one.
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
