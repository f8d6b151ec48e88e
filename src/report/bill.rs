//! A bill as text for a terminal.

use crate::cost::{Bill, Line, Mode};
use crate::units::Money;

/// The widest line that is written, in characters; a single longer word or title is not broken.
const WIDTH: usize = 100;
/// Between two columns.
const GAP: &str = "  ";

/// The bill as an aligned table with its title, amounts in US dollars and a total, ending in a line
/// break. The exact bill also shows the printed amounts, why each line differs from them, and what
/// it leaves out.
#[must_use]
pub fn text(bill: &Bill, title: &str) -> String {
    let mut out = format!("{title}\n\n");
    table(&mut out, bill);
    if bill.mode() == Mode::Exact {
        out.push_str("\nWhy a line differs from the printed bill:\n");
        for line in bill.lines() {
            if let Some(why) = &line.why {
                hang(&mut out, "  ", "    ", &format!("{}: {why}", line.name));
            }
        }
        out.push_str("\nNot in this bill:\n");
        for item in bill.omitted() {
            hang(&mut out, "  - ", "    ", item);
        }
    }
    out
}

fn table(out: &mut String, bill: &Bill) {
    let with_printed = bill.mode() == Mode::Exact;
    let total = bill.total();
    let printed_total = bill.printed_total();
    let printed = |line: &Line| line.printed.map_or_else(|| "-".to_owned(), |m| m.to_string());
    let mut rows = vec![[
        "a month, in US dollars".into(),
        "amount".into(),
        "printed".into(),
        "working".into(),
    ]];
    rows.extend(bill.lines().iter().map(|line| {
        [line.name.to_owned(), line.amount.to_string(), printed(line), line.working.clone()]
    }));
    rows.push(["total".into(), total.to_string(), printed_total.to_string(), delta(bill)]);
    let width = |column: usize| {
        rows.iter().map(|row: &[String; 4]| row[column].chars().count()).max().unwrap_or(0)
    };
    let (names, amounts, prints) = (width(0), width(1), width(2));
    let last = rows.len() - 1;
    for (index, [name, amount, print, working]) in rows.iter().enumerate() {
        let mut start = format!("{name:<names$}{GAP}{amount:>amounts$}");
        if with_printed {
            start += &format!("{GAP}{print:>prints$}");
        }
        if index == last {
            out.push_str(&"-".repeat(start.chars().count()));
            out.push('\n');
        }
        start.push_str(GAP);
        let rest = " ".repeat(start.chars().count());
        hang(out, &start, &rest, working);
    }
}

/// How far the exact total is from the printed one; empty for the printed bill.
fn delta(bill: &Bill) -> String {
    let by = bill.total() - bill.printed_total();
    match by.cmp(&Money::ZERO) {
        std::cmp::Ordering::Less => format!("{} less than printed", -by),
        std::cmp::Ordering::Equal => String::new(),
        std::cmp::Ordering::Greater => format!("{by} more than printed"),
    }
}

/// Writes `text` wrapped at blanks to [`WIDTH`] columns: the first line after `start`, the others
/// after `rest`. No line ends in a blank.
fn hang(out: &mut String, start: &str, rest: &str, text: &str) {
    let mut line = start.to_owned();
    let mut used = start.chars().count();
    let mut fresh = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && used + 1 + length > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = rest.to_owned();
            used = rest.chars().count();
            fresh = true;
        }
        if !fresh {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
        fresh = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{CacheUsage, OMITTED, Usage, bill};

    fn capstone(mode: Mode) -> String {
        text(&bill(&Usage::capstone(), mode).unwrap(), "The capstone's month")
    }

    #[test]
    fn the_printed_bill_is_a_table() {
        let expected = "\
The capstone's month

a month, in US dollars     amount  working
object storage           2,300.00  100 TB x $0.023/GB
replication egress       1,600.00  20 TB x 4 regions x $0.02/GB
control planes             360.00  $0.10/h x 720 h x 5 regions
worker nodes               979.20  $0.136/h x 720 h x 10 nodes
edge egress             40,000.00  500 TB x $0.08/GB
---------------------------------
total                   45,239.20
";
        assert_eq!(capstone(Mode::AsPrinted), expected);
    }

    #[test]
    fn the_exact_bill_shows_both_amounts_and_the_reasons() {
        let text = capstone(Mode::Exact);
        for wanted in [
            "object storage           2,250.00   2,300.00  50 TB x $0.023/GB + 50 TB x $0.022/GB\n",
            "library growth             460.00          -  20 TB x $0.023/GB\n",
            "total                   48,198.88  45,239.20  2,959.68 more than printed\n",
            "  object storage: 50.00 less: ",
            "  - transfer between zones ($0.01/GB each way)\n",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        assert_eq!(text.matches("\n  - ").count(), OMITTED.len());
        assert!(!text.contains("  replication egress: "), "it does not differ");
    }

    #[test]
    fn what_is_charged_is_not_said_to_be_left_out() {
        let caches = Some(CacheUsage { memory_bytes: 1, disk_bytes: 1 });
        let usage = Usage { caches, connection_bytes: Some(1), ..Usage::capstone() };
        let told = text(&bill(&usage, Mode::Exact).unwrap(), "All");
        assert!(capstone(Mode::Exact).contains("  - caches, node disks,"));
        assert!(!told.contains("- caches,") && told.contains("  - node disks, load balancers"));
        assert!(told.contains("  - the metadata database but for the memory of its connections\n"));
        assert_eq!(told.matches("\n  - ").count(), OMITTED.len());
    }

    #[test]
    fn no_line_is_too_wide_or_ends_in_a_blank() {
        let usage = Usage::capstone().with_egress(u64::MAX, &[3, 7, 11, 13, 17]).unwrap();
        let large = text(&bill(&usage, Mode::Exact).unwrap(), "Too much");
        for text in [capstone(Mode::AsPrinted), capstone(Mode::Exact), large] {
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
            for line in text.lines() {
                assert!(line.chars().count() <= WIDTH && line.trim_end() == line, "{line:?}");
            }
        }
    }

    #[test]
    fn wrapping_breaks_at_the_last_blank_that_fits() {
        let mut out = String::new();
        let (first, second) = ("a".repeat(49), "b".repeat(50));
        hang(&mut out, "", ".", &format!("{first} {second} c"));
        assert_eq!(out, format!("{first} {second}\n.c\n"));
        let mut out = String::new();
        hang(&mut out, "> ", ".", &"w".repeat(120));
        assert_eq!(out, format!("> {}\n", "w".repeat(120)));
    }
}
