// Regular expressions over generated log lines: classes, groups, alternation, laziness, replacing.
let seed = 12345;
function random(n) {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return (seed >> 8) % n;
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'kappa', 'omega', 'user', 'item', 'index', 'search'];

function line() {
  const path = Array.from({ length: 1 + random(4) }, () => WORDS[random(WORDS.length)]).join('/');
  const query = random(2) ? `?${WORDS[random(10)]}=${random(1000)}&${WORDS[random(10)]}=%2${random(10)}x` : '';
  return `10.${random(256)}.${random(256)}.${random(256)} - - [${1 + random(28)}/Nov/2026:${10 + random(13)}:${10 + random(49)}:${10 + random(49)} +0000] ` +
    `"${METHODS[random(4)]} /${path}${query} HTTP/1.1" ${200 + random(300)} ${random(100000)} "mail: ${WORDS[random(10)]}.${WORDS[random(10)]}@example.org"`;
}

const LOG = /^(\d{1,3}(?:\.\d{1,3}){3}) - - \[([^\]]+)\] "([A-Z]+) (\S+?)(?:\?(\S*))? HTTP\/1\.[01]" (\d{3}) (\d+)/;
const MAIL = /\b([a-z]+(?:\.[a-z]+)*)@((?:[a-z]+\.)+[a-z]{2,})\b/gi;
const STAMP = /(\d+)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d)/;
const BACK = /(\w+)\/\w*\/?\1/;
const TROUBLE = /\b(?:4\d\d|5\d\d|error|fail(?:ed|ure)?)\b/;

function main() {
  let sum = 0;
  const add = (value) => { sum = (sum * 31 + value) % 1000000007; };
  for (let i = 0; i < 14000; i++) {
    const text = line();
    const m = LOG.exec(text);
    add(m[1].length + m[4].length + Number(m[6]));
    if (m[5] !== undefined) for (const pair of m[5].split(/[&=]/)) add(pair.length);
    add(text.replace(MAIL, (all, name, host) => `<${host}:${name}>`).length);
    const stamp = STAMP.exec(text);
    add(Number(stamp[1]) + Number(stamp[4]) * 60 + Number(stamp[5]));
    add(BACK.test(m[4]) ? 1 : 0);
    add(TROUBLE.test(text) ? 1 : 0);
    add(text.replace(/[aeiou]+/g, '').length);
    add((text.match(/\d+/g) || []).length);
  }
  return { checksum: sum };
}
