"""Every method of `livekit.Egress` and `livekit.RoomService` that recording needs, by LiveKit's ordinary Python client.

It tells the port where it listens for webhooks and reads the addresses as a line of JSON. The clock is `manual`. Every check
is an assertion; the last line is "all held".
"""

import asyncio
import json
import sys

import aiohttp
from aiohttp import web
from livekit import api

KEY, SECRET = "devkey", "secret"

at: dict[str, str] = {}
# By path: what came, with the token of each attempt.
heard: dict[str, list[tuple[api.WebhookEvent, str]]] = {}
refuse_once: set[str] = set()


async def webhook(request: web.Request) -> web.Response:
    body = (await request.read()).decode()
    token = request.headers["Authorization"]
    # The SDK's own receiver: signature, times, hash of the body.
    event = api.WebhookReceiver(api.TokenVerifier(KEY, SECRET)).receive(body, token)
    assert request.headers["Content-Type"] == "application/webhook+json" and request.headers["User-Agent"] == "LiveKit"
    heard.setdefault(request.path, []).append((event, token))
    if request.path in refuse_once:
        refuse_once.remove(request.path)
        return web.Response(status=503)
    return web.Response()


async def control(method: str, path: str, body=None):
    async with aiohttp.ClientSession() as session:
        async with session.request(method, at["control"] + path, json=body) as response:
            answer = await response.json()
            assert response.status == 200, (path, response.status, answer)
            return answer


async def advance(by: str) -> None:
    await control("POST", "/clock/advance", {"by": by})


async def refused(awaitable, code: str, words: str) -> None:
    try:
        await awaitable
    except api.TwirpError as error:
        assert error.code == code and words in error.message, (error.code, error.message)
        return
    raise AssertionError(f"{code} was expected")


def events(path: str, egress_id: str) -> list[str]:
    return [event.event for event, _ in heard.get(path, []) if event.egress_info.egress_id == egress_id]


def s3() -> api.S3Upload:
    return api.S3Upload(access_key="k", secret="hush", bucket="recordings", region="us-east-1")


async def rooms(client: api.LiveKitAPI) -> None:
    metadata = json.dumps({"tenant": "default", "recording": "none"})
    create = api.CreateRoomRequest(name="made", empty_timeout=600, departure_timeout=30, max_participants=2, metadata=metadata)
    made = await client.room.create_room(create)
    assert (made.name, made.empty_timeout, made.max_participants, made.metadata) == ("made", 600, 2, metadata), made
    assert made.sid.startswith("RM_")
    again = await client.room.create_room(api.CreateRoomRequest(name="made"))
    assert again.sid == made.sid and again.metadata == metadata, "a room that is there is given back"
    await control("POST", "/calls/made/participants", {"identity": "ada", "tracks": ["microphone", "camera"]})
    await control("POST", "/calls/made/participants", {"identity": "bob", "tracks": ["microphone"]})
    listed = await client.room.list_rooms(api.ListRoomsRequest(names=["made"]))
    assert [room.num_participants for room in listed.rooms] == [2]
    people = (await client.room.list_participants(api.ListParticipantsRequest(room="made"))).participants
    assert sorted(person.identity for person in people) == ["ada", "bob"]
    ada = await client.room.get_participant(api.RoomParticipantIdentity(room="made", identity="ada"))
    assert len(ada.tracks) == 2
    update = api.UpdateParticipantRequest(
        room="made", identity="ada", name="Ada", metadata="m", attributes={"role": "host", "a": "1"},
        permission=api.ParticipantPermission(can_subscribe=True),
    )
    ada = await client.room.update_participant(update)
    assert (ada.name, ada.metadata, dict(ada.attributes)) == ("Ada", "m", {"role": "host", "a": "1"}), ada
    assert not ada.permission.can_publish
    ada = await client.room.update_participant(
        api.UpdateParticipantRequest(room="made", identity="ada", attributes={"a": ""})
    )
    assert (ada.name, dict(ada.attributes)) == ("Ada", {"role": "host"}), "an empty value takes one away"
    track = ada.tracks[0].sid
    mute = api.MuteRoomTrackRequest(room="made", identity="ada", track_sid=track, muted=True)
    assert (await client.room.mute_published_track(mute)).track.muted
    await client.room.update_subscriptions(
        api.UpdateSubscriptionsRequest(room="made", identity="bob", track_sids=[track], subscribe=True)
    )
    await client.room.send_data(api.SendDataRequest(room="made", data=b"hello", kind=api.DataPacket.Kind.RELIABLE))
    changed = await client.room.update_room_metadata(api.UpdateRoomMetadataRequest(room="made", metadata="new"))
    assert changed.metadata == "new"
    await client.room.remove_participant(api.RoomParticipantIdentity(room="made", identity="bob"))
    await refused(
        client.room.get_participant(api.RoomParticipantIdentity(room="made", identity="bob")),
        "not_found", "participant does not exist",
    )
    await client.room.delete_room(api.DeleteRoomRequest(room="made"))
    assert not (await client.room.list_rooms(api.ListRoomsRequest())).rooms
    await refused(client.room.delete_room(api.DeleteRoomRequest(room="made")), "not_found", "requested room does not exist")
    await advance("1s")
    names = [event.event for event, _ in heard["/webhook"]]
    assert names[0] == "room_started" and names[-1] == "room_finished", names
    assert heard["/webhook"][0][0].room.metadata == metadata

    await client.room.create_room(api.CreateRoomRequest(name="lonely", empty_timeout=60))
    await advance("59s")
    assert len((await client.room.list_rooms(api.ListRoomsRequest())).rooms) == 1
    await advance("2s")
    assert not (await client.room.list_rooms(api.ListRoomsRequest())).rooms, "nobody came"


async def auto(client: api.LiveKitAPI) -> None:
    egress = api.RoomEgress(
        room=api.RoomCompositeEgressRequest(file_outputs=[api.EncodedFileOutput(filepath="auto/{room_name}", s3=s3())]),
        participant=api.AutoParticipantEgress(
            file_outputs=[api.EncodedFileOutput(filepath="auto/{publisher_identity}", s3=s3())]
        ),
        tracks=api.AutoTrackEgress(filepath="auto/track", s3=s3()),
    )
    await client.room.create_room(api.CreateRoomRequest(name="auto", departure_timeout=5, egress=egress))
    await control("POST", "/calls/auto/participants", {"identity": "ada", "tracks": ["microphone", "camera"]})
    started = (await client.egress.list_egress(api.ListEgressRequest(room_name="auto", active=True))).items
    assert len(started) == 4, started
    await advance("1m")
    await control("DELETE", "/calls/auto/participants/ada")
    await advance("2m")
    assert not (await client.room.list_rooms(api.ListRoomsRequest())).rooms, "closed behind the last one who left"
    ended = (await client.egress.list_egress(api.ListEgressRequest(room_name="auto"))).items
    assert all(info.status == api.EgressStatus.EGRESS_COMPLETE for info in ended), ended
    names = sorted(info.file_results[0].filename for info in ended)
    assert names[:2] == ["auto/ada.mp4", "auto/auto.mp4"] and names[2].startswith("auto/track-TR_AM"), names


async def egresses(client: api.LiveKitAPI) -> None:
    call = {"tenant": "default", "room": "show", "participants": ["ada"], "at": "0s", "duration": "2h"}
    await control("POST", "/calls", call)
    [ada] = (await client.room.list_participants(api.ListParticipantsRequest(room="show"))).participants
    sound, picture = [track.sid for track in ada.tracks]
    if not sound.startswith("TR_AM"):
        sound, picture = picture, sound

    own = at["own"] + "/own"
    refuse_once.add("/own")
    composite = await client.egress.start_room_composite_egress(
        api.RoomCompositeEgressRequest(
            room_name="show", layout="grid",
            file_outputs=[api.EncodedFileOutput(filepath="show/all", s3=s3())],
            segment_outputs=[api.SegmentedFileOutput(filename_prefix="show/s", playlist_name="p", live_playlist_name="live", s3=s3())],
            image_outputs=[
                api.ImageOutput(filename_prefix="show/i", capture_interval=20, s3=s3()),
                api.ImageOutput(filename_prefix="show/last", filename_suffix=api.ImageFileSuffix.IMAGE_SUFFIX_NONE_OVERWRITE, s3=s3()),
            ],
            stream_outputs=[api.StreamOutput(protocol=api.StreamProtocol.RTMP, urls=["rtmp://a.example/live/abcdefghij"])],
            webhooks=[api.WebhookConfig(url=own, signing_key=KEY)],
        )
    )
    assert composite.stream_results[0].url == "rtmp://a.example/live/{abc...hij}"
    assert composite.room_composite.file_outputs[0].s3.secret == "{secret}"
    assert composite.WhichOneof("result") is None, "several kinds of outputs"
    page = await client.egress.start_web_egress(
        api.WebEgressRequest(url="https://a.example/", file_outputs=[api.EncodedFileOutput(filepath="web/", s3=s3())])
    )
    assert page.room_name == "" and page.file_results[0].filename.startswith("web/web-"), page
    person = await client.egress.start_participant_egress(
        api.ParticipantEgressRequest(
            room_name="show", identity="ada",
            file_outputs=[api.EncodedFileOutput(filepath="p/{publisher_identity}", s3=s3())],
        )
    )
    assert person.file_results[0].filename == "p/{publisher_identity}.mp4", "not known yet"
    assert person.source_type == api.EgressSourceType.EGRESS_SOURCE_TYPE_SDK
    both = await client.egress.start_track_composite_egress(
        api.TrackCompositeEgressRequest(
            room_name="show", audio_track_id=sound, video_track_id=picture,
            file_outputs=[api.EncodedFileOutput(filepath="t/both", s3=s3())],
        )
    )
    raw = await client.egress.start_track_egress(
        api.TrackEgressRequest(room_name="show", track_id=sound, file=api.DirectFileOutput(filepath="t/{track_source}", s3=s3()))
    )
    assert raw.file_results[0].filename == "", "what a track holds is known once it is there"
    unified = await client.egress.start_egress(
        api.StartEgressRequest(
            room_name="show", media=api.MediaSource(audio=api.AudioConfig(capture_all=True)),
            outputs=[api.Output(file=api.FileOutput(filepath="u/sound"))], storage=api.StorageConfig(s3=s3()),
        )
    )
    assert unified.file_results[0].filename == "u/sound.ogg" and unified.egress.storage.s3.secret == "{secret}"
    nowhere = await client.egress.start_track_egress(
        api.TrackEgressRequest(room_name="show", track_id=sound, websocket_url="wss://nobody.invalid/ws")
    )
    await advance("10s")
    [failed] = (await client.egress.list_egress(api.ListEgressRequest(egress_id=nowhere.egress_id))).items
    assert (failed.status, failed.error_code) == (api.EgressStatus.EGRESS_FAILED, 503), failed
    assert failed.stream_results[0].status == api.StreamInfo.Status.FAILED

    updated = await client.egress.update_stream(
        api.UpdateStreamRequest(
            egress_id=composite.egress_id, add_output_urls=["rtmps://b.example/app/key"],
            remove_output_urls=["rtmp://a.example/live/abcdefghij"],
        )
    )
    gone, new = updated.stream_results
    assert (gone.status, new.status) == (api.StreamInfo.Status.FINISHED, api.StreamInfo.Status.ACTIVE)
    assert gone.ended_at > gone.started_at and gone.duration == gone.ended_at - gone.started_at
    await refused(
        client.egress.update_stream(
            api.UpdateStreamRequest(egress_id=composite.egress_id, remove_output_urls=["rtmp://a.example/live/abcdefghij"])
        ),
        "not_found", "stream rtmp://a.example/live/{abc...hij} not found",
    )
    await refused(
        client.egress.update_stream(api.UpdateStreamRequest(egress_id=raw.egress_id)),
        "invalid_argument", "UpdateStream called on non-streaming egress",
    )
    layout = await client.egress.update_layout(api.UpdateLayoutRequest(egress_id=composite.egress_id, layout="speaker"))
    assert layout.egress_id == composite.egress_id
    await advance("60s")
    for info in [composite, page]:
        stopped = await client.egress.stop_egress(api.StopEgressRequest(egress_id=info.egress_id))
        assert stopped.status == api.EgressStatus.EGRESS_ENDING and stopped.details == "End reason: StopEgress API"
    await control("DELETE", "/calls/show/participants/ada")
    await advance("5m")
    await refused(
        client.egress.stop_egress(api.StopEgressRequest(egress_id=person.egress_id)),
        "failed_precondition", "egress with status EGRESS_COMPLETE cannot be stopped",
    )
    await control("DELETE", "/calls/show")
    await advance("1m")
    ended = {info.egress_id: info for info in (await client.egress.list_egress(api.ListEgressRequest())).items}
    for info in [composite, page, person, both, raw, unified]:
        end = ended[info.egress_id]
        assert end.status == api.EgressStatus.EGRESS_COMPLETE, end
    assert ended[person.egress_id].file_results[0].filename == "p/ada.mp4"
    assert ended[raw.egress_id].file_results[0].filename == "t/microphone.ogg"
    first, last = ended[composite.egress_id].image_results
    assert (first.filename_prefix, first.image_count, last.image_count) == ("show/i", 4, 7), (first, last)
    keys = [entry["key"] for entry in await control("GET", "/buckets/recordings")]
    for key in ["show/all.mp4", "show/p.m3u8", "show/live.m3u8", "show/i_00000.jpeg", "show/i_00003.jpeg", "show/last.jpeg", "t/both.mp4"]:
        assert key in keys, (key, keys)
    assert "show/i_00004.jpeg" not in keys and f"show/{composite.egress_id}.json" in keys

    # The request's own webhook: the same news, in order; what was refused came again, byte for byte under the same token.
    names = events("/own", composite.egress_id)
    assert names[:2] == ["egress_started", "egress_started"] and names[-1] == "egress_ended", names
    assert heard["/own"][0] == heard["/own"][1], "id, body and token of a retry are those of the first attempt"
    assert events("/webhook", composite.egress_id) == names[1:]
    assert all(event.egress_info.egress_id == composite.egress_id for event, _ in heard["/own"])
    updates = [event for event, _ in heard["/webhook"] if event.event == "egress_started" and event.egress_info.egress_id == page.egress_id]
    assert updates[0].room.sid == "" and updates[0].HasField("room"), "a page has an empty room"
    left = [event.participant for event, _ in heard["/webhook"] if event.event == "participant_left"]
    assert any(who.identity == composite.egress_id and who.metadata == '{"layout":"speaker"}' for who in left), left


async def main() -> None:
    application = web.Application()
    application.router.add_post("/{path:.*}", webhook)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    print(port, flush=True)
    at.update(json.loads(await asyncio.to_thread(sys.stdin.readline)))
    at["own"] = f"http://127.0.0.1:{port}"
    async with api.LiveKitAPI(at["livekit"], KEY, SECRET) as client:
        await rooms(client)
        await auto(client)
        await egresses(client)
    await runner.cleanup()
    print("all held")


asyncio.run(main())
