// The service with one thing wrong each, as people really write it:
//
//     node --import tsx buggy.ts BUG
//
// egress-sim finds each of them.

import { argv, exit } from "node:process";

import { HeadObjectCommand, type ListObjectVersionsCommandOutput, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import type { EgressInfo, Room } from "livekit-server-sdk";

import { Eraser, type Version } from "./eraser.ts";
import { type Plan, Recorder } from "./recorder.ts";
import { run } from "./service.ts";

/** Records each speaker of a compliance call into a file of their own: it is cheaper, and "all of it is on file". */
class TrackEgress extends Recorder {
  protected override plan(room: Room): Plan {
    const plan = super.plan(room);
    return plan.recording === "compliance" ? { ...plan, recording: "processing" } : plan;
  }
}

/** Publishes as soon as the egress is active: the playlist's name is known, and the link works when one tries it. */
class NoEndlistCheck extends Recorder {
  override async egressUpdated(info: EgressInfo): Promise<void> {
    const recording = this.recordingOf(info);
    if (recording && info.segmentResults.length) await this.publish(recording, info, recording.bucket);
  }
}

/** Deletes what the first page of a listing shows, and looks for nothing else afterwards. */
class FirstPageOnly extends Eraser {
  protected override async *pages(Bucket: string, Prefix: string): AsyncGenerator<ListObjectVersionsCommandOutput> {
    yield await this.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
  }

  protected override async left(): Promise<Version[]> {
    return [];
  }

  protected override async eraseStrays(): Promise<boolean> {
    return true;
  }
}

/** Deletes without version ids and takes the 404 that follows for proof: a versioned bucket still has all of it. */
class NoVersions extends Eraser {
  protected override target({ Key }: Version) {
    return { Key };
  }

  protected override async isGone(Bucket: string, Key: string): Promise<boolean> {
    return this.s3.send(new HeadObjectCommand({ Bucket, Key })).then(
      () => false,
      () => true,
    );
  }

  protected override async left(): Promise<Version[]> {
    return [];
  }

  protected override async eraseStrays(): Promise<boolean> {
    return true;
  }
}

const RECORDERS: Record<string, typeof Recorder> = { "track-egress": TrackEgress, "no-endlist-check": NoEndlistCheck };
const ERASERS: Record<string, typeof Eraser> = { "first-page-only": FirstPageOnly, "no-versions": NoVersions };

const bug = argv[2];
if (!(bug in RECORDERS) && !(bug in ERASERS)) {
  console.error(`there is no ${bug}; there are ${Object.keys({ ...RECORDERS, ...ERASERS }).join(", ")}`);
  exit(1);
}
await run(RECORDERS[bug], ERASERS[bug]);
