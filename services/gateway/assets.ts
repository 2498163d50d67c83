import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export interface Asset {
  type: string;
  body: Buffer;
  /** A strong validator (RFC 9110, 8.8.3), of the plain body. */
  etag: string;
  /** Its address has the hash of all files in it: what is there never changes. */
  isImmutable: boolean;
  /** The body in that coding, packed once, when it is first asked for; null where packing gains nothing. */
  packed: (coding: Coding) => Buffer | null;
}

/** Content codings (RFC 9110, 8.4.1), the better one first. */
export const CODINGS = ['br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

const FOLDER = path.join(import.meta.dirname, 'page');
/** Where packages lie that the page imports by their name: a browser knows no node_modules. */
const PACKAGES: Record<string, string> = {
  preact: 'packages/preact.js',
  'preact/hooks': 'packages/preact-hooks.js',
  'lean-qr': 'packages/lean-qr.js',
};
/** The name behind `from` or `import`. */
const IMPORT = /(\bfrom ?|\bimport ?)(["'])([^"'\n]+)\2/g;
/** Beyond this a file takes longer to pack than the bytes are worth: at the most 0.1 s for all of them on a Pi. */
const BROTLI_QUALITY = 6;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};
const isScript = (name: string) => /\.[jt]s$/.test(name);

/**
 * All files of the page, read once at the start: name -> content, TypeScript with its types cut away. Each stands there a second time
 * below the hash of all of them (`{hash}/view/app.ts`), for good; the HTML files ask for those.
 */
export function readAssets(): Map<string, Asset> {
  const files = readFiles();
  const hash = createHash('sha256');
  for (const [name, body] of files) if (!name.endsWith('.html')) hash.update(`${name}\0`).update(body);
  const folder = hash.digest('base64url').slice(0, 12);
  const assets = new Map<string, Asset>();
  for (const [name, body] of files) {
    const type = TYPES[path.extname(name)] ?? '';
    const text = name.endsWith('.html') && pointTo(folder, body.toString(), files);
    const asset = createAsset(type, text ? Buffer.from(text) : body);
    assets.set(name, asset);
    if (!text) assets.set(`${folder}/${name}`, { ...asset, isImmutable: true });
  }
  return assets;
}

export function createAsset(type: string, body: Buffer): Asset {
  const made = new Map<Coding, Buffer | null>();
  const packed = (coding: Coding) => {
    let bytes = made.get(coding);
    if (bytes === undefined) {
      bytes = type.startsWith('image/png') ? null : pack(body, coding);
      if (bytes && bytes.length >= body.length) bytes = null;
      made.set(coding, bytes);
    }
    return bytes;
  };
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { type, body, etag, isImmutable: false, packed };
}

/** In the order of their names, or the hash would hang on how the disk sorts them. */
function readFiles(): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!TYPES[path.extname(name)]) continue;
    const source = readFileSync(path.join(FOLDER, name));
    files.set(name, isScript(name) ? Buffer.from(nameByPath(name, stripTypes(name, source.toString()))) : source);
  }
  for (const [specifier, name] of Object.entries(PACKAGES)) {
    const source = readFileSync(fileURLToPath(import.meta.resolve(specifier)), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
    files.set(name, Buffer.from(nameByPath(name, source)));
  }
  return files;
}

/** Imports of packages, from the file `name`, as a browser can follow them. */
function nameByPath(name: string, source: string): string {
  return source.replace(IMPORT, (whole, word, quote, specifier) => {
    const to = PACKAGES[specifier];
    return to ? `${word}${quote}${relative(name, to)}${quote}` : whole;
  });
}

function relative(from: string, to: string): string {
  const way = path.posix.relative(path.posix.dirname(from), to);
  return way.startsWith('.') ? way : `./${way}`;
}

/** An HTML file that asks for what lies in `folder`, and for all that its scripts import at once, not one after the other. */
function pointTo(folder: string, html: string, files: Map<string, Buffer>): string {
  const entry = /<script type="module" src="assets\/([^"]+)"/.exec(html)?.[1];
  const preloads = entry ? [...importedBy(entry, files)].map((name) => `<link rel="modulepreload" href="assets/${name}">\n    `) : [];
  return html.replace('<!--preload-->', preloads.join('').trimEnd()).replaceAll('"assets/', `"assets/${folder}/`);
}

/** All modules that `entry` imports, and those that they import. */
function importedBy(entry: string, files: Map<string, Buffer>, found = new Set<string>()): Set<string> {
  for (const [, , , specifier = ''] of (files.get(entry)?.toString() ?? '').matchAll(IMPORT)) {
    const name = path.posix.join(path.posix.dirname(entry), specifier);
    if (found.has(name) || !files.has(name)) continue;
    found.add(name);
    importedBy(name, files, found);
  }
  return found;
}

function pack(body: Buffer, coding: Coding): Buffer {
  if (coding === 'gzip') return gzipSync(body, { level: 9 });
  return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
}

/** Node strips the types of all our modules without a word, but warns when it is asked to for one; a user need not read that. */
function stripTypes(name: string, source: string): string {
  if (!name.endsWith('.ts')) return source;
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
