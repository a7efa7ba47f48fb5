function main() {
  const b = new ArrayBuffer(32), v = new DataView(b, 4, 20);
  v.setUint16(0, 0x1234); v.setUint16(2, 0x1234, true); v.setFloat32(4, Math.PI); v.setFloat64(8, Math.E, true); v.setInt8(16, -1);
  const big = new DataView(new ArrayBuffer(8)); big.setBigUint64(0, 0x0102030405060708n);
  const attempt = (body) => { try { return body(); } catch (e) { return e.name; } };
  return [[...new Uint8Array(b)], v.getFloat32(4), v.getFloat64(8, true), v.getUint8(16), big.getUint8(7), String(big.getBigInt64(0, true)), v.byteOffset, attempt(() => v.getInt32(18)), attempt(() => new DataView(b, 40)), attempt(() => v.setInt8(-1, 0))];
}
