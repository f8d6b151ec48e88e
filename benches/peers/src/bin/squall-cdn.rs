//! The CDN in Squall: a process a region and one for the origin, joined by messages. Hits are
//! finished in the flow.

use peers::Run;
use peers::cdn::{self, GAP, OBJECTS, REGIONS, SERVERS, SERVICE, SLOTS, TRIP};
use peers::edge::{Answer, Edge};
use squall::engine::{self, Context, Engine, Process, Seed, Stream, Zipf};
use squall::units::{Instant, Span};
use std::collections::VecDeque;
use std::error::Error;
use std::num::NonZeroUsize;

#[derive(Clone, Copy, Debug)]
enum Happening {
    /// At the origin: a server is free again.
    Served(Fetch),
    /// At a region: a fetch has come back.
    Fill(u32),
    /// At the origin: a region wants an object.
    Asked(Fetch),
}

#[derive(Clone, Copy, Debug)]
struct Fetch {
    region: u32,
    ticket: u32,
}

impl engine::Event for Happening {
    fn rank(self) -> u8 {
        match self {
            Self::Served(_) => 0,
            Self::Fill(_) => 1,
            Self::Asked(_) => 2,
        }
    }
    fn fingerprint(self) -> u64 {
        match self {
            Self::Served(fetch) | Self::Asked(fetch) => {
                u64::from(fetch.region) << 32 | u64::from(fetch.ticket)
            }
            Self::Fill(ticket) => u64::from(ticket),
        }
    }
}

fn trip() -> Span {
    Span::from_secs_f64(TRIP)
}

/// A request moves on by one step while so many others come.
const STEP: usize = 16;

/// The objects of the requests to come. What a request reads is known: the cell of Zipf's table, then the
/// object's state. Each of them is fetched from memory [`STEP`] requests before it is read.
struct Objects {
    stream: Stream,
    zipf: Zipf,
    /// Of the requests whose object is not known yet.
    bits: [u64; STEP],
    /// Of the requests before them.
    drawn: [u32; STEP],
    /// How many requests have come.
    came: usize,
}

impl Objects {
    fn new(mut stream: Stream, zipf: Zipf) -> Self {
        let drawn = std::array::from_fn(|_| zipf.draw(&mut stream));
        let bits = std::array::from_fn(|_| stream.bits());
        Self { stream, zipf, bits, drawn, came: 0 }
    }

    #[inline]
    fn next(&mut self, edge: &Edge) -> u32 {
        let at = self.came % STEP;
        self.came += 1;
        let (bits, drawn) = (&mut self.bits[at], &mut self.drawn[at]);
        let (last, now) = (self.zipf.draw_from(*bits), *drawn);
        edge.expect(last);
        *drawn = last;
        *bits = self.stream.bits();
        self.zipf.expect(*bits);
        now
    }
}

struct Region {
    number: u32,
    edge: Edge,
    objects: Objects,
    gaps: Stream,
    next: Instant,
}

impl Region {
    fn new(seed: Seed, zipf: &Zipf, number: u32) -> Self {
        let mut gaps = seed.stream(&format!("region {number}/gaps"));
        let next = Instant::ZERO + Span::from_secs_f64(GAP * gaps.exponential());
        Self {
            number,
            edge: Edge::new(OBJECTS, SLOTS),
            objects: Objects::new(seed.stream(&format!("region {number}/objects")), zipf.clone()),
            gaps,
            next,
        }
    }

    fn flow(&mut self, ctx: &mut Context<'_, Happening>) -> Instant {
        // Requests send messages, and these change nothing here: the instant stays what it is.
        let quiet = ctx.quiet_until();
        while self.next < quiet {
            let now = self.next;
            let object = self.objects.next(&self.edge);
            if let Answer::Fetch(ticket) = self.edge.request(now.as_nanos(), object) {
                ctx.advance(now);
                let fetch = Fetch { region: self.number, ticket };
                ctx.send(REGIONS, now + trip(), Happening::Asked(fetch));
            }
            self.next = now + Span::from_secs_f64(GAP * self.gaps.exponential());
        }
        self.next
    }
}

struct Origin {
    idle: u32,
    queue: VecDeque<Fetch>,
    services: Stream,
}

impl Origin {
    fn serve(&mut self, fetch: Fetch, ctx: &mut Context<'_, Happening>) {
        let service = Span::from_secs_f64(SERVICE * self.services.exponential());
        ctx.schedule(ctx.now() + service, Happening::Served(fetch));
    }

    fn asked(&mut self, fetch: Fetch, ctx: &mut Context<'_, Happening>) {
        if self.idle == 0 {
            self.queue.push_back(fetch);
        } else {
            self.idle -= 1;
            self.serve(fetch, ctx);
        }
    }

    fn served(&mut self, fetch: Fetch, ctx: &mut Context<'_, Happening>) {
        ctx.send(fetch.region as usize, ctx.now() + trip(), Happening::Fill(fetch.ticket));
        match self.queue.pop_front() {
            Some(next) => self.serve(next, ctx),
            None => self.idle += 1,
        }
    }
}

enum Site {
    Region(Box<Region>),
    Origin(Box<Origin>),
}

impl Process for Site {
    type Event = Happening;

    fn flow(&mut self, ctx: &mut Context<'_, Happening>) -> Instant {
        match self {
            Self::Region(region) => region.flow(ctx),
            Self::Origin(_) => Instant::NEVER,
        }
    }

    fn handle(&mut self, event: Happening, ctx: &mut Context<'_, Happening>) {
        match (self, event) {
            (Self::Region(region), Happening::Fill(ticket)) => {
                region.edge.fill(ctx.now().as_nanos(), ticket);
            }
            (Self::Origin(origin), Happening::Asked(fetch)) => origin.asked(fetch, ctx),
            (Self::Origin(origin), Happening::Served(fetch)) => origin.served(fetch, ctx),
            (_, event) => unreachable!("{event:?} at the wrong site"),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let (seed, zipf) = (Seed(run.seed), cdn::zipf()?);
    let mut sites: Vec<Site> = (0..REGIONS as u32)
        .map(|number| Site::Region(Box::new(Region::new(seed, &zipf, number))))
        .collect();
    let services = seed.stream("origin/services");
    let origin = Origin { idle: SERVERS, queue: VecDeque::new(), services };
    sites.push(Site::Origin(Box::new(origin)));
    let mut engine = Engine::new(sites, trip());
    engine.run(Instant::ZERO + Span::from_secs(run.seconds), NonZeroUsize::MIN);
    run.report_cdn(engine.processes().filter_map(|site| match site {
        Site::Region(region) => Some(&region.edge.tally),
        Site::Origin(_) => None,
    }));
    Ok(())
}
