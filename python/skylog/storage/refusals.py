"""What an object store refuses, in plain words and in our kinds, whichever client heard it.

A refusal that an operator can mend while the broker runs (rights, expired credentials, a bucket that is not
there) is `Unavailable`: what waits may succeed later and nothing is lost. At start the probe turns the same
refusals into `InvalidConfig`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skylog.errors import Conflict, InvalidRequest, NotFound, SkylogError, Throttled, Unavailable

THROTTLED = {
    "SlowDown",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "ServerBusy",
    "503",
    "429",
}

_KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile, or the machine's role"
_REGION = "put region=NAME of the bucket into the store's address"

MENDED_BY_OPERATOR = {
    "NoSuchBucket": "the bucket does not exist; create it, or correct its name or endpoint",
    "ContainerNotFound": "the container does not exist; create it, or correct its name or endpoint",
    "AuthenticationFailed": "the service does not accept the credentials; check them and the clock",
    "AuthorizationFailure": "the credentials do not allow it; grant the action to them, or use others",
    "AuthorizationPermissionMismatch": "the credentials do not allow it; grant the action to them",
    "AccessDenied": "the credentials do not allow it; grant the action to them, or use others",
    "Forbidden": "the credentials do not allow it; grant the action to them, or use others",
    "AllAccessDisabled": "the service has closed the account or the bucket",
    "AccountProblem": "the service has closed the account",
    "InvalidAccessKeyId": f"the service does not know this access key; {_KEYS}",
    "SignatureDoesNotMatch": f"the secret key does not belong to the access key; {_KEYS}. "
    "A proxy that changes the host name looks the same",
    "ExpiredToken": "the credentials have expired; renew them",
    "TokenRefreshRequired": "the credentials have expired; renew them",
    "InvalidToken": f"the session token is not valid; {_KEYS}",
    "RequestTimeTooSkewed": "this machine's clock and the service's differ too much; set the clock (NTP)",
    "RequestExpired": "this machine's clock and the service's differ too much; set the clock (NTP)",
    "AuthorizationHeaderMalformed": f"the bucket lies in another region; {_REGION}",
    "PermanentRedirect": f"the bucket lies in another region or at another endpoint; {_REGION}",
    "TemporaryRedirect": f"the bucket is being moved or lies in another region; {_REGION}",
    "IllegalLocationConstraintException": f"the bucket lies in another region; {_REGION}",
    "MethodNotAllowed": "the service does not offer it; see the table of services in the guide",
    "NotImplemented": "the service does not offer it; see the table of services in the guide",
    "XNotImplemented": "the service does not offer it; see the table of services in the guide",
    "InvalidStorageClass": "the service has no such storage class; correct storage_class",
    "XAmzContentSHA256Mismatch": "the service wants the body signed; add payload_signing=yes",
    "InvalidDigest": "the service does not take this checksum; add checksum=none",
    "BadDigest": "the body did not arrive as it was sent",
    "MissingContentMD5": "the service wants a checksum that is not sent; see batch_delete in the guide",
    "KMS.DisabledException": "the key of sse_kms_key_id is disabled",
    "KMS.NotFoundException": "the key of sse_kms_key_id does not exist",
    "KMS.InvalidStateException": "the key of sse_kms_key_id cannot be used now",
    "QuotaExceeded": "the quota is used up; raise it or delete something",
    "XMinioStorageFull": "the service's disks are full",
    "InsufficientStorage": "the service's disks are full",
    "301": f"the bucket lies in another region or at another endpoint; {_REGION}",
    "307": f"the bucket lies in another region; {_REGION}",
    "401": f"the service does not accept the credentials; {_KEYS}",
    "403": "the credentials do not allow it, or are not known; grant the action to them, or use others",
    "405": "the service does not offer it; see the table of services in the guide",
    "501": "the service does not offer it; see the table of services in the guide",
}
"""Codes, or statuses without one, and what to do about them."""

_TRANSIENT = {
    "RequestTimeout",
    "OperationAborted",
    "ConditionalRequestConflict",
    "InternalError",
    "408",
    "409",
}
_MISSING = {"NoSuchKey", "NoSuchUpload", "BlobNotFound", "404"}
_PAST_END = {"InvalidRange", "416"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the service answered. `code` is S3's, or the HTTP status as text where there was none."""

    status: int
    code: str
    message: str

    @property
    def remedy(self) -> str | None:
        """What an operator can do, None where that is nothing."""
        return MENDED_BY_OPERATOR.get(self.code) or MENDED_BY_OPERATOR.get(str(self.status))

    def describe(self) -> str:
        """The refusal in words."""
        words = " ".join(self.message.split())
        said = f": {words}" if words and words != self.code else ""
        shown = f"{self.code}, HTTP {self.status}" if self.code != str(self.status) else f"HTTP {self.status}"
        remedy = self.remedy
        return f"{remedy} ({shown}{said})" if remedy else f"the service answered {shown}{said}"

    def as_error(self, what: str) -> SkylogError:
        """Return the error to raise for `what`, such as ``s3://b: put of k``."""
        return self._kind()(f"{what}: {self.describe()}")

    def _kind(self) -> type[SkylogError]:
        if self.code in THROTTLED or self.status in {429, 503}:
            return Throttled
        if self.code in _MISSING or (self.status == 404 and self.code not in MENDED_BY_OPERATOR):
            return NotFound
        if self.code in _PAST_END:
            return InvalidRequest
        if self.status == 412:
            return Conflict
        if self.remedy or self.status >= 500 or self.code in _TRANSIENT or self.status < 400:
            return Unavailable
        return InvalidRequest


_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,300})</Message>")


def refusal_in(text: str) -> Refusal | None:
    """Read what the service answered out of an error's text, None where nothing of the kind is in it."""
    status = _STATUS.search(text)
    if status is None:
        return None
    code, message = _CODE.search(text), _MESSAGE.search(text)
    return Refusal(int(status[1]), code[1] if code else status[1], message[1] if message else "")
