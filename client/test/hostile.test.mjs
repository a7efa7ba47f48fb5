// Gateways and services that lie. None may get plaintext, and none may be believed.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { NeoCompute, verifyReceipt } from '../dist/index.js';
import { BATCH, Service, b64u, canonical, problem } from './lib/service.mjs';

const script = 'function main(input) { return { echo: input } }';
let service, foreign, client;

beforeEach(async () => {
  service = await Service.start();
  foreign = await Service.start({ label: 'gateway' });
  client = clientOf();
});

const clientOf = (attestation = { identityKey: service.identity.jwk, allowSimulation: true }) => (
  new NeoCompute({ url: 'http://service.test', userId: 'alice', fetch: service.fetch, attestation }));

const isClaims = ({ path }) => path.startsWith('/attestation');
const answers = (body) => ({ status: 200, headers: { 'content-type': 'application/json' }, body });
const showing = (bundle) => (answer, call) => (isClaims(call) ? answers(JSON.stringify(bundle)) : answer);

/** The answer to /execute, changed; claims stay true. */
function lying(change) {
  service.tamper = async (answer, call) => (isClaims(call) ? answer : {
    ...answer, body: await change(answer.body, service.last),
  });
}

const refuses = (call, name, code) => assert.rejects(call, (error) => {
  assert.deepEqual([error.name, error.code], [name, code], error.stack);
  return true;
});

describe('a gateway that swaps keys gets no plaintext', () => {
  const swaps = {
    'the whole bundle': () => [foreign.now.bundle, 'identity'],
    'the claims': () => [{ ...service.now.bundle, claims: foreign.now.claims }, 'claims'],
    'claims and digest': () => [
      { ...service.now.bundle, claims: foreign.now.claims, claims_sha256: foreign.now.digest }, 'identity'],
    'only the keys in them': () => {
      const claims = canonical({ ...JSON.parse(service.now.claims),
        hpke_keys: JSON.parse(foreign.now.claims).hpke_keys });
      return [{ ...service.now.bundle, claims }, 'claims'];
    },
    'the bundle, naming the right identity': () => [
      { ...foreign.now.bundle, identity_key: service.identity.jwk }, 'identity'],
  };
  for (const [name, make] of Object.entries(swaps)) {
    it(name, async () => {
      const [bundle, code] = make();
      service.tamper = showing(bundle);
      await refuses(client.executeSealed({ script }), 'TrustError', code);
      await refuses(client.secrets.set('KEY', 'value'), 'TrustError', code);
      assert.equal(service.count('POST') + service.count('PUT'), 0);
    });
  }

  it('after it said that the key is retired, with its own key in the problem', async () => {
    await client.executeSealed({ script });
    const bundle = foreign.now.bundle;
    service.tamper = (answer, call) => (isClaims(call) ? answers(JSON.stringify(bundle))
      : problem(400, 'sealed_key_unknown', { keys: [b64u(foreign.now.hpke[0].configuration)], bundle }));
    await refuses(client.executeSealed({ script }), 'TrustError', 'identity');
    assert.equal(service.count('POST'), 2); // the second was sealed to the key that was verified before
  });

  it('where only the first identity is believed', async () => {
    client = clientOf({ allowSimulation: true });
    await client.executeSealed({ script });
    await service.rotate();
    service.tamper = showing(foreign.now.bundle);
    await refuses(client.executeSealed({ script }), 'TrustError', 'identity');
  });

  it('with the claims of keys that are over', async () => {
    const [old] = service.boots;
    service.boots.unshift(await (await Service.start({ age: 7200, lifetime: 3600 })).now);
    service.tamper = showing(service.boots[0].bundle);
    await refuses(client.executeSealed({ script }), 'TrustError', 'validity');
    service.tamper = showing(old.bundle);
    await client.executeSealed({ script });
  });
});

describe('answers that are not true', () => {
  const changed = {
    'another output': [(body) => body.replace('"echo":{', '"echo":{"x":1'), 'ReceiptError', 'output'],
    'white space in the output': [(body) => body.replace('"output":{', '"output":{ '), 'ReceiptError', 'output'],
    'no output': [(body) => body.replace(/"output":.*?,"logs"/, '"logs"'), 'ReceiptError', 'output'],
    'output twice': [(body) => body.replace('"logs"', '"output":{},"logs"'), 'NetworkError', 'malformed'],
    'failed': [(body) => body.replace('completed', 'failed'), 'ReceiptError', 'status'],
    'an error code': [(body) => body.replace('"logs"', '"error_code":"timeout","logs"'), 'ReceiptError', 'status'],
    'another job id': [(body) => body.replace(/"job_id":"./, '"job_id":"x'), 'ReceiptError', 'job'],
    'another salt': [(body) => body.replace(/"receipt_salt":"./, '"receipt_salt":"_'), 'ReceiptError', 'user'],
    'no salt': [(body) => body.replace(/,"receipt_salt":"[^"]*"/, ''), 'ReceiptError', 'user'],
    'other gas': [(body) => body.replace('15043', '15044'), 'ReceiptError', 'usage'],
    'other limits': [(body) => body.replace('"timeout":30', '"timeout":31'), 'ReceiptError', 'limits'],
    'another app': [(body) => body.replace('"logs"', '"app_id":"x","logs"'), 'ReceiptError', 'labels'],
    'another hash': [(body) => body.replace(/"output_hash":"../, '"output_hash":"xx'), 'ReceiptError', 'output'],
    'another start': [(body) => body.replace(/"started_at":"2/, '"started_at":"3'), 'ReceiptError', 'start'],
    'a clock read': [(body) => body.replace('"nondeterminism":[]', '"nondeterminism":["clock"]'),
      'ReceiptError', 'nondeterminism'],
    'no receipt': [(body) => body.replace(/"receipt":"[^"]*"/, '"receipt":null'), 'ReceiptError', 'missing'],
    'cut': [(body) => body.slice(0, -1), 'NetworkError', 'malformed'],
    'another output, as if it were encrypted': [(body) => body.replace('"echo":{', '"echo":{"x":1')
      .replace('"logs"', '"encrypted_output":"AA==","logs"'), 'ReceiptError', 'output'],
    'another output, with an encrypted one of null': [(body) => body.replace('"echo":{', '"echo":{"x":1')
      .replace('"logs"', '"encrypted_output":null,"logs"'), 'ReceiptError', 'output'],
    'an encrypted output that nobody asked for': [(body) => body
      .replace('"logs"', '"encrypted_output":"AA==","logs"'), 'ReceiptError', 'encrypt_to'],
  };
  for (const [name, [change, error, code]] of Object.entries(changed)) {
    it(name, async () => {
      lying(change);
      await refuses(client.execute({ script, input: {} }), error, code);
    });
  }

  it('what the client itself would say', async () => {
    lying((body) => body.replace('"logs"', '"verification":{"simulation":false},"outputJson":"1","logs"'));
    const job = await client.execute({ script, input: {} });
    assert.equal(job.verification.simulation, true);
    assert.equal(job.outputJson, '{"echo":{}}');
    const bare = await client.execute({ script, input: {} }, { verify: false });
    assert.equal(bare.verification, undefined);
  });

  const unproved = { sealed: '"sealed":true,', running: '"status":"running",' };
  for (const [name, member] of Object.entries(unproved)) {
    it(`an output of a job that is said to be ${name}`, async () => {
      const { job_id } = await client.execute({ script, input: {} });
      lying((body) => body.replace('"echo":{', '"echo":{"x":1').replace('"status":"completed",',
        name === 'sealed' ? `${member}"status":"completed",` : member)
        .replace('"logs"', '"verification":{},"logs"'));
      await refuses(client.job(job_id), 'ReceiptError', 'output');
    });
  }

  it('a sealed or running job as it is shows nothing, and so needs no proof', async () => {
    const { job_id } = await client.execute({ script, input: {} });
    const started_at = new Date().toISOString();
    const shown = [
      { job_id, sealed: true, started_at, status: 'completed', sealed_response: 'AA' },
      { job_id, status: 'running', queued: true, started_at, app_id: 'a',
        limits: { timeout: 30, gas_limit: 1000, memory_limit: 4194304 } },
    ];
    for (const job of shown) {
      lying(() => JSON.stringify(job));
      assert.deepEqual(await client.job(job_id), job);
    }
  });

  it('the receipt of another job', async () => {
    const { receipt } = await client.execute({ script, input: { other: 1 } });
    lying((body) => body.replace(/"receipt":"[^"]*"/, `"receipt":"${receipt}"`));
    await refuses(client.execute({ script, input: { a: 1 } }), 'ReceiptError', 'input');
  });

  it('an answer from before, whole', async () => {
    let first;
    lying((body) => { first = body; return body; });
    await client.execute({ script });
    lying(() => first);
    await refuses(client.execute({ script }), 'ReceiptError', 'nonce');
    await refuses(client.execute({ script, input: 1 }), 'ReceiptError', 'input');
  });

  it('for another user', async () => {
    service.state = (claims, job) => ({ ...claims, sub: claims.sub.replace(/./, (c) => (c === '0' ? '1' : '0')), job: job.job_id });
    await refuses(client.execute({ script }), 'ReceiptError', 'user');
  });

  const stated = {
    'more time than was asked for': [{ timeout_ms: 30000 }, { timeout: 2 }, 'limits'],
    'a secret that was not asked for': [{ secrets: [{ name: 'KEY', version: 1 }] }, {}, 'secrets'],
    'another entry point': [{ entry_point: 'other' }, {}, 'entry_point'],
    'another script': [{ script_sha256: '0'.repeat(64) }, {}, 'script'],
    'another app': [{ app_id: 'other' }, {}, 'labels'],
    'a sealed job in the clear': [{ sealed: true }, {}, 'sealed'],
    'issued an hour ago': [{ iat: Math.floor(Date.now() / 1000) - 3600 }, {}, 'validity'],
    'issued before the call': [{ iat: Math.floor(Date.now() / 1000) - 100 }, {}, 'age', 7200],
    'issued tomorrow': [{ iat: Math.floor(Date.now() / 1000) + 86400 + 3600 }, {}, 'validity'],
    'encrypted to somebody': [{ encrypt_to: 'x' }, {}, 'encrypt_to'],
  };
  for (const [name, [claims, request, code, age]] of Object.entries(stated)) {
    it(name, async () => {
      if (age) service = await Service.start({ age });
      client = clientOf();
      service.state = (all) => ({ ...all, ...claims });
      await refuses(client.execute({ script, ...request }), 'ReceiptError', code);
    });
  }
});

// All pieces are real, signed, and of the identity that is pinned; only all of one boot may pass.
describe('pieces of several boots', () => {
  /** What is judged first, of (receipt, claims, digest, statement) by the number of their boot. */
  const refusal = (receipt, claims, digest, statement) => {
    if (digest !== claims) return 'claims';
    if (statement !== claims) return 'statement';
    return receipt === claims ? undefined : 'claims';
  };

  it('are refused by name, in every mixture', async () => {
    await service.rotate();
    await service.rotate();
    const trust = { identityKey: service.identity.jwk, allowSimulation: true };
    const job = { job_id: '01a2064b-9058-730d-8990-000000000000', user: 'alice', salt: Buffer.alloc(32, 1),
      script, entry_point: 'main', input: '{}', output: '{"echo":{}}', started: new Date().toISOString() };
    const receipts = await Promise.all(service.boots.map((keys) => service.receipt(job, { keys })));
    for (let mixture = 0; mixture < 3 ** 4; mixture += 1) {
      const of = [0, 1, 2, 3].map((i) => Math.floor(mixture / 3 ** i) % 3);
      const [receipt, claims, digest, statement] = of;
      const bundle = { ...service.boots[claims].bundle, claims_sha256: service.boots[digest].digest,
        statement: service.boots[statement].bundle.statement };
      const judged = verifyReceipt(receipts[receipt], bundle, trust, { jobId: job.job_id });
      const code = refusal(...of);
      if (code) await assert.rejects(judged, { name: 'ReceiptError', code }, `${of}`);
      else assert.ok((await judged).checks.every(({ ok }) => ok), `${of}`);
    }
  });
});

describe('receipts that are none', () => {
  const forged = {
    'alg none': [({ job }) => {
      const header = { alg: 'none', kid: service.now.result.jwk.kid, typ: 'neocompute-receipt+jwt' };
      return `${b64u(JSON.stringify(header))}.${b64u(canonical(service.claims(job)))}.`;
    }, 'algorithm'],
    'of the type of a batch': [({ job }) => service.receipt(job, { typ: BATCH }), 'type'],
    'of the type of a nonce': [({ job }) => service.receipt(job, { typ: 'neocompute-freshness+jwt' }), 'type'],
    'signed by the gateway': [({ job }) => foreign.receipt(job, { keys: {
      ...foreign.now, digest: service.now.digest } }), 'key'],
    'signed by the gateway under the right kid': [({ job }) => foreign.receipt(job, {
      keys: { ...foreign.now, digest: service.now.digest },
      header: { kid: service.now.result.jwk.kid } }), 'signature'],
    'the path of another leaf': [async ({ job }) => {
      const receipts = await service.batch([job, { ...job, job_id: 'other' }, { ...job, job_id: 'third' }]);
      const [payload, , jws] = receipts[0].split('~');
      return [payload, receipts[1].split('~')[1], jws].join('~');
    }, 'path'],
    'another leaf of the same batch': [async ({ job }) => (
      (await service.batch([job, { ...job, job_id: 'other' }]))[1]), 'job'],
  };
  for (const [name, [make, code]] of Object.entries(forged)) {
    it(name, async () => {
      lying(async (body, last) => body.replace(/"receipt":"[^"]*"/, `"receipt":"${await make(last)}"`));
      await refuses(client.execute({ script }), 'ReceiptError', code);
    });
  }

  it('by keys of the gateway, with its claims', async () => {
    service.tamper = async (answer, { path, body }) => {
      if (path === '/execute') return answers(await foreign.execute(JSON.parse(body), body));
      return answers(JSON.stringify(foreign.now.bundle));
    };
    await refuses(client.execute({ script }), 'TrustError', 'identity');
  });

  it('by a retired key that leaked', async () => {
    const old = await service.rotate({ age: 7200, lifetime: 3600 });
    await service.rotate();
    service.tamper = async (answer, { path, body }) => (path !== '/execute' ? answer
      : answers(await service.execute(JSON.parse(body), body, { keys: old })));
    await refuses(client.execute({ script }), 'ReceiptError', 'validity');
    const within = Math.floor(Date.now() / 1000) - 5000; // in the life of that key, not of the call
    service.state = (claims) => ({ ...claims, iat: within });
    await refuses(client.execute({ script }), 'ReceiptError', 'age');
  });

  it('with claims that do not exist', async () => {
    service.state = (claims) => ({ ...claims, claims_sha256: '../jobs' });
    await refuses(client.execute({ script }), 'ReceiptError', 'malformed');
    assert.equal(service.count('GET'), 0);
  });
});

describe('sealed answers that are not the answer', () => {
  const flip = (at) => (body) => {
    body[at < 0 ? body.length + at : at] ^= 1;
    return body;
  };
  const changed = {
    'job id': flip(0), sequence: flip(39), 'response nonce': flip(40), ciphertext: flip(72), tag: flip(-1),
    cut: (body) => body.subarray(0, -1), 'cut to nothing': () => Buffer.alloc(0),
  };
  for (const [name, change] of Object.entries(changed)) {
    it(name, async () => {
      lying(change);
      await refuses(client.executeSealed({ script }), 'SealError', 'answer');
    });
  }

  it('of the call before', async () => {
    let first;
    lying((body) => { first = Buffer.from(body); return body; });
    await client.executeSealed({ script });
    lying(() => first);
    await refuses(client.executeSealed({ script }), 'SealError', 'answer');
  });

  // Both are under one encapsulation: but for the request each is for, the two have the same keys.
  it('of another call that runs at the same time', async () => {
    const waiting = [];
    service.tamper = (answer, call) => {
      if (isClaims(call)) return answer;
      return new Promise((resolve) => {
        waiting.push({ answer, resolve });
        if (waiting.length < 2) return;
        waiting[0].resolve(waiting[1].answer);
        waiting[1].resolve(waiting[0].answer);
      });
    };
    await client.attestation();
    const calls = [1, 2].map((input) => client.executeSealed({ script, input }));
    await Promise.all(calls.map((call) => refuses(call, 'SealError', 'answer')));
    const [one, two] = service.allOpened;
    assert.deepEqual(one.enc, two.enc);
    assert.notEqual(one.sequence, two.sequence);
  });

  it('in the clear', async () => {
    service.tamper = (answer, call) => (isClaims(call) ? answer
      : answers(service.answerOf(service.last.job, service.last.receipt)));
    await refuses(client.executeSealed({ script }), 'SealError', 'not_sealed');
  });

  it('of the second sequence number, or of another job in the frame', async () => {
    const answer = () => service.answerOf(service.last.job, service.last.receipt);
    const again = (jobId, more) => lying(() => (
      service.sealedAnswer({ body: answer(), status: 200, jobId }, more).body));
    again(undefined, { sequence: 1 });
    await refuses(client.executeSealed({ script }), 'SealError', 'answer');
    again('01a2064b-9058-730d-8990-399dd4ca24e2');
    await refuses(client.executeSealed({ script }), 'SealError', 'answer');
  });

  it('with a receipt in the clear', async () => {
    service.tamper = async (answer, call) => {
      if (isClaims(call)) return answer;
      const { job } = service.last;
      const body = service.answerOf(job, await service.receipt(job));
      return service.sealedAnswer({ body, status: 200, jobId: job.job_id });
    };
    await refuses(client.executeSealed({ script }), 'ReceiptError', 'sealed');
  });
});
