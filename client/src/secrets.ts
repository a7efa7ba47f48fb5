// The user's secrets. A value travels sealed from its owner to the service.

import { NetworkError } from './errors.ts';
import { objectOf, textOf, type Answer, type Transport } from './http.ts';
import type { JsonObject } from './json.ts';

/** What is shown of a secret. */
export interface Secret {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Who may read a secret; docs/protocol.md of the service, "Who may read one". */
export interface Policy {
  readonly services?: readonly string[];
  /** null: any script. */
  readonly scripts?: readonly {
    readonly sha256: string;
    readonly entry_point?: string;
    readonly expires_at?: string;
  }[] | null;
  readonly allow_output?: boolean;
  readonly guard?: boolean;
}

/**
 * What an answer is about, as it was then: for `ifMatch` of a change. Opaque. Undefined where
 * something on the way keeps the header ETag from this program.
 */
export interface Tagged {
  readonly etag: string | undefined;
}

/** A call that can be ended. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * A change that is made only if what is there has this `etag`: of the secret, or of its policy where
 * that is changed. Else it is a RequestError `precondition_failed`, and nothing was done.
 */
export interface ChangeOptions extends CallOptions {
  readonly ifMatch?: string;
}

export interface SetOptions extends ChangeOptions {
  readonly sealed?: boolean;
  /** Only if there is no secret of this name; else it is `precondition_failed`. */
  readonly ifAbsent?: boolean;
}

/** Sends a JSON document sealed and gives the document of the answer. */
export type SendSealed = (method: string, path: string, plaintext: string,
  options: { headers: Record<string, string>; signal?: AbortSignal | undefined }) =>
  Promise<string>;

function pathOf(name: string): string {
  return `/secrets/${encodeURIComponent(name)}`;
}

function condition(change: SetOptions): Record<string, string> {
  // An etag that is missing must not make a change of what was not seen.
  if ('ifMatch' in change && typeof change.ifMatch !== 'string') {
    throw new TypeError('ifMatch is no etag');
  }
  return {
    ...(change.ifMatch === undefined ? {} : { 'If-Match': change.ifMatch }),
    ...(change.ifAbsent ? { 'If-None-Match': '*' } : {}),
  };
}

export class Secrets {
  readonly #transport: Transport;
  readonly #sendSealed: SendSealed;

  /** @internal use `NeoCompute.secrets` */
  constructor(transport: Transport, sendSealed: SendSealed) {
    this.#transport = transport;
    this.#sendSealed = sendSealed;
  }

  /** The secrets after `after`, by name; `next` continues the list and is undefined at its end. */
  async list({ limit, after, signal }: CallOptions & { limit?: number; after?: string } = {}):
    Promise<{ secrets: Secret[]; next: string | undefined }> {
    const query = new URLSearchParams();
    if (limit !== undefined) query.set('limit', String(limit));
    if (after !== undefined) query.set('after', after);
    const answer = await this.#transport.send('GET', withQuery('/secrets', query), { signal });
    const { secrets } = objectOf(answer) as unknown as { secrets: Secret[] };
    return { secrets, next: nextOf(answer, 'after') };
  }

  /**
   * Makes a secret or gives it a new value. The value is sealed to the service's verified key,
   * which takes an attestation policy; `sealed: false` sends it as the connection carries it.
   */
  async set(name: string, value: string, { sealed = true, signal, ...change }:
    SetOptions = {}): Promise<{ secret: Secret; created: boolean } & Tagged> {
    const body = JSON.stringify({ value });
    const headers = condition(change);
    if (sealed) {
      return JSON.parse(await this.#sendSealed('PUT', pathOf(name), body, { headers, signal }));
    }
    return this.#json('PUT', pathOf(name), { body, headers, signal });
  }

  /** All but the value. */
  get(name: string, { signal }: CallOptions = {}): Promise<Secret & Tagged> {
    return this.#json('GET', pathOf(name), { signal });
  }

  /** The value; the service writes this down in its audit log. */
  reveal(name: string, { signal }: CallOptions = {}):
    Promise<{ name: string; value: string; version: number } & Tagged> {
    return this.#json('POST', `${pathOf(name)}/reveal`, { signal });
  }

  /** Deletes all versions. */
  async remove(name: string, { signal, ...change }: ChangeOptions = {}): Promise<void> {
    await this.#transport.send('DELETE', pathOf(name), { headers: condition(change), signal });
  }

  /** Who may read it. The `etag` is of the policy, not of the secret. */
  policy(name: string, { signal }: CallOptions = {}): Promise<Policy & Tagged> {
    return this.#json('GET', `${pathOf(name)}/policy`, { signal });
  }

  /** Replaces the rules; what is left out has its default. An `etag` among them is not one. */
  async setPolicy(name: string, policy: Policy & Partial<Tagged>,
    { signal, ...change }: ChangeOptions = {}): Promise<Policy & Tagged> {
    const { etag: _, ...rules } = policy;
    return this.#json('PUT', `${pathOf(name)}/policy`,
      { body: JSON.stringify(rules), headers: condition(change), signal });
  }

  async #json<T>(method: string, path: string,
    { body, headers, signal }: CallOptions & { body?: string; headers?: Record<string, string> }):
    Promise<T> {
    const content = body === undefined ? {}
      : { body, headers: { ...headers, 'Content-Type': 'application/json' } };
    const answer = await this.#transport.send(method, path, { signal, ...content });
    return { etag: answer.headers.get('etag') ?? undefined, ...objectOf(answer) } as JsonObject as T;
  }
}

export function withQuery(path: string, query: URLSearchParams): string {
  return query.size > 0 ? `${path}?${query}` : path;
}

/** A parameter of the link to the next page, if there is one. */
export function nextOf(answer: Answer, parameter: string): string | undefined {
  const link = /<([^>]*)>\s*;\s*rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  if (link === undefined) return undefined;
  return new URL(link, 'http://none').searchParams.get(parameter) ?? undefined;
}

/** The elements of an answer that is a JSON array. */
export function arrayOf<T>(answer: Answer): T[] {
  let value: unknown;
  try {
    value = JSON.parse(textOf(answer));
  } catch {
    // no JSON
  }
  if (!Array.isArray(value)) throw new NetworkError('malformed', 'the answer is not a list');
  return value as T[];
}
