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
    /// At a region: an object has come.
    Fill(u32),
    /// At the origin: a region wants an object.
    Asked(Fetch),
}

#[derive(Clone, Copy, Debug)]
struct Fetch {
    region: u32,
    object: u32,
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
                u64::from(fetch.region) << 32 | u64::from(fetch.object)
            }
            Self::Fill(object) => u64::from(object),
        }
    }
}

fn trip() -> Span {
    Span::from_secs_f64(TRIP)
}

/// Requests that are drawn at a time, so that the memory that they need comes together.
const AHEAD: usize = 64;

struct Region {
    number: u32,
    edge: Edge,
    zipf: Zipf,
    gaps: Stream,
    objects: Stream,
    drawn: [u32; AHEAD],
    /// How many of them have come.
    taken: usize,
    next: Instant,
}

impl Region {
    fn new(seed: Seed, zipf: &Zipf, number: u32) -> Self {
        let mut gaps = seed.stream(&format!("region {number}/gaps"));
        let next = Instant::ZERO + Span::from_secs_f64(GAP * gaps.exponential());
        Self {
            number,
            edge: Edge::new(OBJECTS, SLOTS),
            zipf: zipf.clone(),
            gaps,
            objects: seed.stream(&format!("region {number}/objects")),
            drawn: [0; AHEAD],
            taken: AHEAD,
            next,
        }
    }

    #[inline]
    fn object(&mut self) -> u32 {
        if self.taken == AHEAD {
            self.draw();
        }
        let object = self.drawn[self.taken];
        self.taken += 1;
        object
    }

    fn draw(&mut self) {
        let bits: [u64; AHEAD] = std::array::from_fn(|_| self.objects.bits());
        bits.iter().for_each(|&bits| self.zipf.expect(bits));
        self.drawn = bits.map(|bits| self.zipf.draw_from(bits));
        self.drawn.iter().for_each(|&object| self.edge.expect(object));
        self.drawn.iter().for_each(|&object| self.edge.expect_slot(object));
        self.drawn.iter().for_each(|&object| self.edge.expect_neighbours(object));
        self.taken = 0;
    }

    fn flow(&mut self, ctx: &mut Context<'_, Happening>) -> Instant {
        // Requests send messages, and these change nothing here: the instant stays what it is.
        let quiet = ctx.quiet_until();
        while self.next < quiet {
            let now = self.next;
            let object = self.object();
            if self.edge.request(now.as_nanos(), object) == Answer::Fetch {
                ctx.advance(now);
                let fetch = Fetch { region: self.number, object };
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
        ctx.send(fetch.region as usize, ctx.now() + trip(), Happening::Fill(fetch.object));
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
            (Self::Region(region), Happening::Fill(object)) => {
                region.edge.fill(ctx.now().as_nanos(), object);
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
