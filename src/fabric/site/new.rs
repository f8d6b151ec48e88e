//! A site as it is before anything has happened.

use super::connections::Distress;
use super::{Key, Site, Streams};
use crate::engine::Seed;
use crate::fabric::caller::Caller;
use crate::fabric::config::{Call, Database, Discipline, Manifest, Plan, Pooling};
use crate::fabric::cpu::Cpus;
use crate::fabric::memory::Memory;
use crate::fabric::metadata::MetadataCache;
use crate::fabric::pods::{self, Pods};
use crate::fabric::pool::Pool;
use crate::fabric::replication::Excess;
use crate::fabric::sharing::Sharing;
use crate::fabric::slab::Slab;
use crate::fabric::slowdown::RateMeter;
use crate::fabric::viewers::Crowd;
use crate::fabric::weather::Weather;
use crate::observe::Recorder;
use crate::units::{Instant, Span};
use std::collections::VecDeque;
use std::sync::Arc;

impl Site {
    /// The site of a region at instant zero. What all sites share is empty yet.
    pub fn new(me: usize, plan: &Arc<Plan>, crowd: Crowd, recorder: Recorder) -> Self {
        let fabric = &plan.fabric;
        let (database, off) = (fabric.database.as_ref(), Call::plain());
        let regions = fabric.regions.len();
        let networks = regions * fabric.routing.networks as usize;
        let all_share = fabric.manifest.discipline == Discipline::ProcessorSharing;
        let (with_pods, count) = (pods::are_needed(plan), fabric.manifest.pods);
        let rules = &fabric.manifest.pod;
        let name = &fabric.regions[me];
        let caller =
            |call: &Call, what| Caller::new(call, Seed(plan.seed), &format!("{name}/{what}"));
        Self {
            me,
            plan: Arc::clone(plan),
            steps: Arc::new([]),
            rankings: Arc::new([]),
            homes: Arc::new([]),
            trips: fabric.round_trip.iter().map(|row| row[me]).collect(),
            hit_takes: fabric.metadata.as_ref().map_or(Span::ZERO, |metadata| metadata.hit),
            shelf: Arc::new(Vec::new()),
            crowd,
            feed: None,
            forward: vec![me; networks],
            leaving: vec![Instant::ZERO; networks],
            recorder,
            requests: Slab::default(),
            fetches: Slab::default(),
            calls: Slab::default(),
            reads: Slab::default(),
            starting: VecDeque::new(),
            cache: fabric
                .metadata
                .as_ref()
                .map(|config| MetadataCache::new(config, plan.load.titles)),
            manifest_caller: caller(&fabric.manifest.call, "manifest"),
            database_caller: caller(database.map_or(&off, |database| &database.call), "database"),
            manifest: slots_of(&fabric.manifest),
            pods: with_pods.then(|| pods_of(plan, name)),
            cpus: rules.cpu.filter(|_| with_pods).map(|rules| Cpus::new(&rules, count)),
            memory: rules.memory.filter(|_| with_pods).map(|rules| Memory::new(rules, count)),
            sharing: all_share.then(|| Sharing::new(fabric.manifest.all_slots())),
            database: database.map(connections_of),
            reading: database.and_then(|config| config.slowdown.sharing()),
            distress: Distress::default(),
            read_rate: RateMeter::default(),
            excess: Excess::new(&fabric.replication, fabric.round_trip[me][fabric.primary]),
            weather: Weather::default(),
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
            books_attempts: fabric.viewers.retry.budget.books_attempts(),
            hits_are_events: false,
            next_queued: Instant::NEVER,
            patience: VecDeque::new(),
            parked: 0,
        }
    }
}

/// The connections of a region's database. Without a pooler nobody waits for one.
fn connections_of(config: &Database) -> Pool<Key> {
    let queue = if let Pooling::None { .. } = config.pooling { Some(0) } else { config.queue };
    Pool::new(config.connections, queue, Discipline::Fifo)
}

/// The pods of a region's manifest service.
fn pods_of(plan: &Plan, region: &str) -> Pods<Key> {
    let config = &plan.fabric.manifest;
    let stream = Seed(plan.seed).stream(&format!("{region}/pods"));
    Pods::new(config.pods, config.slots, &config.pod, stream)
}

/// The slots of a region's manifest service.
fn slots_of(config: &Manifest) -> Pool<Key> {
    let pool = Pool::new(config.all_slots(), config.queue, config.discipline);
    pool.standing_after(config.standing)
}
