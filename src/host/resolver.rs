//! The system's resolver, asked for the addresses of many names at once.

use std::io;
use std::net::ToSocketAddrs;
use std::sync::mpsc;

use super::deadline::Deadline;

/// What the resolver says of each name, in their order; `None` of one for which it did not answer in time.
///
/// The resolver cannot be interrupted. It only waits for the network, so what still waits ends with this process.
pub fn addresses(names: &[&str], deadline: Deadline) -> Vec<Option<io::Result<usize>>> {
    let asked: Vec<_> = names
        .iter()
        .map(|name| {
            let (sender, receiver) = mpsc::channel();
            let name = (*name).to_owned();
            std::thread::spawn(move || {
                let found = (name.as_str(), 0).to_socket_addrs();
                let _nobody_waits_any_more = sender.send(found.map(Iterator::count));
            });
            receiver
        })
        .collect();
    asked.into_iter().map(|receiver| receiver.recv_timeout(deadline.left()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_name_has_addresses_or_an_error_and_an_answer_that_is_late_is_none() {
        let names = ["127.0.0.1", "localhost", "no such name"];
        let said = addresses(&names, Deadline::after(Duration::from_secs(30)));
        assert!(matches!(said[..2], [Some(Ok(1)), Some(Ok(1..))]), "{said:?}");
        assert!(matches!(said[2], Some(Err(_))), "{said:?}");
        let late = addresses(&["localhost"; 2], Deadline::after(Duration::ZERO));
        assert_eq!(late.len(), 2);
    }
}
