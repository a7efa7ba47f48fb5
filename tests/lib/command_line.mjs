// The command line of the scripts that people call: --help prints the text that is the script's whole
// manual, and whatever is not in it is refused with exit status 2. Needs nothing that is installed.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where the build leaves the service. */
export const builtBinary = path.join(root, 'build', 'neocompute');

/** Ends the script: the command line is wrong. */
export function refuse(text) {
  process.stderr.write(`${path.relative(root, process.argv[1])}: ${text}; --help says more\n`);
  process.exit(2);
}

/** {values, positionals}: `options` as parseArgs takes them, `most` positionals. Prints `help` for --help, and ends. */
export function commandLine(help, { options = {}, most = 0 } = {}) {
  let read;
  try {
    read = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean', short: 'h' }, ...options } });
  } catch (error) {
    refuse(error.message.split('. ')[0].replace(/^Unknown/, 'unknown'));
  }
  if (read.values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  if (read.positionals.length > most) refuse(`nothing is expected at "${read.positionals[most]}"`);
  return read;
}

/** What was given as `name`, as a whole number from `least` on. */
export function wholeNumber(name, text, least = 1) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least) refuse(`${name} is a whole number from ${least} on, not "${text}"`);
  return value;
}

/** The whole path of a program that was named from where the caller stands. */
export function program(name) {
  const file = path.resolve(name);
  try {
    fs.accessSync(file, fs.constants.X_OK);
    if (fs.statSync(file).isFile()) return file;
  } catch { /* said below */ }
  return refuse(`there is no program ${name} (make builds build/neocompute)`);
}
