//! How far the parts of a study are that a cluster makes, and how long it may still take: read from their
//! journals, whoever writes them.

use super::super::progress::Bar;
use super::time_left::{UNKNOWN, between, drawn, runs};
use super::{JOURNAL, results};
use crate::rehearse::Trouble;
use crate::study::{self, Header, Job, Planner};
use crate::units::count_to_f64;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Looking takes at most this share of the time: journals may lie on a slow disk.
const BUSY: u32 = 20;
/// With fewer runs than this nothing is said of the time left.
const FEW: u64 = 3;

/// Looks at the journals of all parts from time to time. Shows nothing when standard error is no terminal,
/// and looks at nothing then.
pub(super) struct Watch {
    bar: Bar,
    parts: Vec<Part>,
    began: Instant,
    /// The runs that were there at the first look: what an earlier call has made.
    earlier: Option<u64>,
    next: Instant,
}

/// One part, as far as its journal has been read.
struct Part {
    header: Header,
    journal: PathBuf,
    /// Bytes that were read, and the whole lines in them, of which the first is no run.
    read: u64,
    lines: u64,
    /// Runs at least and at most.
    bounds: (u64, u64),
    /// The journal's length when it was last asked whether it has every run.
    asked: u64,
    done: bool,
    /// When it was first seen to grow, and how many runs it had then.
    first: Option<(Instant, u64)>,
}

/// What is known of the parts that are not done.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Left {
    /// Runs since the first look, and in how many seconds.
    fresh: u64,
    seconds: f64,
    /// Runs that are left, at least and at most.
    runs: (u64, u64),
    /// The seconds that the slowest part needs that goes on as it began, on its shortest and longest course.
    slowest: (f64, f64),
}

impl Watch {
    /// Of a study in so many parts; `folder` says into which folder a part writes, counted from 1.
    pub fn new(header: &Header, parts: u64, folder: impl Fn(u64) -> PathBuf) -> Self {
        Self::with(drawn(Planner::bounds(header).1), header, parts, folder)
    }

    fn with(bar: Bar, header: &Header, parts: u64, folder: impl Fn(u64) -> PathBuf) -> Self {
        let now = Instant::now();
        let part = |number| {
            let header = Header { shard: Some((number, parts)), ..header.clone() };
            Part::new(header, &folder(number))
        };
        let parts = if bar.is_shown() { (1..=parts).map(part).collect() } else { Vec::new() };
        Self { bar, parts, began: now, earlier: None, next: now }
    }

    /// Looks and shows what there is, unless it has done so a moment ago.
    pub fn look(&mut self) {
        let now = Instant::now();
        if now < self.next || !self.bar.is_shown() {
            return;
        }
        let again = self.earlier.is_some();
        for part in self.parts.iter_mut().filter(|part| !part.done) {
            let before = part.runs();
            part.look();
            if again && part.runs() > before {
                part.first.get_or_insert((now, part.runs()));
            }
        }
        self.next = now + now.elapsed() * BUSY;
        let done = self.parts.iter().map(Part::runs).sum();
        self.earlier.get_or_insert(done);
        self.bar.set_length(self.bounds().1);
        self.bar.show(done, self.told(now), runs(self.bounds()));
    }

    /// Writes something else while the bar is away.
    pub fn aside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// How many runs there may be in all; what is done is known.
    fn bounds(&self) -> (u64, u64) {
        self.parts
            .iter()
            .map(Part::bounds)
            .fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
    }

    /// `3 of 64 parts, 8 min to 25 min left`.
    fn told(&self, now: Instant) -> String {
        let done = self.parts.iter().filter(|part| part.done).count();
        let left = left_text(&self.left(now));
        format!("{done} of {} parts, {left}", self.parts.len())
    }

    fn left(&self, now: Instant) -> Left {
        let made: u64 = self.parts.iter().map(Part::runs).sum();
        let bounds = self.bounds();
        let pace = self.parts.iter().filter(|part| !part.done).filter_map(|part| part.left(now));
        Left {
            fresh: made.saturating_sub(self.earlier.unwrap_or(made)),
            seconds: (now - self.began).as_secs_f64(),
            runs: (bounds.0.saturating_sub(made), bounds.1.saturating_sub(made)),
            slowest: pace.fold((0.0, 0.0), |a, b| (f64::max(a.0, b.0), f64::max(a.1, b.1))),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.bar.clear();
    }
}

impl Part {
    fn new(header: Header, folder: &Path) -> Self {
        Self {
            bounds: Planner::bounds(&header),
            header,
            journal: folder.join(JOURNAL),
            read: 0,
            lines: 0,
            asked: 0,
            done: false,
            first: None,
        }
    }

    /// Reads on. A journal that cannot be read yet is none, and one that has shrunk has lost a line that was
    /// half written.
    fn look(&mut self) {
        let length = fs::metadata(&self.journal).map_or(0, |there| there.len());
        if length < self.read {
            (self.read, self.lines) = (0, 0);
        }
        if length > self.read {
            let _ = self.read_on();
        } else if length > 0 && length != self.asked && self.runs() >= self.bounds.0 {
            // It has not grown since the last look: it may be at its end.
            self.asked = length;
            self.done = self.has_every_run();
        }
    }

    fn read_on(&mut self) -> io::Result<()> {
        let mut file = File::open(&self.journal)?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut block = [0; 1 << 16];
        loop {
            let size = file.read(&mut block)?;
            if size == 0 {
                return Ok(());
            }
            self.read += size as u64;
            let ends = block[..size].iter().filter(|&&byte| byte == b'\n');
            self.lines += ends.count() as u64;
        }
    }

    fn has_every_run(&self) -> bool {
        let mut planner = Planner::new(&self.header);
        let missing = |_: Job| Err(Trouble::Interrupted);
        let records = results::records_of(&self.journal);
        study::run_rounds(&mut planner, records, NonZeroUsize::MIN, missing, |_, _| Ok(())).is_ok()
    }

    const fn runs(&self) -> u64 {
        self.lines.saturating_sub(1)
    }

    fn bounds(&self) -> (u64, u64) {
        let runs = self.runs();
        if self.done { (runs, runs) } else { (self.bounds.0.max(runs), self.bounds.1.max(runs)) }
    }

    /// The seconds that it still needs if it goes on as it began; `None` when that is not known.
    fn left(&self, now: Instant) -> Option<(f64, f64)> {
        let (since, before) = self.first?;
        let (made, bounds) = (self.runs(), self.bounds());
        let fresh = made.checked_sub(before).filter(|&fresh| fresh >= FEW)?;
        let each = (now - since).as_secs_f64() / count_to_f64(fresh);
        Some((count_to_f64(bounds.0 - made) * each, count_to_f64(bounds.1 - made) * each))
    }
}

/// From when to when the rest may be done, if the cluster goes on as it did since the first look: two
/// standard errors of a count on both sides, and no sooner than the slowest part at its own pace. What a
/// queue will give or take nobody knows.
fn left_text(left: &Left) -> String {
    if left.fresh < FEW {
        return UNKNOWN.into();
    }
    let fresh = count_to_f64(left.fresh);
    let error = 2.0 * libm::sqrt(fresh);
    let seconds = |runs: u64, fresh: f64| count_to_f64(runs) * left.seconds / fresh.max(1.0);
    let low = seconds(left.runs.0, fresh + error).max(left.slowest.0);
    between(low, seconds(left.runs.1, fresh - error).max(left.slowest.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Left = Left { fresh: 0, seconds: 0.0, runs: (0, 0), slowest: (0.0, 0.0) };

    #[test]
    fn what_is_left_follows_the_pace_and_the_slowest_part() {
        assert_eq!(left_text(&NONE), UNKNOWN);
        // 100 runs in 50 s are 80 to 120 of them, give or take: 400 are left.
        let left = Left { fresh: 100, seconds: 50.0, runs: (400, 400), ..NONE };
        assert_eq!(left_text(&left), "3 min to 4 min left");
        // The last part goes on alone, and takes longer than all of them together did.
        let left = Left { runs: (4, 4), slowest: (80.0, 80.0), ..left };
        assert_eq!(left_text(&left), "80 s left");
        // A search may be over at once.
        let left = Left { runs: (0, 30), slowest: (0.0, 0.0), ..left };
        assert_eq!(left_text(&left), "0 s to 19 s left");
    }

    /// Journals that grow under its eyes, one of which is cut in the middle of a line.
    #[test]
    fn journals_are_read_on_and_parts_are_done_when_they_have_every_run() {
        let folder = tempfile::tempdir().unwrap();
        let header = header();
        let hidden = Bar::hidden(Some(indicatif::ProgressBar::hidden()));
        let place = |part: u64| folder.path().join(part.to_string());
        let mut watch = Watch::with(hidden, &header, 2, place);
        let mut look = |seen: (u64, usize)| {
            watch.next = Instant::now();
            watch.look();
            let runs = watch.parts.iter().map(Part::runs).sum::<u64>();
            let done = watch.parts.iter().filter(|part| part.done).count();
            assert_eq!((runs, done, watch.bounds()), (seen.0, seen.1, (6, 6)));
        };
        look((0, 0));
        let text = |part: u64, runs: u64| {
            let shard = Header { shard: Some((part, 2)), ..header.clone() };
            let jobs = Planner::new(&shard).next_round().unwrap();
            let lines = jobs.take(usize::try_from(runs).unwrap()).map(line);
            shard.line().unwrap() + &lines.collect::<String>()
        };
        for part in [1, 2] {
            fs::create_dir(place(part)).unwrap();
        }
        let write = |part, text: &str| fs::write(place(part).join(JOURNAL), text).unwrap();
        write(1, &text(1, 2));
        look((2, 0));
        let half = text(2, 1);
        write(2, &(half.clone() + "{\"vari"));
        look((3, 0));
        write(2, &half);
        look((3, 0));
        write(1, &text(1, 3));
        look((4, 0));
        look((4, 1));
        write(2, &text(2, 3));
        look((6, 1));
        look((6, 2));
    }

    fn line(job: Job) -> String {
        let record = study::Record {
            variant: job.variant,
            seed: job.seed,
            digest: String::new(),
            requests: 0,
            verdicts: String::new(),
            first_broken_s: Vec::new(),
            seen: Vec::new(),
            monthly_usd: 0.0,
        };
        record.line().unwrap()
    }

    /// Two variants with three seeds each.
    fn header() -> Header {
        let text = r#"{
            "schema": "squall.study-runs/1", "version": "", "streams": 0, "title": "", "question": "",
            "hash": "", "scenario": "", "scenario_hash": "",
            "axes": [{ "name": "pods", "values": ["1", "2"] }], "base": [0],
            "first_seed": 1, "least_seeds": 3, "most_seeds": 3, "precision": null, "find": null,
            "invariants": [], "holds": [], "holds_in": 1.0, "measures": [], "shard": null
        }"#;
        Header::parse(text).unwrap()
    }

    #[test]
    fn nothing_is_read_where_nothing_is_shown() {
        let mut watch = Watch::with(Bar::hidden(None), &header(), 1, |_| PathBuf::from("nowhere"));
        watch.look();
        assert!(watch.parts.is_empty() && watch.next == watch.began);
    }
}
