function main() {
  const attempt = (body) => { try { return body(); } catch (e) { return e.name; } };
  const fatal = new TextDecoder('utf-8', { fatal: true });
  return [attempt(() => fatal.decode(new Uint8Array([0xff]))), attempt(() => fatal.decode(new Uint8Array([0xc0, 0x80]))), attempt(() => fatal.decode(new Uint8Array([0xed, 0xa0, 0x80]))), fatal.decode(new Uint8Array([0xf0, 0x9f, 0x98, 0x80])), fatal.fatal, new TextDecoder().fatal, attempt(() => new TextDecoder('nope'))];
}
