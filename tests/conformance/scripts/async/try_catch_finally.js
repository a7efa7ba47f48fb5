async function work(log, how) {
  try { log.push('try ' + how); if (how === 'throw') throw new TypeError('t'); if (how === 'reject') await Promise.reject(new RangeError('r')); return 'returned'; }
  catch (error) { log.push(error.name); return 'caught'; }
  finally { log.push('finally'); await null; log.push('after'); if (how === 'override') return 'overridden'; }
}
async function main() { const log = []; return { results: [await work(log, 'ok'), await work(log, 'throw'), await work(log, 'reject'), await work(log, 'override')], log }; }
