// The scripts of this folder: [{name: "classes/accessors", script}], sorted by name.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const dir = path.join(path.dirname(fileURLToPath(import.meta.url)), 'scripts');

export function loadScripts() {
  return fs.readdirSync(dir).sort().flatMap((topic) =>
    fs.readdirSync(path.join(dir, topic)).sort().map((file) => ({
      name: `${topic}/${path.basename(file, '.js')}`,
      script: fs.readFileSync(path.join(dir, topic, file), 'utf8'),
    })));
}
