"""Hand-written cases: each with the answer its author expects."""

import cases_audience
import cases_limits
import cases_person
import cases_place
import cases_rests
import cases_sampling

DECISIONS = (
    *cases_place.CASES,
    *cases_person.CASES,
    *cases_sampling.CASES,
    *cases_rests.CASES,
    *cases_limits.CASES,
)
HASHES = cases_sampling.HASHES
AUDIENCES = cases_audience.CASES
