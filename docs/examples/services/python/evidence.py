"""Where the service shows its work, and what wakes it.

The inventory, the audit, the links that viewers get, and timers are other services in a real organisation. This module
is the one place that knows where they are: put yours in here. With EGRESS_SIM_URL set they are egress-sim's; without it
they are lines on stdout and timers of this process, and the tenants are read from the file that TENANTS names.
"""

import asyncio
import json
import os
from datetime import UTC, datetime
from urllib.parse import quote

import aiohttp

from ledger import Recording


class Evidence:
    def __init__(self):
        self.url = os.environ.get("EGRESS_SIM_URL")
        self.session: aiohttp.ClientSession | None = None
        self.tenants: dict[str, dict] = {}
        self.backup: str | None = None
        self.reconcile = 10  # seconds until the first round behind whatever has begun
        self.patrol: int | None = None  # seconds from one round to the next although nothing has
        self.on_timer = None  # how this process is woken by itself, without egress-sim
        self.timers: dict[str, asyncio.TimerHandle] = {}

    async def open(self) -> None:
        """Learns who the tenants are, which buckets they have, and how long their recordings are kept."""
        if self.url:
            self.session = aiohttp.ClientSession()
            async with self.session.get(self.url + "/boot") as answer:
                boot = await answer.json()
        else:
            with open(os.environ.get("TENANTS", "tenants.json")) as file:
                boot = json.load(file)
        self.tenants = {tenant["name"]: tenant for tenant in boot["tenants"]}
        backup = boot.get("backup_bucket")
        self.backup = backup and backup["name"]
        config = boot.get("config") or {}
        self.reconcile = seconds(config.get("reconcile")) or self.reconcile
        self.patrol = seconds(config.get("patrol"))

    async def close(self) -> None:
        if self.session:
            await self.session.close()

    # The inventory.

    async def enter(self, *recordings: Recording) -> None:
        """Rows of the inventory, all or none."""
        rows = [self.row(recording) for recording in recordings if recording.egress_id]
        if rows:
            await self.tell("POST", "/commit", {"writes": [{"put_row": row} for row in rows]})

    def row(self, recording: Recording) -> dict:
        return {
            "egress_id": recording.egress_id,
            "tenant": recording.tenant,
            "room": recording.room,
            "bucket": recording.bucket,
            "key": {"prefix": recording.directory},
            "backup_bucket": self.backup,
            "kind": "track" if recording.track else "composite",
            "state": recording.state,
        }

    # The audit.

    async def audit(self, records: list[dict]) -> None:
        """What was done. It may be told twice: the idempotency key says that it is the same."""
        if records:
            await self.tell("POST", "/audit", records)

    # Links for viewers.

    async def publish(self, recording: Recording, url: str) -> None:
        link = {"egress_id": recording.egress_id, "tenant": recording.tenant, "url": url}
        await self.tell("POST", "/publish", link)

    async def retract(self, recording: Recording) -> None:
        await self.tell("POST", "/retract", {"egress_id": recording.egress_id})

    # Timers: they outlive the process, and the same name replaces the one before.

    async def wake(self, name: str, *, at: int | None = None, after: int = 0, payload: str = "") -> None:
        """At a moment, in nanoseconds since 1970, or after some seconds."""
        moment = datetime.fromtimestamp(at / 1e9, UTC) if at is not None else None
        if self.url:
            when = {"at": moment.isoformat()} if moment else {"in": f"{after}s"}
            await self.tell("PUT", "/timers/" + quote(name, safe=""), when | {"payload": payload})
            return
        if name in self.timers:
            self.timers[name].cancel()
        wait = max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment else after
        loop = asyncio.get_running_loop()
        self.timers[name] = loop.call_later(wait, lambda: loop.create_task(self.on_timer(name, payload)))

    async def wake_every(self, name: str, distance: int, path: str) -> None:
        """What cron is for: it posts to this process, in a scenario the clock of which nobody can wait for."""
        if self.url:
            await self.tell("PUT", "/wake-ups/" + quote(name, safe=""), {"every": f"{distance}s", "path": path})

    async def tell(self, method: str, path: str, body) -> None:
        if not self.url:
            print(path, json.dumps(body), flush=True)
            return
        async with self.session.request(method, self.url + path, json=body) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")


def seconds(text: str | None) -> int | None:
    """Of a duration as scenario files have it, such as "10s" or "1h"."""
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]] if text else None
