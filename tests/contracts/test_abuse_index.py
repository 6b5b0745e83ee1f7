"""Where each of the 61 abuse cases of the security model (section 11) is tried.

Rows of the tables in `test_abuse_cases.py` and `test_abuse_admin.py` carry their numbers; the
others are named here. A case whose test is renamed or taken away fails this one.
"""

from __future__ import annotations

from pathlib import Path

from tests.contracts import test_abuse_admin, test_abuse_cases

TESTS = Path(__file__).parent.parent
ELSEWHERE = {
    2: ("contracts/test_identity_tokens.py", "test_a_bad_token_is_refused_with_the_same_words"),
    3: ("contracts/test_identity_tokens.py", "test_after_an_expired_token_the_same_request"),
    4: ("contracts/test_identity_tokens.py", "test_a_bad_token_is_refused_with_the_same_words"),
    5: ("contracts/test_identity_tokens.py", "test_a_body_that_names_somebody_else"),
    10: ("contracts/test_answers.py", "test_revision_two_before_one_stands"),
    11: ("contracts/test_answers.py", "test_the_same_response_fifty_times_at_once_is_one_row"),
    14: ("contracts/test_abuse_cases.py", "test_nul_and_escapes_are_dropped_from_a_comment"),
    21: ("contracts/test_tenants.py", "test_no_id_of_another_project_opens_shows_or_changes"),
    24: ("contracts/test_abuse_admin.py", "test_24_"),
    25: ("contracts/test_abuse_admin.py", "test_25_"),
    29: ("contracts/test_abuse_admin.py", "test_29_"),
    35: ("contracts/test_batches.py", "test_a_message_counts_once_in_one_batch_and_in_another"),
    36: ("contracts/test_batches.py", "test_an_event_of_an_impossible_time_is_rejected"),
    37: ("contracts/test_batches.py", "test_hostile_keys_are_stored_as_data"),
    39: ("contracts/test_abuse_admin.py", "test_39_"),
    40: ("contracts/test_shared_limits.py", "test_40_"),
    41: (
        "contracts/test_limits.py",
        "test_one_address_may_ask_six_hundred_times_a_minute_whatever",
    ),
    42: ("contracts/test_shared_limits.py", "test_42_"),
    43: ("contracts/test_outages.py", "test_without_its_database_the_server_says_so"),
    44: ("contracts/test_outages.py", "test_kill_9_under_load_keeps_each_acknowledged_answer"),
    45: ("contracts/test_framing.py", "test_senders_who_stall_or_dribble_hold_up_nobody"),
    46: ("contracts/test_framing.py", "test_a_request_of_doubtful_length_gets_400"),
    53: ("contracts/test_abuse_admin.py", "test_53_"),
    55: (
        "api/public/test_errors.py",
        "test_an_unforeseen_error_shows_its_request_id_and_is_logged",
    ),
    56: ("contracts/test_abuse_cases.py", "test_a_wrong_path_or_method_is_a_problem"),
    57: ("contracts/test_abuse_admin.py", "test_57_"),
    58: ("contracts/test_abuse_admin.py", "test_58_"),
    59: ("contracts/test_abuse_admin.py", "test_59_"),
    60: ("contracts/test_canary.py", "test_no_mark_is_kept_or_logged_wherever_it_was_sent"),
}
# Webhooks: nothing is sent out yet, so that there is no address to check.
NOT_BUILT = {48, 49, 50, 51, 52}


def test_every_abuse_case_is_tried():
    in_tables = {case.row for case in test_abuse_cases.NOTHING_STORED}
    in_tables |= {case.row for case in test_abuse_admin.CASES}
    assert in_tables | ELSEWHERE.keys() | NOT_BUILT == set(range(1, 62))
    assert not (TESTS.parent / "backend" / "channels").exists() or not NOT_BUILT


def test_every_test_named_here_exists():
    for row, (file, beginning) in ELSEWHERE.items():
        assert f"def {beginning}" in (TESTS / file).read_text(), row
