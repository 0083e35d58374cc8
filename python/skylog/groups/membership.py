"""JoinGroup, SyncGroup, Heartbeat and LeaveGroup: from wire messages to the room and back."""

from __future__ import annotations

from skylog.groups.requests import JoinAnswer, JoinRequest, Leaver, SyncAnswer, SyncRequest
from skylog.groups.room import GroupRoom
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Request

REASON_CHARACTERS_MAX = 255
"""What is kept of a client's reason; it only goes to the log."""


class Membership:
    """Handlers of who comes, stays and goes."""

    def __init__(self, room: GroupRoom) -> None:
        self._room = room

    async def join(self, request: Request) -> Body:
        """Answer JoinGroup, versions 0 to 9; may wait as long as a rebalance takes."""
        body = request.body
        error = self._check_join(body)
        if error is not ErrorCode.NONE:
            return _join_body(JoinAnswer(error, body["member_id"]), request.version)
        answer = await self._room.join(body["group_id"], self._join_request(request))
        return _join_body(answer, request.version)

    async def sync(self, request: Request) -> Body:
        """Answer SyncGroup, versions 0 to 5; waits for the leader's assignment."""
        body = request.body
        if not body["group_id"]:
            return _sync_body(SyncAnswer(ErrorCode.INVALID_GROUP_ID))
        if request.version >= 5 and (body["protocol_type"] is None or body["protocol_name"] is None):
            return _sync_body(SyncAnswer(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
        wanted = SyncRequest(
            body["member_id"],
            body["group_instance_id"],
            body["generation_id"],
            body["protocol_type"],
            body["protocol_name"],
            {each["member_id"]: bytes(each["assignment"]) for each in body["assignments"]},
        )
        return _sync_body(await self._room.sync(body["group_id"], wanted))

    async def heartbeat(self, request: Request) -> Body:
        """Answer Heartbeat, versions 0 to 4, at once."""
        body = request.body
        if not body["group_id"]:
            return {"error_code": ErrorCode.INVALID_GROUP_ID}
        member = (body["member_id"], body["group_instance_id"])
        error = self._room.heartbeat(body["group_id"], *member, body["generation_id"])
        return {"error_code": error}

    async def leave(self, request: Request) -> Body:
        """Answer LeaveGroup, versions 0 to 5, at once; from version 3 on with one outcome per member."""
        body = request.body
        if not body["group_id"]:
            return {"error_code": ErrorCode.INVALID_GROUP_ID, "members": []}
        members = body["members"] if request.version >= 3 else [_alone(body["member_id"])]
        leavers = [
            Leaver(each["member_id"], each["group_instance_id"], _reason(each["reason"])) for each in members
        ]
        outcomes = self._room.leave(body["group_id"], leavers)
        if request.version < 3:
            return {"error_code": outcomes[0], "members": []}
        return {"error_code": ErrorCode.NONE, "members": _left(leavers, outcomes)}

    def _check_join(self, body: Body) -> ErrorCode:
        config = self._room.config
        if not body["group_id"]:
            return ErrorCode.INVALID_GROUP_ID
        session_ms = body["session_timeout_ms"]
        if not config.min_session_timeout_ms <= session_ms <= config.max_session_timeout_ms:
            return ErrorCode.INVALID_SESSION_TIMEOUT
        return ErrorCode.NONE

    def _join_request(self, request: Request) -> JoinRequest:
        body = request.body
        session_ms, instance_id = body["session_timeout_ms"], body["group_instance_id"]
        # Version 0 knows one timeout for both.
        rebalance_ms = body["rebalance_timeout_ms"] if request.version >= 1 else session_ms
        protocols: dict[str, bytes] = {}
        for each in body["protocols"]:
            protocols.setdefault(each["name"], bytes(each["metadata"]))
        return JoinRequest(
            member_id=body["member_id"],
            instance_id=instance_id,
            fresh_member_id=self._room.fresh_member_id(instance_id or request.client_id or ""),
            client_id=request.client_id or "",
            client_host=request.client_host,
            session_timeout_ms=session_ms,
            rebalance_timeout_ms=max(rebalance_ms, 0),
            protocol_type=body["protocol_type"],
            protocols=protocols,
            learns_id_first=request.version >= 4,
            skips_assignment=request.version >= 9,
            reason=_reason(body["reason"]),
        )


def _reason(reason: str | None) -> str:
    return (reason or "not provided")[:REASON_CHARACTERS_MAX]


def _alone(member_id: str) -> Body:
    return {"member_id": member_id, "group_instance_id": None, "reason": None}


def _left(leavers: list[Leaver], outcomes: list[ErrorCode]) -> list[Body]:
    return [
        {"member_id": leaver.member_id, "group_instance_id": leaver.instance_id, "error_code": outcome}
        for leaver, outcome in zip(leavers, outcomes, strict=True)
    ]


def _join_body(answer: JoinAnswer, version: int) -> Body:
    # Before version 7 the name cannot be null, and clients expect an empty one.
    name = answer.protocol_name or "" if version < 7 else answer.protocol_name
    return {
        "error_code": answer.error,
        "generation_id": answer.generation,
        "protocol_type": answer.protocol_type,
        "protocol_name": name,
        "leader": answer.leader,
        "skip_assignment": answer.skip_assignment,
        "member_id": answer.member_id,
        "members": [
            {
                "member_id": member.member_id,
                "group_instance_id": member.instance_id,
                "metadata": member.metadata,
            }
            for member in answer.members
        ],
    }


def _sync_body(answer: SyncAnswer) -> Body:
    return {
        "error_code": answer.error,
        "protocol_type": answer.protocol_type,
        "protocol_name": answer.protocol_name,
        "assignment": answer.assignment,
    }
