// The hostile corpus. Each file of attacks/ is a family; each attack is data:
//
//   name, why
//   script, input, limits | body         a job, or the body of the request as it is sent
//   raw, count, hold, unread, once       bytes on sockets (see attacks/http.mjs)
//   flood                                many jobs of many users at once
//   expect | status                      what may come of it: 'completed', error codes, statuses
//   output                               exactly this output
//   then, thenOutput                     a job of another user afterwards, and its exact output
//   seconds                              the most it may take (default 3)
//
// After each: a job of another user answers right within a second and finds the realm as it was at
// the start, the attack's marker is in no other answer and in no log, the memory of all processes is
// back at its level, and no process is left.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { descendants, threadsOf } from '../lib/processes.mjs';
import { isolation, slow } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { carryOut, withMarker } from './attack.mjs';
import { witness } from './witness.mjs';

const NORMAL_MS = 1000;
const LEVEL_SLACK = 40 * 1024 * 1024; // results of the attack that are kept
const WORKER_SLACK = 4 * 1024 * 1024; // a worker more that is kept for some seconds
const folder = new URL('attacks/', import.meta.url);
const families = await Promise.all(fs.readdirSync(folder).sort().map(async (file) => ({
  family: file.replace('.mjs', ''), attacks: (await import(new URL(file, folder))).default,
})));

for (const { family, attacks } of families) {
  describe(`hostile: ${family}`, () => {
    let server;
    let realm;
    let level;
    let workers;

    const workersNow = () => descendants(server.pid).length + threadsOf(server.pid);

    const normal = async () => {
      const { status, json, text, ms } = await server.execute(
        { script: witness, input: 21 }, { user: 'witness' });
      assert.equal(status, 200, text);
      assert.equal(json.status, 'completed', text);
      assert.equal(json.output.double, 42);
      return { json, text, ms };
    };

    before(async () => {
      server = await startServer({ args: ['--connection-idle', '5s'] });
      realm = (await normal()).json.output;
      for (let i = 0; i < 20; i++) await normal();
      level = server.memory();
      workers = workersNow();
    });
    after(() => server.stop());

    async function checkAftermath(marker) {
      const { json, text, ms } = await normal();
      assert.ok(ms < NORMAL_MS * slow, `a normal job took ${ms.toFixed(0)} ms`);
      assert.deepEqual(json.output, realm, 'the realm is not as it was');
      const others = [text];
      for (const path of ['/info', '/metrics', '/jobs']) {
        others.push((await server.request('GET', path, { user: 'witness' })).text);
      }
      assert.ok(!others.some((other) => other.includes(marker)), 'the marker is in another answer');
      assert.ok(!server.log.includes(marker), 'the marker is in the log');
      assert.deepEqual(descendants(server.pid).filter(({ state }) => state === 'Z'), [], 'zombies');
      if (slow === 1) {
        const most = () => level + LEVEL_SLACK +
          WORKER_SLACK * (workersNow() - workers);
        await until(() => server.memory() < most(), `memory returns to ${most() >> 20} MiB`, 3000)
          .catch((error) => assert.fail(`${error.message}: ${server.memory() >> 20} MiB`));
      }
    }

    attacks.forEach((attack, number) => {
      it(attack.name, async () => {
        const marker = crypto.randomBytes(32).toString('hex');
        const user = `mallory-${number}`;
        const start = Date.now();
        const got = await carryOut(server, withMarker(attack, marker), { user, during: normal });
        const seconds = (Date.now() - start) / 1000;
        assert.ok((attack.expect ?? attack.status).includes(got.outcome),
          `came to ${got.outcome}: ${got.text.slice(0, 300)}`);
        if (attack.output) assert.deepEqual(got.output, attack.output);
        if (got.statuses) assert.ok(got.statuses.every((s) => attack.status.includes(s)), `${got.statuses}`);
        if (attack.once) assert.ok(!got.followed, 'the hidden request was answered');
        if (attack.echo) assert.ok(!JSON.stringify(got.headers).includes(attack.echo));
        assert.ok(seconds <= (attack.seconds ?? 3) * slow, `took ${seconds} s`);
        if (attack.then) {
          assert.deepEqual(await server.output(attack.then, { user: 'next' }), attack.thenOutput);
        }
        await checkAftermath(marker);
      });
    });
  });
}

describe('the hostile corpus', () => {
  const all = families.flatMap(({ attacks }) => attacks);

  it('has at least 120 attacks, each with its reason and outcome', () => {
    assert.ok(all.length >= 120);
    for (const attack of all) {
      assert.ok(attack.name && attack.why && (attack.expect ?? attack.status)?.length > 0, attack.name);
    }
  });

  it('has names that are all different in a family', () => {
    for (const { family, attacks } of families) {
      assert.equal(new Set(attacks.map(({ name }) => name)).size, attacks.length, family);
    }
  });

  it(`ran with ${isolation} isolation`, async () => {
    const server = await startServer();
    const { text } = await server.request('GET', '/info', { user: null });
    assert.match(text, new RegExp(`"${isolation}"`));
    await server.stop();
  });
});
