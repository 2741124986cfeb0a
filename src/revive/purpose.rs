//! Why a guest's disks are put on files that are opened anew.

/// What has become of the client that has a guest's files open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It has died, and its files with it.
    Revive,
    /// It lives, and another one is to take its place.
    Renew,
}
