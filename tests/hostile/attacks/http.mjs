// Abuse of the connection: slow, half, many, long, and two requests that pretend to be one.
//
// raw     what is sent on each connection (RawConnection.sendAll)
// count   how many connections do it at once (1)
// hold    milliseconds that they stay open afterwards
// status  what may come on the first one: statuses, 'close' or 'silence'

const body = JSON.stringify({ script: 'function main() { return "@MARK@" }' });
const size = Buffer.byteLength(body) - '@MARK@'.length + 64;
const lines = (...all) => [...all, '', ''].join('\r\n');
const post = lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Type: application/json', `Content-Length: ${size}`);
const request = post + body;
const get = lines('GET /health HTTP/1.1', 'Host: x');
const any = [200, 400, 401, 404, 405, 408, 413, 414, 429, 431, 501, 503, 505, 'close', 'silence'];
const refused = [400, 401, 408, 411, 413, 414, 431, 501, 503, 'close'];

const sealed = (body) => lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Type: application/vnd.neocompute.sealed-request', `Content-Length: ${Buffer.byteLength(body)}`) + body;
const suite = '\0\x20\0\x01\0\x02'; // X25519, HKDF-SHA256, AES-256-GCM

export default [
  { name: 'a sealed request of nothing', raw: sealed(''), status: [400], why: 'too short for a header' },
  { name: 'a sealed request that is a header', raw: sealed(`${'k'.repeat(16)}${suite}`), status: [400], why: 'too short for a key and a tag' },
  { name: 'sealed requests to a key that never was', raw: sealed(`${'k'.repeat(16)}${suite}${'x'.repeat(2000)}`).repeat(50), status: [400], why: 'nothing is computed for them', seconds: 8 },
  { name: 'a sealed request of zeros, 2 MB', raw: sealed('\0'.repeat(2000000)), status: [400], why: 'an unknown suite, whatever its size', seconds: 8 },
  { name: '500 sealed requests whose sender resets at once', raw: [sealed(`${'k'.repeat(16)}${suite}${'x'.repeat(500)}`), { cut: true }], count: 500, status: any, why: 'openings without a reader', seconds: 10 },
  { name: '1000 idle connections', raw: '', count: 1000, hold: 1500, status: any, why: 'connections cost little', seconds: 8 },
  { name: '1000 connections with half a request', raw: 'POST /execute HTTP/1.1\r\nHost: x\r\nX-User', count: 1000, hold: 1500, status: any, why: 'the same, with buffers', seconds: 8 },
  { name: '500 connections with half a body', raw: post + '{"scr', count: 500, hold: 1500, status: any, why: 'bodies that never come', seconds: 8 },
  { name: '300 connections that announce 2 MiB', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Length: 2000000') + 'x', count: 300, hold: 1500, status: any, why: 'memory is taken for what came, not for what was announced', seconds: 8 },
  { name: '2000 connections opened and reset', raw: [{ cut: true }], count: 2000, status: any, why: 'accept and drop', seconds: 12 },
  { name: '500 requests whose sender resets at once', raw: [request, { cut: true }], count: 500, status: any, why: 'jobs without a reader', seconds: 10 },
  { name: '500 requests whose sender half-closes at once', raw: [request, { halfClose: true }], count: 500, status: any, why: 'a half-close is hanging up', seconds: 10 },
  { name: 'a byte every 50 ms', raw: [...post.slice(0, 60)].flatMap((c) => [c, { wait: 50 }]), count: 50, status: any, why: 'slow loris', seconds: 10 },
  { name: 'a slow body', raw: [post, ...[...'{"script": "function'].flatMap((c) => [c, { wait: 50 }])], count: 50, status: any, why: 'slow post', seconds: 10 },
  { name: 'a reader that never reads', raw: Array.from({ length: 200 }, () => lines('GET /openapi.json HTTP/1.1', 'Host: x')), count: 10, hold: 1500, unread: true, status: any, why: 'answers pile up in the socket, not in memory', seconds: 8 },
  { name: '100 pipelined requests', raw: get.repeat(100), status: [200], why: 'answered in order or refused', seconds: 5 },
  { name: '2000 pipelined requests', raw: get.repeat(2000), status: [200], why: 'one connection cannot queue without end', seconds: 8 },
  { name: 'pipelined jobs', raw: request.repeat(20), status: [200], why: 'one at a time a connection', seconds: 8 },
  { name: 'a request hidden in a body of the wrong length', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Type: application/json', 'Content-Length: 2') + '{}' + lines('GET /jobs HTTP/1.1', 'Host: x', 'X-User-ID: victim'), status: [400], why: 'what follows is the sender\'s own next request', seconds: 3 },
  { name: 'smuggling: two lengths', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Length: 2', 'Content-Length: 70') + '{}' + lines('GET /jobs HTTP/1.1', 'Host: x', 'X-User-ID: victim'), status: refused, once: true, why: 'who reads which length', seconds: 3 },
  { name: 'smuggling: length and chunks', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Length: 4', 'Transfer-Encoding: chunked') + '0\r\n\r\n' + lines('GET /jobs HTTP/1.1', 'Host: x', 'X-User-ID: victim'), status: refused, once: true, why: 'who believes which header', seconds: 3 },
  { name: 'smuggling: a hidden encoding', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Length: 4', 'Transfer-Encoding : chunked') + '0\r\n\r\n', status: refused, why: 'a blank before the colon', seconds: 3 },
  { name: 'smuggling: an encoding after a tab', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Length: 4', 'Transfer-Encoding:\tchunked') + '0\r\n\r\n', status: refused, once: true, why: 'white space', seconds: 3 },
  { name: 'smuggling: xchunked', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Length: 4', 'Transfer-Encoding: xchunked') + '0\r\n\r\n', status: refused, once: true, why: 'an unknown coding', seconds: 3 },
  { name: 'smuggling: a bare line feed', raw: `POST /execute HTTP/1.1\nHost: x\nX-User-ID: mallory\nContent-Length: 2\n\n{}`, status: [400, 'close'], why: 'line ends', seconds: 3 },
  { name: 'smuggling: a bare carriage return in a header', raw: lines('GET /jobs HTTP/1.1', 'Host: x', 'X-User-ID: mallory\rX-User-ID: victim'), status: refused, why: 'line ends', seconds: 3 },
  { name: 'smuggling: a folded user', raw: lines('GET /jobs HTTP/1.1', 'Host: x', 'X-User-ID: mal', ' lory'), status: [200, ...refused], why: 'folding', seconds: 3 },
  { name: 'a NUL in the last header', raw: lines('GET /jobs HTTP/1.1', 'Host: x', 'X-User-ID: victim\0mallory'), status: [400], why: 'the value would end there', seconds: 3 },
  { name: 'a NUL at the end of a value', raw: lines('GET /jobs HTTP/1.1', 'X-User-ID: victim\0', 'Host: x'), status: [400], why: 'not the name that a gateway saw', seconds: 3 },
  { name: 'a NUL in the length', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Length: 2\x000') + '{}' + lines('GET /jobs HTTP/1.1', 'Host: x', 'X-User-ID: victim'), status: [400], once: true, why: 'two readings of one length', seconds: 3 },
  { name: 'a first header that is folded', raw: lines('GET /jobs HTTP/1.1', ' X-User-ID: victim', 'Host: x', 'X-User-ID: mallory'), status: [400], why: 'belongs to no header', seconds: 3 },
  { name: 'a user after a bare line feed', raw: lines('GET /jobs HTTP/1.1', 'Host: x\nX-User-ID: victim'), status: [400], why: 'a value for one reader, a header for the other', seconds: 3 },
  { name: 'a user in an underscore header', raw: lines('GET /jobs HTTP/1.1', 'Host: x', 'X_User_ID: victim'), status: [401, 400], why: 'not the same name', seconds: 3 },
  { name: 'a user in the query', raw: lines('GET /jobs?X-User-ID=victim&user=victim HTTP/1.1', 'Host: x'), status: [400, 401], why: 'identity comes from one place', seconds: 3 },
  { name: 'a user in a cookie', raw: lines('GET /jobs HTTP/1.1', 'Host: x', 'Cookie: X-User-ID=victim'), status: [401], why: 'identity comes from one place', seconds: 3 },
  { name: 'a user in a trailer', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked', 'Trailer: X-User-ID') + '2\r\n{}\r\n0\r\nX-User-ID: victim\r\n\r\n', status: refused, why: 'trailers are no headers', seconds: 3 },
  { name: 'an absolute target', raw: lines('GET http://other/jobs HTTP/1.1', 'Host: x', 'X-User-ID: mallory'), status: [200, 400, 404, 'close'], why: 'not a proxy', seconds: 3 },
  { name: 'a header bomb', raw: `GET /health HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(100000)}\r\n`, status: refused, why: 'headers have a bound', seconds: 5 },
  { name: 'one header of 10 MiB', raw: [`GET /health HTTP/1.1\r\nHost: x\r\nA: `, 'a'.repeat(10485760), '\r\n\r\n'], status: refused, why: 'headers have a bound', seconds: 5 },
  { name: '50 header bombs at once', raw: `GET /health HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(20000)}\r\n`, count: 50, status: refused, why: 'bounds hold together', seconds: 8 },
  { name: 'a chunked body without an end', raw: [lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Transfer-Encoding: chunked'), ...Array.from({ length: 100 }, () => `10000\r\n${'x'.repeat(65536)}\r\n`)], status: [413, 'close'], why: 'cut off at the limit', seconds: 5 },
  { name: 'a million empty chunk extensions', raw: [lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Transfer-Encoding: chunked'), ...Array.from({ length: 50 }, () => `1;${'x='.repeat(5000)}\r\n \r\n`)], status: any, hold: 200, why: 'extensions have a bound', seconds: 5 },
  { name: 'one-byte chunks', raw: [lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Type: application/json', 'Transfer-Encoding: chunked'), `1\r\n \r\n`.repeat(50000), '0\r\n\r\n'], status: [400], why: 'a body of blanks', seconds: 5 },
  { name: 'a body of braces', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Type: application/json', 'Content-Length: 2000000') + '{"a":'.repeat(400000), status: [400], why: 'the parser of the envelope', seconds: 5 },
  { name: 'a body of a million fields', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Type: application/json', 'Content-Length: 1400001') + `{${'"a": 1,'.repeat(200000)}`.padEnd(1400001), status: [400], why: 'no square of the number of fields', seconds: 5 },
  { name: '300 wrong requests at once', raw: lines('POST /execute HTTP/1.1', 'Host: x', 'X-User-ID: mallory', 'Content-Type: application/json', 'Content-Length: 5') + '{bad}', count: 300, status: [400], why: 'problem documents cost little', seconds: 8 },
  { name: '200 users at once', raw: null, flood: { users: 200, each: 3, script: 'function main() { let n = 0; while (n < 1e5) n++; return "@MARK@" }' }, status: [200, 429, 503], why: 'users that are seen once leave nothing', seconds: 20 },
  { name: 'bodies of half a million numbers', raw: null, flood: { users: 2, each: 20, script: 'function main(i) { return "@MARK@" + i.length }', input: Array(520000).fill(1) }, status: [200, 429, 503], why: 'they are read in turns, a bounded part each time', seconds: 20 },
  { name: 'inputs that are a byte too long, many at once', raw: null, flood: { users: 1, each: 20, script: 'function main(i) { return "@MARK@" }', input: 'x'.repeat(1048577) }, status: [400, 429, 503], why: 'what is refused was read in turns too', seconds: 20 },
  { name: 'one user floods', raw: null, flood: { users: 1, each: 300, script: 'function main() { const a = []; for (let i = 0; i < 1e5; i++) a.push({ i }); return "@MARK@" }' }, status: [200, 429, 503], why: 'bounded a user', seconds: 20 },
  { name: 'HTTP/1.0 with keep-alive', raw: `GET /health HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n`, status: [200], why: 'old but right', seconds: 3 },
  { name: 'Upgrade to another protocol', raw: lines('GET /health HTTP/1.1', 'Host: x', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'), status: [200, 400], why: 'ignored', seconds: 3 },
  { name: 'Range, If-None-Match and friends', raw: lines('GET /info HTTP/1.1', 'Host: x', 'Range: bytes=0-5', 'If-None-Match: *', 'If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT'), status: [200], why: 'ignored', seconds: 3 },
  { name: 'a trace id of 10 000 bytes', raw: lines('GET /health HTTP/1.1', 'Host: x', `X-Trace-ID: ${'t'.repeat(10000)}`), status: [200, 400, 431], why: 'never echoed without a bound', echo: 't'.repeat(300), seconds: 3 },
];
