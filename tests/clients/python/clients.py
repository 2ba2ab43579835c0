"""LiveKit's and S3's ordinary Python clients against `egress-sim serve`: nothing in here knows that it is a fake.

It tells the port where it listens for webhooks and reads the addresses as a line of JSON. The clock is `auto`, so an hour
takes no time. Every check is an assertion; the last line is "all held".
"""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import boto3
from aiohttp import web
from botocore.exceptions import ClientError
from livekit import api
from yarl import URL

KEY, SECRET = "devkey", "secret"

at: dict[str, str] = {}
heard: list[api.WebhookEvent] = []
ended = asyncio.Event()


async def webhook(request: web.Request) -> web.Response:
    body = (await request.read()).decode()
    # The SDK's own receiver: signature, times, hash of the body.
    event = api.WebhookReceiver(api.TokenVerifier(KEY, SECRET)).receive(body, request.headers["Authorization"])
    assert request.headers["Content-Type"] == "application/webhook+json"
    heard.append(event)
    if event.event == "egress_ended":
        # Until this is answered no time passes, and while there is a lease none passes afterwards.
        await control("POST", "/leases", {"for": "looking at what was recorded"})
        ended.set()
    return web.Response()


async def control(method: str, path: str, body=None):
    async with aiohttp.ClientSession() as session:
        async with session.request(method, at["control"] + path, json=body) as response:
            answer = await response.json()
            assert response.status == 200, (path, response.status, answer)
            return answer


def code_of(error: ClientError) -> str:
    return error.response["Error"]["Code"]


async def livekit(client: api.LiveKitAPI) -> None:
    lease = (await control("POST", "/leases", {"for": "starting the recording"}))["lease"]
    room = {"tenant": "default", "room": "standup", "participants": ["alice", "bob"], "at": "0s", "duration": "1h"}
    await control("POST", "/calls", room)
    rooms = await client.room.list_rooms(api.ListRoomsRequest())
    assert [room.name for room in rooms.rooms] == ["standup"]
    people = await client.room.list_participants(api.ListParticipantsRequest(room="standup"))
    assert sorted(person.identity for person in people.participants) == ["alice", "bob"]

    upload = api.S3Upload(access_key="k", secret="s", bucket="recordings", region="us-east-1")
    request = api.RoomCompositeEgressRequest(
        room_name="standup",
        segment_outputs=[api.SegmentedFileOutput(filename_prefix="rec/s", playlist_name="rec/p.m3u8", s3=upload)],
    )
    info = await client.egress.start_room_composite_egress(request)
    assert info.status == api.EgressStatus.EGRESS_STARTING and info.egress_id.startswith("EG_")
    assert info.room_composite.segment_outputs[0].s3.secret == "{secret}", "credentials come back redacted"
    await control("DELETE", f"/leases/{lease}")
    await asyncio.wait_for(ended.wait(), 20)
    [found] = (await client.egress.list_egress(api.ListEgressRequest(egress_id=info.egress_id))).items
    assert found.status == api.EgressStatus.EGRESS_COMPLETE, found
    names = [event.event for event in heard if event.event.startswith("egress")]
    assert names[0] == "egress_started" and names[-1] == "egress_ended", names

    await raw_track(client, upload)
    for wrong, code, words in [
        (client.egress.stop_egress(api.StopEgressRequest(egress_id="EG_none")), "not_found", "egress does not exist"),
        (client.egress.stop_egress(api.StopEgressRequest(egress_id=info.egress_id)), "failed_precondition", "cannot be stopped"),
        (client.egress.start_room_composite_egress(request), "not_found", "requested room does not exist"),
    ]:
        try:
            await wrong
            raise AssertionError(f"{code} was expected")
        except api.TwirpError as error:
            assert error.code == code and words in error.message, (error.code, error.message)


async def raw_track(client: api.LiveKitAPI, upload: api.S3Upload) -> None:
    room = {"tenant": "default", "room": "review", "participants": ["carol"], "at": "0s", "duration": "1h"}
    await control("POST", "/calls", room)
    carol = await client.room.get_participant(api.RoomParticipantIdentity(room="review", identity="carol"))
    [voice] = [track for track in carol.tracks if track.type == api.TrackType.AUDIO]
    file = api.DirectFileOutput(filepath="raw/{track_id}", s3=upload)
    request = api.TrackEgressRequest(room_name="review", track_id=voice.sid, file=file)
    info = await client.egress.start_track_egress(request)
    running = await client.egress.list_egress(api.ListEgressRequest(room_name="review", active=True))
    assert [one.egress_id for one in running.items] == [info.egress_id]
    assert info.track.file.filepath == "raw/{track_id}" and info.track.track_id == voice.sid
    stopped = await client.egress.stop_egress(api.StopEgressRequest(egress_id=info.egress_id))
    assert stopped.status == api.EgressStatus.EGRESS_ABORTED, "it had not begun to record"


def s3(client) -> None:
    page = client.list_objects_v2(Bucket="recordings", Prefix="rec/")
    keys = [entry["Key"] for entry in page["Contents"]]
    assert "rec/p.m3u8" in keys and len(keys) > 2, keys
    playlist = client.get_object(Bucket="recordings", Key="rec/p.m3u8")["Body"].read().decode()
    assert "#EXT-X-ENDLIST" in playlist
    segment = next(key for key in keys if key.endswith(".ts"))
    head = client.head_object(Bucket="recordings", Key=segment)
    whole = client.get_object(Bucket="recordings", Key=segment)["Body"].read()
    assert len(whole) == head["ContentLength"]
    some = client.get_object(Bucket="recordings", Key=segment, Range="bytes=10-19")
    assert some["Body"].read() == whole[10:20] and some["ResponseMetadata"]["HTTPStatusCode"] == 206

    client.put_object(Bucket="recordings", Key="note.txt", Body=b"hello", ContentType="text/plain")
    note = client.get_object(Bucket="recordings", Key="note.txt")
    assert note["Body"].read() == b"hello" and note["ContentType"] == "text/plain"
    client.delete_object(Bucket="recordings", Key="note.txt")
    try:
        client.head_object(Bucket="recordings", Key="note.txt")
        raise AssertionError("404 was expected")
    except ClientError as error:
        assert code_of(error) == "404"
    try:
        client.get_object(Bucket="nowhere", Key="x")
        raise AssertionError("NoSuchBucket was expected")
    except ClientError as error:
        assert code_of(error) == "NoSuchBucket"

    gone = client.delete_objects(Bucket="recordings", Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(gone["Deleted"]) == len(keys) and "Errors" not in gone
    assert client.list_objects_v2(Bucket="recordings", Prefix="rec/")["KeyCount"] == 0
    try:
        client.put_bucket_website(Bucket="recordings", WebsiteConfiguration={"IndexDocument": {"Suffix": "i"}})
        raise AssertionError("NotImplemented was expected")
    except ClientError as error:
        assert code_of(error) == "NotImplemented"


def s3_in_bulk(client) -> None:
    keys = [f"thousand/{n}" for n in range(1000)]
    with ThreadPoolExecutor(8) as several:
        list(several.map(lambda key: client.put_object(Bucket="recordings", Key=key, Body=key.encode()), keys))
    assert client.list_objects_v2(Bucket="recordings", Prefix="thousand/")["KeyCount"] == 1000
    objects = [{"Key": key} for key in keys]
    gone = client.delete_objects(Bucket="recordings", Delete={"Objects": objects, "Quiet": True})
    assert "Deleted" not in gone and "Errors" not in gone, gone
    assert client.list_objects_v2(Bucket="recordings", Prefix="thousand/")["KeyCount"] == 0
    try:
        client.delete_objects(Bucket="recordings", Delete={"Objects": [*objects, {"Key": "one more"}]})
        raise AssertionError("MalformedXML was expected")
    except ClientError as error:
        assert code_of(error) == "MalformedXML"


async def s3_by_links(client) -> None:
    named = {"Bucket": "recordings", "Key": "presigned + ü.txt"}
    async with aiohttp.ClientSession() as anybody:
        put = URL(client.generate_presigned_url("put_object", Params=named, ExpiresIn=60), encoded=True)
        async with anybody.put(put, data=b"by link", skip_auto_headers={"Content-Type"}) as answer:
            assert answer.status == 200, await answer.text()
        get = client.generate_presigned_url("get_object", Params=named, ExpiresIn=60)
        async with anybody.get(URL(get, encoded=True)) as answer:
            assert await answer.read() == b"by link"
        async with anybody.get(URL(get.replace("presigned", "other"), encoded=True)) as answer:
            assert answer.status == 403, "it is what was signed"


async def faults(client) -> None:
    await control("POST", "/faults", {"do": "s3.slow_down", "on": "s3.put_object", "count": 1})
    client.put_object(Bucket="recordings", Key="again", Body=b"x")
    [fault] = await control("GET", "/faults")
    assert fault == {"do": "s3.slow_down", "fired": 1, "cleared": False}, "boto3 tried again of itself"


def sink(**more):
    config = boto3.session.Config(s3={"addressing_style": "path"}, **more)
    return boto3.client("s3", endpoint_url=at["s3"], region_name="us-east-1", aws_access_key_id="minioadmin",
                        aws_secret_access_key="minioadmin", config=config)


async def main() -> None:
    application = web.Application()
    application.router.add_post("/webhook", webhook)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    at.update(json.loads(await asyncio.to_thread(sys.stdin.readline)))
    async with api.LiveKitAPI(at["livekit"], KEY, SECRET) as client:
        await livekit(client)
    store = sink()
    await asyncio.to_thread(s3, store)
    await asyncio.to_thread(s3_in_bulk, store)
    # Links are signed in the old way by default.
    await s3_by_links(store)
    await s3_by_links(sink(signature_version="s3v4"))
    await faults(store)
    await runner.cleanup()
    print("all held")


asyncio.run(main())
