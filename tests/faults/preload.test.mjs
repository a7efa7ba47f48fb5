// What only a library in front of libc can do to the core: allocations that fail, a clock that jumps.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { binary, slow } from '../lib/settings.mjs';

const SMALL = 'function main() { return 7 }';
const SWEEP_MOST = 400; // allocations of one request; a small one makes far fewer

/** Builds a library of tests/tools beside the binary and gives its path. */
function library(name) {
  const build = path.dirname(binary);
  execFileSync('ninja', ['-C', build, `tests/tools/${name}.so`]);
  return path.join(build, 'tests', 'tools', `${name}.so`);
}

/** A file of `size` zeros that a process maps, and that we write into. */
class Orders {
  constructor(size) {
    this.path = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-orders-')), 'orders');
    fs.writeFileSync(this.path, Buffer.alloc(size));
    this.fd = fs.openSync(this.path, 'r+');
  }

  write(bytes, at = 0) {
    fs.writeSync(this.fd, bytes, 0, bytes.length, at);
  }

  readNumber(at) {
    const bytes = Buffer.alloc(4);
    fs.readSync(this.fd, bytes, 0, 4, at);
    return bytes.readUInt32LE();
  }

  done() {
    fs.closeSync(this.fd);
    fs.rmSync(path.dirname(this.path), { recursive: true });
  }
}

/** Fails the n-th allocation from now on (and with `all` every later one), in this process only. */
function arm(orders, pid, n, all = 0) {
  const order = Buffer.alloc(20);
  order.writeUInt32LE(pid, 0);
  order.writeUInt32LE(n, 4);
  order.writeUInt32LE(all, 8);
  orders.write(order);
}

/** One request on a connection of its own: its answer, or 'close'. */
async function ask(server, text) {
  const connection = await server.raw();
  await connection.send(text);
  const answer = await connection.answer(5000);
  connection.destroy();
  return answer;
}

function post(target, body, method = 'POST') {
  const text = JSON.stringify(body);
  return `${method} ${target} HTTP/1.1\r\nHost: x\r\nX-User-ID: sweep\r\nConnection: close\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

const get = (target) =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nX-User-ID: sweep\r\nConnection: close\r\n\r\n`;

const REQUESTS = {
  'a job': post('/execute', { script: SMALL, input: { a: [1, 2, 3] } }),
  'a job that fails': post('/execute', { script: 'function main() { throw new Error("x") }' }),
  'a job with escapes and names': post('/execute',
    { script: 'function main(i) { console.log("\\n"); return i }', input: 'é\n', app_id: 'a', script_name: 'b' }),
  'a job whose body waits for its turn': post('/execute', { script: SMALL, input: 'x'.repeat(20000) }),
  'a bad request': post('/execute', { scritp: SMALL }),
  'the list of jobs': get('/jobs?limit=5'),
  'the metrics': get('/metrics'),
  'a secret': post('/secrets/SWEEP', { value: 'a value of a secret' }, 'PUT'),
  'the list of secrets': get('/secrets'),
};

// Under the sanitizers malloc is theirs.
describe('with a library in front of libc', { skip: slow > 1 && 'not under the sanitizers' }, () => {
  it('every allocation fails once: an answer or a close, and the service goes on', async () => {
    const orders = new Orders(64);
    const server = await startServer({ env: {
      LD_PRELOAD: library('fail-alloc'), FAIL_ALLOC_FILE: orders.path,
      SECRETS_MASTER_KEY: '11'.repeat(32),
    } });
    const outcomes = new Map();
    for (const [name, text] of Object.entries(REQUESTS)) {
      let n = 0, failed = 1;
      while (failed > 0 && n < SWEEP_MOST) {
        n += 1;
        arm(orders, server.pid, n);
        const answer = await ask(server, text);
        failed = orders.readNumber(16);
        arm(orders, server.pid, 0);
        assert.ok(!server.exited, `${name}: it died when allocation ${n} failed\n${server.log.slice(-2000)}`);
        const status = answer.status ?? answer;
        assert.ok(['close', 200, 201, 400, 503].includes(status),
          `${name}, allocation ${n}: ${status} ${answer.body}`);
        outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
      }
      assert.ok(n < SWEEP_MOST, `${name}: more than ${SWEEP_MOST} allocations`);
      assert.deepEqual(await server.output(SMALL), { result: 7 }, `after ${name}`);
    }
    assert.ok(outcomes.get(503) > 0, 'no allocation that failed was told as 503');
    const metrics = await server.metrics();
    assert.equal(metrics.get('neocompute_jobs_running'), 0);
    assert.equal(metrics.get('neocompute_jobs_queued'), 0);
    await server.stop();
    orders.done();
  });

  it('all memory is gone for a while: refused or closed, then as before', async () => {
    const orders = new Orders(64);
    const server = await startServer({ env: { LD_PRELOAD: library('fail-alloc'), FAIL_ALLOC_FILE: orders.path } });
    for (const text of Object.values(REQUESTS)) {
      arm(orders, server.pid, 1, 1);
      const answer = await ask(server, text);
      arm(orders, server.pid, 0);
      assert.ok(!server.exited, server.log.slice(-2000));
      assert.ok(['close', 200, 201, 400, 503].includes(answer.status ?? answer), String(answer.status ?? answer));
      assert.deepEqual(await server.output(SMALL), { result: 7 });
    }
    await server.stop();
    orders.done();
  });

  it('the wall clock jumps both ways: jobs, waits and results go by the monotonic one', async () => {
    const orders = new Orders(8);
    const server = await startServer({
      env: { LD_PRELOAD: library('move-clock'), MOVE_CLOCK_FILE: orders.path },
      args: ['--result-ttl', '60s'],
    });
    const move = (seconds) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(seconds));
      orders.write(bytes);
    };
    const waiting = 'async function main() { await new Promise((r) => setTimeout(r, 400)); return 1 }';
    const ids = [];
    for (const seconds of [86400 * 400, -86400 * 400, 3600, 0]) {
      const running = server.execute({ script: waiting, timeout: 5 });
      move(seconds);
      const { json, ms } = await running;
      assert.equal(json.status, 'completed', JSON.stringify(json));
      assert.ok(ms < 3000, `${ms} ms`);
      ids.push(json.job_id);
      assert.deepEqual(await server.output(SMALL), { result: 7 });
    }
    for (const id of ids) {
      const { status } = await server.request('GET', `/jobs/${id}`);
      assert.equal(status, 200, 'a result went before its time');
    }
    assert.equal(new Set(ids).size, ids.length);
    await server.stop();
    orders.done();
  });
});
