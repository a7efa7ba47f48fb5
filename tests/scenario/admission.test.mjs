// Who may run what and when: bounds a user, turns between users, full queues, waits that are too
// long, and clients that hang up.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { sleep, until } from '../lib/wait.mjs';

const SLEEP = 'function main(ms) { return new Promise((r) => setTimeout(r, ms)) }';

const statuses = (answers) => answers.reduce((count, { status }) =>
  ({ ...count, [status]: (count[status] ?? 0) + 1 }), {});

describe('admission', () => {
  it('runs 5 jobs of a user, lets 20 wait, and refuses the rest at once', async () => {
    const server = await startServer();
    const job = { script: SLEEP, input: 400 };
    const answers = await Promise.all(Array.from({ length: 32 }, () => server.execute(job)));
    assert.deepEqual(statuses(answers), { 200: 25, 429: 7 });
    for (const { status, ms, json, headers } of answers) {
      if (status !== 429) continue;
      assert.equal(json.error_code, 'user_queue_full');
      assert.ok(headers['retry-after'] >= 1, 'no Retry-After');
      assert.ok(ms < 300, `refused after ${ms} ms`);
    }
    const longest = Math.max(...answers.map(({ ms }) => ms));
    assert.ok(longest > 1900 && longest < 4000, `5 at a time make 5 rounds of 400 ms: ${longest} ms`);
    await server.stop();
  });

  it('never runs more than 5 jobs of a user at once', async () => {
    const server = await startServer();
    const all = Promise.all(Array.from({ length: 15 }, () => server.execute({ script: SLEEP, input: 150 })));
    let most = 0;
    let busy = true;
    all.finally(() => { busy = false; });
    while (busy) {
      most = Math.max(most, (await server.metrics()).get('neocompute_jobs_running'));
      await sleep(5);
    }
    assert.equal(most, 5);
    assert.deepEqual(statuses(await all), { 200: 15 });
    await server.stop();
  });

  it('takes the options for these bounds', async () => {
    const server = await startServer({ args: ['--user-running', '2', '--user-queued', '1'] });
    const answers = await Promise.all(Array.from({ length: 6 }, () => server.execute({ script: SLEEP, input: 200 })));
    assert.deepEqual(statuses(answers), { 200: 3, 429: 3 });
    await server.stop();
  });

  it('gives users their turns', async () => {
    const server = await startServer({ args: ['--workers', '4', '--user-running', '4'] });
    const order = [];
    const send = (user, i) => server.execute({ script: SLEEP, input: 100 }, { user })
      .then(() => order.push(user));
    const greedy = Array.from({ length: 20 }, (_, i) => send('greedy', i));
    await sleep(30);
    const modest = Array.from({ length: 3 }, (_, i) => send('modest', i));
    await Promise.all([...greedy, ...modest]);
    const last = order.lastIndexOf('modest');
    assert.ok(last <= 14, `the modest user's jobs ended at ${last} of 22: ${order}`);
    await server.stop();
  });

  it('answers 503 with Retry-After when all queues are full', async () => {
    const server = await startServer({ args: ['--workers', '4', '--queued', '8'] });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) =>
      server.execute({ script: SLEEP, input: 500 }, { user: `u${i}` })));
    const refused = answers.filter(({ status }) => status === 503);
    assert.equal(refused.length, 30 - 4 - 8);
    for (const { json, headers, ms } of refused) {
      assert.equal(json.error_code, 'queue_full');
      assert.ok(headers['retry-after'] >= 1);
      assert.ok(ms < 300, `${ms} ms`);
    }
    await server.stop();
  });

  it('ends a wait that is too long with queue_timeout', async () => {
    const server = await startServer({ args: ['--user-running', '1', '--queue-timeout', '300ms'] });
    const first = server.execute({ script: SLEEP, input: 1500 });
    await sleep(50);
    const second = await server.execute({ script: SLEEP, input: 0 });
    assert.equal(second.status, 503);
    assert.equal(second.json.error_code, 'queue_timeout');
    assert.ok(second.ms > 250 && second.ms < 1000, `${second.ms} ms`);
    assert.equal((await first).json.status, 'completed');
    await server.stop();
  });

  it("counts a job's time from its first instruction, not from its arrival", async () => {
    const server = await startServer({ args: ['--user-running', '1'] });
    const slow = { script: SLEEP, input: 900, timeout: 1 };
    const answers = await Promise.all([slow, slow, slow].map((job) => server.execute(job)));
    assert.deepEqual(answers.map(({ json }) => json.status), ['completed', 'completed', 'completed']);
    await server.stop();
  });

  it('starts a job only when its memory fits', async () => {
    const server = await startServer({ args: ['--memory-total', '512MiB'] });
    const job = { script: SLEEP, input: 300, memory_limit: 256 * 1024 * 1024 };
    const start = Date.now();
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((user) => server.execute(job, { user })));
    assert.deepEqual(statuses(answers), { 200: 4 });
    assert.ok(Date.now() - start >= 590, 'four jobs of 256 MiB ran at once in 512 MiB');
    await server.stop();
  });

  it('cancels the job of a client that hangs up, however it does', async () => {
    const server = await startServer();
    const running = async () => (await server.request('GET', '/jobs?status=running')).json.length;
    const body = JSON.stringify({ script: SLEEP, input: 20000 });
    const bytes = `POST /execute HTTP/1.1\r\nHost: x\r\nX-User-ID: alice\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const ways = {
      closes: (connection) => connection.destroy(),
      resets: (connection) => connection.socket.resetAndDestroy(),
      'half-closes': (connection) => connection.socket.end(),
    };
    for (const [name, leave] of Object.entries(ways)) {
      const connection = await server.raw();
      await connection.send(bytes);
      await until(async () => (await running()) === 1, 'the job runs');
      leave(connection);
      await until(async () => (await running()) === 0, `the job ends when its client ${name}`, 2000);
      connection.destroy();
    }
    const jobs = (await server.request('GET', '/jobs')).json;
    assert.deepEqual(jobs.map((job) => job.error_code), ['cancelled', 'cancelled', 'cancelled']);
    await server.stop();
  });

  it('drops a waiting job whose client hangs up', async () => {
    const server = await startServer({ args: ['--user-running', '1'] });
    const first = server.execute({ script: SLEEP, input: 600 });
    await sleep(50);
    const controller = new AbortController();
    const second = server.execute({ script: SLEEP, input: 20000 }, { signal: controller.signal });
    await sleep(50);
    controller.abort();
    await assert.rejects(second);
    await first;
    const third = await server.execute({ script: SLEEP, input: 1 });
    assert.ok(third.ms < 500, `the job of the one who left still ran: ${third.ms} ms`);
    await server.stop();
  });
});
