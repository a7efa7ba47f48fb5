// Sealed calls: HPKE (RFC 9180, base mode) with framing in the style of RFC 9458. The service's
// docs/protocol.md has it byte by byte.

import {
  Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, DhkemX25519HkdfSha256, HkdfSha256,
  type KemInterface, type SenderContext,
} from '@hpke/core';
import { concat, fromBase64, hmac, sha256, text, toBase64url, utf8, type Bytes } from './bytes.ts';
import { SealError } from './errors.ts';
import { members } from './json.ts';

export const REQUEST_TYPE = 'application/vnd.neocompute.sealed-request';
export const RESPONSE_TYPE = 'application/vnd.neocompute.sealed-response';

/** The job id of an answer that is of no job. */
export const NO_JOB = '00000000-0000-0000-0000-000000000000';

const KEY_ID_SIZE = 16;
const HEAD_SIZE = KEY_ID_SIZE + 6;
const SEQUENCE_SIZE = 4;
const SECRET_SIZE = 32;
const JOB_ID_SIZE = 36;
const NONCE_SIZE = 32;
const TAG_SIZE = 16;
const RESPONSE_HEAD = JOB_ID_SIZE + 4 + NONCE_SIZE;

/** Algorithm identifiers of RFC 9180, section 7. */
const KDF_SHA256 = 0x0001;
const AEAD_AES256_GCM = 0x0002;
const KEMS: readonly { id: number; publicSize: number; make: () => KemInterface }[] = [
  { id: 0x0020, publicSize: 32, make: () => new DhkemX25519HkdfSha256() },
  { id: 0x0010, publicSize: 65, make: () => new DhkemP256HkdfSha256() },
];

/** A key of the service that requests can be sealed to. */
export interface SealingKey {
  readonly id: Bytes;
  readonly kem: number;
  readonly publicKey: Bytes;
}

/** An answer that was opened: what the plain call would have answered. */
export interface OpenedAnswer {
  readonly jobId: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** A request that was sealed, and the only means to read its answers. */
export interface SealedRequest {
  readonly body: Bytes;
  /** What opens them and nothing else, exported from the HPKE context for this body. */
  readonly secret: Bytes;
  /** Throws a SealError `answer` if it is not an answer to this very request. */
  open(response: Bytes): Promise<OpenedAnswer>;
}

function u16(...values: number[]): Bytes {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

function u32(value: number): Bytes {
  return u16(value >>> 16, value & 0xffff);
}

function suiteOf(kem: number): CipherSuite {
  const { make } = KEMS.find(({ id }) => id === kem)!;
  return new CipherSuite({ kem: make(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

/** A key configuration (RFC 9458, section 3.1), if it is of a suite that is spoken here. */
async function readConfiguration(bytes: Bytes): Promise<SealingKey | undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kem = KEMS.find(({ id }) => bytes.length > 3 && id === view.getUint16(1));
  const suites = 3 + (kem?.publicSize ?? 0);
  if (!kem || bytes.length < suites + 2 || bytes.length !== suites + 2 + view.getUint16(suites)) {
    return undefined;
  }
  for (let at = suites + 2; at + 4 <= bytes.length; at += 4) {
    if (view.getUint16(at) !== KDF_SHA256 || view.getUint16(at + 2) !== AEAD_AES256_GCM) continue;
    const id = (await sha256(bytes)).slice(0, KEY_ID_SIZE);
    return { id, kem: kem.id, publicKey: bytes.slice(3, suites) };
  }
  return undefined;
}

/** The key to seal to, from verified claims: X25519 before P-256. Throws a SealError `no_key`. */
export async function chooseKey(configurations: readonly Bytes[]): Promise<SealingKey> {
  const keys = await Promise.all(configurations.map(readConfiguration));
  for (const { id } of KEMS) {
    const key = keys.find((candidate) => candidate?.kem === id);
    if (key) return key;
  }
  throw new SealError('no_key', 'the service has no key of a suite that this client speaks');
}

/** HKDF-Expand (RFC 5869, section 2.3) of one block. */
async function expand(prk: Bytes, info: string, size: number): Promise<Bytes> {
  return (await hmac(prk, concat(utf8(info), Uint8Array.of(1)))).slice(0, size);
}

async function openFrame(enc: Bytes, secret: Bytes, response: Bytes): Promise<Bytes> {
  const nonce = response.subarray(JOB_ID_SIZE + 4, RESPONSE_HEAD);
  const prk = await hmac(concat(enc, nonce), secret); // HKDF-Extract
  const raw = await expand(prk, 'key', 32);
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
  return new Uint8Array(await crypto.subtle.decrypt({
    name: 'AES-GCM', iv: await expand(prk, 'nonce', 12),
    additionalData: response.slice(0, JOB_ID_SIZE + 4),
  }, key, response.slice(RESPONSE_HEAD)));
}

/** The document in an answer: {"body", "content_type", "status"}; undefined if it is none. */
function readAnswer(plaintext: string, jobId: string): OpenedAnswer | undefined {
  const found = members(plaintext);
  const body = found?.get('body');
  const status: unknown = JSON.parse(found?.get('status') ?? 'null');
  const contentType: unknown = JSON.parse(found?.get('content_type') ?? 'null');
  const isWhole = body !== undefined && Number.isInteger(status);
  if (!isWhole || typeof contentType !== 'string') return undefined;
  return { jobId, status: status as number, contentType, body };
}

async function openAnswer(enc: Bytes, secret: Bytes, response: Bytes): Promise<OpenedAnswer> {
  const bad = new SealError('answer',
    'the sealed answer does not open: it was changed, cut, or is the answer to another request');
  if (response.length < RESPONSE_HEAD + TAG_SIZE) throw bad;
  const sequence = new DataView(response.buffer, response.byteOffset).getUint32(JOB_ID_SIZE);
  if (sequence !== 0) throw bad; // one envelope, one answer
  try {
    const plaintext = text(await openFrame(enc, secret, response));
    const answer = readAnswer(plaintext, text(response.subarray(0, JOB_ID_SIZE)));
    if (answer) return answer;
  } catch {
    // whatever it was: nothing of it can be believed
  }
  throw bad;
}

/** For tests with fixed vectors only: the ephemeral key pair. */
export interface Ephemeral {
  readonly ephemeral?: CryptoKeyPair;
}

/**
 * One encapsulation, and the requests that are sealed under it (RFC 9180, section 5.2): each with
 * the next number, however many are asked for at once. It is not to be copied: a number that is
 * used twice shows what both requests say.
 */
export class Sender {
  readonly #context: SenderContext;
  readonly #keyId: Bytes;
  readonly #origin: Bytes;
  #next = 0;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(context: SenderContext, keyId: Bytes, origin: Bytes) {
    this.#context = context;
    this.#keyId = keyId;
    this.#origin = origin;
  }

  static async create(key: SealingKey, { ephemeral }: Ephemeral = {}): Promise<Sender> {
    const suite = suiteOf(key.kem);
    const head = concat(key.id, u16(key.kem, KDF_SHA256, AEAD_AES256_GCM));
    const context = await suite.createSenderContext({
      recipientPublicKey: await suite.kem.deserializePublicKey(key.publicKey),
      info: concat(utf8('neocompute sealed request\0'), head),
      ...(ephemeral ? { ekm: ephemeral } : {}),
    });
    return new Sender(context, key.id, concat(head, new Uint8Array(context.enc)));
  }

  /** Seals `plaintext` for a route ("POST /execute", the path as sent, without query). */
  seal(route: string, plaintext: string): Promise<SealedRequest> {
    // The context counts by itself, but does not say which number it took: so one after another,
    // and none after one that failed.
    const sealed = this.#turn.then(() => this.#sealNext(route, plaintext));
    this.#turn = sealed;
    sealed.catch(() => {}); // is the caller's
    return sealed;
  }

  async #sealNext(route: string, plaintext: string): Promise<SealedRequest> {
    const sequence = this.#next++;
    const aad = concat(utf8(`${route}\0`), this.#keyId);
    const sealed = new Uint8Array(await this.#context.seal(utf8(plaintext), aad));
    const body = concat(this.#origin, u32(sequence), sealed);
    const about = concat(utf8('neocompute sealed response\0'), await sha256(body));
    const secret = new Uint8Array(await this.#context.export(about, SECRET_SIZE));
    return sealedAgain(body, secret)!;
  }
}

/** How long one encapsulation is used at most. */
const SENDER_CALLS = 1000;
const SENDER_MS = 5 * 60 * 1000;

/**
 * Seals the calls of one client: under one encapsulation while the key stays the same, for
 * SENDER_CALLS calls or SENDER_MS, because then the service opens all but the first in a tenth of
 * the time.
 */
export class Sealer {
  readonly #reuse: boolean;
  #kept: { keyId: string; since: number; calls: number; sender: Promise<Sender> } | undefined;

  constructor({ reuse }: { reuse: boolean }) {
    this.#reuse = reuse;
  }

  async seal(key: SealingKey, route: string, plaintext: string): Promise<SealedRequest> {
    if (!this.#reuse) return (await Sender.create(key)).seal(route, plaintext);
    const keyId = toBase64url(key.id);
    const now = Date.now();
    const isGood = this.#kept?.keyId === keyId && this.#kept.calls < SENDER_CALLS
      && now >= this.#kept.since && now - this.#kept.since < SENDER_MS;
    if (!isGood) this.#kept = { keyId, since: now, calls: 0, sender: Sender.create(key) };
    const kept = this.#kept!;
    kept.calls++;
    try {
      return await (await kept.sender).seal(route, plaintext);
    } catch (error) {
      if (this.#kept === kept) this.forget();
      throw error;
    }
  }

  /** The next call has a new encapsulation: something was wrong with one under this one. */
  forget(): void {
    this.#kept = undefined;
  }
}

/** The request that has this body and secret; undefined if they are not of one. */
export function sealedAgain(body: Bytes, secret: Bytes): SealedRequest | undefined {
  const kem = KEMS.find(({ id }) => body.length > HEAD_SIZE
    && id === new DataView(body.buffer, body.byteOffset).getUint16(KEY_ID_SIZE));
  const enc = body.slice(HEAD_SIZE, HEAD_SIZE + (kem?.publicSize ?? 0));
  const least = HEAD_SIZE + (kem?.publicSize ?? 0) + SEQUENCE_SIZE + TAG_SIZE;
  if (!kem || body.length < least || secret.length !== SECRET_SIZE) return undefined;
  return { body, secret, open: (response) => openAnswer(enc, secret, response) };
}

/**
 * Opens `encrypted_output` of an answer with the private key (X25519) that belongs to `encrypt_to`.
 * Throws a SealError `answer`.
 */
export async function openEncryptedOutput(encrypted: string, jobId: string,
  privateKey: CryptoKey): Promise<string> {
  const bytes = fromBase64(encrypted);
  try {
    const context = await suiteOf(0x0020).createRecipientContext({
      recipientKey: privateKey, enc: bytes!.slice(0, 32), info: utf8('neocompute encrypted output'),
    });
    return text(new Uint8Array(await context.open(bytes!.slice(32), utf8(jobId))));
  } catch {
    throw new SealError('answer', 'the encrypted output does not open with this key for this job');
  }
}
