"""What is recorded: one composite of each compliance call, one raw file of each voice of a processing call.

An egress that ends before its call is replaced. One that has ended is looked at in the sink, entered into the inventory,
and published only if all of it is there.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from weakref import WeakValueDictionary
from zlib import crc32

from livekit import api

from eraser import Eraser
from evidence import Evidence
from ledger import Job, Ledger, Recording

ENDED_WELL = (api.EgressStatus.EGRESS_COMPLETE, api.EgressStatus.EGRESS_LIMIT_REACHED)


@dataclass
class Plan:
    """What the metadata of a room asks for: whoever makes our rooms writes it."""

    tenant: str
    recording: str  # "compliance", "processing", or anything else: nothing is recorded
    output: str = "mp4"
    segment: int = 6

    @staticmethod
    def of(room: api.Room) -> "Plan":
        wanted = json.loads(room.metadata or "{}")
        known = {key: wanted[key] for key in ("tenant", "recording", "output", "segment") if wanted.get(key)}
        return Plan(**{"tenant": "", "recording": "none"} | known)


async def nothing() -> None:
    pass


class Recorder:
    def __init__(self, ledger: Ledger, evidence: Evidence, livekit: api.LiveKitAPI, s3, eraser: Eraser):
        self.ledger, self.evidence, self.livekit, self.s3, self.eraser = ledger, evidence, livekit, s3, eraser
        self.on_begun = nothing  # who wants to hear of it: see `rounds.py`
        self.locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    # What LiveKit tells.

    async def room_started(self, room: api.Room) -> None:
        if self.plan(room).recording == "compliance":
            await self.record(room, track="")

    async def track_published(self, room: api.Room, track: api.TrackInfo) -> None:
        if track.type != api.TrackType.AUDIO or self.ledger.job(room.sid, ""):
            return
        # This event has the room's name and sid only.
        found = await self.find_room(room.sid, room.name)
        if found and self.plan(found).recording == "processing":
            await self.record(found, track.sid)

    async def room_finished(self, room: api.Room) -> None:
        """LiveKit ends the egresses of a room that has finished; whatever still runs is stopped."""
        if await self.find_room(room.sid, room.name):
            return  # a server that took a node for dead has said so, and people talk on
        for job in self.ledger.open_jobs(room.sid):
            if job.egress_id:
                await self.stop(job.egress_id)
            job.closed = True
            self.ledger.save_job(job)

    async def egress_started(self, info: api.EgressInfo) -> None:
        await self.entered(info)

    async def egress_updated(self, info: api.EgressInfo) -> None:
        """It has become active, or is ending: there is nothing to be seen of it yet."""

    async def egress_ended(self, info: api.EgressInfo) -> None:
        recording = await self.entered(info)
        if recording is None or recording.state != "recording":
            return
        await self.replace(recording, info)
        # It is written down last: until then, all of this is done again if any of it fails.
        ended_well = info.status in ENDED_WELL
        if ended_well:
            bucket = await asyncio.to_thread(self.stored_in, recording, info)
            if bucket is None:
                raise RuntimeError(f"LiveKit calls {info.egress_id} complete, and the sink does not show all of it yet")
            await self.publish(recording, info, bucket)
        recording.state = "stored" if ended_well else "failed"
        recording.due = self.eraser.due(recording, info.ended_at)
        await self.evidence.enter(recording)
        await self.eraser.plan(recording)
        self.ledger.save(recording)

    # What a round finds.

    async def seen(self, room: api.Room) -> None:
        """This call goes on, whether or not anybody has said so."""
        recording = self.plan(room).recording
        if recording == "compliance":
            await self.record(room, track="")
        elif recording == "processing":
            people = await self.livekit.room.list_participants(api.ListParticipantsRequest(room=room.name))
            for track in (track for person in people.participants for track in person.tracks):
                if track.type == api.TrackType.AUDIO:
                    await self.record(room, track.sid)

    async def ended_unheard(self, recording: Recording) -> None:
        """LiveKit does not count this egress among those that run."""
        try:
            found = await self.livekit.egress.list_egress(api.ListEgressRequest(egress_id=recording.egress_id))
        except api.TwirpError as error:
            if error.code != "not_found":
                raise
            # It is a day too late: nobody will say any more how it ended.
            recording.state = "failed"
            await self.evidence.enter(recording)
            await self.eraser.plan(recording)
            self.ledger.save(recording)
            return
        for info in found.items:
            if info.status > api.EgressStatus.EGRESS_ENDING:
                await self.egress_ended(info)

    # Starting and stopping.

    def plan(self, room: api.Room) -> Plan:
        return Plan.of(room)

    async def record(self, room: api.Room, track: str) -> None:
        """Starts what is to be recorded, unless that was done. The same event may come twice, and at the same time."""
        async with self.locks.setdefault((room.sid, track), asyncio.Lock()):
            known = self.ledger.job(room.sid, track)
            job = self.ledger.claim(Job(room.sid, track, room.name))
            if job.egress_id or job.closed:
                return
            # If somebody wrote that down before, their egress may be running although they never heard of it.
            info = await self.running(job) if known else None
            if info is None:
                job.attempt += 1
                self.ledger.save_job(job)
                info = await self.start(job, room)
            job.egress_id = info.egress_id
            self.ledger.save_job(job)
            await self.entered(info)
            await self.on_begun()

    async def start(self, job: Job, room: api.Room) -> api.EgressInfo:
        plan = self.plan(room)
        buckets = self.evidence.tenants[plan.tenant]["buckets"]
        bucket = buckets[crc32(job.sid.encode()) % len(buckets)]
        s3 = api.S3Upload(
            bucket=bucket["name"],
            region=bucket["region"],
            access_key=os.environ.get("AWS_ACCESS_KEY_ID", ""),
            secret=os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
            endpoint=os.environ.get("AWS_ENDPOINT_URL_S3", ""),
            force_path_style="AWS_ENDPOINT_URL_S3" in os.environ,
        )
        # A directory of its own for each attempt: that is what makes deleting it safe.
        directory = f"{plan.tenant}/{job.sid}/{job.track or 'call'}-{job.attempt}/"
        if job.track:
            file = api.DirectFileOutput(filepath=directory + job.track, s3=s3)
            request = api.TrackEgressRequest(room_name=room.name, track_id=job.track, file=file)
            return await self.livekit.egress.start_track_egress(request)
        request = api.RoomCompositeEgressRequest(room_name=room.name)
        if plan.output == "hls":
            request.segment_outputs.add(
                filename_prefix=directory + "segment",
                playlist_name=directory + "playlist.m3u8",
                live_playlist_name=directory + "live.m3u8",
                segment_duration=plan.segment,
                s3=s3,
            )
        else:
            request.file_outputs.add(file_type=api.EncodedFileType.MP4, filepath=directory + "recording.mp4", s3=s3)
        return await self.livekit.egress.start_room_composite_egress(request)

    async def running(self, job: Job) -> api.EgressInfo | None:
        request = api.ListEgressRequest(room_name=job.room, active=True)
        for info in (await self.livekit.egress.list_egress(request)).items:
            recording = self.recording_of(info)
            if recording and info.room_id == job.sid and recording.track == job.track:
                return info
        return None

    async def replace(self, recording: Recording, info: api.EgressInfo) -> None:
        """If what it recorded still goes on, the next attempt begins."""
        job = self.ledger.job(info.room_id, recording.track)
        if job is None or job.closed or job.egress_id not in ("", info.egress_id):
            return
        room = await self.find_room(job.sid, job.room)
        if room and await self.is_published(job):
            job.egress_id = ""
            self.ledger.save_job(job)
            await self.record(room, job.track)
        else:
            job.closed = True
            self.ledger.save_job(job)

    async def stop(self, egress_id: str) -> None:
        try:
            await self.livekit.egress.stop_egress(api.StopEgressRequest(egress_id=egress_id))
        except api.TwirpError as error:
            # It has ended already, or LiveKit has forgotten it.
            if error.code not in ("failed_precondition", "not_found"):
                raise

    # What there is.

    async def find_room(self, sid: str, name: str) -> api.Room | None:
        """A room, if the call in it is still the same."""
        rooms = (await self.livekit.room.list_rooms(api.ListRoomsRequest(names=[name]))).rooms
        return next((room for room in rooms if room.sid == sid), None)

    async def is_published(self, job: Job) -> bool:
        if not job.track:
            return True
        people = await self.livekit.room.list_participants(api.ListParticipantsRequest(room=job.room))
        return any(track.sid == job.track for person in people.participants for track in person.tracks)

    def recording_of(self, info: api.EgressInfo) -> Recording | None:
        """Everything that is to be known of a recording stands in the request that started it. None: it is not ours."""
        if info.HasField("track"):
            path, s3, track = info.track.file.filepath, info.track.file.s3, info.track.track_id
        elif info.room_composite.file_outputs:
            path, s3, track = info.room_composite.file_outputs[0].filepath, info.room_composite.file_outputs[0].s3, ""
        elif info.room_composite.segment_outputs:
            segments = info.room_composite.segment_outputs[0]
            path, s3, track = segments.playlist_name, segments.s3, ""
        else:
            return None
        directory, _, _ = path.rpartition("/")
        tenant, _, _ = directory.partition("/")
        if tenant not in self.evidence.tenants:
            return None
        return Recording(info.egress_id, tenant, info.room_name, s3.bucket, directory + "/", track)

    async def entered(self, info: api.EgressInfo) -> Recording | None:
        """The recording of an egress. It is in the inventory from its start: what nobody knows of is never deleted."""
        recording = self.ledger.recording(info.egress_id) or self.recording_of(info)
        if recording and not self.ledger.recording(info.egress_id):
            self.ledger.save(recording)
            await self.evidence.enter(recording)
        return recording

    def stored_in(self, recording: Recording, info: api.EgressInfo) -> str | None:
        """The bucket that has all of a recording. LiveKit's COMPLETE is a claim; this looks."""
        buckets = [recording.bucket] + [self.evidence.backup] * bool(info.backup_storage_used and self.evidence.backup)
        return next((bucket for bucket in buckets if self.has_all(bucket, recording, info)), None)

    def has_all(self, bucket: str, recording: Recording, info: api.EgressInfo) -> bool:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=recording.directory)
        there = {found["Key"] for page in pages for found in page.get("Contents", ()) if found["Size"]}
        wanted = {file.filename for file in info.file_results}
        for segments in info.segment_results:
            if segments.playlist_name not in there:
                return False
            playlist = self.s3.get_object(Bucket=bucket, Key=segments.playlist_name)["Body"].read().decode()
            lines = playlist.splitlines()
            named = {recording.directory + line for line in lines if line and not line.startswith("#")}
            if "#EXT-X-ENDLIST" not in lines or len(named) < segments.segment_count:
                return False  # to a player this is a live stream
            wanted |= named
        return bool(wanted) and wanted <= there

    async def publish(self, recording: Recording, info: api.EgressInfo, bucket: str) -> None:
        """Gives viewers the link, through the tenant's CDN: the sink is private. Raw tracks are not published."""
        cdn = self.evidence.tenants[recording.tenant].get("cdn")
        if not cdn or recording.track or self.ledger.has_ended(recording.tenant):
            return
        key = info.segment_results[0].playlist_name if info.segment_results else info.file_results[0].filename
        await self.evidence.publish(recording, f"https://{cdn}/{bucket}/{key}")
