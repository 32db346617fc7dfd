// Puts a compressed form beside each file of dist/: the binary hands those out as they are.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { brotliCompressSync } from 'node:zlib';

const folder = new URL('../dist/', import.meta.url);

for (const name of await readdir(folder, { recursive: true })) {
  if (!/\.(js|css|html|svg)$/.test(name)) continue;
  const file = await readFile(new URL(name, folder));
  // A header with its own length would be no gain for the smallest ones.
  if (file.length < 1_024) continue;
  await writeFile(new URL(`${name}.br`, folder), brotliCompressSync(file));
}
