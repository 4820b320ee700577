"""Commands and their replies on the connections of redis-py's client, one round trip at a time.

Most commands go past the client's `execute_command`, which spends longer on each than the server does: on the same
pooled connection, with the same timeouts, retries, health checks and events. What is left out is telemetry (where that
is wanted the command goes through the client), and what other commands need.
"""

from __future__ import annotations

from typing import Any

import redis
from redis.observability.providers import get_observability_instance

Command = tuple[Any, ...]
"""Its name in text, and its arguments; those of the commands that `ask` takes are bytes."""


def packed(command: Command) -> bytes:
    """A command on the wire."""
    pieces = [b"*%d\r\n$%d\r\n%b\r\n" % (len(command), len(command[0]), command[0].encode())]
    for argument in command[1:]:
        pieces += (b"$%d\r\n" % len(argument), argument, b"\r\n")
    return b"".join(pieces)


def is_watched() -> bool:
    """Whether redis-py's telemetry was set up."""
    return get_observability_instance().get_provider_manager() is not None


def ask(client: Any, command: Command) -> Any:
    """One command; what the server has no room for is an answer, the exception."""
    pool = client.connection_pool
    try:
        if pool.cache is not None or is_watched():
            return client.execute_command(*command)
        request = (packed(command),)
        connection = pool.get_connection()
        try:
            connection.send_packed_command(request)
            return connection.read_response()
        except Exception as error:  # noqa: BLE001 - raised again, if it is not retried
            return _retried(connection, request, error)
        except BaseException:
            # A reply may still come, which nobody may take for another one's.
            connection.disconnect()
            raise
        finally:
            _give_back(pool, connection)
    except redis.OutOfMemoryError as error:
        return error


def _retried(connection: Any, request: tuple[bytes], error: Exception) -> Any:
    """As the connection's `Retry` says, to which the first attempt counts."""
    failed: list[Exception] = [error]

    def attempt() -> Any:
        if failed:
            raise failed.pop()
        connection.send_packed_command(request)
        return connection.read_response()

    try:
        return connection.retry.call_with_retry(attempt, lambda _error: connection.disconnect())
    except redis.ResponseError:
        raise
    except BaseException:
        # As above.
        connection.disconnect()
        raise


def _give_back(pool: Any, connection: Any) -> None:
    try:
        if connection.should_reconnect():
            connection.disconnect()
            connection.connect()
    finally:
        pool.release(connection)


def ask_once(client: Any, command: Command) -> Any:
    """What would be done twice if it was sent again: redis-py would do so when a connection dies under it."""
    pool = client.connection_pool
    # Replaced by the pool if it died while it was idle.
    connection = pool.get_connection()
    try:
        connection.send_command(*command)
        return connection.read_response()
    except redis.ResponseError:
        raise
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def ask_all(client: Any, commands: list[Command]) -> list[Any]:
    """Several commands; what the server refused is the exception."""
    if len(commands) == 1:
        try:
            return [client.execute_command(*commands[0])]
        except redis.ResponseError as error:
            return [error]
    with client.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = pipeline.execute(raise_on_error=False)
        return replies
