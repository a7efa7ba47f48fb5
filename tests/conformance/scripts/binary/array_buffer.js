function main() {
  const b = new ArrayBuffer(8), a = new Uint32Array(b), c = new Uint8Array(b, 2, 3); a[0] = 0x01020304;
  const s = b.slice(1, 4), attempt = (body) => { try { return body(); } catch (e) { return e.name; } };
  return [[...c], [...new Uint8Array(s)], ArrayBuffer.isView(c), ArrayBuffer.isView(b), b.byteLength, attempt(() => new Uint32Array(b, 1)), attempt(() => new Uint16Array(new ArrayBuffer(3))), attempt(() => new ArrayBuffer(-1)), c.buffer === b, c.byteOffset];
}
