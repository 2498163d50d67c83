// services/*.ts -> dist/services/*.js, with the page's other files beside its scripts. Needs `npm ci`; run it as `npm run build`.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const page = 'services/gateway/page';

rmSync(path.join(root, 'dist'), { recursive: true, force: true });
const { status, error } = spawnSync(path.join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (error) throw error;
if (status !== 0) process.exit(status ?? 1);

const files = readdirSync(path.join(root, page), { withFileTypes: true }).filter((each) => each.isFile() && !each.name.endsWith('.ts'));
for (const { name } of files) {
  const from = path.join(root, page, name);
  const to = path.join(root, 'dist', page, name);
  if (name.endsWith('.html')) writeFileSync(to, readFileSync(from, 'utf8').replaceAll(/(src="assets\/[\w-]+)\.ts"/g, '$1.js"'));
  else copyFileSync(from, to);
}
