use squall::engine::Profile;
use squall::fabric::*;
use squall::observe::*;
use squall::units::*;
fn main() {
    let secs: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let threads: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let titles: u32 = std::env::args().nth(3).unwrap().parse().unwrap();
    let plan = Plan {
        seed: 7,
        length: Span::from_secs(secs),
        warmup: Span::ZERO,
        cuts: vec![],
        fabric: preset::five_regions(),
        load: Load { titles, zipf: 0.9, rates: vec![60e3, 50e3, 40e3, 30e3, 20e3], profiles: vec![Profile::flat(); 5], interarrival: None, trace: None },
        injections: vec![],
        changes: vec![],
    };
    let stop = std::sync::atomic::AtomicBool::new(false);
    let o = Options { threads: threads.try_into().unwrap(), all_events: false, staleness: false, stop: &stop };
    let out = simulate(&plan, Layout::new([]), &o, &mut |_| {}).unwrap();
    println!("{} requests {} events {}", out.totals.count(Counter::Requests, Scope::default()), out.events, out.digest);
}
