function main() { return [typeof Intl, typeof URL, typeof URLSearchParams]; }
