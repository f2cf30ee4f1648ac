"""A bucket of S3, or of a server that speaks its language (extra `endpoint_url`).

botocore itself, not through s3fs: that reads in parts, of which a broken one has to come again from its begin, and
falls over its own timeouts (IndexError in S3File._fetch_range, s3fs 2026.9).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import UNSIGNED
from botocore import exceptions as boto
from botocore.config import Config
from botocore.session import Session

from connectors.calendar import SourceFile
from connectors.connection import Connection
from connectors.transport import base, tls
from connectors.transport.base import BrokenError, Child, at
from schemas.errors import ConfigurationError, HubError

BLOCK_BYTES = 64 * 1024
WRONG_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthFailure")
BROKEN = (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, boto.ResponseStreamingError)
OTHER_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")


@contextmanager
def session(connection: Connection) -> Iterator[S3Session]:
    """Make the client, and tell every failure by what the caller must do.

    Raises:
        ConfigurationError: no such bucket, or a wrong endpoint or region.
        RefusedError: the server refused the key or the file.
        BrokenError: the server does not answer, or hung up.

    """
    try:
        client = _client(connection)
        try:
            yield S3Session(client, connection)
        finally:
            client.close()
    except (boto.BotoCoreError, boto.ClientError, boto.HTTPClientError, ValueError) as error:
        raise _explained(error, connection) from error


def _client(connection: Connection) -> Any:
    extra = connection.extra
    endpoint = str(extra.get("endpoint_url") or "") or None
    config = Config(
        connect_timeout=base.CONNECT_SECONDS,
        read_timeout=base.ANSWER_SECONDS,
        retries={"total_max_attempts": 1},  # attempts are counted in one place
        signature_version=None if connection.login else UNSIGNED,
        s3={"addressing_style": "path" if endpoint else "auto"},
        ignore_configured_endpoint_urls=True,
    )
    return Session().create_client(
        "s3",
        region_name=str(extra.get("region_name") or "us-east-1"),
        endpoint_url=endpoint,
        verify=tls.ca_file(connection),
        aws_access_key_id=connection.login or None,
        aws_secret_access_key=connection.password or None,
        aws_session_token=str(extra.get("aws_session_token") or "") or None,
        config=config,
    )


class S3Session:
    """A prefix of a bucket."""

    def __init__(self, client: Any, connection: Connection) -> None:
        """Take the bucket and the prefix; nothing is asked yet."""
        self.client, self.connection = client, connection
        self.bucket, _, prefix = connection.path.strip("/").partition("/")
        self.prefix = f"{prefix}/" if prefix else ""
        self._marks: dict[str, str] = {}

    def children(self, folder: str) -> list[Child]:
        """List a prefix; the empty object that some programs put there as a folder is none of its files."""
        prefix = self.prefix + (f"{folder}/" if folder else "")
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
        found = []
        for page in pages:
            below = (told["Prefix"].rstrip("/") for told in page.get("CommonPrefixes", []))
            found += [Child(SourceFile(key.removeprefix(self.prefix)), is_folder=True) for key in below]
            files = (told for told in page.get("Contents", []) if told["Key"] != prefix)
            found += [Child(_file(told["Key"].removeprefix(self.prefix), told["Size"], told)) for told in files]
        return found

    def file(self, name: str) -> SourceFile | None:
        """Return size and time of one object."""
        try:
            told = self.client.head_object(Bucket=self.bucket, Key=self.prefix + name)
        except boto.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return None
        self._marks[name] = told["ETag"]
        return _file(name, told["ContentLength"], told)

    def blocks(self, file: SourceFile, offset: int) -> Iterator[bytes]:
        """Read an object from a byte on, if it still has the ETag that `file` has found."""
        options = {"IfMatch": self._marks[file.name]} if file.name in self._marks else {}
        if offset:
            options["Range"] = f"bytes={offset}-"
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + file.name, **options)
        except boto.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (404, 412):
                raise
            raise base.changed(file.name, self.connection) from error
        body = answer["Body"]
        try:
            yield from body.iter_chunks(BLOCK_BYTES)
        finally:
            body.close()


def _file(name: str, size: int, told: dict[str, Any]) -> SourceFile:
    return SourceFile(name, size, told["LastModified"].timestamp())


def _explained(error: Exception, connection: Connection) -> HubError | BrokenError:
    if isinstance(error, boto.ClientError):
        return _answered(error, connection)
    text = str(error)
    if isinstance(error, boto.SSLError):
        return tls.untrusted(connection, text[-120:])
    if isinstance(error, boto.EndpointConnectionError) and "resolve" in str(error.kwargs.get("error")):
        return base.unknown_host(connection, "no address of endpoint_url")
    if isinstance(error, BROKEN):
        return BrokenError(text, isinstance(error, boto.ReadTimeoutError | boto.ConnectTimeoutError))
    return _unfit(connection, text)


def _answered(error: boto.ClientError, connection: Connection) -> HubError | BrokenError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in OTHER_REGION or status == 301:
        fix = "name the bucket's region in the extra region_name"
        return ConfigurationError(f"the bucket is of another region ({code})", where=at(connection), fix=fix)
    if code in WRONG_KEY or status == 401:
        return base.refused(connection, code)
    if status == 403:  # to a HEAD a wrong key and a missing right look the same
        return base.refused(connection, f"{code}: a wrong key, or no right to list and read the bucket")
    if status == 404:
        return base.no_folder(connection, "mend the bucket in the connection's address")
    if status >= 500 or status == 429 or code in ("SlowDown", "RequestTimeout"):
        return BrokenError(f"{status} {code}")
    return _unfit(connection, f"{status} {code}")


def _unfit(connection: Connection, text: str) -> ConfigurationError:
    fix = "mend the connection's bucket and the extra endpoint_url"
    return ConfigurationError(f"the question does not fit the server ({text[:150]})", where=at(connection), fix=fix)
