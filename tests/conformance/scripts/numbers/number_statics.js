function main() {
  return [Number.MAX_SAFE_INTEGER, Number.EPSILON > 0, Number.MIN_VALUE, Number.MAX_VALUE, Number.isInteger(5.0), Number.isInteger('5'), Number.isSafeInteger(2 ** 53), Number.isNaN('x'), isNaN('x'), isFinite('5'), Number.isFinite('5'), Number.parseFloat === parseFloat, new Number(5) + 1, typeof new Number(5), (5).constructor.name, 0.1 + 0.7, (0.1 + 0.7) * 10 | 0, 1.0.toString(), 5..toFixed(1)];
}
