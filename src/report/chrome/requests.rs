//! A traced request as nested spans.

use super::{Events, REGIONS, hex, name_of};
use crate::fabric::{Part, Traced, What};
use crate::judge::Recording;
use crate::units::Instant;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;

/// What is said of a part whose caller waits no longer while it is worked on.
const GOES_ON: &str = "goes on for nobody";
/// What is said of a part that was taken back with its caller.
const TAKEN_BACK: &str = "taken back";
/// Marks the number of an attempt that was sent beside the one with that number.
const HEDGE: u64 = 0x80;
/// What is said of a part that lasts to the end.
const UNDER_WAY: &str = "under way at the end";

/// A span that has begun.
struct Open {
    part: Part,
    key: u64,
    site: usize,
    name: String,
    /// Whether the work on it is over.
    over: bool,
}

/// A part by its kind, site and number.
type Whose = (Part, usize, u64);

/// Spans that nest: a request's own, or those of an attempt that was sent beside another.
struct Track {
    id: u64,
    category: &'static str,
    /// From the outermost inwards.
    open: Vec<Open>,
    /// The span of another track which waits for this one.
    under: Option<Whose>,
}

/// One request while it is written.
struct Request<'a, 'b> {
    events: &'a mut Events<'b>,
    request: &'a Traced,
    recording: &'a Recording,
    pid: usize,
    /// The request's own comes first.
    tracks: Vec<Track>,
    /// Parts that go on for nobody, since when, and whether they began so.
    orphans: BTreeMap<Whose, (Instant, bool)>,
    /// How many calls and reads of their parent there were.
    counts: BTreeMap<Whose, u32>,
    /// Up to where spans are written: those of a request never go back.
    now: Instant,
}

/// Writes a request's spans, all of which end.
pub(super) fn write(
    events: &mut Events<'_>,
    request: &Traced,
    recording: &Recording,
    end: Instant,
) -> io::Result<()> {
    let home = match request.facts.first() {
        Some((_, fact)) => match fact.what {
            What::Begin { part: Part::Request, key, .. } => usize::try_from(key).unwrap_or(0),
            _ => 0,
        },
        None => 0,
    };
    let mut page = Request {
        events,
        request,
        recording,
        pid: REGIONS + home,
        tracks: vec![Track { id: request.id, category: "request", open: Vec::new(), under: None }],
        orphans: BTreeMap::new(),
        counts: BTreeMap::new(),
        now: Instant::ZERO,
    };
    for &(site, fact) in &request.facts {
        match fact.what {
            What::Begin { part, key, parent } => page.begin(fact.when, site, part, key, parent)?,
            What::End { part, key, outcome } => page.end(fact.when, site, part, key, outcome)?,
            What::Over { part, key } => page.over(fact.when, site, part, key)?,
            What::Mark(text) => page.mark(fact.when, text)?,
        }
    }
    page.finish(end)
}

/// The part that waits for another.
const fn outer(part: Part) -> Option<Part> {
    match part {
        Part::Request => None,
        Part::Attempt => Some(Part::Request),
        Part::Lock | Part::Fetch | Part::Fill => Some(Part::Attempt),
        Part::Call => Some(Part::Fetch),
        Part::Read => Some(Part::Call),
        Part::Ask => Some(Part::Fill),
    }
}

impl Request<'_, '_> {
    fn event(&mut self, track: usize, phase: &str, name: &str, args: &Value) -> io::Result<()> {
        let Track { id, category, .. } = self.tracks[track];
        let event = json!({
            "ph": phase, "cat": category, "id": hex(id), "pid": self.pid, "tid": 0, "name": name,
            "args": args,
        });
        self.events.at(self.now, &event)
    }

    /// The track and the depth of an open span. A request has no number, an attempt has the same one
    /// at every site.
    fn find(&self, (part, site, key): Whose) -> Option<(usize, usize)> {
        let this = |open: &Open| {
            open.part == part
                && match part {
                    Part::Request => true,
                    Part::Attempt => open.key == key,
                    _ => open.key == key && open.site == site,
                }
        };
        let mut tracks = self.tracks.iter().enumerate();
        tracks.find_map(|(at, track)| Some((at, track.open.iter().position(this)?)))
    }

    /// Where a part begins: inside its parent if somebody waits for that, beside another one if there
    /// is one of its kind already.
    fn place(&mut self, (part, site, key): Whose, parent: u64) -> io::Result<Option<usize>> {
        let Some(outer) = outer(part) else { return Ok(Some(0)) };
        let whose = (outer, site, parent);
        let Some((track, depth)) = self.find(whose) else { return Ok(None) };
        let beside = |open: &Open| open.part == part && !open.over;
        if matches!(part, Part::Attempt | Part::Call | Part::Read | Part::Ask)
            && self.tracks[track].open.get(depth + 1).is_some_and(beside)
        {
            let id = self.id_of((part, site, key));
            let (category, open) = ("beside", Vec::new());
            self.tracks.push(Track { id, category, open, under: Some(whose) });
            return Ok(Some(self.tracks.len() - 1));
        }
        self.close_to(track, depth + 1, GOES_ON)?;
        Ok(Some(track))
    }

    /// A part begins: where somebody waits for it, else for nobody.
    fn begin(
        &mut self,
        when: Instant,
        site: usize,
        part: Part,
        key: u64,
        parent: u64,
    ) -> io::Result<()> {
        let before = self.now;
        self.now = self.now.max(when);
        let Some(track) = self.place((part, site, key), parent)? else {
            self.now = before;
            self.orphans.insert((part, site, key), (when, true));
            return Ok(());
        };
        let place = self.recording.regions.get(site).map_or("", String::as_str);
        let mut args = json!({ "request": name_of(self.request) });
        let name = match part {
            Part::Request => {
                let asked = if self.request.segment { "segment" } else { "title" };
                args[asked] = self.request.title.into();
                args["network"] = self.request.network.into();
                "request".to_owned()
            }
            Part::Attempt if key & HEDGE != 0 => format!("attempt {}, again", key ^ HEDGE),
            Part::Attempt => format!("attempt {key}"),
            Part::Lock => "wait for another's fetch".to_owned(),
            Part::Fetch => "fetch".to_owned(),
            Part::Call => format!("call {}", self.count(part, site, parent)),
            Part::Read => format!("read {}", self.count(part, site, parent)),
            Part::Fill => "fetch of a segment".to_owned(),
            Part::Ask => format!("call of the origin {}", self.count(part, site, parent)),
        };
        if matches!(part, Part::Attempt | Part::Fetch | Part::Fill) {
            args["at"] = place.into();
        }
        self.event(track, "b", &name, &args)?;
        self.tracks[track].open.push(Open { part, key, site, name, over: false });
        Ok(())
    }

    /// The how-manieth call of a fetch this is, or read of a call.
    fn count(&mut self, part: Part, site: usize, parent: u64) -> u32 {
        let count = self.counts.entry((part, site, parent)).or_default();
        *count += 1;
        *count
    }

    fn end(
        &mut self,
        when: Instant,
        site: usize,
        part: Part,
        key: u64,
        outcome: &str,
    ) -> io::Result<()> {
        let Some((track, depth)) = self.find((part, site, key)) else {
            return Ok(());
        };
        self.now = self.now.max(when);
        self.close_to(track, depth + 1, GOES_ON)?;
        self.close(track, outcome)
    }

    /// Closes what is open in a track below a depth: who waited for it waits no longer.
    fn close_to(&mut self, track: usize, depth: usize, outcome: &str) -> io::Result<()> {
        while let Some(open) = self.tracks[track].open.get(depth..).and_then(<[Open]>::last) {
            let outcome = if open.over { TAKEN_BACK } else { outcome };
            self.close(track, outcome)?;
        }
        Ok(())
    }

    /// Closes the innermost span of a track, after what went beside its parts.
    fn close(&mut self, track: usize, outcome: &str) -> io::Result<()> {
        let Some(open) = self.tracks[track].open.pop() else {
            return Ok(());
        };
        let whose = (open.part, open.site, open.key);
        let inner = if outcome == UNDER_WAY { UNDER_WAY } else { GOES_ON };
        for beside in 1..self.tracks.len() {
            if self.tracks[beside].under == Some(whose) {
                self.close_to(beside, 0, inner)?;
            }
        }
        self.event(track, "e", &open.name, &json!({ "outcome": outcome }))?;
        let works = !matches!(open.part, Part::Request | Part::Attempt | Part::Lock);
        if works && !open.over && outcome != UNDER_WAY {
            self.orphans.insert(whose, (self.now, false));
        }
        Ok(())
    }

    /// The work on a part is over: it ends soon, or was for nobody.
    fn over(&mut self, when: Instant, site: usize, part: Part, key: u64) -> io::Result<()> {
        if let Some((track, depth)) = self.find((part, site, key)) {
            self.tracks[track].open[depth].over = true;
            return Ok(());
        }
        match self.orphans.remove(&(part, site, key)) {
            Some(since) => self.orphan((part, site, key), since, when, "over"),
            None => Ok(()),
        }
    }

    /// The number of a track that is not the request's own.
    const fn id_of(&self, (part, site, key): Whose) -> u64 {
        self.request.id ^ key.rotate_left(8) ^ (part as u64) << 56 ^ (site as u64) << 48
    }

    /// A span of work for nobody, in the region that does it.
    fn orphan(
        &mut self,
        (part, site, key): Whose,
        (since, born): (Instant, bool),
        until: Instant,
        outcome: &str,
    ) -> io::Result<()> {
        if since >= until && !born {
            return Ok(());
        }
        let name = match part {
            Part::Call => "call for nobody",
            Part::Read => "read for nobody",
            Part::Ask => "call of the origin for nobody",
            Part::Fill => "fetch of a segment without its first request",
            _ => "fetch without its first request",
        };
        let id = self.id_of((part, site, key));
        let mut event = json!({
            "ph": "b", "cat": "nobody", "id": hex(id), "pid": REGIONS + site, "tid": 0, "name": name,
            "args": { "request": name_of(self.request), "began_for_nobody": born },
        });
        self.events.at(since, &event)?;
        event["ph"] = "e".into();
        event["args"] = json!({ "outcome": outcome });
        self.events.at(until.max(since), &event)
    }

    fn mark(&mut self, when: Instant, text: &str) -> io::Result<()> {
        if self.tracks[0].open.is_empty() {
            return Ok(());
        }
        self.now = self.now.max(when);
        self.event(0, "n", text, &json!({}))
    }

    /// The run is over: so is everything that is still under way.
    fn finish(mut self, end: Instant) -> io::Result<()> {
        self.now = self.now.max(end);
        self.close_to(0, 0, UNDER_WAY)?;
        for (whose, since) in std::mem::take(&mut self.orphans) {
            self.orphan(whose, since, end, UNDER_WAY)?;
        }
        Ok(())
    }
}
