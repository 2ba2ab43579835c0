// A recording service: LiveKit's webhooks come in, recordings are made, kept, published and deleted.
//
//     PORT=8080 node --import tsx service.ts
//
// It is configured as every LiveKit and S3 client is: LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, AWS_REGION,
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL_S3 where it is not Amazon's. Where its evidence goes
// says `evidence.ts`; `recorder.ts` starts, replaces and stops egresses, `eraser.ts` deletes, `rounds.ts` looks what
// nobody has told, `ledger.ts` is what all of them know.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";

import { S3Client } from "@aws-sdk/client-s3";
import {
  EgressClient,
  RoomServiceClient,
  TokenVerifier,
  type WebhookEvent,
  WebhookReceiver,
} from "livekit-server-sdk";

import { Eraser } from "./eraser.ts";
import { Evidence } from "./evidence.ts";
import { Ledger } from "./ledger.ts";
import { Recorder } from "./recorder.ts";
import { Rounds } from "./rounds.ts";

/** An order of our own organisation. */
interface Order {
  id: string;
  do: "contract_ended" | "legal_hold" | "lift_hold" | "playback";
  tenant: string;
  room: string | null;
}

const KEYS = [process.env.LIVEKIT_API_KEY!, process.env.LIVEKIT_API_SECRET!] as const;

class Refused extends Error {}

export class Service {
  private receiver = new WebhookReceiver(...KEYS);
  private verifier = new TokenVerifier(...KEYS);

  constructor(
    private recorder: Recorder,
    private eraser: Eraser,
    private rounds: Rounds,
  ) {}

  /** Takes what was posted, and says what to answer. What fails is to come again; each of these can be done twice. */
  async take(path: string, body: string, authorization = ""): Promise<number> {
    try {
      if (path === "/webhook") await this.webhook(await refusing(this.receiver.receive(body, authorization)));
      else if (path === "/commands") await this.command(await refusing(this.signed(body, authorization)));
      else if (path === "/timers") await this.timer(await refusing(this.signed(body, authorization)));
      else if (path === "/rounds") await this.round(await refusing(this.signed(body, authorization)));
      else return 404;
      return 200;
    } catch (error) {
      console.error(`${path}:`, error);
      return error instanceof Refused ? 401 : 500;
    }
  }

  /** Commands and timers are signed as webhooks are: a token with a hash of the body. */
  private async signed(body: string, authorization: string) {
    const claims = await this.verifier.verify(authorization);
    const hash = createHash("sha256").update(body).digest("base64");
    if (claims.sha256 !== hash) throw new Error("this is not the body that was signed");
    return JSON.parse(body);
  }

  private async webhook({ event, room, track, egressInfo }: WebhookEvent): Promise<void> {
    if (event === "room_started") await this.recorder.roomStarted(room!);
    else if (event === "track_published") await this.recorder.trackPublished(room!, track!);
    else if (event === "room_finished") await this.recorder.roomFinished(room!.sid, room!.name);
    else if (event === "egress_started") await this.recorder.egressStarted(egressInfo!);
    else if (event === "egress_updated") await this.recorder.egressUpdated(egressInfo!);
    else if (event === "egress_ended") await this.recorder.egressEnded(egressInfo!);
  }

  private async command({ id, do: what, tenant, room }: Order): Promise<void> {
    if (what === "contract_ended") await this.eraser.contractEnded(tenant);
    else if (what === "legal_hold") await this.eraser.hold(id, tenant, room);
    else if (what === "lift_hold") await this.eraser.lift(id, tenant, room);
  }

  /** Cron wants us to look. */
  private async round(_wakeUp: unknown): Promise<void> {
    await this.rounds.look();
  }

  private timer({ timer, payload }: { timer: string; payload: string }): Promise<void> {
    return this.woken(timer, payload);
  }

  /** What we wanted to be reminded of. */
  async woken(name: string, payload: string): Promise<void> {
    const [what, whose] = [name.slice(0, name.indexOf("/")), name.slice(name.indexOf("/") + 1)];
    if (name === "round") await this.rounds.came();
    else if (what === "sweep" || what === "last-sweep") await this.eraser.sweep(whose, payload);
    else if (what === "retention") await this.eraser.retentionOver(whose);
  }
}

async function refusing<T>(verified: Promise<T>): Promise<T> {
  return verified.catch((error) => {
    throw new Refused(String(error));
  });
}

export async function run(recorder = Recorder, eraser = Eraser): Promise<void> {
  const evidence = new Evidence();
  await evidence.open();
  const ledger = new Ledger();
  const egress = new EgressClient(process.env.LIVEKIT_URL!);
  const rooms = new RoomServiceClient(process.env.LIVEKIT_URL!);
  const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined });
  const erases = new eraser(ledger, evidence, egress, s3);
  const records = new recorder(ledger, evidence, egress, rooms, s3, erases);
  const rounds = new Rounds(ledger, evidence, egress, rooms, records);
  records.onBegun = () => rounds.watch();
  const service = new Service(records, erases, rounds);
  evidence.onTimer = (name, payload) => service.woken(name, payload);
  await rounds.begin();

  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces).toString();
    response.writeHead(await service.take(request.url ?? "", body, request.headers.authorization)).end();
  });
  server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
}

if (import.meta.url === pathToFileURL(argv[1]).href) await run();
