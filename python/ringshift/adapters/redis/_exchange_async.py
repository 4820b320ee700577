"""The same as `_exchange`, on the connections of redis-py's asyncio client."""

from __future__ import annotations

from typing import Any

import redis

from ringshift.adapters.redis._exchange import Command, is_watched, packed


async def ask(client: Any, command: Command) -> Any:
    """One command; what the server has no room for is an answer, the exception."""
    pool = client.connection_pool
    try:
        if is_watched():
            return await client.execute_command(*command)
        request = packed(command)
        connection = await pool.get_connection()
        try:
            await connection.send_packed_command(request)
            return await connection.read_response()
        except Exception as error:  # noqa: BLE001 - raised again, if it is not retried
            return await _retried(connection, request, error)
        finally:
            await pool.release(connection)
    except redis.OutOfMemoryError as error:
        return error


async def _retried(connection: Any, request: bytes, error: Exception) -> Any:
    """As the connection's `Retry` says, to which the first attempt counts."""
    failed: list[Exception] = [error]

    async def attempt() -> Any:
        if failed:
            raise failed.pop()
        await connection.send_packed_command(request)
        return await connection.read_response()

    async def give_up(_error: Exception) -> None:
        await connection.disconnect()

    return await connection.retry.call_with_retry(attempt, give_up)


async def ask_once(client: Any, command: Command) -> Any:
    """What would be done twice if it was sent again: redis-py would do so when a connection dies under it."""
    pool = client.connection_pool
    # Replaced by the pool if it died while it was idle.
    connection = await pool.get_connection()
    try:
        await connection.send_command(*command)
        return await connection.read_response()
    except redis.ResponseError:
        raise
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    finally:
        await pool.release(connection)


async def ask_all(client: Any, commands: list[Command]) -> list[Any]:
    """Several commands; what the server refused is the exception."""
    if len(commands) == 1:
        try:
            return [await client.execute_command(*commands[0])]
        except redis.ResponseError as error:
            return [error]
    async with client.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies
