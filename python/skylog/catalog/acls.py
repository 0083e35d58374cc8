"""DescribeAcls, CreateAcls, DeleteAcls: there is no authorizer, so there are no rules to show or change."""

from __future__ import annotations

from skylog.catalog.verdicts import bounded
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_ACLS, CREATE_ACLS, DELETE_ACLS = 29, 30, 31

_REFUSAL = {
    "error_code": ErrorCode.SECURITY_DISABLED,
    "error_message": "No authorizer is configured: every client may do everything",
}


class AclsHandler:
    """Says so, once for each rule that is asked for."""

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {
            DESCRIBE_ACLS: self.describe_acls,
            CREATE_ACLS: self.create_acls,
            DELETE_ACLS: self.delete_acls,
        }

    async def describe_acls(self, request: Request) -> Body:  # noqa: ARG002 - whatever is asked for
        """Answer DescribeAcls v1-v3."""
        return {**_REFUSAL, "resources": []}

    async def create_acls(self, request: Request) -> Body:
        """Answer CreateAcls v1-v3."""
        return {"results": [_REFUSAL for _ in bounded(request.body["creations"], "creations")]}

    async def delete_acls(self, request: Request) -> Body:
        """Answer DeleteAcls v1-v3."""
        filters = bounded(request.body["filters"], "filters")
        return {"filter_results": [{**_REFUSAL, "matching_acls": []} for _ in filters]}
