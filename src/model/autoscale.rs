//! How many pods the manifest service has, and who says so.

use crate::units::Span;

/// Kubernetes' horizontal pod autoscaler (`autoscaling/v2`), and the nodes on which its pods find room.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AutoscaleRules {
    /// What is looked at, and what it is to be for each pod.
    pub target: ScaleTarget,
    /// The fewest pods, at least 1.
    pub min: u32,
    /// The most pods.
    pub max: u32,
    /// How often it looks (15 s).
    pub every: Span,
    /// How far from the target is near enough, as a share of it (10 %).
    pub tolerance: f64,
    /// How old what it sees is (15 to 60 s where metrics are scraped and averaged).
    pub age: Span,
    /// How it adds pods.
    pub up: ScalePace,
    /// How it takes pods away.
    pub down: ScalePace,
    /// Pods that a node has room for, at least 1.
    pub pods_per_node: u32,
    /// What a new node takes before pods can start on it.
    pub node_start: Span,
}

/// What an autoscaler looks at: the mean of a metric over ready pods, and its target.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ScaleTarget {
    /// Calls inside, those that wait included, as a share of the slots.
    Saturation(f64),
    /// Processor time used, as a share of what pods request.
    Cpu(f64),
    /// Calls a second for each pod.
    Requests(f64),
}

impl ScaleTarget {
    /// The target itself.
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Saturation(target) | Self::Cpu(target) | Self::Requests(target) => target,
        }
    }
}

/// How fast pods come or go: the larger of a number and a share of those that were there a period ago.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ScalePace {
    /// The most cautious of the recommendations of this time counts.
    pub window: Span,
    /// Pods in a period.
    pub pods: u32,
    /// A share of the pods in a period.
    pub share: f64,
    /// The period.
    pub period: Span,
}

impl ScalePace {
    /// Kubernetes' default for more pods: at once, four or as many again each 15 s.
    pub const UP: Self =
        Self { window: Span::ZERO, pods: 4, share: 1.0, period: Span::from_secs(15) };
    /// Kubernetes' default for fewer pods: what has been too many for five minutes goes, all of it.
    pub const DOWN: Self =
        Self { window: Span::from_secs(300), pods: 0, share: 1.0, period: Span::from_secs(15) };
}
