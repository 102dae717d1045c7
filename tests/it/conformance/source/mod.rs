//! The application's data (`Sources`): every case on the simulator's fake and on the adapters, on the emulator.
//!
//! | file | cases |
//! |---|---|
//! | `checked` | tables and buckets looked at before a plan |
//! | `items`, `contested` | tables: the plain life of an item; items somebody else touches |
//! | `objects`, `newer` | buckets: the plain life of an object; versions written after the plan |
//! | `restored`, `uncovered` | items and objects brought back; an expiry taken off |
//! | `kept` | items and objects under a retention |
//! | `exported` | what an export lists and reads, also of what a deletion hides |
//! | `vaulted` | whole items, deleted as they were copied and put back |
//! | `stopped` | a sweep that is not wanted any more |
//! | `stories`, `story` | long random stories, told by both sides, which must say the same |
//!
//! `ground` is what a case stands on, `desk` asks as a workflow would; `simulator` and `emulator` are the two sides. What
//! only an SDK can show (permissions, sizes, races inside one call, speed) is in `tests/it/source`.

mod checked;
mod contested;
pub(crate) mod desk;
mod emulator;
mod exported;
pub(crate) mod ground;
mod items;
mod kept;
mod newer;
mod objects;
mod restored;
mod simulator;
mod stopped;
mod stories;
mod story;
mod uncovered;
mod vaulted;

/// Makes of each case a test on the simulator and a test on the emulator.
macro_rules! cases {
    ($($file:ident: $($case:ident)+;)+) => {
        mod on_the_simulator {
            $($(#[test]
            fn $case() {
                super::simulator::play(super::$file::$case);
            })+)+
        }

        mod on_the_emulator {
            $($(#[tokio::test]
            async fn $case() {
                super::$file::$case(super::emulator::Emulator).await;
            })+)+
        }
    };
}

cases! {
    checked:
        a_table_is_as_the_data_map_has_it_or_the_difference_has_a_name
        ttl_matters_where_something_expires_by_it
        a_place_that_is_gone_is_told_from_one_that_differs;
    items:
        marks_keep_the_old_ttl_and_sweeping_twice_is_the_same
        a_vanished_item_does_not_come_into_being
        numeric_and_binary_keys_are_found_again_in_their_order
        an_index_leads_to_the_items_and_prefix_and_count_agree
        an_item_that_is_given_to_somebody_else_after_the_plan_stays_as_it_is
        counting_stops_when_patience_ends
        a_place_that_does_not_exist_is_a_permanent_fault
        a_subject_without_a_number_is_not_looked_for_under_numbers
        lines_of_another_kind_are_refused_before_anything_happens;
    contested:
        only_the_tenants_items_up_to_the_cutoff_are_planned
        another_requests_mark_is_neither_planned_nor_overruled
        an_item_changed_between_plan_and_sweep_is_judged_by_what_it_says
        a_changed_ttl_is_read_again_and_kept
        an_overwritten_item_lost_its_mark_and_survives_the_purge
        marks_without_a_request_are_reported_not_skipped;
    objects:
        every_version_of_a_hidden_object_is_destroyed
        what_the_application_had_deleted_is_destroyed_too
        an_object_that_is_gone_gets_no_marker
        a_bucket_without_versions_is_refused_before_anything_happens;
    newer:
        a_version_written_after_the_plan_stays_visible
        a_version_written_over_our_marker_survives_the_purge
        what_the_application_wrote_and_deleted_itself_stays_hidden
        older_versions_below_a_newer_one_are_planned
        a_purge_that_broke_off_goes_on;
    restored:
        what_is_restored_is_what_it_was
        only_chosen_swept_lines_are_restored
        a_ttl_that_changed_before_the_sweep_comes_back
        what_somebody_else_wrote_or_deleted_is_named_not_touched
        an_item_that_is_another_tenants_by_now_stays_as_it_is
        a_stripped_item_stays_hidden_does_not_expire_and_can_be_restored;
    uncovered:
        the_planned_version_is_seen_again
        what_the_application_deleted_before_the_plan_stays_deleted
        what_the_application_deleted_before_the_sweep_stays_deleted
        what_the_application_deleted_since_the_sweep_stays_deleted
        a_newer_version_stays_and_the_planned_one_below_it
        a_destroyed_version_is_gone_and_older_ones_are_not_shown;
    kept:
        only_what_is_past_its_retention_is_swept
        a_date_that_changed_after_the_plan_is_judged_anew
        an_object_is_kept_by_the_date_of_its_content;
    exported:
        items_that_another_request_hides_are_listed_and_counted
        an_object_below_a_marker_is_listed_with_its_content
        a_marked_item_is_read_whole
        a_version_is_read_as_it_was_whatever_came_over_it
        a_version_that_is_gone_is_none_and_a_bucket_that_is_gone_a_fault
        a_short_answer_is_a_fault;
    vaulted:
        what_is_copied_is_deleted_and_comes_back
        an_item_that_is_gone_is_read_as_absent
        a_changed_item_is_neither_deleted_nor_overwritten
        what_an_item_gained_is_in_the_answer
        a_version_stands_for_every_attribute
        without_a_version_too_many_attributes_cannot_be_verified
        nothing_is_deleted_once_it_is_not_wanted;
    stopped:
        a_stopped_sweep_begins_no_further_batch
        a_second_try_is_not_begun_either
        a_stopped_sweep_puts_no_marker_and_knows_its_own;
}
