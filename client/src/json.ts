// JSON as bytes: the text of one member as it was sent, and the canonical form (RFC 8785).
//
// Receipts are over bytes. `output` stands in an answer in its canonical form, and those bytes are
// taken from the answer's text, not made again from the parsed value: what is hashed is what came.

import { NeoComputeError } from './errors.ts';

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A JSON object. */
export type JsonObject = { [name: string]: Json };

const SPACE = ' \t\n\r';
const ENDS = `${SPACE},]}`;

// Loops, not regular expressions: those take stack for each character, and texts have millions.

function pastSpace(text: string, at: number): number {
  while (at < text.length && SPACE.includes(text[at]!)) at += 1;
  return at;
}

/** The end of the string that starts at `at`. */
function pastString(text: string, at: number): number {
  for (let quote = at; ;) {
    quote = text.indexOf('"', quote + 1);
    let escapes = 0;
    while (text[quote - 1 - escapes] === '\\') escapes += 1;
    if (escapes % 2 === 0) return quote + 1;
  }
}

function pastScalar(text: string, at: number): number {
  while (at < text.length && !ENDS.includes(text[at]!)) at += 1;
  return at;
}

/** The end of the value that starts at `at`, in text that JSON.parse has taken. */
function endOfValue(text: string, at: number): number {
  if (text[at] === '"') return pastString(text, at);
  if (text[at] !== '{' && text[at] !== '[') return pastScalar(text, at);
  let depth = 0;
  for (let i = at; ; i++) {
    const c = text[i];
    if (c === '"') i = pastString(text, i) - 1;
    else if (c === '{' || c === '[') depth += 1;
    else if ((c === '}' || c === ']') && --depth === 0) return i + 1;
  }
}

/**
 * The members of a JSON object and the text of each value as it stands there. Undefined if the text
 * is no JSON object, or names a member twice: then two readers may see two different documents.
 */
export function members(text: string): Map<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  } catch {
    return undefined;
  }
  const found = new Map<string, string>();
  let at = pastSpace(text, pastSpace(text, 0) + 1);
  while (text[at] !== '}') {
    const endOfName = pastString(text, at);
    const name: string = JSON.parse(text.slice(at, endOfName));
    if (found.has(name)) return undefined;
    at = pastSpace(text, pastSpace(text, endOfName) + 1); // behind the colon
    const end = endOfValue(text, at);
    found.set(name, text.slice(at, end));
    at = pastSpace(text, end);
    if (text[at] === ',') at = pastSpace(text, at + 1);
  }
  return found;
}

/** A JSON object whose members are each there once; undefined for anything else. */
export function parseObject(text: string): JsonObject | undefined {
  return members(text) && JSON.parse(text);
}

/**
 * The canonical form of a value (RFC 8785): what the service hashes as a job's output. Members are
 * sorted by the UTF-16 code units of their names; numbers and strings are as ECMAScript writes
 * them. Throws a NeoComputeError with code `not_json` for what has no such form.
 */
export function canonicalize(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const written = Object.keys(value).sort()
      .map((name) => `${canonicalize(name)}:${canonicalize(value[name]!)}`);
    return `{${written.join(',')}}`;
  }
  const isFinite = typeof value !== 'number' || Number.isFinite(value);
  const isText = typeof value !== 'string' || !/\p{Surrogate}/u.test(value);
  if (!isFinite || !isText || !['boolean', 'number', 'string', 'object'].includes(typeof value)) {
    throw new NeoComputeError('not_json', `${String(value)} has no canonical JSON form`);
  }
  return JSON.stringify(value);
}
