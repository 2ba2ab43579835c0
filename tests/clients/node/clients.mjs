// LiveKit's and S3's ordinary Node clients against `egress-sim serve`: nothing in here knows that it is a fake.
//
// It tells the port where it listens for webhooks and reads the addresses as a line of JSON. The clock is `manual`: an hour
// takes no time, and none passes in between. Every check is an assertion; the last line is "all held".

import assert from "node:assert/strict";

import { GetObjectCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  DirectFileOutput,
  EgressClient,
  EgressStatus,
  EncodedFileOutput,
  RoomServiceClient,
  S3Upload,
  TrackType,
} from "livekit-server-sdk";

import { KEY, SECRET, advance, at, control, heard, listen, readAddresses, refused } from "./served.mjs";

await listen();
await readAddresses();

async function livekit() {
  const rooms = new RoomServiceClient(at.livekit, KEY, SECRET);
  const egress = new EgressClient(at.livekit, KEY, SECRET);
  const call = { tenant: "default", room: "retro", participants: ["alice", "bob"], at: "0s", duration: "1h" };
  await control("POST", "/calls", call);
  const [room] = await rooms.listRooms();
  assert.equal(room.name, "retro");
  const people = await rooms.listParticipants("retro");
  assert.deepEqual(people.map((person) => person.identity).sort(), ["alice", "bob"]);
  assert.equal((await rooms.getParticipant("retro", "alice")).identity, "alice");

  const upload = new S3Upload({ accessKey: "k", secret: "s", bucket: "recordings", region: "us-east-1" });
  const file = new EncodedFileOutput({ filepath: "rec/{room_name}.mp4", output: { case: "s3", value: upload } });
  const info = await egress.startRoomCompositeEgress("retro", { file });
  assert.equal(info.status, EgressStatus.EGRESS_STARTING);
  assert.match(info.egressId, /^EG_/);
  await advance("2h");
  const [found] = await egress.listEgress({ egressId: info.egressId });
  assert.equal(found.status, EgressStatus.EGRESS_COMPLETE);
  assert.equal(found.fileResults[0].filename, "rec/retro.mp4");
  const names = heard.map(({ event }) => event.event).filter((name) => name.startsWith("egress"));
  assert.deepEqual([names.at(0), names.at(-1)], ["egress_started", "egress_ended"]);

  assert.equal((await egress.listEgress({ roomName: "retro" })).length, 1);
  assert.deepEqual(await egress.listEgress({ active: true }), []);

  const second = { tenant: "default", room: "review", participants: ["carol"], at: "0s", duration: "1h" };
  await control("POST", "/calls", second);
  const carol = await rooms.getParticipant("review", "carol");
  const voice = carol.tracks.find((track) => track.type === TrackType.AUDIO);
  const raw = new DirectFileOutput({ filepath: "raw/{track_id}", output: { case: "s3", value: upload } });
  const track = await egress.startTrackEgress("review", raw, voice.sid);
  assert.equal(track.request.case, "track");
  await advance("1m");
  const [running] = await egress.listEgress({ roomName: "review", active: true });
  assert.deepEqual([running.egressId, running.status], [track.egressId, EgressStatus.EGRESS_ACTIVE]);
  const stopped = await egress.stopEgress(track.egressId);
  assert.equal(stopped.status, EgressStatus.EGRESS_ENDING);
  await advance("1m");
  const [raws] = await egress.listEgress({ egressId: track.egressId });
  assert.equal(raws.status, EgressStatus.EGRESS_COMPLETE);
  assert.match(raws.fileResults[0].filename, new RegExp(`^raw/${voice.sid}\\.`));

  for (const [wrong, status, code, words] of [
    [() => egress.stopEgress("EG_none"), 404, "not_found", "egress does not exist"],
    [() => egress.stopEgress(info.egressId), 412, "failed_precondition", "cannot be stopped"],
    [() => egress.startRoomCompositeEgress("retro", { file }), 404, "not_found", "requested room does not exist"],
    [() => egress.startWebEgress("ftp://example.com", { file }), 400, "invalid_argument", "web url"],
    [() => new EgressClient(at.livekit, KEY, "else").listEgress(), 401, undefined, ""],
  ]) {
    await refused(wrong, status, code, words);
  }
}

async function s3() {
  const client = new S3Client({
    endpoint: at.s3,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "minioadmin", secretAccessKey: "minioadmin" },
  });
  const Bucket = "recordings";
  const Key = "rec/retro.mp4";
  const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
  const some = await client.send(new GetObjectCommand({ Bucket, Key, Range: "bytes=10-19" }));
  assert.equal((await some.Body.transformToByteArray()).length, 10);
  assert.equal(some.ContentRange, `bytes 10-19/${head.ContentLength}`);
}

await livekit();
await s3();
console.log("all held");
process.exit(0);
