//! A pool by itself, for studies on clusters: a run takes long enough to be interrupted.

/// The scenario.
pub const POOL: &str = r#"
title    = "A pool"
question = "How long is its queue?"
[run]
seed   = 1
length = "10s"
[fabric]
preset = "single-pool"
[fabric.pool]
servers      = 2
queue        = 100
discipline   = "fifo"
service-time = { distribution = "exponential", mean = "20ms" }
[load]
requests-per-second = 60
[invariants]
"the queue is short" = "mean(wait) < 100ms"
"#;
