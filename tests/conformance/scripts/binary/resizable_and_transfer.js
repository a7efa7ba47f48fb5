// node: 22
function main() {
  const b = new ArrayBuffer(4, { maxByteLength: 16 }), u = new Uint8Array(b); u.fill(7); b.resize(8); const grown = [...u]; b.resize(2);
  const t = b.transfer(), fixed = t.transferToFixedLength(3);
  return [grown, u.length, b.detached, t.detached, b.byteLength, [...new Uint8Array(fixed)], fixed.resizable, (() => { try { new ArrayBuffer(4, { maxByteLength: 2 }); } catch (e) { return e.name; } })()];
}
