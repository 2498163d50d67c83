/**
 * The page as browsers are given it: its modules in few files, made small, each with the hash of what it holds in its name. From source the
 * gateway makes it when it starts; `npm run build` makes it once, and what is installed needs no bundler.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** Name -> content. */
export type Files = Map<string, Buffer>;

const FOLDER = path.join(import.meta.dirname, 'page');
/** What an HTML file asks for: entry points of bundles, and files that are given as they are. Nothing else of the folder is served. */
const ASKED = /(?<="assets\/)[^"]+(?=")/g;
/** What the manifest asks for. */
const ICON = /(?<=")[\w-]+\.(?:png|svg)(?=")/g;
/** Browsers of the last three years or so. Notices of licences stand in package-lock.json's packages, not in each visitor's browser. */
const COMMON = ['--bundle', '--minify', '--target=es2022', '--legal-comments=none', '--log-level=warning', '--entry-names=[name]-[hash]'];
const MODULES = ['--format=esm', '--splitting', '--chunk-names=[name]-[hash]'];
/** Not a module: older browsers have no workers of modules, and it has nothing to import. */
const WORKER = ['--format=iife'];
/** It takes a tenth of a second, on a Pi a second; one that hangs is ended after so long, in ms. */
const DEADLINE_MS = 60_000;

interface Made {
  /** Source file -> its output's name. */
  names: Map<string, string>;
  /** Output -> what it imports before it runs. */
  imports: Map<string, string[]>;
  files: Files;
}

/** All files of the page, HTML with its links set right; names with a hash in them hold for good. Throws with the bundler's words. */
export function bundlePage(): Files {
  const pages = new Map(namesIn('.html').map((name) => [name, read(name).toString()]));
  const asked = [...new Set([...pages.values()].flatMap((html) => html.match(ASKED) ?? []))].sort();
  const isWorker = (name: string) => name.endsWith('worker.ts');
  const isSource = (name: string) => /\.(?:ts|css)$/.test(name);
  const modules = make(
    asked.filter((name) => isSource(name) && !isWorker(name)),
    MODULES,
  );
  const workers = make(asked.filter(isWorker), WORKER);
  const files: Files = new Map([...modules.files, ...workers.files]);
  const names = new Map([...modules.names, ...workers.names]);
  const keep = (name: string, body: Buffer) => {
    names.set(name, hashed(name, body));
    files.set(names.get(name) ?? name, body);
  };
  for (const name of namesIn('.png', '.svg')) keep(name, read(name));
  const renamed = (name: string) => names.get(name) ?? name;
  for (const name of namesIn('.webmanifest')) keep(name, Buffer.from(read(name).toString().replace(ICON, renamed)));
  for (const [name, html] of pages) files.set(name, Buffer.from(preload(html, names, modules.imports).replace(ASKED, renamed)));
  return files;
}

/** For what a page's script imports at once, so that it is not found one after the other. */
function preload(html: string, names: Map<string, string>, imports: Map<string, string[]>): string {
  const entry = names.get(/<script type="module" src="assets\/([^"]+)"/.exec(html)?.[1] ?? '') ?? '';
  const needed = new Set(imports.get(entry));
  for (const name of needed) for (const next of imports.get(name) ?? []) needed.add(next);
  const links = [...needed].map((name) => `<link rel="modulepreload" href="assets/${name}">`);
  return html.replace('<!--preload-->', links.join('\n    '));
}

/** Runs the bundler in a process of its own, which takes its memory with it. */
function make(entries: string[], options: string[]): Made {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'homeguard-page-'));
  try {
    const meta = path.join(folder, 'meta.json');
    const output = ['--outbase=.', `--outdir=${folder}`, `--metafile=${meta}`];
    const { status, error, stderr } = spawnSync(bundler(), [...entries, ...COMMON, ...options, ...output], {
      cwd: FOLDER,
      timeout: DEADLINE_MS,
      encoding: 'utf8',
    });
    if (error || status !== 0) throw new Error(`the page cannot be bundled: ${stderr || error?.message}`, { cause: error });
    const { outputs } = JSON.parse(readFileSync(meta, 'utf8')) as { outputs: Record<string, Output> };
    const made: Made = { names: new Map(), imports: new Map(), files: new Map() };
    for (const [place, { entryPoint, imports }] of Object.entries(outputs)) {
      const name = path.basename(place);
      if (entryPoint) made.names.set(entryPoint, name);
      made.imports.set(
        name,
        imports.filter(({ kind }) => kind === 'import-statement').map((each) => path.basename(each.path)),
      );
      made.files.set(name, readFileSync(path.join(folder, name)));
    }
    return made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Output {
  entryPoint?: string;
  imports: { path: string; kind: string }[];
}

/** The program itself: what `.bin` has is a script around it, where npm runs no install scripts. */
function bundler(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('esbuild'));
  return require.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
}

function hashed(name: string, body: Buffer): string {
  const { name: stem, ext } = path.parse(name);
  return `${stem}-${createHash('sha256').update(body).digest('hex').slice(0, 8).toUpperCase()}${ext}`;
}

function namesIn(...endings: string[]): string[] {
  return readdirSync(FOLDER)
    .filter((name) => endings.includes(path.extname(name)))
    .sort();
}

function read(name: string): Buffer {
  return readFileSync(path.join(FOLDER, name));
}
