"""The service with one thing wrong each, as people really write it:

    python3 buggy.py BUG

egress-sim finds each of them.
"""

import sys

from botocore.exceptions import ClientError

import service
from eraser import Eraser
from recorder import Recorder


class TrackEgress(Recorder):
    """Records each speaker of a compliance call into a file of their own: "all of it is on file", and it is cheaper."""

    def plan(self, room):
        plan = super().plan(room)
        if plan.recording == "compliance":
            plan.recording = "processing"
        return plan


class NoEndlistCheck(Recorder):
    """Publishes as soon as the egress is active: the playlist's name is known, and the link works when one tries it."""

    async def egress_updated(self, info):
        recording = self.recording_of(info)
        if recording and info.segment_results:
            await self.publish(recording, info, recording.bucket)


class NoReplacement(Recorder):
    """Takes egress_ended for the end of the call."""

    async def replace(self, recording, info):
        job = self.ledger.job(info.room_id, recording.track)
        if job:
            job.closed = True
            self.ledger.save_job(job)


class FirstPageOnly(Eraser):
    """Deletes what the first page of a listing shows, and looks for nothing else afterwards."""

    def pages(self, bucket, prefix, after=""):
        return [self.s3.list_object_versions(Bucket=bucket, Prefix=prefix, KeyMarker=after)]

    def left(self, bucket, recordings):
        return []

    async def erase_strays(self, tenant):
        return True


class NoVersions(Eraser):
    """Deletes without version ids and takes the 404 that follows for proof: a versioned bucket still has all of it."""

    def target(self, version):
        return {"Key": version["Key"]}

    def is_gone(self, bucket, key):
        try:
            self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError:
            return True
        return False

    def left(self, bucket, recordings):
        return []

    async def erase_strays(self, tenant):
        return True


RECORDERS = {"track-egress": TrackEgress, "no-endlist-check": NoEndlistCheck, "no-replacement": NoReplacement}
ERASERS = {"first-page-only": FirstPageOnly, "no-versions": NoVersions}

if __name__ == "__main__":
    bug = sys.argv[1]
    if bug not in RECORDERS | ERASERS:
        sys.exit(f"there is no {bug}; there are {', '.join(RECORDERS | ERASERS)}")
    service.run(RECORDERS.get(bug, Recorder), ERASERS.get(bug, Eraser))
