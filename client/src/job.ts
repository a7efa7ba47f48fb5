// Jobs as they are asked for and answered. Names are those of the wire, docs/protocol.md.

import { random, toBase64url } from './bytes.ts';
import { NetworkError, NeoComputeError } from './errors.ts';
import { members, type JsonObject } from './json.ts';
import type { Receipt } from './payload.ts';
import type { Expectations, Limits, Verification } from './receipt.ts';

/** A script to run. */
export interface ExecuteRequest {
  /** JavaScript that defines the entry point. */
  readonly script: string;
  /** The function that is called with (input, secrets); "main". */
  readonly entry_point?: string;
  /** Any value with a JSON form; {} if there is none. */
  readonly input?: unknown;
  /** Names of secrets. */
  readonly secret_refs?: readonly string[];
  readonly allow_secret_output?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly gas_limit?: number;
  /** Bytes. */
  readonly memory_limit?: number;
  readonly app_id?: string;
  readonly script_name?: string;
  /** At most 64 bytes of UTF-8, repeated in the receipt; a fresh random one if there is none. */
  readonly nonce?: string;
  /** An X25519 public key: output, logs and error come back encrypted to it. */
  readonly encrypt_to?: { readonly kty: 'OKP'; readonly crv: 'X25519'; readonly x: string };
}

export interface ExecuteOptions {
  readonly signal?: AbortSignal | undefined;
  /** The JSON text of the input instead of `input`: sent, hashed and parsed as it is. */
  readonly inputJson?: string;
  /**
   * The same request with the same key runs once. The receipt is then of the first time, so give a
   * nonce of your own that stays the same, or none is sent. Not for sealed calls, which have this
   * by nature.
   */
  readonly idempotencyKey?: string;
  /** false: take the answer without a proof. */
  readonly verify?: boolean;
}

/** A job. What its receipt does not cover (`logs`, `error`) is the word of whoever answered. */
export interface Job {
  readonly job_id: string;
  readonly status: 'running' | 'completed' | 'failed';
  readonly started_at: string;
  readonly queued?: boolean;
  readonly output?: JsonObject;
  readonly logs?: readonly string[];
  readonly error?: string;
  readonly error_code?: string;
  readonly gas_used?: number;
  readonly memory_used?: number;
  readonly duration?: string;
  readonly output_hash?: string;
  readonly signature?: string;
  readonly nondeterminism?: readonly string[];
  readonly limits?: Limits;
  readonly app_id?: string;
  readonly script_name?: string;
  readonly receipt?: string;
  readonly receipt_salt?: string;
  readonly encrypted_output?: string;
  readonly sealed?: boolean;
  readonly sealed_response?: string;
  /** The text of `output` as it came: the bytes that the receipt's hash is over. */
  readonly outputJson?: string;
  /** What was checked; undefined if nothing was. */
  readonly verification?: Verification;
}

/** A job whose receipt was verified. */
export type VerifiedJob = Job & { readonly verification: Verification };

/** A request as it is sent, and what its receipt has to say. */
export interface PreparedRequest {
  readonly json: string;
  readonly expect: Expectations;
}

function writeInput(input: unknown, inputJson: string | undefined): string | undefined {
  if (inputJson === undefined) return JSON.stringify(input);
  try {
    JSON.parse(inputJson);
  } catch (cause) {
    throw new NeoComputeError('not_json', 'inputJson is not JSON', { cause });
  }
  return inputJson.trim(); // white space around a value is not part of it
}

/** Writes the request; `fresh`: with a nonce of its own if it has none. */
export function prepare(request: ExecuteRequest, options: ExecuteOptions, fresh: boolean,
  more: JsonObject = {}): PreparedRequest {
  const { input, ...rest } = request;
  const nonce = request.nonce ?? (fresh ? toBase64url(random(24)) : undefined);
  const inputJson = writeInput(input, options.inputJson);
  const members = { ...rest, ...more, ...(nonce === undefined ? {} : { nonce }) };
  const head = JSON.stringify(members);
  const json = inputJson === undefined ? head : `${head.slice(0, -1)},"input":${inputJson}}`;
  return { json, expect: expectationsOf(request, nonce, inputJson ?? '{}') };
}

function expectationsOf(request: ExecuteRequest, nonce: string | undefined,
  inputJson: string): Expectations {
  const { script, timeout, gas_limit, memory_limit } = request;
  return {
    script, inputJson, entryPoint: request.entry_point ?? 'main',
    secretRefs: request.secret_refs ?? [], appId: request.app_id ?? null,
    scriptName: request.script_name ?? null,
    atMost: {
      ...(timeout === undefined ? {} : { timeout }),
      ...(gas_limit === undefined ? {} : { gas_limit }),
      ...(memory_limit === undefined ? {} : { memory_limit }),
    },
    ...(nonce === undefined ? {} : { nonce }),
  };
}

/** What an answer says of its job; `output` is parsed from the very text that is hashed. */
export function readJob(json: string): Job {
  const found = members(json);
  if (!found) throw new NetworkError('malformed', 'the answer is not one JSON object');
  const outputJson = found.get('output');
  // The last two are this client's to say, not the answer's.
  const { outputJson: _, verification: __, ...job } = JSON.parse(json) as Job;
  if (typeof job.job_id !== 'string' || typeof job.status !== 'string') {
    throw new NetworkError('malformed', 'the answer is not a job');
  }
  return outputJson === undefined ? job : { ...job, outputJson };
}

/** What `encrypted_output` holds; anyone could have written it until the receipt says otherwise. */
export function readOpened(json: string): Pick<Job, 'output' | 'outputJson' | 'logs' | 'error'> &
  { receipt_salt: string } {
  const found = members(json);
  const read = (name: string) => (found?.has(name) ? JSON.parse(found.get(name)!) : undefined);
  const [outputJson, logs, error] = [found?.get('output'), read('logs'), read('error')];
  return {
    receipt_salt: String(read('receipt_salt')),
    ...(outputJson === undefined ? {} : { outputJson, output: read('output') }),
    ...(logs === undefined ? {} : { logs }),
    ...(error === undefined ? {} : { error }),
  };
}

/** What only an answer to be proved has. */
const OF_THE_ENDED: readonly (keyof Job)[] = ['output', 'logs', 'error', 'error_code', 'gas_used',
  'memory_used', 'duration', 'output_hash', 'signature', 'nondeterminism', 'encrypted_output',
  'receipt', 'receipt_salt'];

/** A job that runs or is sealed: nothing of how it ended is shown, so there is nothing to prove. */
export function showsNothing(job: Job): boolean {
  return (job.status === 'running' || job.sealed === true) &&
    OF_THE_ENDED.every((name) => job[name] === undefined);
}

/**
 * What the receipt must say for this answer to be true; what should be there and is not is null, and
 * what should not be is ''. Whether the output is encrypted is the receipt's to say: an answer that
 * only claims it would have its plain output believed.
 */
export function expectationsOfAnswer(job: Job, receipt: Receipt): Expectations {
  const encrypted = receipt.encrypt_to !== undefined;
  const hasEncrypted = job.encrypted_output !== undefined;
  const outputHash = job.output_hash ?? (job.status === 'completed' ? '' : undefined);
  return {
    jobId: job.job_id, status: job.status,
    errorCode: job.error_code ?? null, appId: job.app_id ?? null,
    scriptName: job.script_name ?? null,
    ...(encrypted && job.outputJson === undefined ? {} : { outputJson: job.outputJson ?? null }),
    ...(encrypted === hasEncrypted ? {} : { encryptTo: encrypted ? null : '' }),
    ...(job.receipt_salt === undefined ? {} : { salt: job.receipt_salt }),
    ...(outputHash === undefined ? {} : { outputHash }),
    nondeterminism: job.nondeterminism ?? null, startedMs: Date.parse(job.started_at),
    gasUsed: job.gas_used ?? null, memoryUsed: job.memory_used ?? null, limits: job.limits ?? null,
  };
}
