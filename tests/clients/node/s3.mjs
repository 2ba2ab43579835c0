// AWS's Node SDK for S3 against `egress-sim serve`, in depth: nothing in here knows that it is a fake, but for the faults.
//
// It reads the addresses as a line of JSON. Every check is an assertion; the last line is "all held".

import assert from "node:assert/strict";
import { Readable } from "node:stream";

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
  paginateListObjectsV2,
  paginateListParts,
  waitUntilBucketExists,
  waitUntilBucketNotExists,
  waitUntilObjectExists,
  waitUntilObjectNotExists,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

import { at, control, readAddresses } from "./served.mjs";

const MIB = 1024 * 1024;

await readAddresses();

function connect(accessKeyId, more) {
  const credentials = { accessKeyId, secretAccessKey: "minioadmin" };
  return new S3Client({ endpoint: at.s3, region: "us-east-1", forcePathStyle: true, maxAttempts: 1, credentials, ...more });
}

const client = connect("minioadmin");
const send = (command) => client.send(command);

// The name that the SDK gives the refusal is S3's code. `command` is sent when its turn comes.
async function refused(command, status, name, by = client) {
  await assert.rejects(
    () => by.send(command),
    (error) => {
      assert.deepEqual([error.$metadata?.httpStatusCode, error.name], [status, name], error.message);
      return true;
    },
  );
}

async function bucket(Bucket, more) {
  await send(new CreateBucketCommand({ Bucket, ...more }));
  return Bucket;
}

const put = (Bucket, Key, Body, more) => send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

async function text(Bucket, Key, more) {
  return (await send(new GetObjectCommand({ Bucket, Key, ...more }))).Body.transformToString();
}

async function bytes(Bucket, Key, more) {
  return (await send(new GetObjectCommand({ Bucket, Key, ...more }))).Body.transformToByteArray();
}

// As clean-up helpers do it: every version and marker, by pages, in batches, past what governs them. This SDK has no paginator
// for versions.
async function remove(Bucket) {
  let page = {};
  do {
    const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
    page = await send(new ListObjectVersionsCommand({ Bucket, KeyMarker, VersionIdMarker }));
    const rows = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    const Objects = rows.map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length > 0) {
      const batch = { Bucket, Delete: { Objects, Quiet: true }, BypassGovernanceRetention: true };
      assert.equal((await send(new DeleteObjectsCommand(batch))).Errors, undefined);
    }
  } while (page.IsTruncated);
  await send(new DeleteBucketCommand({ Bucket }));
}

async function objects() {
  const Bucket = await bucket("objects");
  const Key = "k ü+";
  // Sent as this SDK sends everything: with a checksum of its own, which it checks again as it reads.
  const sent = await put(Bucket, Key, "0123456789", { ContentType: "text/plain", Metadata: { room: "standup-7" } });
  assert.equal(sent.ETag, '"781e5e245d69b566979b86e28d23f2c7"');
  assert.ok(sent.ChecksumCRC32, "its default");
  const head = await send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  assert.deepEqual([head.ContentLength, head.ContentType, head.Metadata], [10, "text/plain", { room: "standup-7" }]);
  assert.deepEqual([head.ChecksumCRC32, head.ChecksumType], [sent.ChecksumCRC32, "FULL_OBJECT"]);
  const got = await send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(got.ChecksumCRC32, sent.ChecksumCRC32, "this SDK asks for it of itself");
  assert.equal(await got.Body.transformToString(), "0123456789");

  for (const [Range, part, said] of [
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=8-99", "89", "bytes 8-9/10"],
  ]) {
    const some = await send(new GetObjectCommand({ Bucket, Key, Range }));
    assert.deepEqual([some.ContentRange, await some.Body.transformToString()], [said, part]);
  }
  await refused(new GetObjectCommand({ Bucket, Key, Range: "bytes=10-" }), 416, "InvalidRange");

  // A stream whose length nobody knows before its end comes in chunks, with the checksum behind them.
  await put(Bucket, "streamed", Readable.from([Buffer.from("one "), Buffer.from("two")]), { ContentLength: 7 });
  assert.equal(await text(Bucket, "streamed"), "one two");
  await put(Bucket, "empty", "");
  assert.equal(await text(Bucket, "empty"), "");

  const once = (more) => new PutObjectCommand({ Bucket, Key: "once", Body: "two", ...more });
  const first = await put(Bucket, "once", "one", { IfNoneMatch: "*" });
  await refused(once({ IfNoneMatch: "*" }), 412, "PreconditionFailed");
  await refused(once({ IfMatch: '"other"' }), 412, "PreconditionFailed");
  await send(once({ IfMatch: first.ETag }));
  assert.equal(await text(Bucket, "once"), "two");
  await refused(new GetObjectCommand({ Bucket, Key, IfMatch: '"other"' }), 412, "PreconditionFailed");
  await assert.rejects(
    () => send(new GetObjectCommand({ Bucket, Key, IfNoneMatch: sent.ETag })),
    (error) => error.$metadata.httpStatusCode === 304,
  );
  const source = encodeURIComponent(`${Bucket}/${Key}`);
  const copied = await send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: source }));
  assert.equal(copied.CopyObjectResult.ETag, sent.ETag);
  assert.deepEqual((await send(new HeadObjectCommand({ Bucket, Key: "copy" }))).Metadata, { room: "standup-7" });
  await send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: "e", Value: "ü" }] } }));
  assert.deepEqual((await send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet, [{ Key: "e", Value: "ü" }]);

  const wrong = { Bucket, Key: "sum", Body: "123456780", ChecksumCRC32C: "4waSgw==" };
  await refused(new PutObjectCommand(wrong), 400, "BadDigest");
  await send(new PutObjectCommand({ ...wrong, Body: "123456789" }));
  await refused(new GetObjectCommand({ Bucket, Key: "none" }), 404, "NoSuchKey");
  await refused(new HeadObjectCommand({ Bucket, Key: "none" }), 404, "NotFound");
  await refused(new GetObjectCommand({ Bucket: "nowhere", Key }), 404, "NoSuchBucket");
  await refused(new HeadBucketCommand({ Bucket: "nowhere" }), 404, "NotFound");
  await refused(new CreateBucketCommand({ Bucket }), 409, "BucketAlreadyOwnedByYou");
  await refused(new DeleteBucketCommand({ Bucket }), 409, "BucketNotEmpty");
  await refused(new GetObjectLockConfigurationCommand({ Bucket }), 404, "ObjectLockConfigurationNotFoundError");
  const website = { Bucket, WebsiteConfiguration: { IndexDocument: { Suffix: "i" } } };
  await refused(new PutBucketWebsiteCommand(website), 501, "NotImplemented");
  await refused(new ListBucketsCommand({}), 403, "InvalidAccessKeyId", connect("nobody"));
  const liar = connect("minioadmin", { credentials: { accessKeyId: "minioadmin", secretAccessKey: "else" } });
  await refused(new ListBucketsCommand({}), 403, "SignatureDoesNotMatch", liar);
  await remove(Bucket);
}

async function waiters() {
  const wait = { client, maxWaitTime: 5, minDelay: 1, maxDelay: 1 };
  await waitUntilBucketNotExists(wait, { Bucket: "awaited" });
  const Bucket = await bucket("awaited");
  await waitUntilBucketExists(wait, { Bucket });
  await waitUntilObjectNotExists(wait, { Bucket, Key: "k" });
  await put(Bucket, "k", "x");
  assert.equal((await waitUntilObjectExists(wait, { Bucket, Key: "k" })).state, "SUCCESS");
  await send(new DeleteObjectCommand({ Bucket, Key: "k" }));
  await waitUntilObjectNotExists(wait, { Bucket, Key: "k" });
  await remove(Bucket);
}

async function multipart() {
  const Bucket = await bucket("parts");
  const whole = Buffer.alloc(12 * MIB, "0123456789abc");
  const Key = "k";
  const { UploadId } = await send(new CreateMultipartUploadCommand({ Bucket, Key, ContentType: "video/mp4" }));
  const parts = await Promise.all(
    [1, 2, 3].map(async (PartNumber) => {
      const Body = whole.subarray((PartNumber - 1) * 5 * MIB, PartNumber * 5 * MIB);
      const part = await send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
      assert.ok(part.ChecksumCRC32, "its default");
      return { PartNumber, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 };
    }),
  );
  const sizes = [];
  for await (const page of paginateListParts({ client, pageSize: 2 }, { Bucket, Key, UploadId })) {
    sizes.push(page.Parts.map((part) => part.Size));
    // S3 gives a marker with the last page as well, and this paginator goes by nothing else.
    if (!page.IsTruncated) break;
  }
  assert.deepEqual(sizes, [[5 * MIB, 5 * MIB], [2 * MIB]]);
  const complete = (Parts) => new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
  await refused(complete([parts[1], parts[0]]), 400, "InvalidPartOrder");
  await refused(complete([{ PartNumber: 1, ETag: '"0"' }]), 400, "InvalidPart");
  await refused(new HeadObjectCommand({ Bucket, Key }), 404, "NotFound");
  assert.match((await send(complete(parts))).ETag, /-3"$/);
  assert.ok(whole.equals(await bytes(Bucket, Key)), "of three parts");
  const across = await bytes(Bucket, Key, { Range: `bytes=${5 * MIB - 3}-${5 * MIB + 3}` });
  assert.ok(whole.subarray(5 * MIB - 3, 5 * MIB + 4).equals(across));
  const third = await send(new GetObjectCommand({ Bucket, Key, PartNumber: 3 }));
  assert.deepEqual([third.PartsCount, (await third.Body.transformToByteArray()).length], [3, 2 * MIB]);

  const left = await send(new CreateMultipartUploadCommand({ Bucket, Key: "left" }));
  const begun = await send(new ListMultipartUploadsCommand({ Bucket }));
  assert.deepEqual(begun.Uploads.map((one) => one.UploadId), [left.UploadId]);
  const abort = { Bucket, Key: "left", UploadId: left.UploadId };
  await send(new AbortMultipartUploadCommand(abort));
  await refused(new AbortMultipartUploadCommand(abort), 404, "NoSuchUpload");
  await refused(new ListPartsCommand(abort), 404, "NoSuchUpload");

  // The uploader of lib-storage: several parts at once of a stream whose length it does not know.
  const Body = Readable.from([whole.subarray(0, 7 * MIB), whole.subarray(7 * MIB)]);
  const upload = new Upload({ client, params: { Bucket, Key: "uploaded", Body, ContentType: "video/mp4" }, partSize: 5 * MIB });
  const told = [];
  upload.on("httpUploadProgress", ({ loaded }) => told.push(loaded));
  assert.match((await upload.done()).ETag, /-3"$/);
  assert.equal(told.at(-1), 12 * MIB);
  assert.ok(whole.equals(await bytes(Bucket, "uploaded")));
  const small = new Upload({ client, params: { Bucket, Key: "small", Body: "x" } });
  assert.doesNotMatch((await small.done()).ETag, /-/, "one request is enough");
  await control("POST", "/faults", { do: "s3.internal_error", on: "s3.upload_part", count: 1 });
  const failing = new Upload({ client, params: { Bucket, Key: "failing", Body: whole }, partSize: 5 * MIB, queueSize: 1 });
  await assert.rejects(() => failing.done(), { name: "InternalError" });
  assert.equal((await send(new ListMultipartUploadsCommand({ Bucket }))).Uploads, undefined, "it cleaned up");
  await remove(Bucket);
}

async function presigned() {
  const presigned = { Bucket: "recordings", Key: "presigned + ü.txt" };
  const signed = (command, more) => getSignedUrl(client, command, { expiresIn: 60, ...more });
  const there = await signed(new PutObjectCommand(presigned));
  assert.equal((await fetch(there, { method: "PUT", body: "by link" })).status, 200);
  const get = await signed(new GetObjectCommand({ ...presigned, ResponseContentType: "text/html" }));
  const page = await fetch(get);
  assert.deepEqual([await page.text(), page.headers.get("content-type")], ["by link", "text/html"]);
  assert.equal((await fetch(get.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))).status, 403, "it is what was signed");
  assert.equal((await fetch(get, { method: "DELETE" })).status, 403, "for this method");
  const late = await signed(new GetObjectCommand(presigned), { signingDate: new Date(Date.now() - 600_000) });
  assert.match(await (await fetch(late)).text(), /<Code>AccessDenied<\/Code>.*expired/s, "its time is over");
  await send(new DeleteObjectCommand(presigned));
}

async function listingsAndBatches() {
  const Bucket = await bucket("many");
  const keys = Array.from({ length: 2500 }, (_, n) => `rec/${String(n).padStart(4, "0")} ü+`);
  for (let n = 0; n < keys.length; n += 50) {
    await Promise.all(keys.slice(n, n + 50).map((key) => put(Bucket, key, key)));
  }
  const [found, sizes] = [[], []];
  for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: "rec/" })) {
    found.push(...page.Contents.map((entry) => entry.Key));
    sizes.push(page.KeyCount);
  }
  assert.deepEqual(sizes, [1000, 1000, 500]);
  assert.deepEqual(found, keys);
  const folded = await send(new ListObjectsV2Command({ Bucket, Delimiter: "/" }));
  assert.deepEqual(folded.CommonPrefixes, [{ Prefix: "rec/" }]);
  assert.equal((await send(new ListObjectsV2Command({ Bucket, StartAfter: keys[2497] }))).KeyCount, 2);
  const encoded = await send(new ListObjectsV2Command({ Bucket, MaxKeys: 1, EncodingType: "url" }));
  assert.equal(encoded.Contents[0].Key, "rec/0000%20%C3%BC%2B", "this SDK leaves it as it came");

  const batch = (keys, more) => {
    return new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })), ...more } });
  };
  assert.equal((await send(batch(keys.slice(0, 1000)))).Deleted.length, 1000);
  const quiet = await send(batch(keys.slice(1000, 2000), { Quiet: true }));
  assert.deepEqual([quiet.Deleted, quiet.Errors], [undefined, undefined]);
  assert.equal((await send(new ListObjectsV2Command({ Bucket }))).KeyCount, 500);
  await refused(batch(keys.slice(0, 1001)), 400, "MalformedXML");
  await remove(Bucket);
}

async function versions() {
  const Bucket = await bucket("versions");
  const Key = "k";
  await send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  const ids = [(await put(Bucket, Key, "one")).VersionId, (await put(Bucket, Key, "two")).VersionId];
  assert.equal(await text(Bucket, Key), "two");
  assert.equal(await text(Bucket, Key, { VersionId: ids[0] }), "one");
  const gone = await send(new DeleteObjectCommand({ Bucket, Key }));
  assert.equal(gone.DeleteMarker, true);
  await refused(new GetObjectCommand({ Bucket, Key }), 404, "NoSuchKey");
  await refused(new GetObjectCommand({ Bucket, Key, VersionId: gone.VersionId }), 405, "MethodNotAllowed");
  await refused(new GetObjectCommand({ Bucket, Key, VersionId: "none" }), 404, "NoSuchVersion");
  const listed = await send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual(listed.Versions.map((one) => [one.VersionId, one.IsLatest]), [[ids[1], false], [ids[0], false]]);
  assert.deepEqual(listed.DeleteMarkers.map((one) => [one.VersionId, one.IsLatest]), [[gone.VersionId, true]]);
  const back = await send(new DeleteObjectCommand({ Bucket, Key, VersionId: gone.VersionId }));
  assert.deepEqual([back.DeleteMarker, back.VersionId], [true, gone.VersionId]);
  assert.equal(await text(Bucket, Key), "two", "without its marker it is back");
  await send(new DeleteObjectCommand({ Bucket, Key, VersionId: ids[1] }));
  assert.equal(await text(Bucket, Key), "one", "what was below is the newest now");
  await remove(Bucket);
}

async function objectLock() {
  const Bucket = await bucket("vault", { ObjectLockEnabledForBucket: true });
  const until = (hours) => new Date(Date.now() + hours * 3_600_000);
  const lock = (mode) => ({ ObjectLockMode: mode, ObjectLockRetainUntilDate: until(24) });
  const governed = (await put(Bucket, "g", "x", lock("GOVERNANCE"))).VersionId;
  const held = (await put(Bucket, "h", "x", { ObjectLockLegalHoldStatus: "ON" })).VersionId;
  assert.equal((await send(new HeadObjectCommand({ Bucket, Key: "g" }))).ObjectLockMode, "GOVERNANCE");
  const past = { BypassGovernanceRetention: true };
  const erase = (Key, VersionId, more) => new DeleteObjectCommand({ Bucket, Key, VersionId, ...more });
  await refused(erase("g", governed), 403, "AccessDenied");
  await refused(erase("h", held, past), 403, "AccessDenied");
  const Objects = [{ Key: "g", VersionId: governed }, { Key: "h", VersionId: held }];
  const batch = await send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual([batch.Errors.map((error) => error.Code), batch.Deleted], [["AccessDenied", "AccessDenied"], undefined]);

  const shorten = { Bucket, Key: "g", Retention: { Mode: "GOVERNANCE", RetainUntilDate: until(1) } };
  await refused(new PutObjectRetentionCommand(shorten), 403, "AccessDenied");
  await send(new PutObjectRetentionCommand({ ...shorten, ...past }));
  const { Retention } = await send(new GetObjectRetentionCommand({ Bucket, Key: "g" }));
  assert.ok(Retention.Mode === "GOVERNANCE" && Retention.RetainUntilDate < until(2), Retention);
  const marker = await send(erase("g"));
  assert.equal(marker.DeleteMarker, true, "a marker may go on top of what is locked");
  await send(erase("g", governed, past));
  await send(new PutObjectLegalHoldCommand({ Bucket, Key: "h", LegalHold: { Status: "OFF" } }));
  await send(erase("h", held));
  await remove(Bucket);
}

async function faults() {
  await control("POST", "/faults", { do: "s3.slow_down", on: "s3.put_object", count: 1 });
  await connect("minioadmin", { maxAttempts: 3 }).send(new PutObjectCommand({ Bucket: "recordings", Key: "again", Body: "x" }));
  const fired = (await control("GET", "/faults")).find((fault) => fault.do === "s3.slow_down");
  assert.deepEqual(fired, { do: "s3.slow_down", fired: 1, cleared: false }, "the SDK tried again of itself");
  await control("POST", "/faults", { do: "s3.refused", on: "s3.head_object", code: "AccessDenied", count: 1 });
  await refused(new HeadObjectCommand({ Bucket: "recordings", Key: "again" }), 403, "Unknown");
  await send(new DeleteObjectCommand({ Bucket: "recordings", Key: "again" }));
}

for (const part of [objects, waiters, multipart, presigned, listingsAndBatches, versions, objectLock, faults]) {
  await part();
  console.log(part.name);
}
assert.deepEqual((await send(new ListBucketsCommand({}))).Buckets.map((one) => one.Name), ["recordings"]);
console.log("all held");
process.exit(0);
