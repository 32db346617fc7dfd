// Makes the types of the API from the documents in openapi/, and those documents anew first when a
// running stack is named:
//
//   npm run generate                          types from the documents that are here
//   npm run generate -- STATE/stack.json      documents of that stack's services, then types
import { readFile, readdir, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const folder = new URL('../openapi/', import.meta.url);

/** Those whose documents the application uses. */
const services = [
  'campaigns',
  'command-api',
  'customer-classifier',
  'customer-report',
  'customers',
  'email-campaign',
  'orders',
  'tokens',
];

const file = process.argv[2];
if (file) {
  const stack = JSON.parse(await readFile(file, 'utf8'));
  for (const name of services) {
    const answer = await fetch(new URL('/openapi.json', stack.services[name].url));
    if (!answer.ok) throw new Error(`${name} answers ${answer.status}`);
    const document = JSON.stringify(await answer.json(), null, 2);
    await writeFile(new URL(`${name}.json`, folder), `${document}\n`);
  }
}

/** A document in which references to what it does not have stand for anything. */
function whole(document) {
  const known = document.components?.schemas ?? {};
  const text = JSON.stringify(document, (_, value) => {
    const name = /^#\/components\/schemas\/(.+)$/.exec(value?.$ref ?? '')?.[1];
    return name && !(name in known) ? {} : value;
  });
  return JSON.parse(text);
}

for (const name of await readdir(folder)) {
  if (!name.endsWith('.json')) continue;
  const document = JSON.parse(await readFile(new URL(name, folder), 'utf8'));
  const types = astToString(await openapiTS(whole(document), { emptyObjectsUnknown: true }));
  const note = '// Made by `npm run generate` from the document beside it.\n\n';
  await writeFile(new URL(name.replace(/json$/, 'd.ts'), folder), note + types);
}
