// No secret leaves before the audit rows that say so are on the disk: with a disk that keeps nothing but what
// was synced, that holds syncs up, and that fails.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { giveSecret, reveal } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { binary, masterKey } from '../lib/settings.mjs';
import { secretsKey, Sqlite } from '../lib/stores.mjs';
import { inParallel, sleep, until } from '../lib/wait.mjs';

const READ = { script: 'function main(input, secrets) { return { size: secrets.KEY.length } }', secret_refs: ['KEY'] };
const store = new Sqlite();

/** A server on such a disk. */
class Disk {
  constructor() {
    const build = path.dirname(binary);
    execFileSync('ninja', ['-C', build, 'tests/tools/lose-writes.so']);
    this.root = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-disk-'));
    // A service started as root becomes nobody, who must get there.
    fs.chmodSync(this.root, 0o711);
    fs.mkdirSync(path.join(this.root, 'memory'), { mode: 0o700 });
    fs.mkdirSync(path.join(this.root, 'disk'));
    fs.chmodSync(path.join(this.root, 'disk'), 0o777);
    fs.writeFileSync(path.join(this.root, 'orders'), Buffer.alloc(8));
    this.fd = fs.openSync(path.join(this.root, 'orders'), 'r+');
    this.preload = path.join(build, 'tests', 'tools', 'lose-writes.so');
  }

  get dataDir() { return path.join(this.root, 'memory'); }
  get left() { return path.join(this.root, 'disk'); } // what a cut of the power leaves

  #order(at, value) {
    fs.writeSync(this.fd, Buffer.from([value, 0, 0, 0]), 0, 4, at);
  }

  hold(value) { this.#order(0, value); }
  fail(value) { this.#order(4, value); }

  async server() {
    return startServer(await store.fresh({
      dataDir: this.dataDir,
      env: { LD_PRELOAD: this.preload, LOSE_WRITES_FILE: path.join(this.root, 'orders'), LOSE_WRITES_DIR: this.left, LOSE_WRITES_NAME: 'secrets.db' },
    }));
  }

  done() {
    fs.closeSync(this.fd);
    fs.rmSync(this.root, { recursive: true });
  }
}

async function verify(dataDir) {
  const { code, stdout, stderr } = await neocompute(['secret', 'audit', '--verify', '--json', '--data-dir', dataDir],
    { env: { COMPUTE_MASTER_KEY: masterKey, SECRETS_MASTER_KEY: secretsKey } });
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout);
}

describe('secrets and the disk', () => {
  let disk;
  before(() => { disk = new Disk(); });
  after(() => disk.done());

  it('the rows of every answered job are there when the power goes', async () => {
    const server = await disk.server();
    await giveSecret(server, 'KEY', 'only with its row on the disk');
    const answered = [];
    let cut = false;
    const ask = async () => {
      while (!cut) {
        const { json } = await server.execute(READ).catch(() => ({}));
        if (!cut && json?.status === 'completed') answered.push(json.job_id);
      }
    };
    const asking = Promise.all(Array.from({ length: 8 }, ask));
    // Past a checkpoint, and on in the log that begins anew behind it.
    const database = path.join(disk.dataDir, 'secrets.db');
    await until(() => fs.statSync(database).size > 2 ** 18, 'a checkpoint', 60000);
    const before = answered.length;
    await until(() => answered.length > before + 300, 'more jobs', 60000);
    cut = true; // nothing is awaited from here to the end of the server: what was answered was before
    server.child.kill('SIGKILL');
    await server.exit();
    await asking;
    const rows = store.auditSql({ dataDir: disk.left }, 'SELECT job_id FROM secret_audit_logs WHERE job_id IS NOT NULL AND success');
    const found = new Set(rows.map(([id]) => id));
    assert.deepEqual(answered.filter((id) => !found.has(id)), []);
    const { changed, gaps } = await verify(disk.left);
    assert.deepEqual({ changed, gaps }, { changed: 0, gaps: 0 });
  });

  it('a job waits for its row, and others do not wait for it', async () => {
    const server = await disk.server();
    disk.hold(1);
    let answers = 0;
    const waiting = inParallel(5, 5, async () => {
      const output = await server.output(READ);
      answers++;
      return output;
    });
    for (let i = 0; i < 20; i++) await server.output({ script: 'function main() { return 1 }' }, { user: 'bob' });
    await sleep(300);
    assert.equal(answers, 0, 'a secret left before its row was on the disk');
    disk.hold(0);
    await waiting;
    assert.equal(answers, 5);
    await server.stop();
  });

  it('a sync that fails refuses its jobs, and the next one has all that it needs', async () => {
    const server = await disk.server();
    assert.deepEqual(await server.output(READ), { size: 29 });
    disk.fail(1);
    for (let i = 0; i < 3; i++) {
      const { status, headers, text } = await server.request('POST', '/execute', { body: READ });
      assert.equal(status, 503, text);
      assert.ok(headers['retry-after']);
    }
    assert.equal((await server.metrics()).get('neocompute_secrets_store_up'), 0);
    assert.deepEqual(await server.output({ script: 'function main() { return 1 }' }), { result: 1 });
    disk.fail(0);
    const { json } = await server.execute(READ);
    assert.equal(json.status, 'completed', json.error);
    server.child.kill('SIGKILL');
    await server.exit();
    const rows = store.auditSql({ dataDir: disk.left }, `SELECT success FROM secret_audit_logs WHERE job_id = '${json.job_id}'`);
    assert.equal(rows.length, 1, 'the row is not in what was synced');
    await verify(disk.left);
  });

  it('a change is refused whose sync failed', async () => {
    const server = await disk.server();
    await giveSecret(server, 'OTHER', 'kept');
    disk.fail(1);
    assert.equal((await server.request('PUT', '/secrets/OTHER', { body: { value: 'not promised' } })).status, 503);
    disk.fail(0);
    assert.equal(await reveal(server, 'OTHER'), 'kept', 'nothing of the refused one is left');
    await server.stop();
    await verify(disk.dataDir);
  });
});
