function main() {
  try { (0, eval)('let undefined'); return 'ok'; } catch (error) { return error.name; }
}
