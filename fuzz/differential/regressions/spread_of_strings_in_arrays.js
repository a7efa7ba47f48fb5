const log = [];
async function main() { log.push(JSON.stringify([...'a😀b', ...new Set('aab')])); return log; }
