//! Pages in a real browser: they open offline, say the right verdict, draw their plots, and can be read
//! on a phone, in the dark, and by a screen reader.
//!
//! Needs Debian's `chromium` and `chromium-driver`. Without them the tests say so and do nothing, unless
//! `SQUALL_BROWSER=1` makes that a failure. `SQUALL_SHOTS=DIR` keeps pictures of the pages.

#![allow(clippy::print_stderr)] // reason: a page that was not opened must be seen
#![allow(clippy::cast_possible_truncation)] // reason: pixels are few

mod driver;

use driver::Browser;
use serde_json::Value;
use squall::report::html::{
    Across, Band, Gather, Heat, Line, Mark, Page, Plot, Shade, ShadeOf, Style,
};
use squall::units::Unit;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A browser, or none where there is none and none has to be.
fn browser() -> Option<Browser> {
    match Browser::start() {
        Ok(browser) => Some(browser),
        Err(told) if std::env::var("SQUALL_BROWSER").is_ok_and(|word| word == "1") => {
            panic!("SQUALL_BROWSER=1, and {told}: install chromium and chromium-driver")
        }
        Err(told) => {
            eprintln!("SKIPPED, no page was opened: {told}; install chromium and chromium-driver");
            None
        }
    }
}

/// Runs scenarios and writes their page.
fn page(folder: &Path, name: &str, words: &[&str], code: i32) -> PathBuf {
    let file = folder.join(name);
    let output = Command::new(env!("CARGO_BIN_EXE_squall"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("run")
        .args(words)
        .arg("--html")
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(std::fs::metadata(&file).unwrap().len() < 2_000_000, "{name} is too large");
    file
}

const OUTAGE: &str = "scenarios/smoke/region-outage.toml";

/// Draws everything that is not folded away: scrolls through the page.
const DRAW: &str = "const done = arguments[arguments.length - 1]; const step = innerHeight;
    let y = 0; const go = () => { scrollTo(0, y); y += step;
    if (y < document.documentElement.scrollHeight + step) requestAnimationFrame(() => setTimeout(go, 20));
    else { scrollTo(0, 0); setTimeout(() => done(true), 50); } }; go();";

fn draw(browser: &Browser) {
    browser.post("execute/async", &serde_json::json!({"script": DRAW, "args": []}));
}

fn number(value: &Value) -> i64 {
    value.as_f64().map_or(-1, |number| number.round() as i64)
}

/// Nothing was complained of and nothing fetched but the page.
fn quiet(browser: &Browser, file: &Path) {
    assert_eq!(browser.console(), Vec::<String>::new());
    let page = format!("file://{}", file.display());
    let others: Vec<String> = browser
        .requests()
        .into_iter()
        .filter(|url| *url != page && !url.starts_with("data:"))
        .collect();
    assert_eq!(others, Vec::<String>::new(), "the page fetches something");
}

/// Every plot that is not folded away has been drawn, and none is wider than its place.
fn plots(browser: &Browser) -> i64 {
    let open = "return document.querySelectorAll('details:not([open]) [data-plot]').length;";
    let folded = number(&browser.script(open));
    let all = number(&browser.script("return document.querySelectorAll('[data-plot]').length;"));
    let drawn = number(&browser.script("return document.querySelectorAll('.plot canvas').length;"));
    assert_eq!(drawn, all - folded, "plots that are drawn, of {all} with {folded} folded away");
    drawn
}

/// No part of the page is wider than the window, other than what scrolls by itself.
fn fits(browser: &Browser, width: u32) {
    let wide = number(&browser.script("return document.documentElement.scrollWidth;"));
    assert!(wide <= i64::from(width), "{wide} pixels wide at {width}");
}

/// Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3).
const FAINT: &str = "
    const parse = c => { const m = c.match(/[\\d.]+/g).map(Number);
      if (c.startsWith('color(srgb')) return [m[0] * 255, m[1] * 255, m[2] * 255, m[3] ?? 1];
      return [m[0], m[1], m[2], m[3] ?? 1]; };
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = e => { for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0.99) return c; }
      return [255, 255, 255, 1]; };
    const faint = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) { const text = walker.currentNode.textContent.trim();
      const e = walker.currentNode.parentElement;
      if (!text || ['SCRIPT', 'STYLE'].includes(e.tagName) || e.getClientRects().length === 0) continue;
      const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) faint.add(e.className + ' ' + ratio.toFixed(2) + ' ' + text.slice(0, 40)); }
    return Array.from(faint).join('; ');";

/// What a screen reader would stumble over.
const STUMBLES: &str = "
    const told = [];
    const levels = Array.from(document.querySelectorAll('h1,h2,h3,h4,h5,h6')).map(h => Number(h.tagName[1]));
    if (levels.filter(l => l === 1).length !== 1 || levels[0] !== 1) told.push('not one first heading');
    levels.forEach((l, n) => { if (n > 0 && l > levels[n - 1] + 1) told.push('a level is left out: ' + n); });
    for (const table of document.querySelectorAll('table')) {
      if (!table.caption || !table.caption.textContent.trim()) told.push('a table without a caption');
      if (table.querySelectorAll('thead th[scope=col]').length === 0) told.push('a table without heads');
      for (const row of table.tBodies[0].rows)
        if (!row.cells[0].matches('th[scope=row]')) told.push('a row without a name'); }
    for (const plot of document.querySelectorAll('figure.plot')) {
      if (!plot.querySelector('table')) told.push('a plot without a table');
      for (const id of ['aria-labelledby', 'aria-describedby'])
        if (!document.getElementById(plot.getAttribute(id))) told.push('a plot without ' + id); }
    const ids = Array.from(document.querySelectorAll('[id]')).map(e => e.id);
    if (new Set(ids).size !== ids.length) told.push('an id is there twice');
    for (const a of document.querySelectorAll('a[href^=\"#\"]'))
      if (!document.getElementById(a.getAttribute('href').slice(1))) told.push('a dead link ' + a.href);
    for (const b of document.querySelectorAll('button'))
      if (!b.textContent.trim()) told.push('a button without a name');
    if (!document.documentElement.lang || !document.querySelector('main, nav')) told.push('no landmarks');
    return told.join('; ');";

#[test]
fn a_page_can_be_read_on_every_screen() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = page(folder.path(), "outage.html", &[OUTAGE], 0);
    for (width, height) in [(1_440, 1_000), (360, 740)] {
        for scheme in ["light", "dark"] {
            browser.resize(width, height, scheme);
            browser.open(&file);
            draw(&browser);
            let verdict = browser.script("return document.querySelector('.banner').textContent;");
            assert_eq!(verdict.as_str().unwrap().trim(), "✓ holds All 5 invariants hold.");
            assert!(plots(&browser) >= 10);
            fits(&browser, width);
            assert_eq!(browser.script(FAINT), "", "{width} {scheme}");
            assert_eq!(browser.script(STUMBLES), "", "{width} {scheme}");
            browser.picture(&format!("outage-{width}-{scheme}"));
        }
    }
    quiet(&browser, &file);
}

#[test]
fn what_is_broken_comes_first_and_several_scenarios_stand_in_one_page() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let words = [OUTAGE, "--set", "inject.outage.fault.routes=silent", "--no-control"];
    let broken = page(folder.path(), "broken.html", &words, 1);
    let smoke = page(folder.path(), "smoke.html", &["scenarios/smoke"], 0);
    let seeds = page(folder.path(), "seeds.html", &[OUTAGE, "--seeds", "1..5"], 0);
    for (name, file, text) in [
        ("broken", &broken, "of 5 invariants are broken"),
        ("smoke", &smoke, "Everything holds."),
        ("seeds", &seeds, "All 5 invariants hold over all seeds."),
    ] {
        for width in [1_440, 360] {
            browser.resize(width, 900, "light");
            browser.open(file);
            draw(&browser);
            let verdict = browser.script("return document.querySelector('.banner').textContent;");
            assert!(verdict.as_str().unwrap().contains(text), "{verdict}");
            plots(&browser);
            fits(&browser, width);
            assert_eq!(browser.script(FAINT), "", "{name} {width}");
            assert_eq!(browser.script(STUMBLES), "", "{name} {width}");
            browser.picture(&format!("{name}-{width}"));
        }
        quiet(&browser, file);
    }
}

/// The middle of the first plot's inside, at a share of its width.
fn inside(browser: &Browser, share: f64) -> (i64, i64) {
    let script = format!(
        "const over = document.querySelector('.plot .u-over'); over.scrollIntoView({{block: 'center'}});
         const r = over.getBoundingClientRect();
         return [r.left + r.width * {share}, r.top + r.height / 2];"
    );
    let place = browser.script(&script);
    (number(&place[0]), number(&place[1]))
}

/// What the first and the second plot's legends say.
fn said(browser: &Browser) -> (String, String) {
    let of = |number: u32| {
        let script = format!("return document.querySelectorAll('.legend')[{number}].textContent;");
        browser.script(&script).as_str().unwrap().to_owned()
    };
    (of(0), of(1))
}

#[test]
fn plots_answer_to_mouse_and_keyboard() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = page(folder.path(), "outage.html", &[OUTAGE], 0);
    browser.resize(1_440, 1_000, "light");
    browser.open(&file);
    draw(&browser);

    let (x, y) = inside(&browser, 0.5);
    browser.hover(x, y);
    let (first, second) = said(&browser);
    let half = |text: &str| text.contains("1:39") || text.contains("1:40");
    assert!(first.contains("/s") && half(&first), "{first}");
    assert!(second.contains('%') && half(&second), "plots share their cursor: {second}");
    browser.picture("hover");

    // Zoom to the fault, which is from 40 s to 160 s.
    browser.script("document.querySelectorAll('.tools button')[1].click();");
    let (x, y) = inside(&browser, 0.002);
    browser.hover(x, y);
    let (first, second) = said(&browser);
    assert!(first.contains("0:22") && second.contains("0:22"), "{first} {second}");

    // And back, by the keyboard.
    browser.script("document.querySelector('.plot .u-over').focus();");
    browser.press("\u{e00c}"); // escape
    browser.press("\u{e011}"); // home
    browser.press("\u{e014}"); // right
    let (first, _) = said(&browser);
    assert!(first.contains("0:01"), "{first}");

    // A region that is hidden in one plot is hidden in all.
    browser.script("document.querySelector('.legend button').click();");
    let script = "return Array.from(document.querySelectorAll('.legend')).filter(legend =>
        legend.querySelectorAll('[aria-pressed=false]').length === 1).length;";
    assert!(number(&browser.script(script)) >= 8);
    quiet(&browser, &file);
}

fn line(name: &str, colour: usize, style: Style, of: impl Fn(f64) -> f64) -> Line {
    let values = (0..40).map(|x| Some(of(f64::from(x)))).collect();
    Line { name: name.into(), colour, strong: colour < 2, style, values }
}

/// A page of what the pages of runs do not use: bands, marks, clouds, other axes than time, heat maps.
fn parts() -> String {
    let plot = |title: &str, lines, bands| Plot {
        title: title.into(),
        note: String::new(),
        unit: Unit::Time,
        across: Across::Quantity { name: "load".into(), unit: Unit::Rate },
        x: (0..40).map(|x| f64::from(x) * 100.0).collect(),
        lines,
        bands,
        shades: vec![Shade {
            from: 500.0,
            until: 900.0,
            label: "tried".into(),
            of: ShadeOf::Change,
        }],
        marks: vec![Mark { value: 300.0, label: "p99 < 300 ms".into() }],
        group: title.into(),
        gather: Gather::Mean,
        rows: 10,
    };
    let band = vec![
        line("least", 0, Style::Line, |x| x * x / 4.0),
        line("median", 1, Style::Line, |x| x * x / 3.0),
        line("most", 9, Style::Line, |x| x * x / 2.0),
    ];
    let cloud = vec![line("settings", 0, Style::Points, |x| (x * 7.0) % 13.0 * 30.0)];
    let steps = vec![line("state", 0, Style::Steps, |x| x % 3.0)];
    let heat = Heat {
        caption: "p99 by slots and load".into(),
        across: "load".into(),
        down: "slots".into(),
        columns: vec!["100".into(), "200".into(), "300".into()],
        rows: vec!["10".into(), "20".into(), "30".into()],
        values: (0..3).map(|row| (0..3).map(|x| Some(f64::from(row * 3 + x))).collect()).collect(),
        unit: Unit::Time,
    };
    let mut page = Page::new("parts");
    page.section(1, "top", "Parts", |page| {
        page.section(2, "plots", "Plots", |page| {
            page.section(3, "one", "One", |page| {
                page.plot(&plot("a band", band, vec![Band { low: 0, high: 2 }]));
                page.plot(&plot("a cloud", cloud, Vec::new()));
                page.plot(&plot("steps", steps, Vec::new()));
            });
        });
        page.section(2, "heat", "Heat", |page| page.markup(&heat.html()));
    });
    page.finish()
}

#[test]
fn the_other_parts_of_a_page_are_drawn_as_well() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parts.html");
    std::fs::write(&file, parts()).unwrap();
    for (width, scheme) in [(1_440, "light"), (360, "dark")] {
        browser.resize(width, 900, scheme);
        browser.open(&file);
        draw(&browser);
        assert_eq!(plots(&browser), 3);
        fits(&browser, width);
        assert_eq!(browser.script(FAINT), "", "{width} {scheme}");
        assert_eq!(browser.script(STUMBLES), "", "{width} {scheme}");
        browser.picture(&format!("parts-{width}"));
        let (x, y) = inside(&browser, 0.5);
        browser.hover(x, y);
        let (first, _) = said(&browser);
        assert!(first.contains("load 1,") && first.contains("ms"), "{first}");
    }
    quiet(&browser, &file);
}

/// Sizes multiply along their axis: a thousandth of the room has a place of its own.
#[test]
fn a_replay_is_drawn_on_a_logarithmic_scale() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replay.html");
    let output = Command::new(env!("CARGO_BIN_EXE_squall"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "replay",
            "scenarios/real/twitter-cluster52-slice.csv.zst",
            "--slots",
            "10,100,1_000",
        ])
        .args(["--policy", "lru,sieve", "--html"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (width, scheme) in [(1_440, "light"), (360, "dark")] {
        browser.resize(width, 900, scheme);
        browser.open(&file);
        draw(&browser);
        assert_eq!(plots(&browser), 2);
        fits(&browser, width);
        assert_eq!(browser.script(FAINT), "", "{width} {scheme}");
        assert_eq!(browser.script(STUMBLES), "", "{width} {scheme}");
        browser.picture(&format!("replay-{width}"));
        // The middle of 10 to 1,000 is 100.
        let (x, y) = inside(&browser, 0.5);
        browser.hover(x, y);
        let (first, _) = said(&browser);
        assert!(first.contains("room 100") && first.contains('%'), "{first}");
    }
    quiet(&browser, &file);
}
