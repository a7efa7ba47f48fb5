// Requests that are wrong, each with what the service must say. Data only: bad_input.test.mjs sends
// them. A row is
//
//   name
//   method, path, user, headers, body    as for Server.request; POST /execute by default. A string
//                                        or Buffer is sent as it is, anything else as JSON
//   raw                                  or: bytes and waits for a socket (RawConnection.sendAll)
//   status      what may come: numbers, or 'close' (without an answer)
//   error_code  what the problem document or the failed job says (one, or several that are right)
//   names       a text that the message must contain, such as the field at fault
//   allow       methods that the Allow header must list
//   ends        raw: the connection must be closed after the answer

const script = 'function main() { return 1 }';
const KIB = 1024;
const MIB = 1024 * KIB;

const head = (...lines) => ['POST /execute HTTP/1.1', ...lines, '', ''].join('\r\n');
const host = 'Host: localhost';
const alice = 'X-User-ID: alice';
const json = 'Content-Type: application/json';
const body = JSON.stringify({ script });
const size = `Content-Length: ${body.length}`;
const nested = (depth, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);

/** One row for each wrong value of a field. */
const wrongValues = (field, values, expect = {}) => values.map((value) => ({
  name: `${field} is ${JSON.stringify(value).slice(0, 40)}`,
  body: { script, [field]: value },
  status: [400],
  error_code: ['invalid_field'],
  names: field,
  ...expect,
}));

const invalidJson = [
  ['an empty body', ''],
  ['white space only', ' \r\n\t'],
  ['a truncated object', '{"script": "function main() {}"'],
  ['a truncated string', '{"script": "func'],
  ['a truncated escape', '{"script": "\\u00'],
  ['a truncated number', '{"script": "1", "timeout": 1e'],
  ['a trailing comma', '{"script": "1",}'],
  ['text after the object', `${body} x`],
  ['a second object after it', `${body}${body}`],
  ['single quotes', "{'script': '1'}"],
  ['no quotes', '{script: "1"}'],
  ['a comment', `/* hi */ ${body}`],
  ['NaN', '{"script": "1", "timeout": NaN}'],
  ['Infinity', '{"script": "1", "timeout": Infinity}'],
  ['-Infinity', '{"script": "1", "timeout": -Infinity}'],
  ['a leading zero', '{"script": "1", "timeout": 010}'],
  ['a plus sign', '{"script": "1", "timeout": +1}'],
  ['hexadecimal', '{"script": "1", "timeout": 0x10}'],
  ['a raw newline in a string', '{"script": "a\nb"}'],
  ['a raw NUL in a string', '{"script": "a\0b"}'],
  ['a NUL after the object', `${body}\0`],
  ['a bad escape', '{"script": "\\x41"}'],
  ['a bad input inside a good envelope', '{"script": "1", "input": [1,]}'],
  ['an input that is cut off', '{"script": "1", "input": {"a": }}'],
  ['an input with a bad number', '{"script": "1", "input": 01}'],
  ['an input with brackets crossed', '{"script": "1", "input": [{]}}'],
  ['invalid UTF-8', Buffer.from('7b22736372697074223a22ff227d', 'hex')],
  ['an overlong UTF-8 form', Buffer.from('7b22736372697074223a22c080227d', 'hex')],
  ['a surrogate in UTF-8', Buffer.from('7b22736372697074223a22eda080227d', 'hex')],
  ['a truncated UTF-8 character', Buffer.from('7b22736372697074223a22e282227d', 'hex')],
  ['invalid UTF-8 in the input', Buffer.concat([
    Buffer.from('{"script":"1","input":"'), Buffer.from([0xfe]), Buffer.from('"}')])],
  ['random bytes', Buffer.from('deadbeef00ff8899', 'hex')],
  ['UTF-16', Buffer.from(`\ufeff${body}`, 'utf16le')],
].map(([name, text]) => ({
  name: `invalid JSON: ${name}`, body: text, status: [400], error_code: ['invalid_json', 'script_missing'],
}));

const shapes = [
  ...['null', 'true', '1', '"text"', '[]', `[${body}]`].map((text) => ({
    name: `the body is ${text.slice(0, 20)}`,
    body: text,
    status: [400],
    error_code: ['invalid_json', 'invalid_field'],
  })),
  { name: 'no script', body: {}, status: [400], error_code: ['script_missing'] },
  { name: 'no script but an input', body: { input: 1 }, status: [400], error_code: ['script_missing'] },
  { name: 'an empty script', body: { script: '' }, status: [400], error_code: ['script_missing'] },
  { name: 'an unknown field', body: { script, encrypt_too: 'x' }, status: [400], error_code: ['unknown_field'], names: 'encrypt_too' },
  { name: 'a field in another case', body: { Script: script }, status: [400], error_code: ['unknown_field'], names: 'Script' },
  { name: 'an unknown field that is an object', body: { script, extra: { deep: [1] } }, status: [400], error_code: ['unknown_field'], names: 'extra' },
  { name: 'a field with a NUL in its name', body: { script, 'script\0': 1 }, status: [400], error_code: ['unknown_field'] },
  { name: 'a field named __proto__', body: `{"script": "1", "__proto__": {}}`, status: [400], error_code: ['unknown_field'] },
  { name: 'a field with a long name', body: { script, ['n'.repeat(5000)]: 1 }, status: [400], error_code: ['unknown_field'] },
  { name: 'script twice', body: `{"script": "1", "script": "2"}`, status: [400], error_code: ['duplicate_field'], names: 'script' },
  { name: 'script twice, once escaped', body: `{"script": "1", "\\u0073cript": "2"}`, status: [400], error_code: ['duplicate_field'], names: 'script' },
  { name: 'input twice', body: `{"script": "1", "input": 1, "input": 2}`, status: [400], error_code: ['duplicate_field'], names: 'input' },
  { name: 'an envelope nested 100 000 deep', body: nested(100000), status: [400], error_code: ['invalid_json', 'invalid_field'] },
  { name: 'secret_refs nested 100 000 deep', body: `{"script": "1", "secret_refs": ${nested(100000)}}`, status: [400], error_code: ['invalid_json', 'invalid_field'] },
];

const fields = [
  ...wrongValues('script', [null, 1, true, {}, ['x']], { error_code: ['invalid_field', 'script_missing'] })
    .map((row) => ({ ...row, name: `${row.name} (the only one)`, body: { script: row.body.script } })),
  ...wrongValues('entry_point', [1, true, {}, [], ['main']]),
  ...wrongValues('timeout', ['5', '', 'NaN', true, {}, [1]]),
  ...wrongValues('gas_limit', ['1000', true, {}, [1]]),
  ...wrongValues('memory_limit', ['64MiB', false, {}, [1]]),
  ...wrongValues('secret_refs', ['name', 1, {}, [1], [null], [['a']], ['']]),
  ...wrongValues('app_id', [1, {}, [], 'x'.repeat(129)]),
  ...wrongValues('script_name', [1, {}, [], 'é'.repeat(129)]),
  { name: 'a script of 100 KiB and one byte', body: { script: 'x'.repeat(100 * KIB + 1) }, status: [400], error_code: ['script_too_large'] },
  { name: 'a script too large only when decoded', body: `{"script": "${'\\u20ac'.repeat(34134)}"}`, status: [400], error_code: ['script_too_large'] },
  { name: 'an input past 1 MiB', body: { script, input: 'x'.repeat(MIB) }, status: [400], error_code: ['input_too_large'] },
  { name: 'timeout 1e999', body: `{"script": "function main() {}", "timeout": 1e999}`, status: [400, 200], error_code: ['invalid_field'] },
  { name: 'gas_limit 1e999', body: `{"script": "function main() {}", "gas_limit": 1e999}`, status: [400, 200], error_code: ['invalid_field'] },
  { name: 'memory_limit -1e999', body: `{"script": "function main() {}", "memory_limit": -1e999}`, status: [400, 200], error_code: ['invalid_field'] },
];

const scripts = [
  ...['__proto__', 'constructor', 'toString', 'a;b', 'a.b', 'main()', 'a b', '1', 'missing', 'eval',
    'Function', 'setTimeout', 'Object', 'globalThis', 'console', 'JSON', 'this', 'if', 'main\0', 'main ',
    '\u2028', 'hasOwnProperty', 'input', 'secrets', 'undefined', 'x'.repeat(200)].map((entry) => ({
    name: `the entry point ${JSON.stringify(entry).slice(0, 40)}`,
    body: { script, entry_point: entry },
    status: [200, 400],
    error_code: ['entry_point_missing', 'invalid_field'],
  })),
  { name: 'an empty entry point', body: { script: 'var x = 1', entry_point: '' }, status: [200, 400], error_code: ['entry_point_missing', 'invalid_field'] },
  { name: 'an entry point that is no function', body: { script: 'var main = 5' }, status: [200], error_code: ['entry_point_missing'] },
  { name: 'an entry point never assigned', body: { script: 'let main' }, status: [200], error_code: ['entry_point_missing'] },
  { name: 'a script that is no JavaScript', body: { script: 'function (' }, status: [200], error_code: ['script_error'] },
  { name: 'a script that is a module', body: { script: 'export function main() {}' }, status: [200], error_code: ['script_error'] },
  { name: 'a script of white space', body: { script: ' \n ' }, status: [200, 400], error_code: ['entry_point_missing', 'script_missing'] },
  { name: 'a script with a NUL', body: { script: 'function main() {}\0' }, status: [200], error_code: ['script_error', undefined] },
  { name: 'a script with a lone surrogate', body: '{"script": "function main() { return \\"\\ud800\\" }"}', status: [200, 400], error_code: ['output_invalid', 'invalid_json', 'invalid_field', undefined] },
  { name: 'an input nested 100 000 deep', body: `{"script": "function main() { return 1 }", "input": ${nested(100000)}}`, status: [200], error_code: [undefined, 'input_invalid', 'stack_overflow', 'memory_exceeded'] },
  { name: 'an input of objects 50 000 deep', body: `{"script": "function main() { return 1 }", "input": ${nested(50000, '{"a":', '}').replace(':}', ':1}')}}`, status: [200], error_code: [undefined, 'input_invalid', 'stack_overflow', 'memory_exceeded'] },
  { name: 'an output nested 100 000 deep', body: { script: 'function main() { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a }' }, status: [200], error_code: ['output_invalid', 'output_too_large', 'stack_overflow'] },
  { name: 'secrets that nobody has', body: { script, secret_refs: ['api_key'] }, status: [200], error_code: ['secret_unavailable'], names: 'api_key' },
  { name: 'secrets in the old form', body: { script, secret_refs: ['secrets:api_key'] }, status: [200], error_code: ['secret_unavailable'] },
];

const users = [
  { name: 'no user', user: null, body: { script }, status: [401], error_code: ['unauthenticated'] },
  { name: 'no user for the list of jobs', method: 'GET', path: '/jobs', user: null, status: [401], error_code: ['unauthenticated'] },
  { name: 'no user for a job', method: 'GET', path: '/jobs/0195d3a0-0000-7000-8000-000000000000', user: null, status: [401], error_code: ['unauthenticated'] },
  { name: 'an empty user', user: '', body: { script }, status: [400, 401], error_code: ['unauthenticated', 'invalid_header'] },
  { name: 'a user of blanks', raw: head(host, 'X-User-ID:    ', json, size) + body, status: [400, 401] },
  { name: 'a user of 129 bytes', user: 'u'.repeat(129), body: { script }, status: [400, 401], error_code: ['unauthenticated', 'invalid_header'] },
  { name: 'a user of 4000 bytes', user: 'u'.repeat(4000), body: { script }, status: [400, 401, 431], error_code: ['unauthenticated', 'invalid_header'] },
  { name: 'a user with a tab', raw: head(host, 'X-User-ID: a\tb', json, size) + body, status: [400, 401] },
  { name: 'a user with a control character', raw: head(host, 'X-User-ID: a\x01b', json, size) + body, status: [400, 401] },
  { name: 'a user that is no UTF-8', raw: [Buffer.from(head(host, 'X-User-ID: \xff\xfe', json, size), 'latin1'), body], status: [400, 401] },
  { name: 'two users', raw: head(host, alice, 'X-User-ID: bob', json, size) + body, status: [400] },
  { name: 'the same user twice', raw: head(host, alice, alice, json, size) + body, status: [400] },
  { name: 'two users in another case', raw: head(host, alice, 'x-user-id: bob', json, size) + body, status: [400] },
  { name: 'two idempotency keys', raw: head(host, alice, 'Idempotency-Key: a', 'Idempotency-Key: b', json, size) + body, status: [400] },
  { name: 'an idempotency key of 256 bytes', headers: { 'Idempotency-Key': 'k'.repeat(256) }, body: { script }, status: [400], error_code: ['invalid_header'] },
];

const unknownJob = '0195d3a0-0000-7000-8000-000000000000';
const paths = [
  ...['/', '/nope', '/execute/', '//execute', '/Execute', '/execute/x', '/jobs/', '/jobs/x/y', '/jobs/../info', '/.env',
    '/jobs/not-a-uuid', '/jobs/%00', '/jobs/%2e%2e', `/jobs/${unknownJob}`, `/jobs/${unknownJob.toUpperCase()}`,
    `/jobs/${unknownJob}x`, `/jobs/${'a'.repeat(3000)}`, '/healthz', '/metrics/x', '/%zz'].map((path) => ({
    name: `GET ${path.slice(0, 60)}`, method: 'GET', path, status: [404], error_code: ['not_found'],
  })),
  { name: 'cancel a job that is not there', method: 'POST', path: `/jobs/${unknownJob}/cancel`, status: [404], error_code: ['not_found'] },
  { name: 'delete a job that is not there', method: 'DELETE', path: `/jobs/${unknownJob}`, status: [404], error_code: ['not_found'] },
  ...[['GET', '/execute', 'POST'], ['PUT', '/execute', 'POST'], ['DELETE', '/execute', 'POST'],
    ['POST', '/jobs', 'GET'], ['POST', '/health', 'GET'], ['PATCH', '/info', 'GET'],
    ['PUT', `/jobs/${unknownJob}`, 'GET'], ['GET', `/jobs/${unknownJob}/cancel`, 'POST'],
    ['DELETE', '/metrics', 'GET'], ['POST', '/openapi.json', 'GET'], ['OPTIONS', '/execute', 'POST'],
  ].map(([method, path, allow]) => ({
    name: `${method} ${path.slice(0, 20)}`, method, path, status: [405], error_code: ['method_not_allowed'], allow,
  })),
  { name: 'a method of our own', raw: `BREW /execute HTTP/1.1\r\n${host}\r\n${alice}\r\n\r\n`, status: [405, 400, 501, 'close'] },
  { name: 'TRACE', raw: `TRACE / HTTP/1.1\r\n${host}\r\n${alice}\r\n\r\n`, status: [404, 405, 400, 501, 'close'] },
  { name: 'CONNECT', raw: `CONNECT example.org:443 HTTP/1.1\r\n${host}\r\n\r\n`, status: [404, 405, 400, 501, 'close'] },
  { name: 'a path of 100 KiB', raw: `GET /${'a'.repeat(100 * KIB)} HTTP/1.1\r\n${host}\r\n${alice}\r\n\r\n`, status: [400, 404, 413, 414, 431, 'close'] },
  ...['limit=0', 'limit=-1', 'limit=x', 'limit=', 'limit=1&limit=2', 'limit=99999999999999999999', 'cursor=x',
    'cursor=', 'status=done', 'status=', 'nope=1', 'limit=1%00'].map((query) => ({
    name: `GET /jobs?${query}`, method: 'GET', path: `/jobs?${query}`, status: [400], error_code: ['invalid_query'],
  })),
];

const framing = [
  { name: 'two Content-Lengths that differ', raw: head(host, alice, json, size, 'Content-Length: 5') + body, status: [400, 'close'], ends: true },
  { name: 'two Content-Lengths that agree', raw: head(host, alice, json, size, size) + body, status: [400, 'close'], ends: true },
  { name: 'Content-Length and Transfer-Encoding', raw: head(host, alice, json, size, 'Transfer-Encoding: chunked') + `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, status: [400, 'close'], ends: true },
  { name: 'Transfer-Encoding and Content-Length', raw: head(host, alice, json, 'Transfer-Encoding: chunked', size) + '0\r\n\r\n', status: [400, 'close'], ends: true },
  { name: 'an unknown Transfer-Encoding', raw: head(host, alice, json, 'Transfer-Encoding: gzip, chunked') + '0\r\n\r\n', status: [400, 501, 'close'] },
  { name: 'two Transfer-Encodings', raw: head(host, alice, json, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + '0\r\n\r\n', status: [400, 501, 'close'] },
  { name: 'a negative Content-Length', raw: head(host, alice, json, 'Content-Length: -5') + body, status: [400, 413, 'close'] },
  { name: 'a Content-Length that is no number', raw: head(host, alice, json, 'Content-Length: 12x') + body, status: [400, 413, 'close'] },
  { name: 'a Content-Length with a sign', raw: head(host, alice, json, `Content-Length: +${body.length}`) + body, status: [400, 413, 'close'] },
  { name: 'a Content-Length past 2^64', raw: head(host, alice, json, 'Content-Length: 99999999999999999999999') + body, status: [400, 413, 'close'] },
  { name: 'a Content-Length list', raw: head(host, alice, json, `Content-Length: ${body.length}, ${body.length}`) + body, status: [400, 413, 'close'] },
  { name: 'two Hosts', raw: head(host, host, alice, json, size) + body, status: [400, 'close'] },
  { name: 'no Host', raw: head(alice, json, size) + body, status: [400, 'close'] },
  { name: 'a body announced past the limit', raw: head(host, alice, json, 'Content-Length: 3000000'), status: [413], error_code: ['body_too_large'], ends: true },
  { name: 'a body past the limit, announced and awaited', raw: head(host, alice, json, 'Expect: 100-continue', 'Content-Length: 3000000'), status: [413, 417], ends: true },
  { name: 'a chunked body past the limit', raw: [head(host, alice, json, 'Transfer-Encoding: chunked'), ...Array.from({ length: 50 }, () => `10000\r\n${'x'.repeat(65536)}\r\n`)], status: [413, 'close'], ends: true },
  { name: 'a chunk whose size is no number', raw: head(host, alice, json, 'Transfer-Encoding: chunked') + 'zz\r\n', status: [400, 'close'] },
  { name: 'a chunk whose size overflows', raw: head(host, alice, json, 'Transfer-Encoding: chunked') + 'fffffffffffffffff\r\n', status: [400, 413, 'close'] },
  { name: 'a chunk longer than it says', raw: head(host, alice, json, 'Transfer-Encoding: chunked') + '2\r\nabcdef\r\n0\r\n\r\n', status: [400, 'close'] },
  { name: 'a header of 64 KiB', raw: head(host, alice, `X-Long: ${'a'.repeat(64 * KIB)}`, size) + body, status: [400, 413, 431, 'close'] },
  { name: '5000 headers', raw: head(host, alice, ...Array.from({ length: 5000 }, (_, i) => `X-H${i}: v`), size) + body, status: [400, 413, 431, 'close'] },
  { name: 'a header without an end', raw: [`POST /execute HTTP/1.1\r\n${host}\r\nX-A: `, 'a'.repeat(MIB)], status: [400, 413, 431, 'close'] },
  { name: 'a header without a colon', raw: head(host, alice, 'nonsense', size) + body, status: [400, 'close'] },
  { name: 'a header with a blank before the colon', raw: head(host, alice, 'Content-Length : 5', size) + body, status: [400, 'close'] },
  { name: 'a folded header', raw: head(host, alice, 'X-A: b', ' folded', json, size) + body, status: [200, 400, 'close'] },
  { name: 'a NUL in a header', raw: head(host, 'X-User-ID: ali\0ce', json, size) + body, status: [400, 401, 'close'] },
  { name: 'a NUL in the path', raw: `GET /inf\0o HTTP/1.1\r\n${host}\r\n\r\n`, status: [400, 404, 'close'] },
  { name: 'HTTP/0.9', raw: 'GET /health\r\n\r\n', status: [400, 505, 'close'] },
  { name: 'HTTP/2 preface', raw: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: [400, 404, 405, 505, 'close'] },
  { name: 'HTTP/9.9', raw: `GET /health HTTP/9.9\r\n${host}\r\n\r\n`, status: [400, 505, 'close'] },
  { name: 'a TLS hello', raw: Buffer.from('16030100a5010000a10303', 'hex'), status: [400, 'close'], halfClose: true },
  { name: 'binary noise', raw: Buffer.concat([Buffer.alloc(512, 0x80), Buffer.from('\r\n\r\n')]), status: [400, 'close'] },
  { name: 'a line without an end', raw: 'A'.repeat(200 * KIB), status: [400, 413, 414, 431, 'close'] },
  { name: 'a half-closed socket in the middle of a body', raw: [head(host, alice, json, size) + body.slice(0, 10), { halfClose: true }], status: [400, 'close'] },
  { name: 'a half-closed socket in the middle of the headers', raw: [`POST /execute HTTP/1.1\r\n${host}`, { halfClose: true }], status: [400, 'close'] },
  { name: 'a body that stops', raw: head(host, alice, json, size) + body.slice(0, 10), status: [400, 408, 'close'] },
  { name: 'headers that stop', raw: `POST /execute HTTP/1.1\r\n${host}\r\nX-`, status: [400, 408, 'close'] },
  { name: 'a slow body that arrives in the end', raw: [head(host, alice, json, size), ...[...body].flatMap((c) => [c, { wait: 20 }])], status: [200] },
  { name: 'slow headers that arrive in the end', raw: [...head(host, alice, json, size).match(/[^]{1,8}/g).flatMap((part) => [part, { wait: 20 }]), body], status: [200] },
  { name: 'an unknown media type', headers: { 'Content-Type': 'text/xml' }, body: '<x/>', status: [400, 415], error_code: ['unsupported_media_type', 'invalid_json'] },
  { name: 'an unknown content encoding', headers: { 'Content-Encoding': 'gzip' }, body: Buffer.from('1f8b0800', 'hex'), status: [400, 415], error_code: ['unsupported_media_type', 'invalid_json', 'invalid_header'] },
];

export const badInput = [...invalidJson, ...shapes, ...fields, ...scripts, ...users, ...paths, ...framing];
