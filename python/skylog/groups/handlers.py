"""Who answers which request about groups."""

from __future__ import annotations

from skylog.groups.admin import Administration
from skylog.groups.forgetting import OffsetDeletes
from skylog.groups.membership import Membership
from skylog.groups.offsets import OffsetCommits, OffsetFetches
from skylog.groups.room import GroupRoom
from skylog.wire.exchange import Handler


def handlers(room: GroupRoom) -> dict[int, Handler]:
    """Return the handlers of the classic group protocol by api key.

    Parameters
    ----------
    room
        The groups; opened before the first request, closed after the last.
    """
    membership, administration = Membership(room), Administration(room)
    return {
        8: OffsetCommits(room).handle,
        9: OffsetFetches(room).handle,
        11: membership.join,
        12: membership.heartbeat,
        13: membership.leave,
        14: membership.sync,
        15: administration.describe_groups,
        16: administration.list_groups,
        42: administration.delete_groups,
        47: OffsetDeletes(room).handle,
    }
