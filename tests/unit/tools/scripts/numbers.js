// Arithmetic at the edges: what a wrong translation of a float or integer instruction would change.
const v = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 63, 1e308, 5e-324, 0.1, 123456789.987654321, 1e21, 1e-7];
const out = [];
for (const x of v) {
    out.push(x | 0, x >>> 0, ~x, Math.round(x), Math.floor(x), Math.ceil(x), Math.trunc(x), Math.fround(x), Math.sign(x), Math.clz32(x), x.toString(), x.toString(36), Math.sqrt(x), Math.cbrt(x), Math.exp(x), Math.log(x), Math.sin(x), Math.atan(x), Math.tanh(x));
    for (const y of v) out.push(x + y, x - y, x * y, x / y, x % y, x ** y, Math.min(x, y), Math.max(x, y), Math.atan2(x, y), x < y, x >= y, Object.is(x, y), x << y, x >> y, x >>> y, Math.imul(x, y), Math.hypot(x, y));
}
const f = new Float32Array(v), d = new DataView(new ArrayBuffer(16));
for (const x of v) { d.setFloat32(0, x); d.setFloat64(8, x, true); out.push(d.getInt32(0), d.getBigUint64(8), d.getUint16(3), d.getInt8(9)); }
out.push(...new Uint8ClampedArray(v), ...new Int16Array(v), ...new Uint32Array(v), ...f);
let b = 1n; for (let i = 1n; i < 60n; i++) b = b * i - (b >> 3n) + (i << 70n) ** 2n % 97n;
out.push(b, b / 12345678901234567890n, b % -997n, -b >> 65n, BigInt.asIntN(64, b), BigInt.asUintN(33, -b), b.toString(7), b & 0xffffffffffffffffffffn, ~b ^ 5n, Number(b), BigInt(2 ** 70), b > 2 ** 60);
for (const s of ["1e400", "0x1F", "-.5e-3", "  12  ", "9007199254740993", "1_0", "2.2250738585072014e-308", "1.7976931348623159e308"]) out.push(Number(s), parseFloat(s), parseInt(s));
for (const x of [0.000001234, 123.456, 1e21, 0.5, 1.005, 25, 1e-10]) for (const n of [0, 1, 5, 15]) out.push(x.toFixed(n), x.toPrecision(n + 1), x.toExponential(n));
let h = 0; const text = out.map((x) => (Object.is(x, -0) ? "-0" : String(x))).join();
for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
`${h} ${text.length} ${text.slice(-300)}`
