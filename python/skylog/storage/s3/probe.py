"""What is wrong with a bucket, said before the first segment needs it.

HEAD of the bucket, then PUT, conditional PUT, GET, LIST and DELETE of one small object. Refusals of single
actions are collected, so that one message names all rights that are missing; everything else is said at once.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from skylog.clock import Clock
from skylog.errors import InvalidConfig, SkylogError
from skylog.storage.refusals import Refusal
from skylog.storage.s3.client import Access
from skylog.storage.s3.errors import NO_CREDENTIALS, explain_at_start, refusal_of

log = logging.getLogger("skylog.storage")

SKEW_S_MAX = 15 * 60
"""What S3 tolerates between a request's time and its own."""

SKEW_S_WARNED = 60

PUT = "put objects (s3:PutObject)"
GET = "get objects (s3:GetObject)"
LIST = "list objects (s3:ListBucket)"
DELETE = "delete objects (s3:DeleteObject)"

_DENIED = {"AccessDenied", "Forbidden", "403", "AccessForbidden", "UnauthorizedAccess", "AllAccessDisabled"}
_BODY = b"skylog was here"


@dataclass(slots=True)
class Probe:
    """One look at a bucket. `run` blocks.

    Parameters
    ----------
    key
        Name of the object, below the prefix; nobody else may use it.
    """

    access: Access
    clock: Clock
    key: str
    conditional_put: bool = field(default=False, init=False)
    _written: bool = field(default=False, init=False)
    _missing: list[str] = field(default_factory=list, init=False)

    def run(self) -> None:
        """Try everything. Raises `InvalidConfig` for what an operator mends, else `Unavailable`."""
        self._check_credentials()
        self._check_bucket()
        try:
            self._try_all()
        except BaseException:
            self._clean_up()
            raise
        self._check_rights()

    def _try_all(self) -> None:
        self._written = self._try(PUT, self._put)
        if self._written:
            self._try_conditional_put()
        listed = self._try(LIST, self._list)
        if self._written or listed:  # else a GET of nothing is refused like one without the right to it
            self._try(GET, self._get)
        self._try(DELETE, self._delete)

    def _clean_up(self) -> None:
        if self._written:
            with contextlib.suppress(ClientError, BotoCoreError, ResponseParserError):
                self._delete()

    def _check_credentials(self) -> None:
        if self.access.credentials is None:
            raise InvalidConfig(f"{self._where}: {NO_CREDENTIALS}")

    def _check_bucket(self) -> None:
        try:
            refusal, headers = _head(self.access)
        except (BotoCoreError, ResponseParserError) as error:
            raise self._explain(error, "") from error
        self._check_clock(headers)
        region = headers.get("x-amz-bucket-region")
        if region and region != self.access.region:
            raise InvalidConfig(
                f"{self._where}: the bucket lies in region {region}, not in {self.access.region}; "
                f"put region={region} into the store's address"
            )
        if refusal is not None and refusal.status == 404:
            raise InvalidConfig(
                f"{self._where}: there is no bucket {self._bucket} at {self.access.endpoint}; create it, "
                "or correct its name or endpoint"
            )

    def _check_clock(self, headers: dict[str, str]) -> None:
        skew_s = self._skew_s(headers)
        if skew_s is None or abs(skew_s) < SKEW_S_WARNED:
            return
        side = "ahead of" if skew_s > 0 else "behind"
        words = f"this machine's clock is {timedelta(seconds=abs(skew_s))} {side} the service's"
        if abs(skew_s) >= SKEW_S_MAX:
            raise InvalidConfig(f"{self._where}: {words}, which it does not accept; set the clock (NTP)")
        log.warning("%s: %s; set the clock (NTP)", self._where, words)

    def _skew_s(self, headers: dict[str, str]) -> int | None:
        try:
            served = parsedate_to_datetime(headers["date"])
        except (KeyError, ValueError):
            return None
        return round(self.clock.now_ms() / 1000 - served.timestamp())

    def _try(self, action: str, request: Callable[[], None]) -> bool:
        """Make a request; True if it was allowed."""
        try:
            request()
        except ClientError as error:
            if refusal_of(error).code not in _DENIED:
                raise self._explain(error, action) from error
            self._missing.append(action)
            return False
        except (BotoCoreError, ResponseParserError) as error:
            raise self._explain(error, action) from error
        return True

    def _put(self) -> None:
        self.access.client.put_object(Body=_BODY, **self._named, **self.access.put_options)

    def _try_conditional_put(self) -> None:
        """See whether the service keeps an object that is there already; many ignore the condition."""
        try:
            self.access.client.put_object(
                Body=_BODY, IfNoneMatch="*", **self._named, **self.access.put_options
            )
        except ClientError as error:
            self.conditional_put = refusal_of(error).status in {409, 412}
        except (BotoCoreError, ResponseParserError) as error:
            raise self._explain(error, "put objects if absent") from error

    def _get(self) -> None:
        try:
            with contextlib.closing(self.access.client.get_object(**self._named)["Body"]) as body:
                found = body.read()
        except ClientError as error:
            if not self._written and refusal_of(error).status == 404:
                return
            raise
        if found != _BODY:
            raise InvalidConfig(f"{self._where}: an object does not read as it was written: found {found!r}")

    def _list(self) -> None:
        prefix = self._named["Key"]
        page = self.access.client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=1)
        found = [entry["Key"] for entry in page.get("Contents", ())]
        if self._written and found != [prefix]:
            raise InvalidConfig(
                f"{self._where}: an object just written is not listed; the service cannot be used"
            )

    def _delete(self) -> None:
        if not self.access.location.batch_delete:
            self.access.client.delete_object(**self._named)
            return
        wanted = {"Objects": [{"Key": self._named["Key"]}], "Quiet": True}
        answer = self.access.client.delete_objects(Bucket=self._bucket, Delete=wanted)
        for error in answer.get("Errors", ()):
            raise ClientError(
                {"Error": error, "ResponseMetadata": answer["ResponseMetadata"]}, "DeleteObjects"
            )

    def _check_rights(self) -> None:
        if not self._missing:
            return
        left = DELETE in self._missing and self._written
        raise InvalidConfig(
            f"{self._where}: the credentials ({self.access.credentials.access_key}) may not "
            f"{', '.join(self._missing)}; grant it for bucket {self._bucket}, or use others"
            + (f" (the object {self._named['Key']} is left behind)" if left else "")
        )

    def _explain(self, error: Exception, action: str) -> SkylogError:
        elsewhere = self.access.location.endpoint is not None
        place = "" if elsewhere else f" (endpoint {self.access.endpoint}, region {self.access.region})"
        return explain_at_start(error, f"{self._where}{place}: {action}".removesuffix(": "))

    @property
    def _where(self) -> str:
        return f"store {self.access.location.url}"

    @property
    def _bucket(self) -> str:
        return self.access.location.bucket

    @property
    def _named(self) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self.access.location.prefix + self.key}


def find_region(access: Access) -> str | None:
    """Return the region that the service says the bucket lies in, None where it does not say. Blocks."""
    try:
        return _head(access)[1].get("x-amz-bucket-region")
    except (BotoCoreError, ResponseParserError):
        return None  # the probe will say what is wrong


def _head(access: Access) -> tuple[Refusal | None, dict[str, str]]:
    # It is answered without a body, so a 403 may mean anything; the next request says more.
    try:
        answer, refusal = access.client.head_bucket(Bucket=access.location.bucket), None
    except ClientError as error:
        answer, refusal = error.response, refusal_of(error)
    return refusal, answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
