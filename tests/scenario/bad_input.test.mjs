// Everything wrong that can be sent: a 4xx problem document, or a failed job where the script is at
// fault; never a 5xx, a hang or a dead process. The table is bad_input.mjs.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { slow } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';
import { badInput } from './bad_input.mjs';

const ANSWER_MS = 8000;

function judge(row, { status, headers, json, text }) {
  assert.ok(row.status.includes(status), `status ${status}: ${text.slice(0, 300)}`);
  if (row.allow) assert.ok((headers.allow ?? '').includes(row.allow), `Allow: ${headers.allow}`);
  if (!json) return;
  if (status >= 400) {
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.equal(json.status, status);
    assert.equal(json.code, `HTTP_${status}`);
    assert.equal(json.type, `urn:neocompute:problem:${json.error_code}`);
    assert.ok(json.title && json.message && json.trace_id, text);
    assert.equal(headers['x-trace-id'], json.trace_id);
  } else if (!row.error_code?.includes(undefined) && !row.status.includes(400)) {
    if (row.error_code) assert.equal(json.status, 'failed', text);
  }
  if (row.error_code && (status >= 400 || json.status === 'failed')) {
    assert.ok(row.error_code.includes(json.error_code), `error_code ${json.error_code}`);
  }
  if (row.names) assert.ok(text.includes(row.names), `the message does not name ${row.names}: ${text}`);
}

describe('bad input', () => {
  let server;
  before(async () => { server = await startServer({ args: ['--connection-idle', '2s'] }); });
  after(() => server.stop());

  async function send(row) {
    if (!row.raw) {
      return server.request(row.method ?? 'POST', row.path ?? '/execute', row);
    }
    const connection = await server.raw();
    try {
      const sent = connection.sendAll(row.raw);
      if (row.halfClose) connection.socket.end();
      const answer = await connection.answer(ANSWER_MS * slow);
      await Promise.race([sent, connection.closes(1000)]);
      if (answer === 'silence') assert.fail('no answer and no close');
      if (row.ends) assert.ok(await connection.closes(3000 * slow), 'the connection stays open');
      if (answer === 'close') return { status: 'close', headers: {}, text: '' };
      const text = answer.body.toString();
      const own = answer.headers['content-type']?.endsWith('json');
      return { ...answer, text, json: own && text ? JSON.parse(text) : undefined };
    } finally {
      connection.destroy();
    }
  }

  for (const row of badInput) {
    it(row.name, async () => {
      judge(row, await send(row));
      const { result } = await server.output(
        { script: 'function main({ n }) { return n * 2 }', input: { n: 21 } }, { user: 'other' });
      assert.equal(result, 42);
    });
  }

  it('has names that are all different', () => {
    assert.equal(new Set(badInput.map((row) => row.name)).size, badInput.length);
  });
});
