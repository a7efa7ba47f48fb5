var globalVar = 'global';
function main() {
  const local = 'local';
  const indirect = eval;
  const f = new Function('a', 'b = 2', '...c', 'return [a, b, c, typeof local]');
  eval('var injected = 7');
  return [eval('local + "!"'), indirect('typeof local'), indirect('globalVar'), f(1, undefined, 3), injected, eval('({a:1})').a, eval('1;;;'), eval('{}') === undefined];
}
