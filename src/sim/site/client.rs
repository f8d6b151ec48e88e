//! The viewers that a site serves, and their requests that are under way here.

use super::protect::PolicyNeeds;
use super::{InFlight, Key};
use crate::sim::client::networks::NetworkSet;
use crate::sim::client::trace_arrivals::TraceArrivals;
use crate::sim::run::slab::Slab;
use crate::units::{Instant, Span};
use std::collections::VecDeque;
use std::sync::Arc;

/// The viewers' side of a site.
pub(in crate::sim) struct ClientTier {
    pub(in crate::sim) networks: NetworkSet,
    /// The same networks, as far as they ask for segments; `None` where none does.
    pub(in crate::sim) segments: Option<NetworkSet>,
    pub(in crate::sim) trace_arrivals: Option<TraceArrivals>,
    /// The region in which each network lies.
    pub(in crate::sim) homes: Arc<[u8]>,
    /// The round trip between each region and this site.
    pub(super) trips: Vec<Span>,
    /// Requests under way that needed more than a look into the cache.
    pub(super) requests: Slab<InFlight>,
    /// By the viewer's region: requests kept here and on their way to other sites, less those that came.
    pub(super) under_way: Vec<i64>,
    /// How many requests were ever kept.
    pub(super) parked: u64,
    /// Attempts with their deadlines, in the order in which they are looked at again.
    pub(super) patience: VecDeque<(Instant, Key)>,
    /// What the viewers' budget and their other protections want to hear of.
    pub(in crate::sim) policy: PolicyNeeds,
    /// Whether every hit is an event: with all events, and where something counts answers.
    pub(in crate::sim) hits_are_events: bool,
    /// When the next arrival is put into the queue for; only when every request is an event.
    pub(super) next_queued: Instant,
}
