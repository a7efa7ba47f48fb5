// What the core holds for connections that send or read slowly has a limit, in all and for a user.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';

const SMALL = 'function main() { return 7 }';
const MIB = 1024 * 1024;

/** A connection that announces a body of `size` bytes and sends only a part of it. */
async function announce(server, user, size) {
  const connection = await server.raw();
  await connection.send(`POST /execute HTTP/1.1\r\nHost: x\r\nX-User-ID: ${user}\r\n` +
    `Content-Length: ${size}\r\n\r\n{"script":`);
  return connection;
}

describe('transfer_bytes', () => {
  it('refuses bodies before they are read: of one user, then of all', async () => {
    const server = await startServer({ args: ['--transfer-bytes', '8MiB'] });
    const open = [await announce(server, 'slow', 1.5 * MIB)];
    const refused = await announce(server, 'slow', 1.5 * MIB);
    const answer = await refused.answer();
    assert.equal(answer.status, 503);
    assert.equal(JSON.parse(answer.body).error_code, 'transfer_full');
    assert.match(JSON.parse(answer.body).message, /of the 2097152 bytes/);
    assert.deepEqual(await server.output(SMALL, { user: 'other' }), { result: 7 });
    for (let i = 0; i < 4; i++) open.push(await announce(server, `slow-${i}`, 1.5 * MIB));
    const last = await (await announce(server, 'late', 1.5 * MIB)).answer();
    assert.equal(last.status, 503);
    for (const connection of open) connection.destroy();
    const body = { script: SMALL, input: 'x'.repeat(MIB - 10) };
    assert.deepEqual((await server.execute(body, { user: 'late' })).json.output, { result: 7 });
    await server.stop();
  });

  it('counts answers that are not read, and keeps the result of the job', async () => {
    const server = await startServer({ args: ['--transfer-bytes', '4MiB'] });
    const big = { script: 'function main() { return "x".repeat(900000) }' };
    const text = JSON.stringify(big);
    const request = `POST /execute HTTP/1.1\r\nHost: x\r\nX-User-ID: idle\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
    const open = [];
    for (let i = 0; i < 12; i++) {
      const connection = await server.raw();
      connection.socket.pause();
      await connection.send(request);
      open.push(connection);
    }
    const { json } = await server.request('GET', '/jobs?limit=1', { user: 'other' });
    assert.deepEqual(json, []);
    const metrics = async () => (await server.metrics()).get('neocompute_http_requests_total{status="503"}') ?? 0;
    for (let tries = 0; tries < 100 && await metrics() === 0; tries++) await new Promise((r) => setTimeout(r, 50));
    assert.ok(await metrics() > 0, 'every answer was held');
    for (const connection of open) connection.destroy();
    assert.deepEqual(await server.output(SMALL, { user: 'idle' }), { result: 7 });
    const kept = await server.request('GET', '/jobs?limit=2', { user: 'idle' });
    assert.equal(kept.status, 200);
    assert.equal(kept.json.length, 2);
    await server.stop();
  });
});
