// The list of jobs, paging, one job, cancelling and forgetting; and that other users' jobs do not
// exist.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';

const SLEEP = 'function main(ms) { return new Promise((r) => setTimeout(r, ms, "slept")) }';

describe('jobs', () => {
  let server;
  let user = 0;
  const newUser = () => `jobs-${user++}`;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  const list = async (who, query = '') => (await server.request('GET', `/jobs${query}`, { user: who })).json;

  /** Starts a sleeping job and gives [its id, the promise of its answer]. */
  async function sleeper(who, ms) {
    const known = new Set((await list(who)).map((job) => job.job_id));
    const answer = server.execute({ script: SLEEP, input: ms }, { user: who });
    const job = await until(async () => (await list(who, '?status=running'))
      .find(({ job_id: id }) => !known.has(id)), 'the job is listed as running');
    return [job.job_id, answer];
  }

  it('lists jobs newest first, finished, failed and running', async () => {
    const who = newUser();
    assert.deepEqual(await list(who), []);
    const done = (await server.execute('function main() { return 1 }', { user: who })).json;
    const failed = (await server.execute('function main() { throw 1 }', { user: who })).json;
    const [id, answer] = await sleeper(who, 300);
    const jobs = await list(who);
    assert.deepEqual(jobs.map((job) => [job.job_id, job.status]),
      [[id, 'running'], [failed.job_id, 'failed'], [done.job_id, 'completed']]);
    assert.equal((await answer).json.job_id, id);
    assert.deepEqual((await list(who, '?status=failed')).map((job) => job.job_id), [failed.job_id]);
    assert.deepEqual(await list(who, '?status=running'), []);
  });

  it('pages through the list with Link', async () => {
    const who = newUser();
    const made = [];
    for (let i = 0; i < 7; i++) made.unshift((await server.execute('function main() {}', { user: who })).json.job_id);
    const seen = [];
    let path = '/jobs?limit=3';
    for (let pages = 0; path; pages++) {
      assert.ok(pages < 5, 'paging does not end');
      const { json, headers } = await server.request('GET', path, { user: who });
      assert.ok(json.length <= 3);
      seen.push(...json.map((job) => job.job_id));
      path = /<([^>]+)>;\s*rel="?next"?/.exec(headers.link ?? '')?.[1];
    }
    assert.deepEqual(seen, made);
  });

  it('gives one job as its answer was', async () => {
    const who = newUser();
    const { json } = await server.execute({ script: 'function main() { console.log(1); return { a: 1 } }', app_id: 'app' }, { user: who });
    const again = await server.request('GET', `/jobs/${json.job_id}`, { user: who });
    assert.equal(again.headers['cache-control'], 'no-store');
    for (const field of ['job_id', 'status', 'output', 'output_hash', 'signature', 'logs', 'gas_used', 'started_at', 'duration']) {
      assert.deepEqual(again.json[field], json[field], field);
    }
  });

  it("does not know another user's job, in the very words for one that is not there", async () => {
    const { json } = await server.execute('function main() { return "private" }', { user: 'owner' });
    const none = '0195d3a0-0000-7000-8000-000000000000';
    const strip = (answer) => {
      const { trace_id: trace, ...rest } = answer.json;
      return [answer.status, JSON.stringify(rest).replaceAll(json.job_id, 'ID').replaceAll(none, 'ID'),
        Object.keys(answer.headers).sort().join()];
    };
    for (const [method, suffix] of [['GET', ''], ['POST', '/cancel'], ['DELETE', '']]) {
      const foreign = await server.request(method, `/jobs/${json.job_id}${suffix}`, { user: 'stranger' });
      const missing = await server.request(method, `/jobs/${none}${suffix}`, { user: 'stranger' });
      assert.equal(foreign.status, 404);
      assert.deepEqual(strip(foreign), strip(missing));
    }
    assert.equal((await server.request('GET', `/jobs/${json.job_id}`, { user: 'owner' })).json.output.result, 'private');
    assert.deepEqual(await list('stranger'), []);
  });

  it('cancels a running job, and again', async () => {
    const who = newUser();
    const [id, answer] = await sleeper(who, 20000);
    const first = await server.request('POST', `/jobs/${id}/cancel`, { user: who });
    const { json } = await answer;
    const second = await server.request('POST', `/jobs/${id}/cancel`, { user: who });
    assert.ok([200, 202].includes(first.status) && second.status === first.status, `${first.status} ${second.status}`);
    assert.equal(json.status, 'failed');
    assert.equal(json.error_code, 'cancelled');
    assert.equal((await server.request('GET', `/jobs/${id}`, { user: who })).json.error_code, 'cancelled');
  });

  it('cancels a job that computes', async () => {
    const who = newUser();
    const answer = server.execute({ script: 'function main() { for (;;); }', gas_limit: 2e11 }, { user: who });
    const job = await until(async () => (await list(who, '?status=running'))[0], 'the job runs');
    const start = Date.now();
    await server.request('POST', `/jobs/${job.job_id}/cancel`, { user: who });
    assert.equal((await answer).json.error_code, 'cancelled');
    assert.ok(Date.now() - start < 1000);
  });

  it('cancelling a finished job changes nothing', async () => {
    const who = newUser();
    const { json } = await server.execute('function main() { return 1 }', { user: who });
    const { status } = await server.request('POST', `/jobs/${json.job_id}/cancel`, { user: who });
    assert.ok([200, 202].includes(status));
    assert.equal((await server.request('GET', `/jobs/${json.job_id}`, { user: who })).json.status, 'completed');
  });

  it('forgets a job, but not while it runs', async () => {
    const who = newUser();
    const [id, answer] = await sleeper(who, 300);
    const early = await server.request('DELETE', `/jobs/${id}`, { user: who });
    assert.equal(early.status, 409);
    assert.equal(early.json.error_code, 'conflict');
    await answer;
    assert.ok([200, 204].includes((await server.request('DELETE', `/jobs/${id}`, { user: who })).status));
    assert.equal((await server.request('GET', `/jobs/${id}`, { user: who })).status, 404);
    assert.equal((await server.request('DELETE', `/jobs/${id}`, { user: who })).status, 404);
    assert.deepEqual(await list(who), []);
  });
});

describe('retention', () => {
  it('forgets results when their time is up', async () => {
    const server = await startServer({ env: { NEOCOMPUTE_RESULT_TTL: '1s' } });
    const { json } = await server.execute('function main() { return 1 }');
    assert.equal((await server.request('GET', `/jobs/${json.job_id}`)).status, 200);
    await until(async () => (await server.request('GET', `/jobs/${json.job_id}`)).status === 404, 'the result goes', 4000);
    assert.deepEqual((await server.request('GET', '/jobs')).json, []);
    await server.stop();
  });

  it('keeps no more results of a user than allowed, the newest ones', async () => {
    const server = await startServer({ args: ['--user-results', '5'] });
    for (let i = 0; i < 12; i++) await server.execute({ script: 'function main(i) { return i }', input: i });
    const other = await server.execute('function main() { return 1 }', { user: 'other' });
    const jobs = (await server.request('GET', '/jobs')).json;
    assert.equal(jobs.length, 5);
    const values = [];
    for (const { job_id: id } of jobs) values.push((await server.request('GET', `/jobs/${id}`)).json.output.result);
    assert.deepEqual(values, [11, 10, 9, 8, 7]);
    assert.equal((await server.request('GET', `/jobs/${other.json.job_id}`, { user: 'other' })).status, 200);
    await server.stop();
  });

  it('takes from the largest user when all together keep too much', async () => {
    const server = await startServer({ args: ['--results', '20'] });
    await server.execute('function main() { return "small" }', { user: 'small' });
    for (let i = 0; i < 40; i++) await server.execute('function main() { return 1 }', { user: 'large' });
    const small = (await server.request('GET', '/jobs', { user: 'small' })).json;
    const large = (await server.request('GET', '/jobs?limit=100', { user: 'large' })).json;
    assert.equal(small.length, 1);
    assert.ok(large.length <= 20, `${large.length}`);
    await server.stop();
  });

  it('bounds the bytes a user keeps', async () => {
    const server = await startServer({ args: ['--user-result-bytes', '1MiB'] });
    for (let i = 0; i < 12; i++) await server.execute('function main() { return "x".repeat(200000) }');
    const jobs = (await server.request('GET', '/jobs')).json;
    assert.ok(jobs.length >= 2 && jobs.length <= 5, `${jobs.length}`);
    await server.stop();
  });
});
