"""What the OpenAPI document promises holds for made-up requests, of an owner and of a viewer.

Few examples of each operation here; `make fuzz` sends very many.
"""

import pytest

from tests.fuzz.promises import ROLES, broken, world

EXAMPLES = 3


@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_one_that_the_document_promises(role, tmp_path):
    with world(tmp_path) as (app, tokens):
        found = broken(app, tokens[role], EXAMPLES)

    assert not found, "\n".join(f"{label}\n{told}" for label, told in found.items())
