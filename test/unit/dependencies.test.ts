/** Whose code HomeGuard runs: package-lock.json against what was looked at and allowed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** Every package that a running HomeGuard may load. One more is somebody else's code in a home: look at its last release, issues and licence first. */
const RUNNING = `
  @babel/runtime @hono/node-server @opentelemetry/api @pinojs/redact @types/node @types/readable-stream @types/ws abort-controller
  aedes aedes-packet aedes-persistence async atomic-sleep base64-js bintrees bl broker-factory buffer buffer-from colorette commist
  concat-stream concat-stream/readable-stream dateformat debug end-of-stream event-target-shim events fast-copy fast-safe-stringify
  fast-unique-numbers fastparallel fluent-ffmpeg help-me hono ieee754 inherits ip-address isexe joycon lean-qr lru-cache minimist mqemitter
  mqtt mqtt-packet ms on-exit-leak-free once pino pino-abstract-transport pino-pretty pino-pretty/sonic-boom pino-std-serializers
  preact process process-nextick-args process-warning prom-client pump qlobber quick-format-unescaped readable-stream real-require reusify
  rfdc safe-buffer safe-stable-stringify secure-json-parse smart-buffer socks sonic-boom split2 string_decoder strip-json-comments
  tdigest thread-stream tslib typedarray undici-types util-deprecate valibot which worker-factory worker-timers worker-timers-broker
  worker-timers-worker wrappy ws xtend
`;
const LICENCES = new Set(['0BSD', 'Apache-2.0', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT OR Apache-2.0', '(MIT OR Apache-2.0)']);
/** Of what only tests use, and nobody is given. */
const TEST_LICENCES = new Set(['MPL-2.0']);
/** It says its licence in a form of before npm's. */
const OLD_FORM: Record<string, string> = { async: 'MIT' };
/** Before it stand known faults: GHSA-xxqp-5qx8-gj5q, GHSA-52qw-whmv-87c5, GHSA-p8r9-qf8w-p73r (1.2.0 mends them). */
const LEAST_AEDES = 2;

interface Locked {
  version: string;
  license?: string;
  integrity?: string;
  resolved?: string;
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
  hasInstallScript?: boolean;
}

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../..', name), 'utf8'));
const own = read('package.json') as Record<'dependencies' | 'devDependencies' | 'allowScripts', Record<string, string | boolean>>;
const { '': _root, ...locked } = (read('package-lock.json') as { packages: Record<string, Locked> }).packages;
const packages = Object.entries(locked).map(([place, each]) => ({ ...each, name: place.replaceAll('node_modules/', '') }));

test('what runs is what was allowed: for another package read what stands at RUNNING here', () => {
  const running = packages.filter(({ dev, optional, devOptional }) => !dev && !optional && !devOptional).map(({ name }) => name);
  assert.deepEqual(running.sort(), RUNNING.trim().split(/\s+/).sort());
});

test('each package is known by its content, comes from the registry, and may be used', () => {
  for (const { name, integrity, resolved, license, dev } of packages) {
    assert.match(integrity ?? '', /^sha512-/, `${name} has no checksum: make the lock anew with npm install`);
    assert.match(resolved ?? 'https://registry.npmjs.org/', /^https:\/\/registry\.npmjs\.org\//, `${name} comes from elsewhere`);
    const licence = license ?? OLD_FORM[name] ?? 'none';
    const isAllowed = LICENCES.has(licence) || (dev === true && TEST_LICENCES.has(licence));
    assert.ok(isAllowed, `${name} has the licence ${licence}: look whether it may be used, then name it here`);
  }
});

test('what would run at an install is known to package.json, and nothing does but Node itself', () => {
  const scripts = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name, version }) => `${name}@${version}`);
  assert.deepEqual(scripts, Object.keys(own.allowScripts));
  const allowed = scripts.filter((each) => own.allowScripts[each]);
  assert.deepEqual(allowed, [`node@${own.devDependencies.node}`]);
});

test('own dependencies are pinned, and aedes is none that is known to be unsafe', () => {
  const pinned = { ...own.dependencies, ...own.devDependencies };
  for (const [name, version] of Object.entries(pinned)) {
    assert.match(String(version), /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
    assert.equal(packages.find((each) => each.name === name)?.version, version, `${name}: the lock has another version`);
  }
  assert.ok(Number.parseInt(String(pinned.aedes), 10) >= LEAST_AEDES);
});
