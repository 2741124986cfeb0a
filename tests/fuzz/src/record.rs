//! The record of a share: what is read is written back as the same, and belongs to the share that was asked for.

use virt_quobyte::lease::{Holder, RecordError, ShareRecord};
use virt_quobyte::share::{Export, ShareKey};

/// Reads bytes as the record of a share.
pub fn check(bytes: &[u8]) {
    let gold: Export = "a,b/gold".parse().expect("a good export");
    match ShareRecord::parse(bytes, &gold.key()) {
        Ok(record) => is_kept(&record, &gold.key()),
        Err(RecordError::OtherShare(key)) => {
            assert_ne!(key, gold.key());
            let record = ShareRecord::parse(bytes, &key).expect("the record of that share");
            is_kept(&record, &key);
        }
        // A message of the parser may show what it did not expect; whoever shows it escapes it.
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn is_kept(record: &ShareRecord, key: &ShareKey) {
    assert_eq!(record.export.key(), *key, "the record of another share");
    let text = record.to_text();
    let again = ShareRecord::parse(&text, key);
    let again = again.unwrap_or_else(|error| panic!("what was written is not read: {error}"));
    assert_eq!(again, *record);
    assert_eq!(again.to_text(), text);
    lets_go(again);
}

/// After each of its holders has let go, nobody holds the share.
fn lets_go(mut record: ShareRecord) {
    let holders: Vec<Holder> = record.leases.iter().map(|lease| lease.holder.clone()).collect();
    for holder in &holders {
        record.drop_lease(holder);
        assert_eq!(record.lease_of(holder), None);
    }
    assert_eq!(record.leases, []);
    assert_eq!(record.is_blank(), record.mount.is_none());
}
