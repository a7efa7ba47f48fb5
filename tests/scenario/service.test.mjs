// /health, /ready, /info, /metrics, /openapi.json, and where the service may listen.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { outputSignature } from '../lib/canonical.mjs';
import { neocompute } from '../lib/cli.mjs';
import { startServer } from '../lib/server.mjs';
import { masterKey } from '../lib/settings.mjs';

describe('service', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());
  const get = async (path) => (await server.request('GET', path, { user: null })).json;

  it('is healthy and ready, for anyone', async () => {
    assert.equal((await server.request('GET', '/health', { user: null })).status, 200);
    assert.equal((await server.request('GET', '/ready', { user: null })).status, 200);
  });

  it('tells what it is', async () => {
    const info = await get('/info');
    const text = JSON.stringify(info);
    assert.match(text, /"neocompute"/);
    assert.match(text, /[0-9a-f]{64}/, 'no engine digest');
    for (const field of ['total_jobs', 'running_jobs', 'result_ttl', 'cleanup_interval', 'isolation']) {
      assert.ok(text.includes(`"${field}"`), field);
    }
    assert.ok(!text.includes(masterKey.slice(0, 8)), 'the master key is shown');
  });

  it('lets no page of another origin call it: that is the gateway\'s to allow', async () => {
    const headers = {
      Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'x-user-id,content-type',
    };
    for (const [method, path, status] of [['OPTIONS', '/execute', 405], ['OPTIONS', '/secrets/A', 405],
      ['GET', '/jobs', 200], ['GET', '/attestation', 200]]) {
      const answer = await server.request(method, path, { headers });
      assert.equal(answer.status, status, path);
      for (const name of Object.keys(answer.headers)) assert.doesNotMatch(name, /^access-control-/);
    }
  });

  it('counts jobs by status and error code', async () => {
    const sum = async (pattern) => [...await server.metrics()]
      .filter(([name]) => pattern.test(name)).reduce((total, [, value]) => total + value, 0);
    const failed = /^neocompute_jobs\w*\{[^}]*(gas_exhausted)[^}]*\}$/;
    const before = await sum(failed);
    await server.failure({ script: 'function main() { for (;;); }', gas_limit: 1000000 });
    assert.equal(await sum(failed), before + 1);
  });

  it('writes metrics that Prometheus can read', async () => {
    const { text, headers } = await server.request('GET', '/metrics', { user: null });
    assert.match(headers['content-type'], /^text\/plain/);
    const types = new Set();
    for (const line of text.trimEnd().split('\n')) {
      assert.match(line,
        /^(# (HELP|TYPE) [a-z_:]+ .+|[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="[^"]*",?)*\})? -?[0-9.e+-]+|[\w:]+(\{.*\})? \+Inf)$/, line);
      const type = /^# TYPE ([\w:]+)/.exec(line);
      if (type) {
        assert.ok(!types.has(type[1]), `${type[1]} twice`);
        types.add(type[1]);
      }
    }
    for (const name of ['queue', 'worker', 'gas', 'memory', 'seconds']) {
      assert.ok([...types].some((type) => type.includes(name)), `nothing about ${name}`);
    }
    const all = await server.metrics();
    const buckets = [...all].filter(([name]) => /_bucket\{/.test(name));
    assert.ok(buckets.length > 0, 'no histogram');
  });

  it('serves an OpenAPI 3.1 document with every path', async () => {
    const document = await get('/openapi.json');
    assert.match(document.openapi, /^3\.1/);
    for (const path of ['/health', '/ready', '/info', '/execute', '/jobs', '/jobs/{id}', '/jobs/{id}/cancel', '/metrics', '/openapi.json']) {
      assert.ok(document.paths[path], path);
    }
  });

  it('writes no script, input, output or key into its log', async () => {
    await server.execute({ script: 'function main(i) { console.log("LOGGED-7431"); return "OUTPUT-7431" + i } // SCRIPT-7431', input: 'INPUT-7431' });
    await server.execute({ script: 'function main(i) { throw new Error("ERROR-7431") }' });
    await server.request('POST', '/execute', { body: '{"script": "BROKEN-7431' });
    assert.doesNotMatch(server.log, /7431/);
    assert.ok(!server.log.includes(masterKey.slice(0, 8)));
  });

  it('is small at rest and quick to start', async () => {
    const start = Date.now();
    const second = await startServer();
    await second.output('function main() { return 1 }');
    assert.ok(Date.now() - start < 2000);
    await second.stop();
  });
});

describe('listening', () => {
  it('refuses an address that others can reach', async () => {
    const { code, stderr } = await neocompute(['serve', '--listen', '0.0.0.0:0'], { ms: 5000 });
    assert.equal(code, 2);
    assert.match(stderr, /listen-insecure/);
  });

  it('listens there when told to, and says so loudly', async () => {
    const server = await startServer({ args: ['--listen', '0.0.0.0:0', '--listen-insecure'] });
    assert.match(server.log, /"level":"warn/);
    assert.match(server.log, /X-User-ID|identity|anybody|insecure/i);
    await server.stop();
  });

  it('says what is wrong with an option, and what would be right', async () => {
    for (const [args, names] of [
      [['--listen', 'nonsense'], /listen/], [['--listen', '127.0.0.1:99999'], /listen|port/], [['--workers', '0'], /workers.*1/s], [['--workers', 'many'], /workers/],
      [['--result-ttl', 'soon'], /result.ttl/i], [['--isolation', 'none'], /process|thread/], [['--nope'], /nope/], [['stray'], /stray/]]) {
      const { code, stderr } = await neocompute(['serve', ...args], { ms: 5000 });
      assert.equal(code, 2, `${args}: ${stderr}`);
      assert.match(stderr, names);
    }
    const { code, stderr } = await neocompute(['serve'], { env: { NEOCOMPUTE_WORKERS: 'x' }, ms: 5000 });
    assert.equal(code, 2);
    assert.match(stderr, /NEOCOMPUTE_WORKERS/);
  });

  it('makes a random key, with a warning, when none is given', async () => {
    const server = await startServer({ env: { COMPUTE_MASTER_KEY: undefined } });
    assert.match(server.log, /COMPUTE_MASTER_KEY/);
    assert.match((await server.execute('function main() {}')).json.signature, /^[0-9a-f]{64}$/);
    await server.stop();
  });

  const poor = {
    short: 'abcd',
    'one byte again and again': '5f'.repeat(32),
    counting: Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i)).toString('hex'),
    'a block again and again': 'correct horse 1! correct horse 1! ',
    'of few bytes': 'aabababbababbbabaabbbababbabaaababbbababba',
  };
  for (const [what, key] of Object.entries(poor)) {
    it(`with --strict refuses a master key that is ${what}; without, takes a random one`, async () => {
      const { code, stderr } = await neocompute(['serve', '--strict', '--listen', '127.0.0.1:0'],
        { env: { COMPUTE_MASTER_KEY: key }, ms: 5000 });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /COMPUTE_MASTER_KEY/);
      assert.ok(!stderr.includes(key));
      const server = await startServer({ env: { COMPUTE_MASTER_KEY: key } });
      assert.match(server.log, /a random master key is used/);
      const { json } = await server.execute('function main() {}');
      assert.notEqual(json.signature, outputSignature('{"result":null}', key));
      await server.stop();
    });
  }

  it('keeps its data directory tidy', async () => {
    const server = await startServer();
    await server.output('function main() { return 1 }');
    const files = fs.readdirSync(server.dataDir);
    assert.ok(files.length < 10, files.join());
    await server.stop();
  });
});
