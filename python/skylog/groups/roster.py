"""Who is in a group: members, static names, pending ids, the leader, the votes for a protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from skylog.groups.member import Member
from skylog.groups.requests import JoinedMember, Ticket
from skylog.wire.codes import ErrorCode


class Roster:
    """The members of one group, consistent at all times; knows no states and no time.

    There is a leader if and only if there is a member. Members keep the order in which they came.
    """

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.pending: set[str] = set()
        """Ids that were given out and have not joined yet."""
        self.unsynced: set[str] = set()
        """Members of this generation that have not asked for their assignment yet."""
        self.leader: str | None = None
        self._instances: dict[str, str] = {}
        self._supporters: Counter[str] = Counter()
        self._joining = 0

    def __len__(self) -> int:
        return len(self.members)

    @property
    def joining(self) -> int:
        """Members whose JoinGroup waits."""
        return self._joining

    @property
    def all_joined(self) -> bool:
        """Whether nobody is left to wait for."""
        return self._joining == len(self.members) and not self.pending

    @property
    def rebalance_timeout_ms(self) -> int:
        """The patience of the most patient member; 0 without members."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    def instance(self, instance_id: str) -> Member | None:
        """Return the static member of that name."""
        member_id = self._instances.get(instance_id)
        return None if member_id is None else self.members[member_id]

    def check(self, member_id: str, instance_id: str | None) -> ErrorCode:
        """Say whether this is a member, and the present bearer of its static name."""
        if instance_id is not None:
            bearer = self._instances.get(instance_id)
            if bearer is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
            if bearer != member_id:
                return ErrorCode.FENCED_INSTANCE_ID
        return ErrorCode.NONE if member_id in self.members else ErrorCode.UNKNOWN_MEMBER_ID

    def supports(self, protocols: Iterable[str]) -> bool:
        """Say whether one of these is supported by every member."""
        return any(self._supporters[name] == len(self.members) for name in protocols)

    def select_protocol(self) -> str:
        """Return what most members prefer among what all support; the first voter's choice in a tie."""
        candidates = {name for name, count in self._supporters.items() if count == len(self.members)}
        votes = Counter(member.vote(candidates) for member in self.members.values())
        return max(votes, key=votes.__getitem__)

    def add(self, member: Member) -> None:
        """Take in a member; its id is pending no longer."""
        self.pending.discard(member.member_id)
        self.members[member.member_id] = member
        self._supporters.update(member.protocols.keys())
        if member.instance_id is not None:
            self._instances[member.instance_id] = member.member_id
        if self.leader is None:
            self.leader = member.member_id

    def remove(self, member: Member) -> None:
        """Let a member go that waits for nothing; the oldest of the others leads if it led."""
        del self.members[member.member_id]
        self._drop_protocols(member)
        self.unsynced.discard(member.member_id)
        if member.instance_id is not None:
            del self._instances[member.instance_id]
        if self.leader == member.member_id:
            self.leader = next(iter(self.members), None)

    def rename(self, member: Member, member_id: str) -> None:
        """Give a static member, whose process came back, its new id; leadership and assignment stay.

        It counts as the youngest from now on.
        """
        before = member.member_id
        self.members[member_id] = self.members.pop(before)
        member.member_id = member_id
        if member.instance_id is not None:
            self._instances[member.instance_id] = member_id
        if self.leader == before:
            self.leader = member_id
        if before in self.unsynced:
            self.unsynced.remove(before)
            self.unsynced.add(member_id)

    def replace_protocols(self, member: Member, protocols: Mapping[str, bytes]) -> None:
        """Give a member other protocols, and so another vote."""
        self._drop_protocols(member)
        member.protocols = protocols
        self._supporters.update(protocols.keys())

    def await_join(self, member: Member, ticket: Ticket) -> Ticket | None:
        """Let a JoinGroup wait; returns the one of the same member that waited before."""
        before = member.joining
        member.joining = ticket
        self._joining += before is None
        return before

    def end_join(self, member: Member) -> Ticket | None:
        """Return the waiting JoinGroup, which waits no longer."""
        ticket, member.joining = member.joining, None
        self._joining -= ticket is not None
        return ticket

    def elect_joined(self) -> bool:
        """See to it that the leader is one that waits to join; false if nobody does."""
        if self.leader is not None and self.members[self.leader].joining is not None:
            return True
        joined = next((name for name, member in self.members.items() if member.joining is not None), None)
        if joined is not None:
            self.leader = joined
        return joined is not None

    def listing(self, protocol_name: str) -> tuple[JoinedMember, ...]:
        """Return all members with their metadata, for the leader."""
        return tuple(
            JoinedMember(member.member_id, member.instance_id, member.protocols[protocol_name])
            for member in self.members.values()
        )

    def _drop_protocols(self, member: Member) -> None:
        for name in member.protocols:
            self._supporters[name] -= 1
            if not self._supporters[name]:
                del self._supporters[name]
