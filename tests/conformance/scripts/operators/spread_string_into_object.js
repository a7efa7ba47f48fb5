function main() { return { ...'hi' }; }
