//! The store's ports (`Requests`, `Work`, `Outbox`, `Keys`): every case on the fake, the emulator, and on request more.
//!
//! | file | cases |
//! |---|---|
//! | `commits` | the one write that moves a request: whole or not at all, and every refusal by its name |
//! | `companions` | what comes with it: scopes, idempotency keys, holds, data keys, plans |
//! | `work`, `mails` | plans and chunks, e-mails owed: one winner of each race |
//! | `due`, `lists`, `found` | due requests and histories, which lag; requests found by a hash |
//! | `gates` | what is hidden of a subject: moves with the request, and only from where it was read |
//! | `holds` | legal holds, their head and their entry: together or not at all |
//! | `limits` | limits of the sources' pace |
//! | `notes` | entries of no request, and the tenant's trail by day |
//! | `leftovers` | trail, findings, previews, progress, wrapped keys |
//!
//! `ground` is what a case stands on; `simulator` and `dynamodb` are the two that there are.

mod commits;
mod companions;
mod due;
mod dynamodb;
mod found;
mod gates;
mod ground;
mod holds;
mod leftovers;
mod limits;
mod lists;
mod mails;
mod notes;
pub(crate) mod samples;
mod simulator;
mod work;

/// Makes of each case a test on the simulator, a test on the emulator, and an entry of [`all`].
macro_rules! cases {
    ($($file:ident: $($case:ident)+;)+) => {
        /// Every case by its name.
        fn all<G: ground::Ground + 'static>() -> Vec<(&'static str, ground::Case<G>)> {
            vec![$($((stringify!($case), |ground| Box::pin($file::$case(ground)))),+),+]
        }

        mod on_the_simulator {
            $($(#[test]
            fn $case() {
                super::simulator::play(super::$file::$case);
            })+)+
        }

        mod on_the_emulator {
            $($(#[tokio::test]
            async fn $case() {
                super::dynamodb::play(super::$file::$case).await;
            })+)+
        }
    };
}

cases! {
    commits:
        a_new_request_is_written_whole
        a_commit_sent_twice_is_written_once_and_another_of_that_id_is_refused
        a_commit_is_recognised_by_its_row_when_its_token_is_forgotten
        of_two_decisions_on_one_state_the_second_moves_nothing
        of_many_decisions_at_once_no_two_hold
        an_entry_alone_moves_the_condition_too
        repeated_refusals_are_counted_without_an_entry
        a_commit_that_dynamodb_can_never_take_is_a_permanent_fault_and_writes_nothing
        a_wake_up_is_kept_to_the_millisecond_and_never_early
        two_actions_on_one_row_are_a_permanent_fault_and_write_nothing
        an_old_commit_sent_again_never_undoes_a_newer_one;
    companions:
        a_taken_scope_refuses_a_second_open_request_until_it_is_released
        nobody_releases_somebody_elses_scope
        a_used_idempotency_key_explains_a_taken_scope
        an_idempotency_key_past_its_day_is_free_although_its_row_is_there
        holds_that_changed_since_they_were_read_refuse_the_commit
        a_shredded_key_is_gone_with_the_commit_that_says_so
        a_scope_that_nobody_holds_can_be_released
        of_one_subjects_scopes_each_kind_and_category_is_its_own
        a_data_key_is_put_once_and_a_second_one_moves_nothing
        a_plan_in_the_way_of_an_unmoved_request_is_a_contradiction;
    work:
        a_page_is_written_whole_up_to_99_chunks
        of_two_planners_one_wins_and_the_other_writes_nothing
        many_planners_at_once_write_one_page
        chunks_are_read_over_all_partitions_and_past_a_page_of_one
        of_two_workers_one_gets_the_lease
        a_chunk_that_its_plan_does_not_count_is_a_contradiction
        a_page_of_more_than_four_megabytes_is_a_permanent_fault_and_writes_nothing
        a_plan_that_is_closed_takes_no_further_page
        a_restoration_is_ordered_once_and_closed_once;
    mails:
        a_mail_is_handed_over_by_one
        a_mail_is_inserted_anew_only_if_nobody_touched_it
        a_mail_is_not_inserted_over_another;
    due:
        due_requests_come_earliest_first_and_leave_when_nothing_is_owed
        of_two_who_move_a_wake_up_the_first_wins
        a_wake_up_of_a_request_that_moved_is_left_alone;
    lists:
        pages_are_newest_first_also_among_equal_instants
        several_statuses_are_one_order
        a_kind_is_filtered_and_empty_pages_still_lead_on
        statuses_that_a_filter_thins_out_unevenly_are_still_one_order
        a_range_includes_its_ends_and_a_subject_sees_their_own
        a_list_shows_the_new_status
        a_page_reads_no_more_rows_than_it_may_and_leads_on;
    found:
        a_hash_finds_its_requests_newest_first_and_nobody_elses
        what_a_hash_finds_is_filtered_by_kind_and_subject
        a_found_request_is_given_an_end_by_itself_alone
        what_is_not_to_be_found_any_more_is_gone_with_the_commit;
    notes:
        notes_are_a_chain_that_verifies
        of_two_notes_on_one_head_one_is_written
        a_repeated_refusal_moves_the_head_without_an_entry
        a_day_shows_every_entry_of_the_tenant_once_and_in_order;
    gates:
        a_gate_moves_with_its_request_and_has_no_row_once_it_is_open
        a_gate_that_somebody_moved_since_it_was_read_refuses_the_commit;
    holds:
        a_hold_its_head_and_its_entry_are_written_together
        of_two_changes_on_one_head_one_is_written
        a_hold_is_settled_once_and_then_not_due
        holds_are_listed_newest_first_and_by_tenant
        an_open_request_is_found_by_its_scope;
    leftovers:
        the_trail_is_read_in_order_by_parts_and_verifies
        a_finding_is_one_row_and_remembers_when_it_was_first_seen
        what_a_later_worker_found_is_not_overwritten_by_an_earlier_one
        a_resolution_settles_chunk_and_finding_with_its_entry
        a_preview_is_found_by_its_digest_and_by_nothing_else
        the_cached_recount_is_the_last_writers
        of_several_writers_of_a_data_key_the_first_wins;
    limits:
        of_two_who_take_tokens_one_gets_them
        a_limit_is_stored_as_it_is_and_each_is_its_own;
}
