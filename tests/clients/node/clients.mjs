// LiveKit's and S3's ordinary Node clients against `egress-sim serve`: nothing in here knows that it is a fake.
//
// It tells the port where it listens for webhooks and reads the addresses as a line of JSON. The clock is `manual`: an hour
// takes no time, and none passes in between. Every check is an assertion; the last line is "all held".

import assert from "node:assert/strict";
import http from "node:http";
import readline from "node:readline";

import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import {
  DirectFileOutput,
  EgressClient,
  EgressStatus,
  EncodedFileOutput,
  RoomServiceClient,
  S3Upload,
  TrackType,
  TwirpError,
  WebhookReceiver,
} from "livekit-server-sdk";

const [KEY, SECRET] = ["devkey", "secret"];

const heard = [];

const receiver = new WebhookReceiver(KEY, SECRET);
const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  try {
    assert.equal(request.headers["content-type"], "application/webhook+json");
    // The SDK's own receiver: signature, times, hash of the body.
    const event = await receiver.receive(Buffer.concat(pieces).toString(), request.headers.authorization);
    heard.push(event);
    response.end();
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
console.log(server.address().port);
const lines = readline.createInterface({ input: process.stdin });
const at = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);

async function control(method, path, body) {
  const response = await fetch(at.control + path, { method, body: body && JSON.stringify(body) });
  const answer = await response.json();
  assert.equal(response.status, 200, `${path}: ${JSON.stringify(answer)}`);
  return answer;
}

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
  await control("POST", "/clock/advance", { by: "2h" });
  const [found] = await egress.listEgress({ egressId: info.egressId });
  assert.equal(found.status, EgressStatus.EGRESS_COMPLETE);
  assert.equal(found.fileResults[0].filename, "rec/retro.mp4");
  const names = heard.map((event) => event.event).filter((name) => name.startsWith("egress"));
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
  await control("POST", "/clock/advance", { by: "1m" });
  const [running] = await egress.listEgress({ roomName: "review", active: true });
  assert.deepEqual([running.egressId, running.status], [track.egressId, EgressStatus.EGRESS_ACTIVE]);
  const stopped = await egress.stopEgress(track.egressId);
  assert.equal(stopped.status, EgressStatus.EGRESS_ENDING);
  await control("POST", "/clock/advance", { by: "1m" });
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
    await assert.rejects(wrong, (error) => {
      assert.ok(error instanceof TwirpError, error);
      assert.deepEqual([error.status, error.code], [status, code], error.message);
      return error.message.includes(words);
    });
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

  // Sent as this SDK sends everything: in signed chunks or with a checksum of its own.
  await client.send(new PutObjectCommand({ Bucket, Key: "note.txt", Body: "hello", ContentType: "text/plain" }));
  const note = await client.send(new GetObjectCommand({ Bucket, Key: "note.txt" }));
  assert.deepEqual([await note.Body.transformToString(), note.ContentType], ["hello", "text/plain"]);
  await client.send(new DeleteObjectCommand({ Bucket, Key: "note.txt" }));
  await assert.rejects(client.send(new HeadObjectCommand({ Bucket, Key: "note.txt" })), { name: "NotFound" });
  await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: "note.txt" })), { name: "NoSuchKey" });
  await assert.rejects(client.send(new GetObjectCommand({ Bucket: "nowhere", Key })), { name: "NoSuchBucket" });

  for (let n = 0; n < 25; n += 1) {
    await client.send(new PutObjectCommand({ Bucket, Key: `many/${n} + ü`, Body: `${n}` }));
  }
  const keys = [];
  for await (const page of paginateListObjectsV2({ client, pageSize: 10 }, { Bucket, Prefix: "many/" })) {
    keys.push(...page.Contents.map((entry) => entry.Key));
  }
  assert.equal(keys.length, 25);
  assert.ok(keys.includes("many/7 + ü"), keys);
  const gone = await client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
  );
  assert.equal(gone.Deleted.length, 25);
  assert.equal((await client.send(new ListObjectsV2Command({ Bucket, Prefix: "many/" }))).KeyCount, 0);
  const all = Array.from({ length: 1000 }, (_, n) => ({ Key: `thousand/${n}` }));
  for (let n = 0; n < all.length; n += 50) {
    const some = all.slice(n, n + 50).map(({ Key }) => client.send(new PutObjectCommand({ Bucket, Key, Body: Key })));
    await Promise.all(some);
  }
  const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "thousand/" }));
  assert.deepEqual([page.KeyCount, page.IsTruncated], [1000, false]);
  const batch = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: all, Quiet: true } }));
  assert.deepEqual([batch.Deleted, batch.Errors], [undefined, undefined]);
  assert.equal((await client.send(new ListObjectsV2Command({ Bucket, Prefix: "thousand/" }))).KeyCount, 0);
  const many = new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...all, { Key: "one more" }] } });
  await assert.rejects(client.send(many), { name: "MalformedXML" });

  const presigned = { Bucket, Key: "presigned + ü.txt" };
  const put = await getSignedUrl(client, new PutObjectCommand(presigned), { expiresIn: 60 });
  assert.equal((await fetch(put, { method: "PUT", body: "by link" })).status, 200);
  const get = await getSignedUrl(client, new GetObjectCommand(presigned), { expiresIn: 60 });
  assert.equal(await (await fetch(get)).text(), "by link");
  assert.equal((await fetch(get.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))).status, 403, "it is what was signed");

  const website = new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: { IndexDocument: { Suffix: "i" } } });
  await assert.rejects(client.send(website), { name: "NotImplemented" });

  await control("POST", "/faults", { do: "s3.slow_down", on: "s3.put_object", count: 1 });
  await client.send(new PutObjectCommand({ Bucket, Key: "again", Body: "x" }));
  assert.deepEqual(await control("GET", "/faults"), [{ do: "s3.slow_down", fired: 1 }], "the SDK tried again of itself");
}

await livekit();
await s3();
console.log("all held");
process.exit(0);
