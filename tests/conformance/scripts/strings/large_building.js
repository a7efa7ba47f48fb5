function main() {
  let s = ''; for (let i = 0; i < 5000; i++) s += String.fromCharCode(97 + (i % 26));
  const parts = []; for (let i = 0; i < 1000; i++) parts.push(i.toString(36));
  let hash = 0; for (const c of s + parts.join('')) hash = (Math.imul(hash, 31) + c.charCodeAt(0)) | 0;
  return [s.length, parts.join('').length, hash, s.slice(2600, 2610), s.split('').reverse().join('').slice(0, 5), s.replaceAll('abc', '').length];
}
