"""DescribeGroups, ListGroups and DeleteGroups: what administrators see and do."""

from __future__ import annotations

from skylog.errors import SkylogError
from skylog.groups.classic import ClassicGroup
from skylog.groups.member import Member
from skylog.groups.rebalance import GroupState
from skylog.groups.room import GroupRoom, group_code_of
from skylog.model import GroupRecord
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Request

GROUP_TYPE = "classic"

NOT_FOUND_SINCE = 6
"""The version of DescribeGroups that says so if there is no such group; before, it is Dead."""

NO_OPERATIONS = -(1 << 31)
"""What stands for operations that were not asked for."""

ALL_OPERATIONS = sum(1 << operation for operation in (3, 6, 8, 10, 11))
"""Read, Delete, Describe, DescribeConfigs, AlterConfigs: without an authorizer everybody may."""


class Administration:
    """Handlers of requests about groups as such."""

    def __init__(self, room: GroupRoom) -> None:
        self._room = room

    async def describe_groups(self, request: Request) -> Body:
        """Answer DescribeGroups, versions 0 to 6: at most 1 query."""
        group_ids = request.body["groups"]
        try:
            stored = await self._stored([name for name in group_ids if self._room.find(name) is None])
        except SkylogError as error:
            return {"groups": [_undescribed(name, group_code_of(error)) for name in group_ids]}
        described = [self._describe(name, stored.get(name), request.version) for name in group_ids]
        if request.body["include_authorized_operations"]:
            for each in described:
                if each["error_code"] is ErrorCode.NONE:
                    each["authorized_operations"] = ALL_OPERATIONS
        return {"groups": described}

    async def list_groups(self, request: Request) -> Body:
        """Answer ListGroups, versions 0 to 5: 1 query."""
        try:
            stored = await self._room.coordinator.list_groups()
        except SkylogError as error:
            return {"error_code": group_code_of(error), "groups": []}
        listed = {record.group_id: _listed(record, GroupState.EMPTY) for record in stored}
        listed.update((group.group_id, _listed(group.record, group.state)) for group in self._room.present())
        states = {state.strip().lower() for state in request.body["states_filter"]}
        types = {each.strip().lower() for each in request.body["types_filter"]}
        groups = [each for each in listed.values() if not states or each["group_state"].lower() in states]
        return {"error_code": ErrorCode.NONE, "groups": groups if not types or GROUP_TYPE in types else []}

    async def delete_groups(self, request: Request) -> Body:
        """Answer DeleteGroups, versions 0 to 2: 1 query; each name is answered once."""
        group_ids = request.body["groups_names"]
        try:
            outcomes = await self._room.delete(group_ids)
        except SkylogError as error:
            outcomes = dict.fromkeys(group_ids, group_code_of(error))
        return {"results": [{"group_id": name, "error_code": outcome} for name, outcome in outcomes.items()]}

    async def _stored(self, group_ids: list[str]) -> dict[str, GroupRecord]:
        if not group_ids:
            return {}
        found = await self._room.coordinator.find_groups(group_ids)
        return {record.group_id: record for record in found if record is not None}

    def _describe(self, group_id: str, record: GroupRecord | None, version: int) -> Body:
        group = self._room.find(group_id)
        if group is not None and group.state is not GroupState.DEAD:
            return _described(group)
        if group is None and record is not None:
            return _description(group_id, GroupState.EMPTY, record.protocol_type)
        absent = _description(group_id, GroupState.DEAD, "")
        if version >= NOT_FOUND_SINCE:
            absent["error_code"] = ErrorCode.GROUP_ID_NOT_FOUND
            absent["error_message"] = f"Group {group_id} not found."
        return absent


def _described(group: ClassicGroup) -> Body:
    stable = group.state is GroupState.STABLE
    described = _description(group.group_id, group.state, group.protocol_type)
    described["protocol_data"] = group.protocol_name or "" if stable else ""
    described["members"] = [
        _member(member, group.protocol_name if stable else None) for member in group.roster.members.values()
    ]
    return described


def _member(member: Member, protocol_name: str | None) -> Body:
    return {
        "member_id": member.member_id,
        "group_instance_id": member.instance_id,
        "client_id": member.client_id,
        # Kafka prints Java's form of an address, and its tools expect the slash.
        "client_host": f"/{member.client_host}",
        "member_metadata": b"" if protocol_name is None else member.protocols[protocol_name],
        "member_assignment": member.assignment,
    }


def _description(group_id: str, state: GroupState, protocol_type: str) -> Body:
    return {
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "group_id": group_id,
        "group_state": state.value,
        "protocol_type": protocol_type,
        "protocol_data": "",
        "members": [],
        "authorized_operations": NO_OPERATIONS,
    }


def _undescribed(group_id: str, error: ErrorCode) -> Body:
    return {**_description(group_id, GroupState.DEAD, ""), "group_state": "", "error_code": error}


def _listed(record: GroupRecord, state: GroupState) -> Body:
    return {
        "group_id": record.group_id,
        "protocol_type": record.protocol_type,
        "group_state": state.value,
        "group_type": GROUP_TYPE,
    }
