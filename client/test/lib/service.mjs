// A service whose keys the test holds, so that it can lie in ways that need them: old keys that
// leaked, receipts of other jobs, answers from before. It speaks the protocol through `fetch` and
// runs nothing: the output of every job is {"echo": its input}.
//
// What the real service does is in service.test.mjs; this is for what it must never do.

import { randomBytes, randomUUID } from 'node:crypto';
import { boot, ed25519 } from '../../../tests/vectors/make/keys.mjs';
import { BATCH, RECEIPT, batch, claimsOf } from '../../../tests/vectors/make/receipts.mjs';
import { sealResponse, sealedClaims } from '../../../tests/vectors/make/sealed.mjs';
import { b64u, concat, hex, hmac, sha256 } from '../../../tests/vectors/make/bytes.mjs';
import { canonical } from '../../../tests/lib/canonical.mjs';

const DAY = 24 * 3600;
const HEAD = 22;
const ENC = { 0x0020: 32, 0x0010: 65 };
const seconds = () => Math.floor(Date.now() / 1000);
const json = (body, status = 200, headers = {}) => (
  { status, headers: { 'content-type': 'application/json', ...headers }, body });
const problem = (status, error_code, more = {}) => json(
  JSON.stringify({ status, error_code, message: `refused: ${error_code}`, trace_id: 't', ...more }), status,
  { 'content-type': 'application/problem+json' });

export class Service {
  /** Every request, as {method, path, headers, body}. */
  calls = [];
  boots = [];
  jobs = new Map();
  /** Every sealed request, as {plaintext, enc, sequence, secret}. */
  allOpened = [];
  /** What a test changes: (answer, call) => answer, before it leaves. */
  tamper = (answer) => answer;
  /** What a test changes in a receipt: (claims, job) => claims. */
  state = (claims) => claims;

  static async start({ label = 'service', age = 60, lifetime = DAY } = {}) {
    const service = new Service();
    service.label = label;
    service.identity = await ed25519(`${label} identity`);
    await service.rotate({ age, lifetime });
    return service;
  }

  /** New keys; those before are known by their digest. */
  async rotate({ age = 60, lifetime = DAY } = {}) {
    const notBefore = seconds() - age;
    this.boots.push(await boot(this.identity, `${this.label} ${this.boots.length}`,
      { notBefore, notAfter: notBefore + lifetime }));
    return this.now;
  }

  get now() {
    return this.boots.at(-1);
  }

  count(method) {
    return this.calls.filter((call) => call.method === method).length;
  }

  /** The `fetch` that reaches it. */
  fetch = async (url, { method = 'GET', headers = {}, body, signal } = {}) => {
    signal?.throwIfAborted();
    const call = { method, path: new URL(url).pathname, headers, body };
    this.calls.push(call);
    const answer = await this.tamper(await this.#answer(call), call);
    signal?.throwIfAborted();
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  };

  async #answer(call) {
    const { method, path } = call;
    if (path === '/attestation') return json(JSON.stringify(this.now.bundle));
    const digest = /^\/attestation\/(.*)$/.exec(path)?.[1];
    if (digest !== undefined) {
      const found = this.boots.find((one) => one.digest === digest);
      return found ? json(JSON.stringify(found.bundle)) : problem(404, 'not_found');
    }
    if (call.headers['Content-Type']?.includes('sealed-request')) return this.#sealed(call);
    if (method === 'POST' && path === '/execute') return json(await this.execute(JSON.parse(call.body), call.body));
    const kept = this.jobs.get(path.replace('/jobs/', ''));
    return kept ? json(kept) : problem(404, 'not_found');
  }

  /** The answer to a request, as text, with a receipt by the keys of `keys`. */
  async execute(request, text, { keys = this.now, sealed = false } = {}) {
    const input = /"input":(.*)\}\s*$/.exec(text)?.[1] ?? '{}';
    const job = {
      job_id: randomUUID(), user: 'alice', salt: randomBytes(32), nonce: request.nonce,
      script: request.script, entry_point: request.entry_point ?? 'main', input,
      output: canonical({ echo: JSON.parse(input) }), started: new Date().toISOString(),
    };
    const receipt = await this.receipt(job, { keys, sealed });
    const answer = this.answerOf(job, receipt);
    this.jobs.set(job.job_id, answer);
    this.last = { job, receipt };
    return answer;
  }

  answerOf(job, receipt) {
    return `{"job_id":"${job.job_id}","status":"completed","started_at":"${job.started}",` +
      `"output":${job.output},"logs":[],"gas_used":15043,"memory_used":1900544,` +
      `"output_hash":"${hex(sha256(job.output))}","nondeterminism":[],` +
      '"limits":{"timeout":30,"gas_limit":20000000000,"memory_limit":67108864},' +
      `"receipt":"${receipt}","receipt_salt":"${b64u(job.salt)}"}`;
  }

  claims(job, { keys = this.now, sealed = false } = {}) {
    const write = sealed ? sealedClaims : claimsOf;
    const claims = {
      ...write(job, keys.digest), iat: seconds(), started_ms: Date.parse(job.started),
      ...(sealed ? { secrets: [] } : {}),
    };
    return JSON.parse(JSON.stringify(this.state(claims, job)));
  }

  async receipt(job, { keys = this.now, sealed = false, typ = RECEIPT, header } = {}) {
    return keys.result.sign(typ, canonical(this.claims(job, { keys, sealed })), header);
  }

  /** The receipts of jobs that ended together. */
  async batch(jobs) {
    const texts = jobs.map((job) => canonical(this.claims(job)));
    return (await batch(this.now.result, texts, { iat: seconds() })).receipts;
  }

  async #sealed({ method, path, body }) {
    const bytes = Buffer.from(body);
    const keyId = hex(bytes.subarray(0, 16));
    const key = this.now.hpke.find((one) => hex(one.keyId) === keyId);
    if (!key) return problem(400, 'sealed_key_unknown', { keys: '/.well-known/hpke-keys' });
    const enc = bytes.subarray(HEAD, HEAD + ENC[key.id]);
    const context = await key.suite.createRecipientContext({
      recipientKey: key.pair.privateKey, enc,
      info: concat(Buffer.from('neocompute sealed request\0'), bytes.subarray(0, HEAD)),
    });
    const sequence = bytes.readUInt32BE(HEAD + enc.length);
    context._ctx.seq = sequence; // the library only counts up
    const plaintext = Buffer.from(await context.open(bytes.subarray(HEAD + enc.length + 4),
      concat(Buffer.from(`${method} ${path}\0`), key.keyId))).toString();
    const secret = Buffer.from(await context.export(
      concat(Buffer.from('neocompute sealed response\0'), sha256(bytes)), 32));
    const opened = { plaintext, enc, sequence, secret };
    this.opened = opened;
    this.allOpened.push(opened);
    return this.sealedAnswer(await this.#inside(method, plaintext), { opened });
  }

  async #inside(method, plaintext) {
    const request = JSON.parse(plaintext);
    if (method === 'PUT') {
      return { body: `{"secret":{"name":"KEY","version":1},"created":true,"etag":"\\"e1\\"","value":"${request.value.length}"}`, status: 201 };
    }
    if (request.script === '') return { body: problem(400, 'script_missing').body, status: 400 };
    const body = await this.execute(request, plaintext, { sealed: true });
    return { body, status: 200, jobId: JSON.parse(body).job_id };
  }

  /** An answer to the envelope that was opened last, or to another. */
  sealedAnswer({ body, status, jobId }, { nonce = randomBytes(32), sequence = 0, opened = this.opened } = {}) {
    const text = `{"body":${body},"content_type":"application/json","status":${status}}  `;
    return {
      status: 200, headers: { 'content-type': 'application/vnd.neocompute.sealed-response' },
      body: sealResponse(opened, { jobId, sequence, nonce, text }),
    };
  }
}

export { BATCH, RECEIPT, b64u, canonical, hex, hmac, problem, sha256 };
