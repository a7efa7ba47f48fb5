// Receipts: what the service states about one job, and whether it says what the caller expects.

import { concat, fromBase64url, hex, hmac, sha256, utf8, type Bytes } from './bytes.ts';
import { ReceiptError, type Check } from './errors.ts';
import type { JsonObject } from './json.ts';
import {
  Refusal, TYPES, demandType, isSignedBy, parseJws, readPayload, thumbprint, type Jws,
} from './jws.ts';
import { readPath, rootOf, type Path } from './merkle.ts';
import { readReceipt, type Receipt } from './payload.ts';
import {
  CLOCK_SLACK, demandPolicy, judgeBundle, type AttestationPolicy, type Bundle, type TrustedClaims,
} from './trust.ts';

/** Limits of a job: seconds, gas, bytes. */
export interface Limits {
  readonly timeout: number;
  readonly gas_limit: number;
  readonly memory_limit: number;
}

/** What the caller knows of the job. Each member that is there is checked. */
export interface Expectations {
  readonly jobId?: string;
  readonly nonce?: string;
  /** The script, as it was sent. */
  readonly script?: string;
  /** The JSON text of the input, byte for byte as it was sent; "{}" if none was. */
  readonly inputJson?: string;
  /** The JSON text of the output as it stood in the answer; null: the job must have none. */
  readonly outputJson?: string | null;
  /** `output_hash` of the answer. */
  readonly outputHash?: string;
  readonly entryPoint?: string;
  /** Who the job was for; needs `salt`. */
  readonly userId?: string;
  /** `receipt_salt` of the answer. */
  readonly salt?: string;
  readonly status?: string;
  readonly errorCode?: string | null;
  /** null: the receipt must name none */
  readonly appId?: string | null;
  readonly scriptName?: string | null;
  /** Names of the secrets that the job asked for. */
  readonly secretRefs?: readonly string[];
  readonly gasUsed?: number | null;
  readonly memoryUsed?: number | null;
  readonly nondeterminism?: readonly string[] | null;
  /** When the job began, ms since 1970. */
  readonly startedMs?: number;
  /** The limits that the answer shows; `timeout` in seconds. */
  readonly limits?: Limits | null;
  /** The most that the job may have been given, as asked; `timeout` in seconds. */
  readonly atMost?: Partial<Limits>;
  /** Thumbprint of the key that the output is encrypted to; null: of none. */
  readonly encryptTo?: string | null;
  /** Was it a sealed call? Then input, output and names of secrets are under the salt. */
  readonly sealed?: boolean;
  /** Seconds; trusts the service's clock and this machine's. For freshness, use a nonce. */
  readonly maxAge?: number;
}

/** A receipt that was verified, and how. */
export interface Verification {
  readonly receipt: Receipt;
  readonly checks: readonly Check[];
  /** No trusted hardware vouches for this service: say so to whoever relies on it. */
  readonly simulation: boolean;
  /** The claims whose key signed it. */
  readonly claims: TrustedClaims;
  /** What the caller expects and only `openOutput` can check: it is under the encrypted salt. */
  readonly pending?: Expectations;
}

/** A receipt taken apart; nothing of it is verified. */
export interface ParsedReceipt {
  readonly payload: Bytes;
  readonly receipt: Receipt;
  /** What is signed: the receipt itself, or the root of a batch. */
  readonly jws: Jws;
  /** Of a batch: the way to its root, and what is signed about that. */
  readonly batch: { readonly path: Path; readonly root: JsonObject } | undefined;
}

/** Takes a receipt of either form apart, without verifying it. Throws a ReceiptError. */
export function parseReceipt(text: string): ParsedReceipt {
  try {
    return takeApart(text);
  } catch (error) {
    throw error instanceof Refusal ? new ReceiptError(error.code, error.message, []) : error;
  }
}

function takeApart(text: string): ParsedReceipt {
  const parts = text.split('~');
  if (parts.length === 1) {
    const jws = parseJws(text);
    demandType(jws, TYPES.receipt);
    return { payload: jws.payload, receipt: readReceipt(jws.payload), jws, batch: undefined };
  }
  const payload = fromBase64url(parts[0]!);
  const path = readPath(fromBase64url(parts[1]!));
  if (parts.length !== 3 || !payload || !path) {
    throw new Refusal('malformed', 'a receipt of a batch is a payload, a path and a signature');
  }
  const jws = parseJws(parts[2]!);
  demandType(jws, TYPES.batch);
  const batch = { path, root: readPayload(jws.payload) };
  return { payload, receipt: readReceipt(payload), jws, batch };
}

/* --- the checks --- */

/** Everything that was looked at, in order. */
class Report {
  readonly checks: Check[] = [];

  add(name: string, ok: boolean, good: string, bad: string): boolean {
    this.checks.push({ name, ok, text: ok ? good : bad });
    return ok;
  }

  /** Throws if anything failed. */
  finish(): void {
    const failed = this.checks.find(({ ok }) => !ok);
    if (failed) throw new ReceiptError(failed.name, failed.text, this.checks);
  }
}

/** Of the same engine, and of workers of the same kind, as the claims tell at length. */
function fitsClaims({ engine_digest, isolation }: Receipt, { document }: TrustedClaims): boolean {
  const kindOf = (value: unknown) => (value as JsonObject | null | undefined)?.kind;
  return engine_digest === document.engine_digest && kindOf(isolation) !== undefined &&
    kindOf(isolation) === kindOf(document.isolation);
}

function checkVersion(report: Report, { iss, version }: Receipt): void {
  report.add('version', iss === 'neocompute' && version === 1, 'a receipt of NeoCompute, version 1',
    `a receipt of ${JSON.stringify(iss)}, version ${version}`);
}

async function checkSignature(report: Report, { jws }: ParsedReceipt,
  claims: TrustedClaims): Promise<void> {
  const kid = await thumbprint(claims.resultKey);
  report.add('key', jws.kid === kid, `the key ${kid} of the claims`,
    `signed with the key ${jws.kid}, which is not that of the claims`);
  report.add('signature', await isSignedBy(jws, claims.resultKey), 'the key signed this',
    'the signature is not this key\'s over these bytes');
}

function checkValidity(report: Report, { iat }: Receipt, claims: TrustedClaims): void {
  const [from, to] = [claims.notBefore - CLOCK_SLACK, claims.notAfter + CLOCK_SLACK];
  report.add('validity', iat >= from && iat <= to,
    'issued while the key was in force', 'issued outside the life of the key');
}

async function checkPath(report: Report, { batch, payload }: ParsedReceipt): Promise<void> {
  if (!batch) return;
  const { path } = batch;
  const { root, size, version, iss } = batch.root;
  const reached = await rootOf(payload, path);
  report.add('path', size === path.size && reached !== undefined && hex(reached) === root &&
    version === 1 && iss === 'neocompute',
  `leaf ${path.index} of the ${path.size} under the signed root`,
  'the path does not lead from this receipt to the signed root');
}

/** The hash by which a receipt names what only the caller knows: plain, or under the salt. */
async function digestOf(receipt: Receipt, label: string, text: string, salt: Bytes | undefined) {
  const bytes = utf8(text);
  if (receipt[`${label}_hmac`] === undefined) {
    return { name: `${label}_sha256`, value: hex(await sha256(bytes)) };
  }
  const value = salt && hex(await hmac(salt, concat(utf8(`${label}\0`), bytes)));
  return { name: `${label}_hmac`, value };
}

async function checkOutput(report: Report, receipt: Receipt, expect: Expectations,
  salt: Bytes | undefined): Promise<void> {
  const { outputJson, outputHash } = expect;
  const stated = receipt.output_hmac ?? receipt.output_sha256;
  if (outputJson === null) {
    report.add('output', stated === undefined, 'it gave no output',
      'the receipt is for an output, and none is here');
  } else if (outputJson !== undefined) {
    const { value } = await digestOf(receipt, 'output', outputJson, salt);
    report.add('output', value !== undefined && stated === value,
      'it gave this output, byte for byte', 'it gave another output');
  }
  if (outputHash === undefined) return;
  const plain = typeof outputJson === 'string' ? hex(await sha256(utf8(outputJson))) : stated;
  report.add('output', outputHash === plain, 'the hash in the answer is of this output',
    'the hash in the answer is of another output');
}

async function checkContent(report: Report, receipt: Receipt, expect: Expectations,
  salt: Bytes | undefined): Promise<void> {
  const { script, inputJson } = expect;
  if (script !== undefined) {
    report.add('script', receipt.script_sha256 === hex(await sha256(utf8(script))),
      'this script ran', 'another script ran');
  }
  if (inputJson !== undefined) {
    const { name, value } = await digestOf(receipt, 'input', inputJson, salt);
    report.add('input', value !== undefined && receipt[name] === value,
      'it ran on this input, byte for byte', 'it ran on another input');
  }
  await checkOutput(report, receipt, expect, salt);
}

/** Claims that must be what the caller says: [refusal, claim, expectation]. */
const EQUAL: readonly [string, string, keyof Expectations][] = [
  ['job', 'jti', 'jobId'],
  ['nonce', 'nonce', 'nonce'],
  ['entry_point', 'entry_point', 'entryPoint'],
  ['status', 'status', 'status'],
  ['status', 'error_code', 'errorCode'],
  ['labels', 'app_id', 'appId'],
  ['labels', 'script_name', 'scriptName'],
  ['encrypt_to', 'encrypt_to', 'encryptTo'],
  ['start', 'started_ms', 'startedMs'],
  ['nondeterminism', 'nondeterminism', 'nondeterminism'],
  ['usage', 'gas_used', 'gasUsed'],
  ['usage', 'memory_used', 'memoryUsed'],
];

function checkEqual(report: Report, receipt: Receipt, expect: Expectations): void {
  for (const [refusal, claim, name] of EQUAL) {
    if (expect[name] === undefined) continue;
    const found = JSON.stringify(receipt[claim] ?? null);
    const expected = JSON.stringify(expect[name]);
    report.add(refusal, found === expected, `${claim} is ${found}`,
      `${claim} is ${found}, not ${expected}`);
  }
}

async function checkUser(report: Report, receipt: Receipt, { userId }: Expectations,
  salt: Bytes | undefined): Promise<void> {
  if (userId === undefined) return;
  const sub = salt && hex(await hmac(salt, utf8(userId)));
  report.add('user', sub === receipt.sub, `it ran for ${userId}`,
    salt ? 'it ran for another user' : 'whom it ran for cannot be told without the salt');
}

/** What is asked for is raised to this: the service's least limits. */
const LEAST = { timeout: 1, gas_limit: 1000, memory_limit: 4 * 1024 * 1024 };

function checkLimits(report: Report, receipt: Receipt, { limits, atMost }: Expectations): void {
  if (limits !== undefined) {
    report.add('limits', Math.round((limits?.timeout ?? NaN) * 1000) === receipt.timeout_ms &&
      limits?.gas_limit === receipt.gas_limit && limits.memory_limit === receipt.memory_limit,
    'the limits are those of the answer', 'the answer shows other limits');
  }
  const given = { ...receipt, timeout: receipt.timeout_ms / 1000 };
  for (const name of ['timeout', 'gas_limit', 'memory_limit'] as const) {
    const asked = atMost?.[name];
    if (asked === undefined) continue;
    report.add('limits', given[name] <= Math.max(asked, LEAST[name]),
      `${name} is what was asked for`, `${name} was ${given[name]}, more than was asked for`);
  }
}

async function checkSecrets(report: Report, receipt: Receipt, { secretRefs }: Expectations,
  salt: Bytes | undefined): Promise<void> {
  if (secretRefs === undefined) return;
  const asked = new Set<string>();
  for (const ref of secretRefs) {
    const name = ref.replace(/^secrets:/, '');
    asked.add(name);
    if (salt) asked.add(hex(await hmac(salt, utf8(`secret-name\0${name}`))));
  }
  const used = (receipt.secrets as JsonObject[])
    .map((entry) => String(entry?.name ?? entry?.name_hmac));
  report.add('secrets', used.every((name) => asked.has(name)),
    `${used.length} secrets, all asked for`, 'it was given a secret that was not asked for');
}

function checkKind(report: Report, receipt: Receipt, { sealed }: Expectations): void {
  if (sealed === undefined) return;
  const kind = receipt.sealed === true ? 'a sealed job' : 'a job in the clear';
  report.add('sealed', sealed === (receipt.sealed === true), kind, `the receipt is of ${kind}`);
}

function checkAge(report: Report, { iat }: Receipt, { maxAge }: Expectations): void {
  if (maxAge === undefined) return;
  const age = Math.round(Date.now() / 1000 - iat);
  report.add('age', age <= maxAge && age >= -CLOCK_SLACK, `${age} s old by its clock`,
    `${age} s old by its clock, not within ${maxAge} s`);
}

async function checkExpectations(report: Report, receipt: Receipt, expect: Expectations,
  salt: Bytes | undefined): Promise<void> {
  await checkContent(report, receipt, expect, salt);
  checkEqual(report, receipt, expect);
  await checkUser(report, receipt, expect, salt);
  checkLimits(report, receipt, expect);
  await checkSecrets(report, receipt, expect, salt);
  checkKind(report, receipt, expect);
  checkAge(report, receipt, expect);
}

/**
 * Checks a receipt whose claims are trusted already. Expectations come from more than one side (the
 * caller, the answer), and all must hold. Throws a ReceiptError.
 */
export async function checkReceipt(parsed: ParsedReceipt, claims: TrustedClaims,
  ...expectations: Expectations[]): Promise<Verification> {
  const report = new Report();
  const { receipt } = parsed;
  report.add('claims', receipt.claims_sha256 === claims.digest,
    `stated by the identity ${claims.identity}`, 'the receipt names other claims than these');
  report.add('claims', fitsClaims(receipt, claims), 'of the engine and isolation of these claims',
    'engine or isolation are others in the receipt than in the claims');
  checkVersion(report, receipt);
  await checkSignature(report, parsed, claims);
  await checkPath(report, parsed);
  checkValidity(report, receipt, claims);
  const encoded = expectations.findLast((expect) => expect.salt !== undefined)?.salt;
  const salt = encoded === undefined ? undefined : fromBase64url(encoded);
  for (const expect of expectations) await checkExpectations(report, receipt, expect, salt);
  report.finish();
  return { receipt, checks: report.checks, simulation: claims.simulation, claims };
}

/**
 * Verifies a receipt offline: its form, the bundle under the caller's policy, the signature, and
 * all that `expect` says of the job. Throws a ReceiptError whose `code` is the first thing that is
 * wrong and whose `checks` are all that were made; a TrustError `no_policy` without a policy.
 */
export async function verifyReceipt(text: string, bundle: Bundle, policy: AttestationPolicy,
  expect: Expectations = {}): Promise<Verification> {
  demandPolicy(policy);
  const parsed = parseReceipt(text);
  let claims: TrustedClaims;
  try {
    claims = await judgeBundle(bundle, policy);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const check = { name: error.code, ok: false, text: error.message };
    throw new ReceiptError(error.code, error.message, [check]);
  }
  return checkReceipt(parsed, claims, expect);
}
