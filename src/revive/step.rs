//! One thing to do with a guest, and what it leaves behind if it fails.

use std::fmt;

use super::Purpose;
use super::facts::{Node, Unreadable, devices_of, nodes_of};
use super::monitor::{self, NoReply, QUESTIONS};
use super::node::{DevicePath, NodeName, NodeOptions};
use crate::escape::Escaped;

/// One thing to do. Done again after a crash, by another decision, none does harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Add a node that fails every access.
    AddPlaceholder {
        /// Its name.
        name: NodeName,
        /// As large as what it stands for.
        size: u64,
    },
    /// Pause the guest. With a client that lives it can go on as it was, should what comes after fail.
    Pause(Purpose),
    /// Have a disk's nodes write out what QEMU keeps of them, to the client that they are on.
    Flush(NodeOptions),
    /// Put a disk on a node.
    SetDrive {
        /// The disk's device.
        device: DevicePath,
        /// The node that it is on.
        from: NodeName,
        /// The node.
        to: NodeName,
    },
    /// Let go of a node, and so of its file.
    DeleteNode(NodeName),
    /// Open a node again.
    AddNode(NodeOptions),
    /// See that a node that was opened again is as large as it was, before a disk is put on it.
    CompareSize {
        /// The node.
        node: NodeName,
        /// What stood for it, and is as large as it was.
        placeholder: NodeName,
    },
    /// Let the guest run.
    Resume,
}

/// How a step is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// By libvirt: the guest is to stop.
    Pause,
    /// By libvirt: the guest is to run.
    Resume,
    /// By this word to QEMU's monitor, which answers with nothing; unless [`Step::is_done`] says of the answer to a question that
    /// it must not be said.
    TellUnless {
        /// The question.
        question: &'static str,
        /// The command's name.
        command: &'static str,
        /// The whole of it.
        text: String,
    },
    /// By this word to QEMU's monitor, which answers with nothing.
    Tell {
        /// The command's name.
        command: &'static str,
        /// The whole of it.
        text: String,
    },
    /// By a question to QEMU's monitor, whose answer [`Step::judge`] judges.
    Ask(&'static str),
}

/// What was found is not what was to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSo {
    /// QEMU's answer is not understood.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A node is not there.
    #[error("QEMU has no node {node}")]
    NoNode {
        /// Which.
        node: NodeName,
    },
    /// A disk is on another node than it was.
    #[error("{device} is on {root} by now")]
    Elsewhere {
        /// The disk's device.
        device: DevicePath,
        /// What it is on.
        root: NodeName,
    },
    /// A drive is empty.
    #[error("{device} has no medium any more")]
    NoMedium {
        /// The drive.
        device: DevicePath,
    },
    /// The image is another one by now.
    #[error(
        "{node} is {is} bytes large and was {was}: the file is not the one that the guest had; put that back into its place"
    )]
    Size {
        /// Which node.
        node: NodeName,
        /// Its size.
        is: u64,
        /// What it was.
        was: u64,
    },
}

impl Step {
    /// How it is done.
    pub fn deed(&self) -> Deed {
        let tell = |command, text| Deed::Tell { command, text };
        match self {
            Self::AddPlaceholder { name, size } => {
                tell("blockdev-add", monitor::add_placeholder(name, *size))
            }
            Self::Pause(_) => Deed::Pause,
            Self::Flush(root) => tell("blockdev-reopen", monitor::flush(root)),
            Self::SetDrive { device, to, .. } => Deed::TellUnless {
                question: QUESTIONS[1],
                command: "qom-set",
                text: monitor::set_drive(device, to),
            },
            Self::DeleteNode(node) => tell("blockdev-del", monitor::delete_node(node)),
            Self::AddNode(options) => tell("blockdev-add", monitor::add_node(options)),
            Self::CompareSize { .. } => Deed::Ask(QUESTIONS[2]),
            Self::Resume => Deed::Resume,
        }
    }

    /// Whether it opens a file, which may go well a little later.
    pub fn opens(&self) -> bool {
        matches!(self, Self::AddNode(options) if options.file().is_some())
    }

    /// What comes of an answer.
    pub fn judge(&self, answer: &str) -> Result<(), NotSo> {
        let Self::CompareSize { node, placeholder } = self else { return Ok(()) };
        let nodes = nodes_of(answer)?;
        let size = |wanted: &NodeName| {
            let found = nodes.iter().find(|node| node.name == *wanted);
            found.map(Node::size).ok_or_else(|| NotSo::NoNode { node: wanted.clone() })
        };
        let (is, was) = (size(node)?, size(placeholder)?);
        if is == was { Ok(()) } else { Err(NotSo::Size { node: node.clone(), is, was }) }
    }

    /// Whether a disk is on its node already.
    ///
    /// QEMU ends, with its guest, if a disk is put where it is (`bdrv_replace_child_noperm`, QEMU 7.2), or a drive without a medium
    /// anywhere (`blk_replace_bs`); and a disk can be elsewhere although the word for it was refused. So this is asked each time.
    pub fn is_done(&self, answer: &str) -> Result<bool, NotSo> {
        let Self::SetDrive { device, from, to } = self else { return Ok(false) };
        let devices = devices_of(answer)?;
        match devices.iter().find(|it| it.path == *device).map(|it| &it.root) {
            Some(root) if root == to => Ok(true),
            Some(root) if root == from => Ok(false),
            Some(root) => Err(NotSo::Elsewhere { device: device.clone(), root: root.clone() }),
            None => Err(NotSo::NoMedium { device: device.clone() }),
        }
    }

    /// What comes of an answer to a word: nothing, or QEMU's refusal.
    pub fn heard(command: &'static str, answer: &str) -> Result<(), NoReply> {
        monitor::reply::<serde_json::Value>(command, answer).map(drop)
    }

    fn taken_back(&self) -> Back {
        match self {
            Self::AddPlaceholder { name, .. } => Back::By(Self::DeleteNode(name.clone())),
            Self::AddNode(options) => Back::By(Self::DeleteNode(options.name().clone())),
            Self::CompareSize { .. } | Self::Flush(_) => Back::NothingToTake,
            Self::Pause(Purpose::Renew) => Back::By(Self::Resume),
            // A guest that was stopped by its disk cannot go on without it, and one that has let go of a dead file cannot have
            // it back: it stays paused, which is no worse than before, and the next revival goes on.
            Self::Pause(Purpose::Revive)
            | Self::SetDrive { .. }
            | Self::DeleteNode(_)
            | Self::Resume => Back::Never,
        }
    }
}

/// How a step is taken back.
enum Back {
    By(Step),
    NothingToTake,
    Never,
}

/// What takes back the last of these steps, when the one after them has failed: as far as that goes.
pub fn undo(done: &[Step]) -> Vec<Step> {
    let back = done.iter().rev().map(Step::taken_back);
    let back = back.take_while(|back| !matches!(back, Back::Never));
    back.filter_map(|back| match back {
        Back::By(step) => Some(step),
        Back::NothingToTake | Back::Never => None,
    })
    .collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddPlaceholder { name, size } => {
                write!(f, "add {name}, {size} bytes large, which fails every access")
            }
            Self::Pause(_) => f.write_str("pause the guest"),
            Self::Flush(root) => {
                write!(f, "have {} write out what QEMU keeps of it, to the old client", root.name())
            }
            Self::SetDrive { device, to, .. } => write!(f, "put {device} on {to}"),
            Self::DeleteNode(node) => write!(f, "let go of {node}"),
            Self::AddNode(options) => match options.file() {
                Some(file) if NodeOptions::is_trial(options.name()) => {
                    write!(f, "see that {} can be opened, as {}", Escaped(file), options.name())
                }
                Some(file) => write!(f, "open {} again, from {}", options.name(), Escaped(file)),
                None => write!(f, "open {} again", options.name()),
            },
            Self::CompareSize { node, .. } => write!(f, "see that {node} is as large as before"),
            Self::Resume => f.write_str("let the guest run"),
        }
    }
}
