// The client: calls the service and believes nothing that it does not prove.

import { Attestation } from './attestation.ts';
import { utf8, type Bytes } from './bytes.ts';
import { NetworkError, ReceiptError, RequestError, SealError } from './errors.ts';
import { objectOf, refusal, textOf, Transport, type Endpoint } from './http.ts';
import {
  expectationsOfAnswer, prepare, readJob, readOpened, type ExecuteOptions, type ExecuteRequest,
  type Job, type VerifiedJob,
} from './job.ts';
import type { JsonObject } from './json.ts';
import { thumbprint } from './jws.ts';
import { checkReceipt, parseReceipt, type Expectations, type Verification } from './receipt.ts';
import {
  chooseKey, openEncryptedOutput, REQUEST_TYPE, RESPONSE_TYPE, sealRequest, type OpenedAnswer,
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
}

/** A receipt with all that it takes to verify it offline: `Accept: application/json`. */
export interface ReceiptBundle {
  readonly receipt: string;
  readonly bundle: Bundle;
  readonly job_id: string;
  readonly salt: string;
}

const JSON_TYPE = 'application/json';

export class NeoCompute {
  /** The user's secrets. */
  readonly secrets: Secrets;
  readonly #transport: Transport;
  readonly #attestation: Attestation;
  readonly #userId: string | undefined;

  constructor(options: NeoComputeOptions) {
    this.#transport = new Transport(options);
    this.#attestation = new Attestation(this.#transport, options.attestation);
    this.#userId = options.userId;
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
   */
  async executeSealed(request: ExecuteRequest,
    options: Omit<ExecuteOptions, 'idempotencyKey' | 'verify'> = {}): Promise<VerifiedJob> {
    const start = Date.now();
    const { signal } = options;
    const user: JsonObject = this.#userId === undefined ? {} : { expect_user: this.#userId };
    const { json, expect } = prepare(request, options, true, user);
    const answer = await this.#sendSealed('POST', '/execute', json, { headers: {}, signal });
    const job = readJob(answer.body);
    if (job.job_id !== answer.jobId) throw new SealError('answer', 'the answer is of another job');
    return this.#verified(job, {
      ...expect, ...age(start), sealed: true,
      encryptTo: request.encrypt_to ? await thumbprint(request.encrypt_to) : null,
    }, signal);
  }

  /**
   * One job of the user's. If it has ended, its receipt is verified, against `expect` too: what the
   * caller knows of it, such as the script. A sealed job shows only its sealed answer.
   */
  async job(id: string, { verify = true, signal, expect = {} }:
    CallOptions & { verify?: boolean; expect?: Expectations } = {}): Promise<Job> {
    if (verify) this.#attestation.demandPolicy();
    const path = `/jobs/${encodeURIComponent(id)}`;
    const job = readJob(textOf(await this.#transport.send('GET', path, { signal })));
    if (job.job_id !== id) throw new ReceiptError('job', 'the answer is another job', []);
    if (!verify || job.status === 'running' || job.sealed) return job;
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

  /** Ends a job soon; one that has ended stays as it is. */
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
   */
  async verifyReceipt(receipt: string | ReceiptBundle, expect: Expectations = {},
    { signal }: CallOptions = {}): Promise<Verification> {
    this.#attestation.demandPolicy();
    const isText = typeof receipt === 'string';
    const parsed = parseReceipt(isText ? receipt : String(receipt?.receipt));
    const claims = isText
      ? await this.#attestation.byDigest(parsed.receipt.claims_sha256, signal)
      : await this.#attestation.verify(receipt.bundle);
    const salt = isText ? {} : { salt: receipt.salt, jobId: receipt.job_id };
    return checkReceipt(parsed, claims, salt, expect);
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
    });
    return { ...job, ...opened, verification };
  }

  async #verified(job: Job, expect: Expectations, signal: AbortSignal | undefined):
    Promise<VerifiedJob> {
    if (typeof job.receipt !== 'string') {
      throw new ReceiptError('missing', 'the answer has no receipt', []);
    }
    const parsed = parseReceipt(job.receipt);
    const claims = await this.#attestation.byDigest(parsed.receipt.claims_sha256, signal);
    const knowsUser = this.#userId !== undefined && job.encrypted_output === undefined;
    const ofAnswer = expectationsOfAnswer(job);
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
      const sealed = await sealRequest(key, `${method} ${path}`, text);
      const answer = await this.#sendTwice(method, path, sealed.body, headers, signal);
      const opened = await sealed.open(answer);
      if (opened.status >= 400) throw refusal(opened.status, opened.body);
      return opened;
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

const STEP = 256;

/** JSON with white space behind it, so that its size tells less: in steps of 256 bytes. */
function padded(json: string): string {
  return json + ' '.repeat((STEP - utf8(json).length % STEP) % STEP);
}

/** A receipt that was made for a call that began at `start` (ms) is no older than that. */
function age(start: number): { maxAge: number } {
  return { maxAge: (Date.now() - start) / 1000 + 60 };
}
