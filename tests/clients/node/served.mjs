// What the programs beside need of `egress-sim serve`: its addresses, its control API, its webhooks, and how it is to refuse.

import assert from "node:assert/strict";
import http from "node:http";
import readline from "node:readline";

import { TwirpError, WebhookReceiver } from "livekit-server-sdk";

export const [KEY, SECRET] = ["devkey", "secret"];

// Where it listens, once it has said so.
export const at = {};

// Webhooks as they came: the path that they were sent to, and the event.
export const heard = [];

// Listens for webhooks and says at which port.
export async function listen() {
  const receiver = new WebhookReceiver(KEY, SECRET);
  const server = http.createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    try {
      assert.equal(request.headers["content-type"], "application/webhook+json");
      // The SDK's own receiver: signature, times, hash of the body.
      const event = await receiver.receive(Buffer.concat(pieces).toString(), request.headers.authorization);
      heard.push({ path: request.url, event });
      response.end();
    } catch (error) {
      console.error(error);
      process.exit(1);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  console.log(port);
  return port;
}

// Reads the addresses, a line of JSON.
export async function readAddresses() {
  const lines = readline.createInterface({ input: process.stdin });
  Object.assign(at, JSON.parse((await lines[Symbol.asyncIterator]().next()).value));
}

export async function control(method, path, body) {
  const response = await fetch(at.control + path, { method, body: body && JSON.stringify(body) });
  const answer = await response.json();
  assert.equal(response.status, 200, `${path}: ${JSON.stringify(answer)}`);
  return answer;
}

export const advance = (by) => control("POST", "/clock/advance", { by });

// `call` begins the request when its turn comes: one that is begun earlier is rejected before anybody listens.
export async function refused(call, status, code, words) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof TwirpError, error);
    assert.deepEqual([error.status, error.code], [status, code], error.message);
    assert.ok(error.message.includes(words), error.message);
    return true;
  });
}
