"""Where a server is and how to speak to it."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import boto3
import botocore.config

REGION = "us-east-1"


@dataclass(frozen=True)
class Keys:
    """An access key and its secret."""

    access_key: str
    secret_key: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that hand them to a process, and keep it from finding any others."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True)
class Endpoint:
    """An S3 service: its address and the keys of somebody who may do everything."""

    url: str
    keys: Keys
    region: str = REGION

    @property
    def environment(self) -> dict[str, str]:
        """The variables that let a process do everything here."""
        return self.keys.environment

    def client(self, keys: Keys | None = None) -> Any:
        """A plain boto3 client, to look behind skylog's back; its user closes it."""
        keys = keys or self.keys
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            region_name=self.region,
            config=botocore.config.Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=30,
                max_pool_connections=32,
            ),
        )

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket; names have 3 characters at least."""
        client = self.client()
        try:
            client.create_bucket(Bucket=bucket)
        finally:
            client.close()

    def store_url(self, bucket: str, prefix: str = "", **parameters: str) -> str:
        """The URL of a skylog store; credentials come from the environment (`Keys.environment`)."""
        query = urlencode({"endpoint": self.url, "region": self.region, **parameters}, safe=":/")
        return f"s3://{bucket}/{prefix}?{query}"

    def answers(self) -> bool:
        """Whether something speaks HTTP there."""
        host, port = self.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def environment_of(keys: Keys, **more: str) -> Iterator[None]:
    """Let this process, and what it starts meanwhile, find `keys` and no others."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in kept:
        del os.environ[name]
    os.environ.update(keys.environment | more)
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(kept)
