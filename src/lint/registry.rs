//! Every rule, in the order of its code.

use super::rule::Rule;
use super::{linter, rules};

/// Every rule.
pub const RULES: &[&Rule] = &[
    // Refused.
    &rules::native_io_with_host_cache::RULE,
    &rules::unknown_word::RULE,
    &rules::quobyte_protocol::RULE,
    &rules::foreign_driver_name::RULE,
    &rules::format_not_for_files::RULE,
    &rules::virtio_options_elsewhere::RULE,
    &rules::no_queues::RULE,
    &rules::undefined_iothread::RULE,
    &rules::iothread_without_virtio::RULE,
    &rules::bad_target_name::RULE,
    &rules::duplicate_target::RULE,
    &rules::disk_without_source::RULE,
    &rules::relative_source::RULE,
    &rules::requisite_hard_disk::RULE,
    &rules::refused_serial::RULE,
    &rules::shareable_format::RULE,
    &rules::readonly_ata_disk::RULE,
    &rules::lun_on_a_file::RULE,
    &rules::relabel_without_label::RULE,
    &rules::dropped_in_silence::RULE,
    &rules::bus_not_on_machine::RULE,
    &rules::bus_not_for_device::RULE,
    &rules::duplicate_drive_address::RULE,
    &rules::duplicate_boot_order::RULE,
    &rules::boot_twice::RULE,
    &rules::address_not_of_bus::RULE,
    &rules::property_not_of_bus::RULE,
    &rules::writes_of_a_reader::RULE,
    // Data.
    &rules::undeclared_image_format::RULE,
    &rules::host_cache_on_share::RULE,
    &rules::flushes_ignored_on_share::RULE,
    &rules::errors_reach_guest::RULE,
    &rules::disk_may_be_missing::RULE,
    &rules::writes_discarded::RULE,
    &rules::shareable_with_host_cache::RULE,
    &rules::image_twice_in_domain::RULE,
    &rules::serial_cut_off::RULE,
    &rules::serials_alike::RULE,
    &rules::disk_without_serial::RULE,
    &rules::target_of_another_bus::RULE,
    // Security.
    &rules::labels_left_alone::RULE,
    &rules::given_to_root::RULE,
    &rules::raw_with_backing::RULE,
    &rules::host_path_as_disk::RULE,
    // Migration.
    &rules::backing_off_shares::RULE,
    &rules::overlay_off_shares::RULE,
    &rules::disk_off_shares::RULE,
    &rules::boot_file_off_shares::RULE,
    &rules::nvram_off_shares::RULE,
    &rules::medium_off_shares::RULE,
    &rules::directory_off_shares::RULE,
    &rules::snapshot_off_shares::RULE,
    // Speed.
    &rules::threads_io_on_share::RULE,
    &rules::no_discard::RULE,
    &rules::zeroes_not_unmapped::RULE,
    &rules::emulated_bus::RULE,
    &rules::iothread_unused::RULE,
    // Mapping.
    &rules::path_of_no_share::RULE,
    &rules::path_of_another_base::RULE,
    &rules::share_not_configured::RULE,
    &rules::export_not_allowed::RULE,
    &rules::share_not_used::RULE,
    &rules::unreadable_shares::RULE,
    &rules::path_walks_up::RULE,
    &rules::path_not_canonical::RULE,
    &rules::path_beside_named_shares::RULE,
    // Across.
    &rules::image_in_two_domains::RULE,
    &rules::backing_image_written::RULE,
    &rules::domain_twice::RULE,
    // The linter.
    &linter::MALFORMED,
    &linter::NOT_A_DOMAIN,
    &linter::BAD_SUPPRESSION,
    &linter::UNUSED_SUPPRESSION,
    &linter::AGAINST_SCHEMA,
    &linter::LIBVIRT_REFUSES,
];

/// The rule of this code or name.
pub fn rule(wanted: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(wanted) || rule.name == wanted).copied()
}
