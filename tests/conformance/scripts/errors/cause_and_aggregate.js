function main() {
  const inner = new Error('inner'), outer = new TypeError('outer', { cause: inner }), agg = new AggregateError([inner, 'two'], 'many', { cause: 'c' });
  return [outer.cause === inner, 'cause' in new Error('x'), agg.errors.length, agg.message, agg.name, agg.cause, String(outer), Object.keys(outer), Object.prototype.hasOwnProperty.call(outer, 'message'), new Error('x', { cause: undefined }).hasOwnProperty('cause'), agg instanceof Error, Object.prototype.toString.call(inner), JSON.stringify(inner)];
}
