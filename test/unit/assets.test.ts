/** The page as browsers get it. */
import { equal, match, ok } from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Asset, readAssets } from '../../services/gateway/assets.ts';

/** Of all that a first visitor fetches before there is a picture: HTML, style sheets, scripts, the worker, the icon. */
const FIRST_LOAD_BYTES = 60_000;

let assets: Map<string, Asset>;
before(() => {
  assets = readAssets();
});

const html = (name: string) => assets.get(name)?.body.toString() ?? '';
const asked = (name: string) => [...new Set([...html(name).matchAll(/"assets\/([^"]+)"/g)].map(([, link = '']) => link))];

test('each link in an HTML file leads to a file that holds for good', () => {
  for (const page of ['index.html', 'login.html', 'arrive.html']) {
    ok(asked(page).length > 1, page);
    for (const name of asked(page)) equal(assets.get(name)?.isImmutable, true, `${page}: ${name}`);
  }
  match(html('index.html'), /<script type="module" src="assets\/main-\w+\.js">/);
  match(html('index.html'), /id="worker" href="assets\/worker-\w+\.js"/);
});

test('what scripts and the manifest ask for is there, and the scripts of the start are fetched at once', () => {
  for (const [name, { body }] of assets) {
    if (name.endsWith('.js')) {
      for (const [, link = ''] of body.toString().matchAll(/(?:from|import) ?\(?"\.\/([^"]+)"/g)) ok(assets.has(link), `${name}: ${link}`);
      for (const [, link = ''] of body.toString().matchAll(/from ?"\.\/([^"]+)"/g)) {
        if (name.startsWith('main-')) ok(asked('index.html').includes(link), `${name}: ${link} is found late`);
      }
    }
    if (name.endsWith('.webmanifest')) {
      for (const { src } of JSON.parse(body.toString()).icons) equal(assets.get(src)?.isImmutable, true, src);
    }
  }
});

// An address in a sentence is no request.
test('the first load is small, and nothing names another host', (t) => {
  const first = asked('index.html').filter((name) => !/icon-\d|manifest/.test(name));
  const sizes = ['index.html', ...first].map((name) => {
    const asset = assets.get(name);
    return asset?.packed('br')?.length ?? asset?.body.length ?? 0;
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  t.diagnostic(`${sizes.length} files, ${total} bytes packed: ${first.join(' ')}`);
  ok(sizes.every((size) => size > 0) && total <= FIRST_LOAD_BYTES, `${total} bytes`);
  for (const [name, { body }] of assets)
    equal(/\b(?:https?|wss?):\/\/(?!www\.w3\.org\/|raspberrypi\.local)[\w.]/.exec(body.toString('latin1'))?.[0], undefined, name);
});

test('a file comes out the same, and with the same name, wherever it is made', () => {
  equal([...readAssets().keys()].join(), [...assets.keys()].join());
  const main = [...assets].find(([name]) => name.startsWith('main-'));
  ok(main && main[1].body.length > 10_000);
});
