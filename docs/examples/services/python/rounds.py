"""Rounds: any webhook may be lost, so the service looks for itself.

A round compares what LiveKit has with what is written down: a call that nobody records is recorded, an egress that has
ended without a word is dealt with as if egress_ended had come, a job whose call is over is closed. It is done when the
process begins, and again for as long as anything is open: soon, and later each time that all was as it should be. That
there is a call of which nobody has told anything only a clock can bring up: cron posts to /rounds.
"""

import logging

from livekit import api

from evidence import Evidence
from ledger import Ledger
from recorder import Recorder

CALM = 30  # seconds from one round to the next at most, while people talk
QUIET = 3600  # and while nobody does, and what is left does not come to an end

log = logging.getLogger("rounds")


class Rounds:
    def __init__(self, ledger: Ledger, evidence: Evidence, livekit: api.LiveKitAPI, recorder: Recorder):
        self.ledger, self.evidence, self.livekit, self.recorder = ledger, evidence, livekit, recorder
        self.wait = evidence.reconcile
        self.asked = False  # for a round, which then comes within `wait`

    async def begin(self) -> None:
        """What the process before this one was told of and died with, nobody will tell again."""
        await self.evidence.wake("round", after=0)
        if self.evidence.patrol:
            await self.evidence.wake_every("rounds", self.evidence.patrol, "/rounds")

    async def watch(self) -> None:
        """Something has begun. A round that comes soon anyway is not put off."""
        if not self.asked or self.wait > self.evidence.reconcile:
            await self.ask(self.evidence.reconcile)

    async def ask(self, wait: int) -> None:
        self.wait, self.asked = wait, True
        await self.evidence.wake("round", after=wait)

    async def came(self) -> None:
        """The timer has come."""
        self.asked = False
        repaired = await self.look()
        if not self.ledger.anything_open():
            self.wait = self.evidence.reconcile
        elif repaired:
            await self.ask(self.evidence.reconcile)
        else:
            most = CALM if self.ledger.all_open_jobs() else QUIET
            await self.ask(max(min(self.wait * 2, most), self.evidence.reconcile))

    async def look(self) -> bool:
        """One round. Whether anything was amiss, and is not any more."""
        written = self.ledger.unfinished()
        rooms = (await self.livekit.room.list_rooms(api.ListRoomsRequest())).rooms
        for room in rooms:
            await self.tried(self.recorder.seen(room))
        there = {room.sid for room in rooms}
        for job in self.ledger.all_open_jobs():
            if job.sid not in there:
                await self.tried(self.recorder.room_finished(api.Room(sid=job.sid, name=job.room)))
        repaired = False
        if written:
            active = await self.livekit.egress.list_egress(api.ListEgressRequest(active=True))
            running = {info.egress_id for info in active.items}
            for recording in written:
                if recording.egress_id not in running:
                    repaired |= await self.tried(self.recorder.ended_unheard(recording))
        return repaired

    async def tried(self, work) -> bool:
        """What cannot be helped now does not keep the rest waiting; the next round comes back to it."""
        try:
            await work
        except Exception as error:
            log.warning("%r", error)
            return False
        return True
