// node: 22
async function main() {
  async function* source() { yield 1; yield 2; }
  return [await Array.fromAsync(source(), (x) => x * 2), await Array.fromAsync([Promise.resolve(5), 6])];
}
