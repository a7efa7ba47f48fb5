// The client: calls the service and believes nothing that it does not prove.

import { Attestation } from './attestation.ts';
import { fromBase64url, utf8, type Bytes } from './bytes.ts';
import { readToken, writeToken } from './call.ts';
import { NetworkError, ReceiptError, RequestError, SealError } from './errors.ts';
import { objectOf, refusal, textOf, Transport, type Endpoint } from './http.ts';
import {
  expectationsOfAnswer, prepare, readJob, readOpened, showsNothing, type ExecuteOptions, type ExecuteRequest,
  type Job, type VerifiedJob,
} from './job.ts';
import type { JsonObject } from './json.ts';
import { thumbprint } from './jws.ts';
import {
  checkReceipt, parseReceipt, type Expectations, type ParsedReceipt, type Verification,
} from './receipt.ts';
import {
  chooseKey, openEncryptedOutput, REQUEST_TYPE, RESPONSE_TYPE, Sealer, type OpenedAnswer,
} from './seal.ts';
import { arrayOf, nextOf, Secrets, withQuery, type CallOptions } from './secrets.ts';
import type { AttestationPolicy, Bundle, TrustedClaims } from './trust.ts';

/** How to reach a service, and whom to believe. */
export interface NeoComputeOptions extends Endpoint {
  /** Where the service or its gateway is, such as "https://compute.example". */
  readonly url: string;
  /** Sent as `Authorization: Bearer`, for a gateway that wants it. */
  readonly apiKey?: string | undefined;
  /** Sent as `X-User-ID`. Receipts are checked to be for this user. */
  readonly userId?: string | undefined;
  /** Another `fetch` than the runtime's. */
  readonly fetch?: typeof fetch | undefined;
  /** What makes the service's keys believable. Without it, only what needs no proof works. */
  readonly attestation?: AttestationPolicy | undefined;
  /**
   * false: each sealed call has an HPKE encapsulation of its own, so that nothing in their bytes
   * shows that two are by one client. The service then needs as long to open one as to run it.
   * Default: true, one encapsulation for at most 1000 calls and five minutes.
   */
  readonly reuseEncapsulation?: boolean | undefined;
}

/** A receipt with all that it takes to verify it offline: `Accept: application/json`. */
export interface ReceiptBundle {
  readonly receipt: string;
  readonly bundle: Bundle;
  readonly job_id: string;
  /** Absent of a job with `encrypt_to`: then it is in `encrypted_output`. */
  readonly salt?: string;
}

const JSON_TYPE = 'application/json';
const EXECUTE = 'POST /execute';

/** Options of a sealed call. */
export type SealOptions = Omit<ExecuteOptions, 'idempotencyKey' | 'verify'>;

export class NeoCompute {
  /** The user's secrets. */
  readonly secrets: Secrets;
  readonly #transport: Transport;
  readonly #attestation: Attestation;
  readonly #userId: string | undefined;
  readonly #sealer: Sealer;

  constructor(options: NeoComputeOptions) {
    this.#transport = new Transport(options);
    this.#attestation = new Attestation(this.#transport, options.attestation);
    this.#userId = options.userId;
    this.#sealer = new Sealer({ reuse: options.reuseEncapsulation ?? true });
    this.secrets = new Secrets(this.#transport, async (method, path, plaintext, more) => (
      (await this.#sendSealed(method, path, plaintext, more)).body));
  }

  /**
   * Runs a script and verifies the receipt of the answer: that this script ran on this input, gave
   * this output, under these limits, for this user, now (nonce). A script that fails is an answer
   * too, with `status` "failed" and a receipt of its own.
   *
   * Throws a TrustError, RequestError, NetworkError or ReceiptError; `verify: false` takes the
   * answer without a proof.
   */
  async execute(request: ExecuteRequest, options: ExecuteOptions & { verify: false }): Promise<Job>;
  async execute(request: ExecuteRequest, options?: ExecuteOptions): Promise<VerifiedJob>;
  async execute(request: ExecuteRequest, options: ExecuteOptions = {}): Promise<Job> {
    const { verify = true, idempotencyKey, signal } = options;
    if (verify) this.#attestation.demandPolicy(); // before anything is sent
    const start = Date.now();
    const { json, expect } = prepare(request, options, verify && idempotencyKey === undefined);
    const answer = await this.#transport.send('POST', '/execute', {
      body: json, signal,
      headers: {
        'Content-Type': JSON_TYPE,
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      },
    });
    const job = readJob(textOf(answer));
    if (!verify) return job;
    return this.#verified(job, {
      ...expect, sealed: false,
      encryptTo: request.encrypt_to ? await thumbprint(request.encrypt_to) : null,
      ...(idempotencyKey === undefined ? age(start) : {}),
    }, signal);
  }

  /**
   * The same, sealed: nothing between this program and the service can read request or answer, or
   * tell whether the job failed. Keys come from claims that are verified first; on a retired key
   * they are fetched and verified again, once. A lost answer is asked for again, once: the same
   * envelope runs nothing twice.
   *
   * Where `encrypt_to` is asked for, input and names of secrets are verified by `openOutput`.
   */
  async executeSealed(request: ExecuteRequest, options: SealOptions = {}): Promise<VerifiedJob> {
    const since = Date.now();
    const { json, expect } = await this.#prepareSealed(request, options);
    const answer = await this.#sendSealed('POST', '/execute', json, { headers: {}, ...options });
    return this.#openedJob(answer, expect, since, options.signal);
  }

  /**
   * The same call as text, before anything is sent: for who must be able to get the answer after
   * this program has ended. It is a secret: whoever has it reads script, input and answer, and it
   * never ends. `resume` makes the call; a NeoCompute for the same user and service can.
   */
  async seal(request: ExecuteRequest, options: SealOptions = {}): Promise<string> {
    const since = Date.now();
    const { json, expect } = await this.#prepareSealed(request, options);
    const key = await chooseKey((await this.#attestation.current(options)).hpkeKeys);
    const sealed = await this.#sealer.seal(key, EXECUTE, padded(json));
    return writeToken({ sealed, expect, since });
  }

  /**
   * Makes the call that `seal` made, as executeSealed does, or gives its answer if it was made
   * before: it runs once, however often this is called. If its connection was lost while it ran,
   * the service has cancelled it, and the answer is that job, failed.
   *
   * A RequestError `envelope_replayed`: it ran, and was forgotten since. `sealed_key_unknown`: the
   * keys it was sealed to are gone; if it ran, `job(id, { call })` opens it.
   */
  async resume(call: string, { signal }: CallOptions = {}): Promise<VerifiedJob> {
    this.#attestation.demandPolicy();
    const { sealed, expect, since } = readToken(call);
    const answer = await this.#sendTwice('POST', '/execute', sealed.body, {}, signal);
    return this.#openedJob(taken(await sealed.open(answer)), expect, since, signal);
  }

  /**
   * One job of the user's. If it has ended, its receipt is verified, against `expect` too: what the
   * caller knows of it, such as the script. A job that runs, and a sealed one, which shows only its
   * sealed answer, come without a proof; what else they would show is refused. If `call` is the text
   * that `seal` gave of a sealed one, that is opened, and verified as by `resume`.
   */
  async job(id: string, { verify = true, signal, expect = {}, call }:
    CallOptions & { verify?: boolean; expect?: Expectations; call?: string } = {}): Promise<Job> {
    const opener = call === undefined ? undefined : readToken(call);
    if (verify || opener) this.#attestation.demandPolicy();
    const path = `/jobs/${encodeURIComponent(id)}`;
    const job = readJob(textOf(await this.#transport.send('GET', path, { signal })));
    if (job.job_id !== id) throw new ReceiptError('job', 'the answer is another job', []);
    if (opener && job.sealed_response !== undefined) {
      const bytes = fromBase64url(job.sealed_response) ?? new Uint8Array();
      const answer = taken(await opener.sealed.open(bytes));
      const opened = await this.#openedJob(answer, opener.expect, opener.since, signal);
      if (opened.job_id !== id) throw new SealError('answer', 'the answer is of another job');
      return opened;
    }
    if (!verify || showsNothing(job)) return job;
    return this.#verified(job, { ...expect, sealed: false }, signal);
  }

  /**
   * The user's jobs, newest first, as the service lists them; nothing is verified. `next` is the
   * cursor of the page after this one, undefined on the last.
   */
  async jobs({ limit, status, cursor, signal }: CallOptions &
    { limit?: number; status?: Job['status']; cursor?: string } = {}):
    Promise<{ jobs: Job[]; next: string | undefined }> {
    const query = new URLSearchParams();
    if (limit !== undefined) query.set('limit', String(limit));
    if (status !== undefined) query.set('status', status);
    if (cursor !== undefined) query.set('cursor', cursor);
    const answer = await this.#transport.send('GET', withQuery('/jobs', query), { signal });
    return { jobs: arrayOf<Job>(answer), next: nextOf(answer, 'cursor') };
  }

  /** Ends a job soon; one that has ended stays as it is. What it answers is not verified. */
  async cancel(id: string, { signal }: CallOptions = {}): Promise<Job> {
    const path = `/jobs/${encodeURIComponent(id)}/cancel`;
    return readJob(textOf(await this.#transport.send('POST', path, { signal })));
  }

  /** Makes the service forget a job that has ended. */
  async remove(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#transport.send('DELETE', `/jobs/${encodeURIComponent(id)}`, { signal });
  }

  /** The receipt of a job with its bundle and salt: keep it, and `verifyReceipt` works for ever. */
  async receipt(id: string, { signal }: CallOptions = {}): Promise<ReceiptBundle> {
    const path = `/jobs/${encodeURIComponent(id)}/receipt`;
    const headers = { Accept: JSON_TYPE };
    const answer = await this.#transport.send('GET', path, { headers, signal });
    return objectOf(answer) as unknown as ReceiptBundle;
  }

  /** The claims of the keys in force, fetched and verified. Throws a TrustError. */
  attestation({ signal }: CallOptions = {}): Promise<TrustedClaims> {
    return this.#attestation.current({ again: true, signal });
  }

  /**
   * Verifies a receipt, with or without its bundle. Without, the claims that it names are asked of
   * the service. Throws a ReceiptError whose `checks` are all that were made, or a TrustError.
   *
   * The bundle of a job with `encrypt_to` has no salt: what is under it (`userId`, `outputJson`)
   * can be expected only together with the `salt` that `openOutput` finds.
   */
  async verifyReceipt(receipt: string | ReceiptBundle, expect: Expectations = {},
    { signal }: CallOptions = {}): Promise<Verification> {
    this.#attestation.demandPolicy();
    const isText = typeof receipt === 'string';
    const parsed = parseReceipt(isText ? receipt : String(receipt?.receipt));
    const claims = isText
      ? await this.#attestation.byDigest(parsed.receipt.claims_sha256, signal)
      : await this.#attestation.verify(receipt.bundle);
    return checkReceipt(parsed, claims, isText ? {} : saidBeside(parsed, receipt), expect);
  }

  /**
   * Opens the `encrypted_output` of a job with the private key of its `encrypt_to`, and verifies
   * what the receipt could not show before: the output, and whom the job was for.
   */
  async openOutput(job: VerifiedJob, privateKey: CryptoKey): Promise<VerifiedJob> {
    const { encrypted_output, receipt } = job;
    if (encrypted_output === undefined || receipt === undefined) {
      throw new SealError('not_sealed', 'this job has no encrypted output');
    }
    const opened = readOpened(await openEncryptedOutput(encrypted_output, job.job_id, privateKey));
    const parsed = parseReceipt(receipt);
    const verification = await checkReceipt(parsed, job.verification.claims, {
      jobId: job.job_id, outputJson: opened.outputJson ?? null, salt: opened.receipt_salt,
      ...(this.#userId === undefined ? {} : { userId: this.#userId }),
    }, job.verification.pending ?? {});
    return { ...job, ...opened, verification };
  }

  async #prepareSealed(request: ExecuteRequest, options: SealOptions) {
    this.#attestation.demandPolicy(); // before anything is sent
    const user: JsonObject = this.#userId === undefined ? {} : { expect_user: this.#userId };
    const { json, expect } = prepare(request, options, true, user);
    const encryptTo = request.encrypt_to ? await thumbprint(request.encrypt_to) : null;
    return { json, expect: { ...expect, sealed: true, encryptTo } };
  }

  /** The job in an answer that was opened, verified as far as it goes if its salt is encrypted. */
  async #openedJob(answer: OpenedAnswer, expect: Expectations, since: number,
    signal: AbortSignal | undefined): Promise<VerifiedJob> {
    const job = readJob(answer.body);
    if (job.job_id !== answer.jobId) throw new SealError('answer', 'the answer is of another job');
    if (expect.encryptTo === null) {
      return this.#verified(job, { ...expect, ...age(since) }, signal);
    }
    const { inputJson = '{}', secretRefs = [], ...now } = expect;
    const { verification, ...rest } = await this.#verified(job, { ...now, ...age(since) }, signal);
    return { ...rest, verification: { ...verification, pending: { inputJson, secretRefs } } };
  }

  async #verified(job: Job, expect: Expectations, signal: AbortSignal | undefined):
    Promise<VerifiedJob> {
    if (typeof job.receipt !== 'string') {
      throw new ReceiptError('missing', 'the answer has no receipt', []);
    }
    const parsed = parseReceipt(job.receipt);
    const claims = await this.#attestation.byDigest(parsed.receipt.claims_sha256, signal);
    const knowsUser = this.#userId !== undefined && parsed.receipt.encrypt_to === undefined;
    const ofAnswer = expectationsOfAnswer(job, parsed.receipt);
    const verification = await checkReceipt(parsed, claims,
      expect, knowsUser ? { ...ofAnswer, userId: this.#userId! } : ofAnswer);
    return { ...job, verification };
  }

  /** Seals, sends, opens. On a key that the service no longer has, with its new one, once. */
  async #sendSealed(method: string, path: string, plaintext: string,
    { headers, signal }: { headers: Record<string, string>; signal?: AbortSignal | undefined }):
    Promise<OpenedAnswer> {
    const text = padded(plaintext);
    const send = async (claims: TrustedClaims) => {
      const key = await chooseKey(claims.hpkeKeys);
      const sealed = await this.#sealer.seal(key, `${method} ${path}`, text);
      const send = this.#sendTwice(method, path, sealed.body, headers, signal);
      // An answer that opens is the service's own, whatever it says; after all else, afresh.
      return taken(await send.then(sealed.open).catch((error: unknown) => {
        this.#sealer.forget();
        throw error;
      }));
    };
    const claims = await this.#attestation.current({ signal });
    try {
      return await send(claims);
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'sealed_key_unknown') throw error;
      const renewed = await this.#attestation.current({ again: true, signal });
      if (renewed.digest === claims.digest) throw error;
      return send(renewed);
    }
  }

  /** The same envelope again if no answer came: the service then gives the stored one. */
  async #sendTwice(method: string, path: string, body: Bytes, headers: Record<string, string>,
    signal: AbortSignal | undefined): Promise<Bytes> {
    const once = () => this.#transport.send(method, path, {
      body, signal, headers: { ...headers, 'Content-Type': REQUEST_TYPE },
    });
    const answer = await once().catch((error: unknown) => {
      if (!(error instanceof NetworkError) || error.code !== 'network') throw error;
      return once();
    });
    if (answer.type !== RESPONSE_TYPE) {
      throw new SealError('not_sealed', `the answer is not sealed: its type is "${answer.type}"`);
    }
    return answer.bytes;
  }
}

/** An answer that is no refusal. Throws the RequestError that one is. */
function taken(answer: OpenedAnswer): OpenedAnswer {
  if (answer.status >= 400) throw refusal(answer.status, answer.body);
  return answer;
}

/** What a bundle says around its receipt. */
function saidBeside({ receipt }: ParsedReceipt, { job_id, salt }: ReceiptBundle): Expectations {
  const encrypted = receipt['encrypt_to'] !== undefined;
  if ((salt === undefined) !== encrypted) {
    throw new ReceiptError('malformed', encrypted
      ? 'the bundle has a salt, which should be in encrypted_output'
      : 'the bundle has no salt', []);
  }
  return { jobId: job_id, ...(salt === undefined ? {} : { salt }) };
}

const STEP = 256;

/** JSON with white space behind it, so that its size tells less: in steps of 256 bytes. */
function padded(json: string): string {
  return json + ' '.repeat((STEP - utf8(json).length % STEP) % STEP);
}

/** A receipt that was made for a call that began at `start` (ms) is no older than that. */
function age(start: number): { maxAge: number } {
  return { maxAge: (Date.now() - start) / 1000 + 60 };
}
