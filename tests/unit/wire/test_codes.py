from kafka.errors import kafka_errors
from kio.schema.errors import ErrorCode as KioErrorCode

from skylog.errors import Conflict, Corrupt, Fenced, InvalidConfig, InvalidRequest, NotFound, Unavailable
from skylog.wire.codes import ErrorCode, KafkaError, code_of


def test_every_official_code_is_there_with_its_name_and_retriability() -> None:
    ours = {code.name: (int(code), code.retriable) for code in ErrorCode}
    assert ours == {code.name.upper(): (int(code), code.retriable) for code in KioErrorCode}


def test_codes_known_to_another_client_are_known_here() -> None:
    assert set(kafka_errors) - {None} <= {int(code) for code in ErrorCode}


def test_each_kind_of_error_has_its_code() -> None:
    kinds = [NotFound, InvalidConfig, InvalidRequest, Fenced, Unavailable, Corrupt, ValueError]
    assert [code_of(kind("x")).name for kind in kinds] == [
        "UNKNOWN_TOPIC_OR_PARTITION",
        "INVALID_CONFIG",
        "INVALID_REQUEST",
        "NOT_LEADER_OR_FOLLOWER",
        "REQUEST_TIMED_OUT",
        "CORRUPT_MESSAGE",
        "UNKNOWN_SERVER_ERROR",
    ]


def test_what_the_outcome_is_unknown_of_is_retriable() -> None:
    assert code_of(Unavailable("x")).retriable
    assert code_of(Fenced("x")).retriable


def test_the_caller_says_what_a_conflict_means() -> None:
    assert code_of(Conflict("x")) is ErrorCode.INVALID_REQUEST
    assert code_of(Conflict("x"), ErrorCode.TOPIC_ALREADY_EXISTS) is ErrorCode.TOPIC_ALREADY_EXISTS
    assert code_of(NotFound("x"), ErrorCode.TOPIC_ALREADY_EXISTS) is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_a_kafka_error_keeps_its_code_and_message() -> None:
    error = KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, "group 'g': expected a group, found none")
    assert code_of(error) is ErrorCode.GROUP_ID_NOT_FOUND
    assert str(error) == error.message == "group 'g': expected a group, found none"
    assert str(KafkaError(ErrorCode.NOT_COORDINATOR)) == "NOT_COORDINATOR"
