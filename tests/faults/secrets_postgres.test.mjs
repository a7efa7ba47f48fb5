// What becomes of secrets when PostgreSQL is there but does not do what it should: read-only, without
// waiting for its disk, or without room.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { giveSecret, reveal } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { masterKey } from '../lib/settings.mjs';
import { Postgres, secretsKey } from '../lib/stores.mjs';
import { until } from '../lib/wait.mjs';

const READ = { script: 'function main(i, s) { return { size: s.KEY.length } }', secret_refs: ['KEY'] };
const otherKey = '7b'.repeat(32);

describe('PostgreSQL on a bad day', () => {
  const store = new Postgres();
  let server, name;
  before(() => store.open());
  after(() => store.close());

  const start = async () => {
    const options = await store.fresh();
    name = /\/\/\/(\w+)\?/.exec(options.args[1])[1];
    server = await startServer(options);
    await giveSecret(server, 'KEY', 'kept in PostgreSQL');
    assert.deepEqual(await server.output(READ), { size: 18 });
  };
  const admin = (text) => store.query('postgres', text);
  const isUp = () => until(async () => (await server.execute(READ)).status === 200, 'the store to come back', 15000);
  async function end() {
    await server.stop();
    const { code, stdout } = await neocompute(['secret', 'audit', '--verify', '--database-url', store.url(name)],
      { env: { COMPUTE_MASTER_KEY: masterKey, SECRETS_MASTER_KEY: secretsKey } });
    assert.equal(code, 0, stdout);
  }

  // The default is looked up when a connection is made: one that was made then stays read-only for good.
  it('is used again after it was read-only for new connections', async () => {
    await start();
    admin(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    await until(async () => (await server.execute(READ)).status === 503, 'read-only');
    assert.equal((await server.request('GET', '/secrets/KEY')).status, 200, 'what only reads goes on');
    assert.match(server.log, /cannot be used.*read-only transaction/);
    admin(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    await isUp();
    await end();
  });

  it('is used again after a column became another type', async () => {
    await start();
    store.sql(server, 'ALTER TABLE secret_facts ALTER value TYPE varchar(1000)');
    const put = () => server.request('PUT', '/secrets/NEW', { body: { value: 'x' } });
    await until(async () => (await put()).status < 300, 'a change to be taken', 15000);
    await end();
  });

  it('has the rows of every answered job after a crash, whatever its defaults', async () => {
    admin("ALTER SYSTEM SET wal_writer_delay = '10s'");
    admin('SELECT pg_reload_conf()');
    const options = await store.fresh();
    name = /\/\/\/(\w+)\?/.exec(options.args[1])[1];
    admin(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    server = await startServer(options);
    await giveSecret(server, 'KEY', 'kept in PostgreSQL');
    const { json } = await server.execute(READ);
    assert.equal(json.status, 'completed', json.error);
    store.control('stop');
    store.control('start');
    assert.equal(store.sql(server, `SELECT 1 FROM secret_audit_logs WHERE job_id = '${json.job_id}'`).length, 1);
    await isUp();
    await end();
    admin('ALTER SYSTEM RESET wal_writer_delay');
  });

  it('is full for a while, in the middle of a rotation too', { skip: process.getuid() !== 0 && 'only root can mount' }, async () => {
    const disk = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-tablespace-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m,mode=777', 'none', disk]);
    try {
      execFileSync('chown', ['postgres', disk]);
      admin(`CREATE TABLESPACE small LOCATION '${disk}'`);
      await start();
      store.sql(server, 'ALTER TABLE secrets SET TABLESPACE small; ALTER TABLE secret_audit_logs SET TABLESPACE small;');
      for (let i = 0; i < 40; i++) assert.ok((await server.request('PUT', `/secrets/N${i}`, { body: { value: 'x'.repeat(2000) + i } })).status < 300);
      const filler = path.join(disk, 'filler');
      const fd = fs.openSync(filler, 'w');
      for (let size = 65536; size >= 512; size /= 2) {
        try { for (;;) fs.writeSync(fd, Buffer.alloc(size)); } catch (error) { assert.equal(error.code, 'ENOSPC'); }
      }
      fs.closeSync(fd);
      const env = { COMPUTE_MASTER_KEY: masterKey, SECRETS_MASTER_KEY: otherKey, SECRETS_MASTER_KEY_PREVIOUS: secretsKey };
      const rotate = () => neocompute(['secret', 'rotate', '--database-url', store.url(name)], { env });
      const full = await rotate();
      assert.equal(full.code, 4);
      assert.equal(full.stdout, '');
      assert.match(full.stderr, /stopped by the database.*No space left on device/);
      await until(async () => (await server.execute(READ)).status === 503, 'no room for an audit row', 15000);
      fs.rmSync(filler);
      await isUp();
      await server.stop();
      assert.equal((await rotate()).code, 0);
      server = await startServer({ args: ['--database-url', store.url(name)], env: { SECRETS_MASTER_KEY: otherKey } });
      for (let i = 0; i < 40; i++) assert.equal(await reveal(server, `N${i}`), 'x'.repeat(2000) + i);
      await end();
    } finally {
      store.control('stop');
      execFileSync('umount', ['-l', disk]);
      fs.rmdirSync(disk);
    }
  });
});
