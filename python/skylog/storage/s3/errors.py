"""What boto3 raises, in plain words and in our kinds."""

from __future__ import annotations

import botocore.exceptions as boto
from botocore.parsers import ResponseParserError

from skylog.errors import InvalidConfig, SkylogError, Unavailable
from skylog.storage.refusals import Refusal


def refusal_of(error: boto.ClientError) -> Refusal:
    """Read what boto3 says of an answer."""
    said = error.response.get("Error", {})
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return Refusal(status, str(said.get("Code") or status), str(said.get("Message") or ""))


def explain_boto(error: Exception, what: str) -> SkylogError:
    """Return our error for one of boto3's."""
    if isinstance(error, boto.ClientError):
        return refusal_of(error).as_error(what)
    for kinds, words in _BOTO_WORDS:
        if isinstance(error, kinds):
            return Unavailable(f"{what}: {words} ({_first_line(error)})")
    return Unavailable(f"{what}: {_first_line(error)}")


def explain_at_start(error: Exception, what: str) -> SkylogError:
    """Return our error for one of boto3's: `InvalidConfig` where an operator has to mend something."""
    ours = explain_boto(error, what)
    return InvalidConfig(str(ours)) if _is_operators(error) else ours


def _is_operators(error: Exception) -> bool:
    """Whether what boto3 raised is for an operator to mend, rather than for time."""
    if isinstance(error, boto.ClientError):
        return refusal_of(error).remedy is not None
    return isinstance(error, _CREDENTIAL_ERRORS + _TLS_ERRORS + _ADDRESS_ERRORS + _FOREIGN_ERRORS)


NO_CREDENTIALS = (
    "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "name a profile with profile=NAME, or give the machine a role"
)

_CREDENTIAL_ERRORS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.UnknownCredentialError,
    boto.ConfigParseError,
)
_TLS_ERRORS = (boto.SSLError,)
_ADDRESS_ERRORS = (boto.InvalidRegionError, boto.NoRegionError, boto.UnknownEndpointError)
_FOREIGN_ERRORS = (ResponseParserError,)

_BOTO_WORDS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((boto.SSLError,), "TLS fails; ca_bundle=FILE names whom to trust, http:// speaks without TLS"),
    ((boto.ConnectTimeoutError,), "the endpoint cannot be reached in time; check it, the network, firewalls"),
    ((boto.EndpointConnectionError,), "the endpoint cannot be reached; check its host and port"),
    ((boto.ProxyConnectionError,), "the proxy cannot be reached; check HTTP_PROXY, HTTPS_PROXY, NO_PROXY"),
    ((boto.ReadTimeoutError,), "no answer in time; the outcome is unknown"),
    ((boto.ConnectionClosedError,), "the connection was closed before the answer; the outcome is unknown"),
    ((boto.IncompleteReadError, boto.ResponseStreamingError), "the answer was cut off, connection lost"),
    ((boto.NoCredentialsError,), NO_CREDENTIALS),
    (_CREDENTIAL_ERRORS, "the credentials cannot be had"),
    (_FOREIGN_ERRORS, "what answers does not speak S3; check the endpoint"),
)  # fmt: skip


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
