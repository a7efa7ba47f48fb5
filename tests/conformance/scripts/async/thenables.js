async function main() {
  const log = [];
  const thenable = { get then() { log.push('get'); return (resolve) => { log.push('call'); resolve('value'); resolve('again'); }; } };
  const values = [await thenable, await Promise.resolve(thenable)];
  const thrower = { then() { throw new Error('thrown'); } };
  try { await thrower; } catch (error) { log.push(error.message); }
  return { values, log, notThenable: await ({ then: 5 }).then };
}
