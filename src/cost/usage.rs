//! What one month of the fabric uses.

use super::{CostError, TB};
use std::fmt;

/// The areas that a content delivery network's price list tells apart, as far as the fabric has
/// regions in them (CloudFront price page).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PriceArea {
    /// United States, Mexico and Canada.
    UnitedStates,
    /// Europe, Israel and Turkey.
    Europe,
    /// Japan.
    Japan,
    /// Hong Kong, Indonesia, the Philippines, Singapore, South Korea, Taiwan, Thailand, Malaysia
    /// and Vietnam, by the name of the fabric's region there.
    Singapore,
    /// South America.
    SouthAmerica,
}

impl PriceArea {
    /// Every area, in the order of the type.
    pub const ALL: [Self; 5] =
        [Self::UnitedStates, Self::Europe, Self::Japan, Self::Singapore, Self::SouthAmerica];

    /// The area of a region by its AWS-style name: `us-*`, `eu-*`, `ap-northeast-*`,
    /// `ap-southeast-*` and `sa-*`. `None` for any other name.
    ///
    /// `ap-northeast-2` (Seoul) is priced with Singapore, as on the price page. The regions of
    /// Australia and New Zealand (`ap-southeast-2`, `-4`, `-6`) have a price area of their own that
    /// is not modelled; Singapore's stands in for it.
    #[must_use]
    pub fn of(region: &str) -> Option<Self> {
        const PREFIXES: [(&str, PriceArea); 6] = [
            ("us-", PriceArea::UnitedStates),
            ("eu-", PriceArea::Europe),
            ("ap-northeast-2", PriceArea::Singapore),
            ("ap-northeast-", PriceArea::Japan),
            ("ap-southeast-", PriceArea::Singapore),
            ("sa-", PriceArea::SouthAmerica),
        ];
        let of_prefix = |prefix| region.strip_prefix(prefix).is_some();
        let bare = region.ends_with('-');
        PREFIXES.iter().find(|(prefix, _)| of_prefix(*prefix) && !bare).map(|&(_, area)| area)
    }
}

impl fmt::Display for PriceArea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::UnitedStates => "United States",
            Self::Europe => "Europe",
            Self::Japan => "Japan",
            Self::Singapore => "Singapore",
            Self::SouthAmerica => "South America",
        })
    }
}

/// What one region uses in a month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegionUsage {
    /// The region's name, as `eu-central-1`.
    pub name: String,
    /// Whose prices hold there.
    pub area: PriceArea,
    /// Worker nodes that run the whole month.
    pub nodes: u32,
    /// Nodes that an autoscaler has started beyond these, in thousandths of a node that runs the whole
    /// month. The brief's estimate has no line for them, so only the exact bill charges them.
    pub started_nodes: u64,
    /// Bytes a month from the edge to viewers.
    pub egress_bytes: u64,
}

/// What one month of the fabric uses. Plain data: a bill is a function of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Usage {
    /// Bytes of the master library at the beginning of the month.
    pub library_bytes: u64,
    /// Bytes of new videos in the month; each goes to every region but the primary.
    pub upload_bytes: u64,
    /// The regions. Each has one cluster.
    pub regions: Vec<RegionUsage>,
    /// Index in `regions` of the one that holds the master library.
    pub primary: usize,
    /// Bytes a month that other regions read from the primary over the wide area. The brief's
    /// estimate has no line for them, so only the exact bill charges them.
    pub cross_region_read_bytes: u64,
    /// The caches of each region, where they are paid for. The brief's estimate has no line for them, so
    /// only the exact bill charges them.
    pub caches: Option<CacheUsage>,
    /// Bytes of memory that the connections of each region's database take, where they are paid for; only
    /// the exact bill charges them.
    pub connection_bytes: Option<u64>,
}

/// The room of one region's caches, which is paid for whether it is full or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CacheUsage {
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of disks.
    pub disk_bytes: u64,
}

impl Usage {
    /// The brief's capstone (section 5.A): a library of 100 TB in us-east-1, 20 TB of uploads, two
    /// nodes in each of five regions and 500 TB to viewers. The brief does not split the 500 TB;
    /// here they go 30, 25, 20, 10 and 15 % to us-east-1, eu-central-1, ap-northeast-1, sa-east-1
    /// and ap-southeast-1. No cross-region reads.
    #[must_use]
    pub fn capstone() -> Self {
        const REGIONS: [(&str, PriceArea, u64); 5] = [
            ("us-east-1", PriceArea::UnitedStates, 150 * TB),
            ("eu-central-1", PriceArea::Europe, 125 * TB),
            ("ap-northeast-1", PriceArea::Japan, 100 * TB),
            ("sa-east-1", PriceArea::SouthAmerica, 50 * TB),
            ("ap-southeast-1", PriceArea::Singapore, 75 * TB),
        ];
        let regions = REGIONS
            .iter()
            .map(|&(name, area, egress_bytes)| RegionUsage {
                name: name.to_owned(),
                area,
                nodes: 2,
                started_nodes: 0,
                egress_bytes,
            })
            .collect();
        Self {
            library_bytes: 100 * TB,
            upload_bytes: 20 * TB,
            regions,
            primary: 0,
            cross_region_read_bytes: 0,
            caches: None,
            connection_bytes: None,
        }
    }

    /// The same usage with `total_bytes` a month to viewers, split by one weight a region in the
    /// order of `regions`. The parts sum to the total exactly (see [`apportion`]).
    ///
    /// # Errors
    /// [`CostError::Weights`] when there is not one weight a region or they are all zero.
    pub fn with_egress(mut self, total_bytes: u64, weights: &[u64]) -> Result<Self, CostError> {
        let bad = CostError::Weights { regions: self.regions.len(), weights: weights.len() };
        if weights.len() != self.regions.len() {
            return Err(bad);
        }
        let parts = apportion(total_bytes, weights).ok_or(bad)?;
        for (region, part) in self.regions.iter_mut().zip(parts) {
            region.egress_bytes = part;
        }
        Ok(self)
    }
}

/// Splits `total` in proportion to `weights` by the method of the largest remainder (Hamilton):
/// every part is its exact share rounded down or up, and the parts sum to `total`. Equal remainders
/// go to the earlier part; a weight of zero gets nothing. `None` when the weights sum to zero.
#[must_use]
pub fn apportion(total: u64, weights: &[u64]) -> Option<Vec<u64>> {
    let whole: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if whole == 0 {
        return None;
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, &weight) in weights.iter().enumerate() {
        let product = u128::from(total) * u128::from(weight);
        parts.push(u64::try_from(product / whole).ok()?);
        remainders.push((std::cmp::Reverse(product % whole), index));
    }
    remainders.sort_unstable();
    let left = total - parts.iter().sum::<u64>();
    // The remainders sum to `left` times the whole, so fewer parts than there are get one more.
    for &(_, index) in remainders.iter().take(usize::try_from(left).ok()?) {
        parts[index] += 1;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_follow_the_names() {
        for (name, area) in [
            ("us-east-1", Some(PriceArea::UnitedStates)),
            ("us-west-2", Some(PriceArea::UnitedStates)),
            ("eu-central-1", Some(PriceArea::Europe)),
            ("ap-northeast-1", Some(PriceArea::Japan)),
            ("ap-northeast-2", Some(PriceArea::Singapore)),
            ("ap-northeast-3", Some(PriceArea::Japan)),
            ("ap-southeast-1", Some(PriceArea::Singapore)),
            ("sa-east-1", Some(PriceArea::SouthAmerica)),
            ("ap-south-1", None),
            ("af-south-1", None),
            ("useast1", None),
            ("us-", None),
            ("US-EAST-1", None),
            ("", None),
        ] {
            assert_eq!(PriceArea::of(name), area, "{name}");
        }
        for region in Usage::capstone().regions {
            assert_eq!(PriceArea::of(&region.name), Some(region.area));
        }
    }

    #[test]
    fn the_capstone_is_its_own_split() {
        let split = Usage::capstone().with_egress(500 * TB, &[30, 25, 20, 10, 15]).unwrap();
        assert_eq!(split, Usage::capstone());
    }

    #[test]
    fn splits_sum_exactly_and_stay_within_one_of_the_share() {
        let sets: [&[u64]; 7] = [
            &[1],
            &[1, 1, 1],
            &[30, 25, 20, 10, 15],
            &[0, 7, 0, 11, 13],
            &[u64::MAX, 1, u64::MAX - 1],
            &[1_000_003, 999_983, 17],
            &[3; 97],
        ];
        let near_the_end = (u64::MAX - 200)..=u64::MAX;
        for total in (0..2_000).chain(near_the_end).chain([500 * TB, 500 * TB + 1]) {
            for weights in sets {
                let parts = apportion(total, weights).unwrap();
                let sum: u128 = parts.iter().map(|&part| u128::from(part)).sum();
                assert_eq!(sum, u128::from(total), "{total} by {weights:?}");
                let whole: u128 = weights.iter().map(|&w| u128::from(w)).sum();
                for (&part, &weight) in parts.iter().zip(weights) {
                    let floor = u128::from(total) * u128::from(weight) / whole;
                    assert!(u128::from(part) - floor <= u128::from(weight > 0), "{total}");
                }
            }
        }
    }

    #[test]
    fn the_largest_remainder_goes_first_and_ties_to_the_earlier() {
        assert_eq!(apportion(10, &[1, 1, 1]), Some(vec![4, 3, 3]));
        assert_eq!(apportion(11, &[1, 1, 1]), Some(vec![4, 4, 3]));
        // Shares 1.4, 2.8, 2.8: the second and the third have the larger remainders.
        assert_eq!(apportion(7, &[1, 2, 2]), Some(vec![1, 3, 3]));
    }

    #[test]
    fn weights_that_cannot_split_are_an_error() {
        assert_eq!(apportion(5, &[]), None);
        assert_eq!(apportion(5, &[0, 0]), None);
        for weights in [&[1, 2][..], &[0; 5]] {
            let error = Usage::capstone().with_egress(TB, weights).unwrap_err();
            assert_eq!(error, CostError::Weights { regions: 5, weights: weights.len() });
        }
    }
}
