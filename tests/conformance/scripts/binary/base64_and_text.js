function main() {
  const attempt = (body) => { try { return body(); } catch (e) { return e.name; } };
  const bytes = new TextEncoder().encode('héllo 😀\u0000');
  return [btoa('Hello, World!'), atob('SGVsbG8='), btoa(''), atob(' SGVs\nbG8 '), attempt(() => btoa('é')) !== undefined, typeof attempt(() => btoa('☃')), attempt(() => atob('a')), attempt(() => atob('ab=')), [...bytes], new TextDecoder().decode(bytes), btoa(String.fromCharCode(...bytes)), [...new TextEncoder().encode('\uD800')], new TextDecoder().decode(new Uint8Array([0xff, 0x41, 0xc3])), new TextDecoder().decode(new Uint8Array([0xEF, 0xBB, 0xBF, 0x41])), new TextDecoder('utf-8').encoding, atob('/+8=').charCodeAt(0), new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0xac]).buffer)];
}
