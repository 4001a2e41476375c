#!/usr/bin/env -S node --single-threaded-gc
// Every thread's heap is small, and helpers that collect it wake each other more than they help.
// The command, from a checkout or a package: says what is missing where node itself would print a stack.
import { existsSync } from 'node:fs';

const compiled = new URL('./dist/server/cli/main.js', import.meta.url);
if (existsSync(compiled)) {
  await import(compiled.href);
} else {
  console.error(
    'roundtable: not built yet. Run "npm ci" and then "npm run build" in the project\'s folder first.',
  );
  process.exitCode = 1;
}
