//! A sample of requests, each with everything that was done for it.
//!
//! A site writes down facts; what belongs together is put together at the end of the run. Nothing here
//! changes what happens: no stream is drawn from, and no event is scheduled.

use crate::model::Plan;
use crate::sim::run::event::ViewerRequest;
use crate::sim::run::slab::Key;
use crate::units::{Instant, count_to_f64};
use std::collections::BTreeMap;

/// Which requests are traced.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sampling {
    /// Which share of them, 0 to 1, by a hash of each: the same ones whatever else is done, and in
    /// every variant in which they are made.
    pub share: f64,
    /// The most of them that begin in a region: those after them are left out.
    pub most: u32,
}

impl Sampling {
    /// The same with a smaller share where more than nine tenths of `most` would come in all regions by
    /// the plan's rates, so that the whole run is sampled and not its beginning.
    #[must_use]
    pub fn fitted(self, plan: &Plan) -> Self {
        let expected = plan.load.rate() * plan.length.as_secs_f64();
        let share = self.share.min(0.9 * f64::from(self.most) / expected.max(1.0));
        Self { share, ..self }
    }
}

/// A part of the life of a request, as the one sees it who waits for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    /// From the first attempt's start until the viewer has an answer, or gives up.
    Request,
    /// An attempt of the viewer.
    Attempt,
    /// A wait for a fetch that another request began.
    Lock,
    /// A fetch by the edge.
    Fetch,
    /// A call of the fetch at the manifest service.
    Call,
    /// A read of the call.
    Read,
    /// A fetch of a segment by the edge.
    Fill,
    /// A request of the edge for it at the origin.
    Ask,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A part begins. `key` and `parent` are the part's number and that of the part which waits for it,
    /// each among those of its kind at its site: the region in which the viewer sits for a request, the
    /// number of the attempt for an attempt.
    Begin {
        /// Which.
        part: Part,
        /// Its number.
        key: u64,
        /// Its parent's number.
        parent: u64,
    },
    /// Who waits for a part waits no longer, for this reason.
    End {
        /// Which.
        part: Part,
        /// Its number.
        key: u64,
        /// What became of it.
        outcome: &'static str,
    },
    /// The work on a part is over, whether or not anybody waits for it.
    Over {
        /// Which.
        part: Part,
        /// Its number.
        key: u64,
    },
    /// Something to be known of what is under way.
    Mark(&'static str),
}

/// A fact of a traced request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fact {
    /// When the site knew.
    pub at: Instant,
    /// When it was for the viewer or the site that it concerns: an answer is heard later than it leaves.
    pub when: Instant,
    /// The request: a hash of its network, title, last mile and first arrival.
    pub request: u64,
    /// What.
    pub what: What,
}

/// A traced request: its facts with the sites that told them, in the order in which they became known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traced {
    /// The hash that names it.
    pub id: u64,
    /// What it asked for: a title, or a segment by its number.
    pub title: u32,
    /// Whether it asked for a segment.
    pub segment: bool,
    /// The network of its viewer.
    pub network: u32,
    /// Its facts, the first of which is its beginning.
    pub facts: Vec<(usize, Fact)>,
}

/// All traced requests, in the order in which they came.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Traces {
    /// The requests.
    pub requests: Vec<Traced>,
    /// How many of the sample were left out because there were too many.
    pub left_out: u64,
}

/// What a request asked for, and from which network.
#[derive(Clone, Copy, Debug)]
struct Asked {
    title: u32,
    network: u32,
    segment: bool,
}

/// What a site writes down.
#[derive(Debug)]
pub struct Tracer {
    /// Hashes up to this one are in the sample.
    threshold: u64,
    /// How many more requests may begin here.
    left: u32,
    left_out: u64,
    facts: Vec<Fact>,
    /// What the requests asked for, and their networks.
    asked: Vec<(u64, Asked)>,
    /// The requests for which fetches, calls and reads were begun.
    whose: BTreeMap<(Part, Key), u64>,
}

/// The name of a request: a hash that is the same at every site (the finaliser of splitmix64; Steele,
/// Lea and Flood, OOPSLA 2014).
#[must_use]
pub fn id_of(request: &ViewerRequest) -> u64 {
    let place = u64::from(request.network) << 32 | u64::from(request.title);
    let class = u64::from(request.segment) << 63;
    let word = mixed(place ^ class ^ u64::from(request.last_mile).rotate_left(17));
    mixed(word ^ request.born.as_nanos())
}

const fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

impl Tracer {
    /// A tracer that has seen nothing yet.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // reason: a share of 2^64, and the conversion saturates
    pub fn new(sampling: Sampling) -> Self {
        Self {
            threshold: (sampling.share * count_to_f64(u64::MAX)) as u64,
            left: sampling.most,
            left_out: 0,
            facts: Vec::new(),
            asked: Vec::new(),
            whose: BTreeMap::new(),
        }
    }

    /// Whether a request that begins now is traced.
    pub fn samples(&mut self, request: &ViewerRequest) -> bool {
        let id = id_of(request);
        if id > self.threshold {
            return false;
        }
        let Some(left) = self.left.checked_sub(1) else {
            self.left_out += 1;
            return false;
        };
        self.left = left;
        let asked =
            Asked { title: request.title, network: request.network, segment: request.segment };
        self.asked.push((id, asked));
        true
    }

    /// A fact of a request.
    pub fn of_request(&mut self, at: Instant, when: Instant, request: &ViewerRequest, what: What) {
        self.facts.push(Fact { at, when, request: id_of(request), what });
    }

    /// A fetch of a request, or a call of a fetch, or a read of a call begins.
    pub fn begin(&mut self, now: Instant, whose: u64, part: Part, key: Key, parent: u64) {
        self.whose.insert((part, key), whose);
        let what = What::Begin { part, key: key.word(), parent };
        self.facts.push(Fact { at: now, when: now, request: whose, what });
    }

    /// The request for which a fetch, call or read was begun, if it is traced.
    #[must_use]
    pub fn whose(&self, part: Part, key: Key) -> Option<u64> {
        self.whose.get(&(part, key)).copied()
    }

    /// A fact of a fetch, call or read.
    pub fn of_part(&mut self, now: Instant, part: Part, key: Key, what: What) {
        if let Some(request) = self.whose(part, key) {
            self.facts.push(Fact { at: now, when: now, request, what });
        }
    }
}

/// Puts together what the sites have written down, given in their order.
#[must_use]
pub fn gather(tracers: Vec<Tracer>) -> Traces {
    let mut traces = Traces::default();
    let (mut asked, mut facts) = (BTreeMap::new(), Vec::new());
    for (site, tracer) in tracers.into_iter().enumerate() {
        traces.left_out += tracer.left_out;
        asked.extend(tracer.asked);
        facts.extend(tracer.facts.into_iter().map(|fact| (site, fact)));
    }
    // Nothing of a request is known at two sites at one instant: the way between them takes time. So
    // facts of one request are in the order in which they became known at their site.
    facts.sort_by_key(|(_, fact)| (fact.request, fact.at));
    for facts in facts.chunk_by(|(_, a), (_, b)| a.request == b.request) {
        let id = facts[0].1.request;
        if let Some(&Asked { title, network, segment }) = asked.get(&id) {
            traces.requests.push(Traced { id, title, segment, network, facts: facts.to_vec() });
        }
    }
    traces.requests.sort_by_key(|request| (request.facts[0].1.at, request.id));
    traces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::hop::budgets::RetryToken;
    use crate::sim::run::simulation::tests::five;

    /// Whatever tells requests from each other is in their names, and nothing that changes on the way.
    #[test]
    fn requests_have_names_of_their_own() {
        let request = ViewerRequest {
            network: 5,
            title: 3,
            last_mile: 9_000,
            attempt: 1,
            rejected: false,
            traced: false,
            segment: false,
            token: RetryToken::NEW,
            lead: 0,
            born: Instant::from_nanos(7_000),
        };
        let others = [
            ViewerRequest { network: 6, ..request },
            ViewerRequest { title: 4, ..request },
            ViewerRequest { last_mile: 9_001, ..request },
            ViewerRequest { segment: true, ..request },
            ViewerRequest { born: Instant::from_nanos(7_001), ..request },
        ];
        let mut names: Vec<u64> = others.iter().chain([&request]).map(id_of).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 6);
        assert_eq!(
            id_of(&ViewerRequest { attempt: 2, rejected: true, lead: 8, ..request }),
            id_of(&request)
        );
    }

    #[test]
    fn a_sample_that_would_be_too_large_is_of_the_whole_run() {
        // Twenty requests a second, and five for segments, are a thousand in 40 s.
        let mut plan = five(40, [6.0, 5.0, 4.0, 3.0, 2.0]);
        plan.load.segments = vec![1.0; 5];
        let fitted = |most| Sampling { share: 0.5, most }.fitted(&plan).share;
        assert!((fitted(50) - 0.045).abs() < 1e-12, "{}", fitted(50));
        assert!((fitted(5_000) - 0.5).abs() < 1e-12, "{}", fitted(5_000));
    }
}
