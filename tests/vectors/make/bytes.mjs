// Bytes and texts that all vectors are written with.

import crypto from 'node:crypto';

export const b64u = (bytes) => Buffer.from(bytes).toString('base64url');
export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const concat = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
export const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest();
export const hmac = (key, bytes) => crypto.createHmac('sha256', key).update(bytes).digest();

/** 32 bytes that anyone can make again: no secret of anybody. */
export const fixed = (label) => sha256(`neocompute vectors: ${label}`);

export function u16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
