//! What a unit costs, and where that price comes from.

use super::{PriceArea, TB};
use crate::units::Money;
use std::fmt;

/// What is bought.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Item {
    /// Bytes kept in object storage.
    Storage,
    /// Bytes sent from one region to another, at the sender's price.
    BetweenRegions,
    /// A managed Kubernetes control plane, one a region.
    ControlPlane,
    /// A worker node (c6g.xlarge, on demand).
    Node,
    /// Bytes from the edge to viewers.
    EdgeEgress,
    /// An hour of a GB (10^9 bytes) in the memory of a managed cache.
    CacheMemory,
    /// Bytes kept on a node's disks.
    CacheDisk,
    /// An hour of a GB (10^9 bytes) in the memory of a managed database.
    DatabaseMemory,
}

/// What a price is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Per {
    /// One GB (10^9 bytes) sent.
    Gigabyte,
    /// One GB (10^9 bytes) kept for a month.
    GigabyteMonth,
    /// One hour of one of them.
    Hour,
    /// One GB (10^9 bytes) kept for an hour.
    GigabyteHour,
}

/// How far a price can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// The project brief prints it.
    Brief,
    /// Seen in a public source.
    Seen,
    /// From memory, to be checked. The source text says so too.
    Memory,
}

/// One entry of a price book: one price, for one tier of volume in one area.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Price {
    /// What is bought.
    pub item: Item,
    /// Where; `None` holds in every area that has no price of its own.
    pub area: Option<PriceArea>,
    /// What the entry is called, as `edge egress, Japan, next 40 TB`.
    pub name: String,
    /// The price of one unit.
    pub value: Money,
    /// The unit.
    pub per: Per,
    /// How many bytes of a month this tier takes, after the tiers before it; `None` takes the rest.
    pub width: Option<u64>,
    /// Where the price comes from.
    pub source: &'static str,
    /// When it was seen there (ISO date), or `undated`.
    pub as_of: &'static str,
    /// How far it can be trusted.
    pub mark: Mark,
}

/// Prices, and the length of a month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriceBook {
    hours: u64,
    prices: Vec<Price>,
}

/// Where a price comes from.
#[derive(Clone, Copy)]
struct Origin {
    source: &'static str,
    as_of: &'static str,
    mark: Mark,
}

const BRIEF: Origin =
    Origin { source: "the brief, section 5.A", as_of: "undated", mark: Mark::Brief };
const BRIEF_TRANSFER: Origin =
    Origin { source: "the brief, section 3.C", as_of: "undated", mark: Mark::Brief };
const CONTROL_PLANE: Origin = Origin {
    source: "Amazon EKS price page, standard support",
    as_of: "undated",
    mark: Mark::Seen,
};
const S3: Origin = Origin {
    source: "Amazon S3 Standard price list for us-east-1, as copied in a public gist",
    as_of: "2022-07-07",
    mark: Mark::Seen,
};
const CLOUDFRONT: Origin = Origin {
    source: "CloudFront price page, regional data transfer out to internet",
    as_of: "undated",
    mark: Mark::Seen,
};
const S3_MEMORY: Origin = Origin {
    source: "Amazon S3 Standard price list for sa-east-1, from memory, to be checked",
    as_of: "undated",
    mark: Mark::Memory,
};
const NODE_MEMORY: Origin = Origin {
    source: "Amazon EC2 on-demand price list, from memory, to be checked",
    as_of: "undated",
    mark: Mark::Memory,
};
const TRANSFER_MEMORY: Origin = Origin {
    source: "Amazon EC2 data transfer price list, from memory, to be checked",
    as_of: "undated",
    mark: Mark::Memory,
};

const CACHE_MEMORY: Origin = Origin {
    source: "Amazon ElastiCache Serverless (Redis OSS, Memcached), data stored in us-east-1, as quoted in \
             gomomento.com's \"A look into ElastiCache Serverless pricing\"",
    as_of: "2024-02-21",
    mark: Mark::Seen,
};
const DISK_MEMORY: Origin = Origin {
    source: "Amazon EBS price list, gp3 in us-east-1, from memory, to be checked",
    as_of: "undated",
    mark: Mark::Memory,
};
const DATABASE_MEMORY: Origin = Origin {
    source: "Amazon Aurora price page, Serverless v2: $0.12 for an hour of a capacity unit, which has 2 GiB",
    as_of: "undated",
    mark: Mark::Seen,
};

/// Edge egress in millionths of a dollar a GB, one column a tier of [`EDGE_TIERS`].
const EDGE: [(PriceArea, [i64; 7]); 5] = [
    (PriceArea::UnitedStates, [85_000, 80_000, 60_000, 40_000, 30_000, 25_000, 20_000]),
    (PriceArea::Europe, [85_000, 80_000, 60_000, 40_000, 30_000, 25_000, 20_000]),
    (PriceArea::Japan, [114_000, 89_000, 86_000, 84_000, 80_000, 70_000, 60_000]),
    (PriceArea::Singapore, [120_000, 100_000, 95_000, 90_000, 80_000, 70_000, 60_000]),
    (PriceArea::SouthAmerica, [110_000, 105_000, 90_000, 80_000, 60_000, 50_000, 40_000]),
];
/// The tiers of edge egress. The price page counts the sixth as 4 PB and ends the others at 1 PB
/// (10 + 40 + 100 + 350 + 524 = 1,024 TB), so its PB has 1,024 TB.
const EDGE_TIERS: [Option<u64>; 7] = [
    Some(10 * TB),
    Some(40 * TB),
    Some(100 * TB),
    Some(350 * TB),
    Some(524 * TB),
    Some(4_096 * TB),
    None,
];
/// The tiers of object storage, with their prices in millionths of a dollar a GB and month.
const STORAGE: [(Option<u64>, i64); 3] =
    [(Some(50 * TB), 23_000), (Some(450 * TB), 22_000), (None, 21_000)];

impl PriceBook {
    /// The brief's flat prices (section 5.A) and its month of 30 days, 720 hours.
    #[must_use]
    pub fn as_printed() -> Self {
        let mut book = Self { hours: 720, prices: Vec::new() };
        for (item, micros) in [
            (Item::Storage, 23_000),
            (Item::BetweenRegions, 20_000),
            (Item::ControlPlane, 100_000),
            (Item::Node, 136_000),
            (Item::EdgeEgress, 80_000),
        ] {
            book.add(item, None, &[(None, micros)], BRIEF);
        }
        book
    }

    /// List prices: tiered storage, edge egress by tier and area, nodes and transfer between
    /// regions by area, and the 730 hours (8,760 / 12) that price lists take for a month.
    ///
    /// An area's node and transfer prices are those of the fabric's region there (us-east-1,
    /// eu-central-1, ap-northeast-1, ap-southeast-1, sa-east-1).
    #[must_use]
    pub fn exact() -> Self {
        use PriceArea::{Europe, Japan, Singapore, SouthAmerica, UnitedStates};
        let mut book = Self { hours: 730, prices: Vec::new() };
        book.add(Item::Storage, None, &STORAGE, S3);
        book.add(Item::Storage, Some(SouthAmerica), &[(None, 40_500)], S3_MEMORY);
        for (area, micros, origin) in [
            (UnitedStates, 20_000, BRIEF_TRANSFER),
            (Europe, 20_000, TRANSFER_MEMORY),
            (Japan, 90_000, TRANSFER_MEMORY),
            (Singapore, 90_000, TRANSFER_MEMORY),
            (SouthAmerica, 138_000, TRANSFER_MEMORY),
        ] {
            book.add(Item::BetweenRegions, Some(area), &[(None, micros)], origin);
        }
        book.add(Item::ControlPlane, None, &[(None, 100_000)], CONTROL_PLANE);
        for (area, micros, origin) in [
            (UnitedStates, 136_000, BRIEF),
            (Europe, 155_000, NODE_MEMORY),
            (Japan, 171_000, NODE_MEMORY),
            (Singapore, 157_000, NODE_MEMORY),
            (SouthAmerica, 209_000, NODE_MEMORY),
        ] {
            book.add(Item::Node, Some(area), &[(None, micros)], origin);
        }
        for (item, micros, origin) in [
            (Item::CacheMemory, 125_000, CACHE_MEMORY),
            (Item::CacheDisk, 80_000, DISK_MEMORY),
            // 0.12 / (2 x 1.073741824) for 10^9 bytes.
            (Item::DatabaseMemory, 55_879, DATABASE_MEMORY),
        ] {
            book.add(item, None, &[(None, micros)], origin);
        }
        for (area, row) in EDGE {
            let tiers: Vec<_> = EDGE_TIERS.into_iter().zip(row).collect();
            book.add(Item::EdgeEgress, Some(area), &tiers, CLOUDFRONT);
        }
        book
    }

    /// Hours in this book's month.
    #[must_use]
    pub const fn hours(&self) -> u64 {
        self.hours
    }

    /// Every entry; the tiers of one item and area stand together, lowest volume first.
    #[must_use]
    pub fn prices(&self) -> &[Price] {
        &self.prices
    }

    /// The tiers of an item in an area, lowest volume first: the area's own, or else those that
    /// hold everywhere. `area` `None` asks for the latter. Empty when the book has no such price.
    #[must_use]
    pub fn tiers(&self, item: Item, area: Option<PriceArea>) -> &[Price] {
        let of = |wanted: Option<PriceArea>| {
            self.prices
                .chunk_by(|a, b| (a.item, a.area) == (b.item, b.area))
                .find(|tiers| tiers.iter().all(|p| p.item == item && p.area == wanted))
        };
        area.and_then(|_| of(area)).or_else(|| of(None)).unwrap_or_default()
    }

    fn add(
        &mut self,
        item: Item,
        area: Option<PriceArea>,
        tiers: &[(Option<u64>, i64)],
        origin: Origin,
    ) {
        for (index, &(width, micros)) in tiers.iter().enumerate() {
            let place = area.map(|area| format!(", {area}")).unwrap_or_default();
            let tier = match width {
                Some(bytes) if index == 0 => format!(", first {} TB", bytes / TB),
                Some(bytes) => format!(", next {} TB", bytes / TB),
                None if index == 0 => String::new(),
                None => ", above that".to_owned(),
            };
            self.prices.push(Price {
                item,
                area,
                name: format!("{item}{place}{tier}"),
                value: Money::from_micros(micros),
                per: item.per(),
                width,
                source: origin.source,
                as_of: origin.as_of,
                mark: origin.mark,
            });
        }
    }
}

impl Item {
    const fn per(self) -> Per {
        match self {
            Self::Storage | Self::CacheDisk => Per::GigabyteMonth,
            Self::BetweenRegions | Self::EdgeEgress => Per::Gigabyte,
            Self::ControlPlane | Self::Node => Per::Hour,
            Self::CacheMemory | Self::DatabaseMemory => Per::GigabyteHour,
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Storage => "object storage",
            Self::BetweenRegions => "transfer between regions",
            Self::ControlPlane => "control plane",
            Self::Node => "worker node",
            Self::EdgeEgress => "edge egress",
            Self::CacheMemory => "cache memory",
            Self::CacheDisk => "cache disk",
            Self::DatabaseMemory => "database memory",
        })
    }
}

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Gigabyte => "GB",
            Self::GigabyteMonth => "GB and month",
            Self::Hour => "h",
            Self::GigabyteHour => "GB and h",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const ITEMS: [Item; 5] =
        [Item::Storage, Item::BetweenRegions, Item::ControlPlane, Item::Node, Item::EdgeEgress];

    #[test]
    fn both_books_price_everything_everywhere() {
        for book in [PriceBook::as_printed(), PriceBook::exact()] {
            for item in ITEMS {
                for area in PriceArea::ALL {
                    let (last, before) = book.tiers(item, Some(area)).split_last().unwrap();
                    assert_eq!(last.width, None, "{item} in {area} has a price for the rest");
                    assert!(before.iter().all(|price| price.width.is_some_and(|bytes| bytes > 0)));
                    assert!(last.value > Money::ZERO);
                }
            }
        }
    }

    #[test]
    fn list_prices_never_rise_with_volume() {
        let book = PriceBook::exact();
        for item in ITEMS {
            for area in PriceArea::ALL {
                let tiers = book.tiers(item, Some(area));
                assert!(tiers.is_sorted_by(|a, b| a.value > b.value), "{item} in {area}");
            }
        }
    }

    #[test]
    fn an_area_takes_its_own_price_before_the_general_one() {
        let book = PriceBook::exact();
        let values = |item, area| -> Vec<i64> {
            book.tiers(item, area).iter().map(|price| price.value.as_micros()).collect()
        };
        assert_eq!(values(Item::Storage, Some(PriceArea::SouthAmerica)), [40_500]);
        assert_eq!(values(Item::Storage, Some(PriceArea::Japan)), [23_000, 22_000, 21_000]);
        assert_eq!(values(Item::Storage, None), [23_000, 22_000, 21_000]);
        assert_eq!(values(Item::Node, Some(PriceArea::SouthAmerica)), [209_000]);
        assert_eq!(values(Item::Node, None), [0_i64; 0]);
        assert_eq!(values(Item::EdgeEgress, Some(PriceArea::Singapore))[..2], [120_000, 100_000]);
    }

    #[test]
    fn tiers_say_how_much_they_are_of() {
        let book = PriceBook::exact();
        let names = |item| -> Vec<&str> {
            book.tiers(item, Some(PriceArea::Japan))
                .iter()
                .map(|price| price.name.as_str())
                .collect()
        };
        let edge = names(Item::EdgeEgress);
        let ends = [", first 10 TB", ", next 40 TB", ", next 100 TB"];
        assert!(edge.iter().zip(ends).all(|(name, end)| name.ends_with(end)), "{edge:?}");
        assert!(edge[6].ends_with(", above that"), "{edge:?}");
        assert!(!names(Item::Node)[0].contains("above"), "{:?}", names(Item::Node));
    }

    #[test]
    fn the_first_five_edge_tiers_make_one_binary_petabyte() {
        let bytes: u64 = EDGE_TIERS.iter().take(5).flatten().sum();
        assert_eq!(bytes, 1_024 * TB);
    }

    #[test]
    fn every_price_says_where_it_comes_from_and_memory_is_confessed() {
        for book in [PriceBook::as_printed(), PriceBook::exact()] {
            let names: BTreeSet<_> = book.prices().iter().map(|price| &price.name).collect();
            assert_eq!(names.len(), book.prices().len(), "names are unique");
            for price in book.prices() {
                assert!(!price.source.is_empty() && !price.as_of.is_empty());
                let confessed = price.source.contains("from memory, to be checked");
                assert_eq!(confessed, price.mark == Mark::Memory, "{}", price.name);
            }
        }
        let memory = PriceBook::exact().prices().iter().filter(|p| p.mark == Mark::Memory).count();
        assert_eq!(memory, 10, "four nodes, four transfers, one storage price, the disks");
    }

    #[test]
    fn entries_are_named_by_item_area_and_tier() {
        let book = PriceBook::exact();
        let named = |name: &str| book.prices().iter().find(|price| price.name == name).unwrap();
        assert_eq!(named("edge egress, Japan, next 40 TB").value.as_micros(), 89_000);
        assert_eq!(named("object storage, above that").value.as_micros(), 21_000);
        assert_eq!(named("worker node, Europe").per, Per::Hour);
        assert_eq!(named("cache memory").per, Per::GigabyteHour);
        assert_eq!(named("cache disk").per, Per::GigabyteMonth);
        assert_eq!(PriceBook::as_printed().prices()[0].name, "object storage");
    }
}
