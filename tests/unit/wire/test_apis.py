"""What ApiVersions says, and that it says the truth."""

import pytest

from skylog.wire.apis import SERVED, Feature, accepts, api_versions_response, unsupported_api_versions
from skylog.wire.codec import decode_response, encode_response, message

API_VERSIONS = 18
CLIENT = {"client_software_name": "apache-kafka-java", "client_software_version": "4.2.0"}


def test_every_version_that_is_served_can_be_read_and_written() -> None:
    for api in SERVED:
        for direction in ("request", "response"):
            facts = message(api.key, direction)
            assert facts.name.removesuffix(direction.title()) == api.name
            assert facts.since <= api.since <= api.until <= facts.until


def test_keys_are_unique_and_in_order() -> None:
    keys = [api.key for api in SERVED]
    assert keys == sorted(set(keys))


def test_produce_is_advertised_from_0_but_served_from_3() -> None:
    body = api_versions_response(3, request=CLIENT)
    assert body["api_keys"][0] == {"api_key": 0, "min_version": 0, "max_version": 13}
    assert [accepts(0, version) for version in (2, 3, 13, 14)] == [False, True, True, False]


def test_what_is_advertised_is_accepted_apart_from_old_produce() -> None:
    for row in api_versions_response(4, request=CLIENT)["api_keys"]:
        versions = range(row["min_version"], row["max_version"] + 1)
        refused = [version for version in versions if not accepts(row["api_key"], version)]
        assert refused == ([0, 1, 2] if row["api_key"] == 0 else [])
        assert not accepts(row["api_key"], row["max_version"] + 1)


def test_keys_between_brokers_are_not_served() -> None:
    internal = {4, 5, 6, 7, *range(52, 55), 56, 58, 59, 62, 63, 67, 70, 73, *range(80, 88), 93}
    assert not internal & {api.key for api in SERVED}
    assert not any(accepts(key, 0) for key in internal)


def test_no_feature_is_finalized() -> None:
    body = api_versions_response(4, request=CLIENT)
    _, decoded = decode_response(API_VERSIONS, 4, encode_response(API_VERSIONS, 4, 1, body)[4:])
    assert (decoded["finalized_features"], decoded["finalized_features_epoch"]) == ([], -1)
    assert decoded["supported_features"] == []


def test_an_unknown_version_is_answered_in_version_0_with_our_range() -> None:
    assert unsupported_api_versions(7).hex(" ") == (
        "00 00 00 10"  # length
        " 00 00 00 07"  # correlation id, no tagged fields
        " 00 23"  # UNSUPPORTED_VERSION
        " 00 00 00 01"  # one row
        " 00 12 00 00 00 04"  # ApiVersions 0 to 4
    )


@pytest.mark.parametrize("version", [5, 6, 32767, -1])
def test_any_unknown_version_gets_error_35(version: int) -> None:
    body = api_versions_response(version)
    assert body["error_code"] == 35
    assert body["api_keys"] == [{"api_key": 18, "min_version": 0, "max_version": 4}]


@pytest.mark.parametrize("field", ["client_software_name", "client_software_version"])
@pytest.mark.parametrize("name", ["", "-a", "a-", ".a", "a b", "a_b", "é", "a\n", "a" * 3 + "\0"])
def test_a_client_that_misnames_its_software_gets_error_42(field: str, name: str) -> None:
    body = api_versions_response(3, request=CLIENT | {field: name})
    assert (body["error_code"], body["api_keys"]) == (42, [])


@pytest.mark.parametrize("name", ["a", "7", "librdkafka", "confluent-kafka-python", "a.b-c9"])
def test_common_names_of_software_pass(name: str) -> None:
    assert api_versions_response(3, request=CLIENT | {"client_software_name": name})["error_code"] == 0


def test_old_versions_do_not_name_software() -> None:
    request = {"client_software_name": "", "client_software_version": ""}
    assert api_versions_response(2, request=request)["error_code"] == 0


def test_features_from_level_0_are_shown_only_to_those_who_can_read_them() -> None:
    features = [Feature("group.version", 0, 1), Feature("metadata.version", 1, 29)]
    shown = {
        version: [
            row["name"] for row in api_versions_response(version, features=features)["supported_features"]
        ]
        for version in (3, 4)
    }
    assert shown == {3: ["metadata.version"], 4: ["group.version", "metadata.version"]}
