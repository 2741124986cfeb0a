//! What is said to QEMU's monitor and what it answers, as text.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::node::{DevicePath, NodeName, NodeOptions};

/// Asks whether the guest runs.
pub const STATUS: &str = "query-status";

/// What is asked to learn where a guest stands. None of it changes anything.
pub const QUESTIONS: [&str; 5] =
    [STATUS, "query-block", "query-named-block-nodes", "query-jobs", "query-block-exports"];

/// Why there is no answer to be had from what QEMU said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// QEMU refuses.
    #[error("QEMU says: {}", .0.escape_debug())]
    Refused(String),
    /// It said something else than an answer to this.
    #[error("QEMU's answer to {command} is not understood: {source_text}")]
    NotUnderstood {
        /// What it was asked.
        command: String,
        /// What is wrong with it.
        source_text: String,
    },
}

/// A question, as the monitor takes it.
pub fn question(command: &str) -> String {
    json!({ "execute": command }).to_string()
}

/// What QEMU returned, out of what libvirt hands on.
pub fn reply<T: DeserializeOwned>(command: &str, text: &str) -> Result<T, NoReply> {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(rename = "return")]
        returned: Option<Value>,
        error: Option<Said>,
    }
    #[derive(Deserialize)]
    struct Said {
        desc: String,
    }
    let not_understood = |what: String| NoReply::NotUnderstood {
        command: command.to_owned(),
        source_text: what.escape_debug().to_string(),
    };
    let envelope: Envelope =
        serde_json::from_str(text).map_err(|error| not_understood(error.to_string()))?;
    match envelope {
        Envelope { error: Some(said), .. } => Err(NoReply::Refused(said.desc)),
        Envelope { returned: Some(value), .. } => {
            serde_json::from_value(value).map_err(|error| not_understood(error.to_string()))
        }
        Envelope { .. } => Err(not_understood("it returns nothing".to_owned())),
    }
}

pub(super) fn add_node(node: &NodeOptions) -> String {
    json!({ "execute": "blockdev-add", "arguments": node.all() }).to_string()
}

/// Has a node, and all that it stands on, write out what QEMU keeps of it, and says so if that fails: a flush is the first that is
/// done of a reopening (`bdrv_reopen_prepare`, QEMU 7.2 to 10.0), and with the options that the node has nothing else is.
pub(super) fn flush(node: &NodeOptions) -> String {
    json!({ "execute": "blockdev-reopen", "arguments": { "options": [node.all()] } }).to_string()
}

/// A node of this size of which nothing can be read and to which nothing can be written, not even zeroes: a guest that runs on it
/// is told of an error, or stopped.
pub(super) fn add_placeholder(name: &NodeName, size: u64) -> String {
    json!({ "execute": "blockdev-add", "arguments": {
        "driver": "blkdebug",
        "node-name": name.as_str(),
        "image": { "driver": "null-co", "size": size },
        // Without an event to wait for: from the first access on, and for reading, writing, discarding and flushing alike.
        "inject-error": [{ "event": "none", "errno": EIO, "once": false }],
    }})
    .to_string()
}

/// errno(3): the number is the same on every architecture that Linux has.
const EIO: u32 = 5;

pub(super) fn delete_node(name: &NodeName) -> String {
    json!({ "execute": "blockdev-del", "arguments": { "node-name": name.as_str() } }).to_string()
}

pub(super) fn set_drive(device: &DevicePath, node: &NodeName) -> String {
    json!({ "execute": "qom-set", "arguments": {
        "path": device.as_str(), "property": "drive", "value": node.as_str(),
    }})
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_qemu_refuses_is_told_in_its_words() {
        let said =
            r#"{"id":"libvirt-7","error":{"class":"GenericError","desc":"Node 'x' is in use"}}"#;
        assert_eq!(
            reply::<Value>("blockdev-del", said),
            Err(NoReply::Refused("Node 'x' is in use".to_owned()))
        );
        let done = r#"{"return":{},"id":"libvirt-8"}"#;
        assert_eq!(reply::<Value>("blockdev-del", done), Ok(json!({})));
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        for said in ["", "{}", "[]", r#"{"return":[1]}"#] {
            let answer = reply::<String>("query-status", said);
            assert!(matches!(answer, Err(NoReply::NotUnderstood { .. })), "{said}: {answer:?}");
        }
    }
}
