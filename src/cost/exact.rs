//! The exact bill's lines: list prices, and what the printed estimate leaves out.

use super::printed::{
    self, first, in_cents, name, regions, replicated_bytes, replication_working, times,
};
use super::words::{difference, price, volume};
use super::{CacheUsage, CostError, GB, Item, Line, Mark, Price, PriceArea, PriceBook, Usage};
use crate::units::Money;
use std::collections::BTreeMap;

/// What the lines are computed from.
struct Sheet<'a> {
    usage: &'a Usage,
    book: PriceBook,
    /// Where the master library is.
    home: PriceArea,
}

/// The lines of the exact bill. The usage has a primary.
pub(super) fn lines(usage: &Usage) -> Result<Vec<Line>, CostError> {
    let regions = usage.regions.len();
    let primary = usage.primary;
    let home = usage.regions.get(primary).ok_or(CostError::NoPrimary { primary, regions })?.area;
    let sheet = Sheet { usage, book: PriceBook::exact(), home };
    let [storage, replication, planes, nodes, egress] = printed::lines(usage)?;
    let started = usage.regions.iter().any(|region| region.started_nodes > 0);
    let started = started.then(|| sheet.started_nodes()).transpose()?;
    let lines = [
        sheet.storage(&storage)?,
        sheet.growth()?,
        sheet.replication(&replication)?,
        sheet.copies()?,
        sheet.control_planes(&planes)?,
        sheet.nodes(&nodes)?,
        sheet.egress(&egress)?,
        sheet.reads()?,
    ];
    let caches = usage.caches.map(|caches| sheet.caches(caches)).transpose()?;
    let connections = usage.connection_bytes.map(|bytes| sheet.connections(bytes)).transpose()?;
    Ok(lines.into_iter().chain(started).chain(caches).chain(connections).collect())
}

impl Sheet<'_> {
    fn storage(&self, printed: &Line) -> Result<Line, CostError> {
        let tiers = self.book.tiers(Item::Storage, Some(self.home));
        let bytes = self.usage.library_bytes;
        let amount = in_cents(tiered(tiers, bytes), name::STORAGE)?;
        let working = tiers_in_words(tiers, bytes);
        Ok(corrected(printed, working, amount, || {
            let doubt = tiers.first().map_or("", doubt);
            format!(
                "the list price goes by volume and by the primary's region{doubt}, where the \
                 printed one is flat."
            )
        }))
    }

    /// The first tier's price, as the correction of the brief has it; the text says what the tiers
    /// make of it.
    fn growth(&self) -> Result<Line, CostError> {
        let (before, bytes) = (self.usage.library_bytes, self.usage.upload_bytes);
        let tiers = self.book.tiers(Item::Storage, Some(self.home));
        let tier = first(&self.book, Item::Storage, Some(self.home))?;
        let base = tier.value;
        let amount = in_cents(base.times_ratio(bytes, GB), name::GROWTH)?;
        let after = before.checked_add(bytes).ok_or(CostError::Overflow(name::GROWTH))?;
        let overflow = CostError::Overflow(name::GROWTH);
        let at_margin = tiered(tiers, after).zip(tiered(tiers, before)).ok_or(overflow)?;
        let at_margin = in_cents(Some(at_margin.0 - at_margin.1), name::GROWTH)?;
        let mut why = format!(
            "not printed: the month's uploads stay in the library. Charged for a whole month{}; \
             every further month adds as much again.",
            doubt(tier)
        );
        if at_margin != amount {
            why += &format!(
                " This is the first tier's price; at the tiers that a library of {} has reached \
                 it would be {at_margin}.",
                volume(before)
            );
        }
        Ok(added(name::GROWTH, format!("{} x {}/GB", volume(bytes), price(base)), amount, why))
    }

    fn replication(&self, printed: &Line) -> Result<Line, CostError> {
        let value = first(&self.book, Item::BetweenRegions, Some(self.home))?;
        let bytes = replicated_bytes(self.usage)?;
        let amount = in_cents(value.value.times_ratio(bytes, GB), name::REPLICATION)?;
        let working = replication_working(self.usage, value.value);
        Ok(corrected(printed, working, amount, || {
            format!(
                "transfer out of {} costs {}/GB{}.",
                self.home,
                price(value.value),
                doubt(value)
            )
        }))
    }

    /// All copies at the price that holds everywhere; the text says what regional prices add.
    fn copies(&self) -> Result<Line, CostError> {
        let base = first(&self.book, Item::Storage, None)?.value;
        let bytes = replicated_bytes(self.usage)?;
        let amount = in_cents(base.times_ratio(bytes, GB), name::COPIES)?;
        let mut why = format!(
            "not printed: what is replicated is also stored. Charged for a whole month at {}/GB in \
             every region; every further month adds as much again until copies are evicted.",
            price(base)
        );
        for area in PriceArea::ALL {
            let local = first(&self.book, Item::Storage, Some(area))?;
            let copies = self.others().filter(|&other| other == area).count();
            if copies == 0 || local.value == base {
                continue;
            }
            let more = u64::try_from(copies)
                .ok()
                .and_then(|copies| self.usage.upload_bytes.checked_mul(copies))
                .and_then(|bytes| (local.value - base).times_ratio(bytes, GB));
            let more = in_cents(more, name::COPIES)?;
            let local_price = price(local.value);
            why += &format!(" {area}'s {local_price}/GB{} would add {more}.", doubt(local));
        }
        let others = self.others().count();
        let each = volume(self.usage.upload_bytes);
        let working = format!("{each} x {others} regions x {}/GB", price(base));
        Ok(added(name::COPIES, working, amount, why))
    }

    fn control_planes(&self, printed: &Line) -> Result<Line, CostError> {
        let value = first(&self.book, Item::ControlPlane, None)?.value;
        let (regions, hours) = (regions(self.usage)?, self.book.hours());
        let amount = in_cents(times(value, regions, hours), name::CONTROL_PLANES)?;
        let working = format!("{}/h x {hours} h x {regions} regions", price(value));
        Ok(corrected(printed, working, amount, || hours_differ(hours)))
    }

    fn started_nodes(&self) -> Result<Line, CostError> {
        let (hours, overflow) = (self.book.hours(), CostError::Overflow(name::STARTED));
        let (mut an_hour, mut parts) = (Money::ZERO, Vec::new());
        for region in self.usage.regions.iter().filter(|region| region.started_nodes > 0) {
            let value = first(&self.book, Item::Node, Some(region.area))?.value;
            let cost = value.times_ratio(region.started_nodes, 1_000);
            an_hour = cost.and_then(|cost| an_hour.checked_add(cost)).ok_or(overflow)?;
            let (whole, part) = (region.started_nodes / 1_000, region.started_nodes % 1_000);
            parts.push(format!("{whole}.{part:03} x {}", price(value)));
        }
        let amount = in_cents(times(an_hour, 1, hours), name::STARTED)?;
        let working = format!("{hours} h x ({})", parts.join(" + "));
        let why = "not printed: what the autoscaler has started beyond the nodes above.".to_owned();
        Ok(added(name::STARTED, working, amount, why))
    }

    fn nodes(&self, printed: &Line) -> Result<Line, CostError> {
        let hours = self.book.hours();
        let overflow = CostError::Overflow(name::NODES);
        let (mut an_hour, mut count, mut parts) = (Money::ZERO, 0_u64, Vec::new());
        for region in &self.usage.regions {
            let value = first(&self.book, Item::Node, Some(region.area))?.value;
            let cost = value.times_ratio(u64::from(region.nodes), 1);
            an_hour = cost.and_then(|cost| an_hour.checked_add(cost)).ok_or(overflow)?;
            count += u64::from(region.nodes);
            parts.push(format!("{} x {}", region.nodes, price(value)));
        }
        let amount = in_cents(times(an_hour, 1, hours), name::NODES)?;
        let flat = first(&PriceBook::as_printed(), Item::Node, None)?.value;
        let longer = in_cents(times(flat, count, hours), name::NODES)?;
        let working = format!("{hours} h x ({})", parts.join(" + "));
        Ok(corrected(printed, working, amount, || {
            let by_hours = longer - printed.amount;
            format!(
                "{} The hours make {by_hours} of it, each region's own price (from memory, to be \
                 checked, outside the United States) the rest.",
                hours_differ(hours)
            )
        }))
    }

    /// Regions of one price area share its tiers.
    fn egress(&self, printed: &Line) -> Result<Line, CostError> {
        let overflow = CostError::Overflow(name::EGRESS);
        let mut by_area = BTreeMap::new();
        for region in &self.usage.regions {
            let bytes = by_area.entry(region.area).or_insert(0_u64);
            *bytes = bytes.checked_add(region.egress_bytes).ok_or(overflow)?;
        }
        let (mut amount, mut parts) = (Money::ZERO, Vec::new());
        for (area, bytes) in by_area {
            let tiers = self.book.tiers(Item::EdgeEgress, Some(area));
            let cost = in_cents(tiered(tiers, bytes), name::EGRESS)?;
            amount = amount.checked_add(cost).ok_or(overflow)?;
            parts.push(format!("{area} {} = {cost}", volume(bytes)));
        }
        Ok(corrected(printed, parts.join("; "), amount, || {
            "the list price falls with volume in each price area, where the printed one is flat. \
             Regions of one price area share its tiers, and the free first TB is not deducted."
                .to_owned()
        }))
    }

    fn reads(&self) -> Result<Line, CostError> {
        let value = first(&self.book, Item::BetweenRegions, Some(self.home))?;
        let bytes = self.usage.cross_region_read_bytes;
        let amount = in_cents(value.value.times_ratio(bytes, GB), name::READS)?;
        let why = format!(
            "not printed: what other regions fetch from the primary pays the primary's outbound \
             price{}.",
            doubt(value)
        );
        let working = format!("{} x {}/GB", volume(bytes), price(value.value));
        Ok(added(name::READS, working, amount, why))
    }

    /// Memory by the hour and disks by the month, the same in each region.
    fn caches(&self, caches: CacheUsage) -> Result<Line, CostError> {
        let (regions, hours) = (regions(self.usage)?, self.book.hours());
        let memory = first(&self.book, Item::CacheMemory, None)?;
        let disk = first(&self.book, Item::CacheDisk, None)?;
        let a_month = kept(memory.value, caches.memory_bytes, hours)
            .zip(disk.value.times_ratio(caches.disk_bytes, GB))
            .and_then(|(memory, disk)| memory.checked_add(disk));
        let amount = a_month.and_then(|money| money.times_ratio(regions, 1));
        let amount = in_cents(amount, name::CACHES)?;
        let mut working = format!(
            "{regions} regions x ({} x {}/GB-h x {hours} h",
            volume(caches.memory_bytes),
            price(memory.value)
        );
        if caches.disk_bytes > 0 {
            working += &format!(" + {} x {}/GB", volume(caches.disk_bytes), price(disk.value));
        }
        working.push(')');
        let mut why =
            "not printed: the room of the caches, paid for whether it is full or not, at the \
                       price of the United States in every region."
                .to_owned();
        if caches.disk_bytes > 0 {
            why += &format!(" Disks are at {}/GB{}.", price(disk.value), doubt(disk));
        }
        Ok(added(name::CACHES, working, amount, why))
    }

    fn connections(&self, bytes: u64) -> Result<Line, CostError> {
        let (regions, hours) = (regions(self.usage)?, self.book.hours());
        let memory = first(&self.book, Item::DatabaseMemory, None)?;
        let amount =
            kept(memory.value, bytes, hours).and_then(|money| money.times_ratio(regions, 1));
        let amount = in_cents(amount, name::CONNECTIONS)?;
        let each = format!("{} x {}/GB-h x {hours} h", volume(bytes), price(memory.value));
        let why =
            "not printed: the memory of a database's connections, at the price of the United \
                   States in every region; its processors and its storage are not in it."
                .to_owned();
        Ok(added(name::CONNECTIONS, format!("{regions} regions x {each}"), amount, why))
    }

    /// The areas of the regions that hold copies.
    fn others(&self) -> impl Iterator<Item = PriceArea> {
        let regions = self.usage.regions.iter().enumerate();
        regions.filter(|&(index, _)| index != self.usage.primary).map(|(_, region)| region.area)
    }
}

/// A line that the printed bill has too.
fn corrected(
    printed: &Line,
    working: String,
    amount: Money,
    reason: impl FnOnce() -> String,
) -> Line {
    let why = difference(amount, printed.amount).map(|by| format!("{by}: {}", reason()));
    Line { name: printed.name, working, amount, printed: Some(printed.amount), why }
}

/// A line that the printed bill does not have.
const fn added(name: &'static str, working: String, amount: Money, why: String) -> Line {
    Line { name, working, amount, printed: None, why: Some(why) }
}

/// What so many bytes cost that are kept for so many hours, at a price for a GB and hour. `None` on
/// overflow.
fn kept(value: Money, bytes: u64, hours: u64) -> Option<Money> {
    value.times_ratio(hours, 1)?.times_ratio(bytes, GB)
}

fn hours_differ(hours: u64) -> String {
    format!("a month of a price list has {hours} h, the printed one 720 h.")
}

/// The caveat of a price that was not looked up.
fn doubt(price: &Price) -> &'static str {
    if price.mark == Mark::Memory { " (from memory, to be checked)" } else { "" }
}

/// How `bytes` fall into the tiers: each tier that is used, with its share.
fn filled(tiers: &[Price], bytes: u64) -> impl Iterator<Item = (&Price, u64)> {
    tiers.iter().scan(bytes, |rest, tier| {
        let part = tier.width.map_or(*rest, |width| width.min(*rest));
        *rest -= part;
        (part > 0).then_some((tier, part))
    })
}

/// What `bytes` cost by tiers, the last of which is open. Full tiers are whole GB, so only the last
/// part rounds. `None` on overflow.
fn tiered(tiers: &[Price], bytes: u64) -> Option<Money> {
    filled(tiers, bytes).try_fold(Money::ZERO, |sum, (tier, part)| {
        sum.checked_add(tier.value.times_ratio(part, GB)?)
    })
}

/// `50 TB x $0.023/GB + 50 TB x $0.022/GB`.
fn tiers_in_words(tiers: &[Price], bytes: u64) -> String {
    let part = |(tier, part): (&Price, u64)| format!("{} x {}/GB", volume(part), price(tier.value));
    let parts: Vec<_> = filled(tiers, bytes).map(part).collect();
    if parts.is_empty() { volume(0) } else { parts.join(" + ") }
}

#[cfg(test)]
mod tests {
    use super::super::TB;
    use super::*;

    #[test]
    fn tiers_change_at_their_boundaries_and_not_a_byte_earlier() {
        let book = PriceBook::exact();
        let tiers = book.tiers(Item::EdgeEgress, Some(PriceArea::UnitedStates));
        let cost = |bytes| tiered(tiers, bytes).unwrap();
        assert_eq!(cost(0), Money::ZERO);
        let mut boundary = 0;
        for pair in tiers.windows(2) {
            boundary += pair[0].width.unwrap();
            let (below, at, above) = (cost(boundary - GB), cost(boundary), cost(boundary + GB));
            assert_eq!(at - below, pair[0].value, "the last GB of {}", pair[0].name);
            assert_eq!(above - at, pair[1].value, "the first GB of {}", pair[1].name);
        }
        assert_eq!(boundary, 5_120 * TB);
    }

    #[test]
    fn the_tiers_take_every_byte_once() {
        let book = PriceBook::exact();
        let tiers = book.tiers(Item::Storage, None);
        for bytes in [0, 1, 50 * TB - 1, 50 * TB, 50 * TB + 1, 500 * TB, 500 * TB + 1, u64::MAX] {
            assert_eq!(filled(tiers, bytes).map(|(_, part)| part).sum::<u64>(), bytes);
        }
        assert_eq!(tiers_in_words(tiers, 0), "0 B");
        let words = "50 TB x $0.023/GB + 450 TB x $0.022/GB + 1 GB x $0.021/GB";
        assert_eq!(tiers_in_words(tiers, 500 * TB + GB), words);
    }
}
