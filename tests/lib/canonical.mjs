// RFC 8785 text of a JSON value, and the hash and signature that anyone can recompute from it.

import crypto from 'node:crypto';

/** The canonical form: keys in UTF-16 order, numbers and strings as ECMAScript writes them. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.keys(value).sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

export function sha256(bytes) {
  return crypto.createHash('sha256').update(bytes).digest();
}

/** Hex SHA-256 of the canonical bytes of `output`. */
export function outputHash(output) {
  return sha256(canonical(output)).toString('hex');
}

/** Master keys are hex if all of it is hex, else their own bytes. */
function keyBytes(masterKey) {
  return /^(0x)?([0-9a-f]{2})+$/i.test(masterKey)
    ? Buffer.from(masterKey.replace(/^0x/, ''), 'hex') : Buffer.from(masterKey);
}

/** Hex HMAC-SHA256 of the 32 hash bytes under the signing key derived from the master key. */
export function outputSignature(output, masterKey) {
  const key = crypto.hkdfSync('sha256', keyBytes(masterKey), 'neocompute-signing-key',
    'tee-result-signing', 32);
  return crypto.createHmac('sha256', Buffer.from(key))
    .update(sha256(canonical(output))).digest('hex');
}
