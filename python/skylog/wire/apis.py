"""The one table of what is served, and the answer to ApiVersions that is made of it.

Clients take what is not advertised as a feature that is off, so a version stands here only if it works.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from skylog.wire.codec import encode_response
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body
from skylog.wire.frames import API_VERSIONS


class Api(NamedTuple):
    """A request that is served.

    Attributes
    ----------
    key : int
        Kafka's API key.
    name : str
        Its official name.
    since, until : int
        First and last version that is answered.
    advertised_since : int
        First version that ApiVersions names.
    """

    key: int
    name: str
    since: int
    until: int
    advertised_since: int


class Feature(NamedTuple):
    """A feature that clients may finalize, with the range of its levels."""

    name: str
    level_min: int
    level_max: int


def _api(key: int, name: str, since: int, until: int, advertised_since: int | None = None) -> Api:
    return Api(key, name, since, until, since if advertised_since is None else advertised_since)


SERVED: Final = (
    # librdkafka before 2.11.1 silently drops compression unless version 0 is advertised (KAFKA-18659).
    _api(0, "Produce", 3, 13, advertised_since=0),
    _api(1, "Fetch", 4, 18),
    _api(2, "ListOffsets", 1, 11),
    _api(3, "Metadata", 0, 13),
    _api(8, "OffsetCommit", 2, 10),
    _api(9, "OffsetFetch", 1, 10),
    _api(10, "FindCoordinator", 0, 6),
    _api(11, "JoinGroup", 0, 9),
    _api(12, "Heartbeat", 0, 4),
    _api(13, "LeaveGroup", 0, 5),
    _api(14, "SyncGroup", 0, 5),
    _api(15, "DescribeGroups", 0, 6),
    _api(16, "ListGroups", 0, 5),
    _api(API_VERSIONS, "ApiVersions", 0, 4),
    _api(19, "CreateTopics", 2, 7),
    _api(20, "DeleteTopics", 1, 6),
    _api(21, "DeleteRecords", 0, 2),
    _api(22, "InitProducerId", 0, 5),
    _api(23, "OffsetForLeaderEpoch", 2, 4),
    _api(29, "DescribeAcls", 1, 3),
    _api(30, "CreateAcls", 1, 3),
    _api(31, "DeleteAcls", 1, 3),
    _api(32, "DescribeConfigs", 1, 4),
    _api(33, "AlterConfigs", 0, 2),
    _api(34, "AlterReplicaLogDirs", 1, 2),
    _api(35, "DescribeLogDirs", 1, 5),
    _api(37, "CreatePartitions", 0, 3),
    _api(42, "DeleteGroups", 0, 2),
    _api(43, "ElectLeaders", 0, 2),
    _api(44, "IncrementalAlterConfigs", 0, 1),
    _api(45, "AlterPartitionReassignments", 0, 1),
    _api(46, "ListPartitionReassignments", 0, 0),
    _api(47, "OffsetDelete", 0, 0),
    _api(48, "DescribeClientQuotas", 0, 1),
    _api(49, "AlterClientQuotas", 0, 1),
    _api(50, "DescribeUserScramCredentials", 0, 0),
    _api(55, "DescribeQuorum", 0, 2),
    _api(57, "UpdateFeatures", 0, 2),
    _api(60, "DescribeCluster", 0, 2),
    _api(61, "DescribeProducers", 0, 0),
    _api(64, "UnregisterBroker", 0, 0),
    _api(74, "ListConfigResources", 0, 1),
    _api(75, "DescribeTopicPartitions", 0, 0),
)

_BY_KEY: Final = {api.key: api for api in SERVED}

_SOFTWARE: Final = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")

_SOFTWARE_SINCE: Final = 3
"""First version in which clients name their software."""

_LEVEL_ZERO_SINCE: Final = 4
"""First version whose readers can take a feature with levels from 0 (KAFKA-17011)."""


def accepts(api_key: int, version: int) -> bool:
    """Tell whether a request of this version is answered."""
    api = _BY_KEY.get(api_key)
    return api is not None and api.since <= version <= api.until


def api_versions_response(
    version: int,
    served: Sequence[Api] = SERVED,
    request: Body | None = None,
    features: Sequence[Feature] = (),
) -> Body:
    """Build the answer to ApiVersions.

    Parameters
    ----------
    version : int
        That of the request. To one that is not served the answer is UNSUPPORTED_VERSION with the versions of
        ApiVersions itself; it has to be encoded as version 0.
    served : sequence of Api
        What to advertise.
    request : Body, optional
        The request, whose names for the client's software are checked as Kafka does.
    features : sequence of Feature
        What may be finalized; nothing is.
    """
    if not accepts(API_VERSIONS, version):
        own = [api for api in served if api.key == API_VERSIONS]
        return _response(ErrorCode.UNSUPPORTED_VERSION, own)
    if version >= _SOFTWARE_SINCE and request is not None and not _names_software(request):
        return _response(ErrorCode.INVALID_REQUEST, [])
    readable = [feature for feature in features if version >= _LEVEL_ZERO_SINCE or feature.level_min > 0]
    return _response(ErrorCode.NONE, served) | {"supported_features": [_feature(f) for f in readable]}


def unsupported_api_versions(correlation_id: int) -> bytes:
    """Return the frame that answers ApiVersions of a version that is not served; its body was never read."""
    return encode_response(API_VERSIONS, 0, correlation_id, api_versions_response(-1))


def _names_software(request: Body) -> bool:
    names = (request["client_software_name"], request["client_software_version"])
    return all(_SOFTWARE.fullmatch(name) for name in names)


def _response(code: ErrorCode, apis: Sequence[Api]) -> Body:
    keys = [
        {"api_key": api.key, "min_version": api.advertised_since, "max_version": api.until} for api in apis
    ]
    return {"error_code": code, "api_keys": keys}


def _feature(feature: Feature) -> dict[str, Any]:
    return {"name": feature.name, "min_version": feature.level_min, "max_version": feature.level_max}
