// What becomes of secrets when the files of their database are taken away under a running server, when
// another process rotates them, when the disk is full, and when the server has to end while the database
// does not answer.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { allow, giveSecret, putSecret, refused, reveal } from '../lib/secrets.mjs';
import { Server, startServer } from '../lib/server.mjs';
import { binary, masterKey } from '../lib/settings.mjs';
import { secretsKey, Sqlite } from '../lib/stores.mjs';
import { inParallel, sleep, until } from '../lib/wait.mjs';

const READ = { script: 'function main(i, s) { return { size: s.KEY.length } }', secret_refs: ['KEY'] };
const PLAIN = 'function main() { return { fine: true } }';
const otherKey = '7b'.repeat(32);
const store = new Sqlite();

let dataDir;
beforeEach(() => { dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-store-')); });
afterEach(() => fs.rmSync(dataDir, { recursive: true }));
const file = (suffix = '') => path.join(dataDir, `secrets.db${suffix}`);
const start = async (env) => startServer(await store.fresh({ dataDir, env }));

async function verify(env = {}) {
  const { stdout, stderr } = await neocompute(['secret', 'audit', '--verify', '--json', '--data-dir', dataDir],
    { env: { COMPUTE_MASTER_KEY: masterKey, SECRETS_MASTER_KEY: secretsKey, ...env } });
  assert.equal(stderr, '');
  const { changed, gaps, cut, forged } = JSON.parse(stdout);
  return { changed, gaps, cut, forged };
}
const whole = { changed: 0, gaps: 0, cut: 0, forged: 0 };

describe('files taken away', () => {
  /** No secret leaves whose row nobody would find, and nothing is promised that would be lost. */
  async function expectDown(server) {
    const job = await server.execute(READ);
    assert.equal(job.status, 503, job.text);
    assert.ok(Number(job.headers['retry-after']) >= 1);
    for (const [method, target, body] of [['PUT', '/secrets/KEY', { value: 'lost' }], ['POST', '/secrets/KEY/reveal'],
      ['DELETE', '/secrets/KEY'], ['PUT', '/secrets/KEY/policy', { services: ['none'] }]]) {
      assert.equal((await server.request(method, target, { body })).status, 503, `${method} ${target}`);
    }
    assert.deepEqual(await server.output(PLAIN), { fine: true });
    assert.equal((await server.metrics()).get('neocompute_secrets_store_up'), 0);
    assert.match(server.log, /cannot be used.*removed or replaced/);
  }

  for (const suffix of ['', '-wal', '-shm']) {
    it(`secrets.db${suffix} moved away: nothing is given; moved back: as before`, async () => {
      const server = await start();
      await giveSecret(server, 'KEY', 'kept in a file');
      assert.deepEqual(await server.output(READ), { size: 14 });
      fs.renameSync(file(suffix), file('-away'));
      await expectDown(server);
      fs.renameSync(file('-away'), file(suffix));
      assert.deepEqual(await server.output(READ), { size: 14 });
      await until(() => /can be used again/.test(server.log), 'the log to say so');
      await server.stop();
      assert.deepEqual(await verify(), whole);
    });
  }

  it('replaced by a copy: nothing is given by rules that are not in force', async () => {
    const first = await start();
    await giveSecret(first, 'KEY', 'kept in a file');
    await first.stop();
    const server = await start();
    fs.copyFileSync(file(), file('-copy'));
    await allow(server, 'KEY', { services: ['none'] });
    fs.renameSync(file('-copy'), file());
    await expectDown(server);
    await server.stop();
  });

  it('the log removed: what was promised before is there after the end', async () => {
    const server = await start();
    await giveSecret(server, 'KEY', 'kept in a file');
    await allow(server, 'KEY', { services: ['none'] });
    fs.rmSync(file('-wal'));
    await expectDown(server);
    await server.stop();
    const again = await start();
    assert.equal(await reveal(again, 'KEY'), 'kept in a file');
    await refused(again, READ, 'not_allowed', 'KEY');
    await again.stop();
    assert.deepEqual(await verify(), whole);
  });

  it('cut to nothing, the log kept: nothing is lost, or nothing is given', async () => {
    const server = await start();
    await giveSecret(server, 'KEY', 'kept in a file');
    fs.truncateSync(file());
    const { status, json } = await server.execute(READ);
    assert.ok(status === 503 || json.status === 'completed', json.error);
    assert.deepEqual(await server.output(PLAIN), { fine: true });
    await server.stop();
  });
});

describe('a rotation beside a running server', () => {
  const rotate = async (args = [], env = {}) => {
    const { code, stderr } = await neocompute(['secret', 'rotate', '--data-dir', dataDir, ...args],
      { env: { COMPUTE_MASTER_KEY: masterKey, SECRETS_MASTER_KEY: secretsKey, ...env } });
    assert.equal(code, 0, stderr);
  };
  const formats = (server) => new Set(store.sql(server, 'SELECT encrypted_value FROM secrets').map(([text]) => (text.startsWith('nc2.') ? 2 : 1)));

  it('rows are written in the new format from then on', async () => {
    const server = await start();
    for (const format of [1, 2, 1]) {
      await putSecret(server, `BEFORE${format}`, 'x');
      await rotate(['--format', `v${format}`]);
      await putSecret(server, `AFTER${format}`, 'x');
      await putSecret(server, 'KEY', 'x');
      assert.deepEqual(formats(server), new Set([format]));
    }
    await server.stop();
  });

  it('a server without the new key writes nothing that nobody can read afterwards', async () => {
    const server = await start();
    await giveSecret(server, 'KEY', 'sealed again');
    await rotate([], { SECRETS_MASTER_KEY: otherKey, SECRETS_MASTER_KEY_PREVIOUS: secretsKey });
    await refused(server, READ, 'cannot_decrypt', 'KEY');
    for (const name of ['KEY', 'NEW']) {
      const { status, json } = await server.request('PUT', `/secrets/${name}`, { body: { value: 'under the old key' } });
      assert.equal(status, 503);
      assert.match(json.message, /another key/);
    }
    await server.stop();
    const again = await start({ SECRETS_MASTER_KEY: otherKey });
    assert.equal(await reveal(again, 'KEY'), 'sealed again');
    assert.equal((await again.request('GET', '/secrets/NEW')).status, 404);
    await again.stop();
    assert.deepEqual(await verify(), whole);
  });
});

describe('a full disk', { skip: process.getuid() !== 0 && 'only root can mount' }, () => {
  beforeEach(() => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=755', 'none', dataDir]));
  afterEach(() => execFileSync('umount', ['-l', dataDir]));

  /** Takes all room but `left` bytes, until it is removed. */
  function fill(left = 0) {
    const fd = fs.openSync(file('-filler'), 'w');
    let at = 0;
    for (let size = 65536; size >= 512; size /= 2) {
      try { for (;;) at += fs.writeSync(fd, Buffer.alloc(size)); } catch (error) { assert.equal(error.code, 'ENOSPC'); }
    }
    fs.ftruncateSync(fd, Math.max(0, at - left));
    fs.closeSync(fd);
    return () => fs.rmSync(file('-filler'));
  }

  it('loses nothing of a rotation that it stops, and that is killed over and over', async () => {
    const both = { COMPUTE_MASTER_KEY: masterKey, SECRETS_MASTER_KEY: otherKey, SECRETS_MASTER_KEY_PREVIOUS: secretsKey };
    const server = await start();
    const count = 200;
    await inParallel(count, 8, (i) => putSecret(server, `N${i}`, 'x'.repeat(1000) + i));
    await server.stop();
    const rotate = ['secret', 'rotate', '--data-dir', dataDir];
    const ends = new Set();
    for (const left of [20000, 60000, 150000]) {
      const free = fill(left);
      const { code, stderr } = await neocompute(rotate, { env: both });
      if (code) assert.match(stderr, /disk|full/);
      ends.add(code);
      free();
    }
    assert.ok(ends.has(4), 'the disk was never full');
    for (let round = 0; round < 12; round++) {
      const child = spawn(binary, [...rotate, '--format', round % 2 ? 'v1' : 'v2'], { env: { PATH: process.env.PATH, ...both }, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await sleep(5 + 4 * round);
      child.kill('SIGKILL');
      await ended;
    }
    assert.equal((await neocompute([...rotate, '--format', 'v2'], { env: both })).code, 0);
    const again = await start({ SECRETS_MASTER_KEY: otherKey });
    await inParallel(count, 8, async (i) => assert.equal(await reveal(again, `N${i}`), 'x'.repeat(1000) + i));
    await again.stop();
    assert.deepEqual(await verify({ SECRETS_MASTER_KEY: otherKey }), whole);
  });

  it('stops a migration at start, which is done when there is room', async () => {
    const first = await start();
    await giveSecret(first, 'KEY', 'kept in a file');
    for (let i = 0; i < 5; i++) await first.output(READ);
    await first.stop();
    // As the second version of the schema had it, with a long log.
    store.unpackAudit(first);
    store.sql(first, `DROP TABLE secret_audit_blocks; DROP TABLE secret_audit_users; DELETE FROM secret_facts WHERE name = 'audit_indexed';
      CREATE INDEX secret_audit_logs_user ON secret_audit_logs (user_id, id);
      INSERT INTO secret_audit_logs (user_id, secret_name, action, success, created_at, user_agent)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT 'alice', 'KEY', 'read', 1, i, 'of an older service' FROM n;
      PRAGMA user_version = 2;`);
    const log = () => store.sql(first, 'SELECT count(*), sum(id), sum(created_at) FROM secret_audit_logs');
    const before = log();
    const free = fill(200000);
    const server = new Server(await store.fresh({ dataDir }));
    assert.notEqual((await server.exit()).code, 0);
    assert.match(server.log, /migration failed: database or disk is full/);
    free();
    assert.deepEqual(log(), before);
    const again = await start();
    assert.deepEqual(await again.output(READ), { size: 14 });
    await again.stop();
    assert.deepEqual(log(), before);
    assert.deepEqual(await verify(), whole);
  });
});

describe('told to end while the database does not answer', () => {
  it('begins nothing of what waits, and its last checkpoint has all that was done', async () => {
    const server = await start();
    await giveSecret(server, 'KEY', 'kept in a file');
    const lock = await store.hold(server);
    const names = ['A', 'B', 'C', 'D', 'E'];
    const waiting = [];
    for (const name of names) {
      waiting.push(server.request('PUT', `/secrets/${name}`, { body: { value: 'x' } }).catch(() => null));
      await sleep(20);
    }
    server.child.kill('SIGTERM');
    await until(() => /"stopping"/.test(server.log), 'told to stop');
    server.child.kill('SIGTERM');
    await until(() => /running jobs are lost/.test(server.log), 'told twice');
    await sleep(100);
    await lock.release();
    await server.exit();
    await Promise.all(waiting);
    const done = store.sql(server, "SELECT name FROM secrets WHERE name <> 'KEY' ORDER BY name").map(([name]) => name);
    assert.deepEqual(done, ['A'], 'the one that had begun is done, the others are not');
    const [[text]] = store.sql(server, "SELECT value FROM secret_facts WHERE name LIKE 'checkpoint:%'");
    assert.equal(text.split(':')[0], store.auditSql(server, 'SELECT max(seq) FROM secret_audit_logs')[0][0]);
    await server.stop();
  });
});
