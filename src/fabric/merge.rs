//! The next arrival of many networks: a tournament of losers.

use crate::units::Instant;

/// Which of many sequences is due next (Knuth, TAOCP 3, 5.4.1: a tree of losers). Replacing the
/// winner's time costs one comparison a level; ties go to the lower number.
#[derive(Debug)]
pub struct Merge {
    /// The winner, then the losers of the inner nodes: time in the high half, number in the low.
    nodes: Vec<u128>,
    times: Vec<Instant>,
}

const fn key(at: Instant, number: usize) -> u128 {
    (at.as_nanos() as u128) << 64 | number as u128
}

impl Merge {
    /// `count` sequences of which none is due.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let size = count.next_power_of_two();
        let mut merge = Self { nodes: vec![0; size], times: vec![Instant::NEVER; size] };
        merge.rebuild();
        merge
    }

    /// When the next is due, and which it is.
    #[inline]
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // reason: the halves of a key
    pub fn next(&self) -> (Instant, usize) {
        let winner = self.nodes[0];
        (Instant::from_nanos((winner >> 64) as u64), winner as u64 as usize)
    }

    /// The next one is taken; its sequence is due again at `at`.
    #[inline]
    pub fn replace_next(&mut self, at: Instant) {
        let (_, number) = self.next();
        self.times[number] = at;
        let mut winner = key(at, number);
        let mut node = usize::midpoint(number, self.nodes.len());
        while node > 0 {
            let loser = self.nodes[node];
            self.nodes[node] = winner.max(loser);
            winner = winner.min(loser);
            node /= 2;
        }
        self.nodes[0] = winner;
    }

    /// Sequence `number` is due at `at`. Costs a look at every sequence: for rare changes.
    pub fn set(&mut self, number: usize, at: Instant) {
        self.times[number] = at;
        self.rebuild();
    }

    /// The first sequences are due at these instants.
    pub fn set_all(&mut self, times: impl IntoIterator<Item = Instant>) {
        for (mine, time) in self.times.iter_mut().zip(times) {
            *mine = time;
        }
        self.rebuild();
    }

    fn rebuild(&mut self) {
        let size = self.nodes.len();
        let mut winners: Vec<u128> = vec![0; 2 * size];
        for (number, &at) in self.times.iter().enumerate() {
            winners[size + number] = key(at, number);
        }
        for node in (1..size).rev() {
            let (left, right) = (winners[2 * node], winners[2 * node + 1]);
            winners[node] = left.min(right);
            self.nodes[node] = left.max(right);
        }
        self.nodes[0] = winners[1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use crate::units::Span;

    #[test]
    fn it_merges_like_a_search_through_all() {
        for count in [1, 2, 3, 7, 8, 200] {
            let mut stream = Seed(4).stream("merge");
            let mut merge = Merge::new(count);
            let mut times = vec![Instant::NEVER; count];
            for (number, time) in times.iter_mut().enumerate() {
                *time = Instant::from_nanos(stream.below(50));
                merge.set(number, *time);
            }
            for step in 0..3_000 {
                let expected = (0..count).min_by_key(|&number| (times[number], number)).unwrap();
                assert_eq!(merge.next(), (times[expected], expected), "{count}, step {step}");
                let gone = stream.chance(0.001);
                let pause = Span::from_nanos(stream.below(40));
                let at = if gone { Instant::NEVER } else { times[expected].saturating_add(pause) };
                times[expected] = at;
                merge.replace_next(at);
                if stream.chance(0.02) {
                    let number = usize::try_from(stream.below(count as u64)).unwrap();
                    times[number] = Instant::from_nanos(step * 20);
                    merge.set(number, times[number]);
                }
            }
        }
    }
}
