import { type Camera, choose } from './camera.ts';
import { isDark } from './status.ts';
import { find } from './view.ts';

/** Which of the cameras is watched: the one that the address names behind `#`, which the menu of cameras sets. */
export class Chooser {
  readonly #select = find('cameras', HTMLSelectElement);
  #cameras: Camera[] = [];

  constructor(onChoice: () => void) {
    this.#select.addEventListener('change', () => {
      location.hash = this.#select.value;
    });
    addEventListener('hashchange', onChoice);
  }

  /** The menu shows when there is more than one camera. */
  offer(cameras: Camera[]): void {
    this.#cameras = cameras;
    this.#select.hidden = cameras.length < 2;
    // An open menu would close under the pointer, so it is made anew only when there is something new.
    const wanted = cameras.map((camera) => new Option(optionText(camera), camera.id));
    const isSame =
      wanted.length === this.#select.length && wanted.every(({ value, text }, i) => isOption(this.#select.options[i], value, text));
    if (!isSame) this.#select.replaceChildren(...wanted);
    const choice = this.choice;
    if (choice) this.#select.value = choice.id;
  }

  get choice(): Camera | undefined {
    return choose(this.#cameras, decodeURIComponent(location.hash.slice(1)));
  }
}

function optionText(camera: Camera): string {
  return isDark(camera) ? `${camera.name} (no picture)` : camera.name;
}

function isOption(option: HTMLOptionElement | undefined, value: string, text: string): boolean {
  return option?.value === value && option.text === text;
}
