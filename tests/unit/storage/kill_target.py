"""Puts objects named by their content until it is killed; says each key once its put returned."""

from __future__ import annotations

import asyncio
import hashlib
import sys

from skylog.storage.local import LocalStore


async def put_for_ever(store: LocalStore, worker: int) -> None:
    number = 0
    while True:
        number += 1
        data = hashlib.sha256(f"{worker} {number}".encode()).digest() * (1 + 8192 * (number % 8))
        digest = hashlib.sha256(data).hexdigest()
        key = f"segments/{digest[0]}/{digest}"
        await store.put(key, data)
        print(key, flush=True)


async def main() -> None:
    store = LocalStore(sys.argv[1])
    await store.open()
    await asyncio.gather(*(put_for_ever(store, worker) for worker in range(8)))


asyncio.run(main())
