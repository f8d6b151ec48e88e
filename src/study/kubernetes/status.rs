//! What an API server says of a job and its pods, in words.

use super::super::Shards;
use super::manifest::{ANNOTATION, CONTAINER, LIST, MANAGER};
use serde_json::Value;

/// How a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stand {
    /// It goes on.
    Running,
    /// All its parts are made.
    Complete,
    /// It was given up.
    Failed,
}

/// Pods of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// They have made their parts.
    pub done: u64,
    /// They wait or work.
    pub active: u64,
    /// They have failed; others took their places.
    pub failed: u64,
}

/// Why work does not begin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// In words.
    pub why: String,
    /// The kind of reason, the same for all pods that wait for the same.
    pub kind: String,
    /// Whether it stays so until somebody names another image.
    pub hopeless: bool,
    /// Whether the image is what is missing: that hardly passes by itself.
    pub is_image: bool,
}

/// An object, or a list of them, as an API server prints it.
#[derive(Clone, Debug)]
pub struct Seen(Value);

impl Seen {
    /// Reads what was printed; `None` when that is nothing.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn parse(printed: &[u8]) -> Result<Option<Self>, String> {
        if printed.trim_ascii().is_empty() {
            return Ok(None);
        }
        let read = serde_json::from_slice(printed);
        read.map(|value| Some(Self(value))).map_err(|error| format!("this is no JSON: {error}"))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        text(&self.0, "/metadata/name")
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        text(&self.0, "/metadata/namespace")
    }

    /// What no other object ever is called.
    #[must_use]
    pub fn uid(&self) -> &str {
        text(&self.0, "/metadata/uid")
    }

    /// Whether it is on its way out.
    #[must_use]
    pub fn is_being_deleted(&self) -> bool {
        !text(&self.0, "/metadata/deletionTimestamp").is_empty()
    }

    /// The objects of a list.
    #[must_use]
    pub fn items(self) -> Vec<Self> {
        let Self(mut list) = self;
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items.into_iter().map(Self).collect(),
            _ => Vec::new(),
        }
    }

    /// Of a claim: whether pods on many nodes may write to it.
    #[must_use]
    pub fn is_for_many(&self) -> bool {
        list(&self.0, "/spec/accessModes").iter().any(|mode| mode == "ReadWriteMany")
    }

    /// Of a job: how it stands.
    #[must_use]
    pub fn stand(&self) -> Stand {
        if condition(&self.0, "Complete").is_some() {
            Stand::Complete
        } else if condition(&self.0, "Failed").is_some() {
            Stand::Failed
        } else {
            Stand::Running
        }
    }

    /// Of a job: why it was given up.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        condition(&self.0, "Failed").map(|one| told(text(one, "/reason"), text(one, "/message")))
    }

    /// Of a job: whether it makes the study of this identity.
    #[must_use]
    pub fn is_of(&self, identity: &str) -> bool {
        self.0["metadata"]["annotations"].get(ANNOTATION).and_then(Value::as_str) == Some(identity)
    }

    /// Of a job: whether this program has created it.
    #[must_use]
    pub fn is_managed(&self) -> bool {
        let label = self.0["metadata"]["labels"].get("app.kubernetes.io/managed-by");
        label.and_then(Value::as_str) == Some(MANAGER)
    }

    /// Of a job: how many pods must succeed.
    #[must_use]
    pub fn completions(&self) -> u64 {
        count(&self.0, "/spec/completions")
    }

    /// Of a job: its pods.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let number = |name: &str| count(&self.0, &format!("/status/{name}"));
        Counts { done: number("succeeded"), active: number("active"), failed: number("failed") }
    }

    /// Of a job: which parts it makes, as its command says it.
    #[must_use]
    pub fn shards(&self) -> Option<Shards> {
        let container = named(list(&self.0, "/spec/template/spec/containers"))?;
        let mut words = list(container, "/args").iter().filter_map(Value::as_str);
        words.find(|word| *word == LIST)?;
        Shards::parse(words.next()?).ok()
    }

    /// Of a pod: why it does not begin; `None` when it has begun, or only needs a moment.
    #[must_use]
    pub fn waiting(&self) -> Option<Wait> {
        let name = self.name();
        let scheduled = list(&self.0, "/status/conditions")
            .iter()
            .find(|one| text(one, "/type") == "PodScheduled" && text(one, "/status") == "False");
        if let Some(one) = scheduled {
            let (reason, message) = (text(one, "/reason"), text(one, "/message"));
            let why = format!("pod {name} has no node: {}", told(reason, message));
            let kind = reason.to_owned();
            return Some(Wait { why, kind, hopeless: false, is_image: false });
        }
        let state = self.container()?.pointer("/state/waiting")?;
        let (reason, message) = (text(state, "/reason"), text(state, "/message"));
        if matches!(reason, "" | "ContainerCreating" | "PodInitializing") {
            return None;
        }
        let hopeless = matches!(reason, "InvalidImageName" | "ErrImageNeverPull");
        let is_image = hopeless || matches!(reason, "ErrImagePull" | "ImagePullBackOff");
        let image = text(named(list(&self.0, "/spec/containers"))?, "/image");
        let what =
            if is_image { format!("has no image {image}") } else { "does not begin".to_owned() };
        let why = format!("pod {name} {what}: {}", told(reason, message));
        Some(Wait { why, kind: reason.to_owned(), hopeless, is_image })
    }

    /// Of a pod: its container's status.
    fn container(&self) -> Option<&Value> {
        named(list(&self.0, "/status/containerStatuses"))
    }

    /// Of a pod: the place in the job's count that it works at.
    fn place(&self) -> Option<u64> {
        let annotations = self.0.pointer("/metadata/annotations")?;
        annotations.get("batch.kubernetes.io/job-completion-index")?.as_str()?.parse().ok()
    }
}

/// A text somewhere in an object; empty when it is not there.
fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The same for a list.
fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The same for a number.
fn count(object: &Value, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// Our container among those of a pod, to which a cluster may add others.
fn named(containers: &[Value]) -> Option<&Value> {
    containers.iter().find(|one| text(one, "/name") == CONTAINER)
}

/// A condition that is true, by its type.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|one| text(one, "/type") == kind && text(one, "/status") == "True")
}

/// What ended the last of the pods at a place, or of all when none failed there: its name, why, and the last
/// lines that it wrote, each with two blanks before it.
#[must_use]
pub fn ended(pods: &[Seen], place: Option<u64>) -> Option<String> {
    let failed = |pod: &&Seen| text(&pod.0, "/status/phase") == "Failed";
    let here = |pod: &&Seen| pod.place().is_some() && pod.place() == place;
    let made = |pod: &&Seen| text(&pod.0, "/metadata/creationTimestamp").to_owned();
    let last = pods.iter().filter(failed).filter(here).max_by_key(made);
    let pod = last.or_else(|| pods.iter().filter(failed).max_by_key(made))?;
    let name = pod.name();
    let Some(state) = pod.container().and_then(|one| one.pointer("/state/terminated")) else {
        let told = told(text(&pod.0, "/status/reason"), text(&pod.0, "/status/message"));
        return Some(format!("  pod {name}: {told}\n"));
    };
    let (code, reason) = (count(state, "/exitCode"), text(state, "/reason"));
    let mut lines = format!("  pod {name} ended with exit code {code} ({reason})\n");
    for line in text(state, "/message").lines().rev().take(5).collect::<Vec<_>>().iter().rev() {
        lines += &format!("  {line}\n");
    }
    Some(lines)
}

/// The kind and the words of the last of these events.
#[must_use]
pub fn warning(events: &[Seen]) -> Option<(String, String)> {
    let at = |event: &&Seen| {
        let last = text(&event.0, "/lastTimestamp");
        if last.is_empty() { text(&event.0, "/eventTime").to_owned() } else { last.to_owned() }
    };
    let last = &events.iter().max_by_key(at)?.0;
    let reason = text(last, "/reason");
    Some((reason.to_owned(), told(reason, text(last, "/message"))))
}

/// A reason and its message, of which either may be missing.
fn told(reason: &str, message: &str) -> String {
    match (reason, message.trim()) {
        ("", "") => "no reason is given".to_owned(),
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_that_fails_is_over_only_when_its_pods_are() {
        let job = |kind: &str, status: &str| {
            Seen(json!({ "status": { "conditions": [
                { "type": kind, "status": status, "reason": "R", "message": "M" },
            ] } }))
        };
        assert_eq!(Seen(json!({})).stand(), Stand::Running);
        assert_eq!(job("Complete", "True").stand(), Stand::Complete);
        assert_eq!(job("Complete", "False").stand(), Stand::Running);
        assert_eq!(job("FailureTarget", "True").stand(), Stand::Running);
        assert_eq!(job("Failed", "True").stand(), Stand::Failed);
        assert_eq!(job("Failed", "True").failure().as_deref(), Some("R: M"));
        assert_eq!(Seen(json!({})).failure(), None);
    }

    #[test]
    fn a_pod_without_a_node_or_an_image_says_why() {
        let pod = json!({
            "metadata": { "name": "a-0" },
            "status": { "phase": "Pending", "conditions": [{
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                "message": "0/3 nodes are available: 3 Insufficient memory.",
            }] },
        });
        let wait = Seen(pod).waiting().unwrap();
        let why =
            "pod a-0 has no node: Unschedulable: 0/3 nodes are available: 3 Insufficient memory.";
        assert_eq!((wait.why.as_str(), wait.hopeless, wait.is_image), (why, false, false));
        let pod = |reason: &str| {
            json!({
                "metadata": { "name": "a-0" },
                "spec": { "containers": [{ "name": "squall", "image": "nowhere/squall" }] },
                "status": { "phase": "Pending", "containerStatuses": [{
                    "name": "squall", "state": { "waiting": { "reason": reason, "message": "M" } },
                }] },
            })
        };
        let wait = Seen(pod("ImagePullBackOff")).waiting().unwrap();
        assert_eq!(wait.why, "pod a-0 has no image nowhere/squall: ImagePullBackOff: M");
        assert!(wait.is_image && !wait.hopeless);
        assert!(Seen(pod("InvalidImageName")).waiting().unwrap().hopeless);
        let wait = Seen(pod("CreateContainerConfigError")).waiting().unwrap();
        assert_eq!(wait.why, "pod a-0 does not begin: CreateContainerConfigError: M");
        assert_eq!(Seen(pod("ContainerCreating")).waiting(), None);
        assert_eq!(Seen(json!({})).waiting(), None);
    }

    #[test]
    fn the_last_warning_counts() {
        let event = |key: &str, at: &str, message: &str| {
            Seen(json!({ key: at, "reason": "FailedCreate", "message": message }))
        };
        let events = [
            event("lastTimestamp", "2026-01-01T00:00:02Z", "second"),
            event("eventTime", "2026-01-01T00:00:03.5Z", "third"),
            event("lastTimestamp", "2026-01-01T00:00:01Z", "first"),
        ];
        let (kind, why) = warning(&events).unwrap();
        assert_eq!((kind.as_str(), why.as_str()), ("FailedCreate", "FailedCreate: third"));
        assert_eq!(warning(&[]), None);
    }

    #[test]
    fn the_last_pod_of_a_place_says_how_it_ended() {
        let pod = |name: &str, index: &str, made: &str, code: u64| {
            Seen(json!({
                "metadata": {
                    "name": name, "creationTimestamp": made,
                    "annotations": { "batch.kubernetes.io/job-completion-index": index },
                },
                "status": { "phase": "Failed", "containerStatuses": [{
                    "name": "squall",
                    "state": { "terminated": {
                        "exitCode": code, "reason": "OOMKilled", "message": "1\n2\n3\n4\n5\n6\n",
                    } },
                }] },
            }))
        };
        let pods = [
            pod("one", "0", "2026-01-01T00:00:00Z", 1),
            pod("two", "0", "2026-01-01T00:01:00Z", 137),
            pod("three", "1", "2026-01-01T00:02:00Z", 3),
        ];
        let told = "  pod two ended with exit code 137 (OOMKilled)\n  2\n  3\n  4\n  5\n  6\n";
        assert_eq!(ended(&pods, Some(0)).as_deref(), Some(told));
        assert!(ended(&pods, Some(7)).unwrap().starts_with("  pod three ended"));
        assert_eq!(ended(&[], Some(0)), None);
        let evicted = json!({
            "metadata": { "name": "four" },
            "status": { "phase": "Failed", "reason": "Evicted", "message": "low on disk" },
        });
        assert_eq!(
            ended(&[Seen(evicted)], None).as_deref(),
            Some("  pod four: Evicted: low on disk\n")
        );
    }
}
