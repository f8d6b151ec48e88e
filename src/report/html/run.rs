//! The page of one or several rehearsals: verdicts first, then what happened, then plots over time.

mod catalogue;
mod plots;
mod tables;

use super::{Page, escape};
use crate::invariant::Verdict;
use crate::report::model::{Run, Spell};
use crate::report::stored::Stored;
use crate::report::{value, verdict_name};
use plots::Room;
use std::fmt::Write as _;

/// The page's greatest size in bytes.
pub const MOST_BYTES: usize = 2_000_000;
/// More lines of what happened than this are shown only when they are asked for.
const MOST_SPELLS: usize = 40;

/// The page of these results. Its plots have a value a second where there is room for that, else one for
/// several seconds, and the page says for how many.
#[must_use]
pub fn page(results: &[Stored]) -> String {
    fitting(results, |room| attempt(results, room))
}

/// A page of something else that is about these results, which follow below what `head` says. `title` is
/// its heading. Links to the results go to `#s1`, `#s2` and so on.
#[must_use]
pub fn page_below(title: &str, head: impl Fn(&mut Page), results: &[Stored]) -> String {
    fitting(results, |room| {
        let mut page = Page::new(title);
        page.section(1, "top", title, |page| {
            head(page);
            each(page, results, room);
        });
        page.finish()
    })
}

/// The page that is drawn with as much room as fits into [`MOST_BYTES`].
fn fitting(results: &[Stored], draw: impl Fn(Room) -> String) -> String {
    let mut room = Room::default();
    loop {
        let html = draw(room.fitted(results));
        match room.less() {
            Some(less) if html.len() > MOST_BYTES => room = less,
            _ => return html,
        }
    }
}

/// A section for each scenario.
fn each(page: &mut Page, all: &[Stored], room: Room) {
    for (number, one) in (1..).zip(all) {
        let place = format!("s{number}");
        page.section(2, &place, &one.scenario.title, |page| {
            whole(page, one, &format!("{place}-"), room);
        });
    }
}

fn attempt(results: &[Stored], room: Room) -> String {
    match results {
        [one] => {
            let mut page = Page::new(&one.scenario.title);
            page.section(1, "top", &one.scenario.title, |page| whole(page, one, "", room));
            page.finish()
        }
        all => {
            let title = format!("{} scenarios", all.len());
            let mut page = Page::new(&title);
            page.section(1, "top", &title, |page| {
                overview(page, all);
                each(page, all, room);
            });
            page.finish()
        }
    }
}

/// A verdict that is told without its colour, too: by a sign and a word.
#[must_use]
pub fn badge(verdict: Verdict) -> String {
    badge_of(verdict, verdict_name(verdict))
}

/// The same with another word.
#[must_use]
pub fn badge_of(verdict: Verdict, word: &str) -> String {
    let sign = match verdict {
        Verdict::Holds => "✓",
        Verdict::Broken => "✗",
        Verdict::Unmeasured => "?",
    };
    let (class, word) = (verdict_name(verdict), escape::text(word));
    format!("<span class=\"badge {class}\"><span aria-hidden=\"true\">{sign}</span> {word}</span>")
}

/// The verdict on all sentences of a result, the control left out.
fn overall(one: &Stored) -> Verdict {
    match &one.several {
        Some(several) => several.summary.verdict,
        None => worst(one.runs[0].invariants.iter().map(|invariant| invariant.verdict)),
    }
}

/// Broken if one is, else unmeasured if one is.
fn worst(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let verdicts: Vec<Verdict> = verdicts.collect();
    let any = |wanted| verdicts.contains(&wanted);
    if any(Verdict::Broken) {
        Verdict::Broken
    } else if any(Verdict::Unmeasured) {
        Verdict::Unmeasured
    } else {
        Verdict::Holds
    }
}

/// What a control's verdict is, if one was run.
fn control(one: &Stored) -> Option<Verdict> {
    match &one.several {
        Some(several) => several.summary.control.as_ref().map(|control| control.verdict),
        None => one.runs[0].control.as_ref().map(|control| control.verdict),
    }
}

/// How many sentences are broken and unmeasured, and how many there are.
fn counts(one: &Stored) -> [usize; 3] {
    let verdicts: Vec<Verdict> = match &one.several {
        Some(several) => several.summary.invariants.iter().map(|i| i.verdict).collect(),
        None => one.runs[0].invariants.iter().map(|i| i.verdict).collect(),
    };
    let of = |wanted| verdicts.iter().filter(|&&verdict| verdict == wanted).count();
    [of(Verdict::Broken), of(Verdict::Unmeasured), verdicts.len()]
}

/// The verdict in a sentence.
fn sentence(one: &Stored) -> String {
    let several = if one.several.is_some() { " over all seeds" } else { "" };
    match counts(one) {
        [_, _, 0] => "There is no invariant: nothing was judged.".into(),
        [0, 0, 1] => format!("The invariant holds{several}."),
        [0, 0, all] => format!("All {all} invariants hold{several}."),
        [0, unmeasured, all] => format!("{unmeasured} of {all} invariants could not be measured."),
        [1, _, all] => format!("1 of {all} invariants is broken{several}."),
        [broken, _, all] => format!("{broken} of {all} invariants are broken{several}."),
    }
}

/// All scenarios at a glance.
fn overview(page: &mut Page, all: &[Stored]) {
    let worst = worst(all.iter().map(overall));
    let broken = all.iter().filter(|one| overall(one) == Verdict::Broken).count();
    let text = match (worst, broken) {
        (Verdict::Broken, broken) => format!("{broken} of {} scenarios are broken.", all.len()),
        (Verdict::Unmeasured, _) => "Not everything could be measured.".into(),
        (Verdict::Holds, _) => "Everything holds.".into(),
    };
    banner(page, worst, &text, "");
    page.table(&tables::overview(all));
}

/// The verdict on everything, in a sentence; `more` is markup below it.
pub fn banner(page: &mut Page, verdict: Verdict, text: &str, more: &str) {
    let class = verdict_name(verdict);
    let (badge, text) = (badge(verdict), escape::text(text));
    page.markup(&format!(
        "<div class=\"banner {class}\"><p class=\"verdict\">{badge} <strong>{text}</strong></p>{more}\
         </div>\n"
    ));
}

/// Everything about one scenario. `prefix` keeps its places apart from those of others.
fn whole(page: &mut Page, one: &Stored, prefix: &str, room: Room) {
    let level = if prefix.is_empty() { 2 } else { 3 };
    let place = |name: &str| format!("{prefix}{name}");
    let run = &one.runs[0];
    let more = match control(one) {
        Some(Verdict::Holds) | None => String::new(),
        Some(Verdict::Broken) => "<p>The control did not break what it names: without the \
             protection something held that must break, so it proves nothing.</p>"
            .into(),
        Some(Verdict::Unmeasured) => "<p>In the control something was not measured.</p>".into(),
    };
    banner(page, overall(one), &sentence(one), &more);
    facts(page, one);
    page.section(level, &place("verdicts"), "Verdicts", |page| match &one.several {
        Some(several) => {
            page.table(&tables::verdicts_across(one, several));
            page.details("Every seed", |page| page.table(&tables::every_seed(one)));
        }
        None => page.table(&tables::verdicts(run)),
    });
    let of_seed = match &one.several {
        Some(_) => format!(", seed {}", run.seed),
        None => String::new(),
    };
    page.section(level, &place("course"), &format!("What happened{of_seed}"), |page| {
        course(page, run);
    });
    page.section(level, &place("plots"), &format!("Over time{of_seed}"), |page| {
        plots::plots(page, one, prefix, room);
    });
    page.section(level, &place("figures"), "Figures", |page| figures(page, one));
    page.section(level, &place("again"), "Again", |page| {
        page.paragraph("The same scenario and seed give the same bytes on any machine:");
        let again = one.several.as_ref().map_or(&run.again, |several| &several.again);
        page.command(&without_folder(one, again));
    });
}

/// A command without the folders of one machine: the file is named alone where its path is absolute.
fn without_folder(one: &Stored, command: &str) -> String {
    match absolute(&one.scenario.path) {
        Some(name) => command.replace(&one.scenario.path, name),
        None => command.to_owned(),
    }
}

/// The file's name, if its path is absolute.
fn absolute(path: &str) -> Option<&str> {
    let drive = path.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/");
    (path.starts_with(['/', '\\']) || drive)
        .then(|| path.rsplit(['/', '\\']).next().unwrap_or(path))
}

/// Which run this is.
fn facts(page: &mut Page, one: &Stored) {
    let run = &one.runs[0];
    let path = absolute(&one.scenario.path).unwrap_or(&one.scenario.path);
    let requests: u64 = one.runs.iter().map(|run| run.requests).sum();
    let sound = one.runs.iter().all(tables::balanced);
    let accounts = if sound { "all accounted for" } else { "NOT all accounted for" };
    let seeds = match (one.runs.first(), one.runs.last()) {
        (Some(first), Some(last)) if one.several.is_some() => {
            format!("{} to {}, {} runs", first.seed, last.seed, one.runs.len())
        }
        _ => run.seed.to_string(),
    };
    let each = if one.several.is_some() { " each" } else { "" };
    let mut facts = vec![
        ("Scenario", format!("<code>{}</code>", escape::text(path))),
        ("Hash", format!("<code>{}</code>", escape::text(&one.scenario.hash))),
        (if one.several.is_some() { "Seeds" } else { "Seed" }, escape::text(&seeds)),
        ("Simulated", format!("{}{each}", value::clock(run.simulated_s))),
        ("Requests", format!("{}, {accounts}", value::count(requests))),
        ("Bill", format!("{} a month", escape::text(&tables::bills(one)))),
    ];
    if one.several.is_none() {
        facts.insert(3, ("Digest", format!("<code>{}</code>", escape::text(&run.digest))));
    }
    facts.push(("Made by", format!("squall {}", escape::text(&one.version))));
    let mut out = String::from("<dl class=\"facts\">\n");
    for (name, value) in facts {
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    out.push_str("</dl>\n");
    page.markup(&out);
}

/// The chain of what went on, in the order in which it began.
fn course(page: &mut Page, run: &Run) {
    if run.course.is_empty() {
        page.paragraph("Nothing was done to the fabric, and nothing went wrong.");
        return;
    }
    let (first, rest) = run.course.split_at(run.course.len().min(MOST_SPELLS));
    page.markup(&chain(first, run));
    if !rest.is_empty() {
        page.details(&format!("{} more", rest.len()), |page| page.markup(&chain(rest, run)));
    }
    page.table(&tables::alerts(run));
}

fn chain(spells: &[Spell], run: &Run) -> String {
    let mut out = String::from("<ol class=\"course\">\n");
    let end = run.simulated_s.max(f64::MIN_POSITIVE);
    let part = |at: f64| (at / end * 100.0).clamp(0.0, 100.0);
    for spell in spells {
        let kind = match spell.what.as_str() {
            "fault" | "change" | "alert" => spell.what.as_str(),
            "sustained" | "budget-locked" => "moral",
            _ => "sign",
        };
        let (from, until) = (part(spell.from_s), part(spell.until_s.unwrap_or(end)));
        let width = (until - from).max(0.0);
        let _ = writeln!(
            out,
            "<li class=\"{kind}\"><span class=\"when\">{}</span><div><p>{}{}</p>\
             <span class=\"track\" aria-hidden=\"true\">\
             <i style=\"left:{from:.2}%;width:{width:.2}%\"></i></span></div></li>",
            value::clock(spell.from_s),
            escape::with_code(&spell.text),
            escape::text(&rest_of(spell)),
        );
    }
    out.push_str("</ol>\n");
    out
}

/// How long something lasted and how much of it there was.
fn rest_of(spell: &Spell) -> String {
    let mut rest = match spell.until_s {
        Some(until) if until > spell.from_s => format!(", until {}", value::clock(until)),
        Some(_) => String::new(),
        None if matches!(spell.what.as_str(), "sustained" | "budget-locked") => String::new(),
        None => ", to the end".into(),
    };
    if let Some(most) = spell.most {
        let unit = spell.unit.as_deref().unwrap_or_default();
        let amount = match unit {
            "of 1" => format!("{} %", value::significant(most * 100.0, 3)),
            "/s" => format!("{} /s", value::significant(most, 3)),
            unit => format!("{} {unit}", value::significant(most, 3)),
        };
        let _ = write!(rest, ": up to {}", amount.trim_end());
    }
    rest
}

/// What is neither judged nor plotted.
fn figures(page: &mut Page, one: &Stored) {
    let run = &one.runs[0];
    match &one.several {
        Some(several) => page.table(&tables::watched_across(&several.summary.watch)),
        None => page.table(&tables::watched(run)),
    }
    page.markup(&tables::control(one));
    page.table(&tables::hops(run));
    page.table(&tables::bill(run));
    page.table(&tables::requests(run));
}
