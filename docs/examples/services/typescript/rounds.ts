// Rounds: any webhook may be lost, so the service looks for itself.
//
// A round compares what LiveKit has with what is written down: a call that nobody records is recorded, an egress that has
// ended without a word is dealt with as if egress_ended had come, a job whose call is over is closed. It is done when the
// process begins, and again for as long as anything is open: soon, and later each time that all was as it should be. That
// there is a call of which nobody has told anything only a clock can bring up: cron posts to /rounds.

import { type EgressClient, type RoomServiceClient } from "livekit-server-sdk";

import type { Evidence } from "./evidence.ts";
import type { Ledger } from "./ledger.ts";
import type { Recorder } from "./recorder.ts";

const CALM = 30; // seconds from one round to the next at most, while people talk
const QUIET = 3600; // and while nobody does, and what is left does not come to an end

export class Rounds {
  private wait: number;
  /** For a round, that is: it comes within `wait`. */
  private asked = false;

  constructor(
    private ledger: Ledger,
    private evidence: Evidence,
    private egress: EgressClient,
    private rooms: RoomServiceClient,
    private recorder: Recorder,
  ) {
    this.wait = evidence.reconcile;
  }

  /** What the process before this one was told of and died with, nobody will tell again. */
  async begin(): Promise<void> {
    await this.evidence.wake("round", { after: 0 });
    if (this.evidence.patrol) await this.evidence.wakeEvery("rounds", this.evidence.patrol, "/rounds");
  }

  /** Something has begun. A round that comes soon anyway is not put off. */
  async watch(): Promise<void> {
    if (!this.asked || this.wait > this.evidence.reconcile) await this.ask(this.evidence.reconcile);
  }

  private async ask(wait: number): Promise<void> {
    this.wait = wait;
    this.asked = true;
    await this.evidence.wake("round", { after: wait });
  }

  /** The timer has come. */
  async came(): Promise<void> {
    this.asked = false;
    const { reconcile } = this.evidence;
    const repaired = await this.look();
    if (!this.ledger.anythingOpen()) this.wait = reconcile;
    else if (repaired) await this.ask(reconcile);
    else await this.ask(Math.max(Math.min(this.wait * 2, this.ledger.allOpenJobs().length ? CALM : QUIET), reconcile));
  }

  /** One round. Whether anything was amiss, and is not any more. */
  async look(): Promise<boolean> {
    const written = this.ledger.unfinished();
    const rooms = await this.rooms.listRooms();
    for (const room of rooms) await this.tried(this.recorder.seen(room));
    for (const job of this.ledger.allOpenJobs()) {
      if (!rooms.some((room) => room.sid === job.sid)) await this.tried(this.recorder.roomFinished(job.sid, job.room));
    }
    let repaired = false;
    if (written.length) {
      const running = new Set((await this.egress.listEgress({ active: true })).map((info) => info.egressId));
      for (const recording of written) {
        if (running.has(recording.egressId)) continue;
        repaired = (await this.tried(this.recorder.endedUnheard(recording))) || repaired;
      }
    }
    return repaired;
  }

  /** What cannot be helped now does not keep the rest waiting; the next round comes back to it. */
  private async tried(work: Promise<void>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      console.error("round:", error);
      return false;
    }
  }
}
