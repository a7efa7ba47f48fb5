// node: 22
async function main() {
  const { promise, resolve } = Promise.withResolvers();
  const order = [];
  promise.then((v) => order.push(v));
  resolve('r'); order.push('sync');
  await promise;
  return order;
}
