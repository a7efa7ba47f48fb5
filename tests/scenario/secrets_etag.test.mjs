// Conditional requests (RFC 9110, 13): what one owner's programs have not seen they do not change.
// Everything here must pass on both stores.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { allow, auditOf, putSecret, reveal } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { Postgres, secretsKey, stores } from '../lib/stores.mjs';
import { inParallel } from '../lib/wait.mjs';

const TAG = /^"[0-9a-f]{32}"$/;

for (const store of stores) {
  describe(`ETags of secrets in ${store.name}`, () => {
    const user = { user: 'etag' };
    let server;
    before(async () => {
      await store.open();
      server = await startServer(await store.fresh());
    });
    after(async () => {
      await server.stop();
      await store.close();
    });

    const send = (method, target, headers = {}, body = undefined) =>
      server.request(method, `/secrets/${target}`, { ...user, headers, body });
    const put = (name, headers, value = 'x') => send('PUT', name, headers, { value });
    const tagOf = async (target) => (await send('GET', target)).headers.etag;
    const match = (etag) => ({ 'If-Match': etag });
    const absent = (etag) => ({ 'If-None-Match': etag });

    /** 412, with nothing changed. */
    async function refused(answer) {
      const { status, json, headers } = await answer;
      assert.deepEqual([status, json.error_code], [412, 'precondition_failed'], JSON.stringify(json));
      assert.equal(headers.etag, undefined);
    }

    it('guard value, rules and deletion', async () => {
      const { etag: one } = await putSecret(server, 'E', 'one', user);
      const changed = await put('E', match(one), 'two');
      const two = changed.headers.etag;
      assert.equal(changed.json.etag, two);
      assert.equal(await tagOf('E'), two);
      for (const etag of [one, `"${'0'.repeat(32)}"`]) await refused(put('E', match(etag), 'lost'));
      await refused(send('POST', 'E/reveal', match(one)));
      assert.equal((await send('POST', 'E/reveal', match(two))).json.value, 'two');
      const rules = await tagOf('E/policy');
      const after = (await send('PUT', 'E/policy', match(rules), { services: ['neocompute'] })).headers.etag;
      assert.equal(await tagOf('E/policy'), after);
      await refused(send('PUT', 'E/policy', match(rules), {}));
      assert.equal((await send('GET', 'E/policy')).json.services.length, 1);
      await refused(send('DELETE', 'E', match(one)));
      assert.equal((await send('DELETE', 'E', match(two))).status, 204);
      await refused(put('E', match(two)));
    });

    it('do not fit a namesake that came after', async () => {
      const { etag: old } = await putSecret(server, 'AGAIN', 'the first', user);
      const oldRules = await tagOf('AGAIN/policy');
      await send('DELETE', 'AGAIN');
      const { secret, etag } = await putSecret(server, 'AGAIN', 'the second', user);
      assert.equal(secret.version, 1);
      assert.notEqual(etag, old);
      await refused(put('AGAIN', match(old), 'lost'));
      await refused(send('DELETE', 'AGAIN', match(old)));
      await refused(send('PUT', 'AGAIN/policy', match(oldRules), { services: ['oracle'] }));
      // The same value and the same rules make no other tag of it.
      await send('DELETE', 'AGAIN');
      await putSecret(server, 'AGAIN', 'the second', user);
      await refused(put('AGAIN', match(etag), 'lost'));
      assert.equal(await reveal(server, 'AGAIN', user), 'the second');
    });

    it('of a secret, of its rules and of another secret are three things', async () => {
      await putSecret(server, 'A', 'same', user);
      await putSecret(server, 'B', 'same', user);
      const tags = [await tagOf('A'), await tagOf('A/policy'), await tagOf('B'), await tagOf('B/policy')];
      for (const tag of tags) assert.match(tag, TAG);
      assert.equal(new Set(tags).size, 4);
      for (const [target, body, mine] of [['A', { value: 'x' }, 0], ['A/policy', {}, 1]]) {
        for (const [i, tag] of tags.entries()) if (i !== mine) await refused(send('PUT', target, match(tag), body));
      }
      // A new value leaves the rules as they are, and the other way round.
      await put('A', match(tags[0]));
      assert.equal(await tagOf('A/policy'), tags[1]);
      const value = await tagOf('A');
      await send('PUT', 'A/policy', match(tags[1]), { services: ['neocompute'] });
      assert.equal(await tagOf('A'), value);
    });

    it('change with every change, also with one to what it was', async () => {
      const seen = new Set();
      for (let i = 1; i <= 3; i++) {
        const { secret, etag } = await putSecret(server, 'SAME', 'never another', user);
        assert.equal(secret.version, i);
        seen.add(etag);
      }
      for (let i = 0; i < 3; i++) seen.add((await send('PUT', 'SAME/policy', {}, { services: [] })).headers.etag);
      assert.equal(seen.size, 6);
    });

    it('can be sent as lists; weak ones change nothing', async () => {
      let { etag } = await putSecret(server, 'LIST', 'v', user);
      for (const list of ['"x", TAG', 'TAG,"x"', ',, TAG\t,', '"a,b" , W/"c", TAG', '*']) {
        const answer = await put('LIST', match(list.replace('TAG', etag)));
        assert.equal(answer.status, 200, list);
        etag = answer.headers.etag;
      }
      for (const list of ['W/TAG', '"x", W/TAG', '""', '"1"', '"2"', '"*"', '"a,TAG"'.replace('TAG', etag.slice(1, -1))]) {
        await refused(put('LIST', match(list.replace('TAG', etag)), 'lost'));
      }
      assert.equal(await tagOf('LIST'), etag);
    });

    it('must be well formed', async () => {
      await putSecret(server, 'FORM', 'v', user);
      for (const etag of ['1', '"1', '1"', '', ',', '"a" "b"', 'w/"a"', 'W/ "a"', '*, "a"', '"a", *', '**', '"a";b', '"a b"']) {
        for (const name of ['If-Match', 'If-None-Match']) {
          const { status, json } = await put('FORM', { [name]: etag });
          assert.deepEqual([status, json.error_code], [400, 'invalid_header'], `${name}: ${etag}`);
        }
      }
    });

    it('If-Match: * changes what is there, and makes nothing', async () => {
      await refused(put('STAR', match('*')));
      assert.equal((await send('GET', 'STAR')).status, 404);
      for (const [method, target, body] of [['DELETE', 'STAR'], ['PUT', 'STAR/policy', {}], ['GET', 'STAR'], ['POST', 'STAR/reveal']]) {
        assert.equal((await send(method, target, match('*'), body)).status, 404, `${method} ${target}`);
      }
      await putSecret(server, 'STAR', 'v', user);
      assert.equal((await put('STAR', match('*'))).json.secret.version, 2);
      assert.equal((await send('DELETE', 'STAR', match('*'))).status, 204);
    });

    it('If-None-Match: * makes a secret, and overwrites none', async () => {
      const made = await put('NEW', absent('*'), 'first');
      assert.equal(made.status, 201);
      await refused(put('NEW', absent('*'), 'second'));
      assert.equal(await reveal(server, 'NEW', user), 'first');
      for (const etag of [made.headers.etag, `W/${made.headers.etag}`, `"x", ${made.headers.etag}`]) await refused(put('NEW', absent(etag)));
      assert.equal((await put('NEW', absent('"x"'))).status, 200);
      assert.equal((await put('OTHER', absent('"x"'))).status, 201);
      // Both at once: If-Match comes first, and both must hold.
      const etag = await tagOf('NEW');
      await refused(put('NEW', { ...match(etag), ...absent('*') }));
      await refused(put('NEITHER', { ...match('*'), ...absent('*') }));
      assert.equal((await put('NEW', { ...match(etag), ...absent('"x"') })).status, 200);
      const entries = await auditOf(server, user);
      assert.ok(entries.some((entry) => entry.name === 'NEW' && entry.action === 'update' && !entry.success && entry.error === 'precondition_failed'));
    });

    it('If-None-Match spares a reader what it has', async () => {
      const { etag } = await putSecret(server, 'READ', 'v', user);
      for (const target of ['READ', 'READ/policy']) {
        const tag = await tagOf(target);
        for (const list of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
          const { status, text, headers } = await send('GET', target, absent(list));
          assert.deepEqual([status, text, headers.etag, headers['cache-control']], [304, '', tag, 'no-store'], `${target} ${list}`);
        }
        const { status, headers } = await send('HEAD', target, absent(tag));
        assert.deepEqual([status, headers.etag], [304, tag]);
        assert.equal((await send('GET', target, absent('"x"'))).status, 200);
        await refused(send('GET', target, match('"x"')));
        assert.equal((await send('GET', target, match(tag))).status, 200);
      }
      await refused(send('POST', 'READ/reveal', absent(etag)));
      assert.equal((await send('GET', 'NOWHERE', absent('*'))).status, 404);
    });

    describe('on two servers', () => {
      let second;
      before(async () => { second = await startServer(store.beside(server)); });
      after(() => second.stop());
      const on = (i) => (i % 2 ? server : second);

      it('are the same', async () => {
        await putSecret(server, 'BOTH', 'v', user);
        for (const target of ['/secrets/BOTH', '/secrets/BOTH/policy']) {
          assert.equal((await second.request('GET', target, user)).headers.etag, (await server.request('GET', target, user)).headers.etag);
        }
      });

      it('let one of many make a secret', async () => {
        for (let round = 0; round < 8; round++) {
          const statuses = await Promise.all(Array.from({ length: 12 }, async (_, i) => (await on(i).request('PUT', `/secrets/RACE${round}`,
            { ...user, headers: absent('*'), body: { value: `of ${i}` } })).status));
          assert.deepEqual(statuses.sort(), [201, ...Array(11).fill(412)]);
        }
      });

      it('lose no rule while others delete and make the secret again', async () => {
        let lives = 0;
        await inParallel(60, 12, async (i) => {
          const mine = on(i);
          if (i % 6 === 0) {
            await mine.request('DELETE', '/secrets/LIVES', user);
            const { status } = await mine.request('PUT', '/secrets/LIVES', { ...user, headers: absent('*'), body: { value: 'v' } });
            if (status === 201) lives++; // not lives += await: that reads it before the others have counted
            return;
          }
          for (;;) {
            const { status, headers, json } = await mine.request('GET', '/secrets/LIVES/policy', user);
            if (status === 404) return;
            if (json.services.length === 16) return;
            const services = [...json.services, `s${i}`];
            const answer = await mine.request('PUT', '/secrets/LIVES/policy', { ...user, headers: match(headers.etag), body: { services } });
            if (answer.status === 200) {
              assert.deepEqual(answer.json.services.toSorted(), services.toSorted());
              return;
            }
            assert.ok([404, 409, 412].includes(answer.status), answer.text);
          }
        });
        assert.ok(lives > 0);
      });
    });
  });
}

// What the other services of the layer write is theirs, and may be done without a new version.
describe('ETags of a live database', () => {
  const store = new Postgres();
  const user = { user: '00000000-0000-0000-0000-00000000000a' };
  const schema = `
    CREATE TABLE secrets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, name varchar(128) NOT NULL,
      encrypted_value text NOT NULL, version int NOT NULL DEFAULT 1, created_at timestamptz DEFAULT now(),
      updated_at timestamptz DEFAULT now(), UNIQUE (user_id, name));
    CREATE TABLE secret_policies (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, secret_name text NOT NULL,
      service_id text NOT NULL, created_at timestamptz DEFAULT now());
    CREATE TABLE secret_audit_logs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, secret_name text NOT NULL,
      action text NOT NULL, service_id text, ip_address text, user_agent text, success boolean NOT NULL, error_message text,
      created_at timestamptz DEFAULT now());
    CREATE ROLE gateway LOGIN; GRANT ALL ON secrets, secret_policies, secret_audit_logs TO gateway;`;
  let server;
  before(async () => {
    await store.open();
    server = await startServer(await store.fresh({ schema, args: ['--strict'] }));
  });
  after(async () => {
    await server.stop();
    await store.close();
  });

  /** As the existing gateway seals: nonce, ciphertext and tag in base64. */
  async function sealed(value) {
    const key = await webcrypto.subtle.importKey('raw', Buffer.from(secretsKey, 'hex'), 'AES-GCM', false, ['encrypt']);
    const iv = webcrypto.getRandomValues(new Uint8Array(12));
    const bytes = await webcrypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(value));
    return Buffer.concat([iv, Buffer.from(bytes)]).toString('base64');
  }
  const gateway = (sql) => store.sql(server, `SET ROLE gateway; ${sql}`);
  const insert = async (name, value) => gateway(`INSERT INTO secrets (user_id, name, encrypted_value) VALUES ('${user.user}', '${name}', '${await sealed(value)}')`);
  const grant = (name, service) => gateway(`INSERT INTO secret_policies (user_id, secret_name, service_id) VALUES ('${user.user}', '${name}', '${service}')`);
  const where = (name) => `WHERE user_id = '${user.user}' AND name = '${name}'`;
  const send = (method, target, etag, body) =>
    server.request(method, `/secrets/${target}`, { ...user, headers: etag ? { 'If-Match': etag } : {}, body });
  const tagOf = async (target) => (await send('GET', target)).headers.etag;

  it('there is one of a row that the gateway wrote', async () => {
    await insert('OLD', 'from before');
    const tag = await tagOf('OLD');
    assert.match(tag, TAG);
    const changed = await send('PUT', 'OLD', tag, { value: 'from here' });
    assert.equal(changed.json.secret.version, 2);
    assert.equal((await send('PUT', 'OLD', tag, { value: 'lost' })).status, 412);
    assert.equal(await reveal(server, 'OLD', user), 'from here');
  });

  it('the gateway changes them, with a new version or without', async () => {
    await insert('THEIRS', 'one');
    for (const change of ['', ', version = version + 1', ', updated_at = now()']) {
      const tag = await tagOf('THEIRS');
      gateway(`UPDATE secrets SET encrypted_value = '${await sealed('theirs')}'${change} ${where('THEIRS')}`);
      assert.equal((await send('PUT', 'THEIRS', tag, { value: 'lost' })).status, 412, change);
      assert.equal(await reveal(server, 'THEIRS', user), 'theirs');
    }
    const rules = await tagOf('THEIRS/policy');
    grant('THEIRS', 'oracle');
    assert.equal((await send('PUT', 'THEIRS/policy', rules, { services: [] })).status, 412);
    assert.deepEqual((await send('GET', 'THEIRS/policy')).json.services, ['oracle']);
    assert.equal((await send('PUT', 'THEIRS/policy', await tagOf('THEIRS/policy'), { services: ['neocompute'] })).status, 200);
  });

  it('nothing is left of a secret that the gateway deletes', async () => {
    await putSecret(server, 'GONE', 'one', user);
    await putSecret(server, 'GONE', 'two', user);
    await allow(server, 'GONE', { scripts: [{ sha256: 'ab'.repeat(32) }], allow_output: true, guard: false }, user);
    const [value, rules] = [await tagOf('GONE'), await tagOf('GONE/policy')];
    gateway(`DELETE FROM secret_policies WHERE secret_name = 'GONE'; DELETE FROM secrets ${where('GONE')}`);
    await insert('GONE', 'another');
    grant('GONE', 'neocompute');
    assert.deepEqual((await send('GET', 'GONE/policy')).json, { services: ['neocompute'], scripts: null, allow_output: false, guard: true });
    for (const [target, tag, body] of [['GONE', value, { value: 'lost' }], ['GONE/policy', rules, {}]]) {
      assert.equal((await send('PUT', target, tag, body)).status, 412);
    }
    for (const table of ['secret_versions', 'secret_scripts', 'secret_rules']) {
      assert.deepEqual(store.sql(server, `SELECT * FROM ${table} WHERE secret_name = 'GONE'`), [], table);
    }
  });

  it('nothing is left of one that was renamed, nor of all when the table is emptied', async () => {
    const oursOf = (name) => ['secret_versions', 'secret_scripts', 'secret_rules']
      .flatMap((table) => store.sql(server, `SELECT * FROM ${table} WHERE secret_name = '${name}'`));
    for (const [name, end] of [['BEFORE', `UPDATE secrets SET name = 'AFTERWARDS' ${where('BEFORE')}`], ['EMPTIED', 'TRUNCATE secrets']]) {
      await putSecret(server, name, 'one', user);
      await putSecret(server, name, 'two', user);
      await allow(server, name, { scripts: [{ sha256: 'ab'.repeat(32) }], guard: false }, user);
      assert.equal(oursOf(name).length, 3);
      store.sql(server, end);
      assert.deepEqual(oursOf(name), []);
    }
  });

  it('a secret that the gateway makes again while a change waits for it is another', async () => {
    const { etag } = await putSecret(server, 'MOMENT', 'one', user);
    const theirs = spawn('psql', ['-X', '-q', '-A', '-t', store.urlOf(server)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => theirs.once('exit', resolve));
    theirs.stdin.end(`SET ROLE gateway; BEGIN; DELETE FROM secrets ${where('MOMENT')};
      INSERT INTO secrets (user_id, name, encrypted_value) VALUES ('${user.user}', 'MOMENT', '${await sealed('theirs')}');
      SELECT 'made'; SELECT pg_sleep(0.5); COMMIT;`);
    await new Promise((resolve) => theirs.stdout.once('data', resolve));
    assert.equal((await send('PUT', 'MOMENT', etag, { value: 'lost' })).status, 412);
    await ended;
    assert.equal(await reveal(server, 'MOMENT', user), 'theirs');
  });
});
