"""Joins what two people wrote at once, from what both began with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final


class Side(Enum):
    """Whose change holds where both changed the same."""

    THEIRS = auto()
    YOURS = auto()


class _Missing(Enum):
    MISSING = auto()


MISSING: Final = _Missing.MISSING


def merged(base: Any, theirs: Any, yours: Any, keeps: Side) -> Any:
    """Return `base` with the changes of both; where both changed one value, that of `keeps`.

    Mappings are joined member by member, a member that is not there being `MISSING`; everything
    else is one value. Both changed something the same when the two sides give two results.
    """
    if yours == theirs or theirs == base:
        return yours
    if yours == base:
        return theirs
    if not (isinstance(theirs, Mapping) and isinstance(yours, Mapping)):
        return yours if keeps is Side.YOURS else theirs
    first = base if isinstance(base, Mapping) else {}
    names = [*yours, *(name for name in theirs if name not in yours)]
    found = {}
    for name in names:
        was, his, mine = (one.get(name, MISSING) for one in (first, theirs, yours))
        found[name] = merged(was, his, mine, keeps)
    return {name: value for name, value in found.items() if value is not MISSING}


def order(
    base: Sequence[str],
    theirs: Sequence[str],
    yours: Sequence[str],
    present: Collection[str],
    keeps: Side,
) -> list[str]:
    """Return the ids of `present` in the order of whoever changed it; what the other added after
    the same neighbour as there.
    """
    known = [id_ for id_ in base if id_ in theirs and id_ in yours]
    is_theirs, is_yours = ([i for i in ids if i in known] != known for ids in (theirs, yours))
    leads = Side.THEIRS if is_theirs and (not is_yours or keeps is Side.THEIRS) else Side.YOURS
    first, second = (theirs, yours) if leads is Side.THEIRS else (yours, theirs)
    found = [id_ for id_ in first if id_ in present]
    for place, id_ in enumerate(second):
        if id_ in present and id_ not in found:
            before = [one for one in second[:place] if one in found]
            found.insert(found.index(before[-1]) + 1 if before else 0, id_)
    return found
