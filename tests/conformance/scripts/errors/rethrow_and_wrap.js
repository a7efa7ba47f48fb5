class ValidationError extends Error { constructor(field, options) { super(`bad ${field}`, options); this.name = 'ValidationError'; this.field = field; } }
function parse(text) { try { return JSON.parse(text); } catch (cause) { throw new ValidationError('json', { cause }); } }
function main() { try { parse('{'); } catch (e) { const chain = []; for (let x = e; x; x = x.cause) chain.push(x.name); return { chain, field: e.field, text: e.toString(), own: Object.keys(e).sort() }; } }
