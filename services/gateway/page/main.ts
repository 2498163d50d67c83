/** The page: draws what is known anew whenever there is news, and a few times a second, since pictures get older. */
import { h, render } from 'preact';
import { LoginNeeded } from './camera.ts';
import { LOOK_MS } from './liveness.ts';
import { setSetting } from './settings.ts';
import { Station } from './station.ts';
import { App } from './view/app.ts';
import type { Ui } from './view/ui.ts';
import { keepLanguage, type Language, readLanguage } from './words/choice.ts';
import { wordsOf } from './words/language.ts';

const TOAST_MS = 4_000;

const root = document.querySelector('#root');
if (!root) throw new Error('The page has no #root');

let language: Language = readLanguage();
let toast = '';
let toasting = 0;
let isDue = false;
const station = new Station(soon);
const ui: Ui = { station, words: wordsOf(language), say, speak, set, hasLogin: document.querySelector('meta[name=login]') !== null };

/** A short word that goes away by itself. */
function say(text: string): void {
  clearTimeout(toasting);
  toast = text;
  if (text) toasting = window.setTimeout(() => say(''), TOAST_MS);
  draw();
}

function speak(wanted: Language): void {
  language = wanted;
  keepLanguage(wanted);
  draw();
}

async function set(id: string, setting: string, value: string): Promise<string | null> {
  try {
    await setSetting(id, setting, value);
    return null;
  } catch (error) {
    if (error instanceof LoginNeeded) station.logIn();
    return error instanceof Error ? error.message : String(error);
  }
}

/** Draws once, however much news there is at this moment. */
function soon(): void {
  if (isDue) return;
  isDue = true;
  queueMicrotask(() => {
    isDue = false;
    draw();
  });
}

function draw(): void {
  ui.words = wordsOf(language);
  document.documentElement.lang = language;
  if (root) render(h(App, { ui: { ...ui }, language, toast, hash: location.hash }), root);
}

function begin(): void {
  if (document.hidden) return;
  station.start();
  // What stood there may be long out of date.
  draw();
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) station.stop();
  else begin();
});
addEventListener('online', begin);
addEventListener('hashchange', draw);
window.setInterval(() => {
  if (!document.hidden) draw();
}, LOOK_MS);

// Connects first, draws with the next frame: what comes is under way meanwhile, and neither task is a long one.
if (document.hidden) draw();
else {
  station.start();
  requestAnimationFrame(draw);
}
