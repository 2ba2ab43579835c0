// What is recorded: one composite of each compliance call, one raw file of each voice of a processing call.
//
// An egress that ends before its call is replaced. One that has ended is looked at in the sink, entered into the
// inventory, and published only if all of it is there.

import { GetObjectCommand, type S3Client, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import {
  DirectFileOutput,
  EgressClient,
  type EgressInfo,
  EgressStatus,
  EncodedFileOutput,
  EncodedFileType,
  type Room,
  RoomServiceClient,
  S3Upload,
  SegmentedFileOutput,
  type TrackInfo,
  TrackType,
  TwirpError,
} from "livekit-server-sdk";

import type { Eraser } from "./eraser.ts";
import type { Evidence } from "./evidence.ts";
import type { Job, Ledger, Recording } from "./ledger.ts";

/** What the metadata of a room asks for: whoever makes our rooms writes it. */
export interface Plan {
  tenant: string;
  /** "compliance", "processing", or anything else: nothing is recorded. */
  recording: string;
  output?: string;
  segment?: number;
}

export class Recorder {
  /** Who wants to hear of it: see `rounds.ts`. */
  onBegun: () => Promise<void> = async () => {};
  private starting = new Map<string, Promise<void>>();

  constructor(
    protected ledger: Ledger,
    protected evidence: Evidence,
    protected egress: EgressClient,
    protected rooms: RoomServiceClient,
    protected s3: S3Client,
    protected eraser: Eraser,
  ) {}

  // What LiveKit tells.

  async roomStarted(room: Room): Promise<void> {
    if (this.plan(room).recording === "compliance") await this.record(room, "");
  }

  async trackPublished(room: Room, track: TrackInfo): Promise<void> {
    if (track.type !== TrackType.AUDIO || this.ledger.job(room.sid, "")) return;
    // This event has the room's name and sid only.
    const found = await this.findRoom(room.sid, room.name);
    if (found && this.plan(found).recording === "processing") await this.record(found, track.sid);
  }

  /** LiveKit ends the egresses of a room that has finished; whatever still runs is stopped. */
  async roomFinished(sid: string, name: string): Promise<void> {
    // A server that took a node for dead has said so, and people talk on.
    if (await this.findRoom(sid, name)) return;
    for (const job of this.ledger.openJobs(sid)) {
      if (job.egressId) await this.stop(job.egressId);
      job.closed = true;
    }
  }

  async egressStarted(info: EgressInfo): Promise<void> {
    await this.entered(info);
  }

  /** It has become active, or is ending: there is nothing to be seen of it yet. */
  async egressUpdated(_info: EgressInfo): Promise<void> {}

  async egressEnded(info: EgressInfo): Promise<void> {
    const recording = await this.entered(info);
    if (recording?.state !== "recording") return;
    await this.replace(recording, info);
    // It is written down last: until then, all of this is done again if any of it fails.
    const endedWell = [EgressStatus.EGRESS_COMPLETE, EgressStatus.EGRESS_LIMIT_REACHED].includes(info.status);
    if (endedWell) {
      const bucket = await this.storedIn(recording, info);
      if (!bucket) throw new Error(`LiveKit calls ${info.egressId} complete, and the sink does not show all of it yet`);
      await this.publish(recording, info, bucket);
    }
    const state = endedWell ? "stored" : "failed";
    const ended: Recording = { ...recording, state, due: this.eraser.due(recording, info.endedAt) };
    await this.evidence.enter(ended);
    await this.eraser.plan(ended);
    this.ledger.save(ended);
  }

  // What a round finds.

  /** This call goes on, whether or not anybody has said so. */
  async seen(room: Room): Promise<void> {
    const { recording } = this.plan(room);
    if (recording === "compliance") return this.record(room, "");
    if (recording !== "processing") return;
    for (const { tracks } of await this.rooms.listParticipants(room.name)) {
      for (const track of tracks) if (track.type === TrackType.AUDIO) await this.record(room, track.sid);
    }
  }

  /** LiveKit does not count this egress among those that run. */
  async endedUnheard(recording: Recording): Promise<void> {
    try {
      for (const info of await this.egress.listEgress({ egressId: recording.egressId })) {
        if (info.status > EgressStatus.EGRESS_ENDING) await this.egressEnded(info);
      }
    } catch (error) {
      if (!(error instanceof TwirpError && error.code === "not_found")) throw error;
      // It is a day too late: nobody will say any more how it ended.
      const lost: Recording = { ...recording, state: "failed" };
      await this.evidence.enter(lost);
      await this.eraser.plan(lost);
      this.ledger.save(lost);
    }
  }

  // Starting and stopping.

  protected plan(room: Room): Plan {
    return { tenant: "", recording: "none", ...JSON.parse(room.metadata || "{}") };
  }

  /** Starts what is to be recorded, unless that was done. The same event may come twice, and at the same time. */
  protected async record(room: Room, track: string): Promise<void> {
    const name = `${room.sid}/${track}`;
    const before = this.starting.get(name);
    const start = (async () => {
      await before?.catch(() => {});
      const known = this.ledger.job(room.sid, track);
      const job = this.ledger.claim(room.sid, track, room.name);
      if (job.egressId || job.closed) return;
      // If somebody wrote that down before, their egress may be running although they never heard of it.
      let info = known && (await this.running(job));
      if (!info) {
        job.attempt += 1;
        info = await this.start(job, room);
      }
      job.egressId = info.egressId;
      await this.entered(info);
      await this.onBegun();
    })();
    this.starting.set(name, start);
    await start.finally(() => this.starting.get(name) === start && this.starting.delete(name));
  }

  private async start(job: Job, room: Room): Promise<EgressInfo> {
    const plan = this.plan(room);
    const { buckets } = this.evidence.tenant(plan.tenant);
    const spread = [...job.sid].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 0);
    const { name: bucket, region } = buckets[spread % buckets.length];
    const s3 = new S3Upload({
      bucket,
      region,
      accessKey: process.env.AWS_ACCESS_KEY_ID,
      secret: process.env.AWS_SECRET_ACCESS_KEY,
      endpoint: process.env.AWS_ENDPOINT_URL_S3,
      forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined,
    });
    const output = { case: "s3", value: s3 } as const;
    // A directory of its own for each attempt: that is what makes deleting it safe.
    const directory = `${plan.tenant}/${job.sid}/${job.track || "call"}-${job.attempt}/`;
    if (job.track) {
      const file = new DirectFileOutput({ filepath: directory + job.track, output });
      return this.egress.startTrackEgress(room.name, file, job.track);
    }
    if (plan.output === "hls") {
      const segments = new SegmentedFileOutput({
        filenamePrefix: `${directory}segment`,
        playlistName: `${directory}playlist.m3u8`,
        livePlaylistName: `${directory}live.m3u8`,
        segmentDuration: plan.segment,
        output,
      });
      return this.egress.startRoomCompositeEgress(room.name, { segments });
    }
    const filepath = `${directory}recording.mp4`;
    const file = new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath, output });
    return this.egress.startRoomCompositeEgress(room.name, { file });
  }

  private async running(job: Job): Promise<EgressInfo | undefined> {
    const found = await this.egress.listEgress({ roomName: job.room, active: true });
    return found.find((info) => info.roomId === job.sid && this.recordingOf(info)?.track === job.track);
  }

  /** If what it recorded still goes on, the next attempt begins. */
  protected async replace(recording: Recording, info: EgressInfo): Promise<void> {
    const job = this.ledger.job(info.roomId, recording.track);
    if (!job || job.closed || (job.egressId && job.egressId !== info.egressId)) return;
    const room = await this.findRoom(job.sid, job.room);
    if (room && (await this.isPublished(job))) {
      job.egressId = undefined;
      await this.record(room, job.track);
    } else {
      job.closed = true;
    }
  }

  private async stop(egressId: string): Promise<void> {
    try {
      await this.egress.stopEgress(egressId);
    } catch (error) {
      // It has ended already, or LiveKit has forgotten it.
      const ended = ["failed_precondition", "not_found"];
      if (!(error instanceof TwirpError && ended.includes(error.code ?? ""))) throw error;
    }
  }

  // What there is.

  /** A room, if the call in it is still the same. */
  private async findRoom(sid: string, name: string): Promise<Room | undefined> {
    return (await this.rooms.listRooms([name])).find((room) => room.sid === sid);
  }

  private async isPublished(job: Job): Promise<boolean> {
    if (!job.track) return true;
    const people = await this.rooms.listParticipants(job.room);
    return people.some((person) => person.tracks.some((track) => track.sid === job.track));
  }

  /** Everything that is to be known of a recording stands in the request that started it. None: it is not ours. */
  protected recordingOf(info: EgressInfo): Recording | undefined {
    const request = info.request;
    let path, output, track = "";
    if (request.case === "track" && request.value.output.case === "file") {
      ({ filepath: path, output } = request.value.output.value);
      track = request.value.trackId;
    } else if (request.case === "roomComposite" && request.value.fileOutputs.length) {
      ({ filepath: path, output } = request.value.fileOutputs[0]);
    } else if (request.case === "roomComposite" && request.value.segmentOutputs.length) {
      ({ playlistName: path, output } = request.value.segmentOutputs[0]);
    }
    if (path === undefined || output?.case !== "s3") return undefined;
    const directory = path.slice(0, path.lastIndexOf("/") + 1);
    const tenant = directory.split("/")[0];
    if (!this.evidence.tenants.has(tenant)) return undefined;
    const { egressId, roomName: room } = info;
    const { bucket } = output.value;
    return { egressId, tenant, room, bucket, directory, track, state: "recording", doomed: new Map() };
  }

  /** The recording of an egress, which is in the inventory from its start: what nobody knows of is never deleted. */
  private async entered(info: EgressInfo): Promise<Recording | undefined> {
    const known = this.ledger.recording(info.egressId);
    if (known) return known;
    const recording = this.recordingOf(info);
    if (recording) {
      this.ledger.save(recording);
      await this.evidence.enter(recording);
    }
    return recording;
  }

  /** The bucket that has all of a recording. LiveKit's COMPLETE is a claim; this looks. */
  private async storedIn(recording: Recording, info: EgressInfo): Promise<string | undefined> {
    if (await this.hasAll(recording.bucket, recording, info)) return recording.bucket;
    const { backup } = this.evidence;
    return info.backupStorageUsed && backup && (await this.hasAll(backup, recording, info)) ? backup : undefined;
  }

  private async hasAll(Bucket: string, { directory }: Recording, info: EgressInfo): Promise<boolean> {
    const there = new Set<string | undefined>();
    for await (const page of paginateListObjectsV2({ client: this.s3 }, { Bucket, Prefix: directory })) {
      for (const found of page.Contents ?? []) if (found.Size) there.add(found.Key);
    }
    const wanted = info.fileResults.map((file) => file.filename);
    for (const { playlistName: Key, segmentCount } of info.segmentResults) {
      if (!there.has(Key)) return false;
      const playlist = await this.s3.send(new GetObjectCommand({ Bucket, Key }));
      const lines = (await playlist.Body!.transformToString()).split("\n");
      const named = lines.filter((line) => line && !line.startsWith("#"));
      // To a player this is a live stream.
      if (!lines.includes("#EXT-X-ENDLIST") || named.length < segmentCount) return false;
      wanted.push(...named.map((name) => directory + name));
    }
    return wanted.length > 0 && wanted.every((key) => there.has(key));
  }

  /** Gives viewers the link, through the tenant's CDN: the sink itself is private. Raw tracks are not published. */
  protected async publish(recording: Recording, info: EgressInfo, bucket: string): Promise<void> {
    const { cdn } = this.evidence.tenant(recording.tenant);
    if (!cdn || recording.track || this.ledger.hasEnded(recording.tenant)) return;
    const key = info.segmentResults[0]?.playlistName ?? info.fileResults[0].filename;
    await this.evidence.publish(recording, `https://${cdn}/${bucket}/${key}`);
  }
}
