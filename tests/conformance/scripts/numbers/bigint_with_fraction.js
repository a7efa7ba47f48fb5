function main() {
  const n = -0.5;
  return [n > -255n, -255n < n, 0.25 < 1n, 1.5 > 1n, -0.5 < -255n];
}
