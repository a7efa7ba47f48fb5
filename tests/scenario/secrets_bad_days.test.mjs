// What becomes of secrets when keys, databases and disks fail; and databases that others made.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { allow, auditOf, giveSecret, putSecret, refused, reveal } from '../lib/secrets.mjs';
import { Server, startServer } from '../lib/server.mjs';
import { binary, masterKey, slow } from '../lib/settings.mjs';
import { Postgres, secretsKey, Sqlite, stores } from '../lib/stores.mjs';
import { inParallel, sleep, until } from '../lib/wait.mjs';

const READ = { script: 'function main(i, s) { return { size: s.KEY.length } }', secret_refs: ['KEY'] };
const PLAIN = 'function main() { return { fine: true } }';
const otherKey = '7b'.repeat(32);
const keys = { COMPUTE_MASTER_KEY: masterKey, SECRETS_MASTER_KEY: secretsKey };

/** Whatever needs the store is 503 with Retry-After; the rest works. */
async function expectDown(server, { writesOnly = false } = {}) {
  const { status, json, headers } = await server.execute(READ);
  assert.equal(status, 503, JSON.stringify(json));
  assert.equal(json.error_code, 'store_down');
  assert.match(json.message, /store_down: KEY: /);
  assert.ok(Number(headers['retry-after']) >= 1);
  for (const [method, target, body] of [['PUT', '/secrets/NEW', { value: 'x' }], ['POST', '/secrets/KEY/reveal'],
    ...(writesOnly ? [] : [['GET', '/secrets']])]) {
    const answer = await server.request(method, target, { body });
    assert.equal(answer.status, 503, `${method} ${target}: ${answer.text}`);
    assert.equal(answer.json.error_code, 'store_down');
    assert.ok(Number(answer.headers['retry-after']) >= 1);
  }
  assert.deepEqual(await server.output(PLAIN), { fine: true });
  assert.equal((await server.request('GET', '/ready', { user: null })).status, 200);
}

/** Within its back-off the store is used again. */
async function expectUp(server) {
  await until(async () => (await server.execute(READ)).status === 200, 'the store to come back', 15000);
  assert.equal((await server.output(READ)).size > 0, true);
  assert.equal((await server.request('GET', '/info', { user: null })).json.secrets.store, 'up');
  assert.equal((await server.metrics()).get('neocompute_secrets_store_up'), 1);
}

/** As the existing gateway seals: nonce, ciphertext and tag in base64, by WebCrypto. */
async function sealFirstFormat(hex, value) {
  const key = await webcrypto.subtle.importKey('raw', Buffer.from(hex, 'hex'), 'AES-GCM', false, ['encrypt']);
  const iv = webcrypto.getRandomValues(new Uint8Array(12));
  const sealed = await webcrypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(value));
  return Buffer.concat([iv, Buffer.from(sealed)]).toString('base64');
}

/** A server that must end at start, with a message. */
async function refusesToStart(options, message) {
  const server = new Server(options);
  const { code } = await server.exit();
  assert.notEqual(code, 0);
  assert.match(server.log, message);
  await server.kill();
}

const temporary = (name) => fs.mkdtempSync(path.join(os.tmpdir(), `neocompute-${name}-`));

describe('without a key', () => {
  it('every secret is store_down, and the rest works', async () => {
    const server = await startServer();
    const job = await refused(server, READ, 'store_down', 'KEY');
    assert.match(job.error, /SECRETS_MASTER_KEY/);
    const { status, json, headers } = await server.request('GET', '/secrets');
    assert.equal(status, 503);
    assert.equal(json.error_code, 'store_down');
    assert.ok(headers['retry-after']);
    assert.deepEqual(await server.output(PLAIN), { fine: true });
    assert.equal((await server.request('GET', '/info', { user: null })).json.secrets.store, 'none');
    assert.match(server.log, /SECRETS_MASTER_KEY is not set/);
    await server.stop();
  });

  it('a malformed key is refused, and not shown', async () => {
    const bad = `${'7a'.repeat(31)}zz`;
    await refusesToStart({ env: { SECRETS_MASTER_KEY: bad } }, /SECRETS_MASTER_KEY/);
    const server = new Server({ env: { SECRETS_MASTER_KEY: bad } });
    await server.exit();
    assert.ok(!server.log.includes(bad.slice(0, 20)));
    await server.kill();
  });
});

for (const store of stores) {
  describe(`bad days of ${store.name}`, () => {
    before(() => store.open());
    after(() => store.close());

    it('a wrong master key is refused at start, and nothing is changed', async () => {
      const dataDir = temporary('key');
      const options = await store.fresh({ dataDir });
      const first = await startServer(options);
      await giveSecret(first, 'KEY', 'sealed under the first key');
      await first.stop();
      const sealed = () => store.sql(first, 'SELECT user_id, name, encrypted_value, version FROM secrets');
      const rows = sealed();
      await refusesToStart({ ...options, env: { SECRETS_MASTER_KEY: otherKey } }, /does not open the secrets.*nothing was changed/);
      assert.deepEqual(sealed(), rows);
      const again = await startServer(options);
      assert.deepEqual(await again.output(READ), { size: 26 });
      await again.stop();
      fs.rmSync(dataDir, { recursive: true });
    });

    it('--strict refuses secrets without a list', async () => {
      const server = await startServer(await store.fresh({ args: ['--strict'] }));
      await putSecret(server, 'KEY', 'a value without a list');
      await refused(server, READ, 'not_allowed', 'KEY');
      await allow(server, 'KEY');
      assert.deepEqual(await server.output(READ), { size: 22 });
      await server.stop();
    });

    it('no secret leaves without its audit row', async () => {
      const server = await startServer(await store.fresh());
      await giveSecret(server, 'KEY', 'only with an audit row');
      store.sql(server, store.name === 'SQLite'
        ? "CREATE TRIGGER no_audit BEFORE INSERT ON secret_audit_blocks BEGIN SELECT RAISE(ABORT, 'no'); END;"
        : `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
           CREATE TRIGGER no_audit BEFORE INSERT ON secret_audit_logs EXECUTE FUNCTION no();`);
      await expectDown(server, { writesOnly: true });
      assert.equal((await server.request('GET', '/secrets/NEW')).status, 404, 'a change without its row is none');
      store.sql(server, store.name === 'SQLite' ? 'DROP TRIGGER no_audit;' : 'DROP TRIGGER no_audit ON secret_audit_logs;');
      await expectUp(server);
      // The row is there when the job has its answer, from every other connection.
      for (let i = 0; i < 5; i++) {
        const { json } = await server.execute(READ);
        const rows = store.auditSql(server, `SELECT success FROM secret_audit_logs WHERE job_id = '${json.job_id}'`);
        assert.equal(rows.length, 1);
      }
      await server.stop();
    });

    it('finds every kind of tampering with the audit log', async () => {
      const dataDir = temporary('audit');
      const server = await startServer(await store.fresh({ dataDir }));
      await giveSecret(server, 'KEY', 'audited');
      for (let i = 0; i < 12; i++) await server.output(READ);
      await server.stop();
      assert.match(server.log, /audit checkpoint/, 'the checkpoint at shutdown is in the log');
      assert.equal(store.sql(server, "SELECT name FROM secret_facts WHERE name LIKE 'checkpoint:%'").length, 1);
      const verify = async () => {
        const { code, stdout, stderr } = await neocompute(['secret', 'audit', '--verify', '--json', ...store.cliArgs(server)], { env: keys });
        assert.equal(stderr, '');
        return { code, ...JSON.parse(stdout) };
      };
      const clean = await verify();
      assert.deepEqual([clean.code, clean.changed, clean.gaps, clean.cut, clean.forged], [0, 0, 0, 0, 0]);
      store.auditSql(server, "UPDATE secret_audit_logs SET secret_name = 'KEY2' WHERE seq = 3;");
      assert.equal((await verify()).changed, 1);
      store.auditSql(server, "UPDATE secret_audit_logs SET secret_name = 'KEY' WHERE seq = 3;");
      assert.equal((await verify()).code, 0);
      store.auditSql(server, 'DELETE FROM secret_audit_logs WHERE seq = 14;');
      const cut = await verify();
      assert.deepEqual([cut.code, cut.cut], [1, 1]);
      store.auditSql(server, 'DELETE FROM secret_audit_logs WHERE seq = 5;');
      assert.ok((await verify()).gaps >= 1);
      store.sql(server, "UPDATE secret_facts SET value = '1' || value WHERE name LIKE 'checkpoint:%';");
      assert.equal((await verify()).forged, 1);
      fs.rmSync(dataDir, { recursive: true });
    });

    it('finds a change of any column of the audit log, and goes on behind what nobody writes', async () => {
      const dataDir = temporary('columns');
      const server = await startServer(await store.fresh({ dataDir }));
      await giveSecret(server, 'KEY', 'audited');
      for (let i = 0; i < 3; i++) await server.output(READ);
      await server.stop();
      const verify = async () => {
        const { code, stdout, stderr } = await neocompute(['secret', 'audit', '--verify', '--json', ...store.cliArgs(server)], { env: keys });
        assert.equal(stderr, '');
        return { code, ...JSON.parse(stdout) };
      };
      const sqlite = store.name === 'SQLite';
      const changes = ["user_id = 'other'", "secret_name = 'OTHER'", "action = 'delete'", "service_id = 'other'", 'service_id = NULL',
        "ip_address = '1.2.3.4'", "user_agent = 'other'", sqlite ? 'success = 0' : 'success = false', "error_message = 'other'",
        "job_id = 'other'", 'job_id = NULL', "script_sha256 = 'ab'",
        sqlite ? 'created_at = created_at - 1' : "created_at = created_at - interval '1 day'", 'seq = 40',
        "boot_id = 'none'", `boot_id = '${'x'.repeat(50)}'`, 'mac = NULL'];
      const areFound = async (list, table, sql) => {
        store.sql(server, `CREATE TABLE kept_${table} AS SELECT * FROM ${table};`);
        for (const change of list) {
          sql(server, `UPDATE secret_audit_logs SET ${change} WHERE seq = 4;`);
          assert.equal((await verify()).code, 1, change);
          store.sql(server, `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table};`);
          assert.equal((await verify()).code, 0, `after ${change}`);
        }
      };
      if (sqlite) { // as the service writes them; then as it did before, where a column can hold more
        await areFound(changes, 'secret_audit_blocks', store.auditSql.bind(store));
        store.unpackAudit(server);
      }
      await areFound([...changes, "action = 'READ'", sqlite ? 'success = 2' : 'success = NOT success', 'seq = NULL'],
        'secret_audit_logs', store.sql.bind(store));
      for (const boot of ['', 'x'.repeat(50)])
        store.sql(server, `INSERT INTO secret_facts VALUES ('checkpoint:${boot}', '1:1:${'0'.repeat(64)}:${'0'.repeat(64)}');`);
      assert.equal((await verify()).forged, 2);
      // Names longer than ours fill a page: the next one begins behind them all the same.
      store.sql(server, Array.from({ length: 300 }, (_, i) => `INSERT INTO secret_facts VALUES ('checkpoint:${'y'.repeat(60)}${1000 + i}', 'x');`).join(''));
      assert.equal((await verify()).forged, 302);
      fs.rmSync(dataDir, { recursive: true });
    });

    it('shows what was cut off after a server was killed, up to its last checkpoint', async () => {
      const dataDir = temporary('checkpoint');
      const options = await store.fresh({ dataDir });
      const server = await startServer({ ...options, args: [...options.args, '--audit-checkpoint', '1s'] });
      const stored = () => store.sql(server, "SELECT value FROM secret_facts WHERE name LIKE 'checkpoint:%'")[0]?.[0] ?? '';
      const rows = () => Number(store.auditSql(server, 'SELECT max(seq) FROM secret_audit_logs')[0][0]);
      const upTo = (seq) => until(() => stored().startsWith(`${seq}:`), `a checkpoint at ${seq}`, 5000);
      assert.equal(stored(), '', 'nothing to put down yet');
      await giveSecret(server, 'KEY', 'audited');
      await upTo(rows());
      await server.output(READ);
      await server.output(READ);
      const last = rows();
      await upTo(last);
      const [boot] = store.auditSql(server, 'SELECT DISTINCT boot_id FROM secret_audit_logs')[0];
      await until(() => server.log.split('\n').some((line) => line.includes('audit checkpoint') &&
        line.includes(boot) && line.includes(`${last}:`)), 'the same in the log', 5000);
      server.child.kill('SIGKILL');
      await server.exit();
      const verify = async () => {
        const { code, stdout } = await neocompute(['secret', 'audit', '--verify', '--json', ...store.cliArgs(server)], { env: keys });
        const { cut, changed, gaps, forged } = JSON.parse(stdout);
        return { code, found: { cut, changed, gaps, forged } };
      };
      assert.deepEqual(await verify(), { code: 0, found: { cut: 0, changed: 0, gaps: 0, forged: 0 } });
      store.auditSql(server, `DELETE FROM secret_audit_logs WHERE seq = ${last};`);
      assert.deepEqual(await verify(), { code: 1, found: { cut: 1, changed: 0, gaps: 0, forged: 0 } });
      fs.rmSync(dataDir, { recursive: true });
    });

    it('rotates keys while a server runs, killed in the middle', async () => {
      const dataDir = temporary('rotate');
      const options = await store.fresh({ dataDir });
      const first = await startServer(options);
      const count = 12;
      await giveSecret(first, 'KEY', 'to be sealed again');
      for (let v = 0; v < 9; v++) await inParallel(count, 8, (i) => putSecret(first, `R${i}`, `value ${i}.${v}`));
      // Many rows of the first format, so that there is something to interrupt: seconds of work for either store.
      const many = store.name === 'SQLite' ? 60000 : 12000;
      const old = await sealFirstFormat(secretsKey, 'one of many');
      store.sql(first, store.name === 'SQLite'
        ? `INSERT INTO secrets WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${many - 1})
           SELECT 'id' || i, 'alice', 'N' || i, '${old}', 1, 0, 0 FROM n;`
        : `INSERT INTO secrets SELECT gen_random_uuid(), 'alice', 'N' || i, '${old}', 1, now(), now() FROM generate_series(0, ${many - 1}) i;`);
      const keyOf = () => store.sql(first, `SELECT CASE WHEN encrypted_value LIKE 'nc2.%' THEN substr(encrypted_value, 5, 16) ELSE 'v1' END, count(*)
        FROM (SELECT encrypted_value FROM secrets UNION ALL SELECT encrypted_value FROM secret_versions) q GROUP BY 1`).length;
      assert.equal(keyOf(), 2);
      await first.stop();
      const env = { ...keys, SECRETS_MASTER_KEY: otherKey, SECRETS_MASTER_KEY_PREVIOUS: secretsKey };
      const both = await startServer({ ...options, env: { SECRETS_MASTER_KEY: otherKey, SECRETS_MASTER_KEY_PREVIOUS: secretsKey } });
      const rotate = ['secret', 'rotate', ...store.cliArgs(first)];
      const child = spawn(binary, rotate, { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' });
      await until(() => keyOf() !== 2, 'the first rows of the new key');
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      assert.notEqual(keyOf(), 1, 'killed too late');
      const all = async (server) => {
        assert.deepEqual(await server.output(READ), { size: 18 });
        for (let i = 0; i < count; i++) assert.equal(await reveal(server, `R${i}`), `value ${i}.8`);
        for (let i = 0; i < many; i += 1000) assert.equal(await reveal(server, `N${i}`), 'one of many');
      };
      await all(both);
      const done = await neocompute(rotate, { env });
      assert.equal(done.code, 0, done.stderr);
      assert.match(done.stdout, /values, \d+ sealed again/);
      assert.equal(keyOf(), 1);
      assert.equal((await neocompute(rotate, { env })).stdout.trim(), `${count * 9 + many + 1} values, 0 sealed again`);
      await both.stop();
      const last = await startServer({ ...options, env: { SECRETS_MASTER_KEY: otherKey } });
      await all(last);
      await last.stop();
      await refusesToStart(options, /does not open the secrets/);
      fs.rmSync(dataDir, { recursive: true });
    });
  });
}

describe('PostgreSQL goes away', () => {
  const store = new Postgres();
  before(() => store.open());
  after(() => store.close());

  // The transaction is written, but nobody says so: the log must not look tampered with afterwards.
  it('goes on with its audit chain where the answer to a COMMIT is lost', async () => {
    const dir = temporary('cut');
    const socket = path.join(dir, '.s.PGSQL.5432');
    let cut = false;
    const proxy = net.createServer((client) => {
      const database = net.connect(path.join(store.dir, '.s.PGSQL.5432'));
      let deaf = false;
      client.on('data', (data) => {
        database.write(data);
        if (!cut || !data.includes('COMMIT')) return;
        cut = false;
        deaf = true;
        setTimeout(() => client.destroy(), 200);
      });
      database.on('data', (data) => deaf || client.write(data));
      for (const end of [client, database]) end.on('error', () => {}).on('close', () => { client.destroy(); database.destroy(); });
    });
    await new Promise((resolve) => proxy.listen(socket, resolve));
    fs.chmodSync(dir, 0o755);
    fs.chmodSync(socket, 0o666);
    const options = await store.fresh();
    const server = await startServer({ ...options, args: options.args.map((arg) => arg.replace(store.dir, dir)) });
    await giveSecret(server, 'KEY', 'kept in PostgreSQL');
    for (const ask of [() => server.execute(READ), () => server.request('PUT', '/secrets/OTHER', { body: { value: 'x' } })]) {
      cut = true;
      assert.equal((await ask()).status, 503);
      // What others write meanwhile is more than a page.
      store.sql(server, `INSERT INTO secret_audit_logs (user_id, secret_name, action, success)
        SELECT 'alice', 'KEY', 'read', true FROM generate_series(1, 1500);`);
      await expectUp(server);
      assert.ok((await ask()).status < 300);
    }
    const rows = Number(store.sql(server, 'SELECT count(seq) FROM secret_audit_logs')[0][0]);
    assert.equal(Number(store.sql(server, 'SELECT max(seq) FROM secret_audit_logs')[0][0]), rows, 'each number once');
    await server.stop();
    const { code, stdout } = await neocompute(['secret', 'audit', '--verify', '--database-url', options.args[1]], { env: keys });
    assert.equal(code, 0, stdout);
    await new Promise((resolve) => proxy.close(resolve));
    fs.rmSync(dir, { recursive: true });
  });

  it('jobs that need it are 503, the rest goes on, and it comes back', async () => {
    const server = await startServer(await store.fresh());
    await giveSecret(server, 'KEY', 'kept in PostgreSQL');
    assert.deepEqual(await server.output(READ), { size: 18 });
    store.control('stop');
    await expectDown(server);
    assert.equal((await server.metrics()).get('neocompute_secrets_store_up'), 0);
    assert.equal((await server.request('GET', '/info', { user: null })).json.secrets.store, 'down');
    store.control('start');
    await expectUp(server);
    // A restart between two requests is not noticed at all.
    store.control('stop');
    store.control('start');
    assert.deepEqual(await server.output(READ), { size: 18 });
    // Under load, no job ends otherwise than well or with 503.
    let stop = false;
    const load = inParallel(4, 4, async () => {
      const seen = new Set();
      while (!stop) seen.add((await server.execute(READ)).status);
      return [...seen];
    });
    store.control('stop');
    await until(async () => (await server.execute(READ)).status === 503, '503');
    store.control('start');
    await expectUp(server);
    stop = true;
    for (const seen of await load) assert.ok(seen.every((status) => status === 200 || status === 503), String(seen));
    const { code, stdout } = await neocompute(['secret', 'audit', '--verify', '--json', ...store.cliArgs(server)], { env: keys });
    assert.equal(code, 0, stdout);
    await server.stop();
  });

  it('answers a request that comes again under its key', async () => {
    const server = await startServer(await store.fresh());
    await giveSecret(server, 'KEY', 'kept in PostgreSQL');
    const options = { headers: { 'Idempotency-Key': 'once' } };
    store.control('stop');
    assert.equal((await server.execute(READ, options)).status, 503);
    store.control('start');
    await expectUp(server);
    assert.equal((await server.execute(READ, options)).json.status, 'completed');
    await server.stop();
  });
});

describe('a SQLite file goes bad', () => {
  const store = new Sqlite();

  it('locked by another program', async () => {
    const server = await startServer(await store.fresh());
    await giveSecret(server, 'KEY', 'kept in a file');
    const lock = await store.hold(server);
    const start = Date.now();
    const waiting = [];
    for (let i = 0; i < 4; i++) { // one after another, as owners' requests are run
      waiting.push(server.request('PUT', `/secrets/NEW${i}`, { body: { value: 'x' } }), server.execute(READ));
      await sleep(30);
    }
    assert.deepEqual(await server.output(PLAIN), { fine: true });
    for (const { status, headers } of await Promise.all(waiting)) {
      assert.equal(status, 503);
      assert.ok(headers['retry-after']);
    }
    assert.ok(Date.now() - start < 12000 * slow, 'who came meanwhile waits once more at most, not once for each before him');
    await lock.release();
    await expectUp(server);
    await server.stop();
  });

  it('damaged, or of another program', async () => {
    for (const [text, message] of [['this is no database'.repeat(400), /secrets.db/], ['', null]]) {
      const dataDir = temporary('damaged');
      fs.writeFileSync(path.join(dataDir, 'secrets.db'), text);
      if (message) {
        await refusesToStart({ ...await store.fresh({ dataDir }) }, message);
        assert.equal(fs.readFileSync(path.join(dataDir, 'secrets.db'), 'utf8'), text);
      } else {
        await (await startServer(await store.fresh({ dataDir }))).stop(); // an empty file is an empty database
        assert.equal(fs.statSync(path.join(dataDir, 'secrets.db')).mode & 0o777, 0o600);
      }
      fs.rmSync(dataDir, { recursive: true });
    }
  });

  describe('on a small disk', { skip: process.getuid() !== 0 && 'only root can mount' }, () => {
    let dataDir;
    before(() => {
      dataDir = temporary('disk');
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=755', 'none', dataDir]);
    });
    after(() => {
      execFileSync('umount', ['-l', dataDir]);
      fs.rmdirSync(dataDir);
    });

    it('full, then well again', async () => {
      const server = await startServer(await store.fresh({ dataDir }));
      await giveSecret(server, 'KEY', 'kept on a small disk');
      const filler = path.join(dataDir, 'filler');
      const fill = () => {
        const fd = fs.openSync(filler, 'w');
        for (let size = 65536; size >= 512; size /= 2) {
          try { for (;;) fs.writeSync(fd, Buffer.alloc(size)); } catch (error) { assert.equal(error.code, 'ENOSPC'); }
        }
        fs.closeSync(fd);
      };
      fill();
      // What fits into the log that is there already may still be written.
      await until(async () => (await server.request('PUT', '/secrets/BIG', { body: { value: 'x'.repeat(60000) } })).status === 503, 'a full disk');
      await until(async () => (await server.execute(READ)).status === 503, 'no room for an audit row', 15000);
      await expectDown(server, { writesOnly: true });
      fs.rmSync(filler);
      await expectUp(server);
      const { code, stdout } = await neocompute(['secret', 'audit', '--verify', '--json', '--data-dir', dataDir], { env: keys });
      assert.equal(code, 0, stdout);
      await server.stop();
    });
  });

  it('read-only from the start is refused, naming the file', { skip: process.getuid() !== 0 && 'only root can mount' }, async () => {
    const dataDir = temporary('readonly');
    const server = await startServer(await store.fresh({ dataDir }));
    await server.stop();
    execFileSync('mount', ['--bind', dataDir, dataDir]);
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', dataDir]);
      await refusesToStart(await store.fresh({ dataDir }), /Read-only|read-only|readonly/);
    } finally {
      execFileSync('umount', ['-l', dataDir]);
    }
    fs.rmSync(dataDir, { recursive: true });
  });
});

// The tables as the layer's gateway has them, and values as it seals them: AES-256-GCM by WebCrypto.
describe('a database that the existing gateway wrote', () => {
  const store = new Postgres();
  const user = 'c0ffee00-1234-4abc-8def-0123456789ab';
  const schema = `
    CREATE TABLE secrets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, name text NOT NULL,
      encrypted_value text NOT NULL, version integer NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (user_id, name));
    CREATE TABLE secret_policies (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, secret_name text NOT NULL,
      service_id text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (user_id, secret_name, service_id));
    CREATE TABLE secret_audit_logs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, secret_name text NOT NULL,
      action text NOT NULL CHECK (action IN ('create', 'read', 'update', 'delete', 'grant', 'revoke')), service_id text,
      ip_address inet, user_agent text, success boolean NOT NULL DEFAULT true, error_message text, created_at timestamptz NOT NULL DEFAULT now());`;
  let key;
  before(async () => {
    await store.open();
    key = await webcrypto.subtle.importKey('raw', Buffer.from(secretsKey, 'hex'), 'AES-GCM', false, ['decrypt']);
  });
  after(() => store.close());

  const seal = (value) => sealFirstFormat(secretsKey, value);
  const open = async (text) => {
    const bytes = Buffer.from(text, 'base64');
    return new TextDecoder().decode(await webcrypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes.subarray(0, 12) }, key, bytes.subarray(12)));
  };

  async function legacy(count) {
    let rows = '';
    for (let i = 0; i < count; i++) {
      rows += `INSERT INTO secrets (user_id, name, encrypted_value, version) VALUES ('${user}', 'OLD_${i}', '${await seal(`old value ${i} ключ`)}', ${i + 1});
        INSERT INTO secret_policies (user_id, secret_name, service_id) VALUES ('${user}', 'OLD_${i}', 'neocompute'), ('${user}', 'OLD_${i}', 'oracle');
        INSERT INTO secret_audit_logs (user_id, secret_name, action, service_id, ip_address) VALUES ('${user}', 'OLD_${i}', 'create', 'gateway', '192.0.2.7');\n`;
    }
    return store.fresh({ schema: schema + rows, args: ['--strict'], dataDir: temporary('legacy') });
  }
  const sealedOf = (server, name) => store.sql(server, `SELECT encrypted_value, version FROM secrets WHERE name = '${name}'`)[0];
  const sizeJob = (name) => ({ script: `function main(i, s) { return { v: s.${name}.length } }`, secret_refs: [name] });

  it('is read, used, updated and read back, and stays as it is', async () => {
    const server = await startServer(await legacy(5));
    const me = { user };
    const { json } = await server.request('GET', '/secrets', me);
    assert.deepEqual(json.secrets.map(({ name, version }) => [name, version]), [0, 1, 2, 3, 4].map((i) => [`OLD_${i}`, i + 1]));
    assert.equal(await reveal(server, 'OLD_2', me), 'old value 2 ключ');
    assert.deepEqual((await server.request('GET', '/secrets/OLD_2/policy', me)).json,
      { services: ['neocompute', 'oracle'], scripts: null, allow_output: false, guard: true });
    assert.deepEqual(await server.output(sizeJob('OLD_3'), me), { v: 16 });
    await putSecret(server, 'OLD_2', 'written by the service 🔑', me);
    await giveSecret(server, 'NEW', 'new here', {}, me);
    const [sealed, version] = sealedOf(server, 'OLD_2');
    assert.equal(await open(sealed), 'written by the service 🔑');
    assert.equal(version, '4');
    assert.equal(await open(sealedOf(server, 'NEW')[0]), 'new here');
    // The gateway writes on, and the service reads it.
    store.sql(server, `UPDATE secrets SET encrypted_value = '${await seal('from the gateway')}', version = version + 1 WHERE name = 'NEW';
      DELETE FROM secret_policies WHERE secret_name = 'OLD_1' AND service_id = 'neocompute';`);
    assert.deepEqual(await server.output(sizeJob('NEW'), me), { v: 16 });
    await refused(server, sizeJob('OLD_1'), 'not_allowed', 'OLD_1', me);
    // Rows of the gateway are in the log; ours have the columns that it knows.
    const entries = await auditOf(server, me);
    assert.equal(entries.filter((entry) => entry.service === 'gateway' && entry.address === '192.0.2.7').length, 5);
    assert.ok(entries.some((entry) => entry.action === 'read' && entry.success && entry.address === '127.0.0.1'));
    // Whose id is no UUID has nothing here; nobody else suffers from it.
    const stranger = { user: 'alice' };
    assert.deepEqual((await server.request('GET', '/secrets', stranger)).json.secrets, []);
    assert.equal((await server.request('GET', '/secrets/NEW', stranger)).status, 404);
    assert.equal((await server.request('PUT', '/secrets/NEW', { ...stranger, body: { value: 'x' } })).status, 400);
    const [mine] = await Promise.all([server.output(sizeJob('NEW'), me), refused(server, sizeJob('NEW'), 'not_found', 'NEW', stranger),
      refused(server, sizeJob('NEW'), 'not_found', 'NEW', { user: user.toUpperCase() })]);
    assert.deepEqual(mine, { v: 16 });
    const { code, stdout } = await neocompute(['secret', 'audit', '--verify', '--json', ...store.cliArgs(server)], { env: keys });
    assert.equal(code, 0, stdout);
    await server.stop();
    const again = await startServer({ ...store.beside(server, { args: ['--strict'] }), dataDir: server.dataDir });
    await putSecret(again, 'AFTER', 'still the first format', me);
    assert.equal(await open(sealedOf(again, 'AFTER')[0]), 'still the first format');
    await again.stop();
  });

  it('is rotated to the second format, killed in the middle', async () => {
    const count = 1500;
    const server = await startServer(await legacy(count));
    const formats = () => Number(store.sql(server, "SELECT count(*) FROM secrets WHERE encrypted_value LIKE 'nc2.%'")[0][0]);
    const rotate = ['secret', 'rotate', '--format', 'v2', ...store.cliArgs(server)];
    const child = spawn(binary, rotate, { env: { PATH: process.env.PATH, ...keys }, stdio: 'ignore' });
    await until(() => formats() > 0, 'the first rows of the second format');
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const half = formats();
    assert.ok(half > 0 && half < count, `killed too late: ${half}`);
    const me = { user };
    for (let i = 0; i < count; i += 100) assert.equal(await reveal(server, `OLD_${i}`, me), `old value ${i} ключ`);
    const { code, stderr } = await neocompute(rotate, { env: keys });
    assert.equal(code, 0, stderr);
    assert.equal(formats(), count);
    for (let i = 0; i < count; i += 50) assert.equal(await reveal(server, `OLD_${i}`, me), `old value ${i} ключ`);
    await server.stop();
    const again = await startServer({ ...store.beside(server, { args: ['--strict'] }), dataDir: server.dataDir });
    await putSecret(again, 'AFTER', 'the second format', me);
    assert.match(sealedOf(again, 'AFTER')[0], /^nc2\./);
    assert.deepEqual(await again.output(sizeJob('OLD_7'), me), { v: 16 });
    await again.stop();
  });
});
