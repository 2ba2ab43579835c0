// What is deleted, so that it can be shown afterwards.
//
// A recording goes as a whole: its link, then every version, delete marker and unfinished upload below its directory,
// in its bucket and in LiveKit's backup storage. Then one looks, by HEAD and by a listing of versions, and only what is
// gone is reported. A contract's end is worked off in pieces, by a timer that carries how far it has come.

import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  type ListObjectVersionsCommandOutput,
  ListObjectVersionsCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type ObjectIdentifier,
  type S3Client,
  S3ServiceException,
  type _Error,
} from "@aws-sdk/client-s3";
import { type EgressClient, EgressStatus, TwirpError } from "livekit-server-sdk";

import type { AuditRecord, Evidence } from "./evidence.ts";
import { type Ledger, type Recording, place } from "./ledger.ts";

const PIECE = 100; // recordings at once
const BATCH = 1000; // what one DeleteObjects takes
const LATER = 6 * 3600; // seconds until what was refused is tried again

/** A version, or a delete marker. */
export type Version = { Key: string; VersionId: string };

export class Eraser {
  constructor(
    protected ledger: Ledger,
    protected evidence: Evidence,
    protected egress: EgressClient,
    protected s3: S3Client,
  ) {}

  // When.

  /** When to delete a recording although the contract goes on: between the least and the most that it may be kept. */
  due(recording: Recording, endedAt: bigint): Date | undefined {
    const { retention_seconds, retention_max_seconds: most } = this.evidence.tenant(recording.tenant);
    if (most === null) return undefined;
    const least = Math.min(retention_seconds ?? most, most);
    return new Date(Number(endedAt / 1_000_000n) + ((least + most) / 2) * 1000);
  }

  /** Its egress has ended. */
  async plan(recording: Recording): Promise<void> {
    if (this.ledger.hasEnded(recording.tenant)) {
      await this.evidence.wake(`sweep/${recording.tenant}`, { after: 0 });
    } else if (recording.due) {
      await this.evidence.wake(`retention/${recording.egressId}`, { at: recording.due });
    }
  }

  async retentionOver(egressId: string): Promise<void> {
    const recording = this.ledger.recording(egressId);
    if (!recording || recording.state === "deleted" || this.ledger.isHeld(recording.tenant, recording.room)) return;
    if (!(await this.erase(recording))) await this.evidence.wake(`retention/${egressId}`, { after: LATER });
  }

  async contractEnded(tenant: string): Promise<void> {
    this.ledger.endContract(tenant);
    await this.evidence.wake(`sweep/${tenant}`, { after: 0 });
    // Something may arrive in the sink behind its own deletion: there is a last look before the deadline.
    const { delete_within_seconds: within } = this.evidence.tenant(tenant);
    await this.evidence.wake(`last-sweep/${tenant}`, { after: Math.floor(within * 0.9) });
  }

  async hold(order: string, tenant: string, room: string | null): Promise<void> {
    this.ledger.hold(tenant, room);
    await this.evidence.audit([{ action: "legal_hold", tenant, outcome: "done", idempotency_key: order }]);
  }

  async lift(order: string, tenant: string, room: string | null): Promise<void> {
    this.ledger.lift(tenant, room);
    await this.evidence.audit([{ action: "lift_hold", tenant, outcome: "done", idempotency_key: order }]);
    for (const { due, egressId } of this.ledger.left(tenant)) {
      if (due) await this.evidence.wake(`retention/${egressId}`, { at: due });
    }
    if (this.ledger.hasEnded(tenant)) await this.contractEnded(tenant);
  }

  /** One piece of what is left of a tenant whose contract has ended, from behind where the last one came to. */
  async sweep(tenant: string, after: string): Promise<void> {
    const piece = this.ledger.left(tenant, after, PIECE);
    if (piece.length) {
      const leaving = [];
      for (const recording of piece) if (await this.mayGo(recording)) leaving.push(recording);
      await Promise.all(leaving.map((recording) => this.erase(recording)));
      await this.evidence.wake(`sweep/${tenant}`, { after: 0 }, place(piece[piece.length - 1]));
    } else if (!(await this.eraseStrays(tenant)) || this.ledger.left(tenant).some((one) => this.isDue(one))) {
      await this.evidence.wake(`sweep/${tenant}`, { after: LATER });
    }
  }

  private isDue({ state, tenant, room }: Recording): boolean {
    return state !== "recording" && !this.ledger.isHeld(tenant, room);
  }

  private async mayGo(recording: Recording): Promise<boolean> {
    if (recording.state === "recording") {
      // It goes once it has ended. If LiveKit says that it has, or has forgotten it, the news was lost.
      if (await this.isLive(recording.egressId)) return false;
      recording.state = "failed";
    }
    return this.isDue(recording);
  }

  private async isLive(egressId: string): Promise<boolean> {
    try {
      const found = await this.egress.listEgress({ egressId });
      return found.some((info) => info.status <= EgressStatus.EGRESS_ENDING);
    } catch (error) {
      if (error instanceof TwirpError && error.code === "not_found") return false;
      throw error;
    }
  }

  // How.

  /** Deletes a recording. False: not all of it is gone. */
  async erase(recording: Recording): Promise<boolean> {
    const buckets = [recording.bucket, ...(this.evidence.backup ? [this.evidence.backup] : [])];
    const found = new Map<string, Version[]>();
    for (const bucket of buckets) {
      const versions = await this.find(bucket, recording.directory);
      found.set(bucket, versions);
      for (const { Key: key } of versions) recording.doomed.set(`${bucket}/${key}`, { bucket, key });
    }
    recording.state = "deleting";
    await this.evidence.enter(recording);
    await this.evidence.retract(recording);
    for (const bucket of buckets) {
      await this.refused(recording, bucket, await this.delete(bucket, found.get(bucket)!));
      await this.abortUploads(bucket, recording.directory);
    }
    for (const bucket of buckets) {
      if ((await this.left(bucket, recording.directory)).length) return false;
    }
    const places = [...recording.doomed.values()];
    for (let start = 0; start < places.length; start += 50) {
      const looks = places.slice(start, start + 50).map(({ bucket, key }) => this.isGone(bucket, key));
      if ((await Promise.all(looks)).includes(false)) return false;
    }
    await this.evidence.audit(places.map(({ bucket, key }) => deletion(recording, bucket, key)));
    await this.evidence.enter({ ...recording, state: "deleted" });
    recording.state = "deleted";
    recording.doomed.clear();
    return true;
  }

  /** Every version and every delete marker below a directory. */
  protected async find(bucket: string, directory: string): Promise<Version[]> {
    const found = [];
    for await (const page of this.pages(bucket, directory)) {
      for (const { Key, VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) {
        found.push({ Key: Key!, VersionId: VersionId! });
      }
    }
    return found;
  }

  /** A listing comes in pages, of a thousand versions at most. */
  protected async *pages(Bucket: string, Prefix: string): AsyncGenerator<ListObjectVersionsCommandOutput> {
    let page: ListObjectVersionsCommandOutput | undefined;
    do {
      const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page ?? {};
      page = await this.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix, KeyMarker, VersionIdMarker }));
      yield page;
    } while (page.IsTruncated);
  }

  /** What HEAD does not show: versions below a delete marker. */
  protected async left(bucket: string, directory: string): Promise<Version[]> {
    return this.find(bucket, directory);
  }

  /** The answer is 200 whatever became of the single ones, so the errors in it are read. */
  private async delete(Bucket: string, versions: Version[]): Promise<_Error[]> {
    const errors: _Error[] = [];
    for (let start = 0; start < versions.length; start += BATCH) {
      const Objects = versions.slice(start, start + BATCH).map((version) => this.target(version));
      const answer = await this.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
      errors.push(...(answer.Errors ?? []));
    }
    return errors;
  }

  /** Which version: without its id, a versioned bucket only hides the key. */
  protected target({ Key, VersionId }: Version): ObjectIdentifier {
    return { Key, VersionId };
  }

  /** What was never finished uploading is in no listing of objects, and is data all the same. */
  private async abortUploads(Bucket: string, directory: string): Promise<void> {
    for (const { Key, UploadId } of await this.uploads(Bucket, directory)) {
      await this.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    }
  }

  private async uploads(Bucket: string, Prefix: string): Promise<{ Key: string; UploadId: string }[]> {
    const found = [];
    let page: ListMultipartUploadsCommandOutput | undefined;
    do {
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page ?? {};
      page = await this.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix, KeyMarker, UploadIdMarker }));
      for (const { Key, UploadId } of page.Uploads ?? []) found.push({ Key: Key!, UploadId: UploadId! });
    } while (page.IsTruncated);
    return found;
  }

  /** A 404 with a delete marker means that the data is still there, and a 403 proves nothing. */
  protected async isGone(Bucket: string, Key: string): Promise<boolean> {
    try {
      await this.s3.send(new HeadObjectCommand({ Bucket, Key }));
      return false;
    } catch (error) {
      if (!(error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404)) throw error;
      return error.$response?.headers["x-amz-delete-marker"] !== "true";
    }
  }

  /** What the sink does not allow to be deleted goes into the audit; it is tried again. */
  private async refused(recording: Recording, bucket: string, errors: _Error[]): Promise<void> {
    for (const { Code, Key } of errors) {
      if (Code !== "AccessDenied") continue;
      const outcome = { refused: Code };
      await this.evidence.audit([
        { ...deletion(recording, bucket, Key!), outcome, idempotency_key: `refused/${bucket}/${Key}` },
      ]);
    }
  }

  /** What lies below the tenant's name and no row leads to. While a hold stands, it may be what is meant. */
  protected async eraseStrays(tenant: string): Promise<boolean> {
    if (this.ledger.hasHolds(tenant)) return true;
    const known = new Set(this.ledger.left(tenant).map(({ directory }) => directory));
    const buckets = this.evidence.tenant(tenant).buckets.map(({ name }) => name);
    let allGone = true;
    for (const bucket of [...buckets, ...(this.evidence.backup ? [this.evidence.backup] : [])]) {
      const found = [...(await this.find(bucket, `${tenant}/`)), ...(await this.uploads(bucket, `${tenant}/`))];
      const directories = new Set(found.map(({ Key }) => Key.slice(0, Key.lastIndexOf("/") + 1)));
      for (const directory of directories) {
        if (known.has(directory)) continue;
        const stray = { egressId: "", tenant, room: "", bucket, directory, track: "", doomed: new Map() };
        allGone = (await this.erase({ ...stray, state: "failed" })) && allGone;
      }
    }
    return allGone;
  }
}

/** What the audit says of a key that is gone, with every version of it. */
function deletion({ tenant, egressId }: Recording, bucket: string, key: string): AuditRecord {
  const idempotency_key = `delete/${bucket}/${key}`;
  const record: AuditRecord = { action: "delete", tenant, bucket, key, outcome: "done", idempotency_key };
  return egressId ? { ...record, egress_id: egressId } : record;
}
