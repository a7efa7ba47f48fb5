const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
function base58(bytes) { let n = bytes.reduce((a, b) => a * 256n + BigInt(b), 0n), out = ''; while (n > 0n) { out = ALPHABET[Number(n % 58n)] + out; n /= 58n; } for (const b of bytes) { if (b) break; out = '1' + out; } return out; }
function unhex(h) { return Uint8Array.from(h.match(/../g), (b) => parseInt(b, 16)); }
function main() { return [base58(unhex('0000010966776006953d5567439e5e39f86a0d273beed61967f6')), [...unhex('00ff10')].map((b) => b.toString(16).padStart(2, '0')).join(''), base58([])]; }
