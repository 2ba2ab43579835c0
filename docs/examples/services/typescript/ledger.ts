// What the service has to remember: jobs, recordings, holds and ended contracts. It is in memory, and gone with the
// process: put your database in here.

/** Something to be recorded: a call, or one track of it. An egress that fails is followed by the next attempt. */
export interface Job {
  sid: string;
  /** Empty: the call as a whole. */
  track: string;
  room: string;
  attempt: number;
  /** None: it is being started, or nobody knows what came of that. */
  egressId?: string;
  closed: boolean;
}

/** What one egress stores: everything below `directory`, and nothing else lies there. */
export interface Recording {
  /** Empty: nobody knows where it came from. */
  egressId: string;
  tenant: string;
  room: string;
  bucket: string;
  directory: string;
  track: string;
  state: "recording" | "stored" | "failed" | "deleting" | "deleted";
  /** When it is to be deleted although the contract goes on. */
  due?: Date;
  /** Keys that are being deleted, with their buckets: afterwards no listing shows them, and all are to be reported. */
  doomed: Map<string, { bucket: string; key: string }>;
}

export class Ledger {
  private jobs = new Map<string, Job>();
  private recordings = new Map<string, Recording>();
  private holds = new Set<string>();
  private ended = new Set<string>();

  /** Writes down that this is to be recorded. Whoever comes second gets what the first one wrote. */
  claim(sid: string, track: string, room: string): Job {
    const job = this.job(sid, track) ?? { sid, track, room, attempt: 0, closed: false };
    this.jobs.set(`${sid}/${track}`, job);
    return job;
  }

  job(sid: string, track: string): Job | undefined {
    return this.jobs.get(`${sid}/${track}`);
  }

  openJobs(sid: string): Job[] {
    return [...this.jobs.values()].filter((job) => job.sid === sid && !job.closed);
  }

  allOpenJobs(): Job[] {
    return [...this.jobs.values()].filter((job) => !job.closed);
  }

  /** Recordings of whose end nobody has heard. */
  unfinished(): Recording[] {
    return [...this.recordings.values()].filter((recording) => recording.state === "recording");
  }

  anythingOpen(): boolean {
    return this.allOpenJobs().length > 0 || this.unfinished().length > 0;
  }

  save(recording: Recording): void {
    if (recording.egressId) this.recordings.set(recording.egressId, recording);
  }

  recording(egressId: string): Recording | undefined {
    return this.recordings.get(egressId);
  }

  /** Recordings of a tenant that are not deleted, in order of bucket and directory, from behind `after`. */
  left(tenant: string, after = "", limit = Infinity): Recording[] {
    const left = [...this.recordings.values()]
      .filter((one) => one.tenant === tenant && one.state !== "deleted" && place(one) > after)
      .sort((one, other) => (place(one) < place(other) ? -1 : 1));
    return left.slice(0, limit);
  }

  endContract(tenant: string): void {
    this.ended.add(tenant);
  }

  hasEnded(tenant: string): boolean {
    return this.ended.has(tenant);
  }

  hold(tenant: string, room: string | null): void {
    this.holds.add(`${tenant}/${room ?? ""}`);
  }

  lift(tenant: string, room: string | null): void {
    this.holds.delete(`${tenant}/${room ?? ""}`);
  }

  /** Whether a hold stands on this room's recordings. */
  isHeld(tenant: string, room: string): boolean {
    return this.holds.has(`${tenant}/`) || this.holds.has(`${tenant}/${room}`);
  }

  /** Whether any does. */
  hasHolds(tenant: string): boolean {
    return [...this.holds].some((hold) => hold.startsWith(`${tenant}/`));
  }
}

/** Where a recording lies; a tenant's recordings sort by it. */
export function place(recording: Recording): string {
  return `${recording.bucket}/${recording.directory}`;
}
