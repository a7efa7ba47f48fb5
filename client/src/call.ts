// A sealed call that can be kept: the envelope, what opens its answers, what a receipt must say.

import { fromBase64url, text, toBase64url, utf8 } from './bytes.ts';
import { NeoComputeError } from './errors.ts';
import { parseObject } from './json.ts';
import type { Expectations } from './receipt.ts';
import { sealedAgain, type SealedRequest } from './seal.ts';

/** A call to POST /execute that was sealed, sent or not. */
export interface SealedCall {
  readonly sealed: SealedRequest;
  readonly expect: Expectations;
  /** When it was sealed, ms since 1970: no receipt of it is older. */
  readonly since: number;
}

const PREFIX = 'neocompute-call-1.';

/** As text. Whoever has it reads script, input and answer. */
export function writeToken({ sealed, expect, since }: SealedCall): string {
  const fields = {
    body: toBase64url(sealed.body), secret: toBase64url(sealed.secret), expect, since,
  };
  return PREFIX + toBase64url(utf8(JSON.stringify(fields)));
}

/** Reads what writeToken wrote. Throws a NeoComputeError `not_a_call`. */
export function readToken(token: string): SealedCall {
  const bytes = token.startsWith(PREFIX) ? fromBase64url(token.slice(PREFIX.length)) : undefined;
  const fields = bytes && parseObject(text(bytes));
  const body = fromBase64url(String(fields?.['body']));
  const secret = fromBase64url(String(fields?.['secret']));
  const sealed = body && secret && sealedAgain(body, secret);
  if (!sealed || typeof fields?.['since'] !== 'number' || typeof fields['expect'] !== 'object') {
    throw new NeoComputeError('not_a_call', 'this is no call that seal() made, or not all of it');
  }
  return { sealed, expect: fields['expect'] as Expectations, since: fields['since'] };
}
