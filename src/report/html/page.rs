//! The shell of a page: head, style, script, and sections with their headings.

use super::plot::{Drawn, Plot};
use super::{Table, escape};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const PLOT_STYLE: &str = include_str!("vendor/uplot.min.css");
const PLOT_SCRIPT: &str = include_str!("vendor/uplot.iife.min.js");

/// Nothing is fetched, whatever stands in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:; base-uri 'none'; form-action 'none'";

/// A page under construction. It grows from its top to its end.
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    body: String,
    /// Entries of the navigation: level, place, markup.
    entries: Vec<(u8, String, String)>,
    places: BTreeSet<String>,
    drawn: Drawn,
}

impl Page {
    /// An empty page. The title is the browser's; the page's own heading is a section's.
    #[must_use]
    pub fn new(title: &str) -> Self {
        let (body, entries) = (String::new(), Vec::new());
        let (places, drawn) = (BTreeSet::new(), Drawn::default());
        Self { title: title.to_owned(), body, entries, places, drawn }
    }

    /// A section with a heading of this level, 1 to 6, and what `fill` puts into it. `place` is its
    /// name in links, of small letters, digits and dashes; one that is taken gets a number. Sections of
    /// level 2 and 3 stand in the navigation, unless their place is empty.
    pub fn section(&mut self, level: u8, place: &str, heading: &str, fill: impl FnOnce(&mut Self)) {
        let place = self.place(place);
        let heading = escape::with_code(heading);
        let _ = write!(
            self.body,
            "<section aria-labelledby=\"{place}\" class=\"l{level}\">\n\
             <h{level} id=\"{place}\">{heading}</h{level}>\n"
        );
        if (2..=3).contains(&level) {
            self.entries.push((level, place, heading));
        }
        fill(self);
        self.body.push_str("</section>\n");
    }

    /// A name for links that is not taken yet.
    fn place(&mut self, wanted: &str) -> String {
        let mut place = wanted.to_owned();
        let mut number = 2_u32;
        while !self.places.insert(place.clone()) {
            place = format!("{wanted}-{number}");
            number += 1;
        }
        place
    }

    /// Markup that the caller has escaped.
    pub fn markup(&mut self, markup: &str) {
        self.body.push_str(markup);
    }

    /// A paragraph; what stands between backticks is code.
    pub fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escape::with_code(text));
    }

    /// A command to copy.
    pub fn command(&mut self, command: &str) {
        let command = escape::text(command);
        let _ = writeln!(
            self.body,
            "<pre class=\"command\" tabindex=\"0\"><code>{command}</code></pre>"
        );
    }

    /// A table, if it has rows.
    pub fn table(&mut self, table: &Table) {
        if !table.is_empty() {
            self.body.push_str(&table.html());
        }
    }

    /// Something that is opened when it is asked for.
    pub fn details(&mut self, summary: &str, fill: impl FnOnce(&mut Self)) {
        let summary = escape::with_code(summary);
        let _ = write!(self.body, "<details><summary>{summary}</summary>\n<div>\n");
        fill(self);
        self.body.push_str("</div></details>\n");
    }

    /// Tools for the plots of a group: zoom, and what is shaded in them. Stands before them.
    pub fn tools(&mut self, group: &str) {
        let group = escape::text(group);
        let _ = writeln!(
            self.body,
            "<div class=\"tools\" data-tools=\"{group}\" role=\"toolbar\" aria-label=\"Zoom\"></div>"
        );
    }

    /// A plot, with the table behind it.
    pub fn plot(&mut self, plot: &Plot) {
        let place = self.place("plot");
        let markup = self.drawn.add(plot, &place);
        self.body.push_str(&markup);
    }

    /// The whole page.
    #[must_use]
    pub fn finish(self) -> String {
        let title = escape::text(&self.title);
        let style = format!("{PLOT_STYLE}\n{STYLE}");
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n\
             <style>\n{style}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">Skip to the result</a>\n<div class=\"frame\">\n"
        );
        if !self.entries.is_empty() {
            out.push_str("<nav aria-label=\"Sections\">\n<p class=\"brand\">squall</p>\n<ul>\n");
            for (level, place, heading) in &self.entries {
                let _ =
                    writeln!(out, "<li class=\"n{level}\"><a href=\"#{place}\">{heading}</a></li>");
            }
            out.push_str("</ul>\n</nav>\n");
        }
        let _ = write!(out, "<main id=\"main\">\n{}</main>\n</div>\n", self.body);
        if !self.drawn.is_empty() {
            let _ = write!(
                out,
                "<script type=\"application/json\" id=\"plot-data\">{}</script>\n\
                 <script>\n{PLOT_SCRIPT}</script>\n<script>\n{SCRIPT}</script>\n",
                escape::json(&self.drawn.json())
            );
        }
        out.push_str("</body>\n</html>\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_unique_and_headings_stand_in_the_navigation() {
        let mut page = Page::new("<title>");
        page.section(2, "bill", "The `bill`", |page| page.paragraph("a < b"));
        page.section(2, "bill", "Again", |page| page.command("squall run 'x'"));
        page.section(4, "deep", "Not there", |_| {});
        let html = page.finish();
        for wanted in [
            "<title>&lt;title&gt;</title>",
            "<li class=\"n2\"><a href=\"#bill\">The <code>bill</code></a></li>",
            "<h2 id=\"bill-2\">Again</h2>",
            "<p>a &lt; b</p>",
            "<code>squall run &#39;x&#39;</code>",
        ] {
            assert!(html.contains(wanted), "{wanted}\n{html}");
        }
        assert!(!html.contains("#deep\"") && !html.contains("<script"), "no plot, no script");
    }

    #[test]
    fn what_the_page_carries_ends_no_element_early() {
        for script in [SCRIPT, PLOT_SCRIPT] {
            let script = script.to_lowercase();
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        for style in [STYLE, PLOT_STYLE] {
            assert!(!style.to_lowercase().contains("</style") && !style.contains("url("));
        }
    }
}
