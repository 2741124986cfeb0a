//! What libvirt calls: from its arguments and the domain's XML to an exit status.
//!
//! The contract, operation by operation, is in [`run()`]; [`Call`] reads the arguments and is pure.

mod look_again;
mod operation;
mod run;
mod stdin;
mod watchdog;

pub use look_again::{asked, look_again};
pub use operation::{Call, NotACall, Operation};
pub use run::{Failed, run};
