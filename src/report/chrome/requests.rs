//! A traced request as nested spans.

use super::{Events, REGIONS, hex, name_of};
use crate::fabric::{Part, Traced, What};
use crate::rehearse::Recording;
use crate::units::Instant;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;

/// What is said of a part whose caller waits no longer while it is worked on.
const GOES_ON: &str = "goes on for nobody";
/// What is said of a part that was taken back with its caller.
const TAKEN_BACK: &str = "taken back";
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

/// One request while it is written.
struct Request<'a, 'b> {
    events: &'a mut Events<'b>,
    request: &'a Traced,
    recording: &'a Recording,
    pid: usize,
    /// From the request inwards.
    open: Vec<Open>,
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
        open: Vec::new(),
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
        Part::Lock | Part::Fetch => Some(Part::Attempt),
        Part::Call => Some(Part::Fetch),
        Part::Read => Some(Part::Call),
    }
}

impl Request<'_, '_> {
    fn event(&mut self, phase: &str, name: &str, args: &Value) -> io::Result<()> {
        let id = hex(self.request.id);
        let event = json!({
            "ph": phase, "cat": "request", "id": id, "pid": self.pid, "tid": 0, "name": name,
            "args": args,
        });
        self.events.at(self.now, &event)
    }

    /// A part begins: inside its parent if somebody waits for that, else for nobody.
    fn begin(
        &mut self,
        when: Instant,
        site: usize,
        part: Part,
        key: u64,
        parent: u64,
    ) -> io::Result<()> {
        let holds = |open: &Open| Some(open.part) == outer(part) && self.is(open, parent, site);
        let Some(depth) = (match part {
            Part::Request => Some(0),
            _ => self.open.iter().position(holds).map(|at| at + 1),
        }) else {
            self.orphans.insert((part, site, key), (when, true));
            return Ok(());
        };
        self.now = self.now.max(when);
        self.close_to(depth)?;
        let place = self.recording.regions.get(site).map_or("", String::as_str);
        let mut args = json!({ "request": name_of(self.request) });
        let name = match part {
            Part::Request => {
                args["title"] = self.request.title.into();
                args["network"] = self.request.network.into();
                "request".to_owned()
            }
            Part::Attempt => format!("attempt {key}"),
            Part::Lock => "wait for another's fetch".to_owned(),
            Part::Fetch => "fetch".to_owned(),
            Part::Call => format!("call {}", self.count(part, site, parent)),
            Part::Read => format!("read {}", self.count(part, site, parent)),
        };
        if matches!(part, Part::Attempt | Part::Fetch) {
            args["at"] = place.into();
        }
        self.event("b", &name, &args)?;
        self.open.push(Open { part, key, site, name, over: false });
        Ok(())
    }

    /// Whether an open span has this number. Requests have none, attempts the same one everywhere.
    fn is(&self, open: &Open, key: u64, site: usize) -> bool {
        match open.part {
            Part::Request => true,
            Part::Attempt => open.key == key,
            _ => open.key == key && open.site == site,
        }
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
        let this = |open: &Open| open.part == part && self.is(open, key, site);
        let Some(depth) = self.open.iter().position(this) else {
            return Ok(());
        };
        self.now = self.now.max(when);
        self.close_to(depth + 1)?;
        self.close(outcome)
    }

    /// Closes what is open below a depth: who waited for it waits no longer.
    fn close_to(&mut self, depth: usize) -> io::Result<()> {
        while self.open.len() > depth {
            let over = self.open.last().is_some_and(|open| open.over);
            self.close(if over { TAKEN_BACK } else { GOES_ON })?;
        }
        Ok(())
    }

    /// Closes the innermost span.
    fn close(&mut self, outcome: &str) -> io::Result<()> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        self.event("e", &open.name, &json!({ "outcome": outcome }))?;
        let works = matches!(open.part, Part::Fetch | Part::Call | Part::Read);
        if works && !open.over && outcome != UNDER_WAY {
            self.orphans.insert((open.part, open.site, open.key), (self.now, false));
        }
        Ok(())
    }

    /// The work on a part is over: it ends soon, or was for nobody.
    fn over(&mut self, when: Instant, site: usize, part: Part, key: u64) -> io::Result<()> {
        let this = |open: &&mut Open| open.part == part && open.key == key && open.site == site;
        if let Some(open) = self.open.iter_mut().find(this) {
            open.over = true;
            return Ok(());
        }
        match self.orphans.remove(&(part, site, key)) {
            Some(since) => self.orphan((part, site, key), since, when, "over"),
            None => Ok(()),
        }
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
            _ => "fetch without its first request",
        };
        let id = self.request.id ^ key.rotate_left(8) ^ (part as u64) << 56;
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
        if self.open.is_empty() {
            return Ok(());
        }
        self.now = self.now.max(when);
        self.event("n", text, &json!({}))
    }

    /// The run is over: so is everything that is still under way.
    fn finish(mut self, end: Instant) -> io::Result<()> {
        self.now = self.now.max(end);
        while !self.open.is_empty() {
            self.close(UNDER_WAY)?;
        }
        for (whose, since) in std::mem::take(&mut self.orphans) {
            self.orphan(whose, since, end, UNDER_WAY)?;
        }
        Ok(())
    }
}
