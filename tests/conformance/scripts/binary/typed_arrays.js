function main() {
  const u8 = new Uint8Array([1, 255, 256, -1, 1.9]), c = new Uint8ClampedArray([300, -5, 1.5, 2.5, NaN]), i16 = Int16Array.from([32768, 65535]), f32 = new Float32Array([1.1, 1e40]);
  return [[...u8], [...c], [...i16], f32[0], f32[1] === Infinity, u8.subarray(1, 3).length, [...u8.slice(-2)], u8.map((x) => x * 2).join(), u8.BYTES_PER_ELEMENT, Float64Array.BYTES_PER_ELEMENT, u8.includes(255), u8.indexOf(1), u8[99] === undefined, (() => { u8[99] = 1; return u8.length; })(), JSON.stringify(u8), Object.prototype.toString.call(u8), [...new Float64Array([3, -0, NaN, -1]).sort()].map(String), [...new BigInt64Array([2n ** 63n])].map(String), u8.at(-1), [...u8.entries()].length, Object.getPrototypeOf(Uint8Array).name];
}
