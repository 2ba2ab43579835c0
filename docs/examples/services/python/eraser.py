"""What is deleted, so that it can be shown afterwards.

A recording goes as a whole: its link, then every version, delete marker and unfinished upload below its directory, in
its bucket and in LiveKit's backup storage. Then one looks, by HEAD and by a listing of versions, and only what is gone
is reported. A contract's end is worked off in pieces, by a timer that carries how far it has come.
"""

import asyncio
import os

from botocore.exceptions import ClientError
from livekit import api

from evidence import Evidence
from ledger import Ledger, Recording

PIECE = 250  # recordings at once
BATCH = 1000  # what one DeleteObjects takes
LATER = 6 * 3600  # seconds until what was refused is tried again


class Eraser:
    def __init__(self, ledger: Ledger, evidence: Evidence, livekit: api.LiveKitAPI, s3):
        self.ledger, self.evidence, self.livekit, self.s3 = ledger, evidence, livekit, s3

    # When.

    def due(self, recording: Recording, ended_at: int) -> int | None:
        """When to delete it although the contract goes on: midway between the least and the most that is allowed."""
        tenant = self.evidence.tenants[recording.tenant]
        most = tenant["retention_max_seconds"]
        if most is None:
            return None
        least = min(tenant["retention_seconds"] or most, most)
        return ended_at + (least + most) // 2 * 1_000_000_000

    async def plan(self, recording: Recording) -> None:
        """Its egress has ended."""
        if self.ledger.has_ended(recording.tenant):
            await self.evidence.wake(f"sweep/{recording.tenant}")
        elif recording.due is not None:
            await self.evidence.wake(f"retention/{recording.egress_id}", at=recording.due)

    async def retention_over(self, egress_id: str) -> None:
        recording = self.ledger.recording(egress_id)
        if recording is None or recording.state == "deleted" or self.ledger.is_held(recording.tenant, recording.room):
            return
        if not await self.erase([recording]):
            await self.evidence.wake(f"retention/{egress_id}", after=LATER)

    async def contract_ended(self, tenant: str) -> None:
        self.ledger.end_contract(tenant)
        await self.evidence.wake(f"sweep/{tenant}")
        # Something may arrive in the sink behind its own deletion: there is a last look before the deadline.
        within = self.evidence.tenants[tenant]["delete_within_seconds"]
        await self.evidence.wake(f"last-sweep/{tenant}", after=within * 9 // 10)

    async def hold(self, order: str, tenant: str, room: str | None) -> None:
        self.ledger.hold(tenant, room)
        record = {"action": "legal_hold", "tenant": tenant, "outcome": "done", "idempotency_key": order}
        await self.evidence.audit([record])

    async def lift(self, order: str, tenant: str, room: str | None) -> None:
        self.ledger.lift(tenant, room)
        record = {"action": "lift_hold", "tenant": tenant, "outcome": "done", "idempotency_key": order}
        await self.evidence.audit([record])
        for recording in self.ledger.left(tenant):
            if recording.due is not None:
                await self.evidence.wake(f"retention/{recording.egress_id}", at=recording.due)
        if self.ledger.has_ended(tenant):
            await self.contract_ended(tenant)

    async def sweep(self, tenant: str, after: str) -> None:
        """One piece of what is left of a tenant whose contract has ended, from behind where the last one came to."""
        bucket, _, directory = after.partition("/")
        piece = self.ledger.left(tenant, (bucket, directory), PIECE)
        piece = [recording for recording in piece if recording.bucket == piece[0].bucket]
        if piece:
            await self.erase([recording for recording in piece if await self.may_go(recording)])
            reached = f"{piece[-1].bucket}/{piece[-1].directory}"
            await self.evidence.wake(f"sweep/{tenant}", payload=reached)
        elif not await self.erase_strays(tenant) or any(self.is_due(one) for one in self.ledger.left(tenant)):
            await self.evidence.wake(f"sweep/{tenant}", after=LATER)

    def is_due(self, recording: Recording) -> bool:
        return recording.state != "recording" and not self.ledger.is_held(recording.tenant, recording.room)

    async def may_go(self, recording: Recording) -> bool:
        if recording.state == "recording":
            # It goes once it has ended. If LiveKit says that it has, or has forgotten it, the news was lost.
            if await self.is_live(recording.egress_id):
                return False
            recording.state = "failed"
        return self.is_due(recording)

    async def is_live(self, egress_id: str) -> bool:
        try:
            found = await self.livekit.egress.list_egress(api.ListEgressRequest(egress_id=egress_id))
        except api.TwirpError as error:
            if error.code != "not_found":
                raise
            return False
        return any(info.status <= api.EgressStatus.EGRESS_ENDING for info in found.items)

    # How.

    async def erase(self, recordings: list[Recording]) -> bool:
        """Deletes recordings of one tenant and bucket. False: not all of it is gone."""
        if not recordings:
            return True
        buckets = [recordings[0].bucket] + [self.evidence.backup] * bool(self.evidence.backup)
        found = {bucket: await asyncio.to_thread(self.find, bucket, recordings) for bucket in buckets}
        places = {(bucket, one["Key"]) for bucket, versions in found.items() for one in versions}
        for recording in recordings:
            self.ledger.doom(recording, {place for place in places if directory_of(place[1]) == recording.directory})
            recording.state = "deleting"
        self.ledger.save(*recordings)
        await self.evidence.enter(*recordings)
        await asyncio.gather(*(self.evidence.retract(recording) for recording in recordings if recording.egress_id))
        for bucket in buckets:
            errors = await asyncio.to_thread(self.delete, bucket, found[bucket])
            await self.refused(recordings, bucket, errors)
            await asyncio.to_thread(self.abort_uploads, bucket, recordings)
        return await self.report(recordings, buckets)

    async def report(self, recordings: list[Recording], buckets: list[str]) -> bool:
        """Looks what is gone, and says so in the audit and the inventory."""
        left = set()
        for bucket in buckets:
            left |= {directory_of(one["Key"]) for one in await asyncio.to_thread(self.left, bucket, recordings)}
        records, gone, reported = [], [], []
        for recording in recordings:
            places = self.ledger.doomed(recording)
            looks = [asyncio.to_thread(self.is_gone, bucket, key) for bucket, key in places]
            if all(await asyncio.gather(*looks)) and recording.directory not in left:
                records += [deletion(recording, bucket, key) for bucket, key in places]
                reported += places
                recording.state = "deleted"
                gone.append(recording)
        await self.evidence.audit(records)
        await self.evidence.enter(*gone)
        self.ledger.save(*gone)
        self.ledger.forget_doomed(reported)
        return len(gone) == len(recordings)

    def find(self, bucket: str, recordings: list[Recording]) -> list[dict]:
        """Every version and every delete marker of these recordings. One listing serves them all: it begins before the
        first of their directories and ends behind the last."""
        directories = {recording.directory for recording in recordings}
        first, last = min(directories), max(directories)
        found = []
        for page in self.pages(bucket, os.path.commonprefix([first, last]), after=first):
            versions = page.get("Versions", []) + page.get("DeleteMarkers", [])
            found += [version for version in versions if directory_of(version["Key"]) in directories]
            if any(directory_of(version["Key"]) > last for version in versions):
                break
        return found

    def pages(self, bucket: str, prefix: str, after: str = ""):
        """A listing comes in pages, of a thousand versions at most."""
        return self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix, KeyMarker=after)

    def left(self, bucket: str, recordings: list[Recording]) -> list[dict]:
        """What HEAD does not show: versions below a delete marker."""
        return self.find(bucket, recordings)

    def delete(self, bucket: str, versions: list[dict]) -> list[dict]:
        """The answer is 200 whatever became of the single ones, so the errors in it are read."""
        errors = []
        for start in range(0, len(versions), BATCH):
            objects = [self.target(one) for one in versions[start : start + BATCH]]
            answer = self.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            errors += answer.get("Errors", [])
        return errors

    def target(self, version: dict) -> dict:
        """Which version: without its id, a versioned bucket only hides the key."""
        return {"Key": version["Key"], "VersionId": version["VersionId"]}

    def abort_uploads(self, bucket: str, recordings: list[Recording]) -> None:
        """What was never finished uploading is in no listing of objects, and is data all the same."""
        directories = {recording.directory for recording in recordings}
        for upload in self.uploads(bucket, os.path.commonprefix(list(directories))):
            if directory_of(upload["Key"]) in directories:
                self.s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])

    def uploads(self, bucket: str, prefix: str) -> list[dict]:
        pages = self.s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
        return [upload for page in pages for upload in page.get("Uploads", [])]

    def is_gone(self, bucket: str, key: str) -> bool:
        """A 404 with a delete marker means that the data is still there, and a 403 proves nothing."""
        try:
            self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            answer = error.response["ResponseMetadata"]
            if answer["HTTPStatusCode"] != 404:
                raise
            return answer["HTTPHeaders"].get("x-amz-delete-marker") != "true"
        return False

    async def refused(self, recordings: list[Recording], bucket: str, errors: list[dict]) -> None:
        """What the sink does not allow to be deleted goes into the audit; it is tried again."""
        whose = {recording.directory: recording for recording in recordings}
        for error in errors:
            if error["Code"] == "AccessDenied":
                record = deletion(whose[directory_of(error["Key"])], bucket, error["Key"])
                record |= {"outcome": {"refused": error["Code"]}, "idempotency_key": f"refused/{bucket}/{error['Key']}"}
                await self.evidence.audit([record])

    async def erase_strays(self, tenant: str) -> bool:
        """What lies below the tenant's name and no row leads to. While a hold stands, it may be what is meant."""
        if self.ledger.is_held(tenant):
            return True
        known = {recording.directory for recording in self.ledger.left(tenant)}
        buckets = [bucket["name"] for bucket in self.evidence.tenants[tenant]["buckets"]]
        all_gone = True
        for bucket in buckets + [self.evidence.backup] * bool(self.evidence.backup):
            keys = await asyncio.to_thread(self.keys_below, bucket, f"{tenant}/")
            directories = {directory_of(key) for key in keys} - known
            strays = [Recording("", tenant, "", bucket, directory) for directory in sorted(directories)]
            all_gone &= await self.erase(strays)
        return all_gone

    def keys_below(self, bucket: str, prefix: str) -> list[str]:
        found = self.uploads(bucket, prefix)
        for page in self.pages(bucket, prefix):
            found += page.get("Versions", []) + page.get("DeleteMarkers", [])
        return [one["Key"] for one in found]


def directory_of(key: str) -> str:
    return key.rpartition("/")[0] + "/"


def deletion(recording: Recording, bucket: str, key: str) -> dict:
    """What the audit says of a key that is gone, with every version of it."""
    return {
        "action": "delete",
        "tenant": recording.tenant,
        "egress_id": recording.egress_id or None,
        "bucket": bucket,
        "key": key,
        "outcome": "done",
        "idempotency_key": f"delete/{bucket}/{key}",
    }
