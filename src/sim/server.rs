//! What serves calls: slots, queues, pods, processors, memory, and what changes their number.

pub mod autoscale;
pub mod cpu;
pub mod memory;
pub mod pods;
pub mod pool;
pub mod processor_sharing;
pub mod queue_audit;
pub mod slot_classes;
pub mod slowdown;
pub mod virtual_time;
