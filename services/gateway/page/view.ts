import type { Camera } from './camera.ts';
import { type Sight, type Status, statusOf } from './status.ts';
import { duration, sentence } from './words.ts';

const UNKNOWN = '–';
const TOAST_MS = 4_000;

/** The element of index.html with this id. */
export function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} #${id}`);
  return element;
}

/** Cause and advice, as sentences. */
function told({ cause, advice }: Camera): string {
  return [cause, advice]
    .map((text) => sentence(text ?? ''))
    .join(' ')
    .trim();
}

/** What the page shows beside the picture itself. Writes only what changed. */
export class View {
  readonly #app = find('app', HTMLElement);
  readonly #picture = find('picture', HTMLElement);
  readonly #panel = find('panel', HTMLElement);
  readonly #note = find('note', HTMLElement);
  readonly #test = find('test', HTMLElement);
  readonly #hint = find('hint', HTMLElement);
  readonly #fallback = find('fallback-banner', HTMLElement);
  readonly #snapshot = find('snapshot', HTMLButtonElement);
  #advice = '';
  readonly #texts = new Map<string, Text>();
  #toast = 0;

  show(sight: Sight): void {
    const status = statusOf(sight);
    this.#app.dataset.kind = status.kind;
    this.#write('label', status.label);
    this.#facts(sight, status);
    this.#pictureOrPanel(sight, status);
    this.#banners(sight);
    this.#snapshot.disabled = sight.camera === null;
    this.#write('announcement', [status.label, status.panel?.advice].filter(Boolean).join('. '));
  }

  /** The camera's name at the top and in the window's title. */
  name(camera: Camera | undefined): void {
    const name = camera?.name ?? 'HomeGuard';
    this.#write('name', name);
    document.title = camera ? `${name} · HomeGuard` : name;
    for (const picture of this.#picture.querySelectorAll('canvas, img')) picture.setAttribute('aria-label', `Live view of ${name}`);
  }

  /** A short word that goes away by itself. */
  toast(text: string): void {
    clearTimeout(this.#toast);
    this.#write('toast', text);
    this.#toast = window.setTimeout(() => this.#write('toast', ''), TOAST_MS);
  }

  #facts({ camera, picture, fps }: Sight, { kind }: Status): void {
    const moves = kind === 'live' || kind === 'late';
    const size = picture ?? camera?.size;
    this.#write('age', picture?.age == null ? UNKNOWN : duration(picture.age));
    this.#write('rate', moves && fps !== null ? `${fps.toFixed(1)} fps` : UNKNOWN);
    this.#write('size', size ? `${size.width} × ${size.height}` : UNKNOWN);
    this.#write('viewers', camera ? String(camera.viewers) : UNKNOWN);
  }

  #pictureOrPanel({ camera, picture }: Sight, { kind, note, panel }: Status): void {
    const size = picture ?? camera?.size ?? camera?.format;
    if (size && size.height > 0) this.#picture.style.setProperty('--ratio', String(size.width / size.height));
    this.#picture.hidden = panel !== null;
    this.#picture.classList.toggle('gone', note !== null);
    this.#note.hidden = note === null;
    if (note) this.#write('note-title', note.title);
    if (note) this.#write('note-detail', note.detail);
    this.#panel.hidden = panel === null;
    this.#panel.classList.toggle('calm', kind !== 'dark');
    this.#write('panel-title', panel?.title ?? '');
    this.#writeAdvice(panel?.advice ?? '');
    this.#write('cause', panel?.cause ?? '');
    this.#write('since', panel?.since ?? '');
  }

  #banners({ camera, fallback }: Sight): void {
    const isTest = camera?.test === true;
    this.#test.hidden = !isTest;
    if (isTest) this.#write('test-text', told(camera) || 'This is not a camera.');
    const isSlow = camera?.condition === 'live' && !isTest && Boolean(camera.cause);
    this.#hint.hidden = !isSlow;
    if (isSlow) this.#write('hint-text', told(camera));
    this.#fallback.hidden = !fallback;
  }

  /** What is to be typed stands between backticks, and alone in its element: so it is selected at a click. */
  #writeAdvice(text: string): void {
    if (text === this.#advice) return;
    this.#advice = text;
    const parts = text.split('`').map((part, i) => {
      if (i % 2 === 0) return document.createTextNode(part);
      const code = document.createElement('code');
      code.textContent = part;
      return code;
    });
    find('advice', HTMLElement).replaceChildren(...parts);
  }

  #write(id: string, text: string): void {
    let node = this.#texts.get(id);
    if (!node) {
      node = document.createTextNode('');
      find(id, HTMLElement).replaceChildren(node);
      this.#texts.set(id, node);
    }
    if (node.data !== text) node.data = text;
  }
}
