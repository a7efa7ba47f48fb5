// One request and its answer, over whatever `fetch` the runtime has.

import { concat, text, type Bytes } from './bytes.ts';
import { NetworkError, RequestError } from './errors.ts';
import { parseObject, type JsonObject } from './json.ts';

/** How to reach the service. */
export interface Endpoint {
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly userId?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Bytes;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Media type, without parameters. */
  readonly type: string;
  readonly headers: Headers;
  readonly bytes: Bytes;
}

/** Bytes of one answer: an endless one must not fill the memory. */
const ANSWER_MOST = 128 * 1024 * 1024;

async function readBody(response: Response): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > ANSWER_MOST) {
      await reader.cancel();
      throw new NetworkError('too_large', `the answer is larger than ${ANSWER_MOST} bytes`);
    }
    parts.push(value);
  }
  return concat(...parts);
}

/** The text of an answer; throws a NetworkError `malformed` if it is not UTF-8. */
export function textOf({ bytes }: Answer): string {
  try {
    return text(bytes);
  } catch (cause) {
    throw new NetworkError('malformed', 'the answer is not UTF-8', { cause });
  }
}

/** The JSON object of an answer, each member once; throws a NetworkError `malformed`. */
export function objectOf(answer: Answer): JsonObject {
  const object = parseObject(textOf(answer));
  if (!object) throw new NetworkError('malformed', 'the answer is not one JSON object');
  return object;
}

/** The error that a refusal is. */
export function refusal(status: number, document: string, headers?: Headers): RequestError {
  const retryAfter = Number(headers?.get('retry-after') ?? NaN);
  return new RequestError(status, parseObject(document) ?? {},
    Number.isFinite(retryAfter) ? retryAfter : undefined);
}

export class Transport {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof fetch;

  constructor({ url, apiKey, userId, fetch }: Endpoint) {
    this.#base = String(new URL(url)).replace(/\/+$/, '');
    this.#headers = {
      ...(apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }),
      ...(userId === undefined ? {} : { 'X-User-ID': userId }),
    };
    this.#fetch = fetch ?? globalThis.fetch.bind(globalThis);
  }

  /**
   * Sends a request. Throws a RequestError if the service refuses it, a NetworkError if there is no
   * answer, and the signal's reason if that ended it. Redirects are not followed.
   */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = await this.#exchange(method, path, options);
    if (answer.status >= 400) throw refusal(answer.status, textOf(answer), answer.headers);
    return answer;
  }

  async #exchange(method: string, path: string, { headers, body, signal }: RequestOptions):
    Promise<Answer> {
    try {
      const response = await this.#fetch(this.#base + path, {
        method, headers: { ...this.#headers, ...headers }, redirect: 'error', cache: 'no-store',
        credentials: 'omit', ...(body === undefined ? {} : { body }), ...(signal ? { signal } : {}),
      });
      return {
        status: response.status,
        type: (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase(),
        headers: response.headers, bytes: await readBody(response),
      };
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof NetworkError) throw cause;
      throw new NetworkError('network', `no answer from ${this.#base}: ${cause}`, { cause });
    }
  }
}
