// Every method of `livekit.Egress` and `livekit.RoomService` that recording needs, by LiveKit's ordinary Node client, which
// speaks JSON.
//
// It tells the port where it listens for webhooks and reads the addresses as a line of JSON. The clock is `manual`. Every check
// is an assertion; the last line is "all held".

import assert from "node:assert/strict";

import { AudioConfig } from "@livekit/protocol";
import {
  AutoParticipantEgress,
  AutoTrackEgress,
  DataPacket_Kind,
  DirectFileOutput,
  EgressClient,
  EgressStatus,
  EncodedFileOutput,
  EncodingOptions,
  FileOutput,
  ImageOutput,
  MediaSource,
  Output,
  RoomCompositeEgressRequest,
  RoomEgress,
  RoomServiceClient,
  S3Upload,
  SegmentedFileOutput,
  StartEgressRequest,
  StorageConfig,
  StreamOutput,
  StreamProtocol,
  VideoCodec,
  AudioCodec,
  WebhookConfig,
} from "livekit-server-sdk";

import { KEY, SECRET, advance, at, control, heard, listen, readAddresses, refused } from "./served.mjs";

const port = await listen();
await readAddresses();
const rooms = new RoomServiceClient(at.livekit, KEY, SECRET);
const egress = new EgressClient(at.livekit, KEY, SECRET);
const s3 = () => new S3Upload({ accessKey: "k", secret: "hush", bucket: "recordings" });
const output = () => ({ case: "s3", value: s3() });
const file = (filepath) => new EncodedFileOutput({ filepath, output: output() });

async function roomService() {
  const options = { name: "made", emptyTimeout: 600, departureTimeout: 30, maxParticipants: 2, metadata: "{}" };
  const made = await rooms.createRoom(options);
  assert.deepEqual([made.name, made.emptyTimeout, made.maxParticipants, made.metadata], ["made", 600, 2, "{}"]);
  await control("POST", "/calls/made/participants", { identity: "ada", tracks: ["microphone"] });
  await control("POST", "/calls/made/participants", { identity: "bob", tracks: [] });
  assert.deepEqual((await rooms.listRooms(["made"])).map((room) => room.numParticipants), [2]);
  assert.equal((await rooms.listParticipants("made")).length, 2);
  const update = { name: "Ada", metadata: "m", attributes: { role: "host" }, permission: { canSubscribe: true } };
  const ada = await rooms.updateParticipant("made", "ada", update);
  assert.deepEqual([ada.name, ada.metadata, ada.attributes], ["Ada", "m", { role: "host" }]);
  const [track] = (await rooms.getParticipant("made", "ada")).tracks;
  assert.equal((await rooms.mutePublishedTrack("made", "ada", track.sid, true)).muted, true);
  await refused(() => rooms.mutePublishedTrack("made", "ada", track.sid, false), 412, "failed_precondition", "remote unmute");
  await rooms.updateSubscriptions("made", "bob", [track.sid], true);
  await rooms.sendData("made", new TextEncoder().encode("hello"), DataPacket_Kind.RELIABLE, { topic: "chat" });
  assert.equal((await rooms.updateRoomMetadata("made", "new")).metadata, "new");
  await rooms.removeParticipant("made", "bob");
  await refused(() => rooms.getParticipant("made", "bob"), 404, "not_found", "participant does not exist");
  await rooms.deleteRoom("made");
  await refused(() => rooms.deleteRoom("made"), 404, "not_found", "requested room does not exist");
  assert.deepEqual(await rooms.listRooms(), []);
  await refused(() => rooms.moveParticipant("made", "ada", "other"), 501, "unimplemented", "MoveParticipant");
}

async function autoEgress() {
  const auto = new RoomEgress({
    room: new RoomCompositeEgressRequest({ fileOutputs: [file("auto/all")] }),
    participant: new AutoParticipantEgress({ fileOutputs: [file("auto/{publisher_identity}")] }),
    tracks: new AutoTrackEgress({ filepath: "auto/{track_id}", output: output() }),
  });
  await rooms.createRoom({ name: "auto", departureTimeout: 5, egress: auto });
  await control("POST", "/calls/auto/participants", { identity: "ada", tracks: ["microphone"] });
  assert.equal((await egress.listEgress({ roomName: "auto", active: true })).length, 3);
  await advance("1m");
  await rooms.deleteRoom("auto");
  await advance("1m");
  const ended = await egress.listEgress({ roomName: "auto" });
  assert.deepEqual([...new Set(ended.map((info) => info.status))], [EgressStatus.EGRESS_COMPLETE]);
}

async function egressService() {
  await control("POST", "/calls", { tenant: "default", room: "show", participants: ["ada"], at: "0s", duration: "2h" });
  const [ada] = await rooms.listParticipants("show");
  const sound = ada.tracks.find((track) => track.sid.startsWith("TR_AM")).sid;
  const picture = ada.tracks.find((track) => track.sid.startsWith("TR_VC")).sid;
  const webhooks = [new WebhookConfig({ url: `http://127.0.0.1:${port}/own` })];
  const outputs = {
    file: file("show/all"),
    stream: new StreamOutput({ protocol: StreamProtocol.RTMP, urls: ["rtmp://a.example/live/abcdefghij"] }),
    segments: new SegmentedFileOutput({ filenamePrefix: "show/s", output: output() }),
    images: new ImageOutput({ filenamePrefix: "show/i", captureInterval: 20, output: output() }),
  };
  const composite = await egress.startRoomCompositeEgress("show", outputs, { layout: "grid", webhooks });
  assert.equal(composite.streamResults[0].url, "rtmp://a.example/live/{abc...hij}");
  assert.equal(composite.request.value.fileOutputs[0].output.value.secret, "{secret}");
  const page = await egress.startWebEgress("https://a.example/", file("web/"));
  assert.equal(page.result.case, "file", "the deprecated field beside the list");
  const person = await egress.startParticipantEgress("show", "ada", { file: file("p/{publisher_identity}") });
  const both = await egress.startTrackCompositeEgress("show", file("t/both"), { audioTrackId: sound, videoTrackId: picture });
  const raw = await egress.startTrackEgress("show", new DirectFileOutput({ filepath: "t/raw", output: output() }), sound);
  const unified = await egress.startEgress(
    new StartEgressRequest({
      roomName: "show",
      source: { case: "media", value: new MediaSource({ audio: new AudioConfig({ captureAll: true }) }) },
      outputs: [new Output({ config: { case: "file", value: new FileOutput({ filepath: "u/sound" }) } })],
      storage: new StorageConfig({ provider: { case: "s3", value: s3() } }),
    }),
  );
  assert.equal(unified.fileResults[0].filename, "u/sound.ogg");
  await advance("10s");
  const urls = ["rtmps://b.example/app/key"];
  const updated = await egress.updateStream(composite.egressId, urls, ["rtmp://a.example/live/abcdefghij"]);
  assert.deepEqual(updated.streamResults.map((stream) => stream.status), [1, 0]);
  assert.equal((await egress.updateLayout(composite.egressId, "speaker")).egressId, composite.egressId);
  await advance("1m");
  for (const info of [composite, page]) {
    assert.equal((await egress.stopEgress(info.egressId)).status, EgressStatus.EGRESS_ENDING);
  }
  await control("DELETE", "/calls/show");
  await advance("5m");
  const ended = new Map((await egress.listEgress()).map((info) => [info.egressId, info]));
  for (const { egressId } of [composite, page, person, both, raw, unified]) {
    assert.equal(ended.get(egressId).status, EgressStatus.EGRESS_COMPLETE, ended.get(egressId).error);
  }
  assert.equal(ended.get(composite.egressId).imageResults[0].imageCount, 4n);
  const own = heard.filter(({ path }) => path === "/own").map(({ event }) => event.event);
  assert.deepEqual([own.at(0), own.at(-1)], ["egress_started", "egress_ended"]);

  await control("POST", "/calls", { tenant: "default", room: "bad", participants: ["ada"], at: "0s", duration: "1h" });
  const opus = new EncodingOptions({ audioCodec: AudioCodec.OPUS, videoCodec: VideoCodec.H264_MAIN });
  for (const [wrong, status, code, words] of [
    [() => egress.startRoomCompositeEgress("bad", outputs, { encodingOptions: opus }), 400, "invalid_argument", "incompatible with codec"],
    [() => egress.startRoomCompositeEgress("bad", outputs, { audioOnly: true }), 400, "invalid_argument", "audio_only images"],
    [() => egress.startParticipantEgress("bad", "", { file: file("x") }), 400, "invalid_argument", "identity"],
    [() => egress.startWebEgress("ftp://a.example", file("x")), 400, "invalid_argument", "web url"],
    [() => egress.startTrackEgress("nowhere", new DirectFileOutput({}), sound), 404, "not_found", "requested room does not exist"],
    [() => egress.updateStream(raw.egressId, urls), 412, "failed_precondition", "cannot be updated"],
    [() => egress.updateLayout(raw.egressId, "grid"), 404, "not_found", "participant does not exist"],
    [() => egress.stopEgress("EG_none"), 404, "not_found", "egress does not exist"],
    [() => new EgressClient(at.livekit, KEY, "else").listEgress(), 401, undefined, ""],
  ]) {
    await refused(wrong, status, code, words);
  }
}

await roomService();
await autoEgress();
await egressService();
console.log("all held");
process.exit(0);
