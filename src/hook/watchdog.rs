//! The last resort: ends the process when even the deadlines did not.
//!
//! Every step has its own deadline, so this should never happen; if a read of a file that was thought to be local blocks all
//! the same, libvirt is still not kept waiting. What was begun is then as after a crash, which the next call mends.

use std::io::Write;
use std::time::Duration;

use crate::host::exit_now;

/// Time for the undo, and then some.
const GRACE: Duration = Duration::from_secs(15);

/// Ends the process with this status and paragraph, so long after now.
pub(super) fn arm(deadline: Duration, status: i32, paragraph: String) {
    let wait = move || {
        std::thread::sleep(deadline + GRACE);
        let _nobody_may_listen = writeln!(std::io::stderr(), "{paragraph}");
        exit_now(status);
    };
    // A host without a thread to spare has other worries; the deadlines still hold.
    let _unguarded = std::thread::Builder::new().name("watchdog".into()).spawn(wait);
}
