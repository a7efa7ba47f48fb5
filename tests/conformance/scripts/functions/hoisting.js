function main() {
  const results = [typeof hoisted, typeof notYet, hoisted()];
  function hoisted() { return 'early'; }
  var notYet = 1;
  { function inner() { return 'block'; } }
  results.push(inner(), typeof later);
  if (true) { function later() {} }
  results.push(typeof later);
  try { tdz; } catch (error) { results.push(error.name); }
  let tdz = 1;
  return results;
}
