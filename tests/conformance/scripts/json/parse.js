function main() {
  const attempt = (t) => { try { return JSON.parse(t); } catch (e) { return e.name; } };
  return [attempt('{"a":[1,2,{"b":null}]}'), attempt('{"a":1,"a":2}'), attempt('{"__proto__":1}'), ['{', '[1,]', "{'a':1}", '01', '1.', '.5', '+1', 'NaN', '"\n"', '"\\x41"', '', ' ', '1 2', '{"a"}', 'undefined', '[', '"', '\u00a01', '-', '1e', '"\\u12"', 'tru'].map(attempt), attempt(' \t\n\r-0.5e+3 '), attempt('"\\ud83d\\ude00\\/"'), attempt('1e400') === Infinity, Object.is(attempt('-0'), -0), attempt('12345678901234567890')];
}
