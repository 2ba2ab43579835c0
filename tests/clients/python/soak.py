"""`egress-sim serve` under mixed load for minutes: recordings by LiveKit's client, objects by boto3, every webhook counted.

    soak.py PATH-OF-EGRESS-SIM [MINUTES]

World time goes twenty times as fast as the wall's, so a call of a minute takes three seconds. A recording is done when its three
webhooks are there once each, its file was headed, deleted and is gone. A line a minute; the last one says what it came to. The
exit code is 1 where anything failed, a webhook was lost or came twice, or memory grew by more than what recordings leave behind.
"""

import asyncio
import collections
import subprocess
import sys
import time

import aiohttp
import boto3
from aiohttp import web
from botocore.exceptions import ClientError
from livekit import api

KEY, SECRET = "devkey", "secret"
CALLERS, STORERS = 24, 3
# The world remembers each call, egress, and deleted key of its run: they are part of what promises are judged by.
BYTES_PER_RECORDING = 24 << 10

failed: list[str] = []
done = collections.Counter()
heard: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
ended: dict[str, asyncio.Event] = collections.defaultdict(asyncio.Event)


async def webhook(request: web.Request) -> web.Response:
    body = (await request.read()).decode()
    event = api.WebhookReceiver(api.TokenVerifier(KEY, SECRET)).receive(body, request.headers["Authorization"])
    done["webhooks"] += 1
    about = event.egress_info.egress_id or event.room.name
    heard[about][event.event] += 1
    if event.event in ("egress_ended", "room_finished"):
        ended[about].set()
    return web.Response()


async def record(session: aiohttp.ClientSession, client: api.LiveKitAPI, store, control: str, name: str) -> None:
    """One call, recorded, looked at and deleted."""
    key = f"rec/{name}.mp4"
    call = {"tenant": "default", "room": name, "participants": ["alice"], "at": "0s", "duration": "1m"}
    async with session.post(f"{control}/calls", json=call) as answer:
        assert answer.status == 200, await answer.text()
    upload = api.S3Upload(access_key="k", secret="s", bucket="recordings", region="us-east-1")
    output = api.EncodedFileOutput(file_type=api.EncodedFileType.MP4, filepath=key, s3=upload)
    request = api.RoomCompositeEgressRequest(room_name=name, file_outputs=[output])
    egress = (await client.egress.start_room_composite_egress(request)).egress_id
    listed = await client.egress.list_egress(api.ListEgressRequest(room_name=name))
    assert [info.egress_id for info in listed.items] == [egress], listed
    await asyncio.wait_for(ended[egress].wait(), 60)
    await asyncio.wait_for(ended[name].wait(), 60)
    of_egress = {event: times for event, times in heard.pop(egress).items() if event != "egress_updated"}
    assert of_egress == {"egress_started": 1, "egress_ended": 1}, of_egress
    of_room = heard.pop(name)
    # Alice and the recorder, who is a participant as well.
    once, twice = ("room_started", "room_finished"), ("participant_joined", "participant_left")
    assert [of_room[event] for event in once + twice] == [1, 1, 2, 2], of_room
    del ended[egress], ended[name]
    await asyncio.to_thread(erased, store, key)
    done["recordings"] += 1


def erased(store, key: str) -> None:
    assert store.head_object(Bucket="recordings", Key=key)["ContentLength"] > 0
    store.delete_object(Bucket="recordings", Key=key)
    try:
        store.head_object(Bucket="recordings", Key=key)
        raise AssertionError(f"{key} is still there")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "404", error


def keep(store, name: str) -> None:
    """A hundred objects, written, read, listed and deleted."""
    keys = [f"{name}/{number}" for number in range(100)]
    for key in keys:
        store.put_object(Bucket="recordings", Key=key, Body=key.encode() * 64)
    for key in keys[::10]:
        assert store.get_object(Bucket="recordings", Key=key)["Body"].read() == key.encode() * 64
    listed = store.list_objects_v2(Bucket="recordings", Prefix=f"{name}/")
    assert sorted(entry["Key"] for entry in listed["Contents"]) == sorted(keys)
    gone = store.delete_objects(Bucket="recordings", Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(gone["Deleted"]) == len(keys) and "Errors" not in gone
    done["objects"] += len(keys)


async def over_and_over(until: float, what) -> None:
    number = 0
    while time.monotonic() < until and not failed:
        try:
            await what(number)
        except Exception as error:  # Whatever it is, it is what this program looks for.
            failed.append(f"{type(error).__name__}: {error}")
        number += 1


def memory(process: subprocess.Popen) -> int:
    """Resident memory, in bytes."""
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(process.pid)])) << 10


async def watch(process: subprocess.Popen, until: float, started: float) -> list[tuple[int, int]]:
    """Memory by recordings done, once a minute."""
    seen = []
    while time.monotonic() < until and not failed:
        await asyncio.sleep(min(60, max(0.1, until - time.monotonic())))
        assert process.poll() is None, "the server ended by itself"
        seen.append((done["recordings"], memory(process)))
        print(f"{time.monotonic() - started:5.0f} s  {done['recordings']:>7,} recordings  {done['webhooks']:>8,} webhooks  "
              f"{done['objects']:>9,} objects  {seen[-1][1] / (1 << 20):6.1f} MB", flush=True)
    return seen


async def main(program: str, minutes: float) -> int:
    application = web.Application()
    application.router.add_post("/webhook", webhook)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    anywhere = "127.0.0.1:0"
    process = subprocess.Popen(
        [program, "serve", "--livekit", anywhere, "--s3", anywhere, "--console", anywhere, "--clock", "20x",
         "--webhook", f"http://127.0.0.1:{port}/webhook"], stdout=subprocess.PIPE, text=True)
    livekit, s3, control = [next(word for word in process.stdout.readline().split() if "://" in word) for _ in range(3)]
    config = boto3.session.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, max_pool_connections=CALLERS)
    store = boto3.client("s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id="minioadmin",
                         aws_secret_access_key="minioadmin", config=config)
    started = time.monotonic()
    until = started + 60 * minutes
    async with api.LiveKitAPI(livekit, KEY, SECRET) as client, aiohttp.ClientSession() as session:
        callers = [over_and_over(until, lambda number, who=who: record(session, client, store, control, f"c{who}-{number}"))
                   for who in range(CALLERS)]
        storers = [over_and_over(until, lambda number, who=who: asyncio.to_thread(keep, store, f"s{who}-{number}"))
                   for who in range(STORERS)]
        seen, *_ = await asyncio.gather(watch(process, until, started), *callers, *storers)
    process.terminate()
    process.wait()
    await runner.cleanup()

    # The first minute fills caches and pools.
    (recordings, first), (more, last) = seen[0], seen[-1]
    if more > recordings:
        grown = (last - first) / (more - recordings)
        print(f"{grown / 1024:.1f} KB more memory a recording from the first line to the last")
        if grown > BYTES_PER_RECORDING:
            failed.append(f"more than {BYTES_PER_RECORDING >> 10} KB are left behind by each recording")
    if heard:
        failed.append(f"webhooks of nobody's, or lost ones: {dict(heard)}")
    for why in failed:
        print(f"failed: {why}")
    print("failed" if failed else "all held")
    return 1 if failed else 0


sys.exit(asyncio.run(main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 10)))
