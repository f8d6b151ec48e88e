//! A study as an Indexed Job of Kubernetes: its manifest, and what is read from the answers of an API server.
//!
//! Nobody is asked here: texts go in and come out. Kubernetes 1.26 is the oldest that knows all of the job:
//! `completionMode` is stable since 1.24, `podFailurePolicy` is on since 1.26
//! (<https://kubernetes.io/docs/concepts/workloads/controllers/job/>). The schemas published before 1.29 ask
//! for `onPodConditions` in each rule of that policy, which the API server does not.

mod manifest;
mod status;

pub use manifest::{Manifest, NOBODY, Pods, deletion, identity, name};
pub use status::{Counts, Seen, Stand, Wait, ended, warning};
