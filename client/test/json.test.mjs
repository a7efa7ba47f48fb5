// JSON as bytes: what is hashed is the text that came.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalize } from '../dist/index.js';
import { members } from '../dist/json.js';
import { prepare, readJob } from '../dist/job.js';

describe('members', () => {
  it('gives each value as it stands', () => {
    const text = ' {"a" : 1.0e+2 ,"b":[ {"}":"]\\""} , "\\\\" ],"c":{"d":"{"},"\\u0065":"\\u00e9é😀",' +
      '"f":-0,"g":true , "h":null,"":[]}\n';
    assert.deepEqual([...members(text)], [
      ['a', '1.0e+2'], ['b', '[ {"}":"]\\""} , "\\\\" ]'], ['c', '{"d":"{"}'],
      ['e', '"\\u00e9é😀"'], ['f', '-0'], ['g', 'true'], ['h', 'null'], ['', '[]'],
    ]);
    assert.deepEqual([...members('{}')], []);
  });

  it('takes nothing else, and nothing twice', () => {
    for (const text of ['', '1', '[]', 'null', '"{}"', '{', '{"a":1,}', '{"a":1}x', '{"a":1,"a":2}',
      '{"a":1,"\\u0061":2}', "{'a':1}"]) {
      assert.equal(members(text), undefined, text);
    }
  });

  it('takes texts of any size', () => {
    const long = JSON.stringify('x\n"\\'.repeat(3e6));
    const text = `{${' '.repeat(1e7)}"a":${long},"b":${'1'.repeat(1e7)},"c":[${long}]}`;
    assert.deepEqual([...members(text).values()].map(({ length }) => length),
      [long.length, 1e7, long.length + 2]);
  });

  it('agrees with JSON.parse on generated documents', () => {
    let state = 7;
    const random = (n) => { state = (state * 48271) % 2147483647; return state % n; };
    const names = ['a', '', '"', '\\', '{', '}', '\u0000', 'é', '😀', '__proto__', ','];
    const value = (depth) => [
      () => random(1000) / 7, () => names[random(names.length)], () => null, () => random(2) === 0,
      () => Array.from({ length: random(4) }, () => value(depth + 1)),
      () => object(depth + 1)][random(depth > 3 ? 4 : 6)]();
    const object = (depth) => Object.fromEntries(
      Array.from({ length: random(5) }, () => [names[random(names.length)], value(depth)]));
    for (let i = 0; i < 500; i++) {
      const document = object(0);
      const found = members(JSON.stringify(document, null, random(3)));
      const parsed = Object.fromEntries([...found].map(([name, text]) => [name, JSON.parse(text)]));
      assert.deepEqual(parsed, JSON.parse(JSON.stringify(document)));
    }
  });
});

describe('the canonical form (RFC 8785)', () => {
  it('its own example, section 3.2.2', () => {
    const value = JSON.parse('{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
      '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}');
    assert.equal(canonicalize(value), '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,' +
      '4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
  });

  it('sorts by UTF-16 code units, section 3.2.3', () => {
    const value = JSON.parse('{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}');
    assert.equal(canonicalize(value), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  it('odd numbers', () => {
    assert.equal(canonicalize([-0, 1e21, 1e-7, 5e-324, 9007199254740993, 0.1 + 0.2, 123456789012345680000]),
      '[0,1e+21,1e-7,5e-324,9007199254740992,0.30000000000000004,123456789012345680000]');
  });

  it('has none for what is not JSON', () => {
    for (const value of [NaN, Infinity, undefined, () => 1, 1n, Symbol('x'), '\ud800', { '\udc00': 1 }, [undefined]]) {
      assert.throws(() => canonicalize(value), { code: 'not_json' });
    }
  });
});

describe('requests and answers', () => {
  it('the input is sent and hashed as the same bytes', () => {
    const { json, expect } = prepare({ script: '1' }, { inputJson: ' {"n": 1.00000000000000000001}\n' }, false);
    assert.equal(json, '{"script":"1","input":{"n": 1.00000000000000000001}}');
    assert.equal(expect.inputJson, '{"n": 1.00000000000000000001}');
    const usual = prepare({ script: '1', input: { b: 1, a: 'é' } }, {}, true);
    assert.equal(members(usual.json).get('input'), usual.expect.inputJson);
    assert.equal(usual.expect.nonce.length, 32);
    assert.equal(prepare({ script: '1' }, {}, false).expect.inputJson, '{}');
    assert.throws(() => prepare({ script: '1' }, { inputJson: '1,"script":"2"' }, true), { code: 'not_json' });
  });

  it('the output is the text that came', () => {
    const job = readJob('{"job_id":"x","status":"completed","output":{"a":1e+30,"z":"\\u000f€"},"logs":[]}');
    assert.equal(job.outputJson, '{"a":1e+30,"z":"\\u000f€"}');
    assert.deepEqual(job.output, { a: 1e30, z: '\u000f€' });
  });

  it('an answer that says something twice is none', () => {
    for (const text of ['{"job_id":"x","status":"completed","output":{},"outp\\u0075t":{"a":1}}', '[]', '{}']) {
      assert.throws(() => readJob(text), { name: 'NetworkError', code: 'malformed' });
    }
  });
});
