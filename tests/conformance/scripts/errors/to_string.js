function main() {
  const e = new Error('m'); e.name = 'Custom'; const n = new Error(); n.name = ''; n.message = 'only';
  return [String(e), String(new RangeError()), String(n), Error.prototype.toString.call({ name: 'N', message: 'M' }), Error('no new') instanceof Error, new Error(undefined).hasOwnProperty('message'), new Error(5).message, [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((E) => [E.name, E.length, Object.getPrototypeOf(E) === (E === Error ? Function.prototype : Error), new E('q').message]), typeof new Error('s').stack];
}
