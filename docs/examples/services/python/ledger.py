"""What the service has to remember: jobs, recordings, holds and ended contracts, in SQLite."""

import sqlite3
from dataclasses import dataclass, fields

SCHEMA = """
create table if not exists jobs (
    sid text, track text, room text, attempt integer, egress_id text, closed integer, primary key (sid, track));
create table if not exists recordings (
    egress_id text primary key, tenant text, room text, bucket text, directory text, track text, state text,
    due integer);
create index if not exists recordings_by_place on recordings (tenant, bucket, directory);
create index if not exists recordings_unfinished on recordings (state) where state = 'recording';
create index if not exists jobs_open on jobs (sid) where not closed;
create table if not exists doomed (egress_id text, bucket text, key text, primary key (bucket, key));
create index if not exists doomed_by_egress on doomed (egress_id);
create table if not exists holds (tenant text, room text, primary key (tenant, room));
create table if not exists ended (tenant text primary key);
"""


@dataclass
class Job:
    """Something to be recorded: a call, or one track of it. An egress that fails is followed by the next attempt."""

    sid: str
    track: str  # empty: the call as a whole
    room: str
    attempt: int = 0
    egress_id: str = ""  # empty: it is being started, or nobody knows what came of that
    closed: bool = False


@dataclass
class Recording:
    """What one egress stores: everything below `directory`, and nothing else lies there."""

    egress_id: str  # empty: nobody knows where it came from
    tenant: str
    room: str
    bucket: str
    directory: str
    track: str = ""
    state: str = "recording"  # then stored or failed, deleting, deleted
    due: int | None = None  # when it is to be deleted, nanoseconds since 1970


RECORDING = ", ".join(field.name for field in fields(Recording))


class Ledger:
    def __init__(self, path: str):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(SCHEMA)

    # Jobs.

    def claim(self, job: Job) -> Job:
        """Writes down that this is to be recorded. Whoever comes second gets what the first one wrote."""
        self.db.execute("insert or ignore into jobs values (?, ?, ?, 0, '', 0)", (job.sid, job.track, job.room))
        return self.job(job.sid, job.track)

    def job(self, sid: str, track: str) -> Job | None:
        row = self.db.execute("select * from jobs where sid = ? and track = ?", (sid, track)).fetchone()
        return row and Job(*row)

    def open_jobs(self, sid: str) -> list[Job]:
        return [Job(*row) for row in self.db.execute("select * from jobs where sid = ? and not closed", (sid,))]

    def all_open_jobs(self) -> list[Job]:
        return [Job(*row) for row in self.db.execute("select * from jobs where not closed")]

    def anything_open(self) -> bool:
        return bool(self.all_open_jobs() or self.unfinished())

    def save_job(self, job: Job) -> None:
        self.db.execute(
            "update jobs set attempt = ?, egress_id = ?, closed = ? where sid = ? and track = ?",
            (job.attempt, job.egress_id, job.closed, job.sid, job.track),
        )

    # Recordings.

    def recording(self, egress_id: str) -> Recording | None:
        row = self.db.execute(f"select {RECORDING} from recordings where egress_id = ?", (egress_id,)).fetchone()
        return row and Recording(*row)

    def unfinished(self) -> list[Recording]:
        """Recordings of whose end nobody has heard."""
        found = self.db.execute(f"select {RECORDING} from recordings where state = 'recording'")
        return [Recording(*row) for row in found]

    def save(self, *recordings: Recording) -> None:
        rows = [tuple(getattr(one, field.name) for field in fields(one)) for one in recordings if one.egress_id]
        self.db.executemany("insert or replace into recordings values (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def left(self, tenant: str, after: tuple[str, str] = ("", ""), limit: int = -1) -> list[Recording]:
        """Recordings that are not deleted, in order of bucket and directory."""
        found = self.db.execute(
            f"select {RECORDING} from recordings where tenant = ? and state != 'deleted'"
            " and (bucket, directory) > (?, ?) order by bucket, directory limit ?",
            (tenant, *after, limit),
        )
        return [Recording(*row) for row in found]

    def doom(self, recording: Recording, places: set[tuple[str, str]]) -> None:
        """Writes down which keys are about to be deleted: afterwards no listing shows them, and they are reported."""
        rows = [(recording.egress_id, bucket, key) for bucket, key in places]
        self.db.executemany("insert or ignore into doomed values (?, ?, ?)", rows)

    def doomed(self, recording: Recording) -> list[tuple[str, str]]:
        rows = self.db.execute("select bucket, key from doomed where egress_id = ?", (recording.egress_id,))
        return [(bucket, key) for bucket, key in rows if key.startswith(recording.directory)]

    def forget_doomed(self, places: list[tuple[str, str]]) -> None:
        self.db.executemany("delete from doomed where bucket = ? and key = ?", places)

    # Contracts and holds.

    def end_contract(self, tenant: str) -> None:
        self.db.execute("insert or ignore into ended values (?)", (tenant,))

    def has_ended(self, tenant: str) -> bool:
        return self.db.execute("select 1 from ended where tenant = ?", (tenant,)).fetchone() is not None

    def hold(self, tenant: str, room: str | None) -> None:
        self.db.execute("insert or ignore into holds values (?, ?)", (tenant, room or ""))

    def lift(self, tenant: str, room: str | None) -> None:
        self.db.execute("delete from holds where tenant = ? and room = ?", (tenant, room or ""))

    def is_held(self, tenant: str, room: str = "") -> bool:
        """A hold stands on this room's recordings; without a room, any does."""
        held = {room for (room,) in self.db.execute("select room from holds where tenant = ?", (tenant,))}
        return bool(held) if not room else bool(held & {"", room})
