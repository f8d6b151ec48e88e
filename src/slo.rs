//! Service level objectives: what an outage costs of a month's error budget, and when it would page.

pub mod alert;

use crate::units::{Span, count_to_f64};

/// The month of the brief and of most error budgets: thirty days.
pub const MONTH: Span = Span::from_secs(30 * 86_400);

/// The share of a month's error budget that a run spends: bad requests of the run over the bad
/// requests that the objective allows in a month at the run's rate (Google, The Site Reliability
/// Workbook, chapter 5). 1 is all of it; `None` when nothing was measured or the objective allows
/// no failure at all.
///
/// `objective` is the share of requests that must be good, in billionths: 999,900,000 is 99.99 %.
#[must_use]
pub fn error_budget_spent(bad: u64, all: u64, run: Span, objective: u64) -> Option<f64> {
    let allowed = 1_000_000_000_u64.checked_sub(objective).filter(|&allowed| allowed > 0)?;
    if all == 0 || run == Span::ZERO {
        return None;
    }
    let bad_share = count_to_f64(bad) / count_to_f64(all);
    let of_month = run.as_secs_f64() / MONTH.as_secs_f64();
    Some(bad_share * of_month / (count_to_f64(allowed) / 1e9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_minutes_of_total_loss_spend_a_month_at_four_nines() {
        // 0.01 % of thirty days are 259.2 s.
        let run = Span::from_millis(259_200);
        let spent = error_budget_spent(1_000, 1_000, run, 999_900_000).unwrap();
        assert!((spent - 1.0).abs() < 1e-12, "{spent}");
        let half = error_budget_spent(500, 1_000, run, 999_900_000).unwrap();
        assert!((half - 0.5).abs() < 1e-12, "{half}");
    }

    #[test]
    fn what_was_not_measured_spends_nothing_that_is_known() {
        assert_eq!(error_budget_spent(0, 0, MONTH, 999_900_000), None);
        assert_eq!(error_budget_spent(0, 5, Span::ZERO, 999_900_000), None);
        assert_eq!(error_budget_spent(0, 5, MONTH, 1_000_000_000), None);
        assert_eq!(error_budget_spent(0, 5, MONTH, 2_000_000_000), None);
        assert_eq!(error_budget_spent(0, 5, MONTH, 999_000_000), Some(0.0));
    }
}
