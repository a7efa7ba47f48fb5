// Secrets over HTTP: their life, who may read them, and what keeps them in. Everything here must
// pass on both stores.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { allow, auditOf, giveSecret, putSecret, refused, reveal, sha256 } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { masterKey } from '../lib/settings.mjs';
import { secretsKey, stores } from '../lib/stores.mjs';
import { inParallel } from '../lib/wait.mjs';

const READ = 'function main(input, secrets) { return { size: secrets.KEY.length } }';
const ECHO = 'function main(input) { return input }';

for (const store of stores) {
  describe(`secrets in ${store.name}`, () => {
    let server;
    before(async () => {
      await store.open();
      server = await startServer(await store.fresh({ args: ['--user-running', '64'] }));
    });
    after(async () => {
      await server.stop();
      await store.close();
    });

    describe('the life of one', () => {
      const user = { user: 'life' };

      it('is made, shown without its value, changed, revealed and deleted', async () => {
        const made = await server.request('PUT', '/secrets/A.b-c_1', { ...user, body: { value: 'first value' } });
        assert.equal(made.status, 201);
        assert.equal(made.json.created, true);
        assert.equal(made.headers['cache-control'], 'no-store');
        const shown = await server.request('GET', '/secrets/A.b-c_1', user);
        assert.deepEqual(shown.json, made.json.secret);
        assert.doesNotMatch(shown.text, /first/);
        const changed = await server.request('PUT', '/secrets/A.b-c_1', { ...user, body: { value: 'second' } });
        assert.equal(changed.status, 200);
        assert.equal(changed.json.secret.version, 2);
        assert.equal(changed.json.secret.id, made.json.secret.id);
        assert.equal(await reveal(server, 'A.b-c_1', user), 'second');
        assert.equal((await server.request('DELETE', '/secrets/A.b-c_1', user)).status, 204);
        for (const [method, target] of [['GET', ''], ['DELETE', ''], ['POST', '/reveal'], ['GET', '/policy']]) {
          assert.equal((await server.request(method, `/secrets/A.b-c_1${target}`, user)).status, 404, `${method} ${target}`);
        }
      });

      it('keeps any UTF-8 up to 64 KiB, byte for byte', async () => {
        const values = ['', ' ', 'a\0b', 'line\nline\r\n', '🔑 ключ', '"\\/\b\f\n\r\t\u0001', 'x'.repeat(65536),
          '\u0001'.repeat(65536), 'é'.repeat(32768)];
        for (const value of values) {
          await putSecret(server, 'VALUE', value, user);
          assert.equal(await reveal(server, 'VALUE', user), value);
        }
      });

      it('refuses values that are too long or no UTF-8 strings', async () => {
        const bodies = [{ value: 'x'.repeat(65537) }, { value: 'é'.repeat(32769) }, { value: 1 }, { value: null }, {},
          { value: 'x', more: 1 }, [], '"x"', '{"value":"a","value":"b"}', '{"value":"\\ud800"}', '{"value":"a"',
          Buffer.from('7b2276616c7565223a22fffe227d', 'hex'), ''];
        for (const body of bodies) {
          const { status, json } = await server.request('PUT', '/secrets/BAD', { ...user, body });
          assert.equal(status, 400, JSON.stringify(body).slice(0, 60));
          assert.ok(json.error_code);
        }
        assert.equal((await server.request('GET', '/secrets/BAD', user)).status, 404);
      });

      it('refuses names outside its set', async () => {
        for (const name of ['..', '.x', '-x', '__proto__', '%F0%9F%94%91', 'a%00b', 'a b'.replace(' ', '%20'), 'x'.repeat(129), 'audit', 'a$']) {
          const { status } = await server.request('PUT', `/secrets/${name}`, { ...user, body: { value: 'x' } });
          assert.ok(status === 400 || status === 404 || status === 405, `${name}: ${status}`);
        }
        assert.equal((await server.request('PUT', '/secrets/../x', { ...user, body: { value: 'x' } })).status, 404);
        for (const name of ['x'.repeat(128), 'constructor', '0', '_', 'A.B-c_d']) {
          assert.equal((await putSecret(server, name, 'v', user)).secret.name, name);
        }
      });

      it('is nobody else\'s', async () => {
        await giveSecret(server, 'MINE', 'only mine', {}, user);
        for (const [method, target, body] of [['GET', ''], ['DELETE', ''], ['POST', '/reveal'], ['GET', '/policy'],
          ['PUT', '/policy', { services: [] }]]) {
          assert.equal((await server.request(method, `/secrets/MINE${target}`, { user: 'mallory', body })).status, 404);
        }
        assert.deepEqual((await server.request('GET', '/secrets', { user: 'mallory' })).json.secrets, []);
        const foreign = await refused(server, { script: READ, secret_refs: ['MINE'] }, 'not_found', 'MINE', { user: 'mallory' });
        const none = await refused(server, { script: READ, secret_refs: ['NONE'] }, 'not_found', 'NONE', { user: 'mallory' });
        assert.equal(foreign.error.replaceAll('MINE', 'NONE'), none.error);
        assert.equal(await reveal(server, 'MINE', user), 'only mine');
        assert.equal((await server.request('GET', '/secrets', { user: null })).status, 401);
      });
    });

    // What a database would keep in another way, or not at all, is refused before it comes there.
    it('refuses rules that it could not keep as they are', async () => {
      const user = { user: 'rules' };
      await putSecret(server, 'KEY', 'ruled', user);
      const untouched = (await server.request('GET', '/secrets/KEY/policy', user)).headers.etag;
      const script = { sha256: sha256(READ) };
      for (const policy of [{ scripts: [script, { ...script, sha256: script.sha256.toUpperCase() }] }, { scripts: [script, { ...script, entry_point: 'main' }] },
        { scripts: [{ ...script, entry_point: 'main\0x' }] }, { services: ['neocompute\0x'] },
        { services: ['neocompute:pinned'] }, { services: ['neocompute', 'neocompute:pinned'] }]) {
        const { status, json } = await server.request('PUT', '/secrets/KEY/policy', { ...user, body: policy });
        assert.deepEqual([status, json.error_code], [400, 'invalid_field'], JSON.stringify(policy));
      }
      assert.equal((await server.request('GET', '/secrets/KEY/policy', user)).headers.etag, untouched);
      assert.equal((await server.request('GET', '/info', { user: null })).json.secrets.store, 'up');
    });

    it('lists in pages, by name', async () => {
      const user = { user: 'pages' };
      await inParallel(25, 4, (i) => putSecret(server, `P${String(i).padStart(2, '0')}`, 'v', user));
      const names = [];
      let target = '/secrets?limit=10';
      for (let pages = 0; target; pages++) {
        assert.ok(pages < 4);
        const { json, headers } = await server.request('GET', target, user);
        names.push(...json.secrets.map((secret) => secret.name));
        target = /<([^>]+)>; rel="next"/.exec(headers.link)?.[1];
      }
      assert.deepEqual(names, Array.from({ length: 25 }, (_, i) => `P${String(i).padStart(2, '0')}`));
      for (const query of ['limit=0', 'limit=x', 'other=1', 'limit=1&limit=y']) {
        assert.equal((await server.request('GET', `/secrets?${query}`, user)).json.error_code, 'invalid_query', query);
      }
    });

    it('has room for 10 000 of a user, and no more', async () => {
      const rows = store.name === 'SQLite'
        ? `INSERT INTO secrets WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9998)
           SELECT 'id' || i, 'many', 'N' || printf('%05d', i), 'sealed', 1, 0, 0 FROM n;`
        : `INSERT INTO secrets SELECT gen_random_uuid(), 'many', 'N' || lpad(i::text, 5, '0'), 'sealed', 1, now(), now()
           FROM generate_series(0, 9998) i;`;
      store.sql(server, rows);
      const user = { user: 'many' };
      await putSecret(server, 'THE_LAST', 'fits', user);
      const { status, json } = await server.request('PUT', '/secrets/ONE_MORE', { ...user, body: { value: 'x' } });
      assert.equal(status, 400);
      assert.match(json.message, /10000 of 10000/);
      await putSecret(server, 'THE_LAST', 'a new version still fits', user);
      let target = '/secrets?limit=1000';
      let count = 0;
      while (target) {
        const page = await server.request('GET', target, user);
        count += page.json.secrets.length;
        target = /<([^>]+)>; rel="next"/.exec(page.headers.link)?.[1];
      }
      assert.equal(count, 10000);
      await allow(server, 'THE_LAST', {}, user);
      assert.deepEqual(await server.output({ script: 'function main(i, s) { return { v: s.THE_LAST.length } }', secret_refs: ['THE_LAST'] }, user), { v: 24 });
    });

    it('loses no update between two servers on one database', async () => {
      const user = { user: 'both' };
      const second = await startServer(store.beside(server));
      await putSecret(server, 'COUNT', '0', user);
      await inParallel(40, 8, async (i) => {
        const mine = i % 2 ? server : second;
        for (;;) {
          const { headers, json } = await mine.request('POST', '/secrets/COUNT/reveal', user);
          const { status } = await mine.request('PUT', '/secrets/COUNT', {
            ...user, headers: { 'If-Match': headers.etag }, body: { value: String(Number(json.value) + 1) },
          });
          if (status === 200) return;
          assert.ok(status === 412 || status === 409, String(status));
        }
      });
      assert.equal(await reveal(server, 'COUNT', user), '40');
      // Without If-Match each of them counts as well.
      await inParallel(20, 8, (i) => putSecret(i % 2 ? server : second, 'COUNT', `v${i}`, user));
      assert.equal((await server.request('GET', '/secrets/COUNT', user)).json.version, 61);
      // A new rule holds on the other server at once.
      await allow(server, 'COUNT', {}, user);
      const job = { script: 'function main(i, s) { return { n: s.COUNT.length } }', secret_refs: ['COUNT'] };
      await second.output(job, user);
      await allow(server, 'COUNT', { services: ['oracle'] }, user);
      await refused(second, job, 'not_allowed', 'COUNT', user);
      await second.stop();
    });

    describe('into the script', () => {
      const user = { user: 'jobs' };
      before(() => giveSecret(server, 'KEY', 'the value itself', {}, user));

      it('as frozen strings, by either name, twice once', async () => {
        const script = `function main(input, s) {
          try { s.KEY = 'x'; s.NEW = 1 } catch (e) {}
          return { names: Object.keys(s), frozen: Object.isFrozen(s), type: typeof s.KEY, same: s === secrets, size: s.KEY.length }
        }`;
        assert.deepEqual(await server.output({ script, secret_refs: ['KEY', 'secrets:KEY', 'KEY'] }, user),
          { names: ['KEY'], frozen: true, type: 'string', same: true, size: 16 });
      });

      it('whole, whatever the value', async () => {
        for (const value of ['a\0b', '🔑'.repeat(10), '\u2028', 'x'.repeat(65536)]) {
          await giveSecret(server, 'ODD', value, {}, user);
          const script = 'function main(input, s) { return { n: s.ODD.length, same: s.ODD === input.half + input.other } }';
          const half = Math.floor(value.length / 2);
          assert.deepEqual(await server.output({ script, secret_refs: ['ODD'], input: { half: value.slice(0, half), other: value.slice(half) } }, user),
            { n: value.length, same: true });
        }
      });

      it('refuses by name and reason, before the script starts', async () => {
        const job = (...refs) => ({ script: READ, secret_refs: refs });
        await refused(server, job('KEY', 'NONE'), 'not_found', 'NONE', user);
        for (const name of ['../x', '__proto__', '🔑', 'a b', "'; DROP TABLE secrets; --", '{"a"}', '\\', '%']) {
          await refused(server, job(name), 'not_found', name, user);
        }
        const nul = await server.failure(job('KEY\0x'), user);
        assert.match(nul.error, /^not_found: KEY/);
        await allow(server, 'KEY', { services: ['oracle'] }, user);
        const other = await refused(server, job('KEY'), 'not_allowed', 'KEY', user);
        assert.match(other.error, /services does not name neocompute/);
        await allow(server, 'KEY', {}, user);
        await refused(server, job(...Array.from({ length: 11 }, (_, i) => `S${i}`)), 'too_many', 'S10', user);
        const names = Array.from({ length: 10 }, (_, i) => `T${i}`);
        await inParallel(10, 4, (i) => giveSecret(server, names[i], `value number ${i}`, {}, user));
        const script = 'function main(i, s) { return { n: Object.keys(s).length } }';
        assert.deepEqual(await server.output({ script, secret_refs: [...names, 'secrets:T3'] }, user), { n: 10 });
      });

      it('refuses a row that does not open', async () => {
        await giveSecret(server, 'TRUNCATED', 'some value', {}, user);
        await giveSecret(server, 'FLIPPED', 'some value', {}, user);
        await giveSecret(server, 'SWAPPED_1', 'value one', {}, user);
        await giveSecret(server, 'SWAPPED_2', 'value two', {}, user);
        store.sql(server, `UPDATE secrets SET encrypted_value = substr(encrypted_value, 1, 40) WHERE name = 'TRUNCATED';
          UPDATE secrets SET encrypted_value = substr(encrypted_value, 1, 25) ||
            CASE substr(encrypted_value, 26, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(encrypted_value, 27) WHERE name = 'FLIPPED';
          UPDATE secrets SET encrypted_value = (SELECT encrypted_value FROM secrets WHERE name = 'SWAPPED_2') WHERE name = 'SWAPPED_1';`);
        for (const name of ['TRUNCATED', 'FLIPPED', 'SWAPPED_1']) {
          await refused(server, { script: READ, secret_refs: [name] }, 'cannot_decrypt', name, user);
          const shown = await server.request('POST', `/secrets/${name}/reveal`, user);
          assert.equal(shown.status, 500);
          assert.equal(shown.json.error_code, 'secret_unreadable');
        }
        assert.equal((await auditOf(server, user))[0].success, false);
      });
    });

    describe('pinned scripts', () => {
      const user = { user: 'pins' };
      const script = 'function main(i, s) { return { n: s.PIN.length } }\nfunction other() { return {} }\n// ключ';
      const job = (more = {}) => ({ script, secret_refs: ['PIN'], ...more });
      before(() => putSecret(server, 'PIN', 'a pinned value', user));

      it('have it, and no others', async () => {
        const rules = await allow(server, 'PIN', { scripts: [{ sha256: sha256(script) }] }, user);
        assert.deepEqual(rules.scripts, [{ sha256: sha256(script), entry_point: 'main', expires_at: null }]);
        assert.deepEqual(await server.output(job(), user), { n: 14 });
        // The hash is over the decoded string: how its JSON was spelled does not matter ...
        const spelled = `{"secret_refs":["PIN"],"script":"${[...script].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"}`;
        assert.equal((await server.request('POST', '/execute', { ...user, body: spelled })).json.status, 'completed');
        // ... and nothing is trimmed.
        for (const changed of [`${script} `, `\uFEFF${script}`, script.replace('\n', '\r\n')]) {
          const { error } = await refused(server, job({ script: changed }), 'not_allowed', 'PIN', user);
          assert.match(error, /pinned to other scripts/);
        }
        assert.match((await refused(server, job({ entry_point: 'other' }), 'not_allowed', 'PIN', user)).error, /another entry point/);
      });

      it('until their time is over', async () => {
        const entry = { sha256: sha256(script), entry_point: 'main' };
        await allow(server, 'PIN', { scripts: [{ ...entry, expires_at: '2001-01-31T12:00:00Z' }] }, user);
        assert.match((await refused(server, job(), 'not_allowed', 'PIN', user)).error, /expired/);
        await allow(server, 'PIN', { scripts: [{ ...entry, expires_at: '2101-01-31T12:00:00Z' }] }, user);
        await server.output(job(), user);
        await allow(server, 'PIN', { scripts: [] }, user);
        await refused(server, job(), 'not_allowed', 'PIN', user);
        await allow(server, 'PIN', { scripts: null }, user);
        await server.output(job(), user);
      });

      it('stand so that an older reader refuses', async () => {
        await allow(server, 'PIN', { scripts: [{ sha256: sha256(script) }] }, user);
        const rows = store.sql(server, "SELECT service_id FROM secret_policies WHERE user_id = 'pins'");
        assert.deepEqual(rows, [['neocompute:pinned']]);
        assert.deepEqual((await server.request('GET', '/secrets/PIN/policy', user)).json.services, ['neocompute']);
        // The pins vanish behind our back: then nobody has it, rather than everybody.
        store.sql(server, "DELETE FROM secret_scripts WHERE user_id = 'pins'; DELETE FROM secret_rules WHERE user_id = 'pins';");
        await refused(server, job(), 'not_allowed', 'PIN', user);
      });

      it('show gas and memory in 64ths of the limit', async () => {
        await allow(server, 'PIN', { scripts: [{ sha256: sha256(script) }] }, user);
        const { json } = await server.execute(job({ gas_limit: 64000000, memory_limit: 64 * 131072 }), user);
        assert.equal(json.status, 'completed', json.error);
        assert.equal(json.gas_used % 1000000, 0);
        assert.equal(json.memory_used % 131072, 0);
      });

      it('are refused where the rules are malformed', async () => {
        const bad = [{ services: 'x' }, { services: [''] }, { services: ['a', 'a'] }, { services: Array.from({ length: 17 }, (_, i) => `s${i}`) },
          { scripts: [{}] }, { scripts: [{ sha256: 'xy' }] }, { scripts: [{ sha256: sha256('x'), expires_at: 'soon' }] }, { scripts: {} },
          { scripts: Array.from({ length: 65 }, (_, i) => ({ sha256: sha256(String(i)) })) }, { allow_output: 1 }, { guard: 'off' }, { more: 1 }, [], ''];
        for (const body of bad) {
          assert.equal((await server.request('PUT', '/secrets/PIN/policy', { ...user, body })).status, 400, JSON.stringify(body).slice(0, 80));
        }
      });
    });

    describe('the leak guard', () => {
      const user = { user: 'guard' };

      // Who may only choose the input of the owner's script knows how the value begins, and asks what
      // comes next: of a guess that is right and one that is wrong, from every place.
      it('does not tell a pinned value one character after another', async () => {
        const script = 'function main(input) { for (const text of input) console.log(text); return {} }';
        const known = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.`;
        const secret = `${known}eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U`;
        await giveSecret(server, 'JWT', secret, { scripts: [{ sha256: sha256(script) }] }, user);
        let caught = 0;
        for (let size = known.length; size < known.length + 24; size++) {
          const starts = Array.from({ length: 36 }, (_, i) => size - i).filter((start) => start >= 0);
          const guesses = starts.flatMap((start) => ['', '#'].map((c) => `${secret.slice(start, size)}${c || secret[size]}`));
          const { json } = await server.execute({ script, secret_refs: ['JWT'], input: guesses }, user);
          const shown = json.logs.map((line, i) => (line === guesses[i] ? 'shown' : line));
          caught += shown.filter((line) => line === '[secret JWT]').length;
          if ((size + 1) % 16 === 0) continue; // here a whole piece is guessed
          starts.forEach((start, i) => assert.equal(shown[2 * i], shown[2 * i + 1], `${size} from ${start}`));
        }
        assert.ok(caught > 100);
      });

      const value = 'sk-live-0123456789ABCDEFGHIJ+/?&=ü-tail';
      const bytes = Buffer.from(value);
      const percent = (upper) => [...bytes].map((b) => `%${upper ? b.toString(16).toUpperCase().padStart(2, '0') : b.toString(16).padStart(2, '0')}`).join('');
      const spellings = {
        'as it is': value,
        'within text': `before ${value} after`,
        reversed: bytes.toString('latin1').split('').reverse().join(''),
        'hex': bytes.toString('hex'),
        'HEX': bytes.toString('hex').toUpperCase(),
        'base64': bytes.toString('base64'),
        'base64, one byte before': Buffer.concat([Buffer.from('x'), bytes]).toString('base64'),
        'base64, two bytes before': Buffer.concat([Buffer.from('xy'), bytes]).toString('base64'),
        'base64url': bytes.toString('base64url'),
        'percent-encoded': encodeURIComponent(value),
        'percent-encoded whole': percent(true),
        'percent-encoded in small letters': percent(false),
      };
      // An ASCII value, so that reversing bytes is reversing characters.
      spellings.reversed = 'drawkcab-eulav-terces-a-si-siht-eulav';
      before(async () => {
        await giveSecret(server, 'LEAK', value, {}, user);
        await giveSecret(server, 'BACK', [...spellings.reversed].reverse().join(''), {}, user);
        await giveSecret(server, 'SHORT', 'seven77', {}, user);
      });
      const job = (script, input, more = {}) => ({ script, input, secret_refs: ['LEAK', 'BACK'], ...more });

      for (const [name, text] of Object.entries(spellings)) {
        const secret = name === 'reversed' ? 'BACK' : 'LEAK';
        it(`refuses an output with it ${name}`, async () => {
          for (const [input, where] of [[{ a: { b: [0, text] } }, '/a/b/1'], [{ a: { [text]: 1 } }, '/a']]) {
            const failed = await server.failure(job(ECHO, input), user);
            assert.equal(failed.error_code, 'secret_leak');
            assert.ok(failed.error.includes(`: ${secret}, at "${where}"`), failed.error);
            assert.ok(!JSON.stringify(failed).includes(text));
          }
        });

        it(`redacts it ${name} in logs, error and stack`, async () => {
          const script = `function main(input) {
            console.log('log', input.t); console.log(input.t.slice(0, 9), [input.t]);
            const f = { f() { throw new Error('message ' + input.t) } }.f;
            Object.defineProperty(f, 'name', { value: input.t });
            f();
          }`;
          const failed = await server.failure(job(script, { t: text }), user);
          assert.equal(failed.error_code, 'script_error');
          assert.ok(failed.error.includes(`message `) && failed.error.includes(`[secret ${secret}]`), failed.error);
          assert.ok(failed.logs[0].includes(`[secret ${secret}]`), failed.logs[0]);
          assert.ok(!JSON.stringify([failed.error, failed.logs]).includes(text));
        });
      }

      it('looks across the cut of a long log entry', async () => {
        const failed = await server.failure(job(
          `function main(input) { console.log('x'.repeat(4096 - 20) + input.t); throw 'e'.repeat(input.n) + input.t }`, { t: value, n: 3000 }), user);
        assert.ok(!JSON.stringify(failed.logs).includes(value.slice(0, 12)), failed.logs[0].slice(-80));
        assert.ok(!failed.error.includes(value.slice(0, 12)));
      });

      it('leaves values under 8 bytes and guard: false alone', async () => {
        const out = { script: ECHO, input: { x: 'seven77' }, secret_refs: ['SHORT'] };
        assert.deepEqual(await server.output(out, user), { x: 'seven77' });
        await giveSecret(server, 'password1', 'password1', { guard: false }, user);
        assert.deepEqual(await server.output({ script: ECHO, input: { x: 'password1' }, secret_refs: ['password1'] }, user), { x: 'password1' });
      });

      it('lets a value out where its owner and the request say so, and only then', async () => {
        await giveSecret(server, 'OUT', 'may leave in the output', { allow_output: true }, user);
        const script = 'function main(i, s) { console.log(s.OUT); return { v: s.OUT, w: i } }';
        const ask = (allow_secret_output, input = {}, refs = ['OUT']) => ({ script, input, secret_refs: refs, allow_secret_output });
        assert.equal((await server.failure(ask(false), user)).error_code, 'secret_leak');
        const { json } = await server.execute(ask(true), user);
        assert.equal(json.output.v, 'may leave in the output');
        assert.deepEqual(json.logs, ['[secret OUT]'], 'logs are redacted all the same');
        assert.equal((await server.failure(ask(true, { x: value }, ['OUT', 'LEAK']), user)).error_code, 'secret_leak');
        await allow(server, 'OUT', {}, user);
        assert.equal((await server.failure(ask(true), user)).error_code, 'secret_leak');
      });
    });

    describe('the audit log', () => {
      const user = { user: 'audited', headers: { 'User-Agent': 'a test/1.0' } };

      it('has who, what, for which job, and why not', async () => {
        await putSecret(server, 'A', 'audited value', user);
        await putSecret(server, 'A', 'audited value 2', user);
        await allow(server, 'A', { scripts: [{ sha256: sha256(READ) }] }, user);
        await server.request('POST', '/secrets/A/reveal', user);
        const script = 'function main(i, s) { return { n: s.A.length } }';
        await allow(server, 'A', {}, user);
        const { json: job } = await server.execute({ script, secret_refs: ['A'] }, user);
        await refused(server, { script, secret_refs: ['A', 'B'] }, 'not_found', 'B', user);
        await allow(server, 'A', { services: [] }, user);
        await server.request('DELETE', '/secrets/A', user);
        await server.request('DELETE', '/secrets/A', user);
        const entries = (await auditOf(server, user)).reverse();
        assert.deepEqual(entries.map(({ action, name, success, error }) => [action, name, success, error]), [
          ['create', 'A', true, undefined],
          ['update', 'A', true, undefined],
          ['grant', 'A', true, undefined],
          ['read', 'A', true, undefined],
          ['grant', 'A', true, undefined],
          ['read', 'A', true, undefined],
          ['read', 'A', false, 'withheld: another secret of the job was refused'],
          ['read', 'B', false, 'not_found'],
          ['revoke', 'A', true, undefined],
          ['delete', 'A', true, undefined],
          ['delete', 'A', false, 'not_found'],
        ]);
        for (const entry of entries) {
          assert.equal(entry.service, 'neocompute');
          assert.equal(entry.address, '127.0.0.1');
          assert.equal(entry.user_agent, 'a test/1.0');
          assert.equal(entry.job_id !== undefined, entry.script_sha256 !== undefined);
        }
        assert.equal(entries[5].job_id, job.job_id);
        assert.equal(entries[5].script_sha256, sha256(script));
        assert.ok(!JSON.stringify(entries).includes('audited value'));
      });

      it('calls a grant what lets more than before, whatever else it takes away', async () => {
        const who = { user: 'grants' };
        const pinned = { scripts: [{ sha256: sha256(READ) }] };
        const steps = [
          [pinned, 'grant'],
          [{}, 'grant'], // any script now, though the document names one less
          [pinned, 'revoke'],
          [{ scripts: [{ sha256: sha256(ECHO) }] }, 'grant'],
          [{ scripts: [] }, 'revoke'],
          [{ scripts: [], guard: false }, 'grant'],
          [{ scripts: [] }, 'revoke'],
          [{ scripts: [], services: [], allow_output: true }, 'grant'],
        ];
        await putSecret(server, 'G', 'granted value', who);
        for (const [policy] of steps) await allow(server, 'G', policy, who);
        const actions = (await auditOf(server, who)).reverse().map((entry) => entry.action);
        assert.deepEqual(actions, ['create', ...steps.map(([, action]) => action)]);
      });

      it('takes a page from an entry only', async () => {
        for (const before of ['-1', 'abc', '1x', '9'.repeat(19), '99999999999999999999'])
          assert.equal((await server.request('GET', `/secrets/audit?before=${before}`, user)).json.error_code, 'invalid_query', before);
      });

      it('comes in pages, newest first, of this user alone', async () => {
        const all = await auditOf(server, user);
        const ids = [];
        let target = '/secrets/audit?limit=4';
        while (target) {
          const { json, headers } = await server.request('GET', target, user);
          assert.ok(json.entries.length <= 4);
          ids.push(...json.entries.map((entry) => entry.id));
          target = /<([^>]+)>; rel="next"/.exec(headers.link)?.[1];
        }
        assert.deepEqual(ids, all.map((entry) => entry.id));
        assert.deepEqual(await auditOf(server, { user: 'nobody-at-all' }), []);
      });

      it('is whole, and shows rows that others wrote as theirs', async () => {
        const uuid = store.name === 'SQLite' ? '1234567' : 'gen_random_uuid()';
        const now = store.name === 'SQLite' ? '0' : 'now()';
        store.sql(server, `INSERT INTO secret_audit_logs (id, user_id, secret_name, action, service_id, success, created_at)
          VALUES (${uuid}, 'audited', 'A', 'read', 'oracle', true, ${now})`);
        const { code, stdout, stderr } = await neocompute(['secret', 'audit', '--verify', '--json', ...store.cliArgs(server)],
          { env: { COMPUTE_MASTER_KEY: masterKey, SECRETS_MASTER_KEY: secretsKey } });
        assert.equal(code, 0, stdout + stderr);
        const report = JSON.parse(stdout);
        assert.equal(report.foreign, 1);
        assert.equal(report.rows, report.chained + 1);
        assert.equal((await auditOf(server, user)).some((entry) => entry.service === 'oracle'), true);
      });
    });

    it('counts and says whether the store is up', async () => {
      const metrics = await server.metrics();
      assert.equal(metrics.get('neocompute_secrets_store_up'), 1);
      for (const name of ['resolved', 'refused', 'batches', 'audit_rows']) {
        assert.ok(metrics.get(`neocompute_secrets_${name}_total`) > 0, name);
      }
      assert.equal((await server.request('GET', '/info', { user: null })).json.secrets.store, 'up');
    });

    it('warns of secrets without a list', async () => {
      const user = { user: 'unlisted' };
      await putSecret(server, 'U', 'no list at all', user);
      await server.output({ script: 'function main(i, s) { return { n: s.U.length } }', secret_refs: ['U'] }, user);
      assert.equal((await auditOf(server, user))[0].error, 'allowed without a list of services');
      assert.match(server.log, /without a list of services/);
    });
  });
}
