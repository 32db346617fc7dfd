import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * In development the services of a local stack are below /s/<service>, as they are behind the
 * binary. ONEWAY_STACK names the stack.json in the stack's state folder.
 */
function services() {
  const file = process.env.ONEWAY_STACK;
  if (!file) return {};
  const stack = JSON.parse(readFileSync(file, 'utf8'));
  const entries = Object.entries(stack.services).flatMap(([name, { url }]) => {
    if (!url) return [];
    const path = `/s/${name}/`;
    const rewrite = (asked) => asked.slice(path.length - 1);
    return [[path, { target: url, rewrite }]];
  });
  return Object.fromEntries(entries);
}

/** What is not of operators alone, by its file: with the libraries that every page is made with. */
const SHARED = /\/src\/(?!.*\/operate\/)|\/node_modules\/(svelte|@tanstack)\//;

export default defineConfig({
  plugins: [svelte()],
  resolve: { alias: { $lib: here('./src/lib'), $components: here('./src/components') } },
  build: {
    target: 'es2023',
    // The content security policy takes no inline scripts, and no pictures but files.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // All styles at once, and what several pages share in one file: many small ones take longer.
    // What only the pages of operators share is another one, which nobody else loads.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What loads pages is a file of its own, or it would be put into one of those that it loads.
            { name: 'load', test: /vite\/preload-helper/, priority: 2 },
            { name: 'shared', test: SHARED, minShareCount: 2, priority: 1 },
            { name: 'operate', test: /\/src\/.*\/operate\//, minShareCount: 2 },
          ],
        },
      },
    },
  },
  server: { proxy: services() },
  preview: { proxy: services() },
});
