// Opened secrets that are kept for a while (--secret-cache): they save the opening and nothing else,
// and are gone when their time is over or anybody has changed anything.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { searchFamily } from '../lib/memory.mjs';
import { allow, auditOf, giveSecret, putSecret, refused } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { stores } from '../lib/stores.mjs';
import { until } from '../lib/wait.mjs';

const READ = { script: 'function main(i, s) { return { size: s.KEY.length } }', secret_refs: ['KEY'] };
const canSearch = process.getuid() === 0;

let size = 60;
const newValue = () => randomBytes(60).toString('hex').slice(0, ++size); // no two are equally long

const isThere = (server, value) => searchFamily(server.pid, [Buffer.from(value.slice(0, 20)), Buffer.from(value.slice(-20))]).length > 0;
/** Once it is, it may be gone soon: `give` makes a job that has it opened again. */
const isFound = (server, value, give) => until(async () => isThere(server, value) || (await give(value), false), 'the search to find the value: else it proves nothing', 4000);
const isGone = async (server, value) => canSearch && until(() => !isThere(server, value), 'the value to be gone from memory', 4000);
const cached = async (server) => (await server.metrics()).get('neocompute_secrets_cached_total');

for (const store of stores) {
  describe(`opened secrets from ${store.name}`, () => {
    let server, other;
    before(async () => {
      await store.open();
      server = await startServer(await store.fresh({ args: ['--secret-cache', '60s'] }));
      other = await startServer(store.beside(server));
    });
    after(async () => {
      await other.stop();
      await server.stop();
      await store.close();
    });

    let given = 0;
    const give = async (value) => {
      assert.deepEqual(await server.output(READ), { size: value.length });
      given++;
    };

    /**
     * A secret that the server has opened for a job and keeps. What else is written to the database, such as the checkpoint of
     * the other server, makes it drop all values: then it is given once more.
     */
    async function kept() {
      const value = newValue();
      await giveSecret(server, 'KEY', value);
      const before = await cached(server);
      for (let i = 0; i < 3; i++) await give(value);
      assert.ok(await cached(server) > before, 'nothing was kept: the test proves nothing');
      if (canSearch) await isFound(server, value, give);
      return value;
    }

    it('are written down each time they are given', async () => {
      const before = (await auditOf(server)).length;
      given = 0;
      await kept();
      const added = (await auditOf(server)).slice(0, -before || undefined);
      assert.equal(added.filter((row) => row.action === 'read' && row.success).length, given);
    });

    it('are dropped when they are changed here', async () => {
      const value = await kept();
      const next = newValue();
      await putSecret(server, 'KEY', next);
      assert.deepEqual(await server.output(READ), { size: next.length });
      await isGone(server, value);
    });

    it('are dropped when they are deleted here', async () => {
      const value = await kept();
      assert.equal((await server.request('DELETE', '/secrets/KEY')).status, 204);
      await refused(server, READ, 'not_found', 'KEY');
      await isGone(server, value);
    });

    it('are not given once their rules say no', async () => {
      const value = await kept();
      await allow(server, 'KEY', { services: ['another'] });
      await refused(server, READ, 'not_allowed', 'KEY');
      await isGone(server, value);
    });

    it('are not given once another server has changed them', async () => {
      await kept();
      const next = newValue();
      await putSecret(other, 'KEY', next);
      assert.deepEqual(await server.output(READ), { size: next.length });
      await allow(other, 'KEY', { services: ['another'] });
      await refused(server, READ, 'not_allowed', 'KEY');
    });

    it('are dropped when another server changes them, without anybody asking', { skip: !canSearch && 'only root can look' }, async () => {
      for (const change of [() => putSecret(other, 'KEY', newValue()), () => allow(other, 'KEY', { services: ['another'] }),
        () => other.request('DELETE', '/secrets/KEY')]) {
        const value = await kept();
        await change();
        await isGone(server, value);
      }
    });
  });

  describe(`opened secrets from ${store.name}, their time`, () => {
    before(() => store.open());
    after(() => store.close());

    it('is over by itself', { skip: !canSearch && 'only root can look' }, async () => {
      const server = await startServer(await store.fresh({ args: ['--secret-cache', '1500ms'] }));
      try {
        const value = newValue();
        await giveSecret(server, 'KEY', value);
        await server.output(READ);
        await isFound(server, value, () => server.output(READ));
        await isGone(server, value);
      } finally {
        await server.stop();
      }
    });

    it('is none unless the operator says so', async () => {
      const server = await startServer(await store.fresh());
      try {
        await giveSecret(server, 'KEY', newValue());
        for (let i = 0; i < 3; i++) await server.output(READ);
        assert.equal(await cached(server), 0);
      } finally {
        await server.stop();
      }
    });
  });
}
