//! What Kubernetes says of a job and its pods, in words.

use super::manifest::{ANNOTATION, CONTAINER, MANAGER};
use serde_json::Value;

/// How a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stand {
    /// It goes on.
    Running,
    /// All its parts are made.
    Complete,
    /// It was given up.
    Failed,
}

/// A text somewhere in an object; empty when it is not there.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The number at a pointer; 0 when there is none.
pub(super) fn count(object: &Value, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// A condition that is true, by its type.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|one| text(one, "/type") == kind && text(one, "/status") == "True")
}

/// How a job stands.
pub(super) fn stand(job: &Value) -> Stand {
    if condition(job, "Complete").is_some() {
        Stand::Complete
    } else if condition(job, "Failed").is_some() {
        Stand::Failed
    } else {
        Stand::Running
    }
}

/// Why a job was given up.
pub(super) fn failure(job: &Value) -> Option<String> {
    condition(job, "Failed").map(|one| told(text(one, "/reason"), text(one, "/message")))
}

/// Whether a job is of this study, and whether this program has created it.
pub(super) fn whose(job: &Value, identity: &str) -> (bool, bool) {
    let is = |section: &str, key: &str, value: &str| {
        job["metadata"][section].get(key).and_then(Value::as_str) == Some(value)
    };
    let managed = is("labels", "app.kubernetes.io/managed-by", MANAGER);
    (is("annotations", ANNOTATION, identity), managed)
}

/// Why work does not begin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wait {
    /// In words.
    pub why: String,
    /// The kind of reason, the same for all pods that wait for the same.
    pub kind: String,
    /// Whether it stays so until somebody changes the image's name.
    pub hopeless: bool,
    /// Whether it may pass, but hardly does by itself.
    pub is_image: bool,
}

/// Why a pod does not begin; `None` when it has begun, or only needs a moment.
pub(super) fn waiting(pod: &Value) -> Option<Wait> {
    let name = text(pod, "/metadata/name");
    let scheduled = list(pod, "/status/conditions")
        .iter()
        .find(|one| text(one, "/type") == "PodScheduled" && text(one, "/status") == "False");
    if let Some(one) = scheduled {
        let told = told(text(one, "/reason"), text(one, "/message"));
        let why = format!("pod {name} has no node: {told}");
        let kind = text(one, "/reason").to_owned();
        return Some(Wait { why, kind, hopeless: false, is_image: false });
    }
    let state = container(pod)?.pointer("/state/waiting")?;
    let (reason, message) = (text(state, "/reason"), text(state, "/message"));
    if matches!(reason, "" | "ContainerCreating" | "PodInitializing") {
        return None;
    }
    let hopeless = matches!(reason, "InvalidImageName" | "ErrImageNeverPull");
    let is_image = hopeless || matches!(reason, "ErrImagePull" | "ImagePullBackOff");
    let what = if is_image { "has no image" } else { "does not begin" };
    let image = text(container_of_spec(pod)?, "/image");
    let image = if is_image { format!(" {image}") } else { String::new() };
    let why = format!("pod {name} {what}{image}: {}", told(reason, message));
    Some(Wait { why, kind: reason.to_owned(), hopeless, is_image })
}

fn container(pod: &Value) -> Option<&Value> {
    list(pod, "/status/containerStatuses").iter().find(|one| text(one, "/name") == CONTAINER)
}

fn container_of_spec(pod: &Value) -> Option<&Value> {
    list(pod, "/spec/containers").iter().find(|one| text(one, "/name") == CONTAINER)
}

/// Which parts the pods of a job make, as their command says it.
pub(super) fn list_of_parts(job: &Value) -> Option<&str> {
    let containers = list(job, "/spec/template/spec/containers");
    let container = containers.iter().find(|one| text(one, "/name") == CONTAINER)?;
    let mut words = list(container, "/args").iter().filter_map(Value::as_str);
    words.find(|word| *word == "--shard-by-index")?;
    words.next()
}

/// The place in the job's count that a pod works at.
fn place(pod: &Value) -> Option<u64> {
    let annotations = pod.pointer("/metadata/annotations")?;
    annotations.get("batch.kubernetes.io/job-completion-index")?.as_str()?.parse().ok()
}

/// What ended the pods at a place, the last of them: its name, why, and the last lines that it wrote.
pub(super) fn ended(pods: &[Value], wanted: Option<u64>) -> Option<String> {
    let failed = |pod: &&Value| text(pod, "/status/phase") == "Failed";
    let of_place = |pod: &&Value| place(pod).is_some() && place(pod) == wanted;
    // Any other pod that failed says more than none.
    let last = |pods: Vec<&Value>| -> Option<Value> {
        pods.into_iter()
            .max_by_key(|pod| text(pod, "/metadata/creationTimestamp").to_owned())
            .cloned()
    };
    let pod = last(pods.iter().filter(failed).filter(of_place).collect())
        .or_else(|| last(pods.iter().filter(failed).collect()))?;
    let name = text(&pod, "/metadata/name");
    let state = container(&pod).and_then(|one| one.pointer("/state/terminated"));
    let Some(state) = state else {
        let told = told(text(&pod, "/status/reason"), text(&pod, "/status/message"));
        return Some(format!("  pod {name}: {told}\n"));
    };
    let code = count(state, "/exitCode");
    let reason = text(state, "/reason");
    let mut lines = format!("  pod {name} ended with exit code {code} ({reason})\n");
    for line in text(state, "/message").lines().rev().take(5).collect::<Vec<_>>().iter().rev() {
        lines += &format!("  {line}\n");
    }
    Some(lines)
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
            json!({ "status": { "conditions": [
                { "type": kind, "status": status, "reason": "R", "message": "M" },
            ] } })
        };
        assert_eq!(stand(&json!({})), Stand::Running);
        assert_eq!(stand(&job("Complete", "True")), Stand::Complete);
        assert_eq!(stand(&job("Complete", "False")), Stand::Running);
        assert_eq!(stand(&job("FailureTarget", "True")), Stand::Running);
        assert_eq!(stand(&job("Failed", "True")), Stand::Failed);
        assert_eq!(failure(&job("Failed", "True")).as_deref(), Some("R: M"));
        assert_eq!(failure(&json!({})), None);
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
        let wait = waiting(&pod).unwrap();
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
        let wait = waiting(&pod("ImagePullBackOff")).unwrap();
        assert_eq!(wait.why, "pod a-0 has no image nowhere/squall: ImagePullBackOff: M");
        assert!(wait.is_image && !wait.hopeless);
        assert!(waiting(&pod("InvalidImageName")).unwrap().hopeless);
        let wait = waiting(&pod("CreateContainerConfigError")).unwrap();
        assert_eq!(wait.why, "pod a-0 does not begin: CreateContainerConfigError: M");
        assert_eq!(waiting(&pod("ContainerCreating")), None);
        assert_eq!(waiting(&json!({})), None);
    }

    #[test]
    fn the_last_pod_of_a_place_says_how_it_ended() {
        let pod = |name: &str, index: &str, made: &str, code: u64| {
            json!({
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
            })
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
        assert_eq!(ended(&[evicted], None).as_deref(), Some("  pod four: Evicted: low on disk\n"));
    }
}
