use super::super::{Seed, Stream};
use super::*;

/// Processes that pass tokens around a ring, with local events between: every draw depends on the
/// order in which things happened, so any difference between thread counts shows in the digest.
struct Node {
    me: usize,
    ring: usize,
    stream: Stream,
    seen: Vec<(Instant, u64)>,
    next_flow: Instant,
    flowed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Ping {
    Token(u64),
    Local(u64),
}

impl Event for Ping {
    fn rank(self) -> u8 {
        match self {
            Self::Token(_) => 0,
            Self::Local(_) => 1,
        }
    }
    fn fingerprint(self) -> u64 {
        match self {
            Self::Token(value) => value << 1,
            Self::Local(value) => value << 1 | 1,
        }
    }
}

const LOOKAHEAD: Span = Span::from_millis(5);

impl Process for Node {
    type Event = Ping;

    fn flow(&mut self, ctx: &mut Context<'_, Ping>) -> Instant {
        while self.next_flow < ctx.quiet_until() {
            ctx.advance(self.next_flow);
            self.flowed += 1;
            if self.flowed.is_multiple_of(10) {
                ctx.schedule(ctx.now(), Ping::Local(self.flowed));
            }
            self.next_flow = self.next_flow + Span::from_nanos(1 + self.stream.below(900_000));
        }
        self.next_flow
    }

    fn handle(&mut self, event: Ping, ctx: &mut Context<'_, Ping>) {
        let draw = self.stream.below(1_000_000);
        self.seen.push((ctx.now(), draw));
        match event {
            Ping::Token(value) => {
                ctx.schedule(ctx.now() + Span::from_nanos(draw), Ping::Local(value));
                let to = (self.me + 1 + (draw % 3) as usize) % self.ring;
                ctx.send(
                    to,
                    ctx.now() + LOOKAHEAD + Span::from_nanos(draw),
                    Ping::Token(value + 1),
                );
            }
            Ping::Local(_) => {}
        }
    }
}

fn ring(nodes: usize) -> Engine<Node> {
    let processes = (0..nodes)
        .map(|me| Node {
            me,
            ring: nodes,
            stream: Seed(11).stream(&format!("node {me}")),
            seen: Vec::new(),
            next_flow: Instant::ZERO,
            flowed: 0,
        })
        .collect();
    let mut engine = Engine::new(processes, LOOKAHEAD);
    for me in 0..nodes {
        engine.schedule(me, Instant::from_nanos(me as u64), Ping::Token(0));
    }
    engine
}

fn outcome(threads: usize, slices: u64) -> (Digest, u64, Vec<u64>) {
    let mut engine = ring(7);
    let threads = NonZeroUsize::new(threads).unwrap();
    for slice in 1..=slices {
        engine.run(Instant::from_nanos(slice * 2_000_000_000 / slices), threads);
    }
    let flowed = engine.processes().map(|node| node.flowed).collect();
    (engine.digest(), engine.handled(), flowed)
}

#[test]
fn processes_are_read_out_in_their_order() {
    let mut engine = ring(3);
    assert_eq!(engine.processes().map(|node| node.me).collect::<Vec<_>>(), [0, 1, 2]);
    engine.processes_mut().for_each(|node| node.flowed = 10 + node.me as u64);
    assert_eq!(engine.processes().map(|node| node.flowed).collect::<Vec<_>>(), [10, 11, 12]);
}

#[test]
fn any_number_of_threads_gives_the_same_digest() {
    let alone = outcome(1, 1);
    assert!(alone.1 > 2_000, "the ring is busy: {}", alone.1);
    for threads in [2, 3, 5, 64] {
        assert_eq!(outcome(threads, 1), alone, "{threads} threads");
    }
}

#[test]
fn a_run_in_slices_is_the_same_run() {
    let alone = outcome(1, 1);
    assert_eq!(outcome(1, 40), alone);
    assert_eq!(outcome(2, 13), alone);
}

#[test]
fn flow_comes_after_the_events_of_its_instant_and_before_later_ones() {
    struct Watch(Vec<&'static str>);
    #[derive(Clone, Copy, Debug)]
    struct Tick;
    impl Event for Tick {
        fn rank(self) -> u8 {
            0
        }
        fn fingerprint(self) -> u64 {
            0
        }
    }
    impl Process for Watch {
        type Event = Tick;
        fn flow(&mut self, ctx: &mut Context<'_, Tick>) -> Instant {
            let due = Instant::from_nanos(10);
            if self.0.contains(&"flow") {
                return Instant::NEVER;
            }
            if due < ctx.quiet_until() {
                self.0.push("flow");
                return Instant::NEVER;
            }
            due
        }
        fn handle(&mut self, _: Tick, _: &mut Context<'_, Tick>) {
            self.0.push("event");
        }
    }
    let mut engine = Engine::new(vec![Watch(Vec::new())], Span::from_nanos(3));
    engine.schedule(0, Instant::from_nanos(10), Tick);
    engine.schedule(0, Instant::from_nanos(11), Tick);
    engine.run(Instant::from_nanos(100), NonZeroUsize::MIN);
    assert_eq!(engine.processes().next().unwrap().0, ["event", "flow", "event"]);
}

#[test]
fn a_panic_in_one_worker_ends_the_run() {
    struct Bad(bool);
    #[derive(Clone, Copy, Debug)]
    struct Tick;
    impl Event for Tick {
        fn rank(self) -> u8 {
            0
        }
        fn fingerprint(self) -> u64 {
            0
        }
    }
    impl Process for Bad {
        type Event = Tick;
        fn flow(&mut self, ctx: &mut Context<'_, Tick>) -> Instant {
            ctx.quiet_until()
        }
        fn handle(&mut self, _: Tick, _: &mut Context<'_, Tick>) {
            assert!(!self.0, "planted");
        }
    }
    let mut engine = Engine::new(vec![Bad(false), Bad(true), Bad(false)], Span::from_nanos(1));
    engine.schedule(1, Instant::from_nanos(50), Tick);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        engine.run(Instant::from_nanos(1_000), NonZeroUsize::new(3).unwrap())
    }));
    assert!(result.is_err());
}

#[test]
#[should_panic(expected = "sooner than")]
fn a_message_faster_than_the_lookahead_is_a_bug() {
    let mut queue = EventQueue::<Ping>::default();
    let mut outbox = Vec::new();
    let mut ctx = Context {
        now: Instant::ZERO,
        window_end: Instant::from_nanos(10),
        lookahead: LOOKAHEAD,
        queue: &mut queue,
        outbox: &mut outbox,
        steps: 0,
    };
    ctx.send(0, Instant::from_nanos(9), Ping::Token(0));
}
