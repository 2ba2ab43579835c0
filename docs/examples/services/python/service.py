"""A recording service: LiveKit's webhooks come in, recordings are made, kept, published and deleted.

    PORT=8080 python3 service.py

It is configured as every LiveKit and S3 client is: LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AWS_REGION,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL_S3 where it is not Amazon's. DATABASE names a file of
SQLite's; without it, nothing outlives the process. Where its evidence goes says `evidence.py`.

`recorder.py` starts, replaces and stops egresses, `eraser.py` deletes, `rounds.py` looks what nobody has told,
`ledger.py` is what all of them know.
"""

import json
import logging
import os
import warnings
from base64 import b64decode
from contextlib import contextmanager
from hashlib import sha256

import boto3
from aiohttp import web
from botocore.config import Config
from livekit import api

from eraser import Eraser
from evidence import Evidence
from ledger import Ledger
from recorder import Recorder
from rounds import Rounds

log = logging.getLogger("service")


class Service:
    """The door: nothing comes in that is not signed, and what fails is to come again."""

    def __init__(self, recorder: Recorder, eraser: Eraser, rounds: Rounds):
        self.recorder, self.eraser, self.rounds = recorder, eraser, rounds
        self.verifier = api.TokenVerifier()
        self.receiver = api.WebhookReceiver(self.verifier)

    async def webhook(self, request: web.Request) -> web.Response:
        body = await request.text()
        with refusing(request):
            event = self.receiver.receive(body, request.headers["Authorization"])
        match event.event:
            case "room_started":
                await self.recorder.room_started(event.room)
            case "track_published":
                await self.recorder.track_published(event.room, event.track)
            case "room_finished":
                await self.recorder.room_finished(event.room)
            case "egress_started":
                await self.recorder.egress_started(event.egress_info)
            case "egress_updated":
                await self.recorder.egress_updated(event.egress_info)
            case "egress_ended":
                await self.recorder.egress_ended(event.egress_info)
        return web.Response()

    async def command(self, request: web.Request) -> web.Response:
        """Orders of our own organisation."""
        order = await self.signed(request)
        match order["do"]:
            case "contract_ended":
                await self.eraser.contract_ended(order["tenant"])
            case "legal_hold":
                await self.eraser.hold(order["id"], order["tenant"], order["room"])
            case "lift_hold":
                await self.eraser.lift(order["id"], order["tenant"], order["room"])
        return web.Response()

    async def round(self, request: web.Request) -> web.Response:
        """Cron wants us to look."""
        await self.signed(request)
        await self.rounds.look()
        return web.Response()

    async def timer(self, request: web.Request) -> web.Response:
        timer = await self.signed(request)
        await self.woken(timer["timer"], timer["payload"])
        return web.Response()

    async def woken(self, name: str, payload: str) -> None:
        """What we wanted to be reminded of."""
        what, _, whose = name.partition("/")
        match what:
            case "round":
                await self.rounds.came()
            case "sweep" | "last-sweep":
                await self.eraser.sweep(whose, payload)
            case "retention":
                await self.eraser.retention_over(whose)

    async def signed(self, request: web.Request) -> dict:
        """Commands and timers are signed as webhooks are: a token with a hash of the body."""
        body = await request.read()
        with refusing(request):
            claims = self.verifier.verify(request.headers["Authorization"])
            if b64decode(claims.sha256) != sha256(body).digest():
                raise ValueError("this is not the body that was signed")
        return json.loads(body)


@contextmanager
def refusing(request: web.Request):
    try:
        yield
    except Exception as error:
        log.warning("refused %s: %r", request.path, error)
        raise web.HTTPUnauthorized from error


@web.middleware
async def again(request: web.Request, handler) -> web.StreamResponse:
    """Whatever went wrong, LiveKit sends the event again; each handler can be run twice."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        log.exception("%s failed", request.path)
        return web.Response(status=500)


async def application(recorder=Recorder, eraser=Eraser) -> web.Application:
    evidence = Evidence()
    await evidence.open()
    ledger = Ledger(os.environ.get("DATABASE", ":memory:"))
    livekit = api.LiveKitAPI()
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3")
    style = {"addressing_style": "path"} if endpoint else {}
    s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(s3=style, max_pool_connections=16))

    erases = eraser(ledger, evidence, livekit, s3)
    records = recorder(ledger, evidence, livekit, s3, erases)
    rounds = Rounds(ledger, evidence, livekit, records)
    records.on_begun = rounds.watch
    service = Service(records, erases, rounds)
    evidence.on_timer = service.woken
    await rounds.begin()
    app = web.Application(middlewares=[again])
    app.add_routes(
        [
            web.post("/webhook", service.webhook),
            web.post("/commands", service.command),
            web.post("/timers", service.timer),
            web.post("/rounds", service.round),
        ]
    )

    async def closing(_app):
        await livekit.aclose()
        await evidence.close()

    app.on_cleanup.append(closing)
    return app


def run(recorder=Recorder, eraser=Eraser) -> None:
    # LiveKit's development secret is as short as everybody knows it.
    warnings.filterwarnings("ignore", message="The HMAC key is")
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    port = int(os.environ.get("PORT", "8080"))
    web.run_app(application(recorder, eraser), host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    run()
