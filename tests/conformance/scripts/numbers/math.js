function main() {
  const r = (x) => Math.round(x * 1e10) / 1e10;
  return [Math.round(-0.5) === 0, Math.round(2.5), Math.round(-2.5), Math.trunc(-4.7), Math.sign(-3), Math.cbrt(27), Math.hypot(3, 4), r(Math.log2(10)), r(Math.log10(2)), r(Math.log1p(1e-5)), r(Math.expm1(1e-5)), Math.fround(5.5), Math.fround(5.05) !== 5.05, Math.imul(0xffffffff, 5), Math.clz32(1), r(Math.atan2(1, -1)), r(Math.sinh(1)), r(Math.acosh(2)), Math.max(), Math.min(1, '0', null), Math.max(1, NaN) !== Math.max(1, NaN), r(Math.sin(1)), r(Math.tan(0.5)), r(Math.pow(2, 0.5)), Math.sqrt(2), Math.abs(-7.25), Math.ceil(-0.2) === 0, Math.floor(-0.2), Math[Symbol.toStringTag]].map((x) => (x === -Infinity ? '-inf' : x));
}
