"""DescribeUserScramCredentials: without SASL no user has credentials.

Tools ask for them beside the quotas of a user, and end with an error where the API is not served.
"""

from __future__ import annotations

from collections.abc import Sequence

from skylog.catalog.definitions import shortened
from skylog.catalog.verdicts import bounded, repeated
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_USER_SCRAM_CREDENTIALS = 50


class CredentialsHandler:
    """Says so, once for each user that is asked for."""

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DESCRIBE_USER_SCRAM_CREDENTIALS: self.describe_user_scram_credentials}

    async def describe_user_scram_credentials(self, request: Request) -> Body:
        """Answer DescribeUserScramCredentials v0; null and nothing ask for all users."""
        names = [user["name"] for user in bounded(request.body["users"] or [], "users")]
        return {"error_code": ErrorCode.NONE, "error_message": None, "results": _rows(names)}


def _rows(names: Sequence[str]) -> list[Body]:
    twice = repeated(names)
    return [_row(name, name in twice) for name in dict.fromkeys(names)]


def _row(name: str, twice: bool) -> Body:
    code, what = _TWICE if twice else _NONE
    return {
        "user": name,
        "error_code": code,
        "error_message": f"User '{shortened(name)}': {what}",
        "credential_infos": [],
    }


_NONE = (ErrorCode.RESOURCE_NOT_FOUND, "there are no credentials")
_TWICE = (ErrorCode.DUPLICATE_RESOURCE, "expected once in a request")
