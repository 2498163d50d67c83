// services/*.ts -> dist/services/*.js, with the page bundled. Needs `npm ci`; run it as `npm run build`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundlePage } from '../services/gateway/bundle.ts';

const root = path.join(import.meta.dirname, '..');
const page = path.join(root, 'dist/services/gateway/page');

rmSync(path.join(root, 'dist'), { recursive: true, force: true });
const { status, error } = spawnSync(path.join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (error) throw error;
if (status !== 0) process.exit(status ?? 1);

rmSync(page, { recursive: true, force: true });
mkdirSync(page);
for (const [name, body] of bundlePage()) writeFileSync(path.join(page, name), body);
